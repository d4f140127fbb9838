/* Convolutions of each channel by its own kernel; weights lie row by row, channels together. */
#ifndef TINYFRONT_DEPTHWISE_H
#define TINYFRONT_DEPTHWISE_H

#include "conv2d.h"

/* `lanes` channels of one window, 4 or 1; the first is written to `output`. `inside`: no tap lies
   outside the map. */
TINY void tiny_lanes(const int8_t *input, int8_t *output, tiny_filters f, int32_t row,
                     int32_t start, int32_t channel, int32_t lanes, int32_t inside, tiny_windows w,
                     tiny_stage stage) {
    const int8_t *weights = f.weights + channel;
    const int32_t corner = (row * w.width + start) * w.channels + channel;
    int32_t sums[4];
    /* So that what is read lies at a constant distance from one register. */
    TINY_STORED(weights);
    if (inside) {
        input += corner;
        TINY_STORED(input);
    }
    for (int32_t i = 0; i < lanes; ++i) sums[i] = f.bias[channel + i];
    for (int32_t y = 0; y < w.window_height; ++y) {
        const int32_t hidden = !inside && (row + y < 0 || row + y >= w.height);
        TINY_UNROLLED
        for (int32_t x = 0; x < w.window_width; ++x) {
            const int8_t *weight = weights + (y * w.window_width + x) * w.channels;
            const int32_t outside = hidden || (!inside && (start + x < 0 || start + x >= w.width));
            const int32_t at = (inside ? 0 : corner) + (y * w.width + x) * w.channels;
#if TINY_DSP
            if (lanes == 4) {
                const int32_t zero = (int32_t)((uint32_t)(w.zero_point & 0xff) * 0x01010101u);
                const int32_t both = dsp_load(weight), a = dsp_even(both), b = dsp_odd(both);
                const int32_t word = outside ? zero : dsp_load(input + at);
                const int32_t c = dsp_even(word), d = dsp_odd(word);
                sums[0] = dsp_low_product(a, c, sums[0]);
                sums[1] = dsp_low_product(b, d, sums[1]);
                sums[2] = dsp_high_product(a, c, sums[2]);
                sums[3] = dsp_high_product(b, d, sums[3]);
                continue;
            }
#endif
            for (int32_t i = 0; i < lanes; ++i) {
                sums[i] = tiny_product(sums[i], weight[i], outside ? w.zero_point : input[at + i]);
            }
        }
    }
    for (int32_t i = 0; i < lanes; ++i) {
        const int32_t multiplier = f.multipliers[channel + i], shift = f.shifts[channel + i];
        output[i] = tiny_scaled(sums[i], multiplier, shift, stage);
    }
}

TINY void tiny_window(const int8_t *input, int8_t *output, tiny_filters f, int32_t row,
                      int32_t start, int32_t inside, tiny_windows w, tiny_stage stage) {
    int32_t channel = 0;
    if (TINY_DSP) {
        for (; channel + 4 <= w.channels; channel += 4) {
            tiny_lanes(input, output + channel, f, row, start, channel, 4, inside, w, stage);
        }
    }
    for (; channel < w.channels; ++channel) {
        tiny_lanes(input, output + channel, f, row, start, channel, 1, inside, w, stage);
    }
}

TINY void tiny_depthwise(const int8_t *input, int8_t *output, tiny_filters filters, tiny_windows w,
                         tiny_stage stage) {
    const tiny_filters f = tiny_stored(filters);
    for (int32_t y = 0; y < w.rows; ++y) {
        const int32_t row = y * w.down - w.top;
        const int32_t on_map = row >= 0 && row + w.window_height <= w.height;
        for (int32_t x = 0; x < w.columns; ++x) {
            const int32_t start = x * w.right - w.left;
            if (on_map && start >= 0 && start + w.window_width <= w.width) {
                tiny_window(input, output, f, row, start, 1, w, stage);
            } else {
                tiny_window(input, output, f, row, start, 0, w, stage);
            }
            output += w.channels;
        }
    }
}

/* One row of `lanes` channels, which lie side by side in `output`. */
TINY void tiny_lanes_row(const int8_t *input, int8_t *output, tiny_filters f, int32_t row,
                         int32_t channel, int32_t lanes, tiny_windows w, tiny_stage stage) {
    const int32_t on_map = row >= 0 && row + w.window_height <= w.height;
    for (int32_t x = 0; x < w.columns; ++x) {
        const int32_t start = x * w.right - w.left;
        if (on_map && start >= 0 && start + w.window_width <= w.width) {
            tiny_lanes(input, output, f, row, start, channel, lanes, 1, w, stage);
        } else {
            tiny_lanes(input, output, f, row, start, channel, lanes, 0, w, stage);
        }
        output += lanes;
    }
}

/* `lanes` channels of the map, written over themselves: the last `kept` rows wait in turn. */
TINY void tiny_lanes_over(int8_t *map, int8_t *waiting, int32_t kept, tiny_filters f,
                          int32_t channel, int32_t lanes, tiny_windows w, tiny_stage stage) {
    const int32_t across = w.columns * lanes;
    int32_t turn = 0, place = channel;
    for (int32_t y = 0; y < w.rows + kept - 1; ++y) {
        if (y < w.rows) {
            const int32_t row = y * w.down - w.top;
            tiny_lanes_row(map, waiting + turn, f, row, channel, lanes, w, stage);
        }
        TINY_WRITTEN;  /* it is read in another way than it was written */
        turn = turn + across == kept * across ? 0 : turn + across;
        if (y < kept - 1) continue;
        for (int32_t x = 0; x < across; x += lanes) {
            tiny_copy(waiting + turn + x, map + place, lanes);
            place += w.channels;
        }
        TINY_WRITTEN;
    }
}

/* The same where nobody else reads the map: what is written takes its place, from its beginning.
   Channels do not meet, so a few are done after the other. A row goes to its place when no window
   reads there any more, which is `kept` - 1 rows later. */
TINY void tiny_depthwise_over(int8_t *map, int8_t *waiting, int32_t kept, tiny_filters filters,
                              tiny_windows w, tiny_stage stage) {
    const tiny_filters f = tiny_stored(filters);
    int32_t channel = 0;
    if (TINY_DSP) {
        for (; channel + 4 <= w.channels; channel += 4) {
            tiny_lanes_over(map, waiting, kept, f, channel, 4, w, stage);
        }
    }
    for (; channel < w.channels; ++channel) {
        tiny_lanes_over(map, waiting, kept, f, channel, 1, w, stage);
    }
}

#endif
