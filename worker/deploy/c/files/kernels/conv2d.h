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

/* Whether four taps lie within one row of a window, all of them: then they are laid out at once. */
TINY int32_t tiny_in_fours(tiny_windows w) { return TINY_DSP && !(w.channels & 3); }

TINY void tiny_widen(const int8_t *from, tiny_wide *column, int32_t tap, int32_t count,
                     tiny_windows w) {
    if (tiny_in_fours(w)) {
        for (int32_t i = 0; i < count; i += 4) {
            const int32_t word = dsp_load(from + i);
            dsp_store(column + tap + i, dsp_even(word));
            dsp_store(column + tap + i + 2, dsp_odd(word));
        }
        return;
    }
    const int32_t taps = w.window_height * w.window_width * w.channels;
    for (int32_t i = 0; i < count; ++i) column[tiny_place(tap + i, taps)] = from[i];
}

TINY void tiny_outside(tiny_wide *column, int32_t tap, int32_t count, tiny_windows w) {
    if (tiny_in_fours(w)) {
        for (int32_t i = 0; i < count; i += 4) {
            int32_t pair = dsp_pair(w.zero_point, w.zero_point);
            TINY_BYTE(pair);
            dsp_store(column + tap + i, pair);
            dsp_store(column + tap + i + 2, pair);
        }
        return;
    }
    const int32_t taps = w.window_height * w.window_width * w.channels;
    for (int32_t i = 0; i < count; ++i) {
        int32_t value = w.zero_point;
        TINY_BYTE(value);
        column[tiny_place(tap + i, taps)] = (int16_t)value;
    }
}

/* All values under a window that lies on the map; so few that there is no loop. */
#define TINY_FEW 32
TINY void tiny_few(const int8_t *from, tiny_wide *column, tiny_windows w) {
    const int32_t across = w.window_width * w.channels, taps = w.window_height * across;
    TINY_UNROLLED
    for (int32_t tap = 0; tap < taps; ++tap) {
        column[tiny_place(tap, taps)] = from[tap / across * w.width * w.channels + tap % across];
    }
}

/* The values under one window, widened to 16 bits. */
TINY void tiny_column(const int8_t *input, tiny_wide *column, int32_t row, int32_t start,
                      tiny_windows w) {
    const int32_t across = w.window_width * w.channels;
    const int32_t past = start + w.window_width - w.width;
    const int32_t before = start < 0 ? -start * w.channels : 0;
    const int32_t behind = past > 0 ? past * w.channels : 0;
    if (across * w.window_height <= TINY_FEW && row >= 0 && row + w.window_height <= w.height &&
        !(before | behind)) {
        tiny_few(input + (row * w.width + start) * w.channels, column, w);
        return;
    }
    for (int32_t y = 0; y < w.window_height; ++y) {
        const int32_t tap = y * across;
        if (row + y < 0 || row + y >= w.height) {
            tiny_outside(column, tap, across, w);
            continue;
        }
        const int8_t *from = input + (((row + y) * w.width + start) * w.channels + before);
        if (before | behind) {
            tiny_outside(column, tap, before, w);
            tiny_widen(from, column, tap + before, across - before - behind, w);
            tiny_outside(column, tap + across - behind, behind, w);
        } else {
            tiny_widen(from, column, tap, across, w);
        }
    }
}

/* What two filters times two pixels add up; of fewer the other sums stay unused. */
typedef struct {
    int32_t a0, b0, a1, b1; /* filters a and b at pixels 0 and 1 */
} tiny_sums;

/* Where the values of two pixels lie: in columns, or, if `in_place`, in the map. (Which of the two
   is no matter of null: of a hidden pointer the compiler does not know that it is none.) */
typedef struct {
    const tiny_wide *wide;
    const int8_t *narrow;
    int32_t in_place, step, pixels;
} tiny_pixels;

TINY int32_t tiny_value(tiny_pixels x, int32_t at) {
    return x.in_place ? x.narrow[at] : x.wide[at];
}

/* The tap at a place behind the one where weights and values begin. */
TINY tiny_sums tiny_one(tiny_pixels x, const int8_t *weights, int32_t taps, int32_t filters,
                        int32_t at, tiny_sums sums) {
    const int32_t a = weights[at], b = filters > 1 ? weights[taps + at] : 0;
    const int32_t c = tiny_value(x, at), d = x.pixels > 1 ? tiny_value(x, x.step + at) : 0;
    sums.a0 = tiny_product(sums.a0, a, c);
    sums.b0 = tiny_product(sums.b0, b, c);
    sums.a1 = tiny_product(sums.a1, a, d);
    sums.b1 = tiny_product(sums.b1, b, d);
    return sums;
}

#if TINY_DSP
/* Four taps at the place where weights and values begin. */
TINY tiny_sums tiny_four(tiny_pixels x, const int8_t *weights, int32_t taps, int32_t filters,
                         int32_t at, tiny_sums sums) {
    const int32_t one = dsp_load(weights + at), a = dsp_even(one), aa = dsp_odd(one);
    const int32_t two = filters > 1 ? dsp_load(weights + taps + at) : 0;
    const int32_t b = dsp_even(two), bb = dsp_odd(two);
    TINY_UNROLLED
    for (int32_t pixel = 0; pixel < x.pixels; ++pixel) {
        const int32_t place = pixel * x.step + at;
        const int32_t word = x.in_place ? dsp_load(x.narrow + place) : 0;
        const int32_t c = x.in_place ? dsp_even(word) : dsp_load(x.wide + place);
        const int32_t cc = x.in_place ? dsp_odd(word) : dsp_load(x.wide + place + 2);
        if (pixel) {
            sums.a1 = dsp_products(aa, cc, dsp_products(a, c, sums.a1));
            if (filters > 1) sums.b1 = dsp_products(bb, cc, dsp_products(b, c, sums.b1));
        } else {
            sums.a0 = dsp_products(aa, cc, dsp_products(a, c, sums.a0));
            if (filters > 1) sums.b0 = dsp_products(bb, cc, dsp_products(b, c, sums.b0));
        }
    }
    return sums;
}
#endif

/* Ahead by some taps; what is read lies at constant distances from then on. */
TINY tiny_pixels tiny_ahead(tiny_pixels x, int32_t taps) {
    if (x.in_place) {
        x.narrow += taps;
        TINY_STORED(x.narrow);
    } else {
        x.wide += taps;
        TINY_STORED(x.wide);
    }
    return x;
}

TINY tiny_sums tiny_multiply(tiny_pixels x, const int8_t *weights, int32_t taps, int32_t filters,
                             tiny_sums sums) {
    int32_t tap = 0;
#if TINY_DSP
    for (; tap + 16 <= taps; tap += 16) {
        sums = tiny_four(x, weights, taps, filters, 0, sums);
        sums = tiny_four(x, weights, taps, filters, 4, sums);
        sums = tiny_four(x, weights, taps, filters, 8, sums);
        sums = tiny_four(x, weights, taps, filters, 12, sums);
        weights += 16;
        TINY_STORED(weights);
        x = tiny_ahead(x, 16);
    }
    for (; tap + 4 <= taps; tap += 4) {
        sums = tiny_four(x, weights, taps, filters, 0, sums);
        weights += 4;
        x = tiny_ahead(x, 4);
    }
#endif
    for (; !TINY_DSP && tap + 4 <= taps; tap += 4) {
        sums = tiny_one(x, weights, taps, filters, 0, sums);
        sums = tiny_one(x, weights, taps, filters, 1, sums);
        sums = tiny_one(x, weights, taps, filters, 2, sums);
        sums = tiny_one(x, weights, taps, filters, 3, sums);
        weights += 4;
        x = tiny_ahead(x, 4);
    }
    for (; tap < taps; ++tap) {
        sums = tiny_one(x, weights, taps, filters, 0, sums);
        ++weights;
        x = tiny_ahead(x, 1);
    }
    return sums;
}

/* One or two filters at one or two pixels, to the output. */
TINY void tiny_square(tiny_pixels x, int8_t *output, tiny_filters f, int32_t filter, int32_t filters,
                      int32_t taps, int32_t all, tiny_stage stage) {
    const int32_t a = f.bias[filter], b = filters > 1 ? f.bias[filter + 1] : 0;
    tiny_sums sums = {a, b, a, b};
    sums = tiny_multiply(x, f.weights + filter * taps, taps, filters, sums);
    int32_t multiplier = f.multipliers[filter], shift = f.shifts[filter];
    output[filter] = tiny_scaled(sums.a0, multiplier, shift, stage);
    if (x.pixels > 1) output[all + filter] = tiny_scaled(sums.a1, multiplier, shift, stage);
    if (filters < 2) return;
    multiplier = f.multipliers[filter + 1];
    shift = f.shifts[filter + 1];
    output[filter + 1] = tiny_scaled(sums.b0, multiplier, shift, stage);
    if (x.pixels > 1) output[all + filter + 1] = tiny_scaled(sums.b1, multiplier, shift, stage);
}

TINY void tiny_all_filters(tiny_pixels x, int8_t *output, tiny_filters f, int32_t taps, int32_t all,
                           tiny_stage stage) {
    int32_t filter = 0;
    for (; filter + 2 <= all; filter += 2) tiny_square(x, output, f, filter, 2, taps, all, stage);
    if (all & 1) tiny_square(x, output, f, filter, 1, taps, all, stage);
}

/* Any window. Two pixels are laid out in `columns` before they are multiplied with all filters. */
TINY void tiny_conv2d(const int8_t *input, int8_t *output, tiny_wide *columns, tiny_filters filters,
                      tiny_windows w, tiny_stage stage) {
    const int32_t taps = w.window_height * w.window_width * w.channels;
    const int32_t step = (taps + 3) & ~3;
    const tiny_filters f = tiny_stored(filters);
    const tiny_pixels both = {columns, 0, 0, step, 2}, last = {columns, 0, 0, step, 1};
    int32_t waiting = 0;
    for (int32_t row = 0; row < w.rows; ++row) {
        for (int32_t column = 0; column < w.columns; ++column) {
            tiny_column(input, columns + waiting * step, row * w.down - w.top,
                        column * w.right - w.left, w);
            if (++waiting == 2) {
                tiny_all_filters(both, output, f, taps, w.filters, stage);
                output += 2 * w.filters;
                waiting = 0;
            }
        }
    }
    if ((w.rows * w.columns) & 1) {
        tiny_all_filters(last, output, f, taps, w.filters, stage);
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
            const tiny_pixels both = {0, from, 1, step, 2};
            tiny_all_filters(both, output, f, w.channels, w.filters, stage);
            from += 2 * step;
            output += 2 * w.filters;
        }
        if (columns & 1) {
            const tiny_pixels last = {0, from, 1, step, 1};
            tiny_all_filters(last, output, f, w.channels, w.filters, stage);
            output += w.filters;
        }
    }
}

#endif
