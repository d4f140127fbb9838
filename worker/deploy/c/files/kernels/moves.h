/* What moves values and leaves them as they are. */
#ifndef TINYFRONT_MOVES_H
#define TINYFRONT_MOVES_H

#include "arithmetic.h"

typedef struct {
    int32_t height, width, channels; /* the map that is read */
    int32_t above, below, left, right, before, behind;
    int32_t value;
} tiny_border;

TINY void tiny_pad(const int8_t *input, int8_t *output, tiny_border b) {
    const int32_t deep = b.before + b.channels + b.behind;
    const int32_t row = (b.left + b.width + b.right) * deep;
    tiny_fill(output, b.above * row, b.value);
    output += b.above * row;
    for (int32_t y = 0; y < b.height; ++y) {
        tiny_fill(output, b.left * deep, b.value);
        output += b.left * deep;
        if (deep == b.channels) {
            tiny_copy(input, output, b.width * deep);
            input += b.width * deep;
            output += b.width * deep;
        } else {
            for (int32_t x = 0; x < b.width; ++x) {
                tiny_fill(output, b.before, b.value);
                tiny_copy(input, output + b.before, b.channels);
                tiny_fill(output + b.before + b.channels, b.behind, b.value);
                input += b.channels;
                output += deep;
            }
        }
        tiny_fill(output, b.right * deep, b.value);
        output += b.right * deep;
    }
    tiny_fill(output, b.below * row, b.value);
}

/* One part of a concatenation: `count` pixels of `channels`, into pixels of `step` channels. */
TINY void tiny_place_part(const int8_t *input, int8_t *output, int32_t count, int32_t channels,
                          int32_t step) {
    for (int32_t i = 0; i < count; ++i) {
        tiny_copy(input, output, channels);
        input += channels;
        output += step;
    }
}

#endif
