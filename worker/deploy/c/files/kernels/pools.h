/* Pools. Scale and zero point stay; what lies outside the map does not count. */
#ifndef TINYFRONT_POOLS_H
#define TINYFRONT_POOLS_H

#include "arithmetic.h"
#include "windows.h"

/* The part of a window that lies on the map. */
typedef struct {
    int32_t top, bottom, left, right;
} tiny_part;

TINY tiny_part tiny_part_of(int32_t row, int32_t column, tiny_windows w) {
    const int32_t y = row * w.down - w.top, x = column * w.right - w.left;
    const tiny_part part = {
        y < 0 ? 0 : y,
        y + w.window_height > w.height ? w.height : y + w.window_height,
        x < 0 ? 0 : x,
        x + w.window_width > w.width ? w.width : x + w.window_width,
    };
    return part;
}

TINY void tiny_max_pool(const int8_t *input, int8_t *output, tiny_windows w) {
    for (int32_t row = 0; row < w.rows; ++row) {
        for (int32_t column = 0; column < w.columns; ++column) {
            const tiny_part p = tiny_part_of(row, column, w);
            int32_t channel = 0;
#if TINY_DSP
            for (; channel + 4 <= w.channels; channel += 4) {
                int32_t most = (int32_t)0x80808080u;
                for (int32_t y = p.top; y < p.bottom; ++y) {
                    const int8_t *from = input + (y * w.width + p.left) * w.channels + channel;
                    for (int32_t x = p.left; x < p.right; ++x, from += w.channels) {
                        most = dsp_larger(most, dsp_load(from));
                    }
                }
                dsp_store(output + channel, most);
            }
#endif
            for (; channel < w.channels; ++channel) {
                int32_t most = INT8_MIN;
                for (int32_t y = p.top; y < p.bottom; ++y) {
                    const int8_t *from = input + (y * w.width + p.left) * w.channels + channel;
                    for (int32_t x = p.left; x < p.right; ++x, from += w.channels) {
                        most = *from > most ? *from : most;
                    }
                }
                output[channel] = (int8_t)most;
            }
            output += w.channels;
        }
    }
}

/* Halves away from zero. */
TINY int8_t tiny_mean(int32_t sum, int32_t count) {
    return (int8_t)((sum > 0 ? sum + count / 2 : sum - count / 2) / count);
}

TINY void tiny_avg_pool(const int8_t *input, int8_t *output, tiny_windows w) {
    const int32_t all = w.window_height * w.window_width;
    for (int32_t row = 0; row < w.rows; ++row) {
        for (int32_t column = 0; column < w.columns; ++column) {
            const tiny_part p = tiny_part_of(row, column, w);
            const int32_t count = (p.bottom - p.top) * (p.right - p.left);
            for (int32_t channel = 0; channel < w.channels; ++channel) {
                int32_t sum = 0;
                for (int32_t y = p.top; y < p.bottom; ++y) {
                    const int8_t *from = input + (y * w.width + p.left) * w.channels + channel;
                    for (int32_t x = p.left; x < p.right; ++x, from += w.channels) sum += *from;
                }
                /* A whole window is divided by a constant. */
                *output++ = count == all ? tiny_mean(sum, all) : tiny_mean(sum, count);
            }
        }
    }
}

#endif
