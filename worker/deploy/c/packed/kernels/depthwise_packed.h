/* Convolutions of each channel by its own kernel, of weights with 4 bits; all channels of a tap are a
   row. A few channels are done after the other, each over the whole map. */
#ifndef TINYFRONT_DEPTHWISE_PACKED_H
#define TINYFRONT_DEPTHWISE_PACKED_H

#include "conv2d.h"
#include "packed.h"

/* How the weights of a few channels lie. */
enum { TINY_FIRST_FOUR, TINY_OTHER_FOUR, TINY_ONLY_FOUR, TINY_BOTH_HALVES, TINY_LOWER, TINY_UPPER };

/* Some channels: the first, how many, how far one from the next, and where their weights begin in
   those of a tap. */
typedef struct {
    int32_t channel, lanes, apart, byte, form;
} tiny_group;

#if TINY_DSP
TINY int32_t tiny_group_word(const int8_t *weight, int32_t form) {
    if (form == TINY_ONLY_FOUR) return dsp_only_four(weight);
    const int32_t word = dsp_load(weight);
    return form == TINY_FIRST_FOUR ? dsp_first_four(word) : dsp_other_four(word);
}
#endif

/* A group at one window; results lie `spaced` bytes apart. `inside`: no tap lies outside the map. */
TINY void tiny_group_window(const int8_t *input, int8_t *output, int32_t spaced, tiny_filters f,
                            int32_t row, int32_t start, tiny_group g, int32_t inside,
                            tiny_windows w, tiny_stage stage) {
    const int8_t *weights = f.weights + g.byte;
    const int32_t across = tiny_packed_bytes(w.channels);
    const int32_t corner = (row * w.width + start) * w.channels + g.channel;
    int32_t sums[4] = {0, 0, 0, 0};
    TINY_STORED(weights);
    if (inside) {
        input += corner;
        TINY_STORED(input);
    }
    for (int32_t y = 0; y < w.window_height; ++y) {
        const int32_t hidden = !inside && (row + y < 0 || row + y >= w.height);
        TINY_UNROLLED
        for (int32_t x = 0; x < w.window_width; ++x) {
            const int8_t *weight = weights + (y * w.window_width + x) * across;
            const int32_t outside = hidden || (!inside && (start + x < 0 || start + x >= w.width));
            const int32_t at = (inside ? 0 : corner) + (y * w.width + x) * w.channels;
#if TINY_DSP
            if (g.lanes == 4) {
                const int32_t zero = (int32_t)((uint32_t)(w.zero_point & 0xff) * 0x01010101u);
                const int32_t four = tiny_group_word(weight, g.form);
                const int32_t a = dsp_even(four), b = dsp_odd(four);
                const int32_t word = outside ? zero : dsp_load(input + at);
                const int32_t c = dsp_even(word), d = dsp_odd(word);
                sums[0] = dsp_low_product(a, c, sums[0]);
                sums[1] = dsp_low_product(b, d, sums[1]);
                sums[2] = dsp_high_product(a, c, sums[2]);
                sums[3] = dsp_high_product(b, d, sums[3]);
                continue;
            }
#endif
            const int32_t byte = *weight, value = outside ? w.zero_point : input[at];
            const int32_t half = g.form == TINY_UPPER ? tiny_upper(byte) : tiny_lower(byte);
            sums[0] = tiny_product(sums[0], half, value);
            if (g.lanes == 2) {
                const int32_t next = outside ? w.zero_point : input[at + g.apart];
                sums[1] = tiny_product(sums[1], tiny_upper(byte), next);
            }
        }
    }
    for (int32_t i = 0; i < g.lanes; ++i) {
        const int32_t channel = g.channel + i * g.apart;
        const int32_t sum = tiny_plus(f.bias[channel], g.lanes == 4 ? sums[i] >> 4 : sums[i]);
        output[i * spaced] = tiny_scaled(sum, f.multipliers[channel], f.shifts[channel], stage);
    }
}

/* A group along one row; results of one window lie `step` bytes behind those of the one before. */
TINY void tiny_group_row(const int8_t *input, int8_t *output, int32_t spaced, int32_t step,
                         tiny_filters f, int32_t row, tiny_group g, tiny_windows w,
                         tiny_stage stage) {
    const int32_t on_map = row >= 0 && row + w.window_height <= w.height;
    for (int32_t x = 0; x < w.columns; ++x) {
        const int32_t start = x * w.right - w.left;
        if (on_map && start >= 0 && start + w.window_width <= w.width) {
            tiny_group_window(input, output, spaced, f, row, start, g, 1, w, stage);
        } else {
            tiny_group_window(input, output, spaced, f, row, start, g, 0, w, stage);
        }
        output += step;
    }
}

/* A group over the map. Where rows wait it is written over itself; see tiny_depthwise_over. */
TINY void tiny_group_map(const int8_t *input, int8_t *output, int8_t *waiting, int32_t kept,
                         tiny_filters f, tiny_group g, tiny_windows w, tiny_stage stage) {
    const int32_t across = w.columns * g.lanes, ahead = kept ? kept - 1 : 0;
    int32_t turn = 0;
    output += g.channel;
    for (int32_t y = 0; y < w.rows + ahead; ++y) {
        const int32_t row = y * w.down - w.top;
        if (!kept) {
            tiny_group_row(input, output, g.apart, w.channels, f, row, g, w, stage);
            output += w.columns * w.channels;
            continue;
        }
        if (y < w.rows) tiny_group_row(input, waiting + turn, 1, g.lanes, f, row, g, w, stage);
        TINY_WRITTEN; /* it is read in another way than it was written */
        turn = turn + across == kept * across ? 0 : turn + across;
        if (y < ahead) continue;
        for (int32_t x = 0; x < across; x += g.lanes) {
            for (int32_t i = 0; i < g.lanes; ++i) {
                int32_t value = waiting[turn + x + i];
                TINY_BYTE(value);
                output[i * g.apart] = (int8_t)value;
            }
            output += w.channels;
        }
        TINY_WRITTEN;
    }
}

/* To another map, or over its own if `kept` rows wait. */
TINY void tiny_depthwise_packed(const int8_t *input, int8_t *output, int8_t *waiting, int32_t kept,
                                tiny_filters filters, tiny_windows w, tiny_stage stage) {
    const tiny_filters f = tiny_stored(filters);
    int32_t channel = 0;
    for (; channel + 8 <= w.channels; channel += 8) {
        const int32_t byte = channel >> 1;
        if (TINY_DSP) {
            const tiny_group first = {channel, 4, 1, byte, TINY_FIRST_FOUR};
            const tiny_group other = {channel + 4, 4, 1, byte, TINY_OTHER_FOUR};
            tiny_group_map(input, output, waiting, kept, f, first, w, stage);
            tiny_group_map(input, output, waiting, kept, f, other, w, stage);
            continue;
        }
        for (int32_t i = 0; i < 4; ++i) {
            const tiny_group two = {channel + i, 2, 4, byte + i, TINY_BOTH_HALVES};
            tiny_group_map(input, output, waiting, kept, f, two, w, stage);
        }
    }
    if (w.channels & 4) {
        const int32_t byte = channel >> 1;
        if (TINY_DSP) {
            const tiny_group four = {channel, 4, 1, byte, TINY_ONLY_FOUR};
            tiny_group_map(input, output, waiting, kept, f, four, w, stage);
        } else {
            for (int32_t i = 0; i < 2; ++i) {
                const tiny_group two = {channel + i, 2, 2, byte + i, TINY_BOTH_HALVES};
                tiny_group_map(input, output, waiting, kept, f, two, w, stage);
            }
        }
        channel += 4;
    }
    for (; channel < w.channels; ++channel) {
        const int32_t form = channel & 1 ? TINY_UPPER : TINY_LOWER;
        const tiny_group one = {channel, 1, 1, channel >> 1, form};
        tiny_group_map(input, output, waiting, kept, f, one, w, stage);
    }
}

#endif
