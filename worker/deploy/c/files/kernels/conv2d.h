/* Convolutions. Their weights lie filter by filter, each row by row, channels together.

   A bias has the zero point of the input in it already: bias - zero_point * (sum of weights). So
   values are multiplied as they are, and what lies outside the map has the value zero_point. */
#ifndef TINYFRONT_CONV2D_H
#define TINYFRONT_CONV2D_H

#include "arithmetic.h"
#include "windows.h"

typedef struct {
    const int8_t *weights;
    const int32_t *bias, *multipliers;
    const int8_t *shifts;
} tiny_filters;

TINY tiny_filters tiny_stored(tiny_filters filters) {
    TINY_STORED(filters.weights);
    TINY_STORED(filters.bias);
    TINY_STORED(filters.multipliers);
    TINY_STORED(filters.shifts);
    return filters;
}

/* Where a tap lies in a column: in four taps the middle ones change places with DSP instructions,
   as they do when weights are widened. */
TINY int32_t tiny_place(int32_t tap, int32_t taps) {
    if (!TINY_DSP || tap >= (taps & ~3)) return tap;
    return (tap & ~3) | ((tap & 1) << 1) | ((tap >> 1) & 1);
}

TINY void tiny_widen(const int8_t *from, tiny_wide *column, int32_t tap, int32_t count, int32_t taps) {
    int32_t i = 0;
    if (TINY_DSP) {
        for (; i < count && ((tap + i) & 3); ++i) column[tiny_place(tap + i, taps)] = from[i];
        for (; i + 4 <= count; i += 4) {
            const int32_t word = dsp_load(from + i);
            dsp_store(column + tap + i, dsp_even(word));
            dsp_store(column + tap + i + 2, dsp_odd(word));
        }
    }
    for (; i < count; ++i) column[tiny_place(tap + i, taps)] = from[i];
}

TINY void tiny_outside(tiny_wide *column, int32_t tap, int32_t count, int32_t taps, int32_t value) {
    for (int32_t i = 0; i < count; ++i) {
        int32_t each = value;
        TINY_BYTE(each);
        column[tiny_place(tap + i, taps)] = (int16_t)each;
    }
}

/* The values under one window, widened to 16 bits. */
TINY void tiny_column(const int8_t *input, tiny_wide *column, int32_t row, int32_t start,
                      tiny_windows w) {
    const int32_t taps = w.window_height * w.window_width * w.channels;
    const int32_t across = w.window_width * w.channels;
    const int32_t first = start < 0 ? -start : 0;
    const int32_t past = start + w.window_width - w.width;
    const int32_t before = first * w.channels, behind = (past > 0 ? past : 0) * w.channels;
    for (int32_t y = 0; y < w.window_height; ++y) {
        const int32_t tap = y * across;
        if (row + y < 0 || row + y >= w.height) {
            tiny_outside(column, tap, across, taps, w.zero_point);
            continue;
        }
        const int8_t *from = input + ((row + y) * w.width + start) * w.channels;
        if (before | behind) {
            tiny_outside(column, tap, before, taps, w.zero_point);
            tiny_widen(from + before, column, tap + before, across - before - behind, taps);
            tiny_outside(column, tap + across - behind, behind, taps, w.zero_point);
        } else {
            tiny_widen(from, column, tap, across, taps);
        }
    }
}

/* Up to two columns times up to two filters; `step` is what lies between columns. */
TINY void tiny_multiply_columns(const tiny_wide *column, int32_t step, int32_t pixels,
                                const int8_t *weights, int32_t taps, int32_t filters,
                                int32_t sums[4]) {
    int32_t tap = 0;
#if TINY_DSP
    for (; tap + 4 <= taps; tap += 4) {
        const int32_t one = dsp_load(weights + tap), a = dsp_even(one), b = dsp_odd(one);
        const int32_t two = filters > 1 ? dsp_load(weights + taps + tap) : 0;
        const int32_t c = dsp_even(two), d = dsp_odd(two);
        for (int32_t p = 0; p < pixels; ++p) {
            const int32_t x = dsp_load(column + p * step + tap);
            const int32_t y = dsp_load(column + p * step + tap + 2);
            sums[2 * p] = dsp_products(b, y, dsp_products(a, x, sums[2 * p]));
            if (filters > 1) sums[2 * p + 1] = dsp_products(d, y, dsp_products(c, x, sums[2 * p + 1]));
        }
    }
#endif
    for (; tap < taps; ++tap) {
        const int32_t a = weights[tap], b = filters > 1 ? weights[taps + tap] : 0;
        for (int32_t p = 0; p < pixels; ++p) {
            const int32_t x = column[p * step + tap];
            sums[2 * p] = tiny_product(sums[2 * p], a, x);
            if (filters > 1) sums[2 * p + 1] = tiny_product(sums[2 * p + 1], b, x);
        }
    }
}

/* The same for values of 8 bits that lie as they are multiplied. */
TINY void tiny_multiply_bytes(const int8_t *values, int32_t step, int32_t pixels,
                              const int8_t *weights, int32_t taps, int32_t filters,
                              int32_t sums[4]) {
    int32_t tap = 0;
#if TINY_DSP
    for (; tap + 4 <= taps; tap += 4) {
        const int32_t one = dsp_load(weights + tap), a = dsp_even(one), b = dsp_odd(one);
        const int32_t two = filters > 1 ? dsp_load(weights + taps + tap) : 0;
        const int32_t c = dsp_even(two), d = dsp_odd(two);
        for (int32_t p = 0; p < pixels; ++p) {
            const int32_t word = dsp_load(values + p * step + tap);
            const int32_t x = dsp_even(word), y = dsp_odd(word);
            sums[2 * p] = dsp_products(b, y, dsp_products(a, x, sums[2 * p]));
            if (filters > 1) sums[2 * p + 1] = dsp_products(d, y, dsp_products(c, x, sums[2 * p + 1]));
        }
    }
#endif
    for (; tap < taps; ++tap) {
        const int32_t a = weights[tap], b = filters > 1 ? weights[taps + tap] : 0;
        for (int32_t p = 0; p < pixels; ++p) {
            const int32_t x = values[p * step + tap];
            sums[2 * p] = tiny_product(sums[2 * p], a, x);
            if (filters > 1) sums[2 * p + 1] = tiny_product(sums[2 * p + 1], b, x);
        }
    }
}

/* Up to two pixels times two filters, to the output. `wide` or `narrow` holds the values. */
TINY void tiny_square(const tiny_wide *wide, const int8_t *narrow, int32_t step, int32_t pixels,
                      int8_t *output, tiny_filters f, int32_t filter, int32_t filters, int32_t taps,
                      int32_t all, tiny_stage stage) {
    int32_t sums[4];
    sums[0] = f.bias[filter];
    sums[1] = filters > 1 ? f.bias[filter + 1] : 0;
    sums[2] = sums[0];
    sums[3] = sums[1];
    if (wide) {
        tiny_multiply_columns(wide, step, pixels, f.weights + filter * taps, taps, filters, sums);
    } else {
        tiny_multiply_bytes(narrow, step, pixels, f.weights + filter * taps, taps, filters, sums);
    }
    for (int32_t i = 0; i < filters; ++i) {
        const int32_t multiplier = f.multipliers[filter + i], shift = f.shifts[filter + i];
        output[filter + i] = tiny_scaled(sums[i], multiplier, shift, stage);
        if (pixels > 1) output[all + filter + i] = tiny_scaled(sums[2 + i], multiplier, shift, stage);
    }
}

TINY void tiny_all_filters(const tiny_wide *wide, const int8_t *narrow, int32_t step, int32_t pixels,
                           int8_t *output, tiny_filters f, int32_t taps, int32_t all,
                           tiny_stage stage) {
    int32_t filter = 0;
    for (; filter + 2 <= all; filter += 2) {
        tiny_square(wide, narrow, step, pixels, output, f, filter, 2, taps, all, stage);
    }
    if (all & 1) tiny_square(wide, narrow, step, pixels, output, f, filter, 1, taps, all, stage);
}

/* Any window. Two pixels are laid out in `columns` before they are multiplied with all filters. */
TINY void tiny_conv2d(const int8_t *input, int8_t *output, tiny_wide *columns, tiny_filters filters,
                      tiny_windows w, tiny_stage stage) {
    const int32_t taps = w.window_height * w.window_width * w.channels;
    const int32_t step = (taps + 3) & ~3;
    const tiny_filters f = tiny_stored(filters);
    int32_t waiting = 0;
    for (int32_t row = 0; row < w.rows; ++row) {
        for (int32_t column = 0; column < w.columns; ++column) {
            tiny_column(input, columns + waiting * step, row * w.down - w.top,
                        column * w.right - w.left, w);
            if (++waiting == 2) {
                tiny_all_filters(columns, 0, step, 2, output, f, taps, w.filters, stage);
                output += 2 * w.filters;
                waiting = 0;
            }
        }
    }
    if ((w.rows * w.columns) & 1) {
        tiny_all_filters(columns, 0, step, 1, output, f, taps, w.filters, stage);
    }
}

/* A window of one pixel: what it reads lies as it is multiplied. */
TINY void tiny_pointwise(const int8_t *input, int8_t *output, tiny_filters filters, tiny_windows w,
                         tiny_stage stage) {
    const tiny_filters f = tiny_stored(filters);
    const int32_t step = w.right * w.channels;
    /* Without a step the map is one long row. */
    const int32_t one = w.down == 1 && w.right == 1;
    const int32_t rows = one ? 1 : w.rows, columns = one ? w.rows * w.columns : w.columns;
    for (int32_t row = 0; row < rows; ++row) {
        const int8_t *from = input + row * w.down * w.width * w.channels;
        int32_t column = 0;
        for (; column + 2 <= columns; column += 2) {
            tiny_all_filters(0, from, step, 2, output, f, w.channels, w.filters, stage);
            from += 2 * step;
            output += 2 * w.filters;
        }
        if (columns & 1) {
            tiny_all_filters(0, from, step, 1, output, f, w.channels, w.filters, stage);
            output += w.filters;
        }
    }
}

#endif
