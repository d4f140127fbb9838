/* Convolutions whose weights have 4 bits; each filter is a row. Values are laid out as for others. */
#ifndef TINYFRONT_CONV2D_PACKED_H
#define TINYFRONT_CONV2D_PACKED_H

#include "conv2d.h"
#include "packed.h"

/* One tap at a place, with its weights in filters a and b. */
TINY tiny_sums tiny_packed_one(tiny_pixels x, int32_t a, int32_t b, int32_t at, tiny_sums sums) {
    const int32_t c = tiny_value(x, at), d = x.pixels > 1 ? tiny_value(x, x.step + at) : 0;
    sums.a0 = tiny_product(sums.a0, a, c);
    sums.b0 = tiny_product(sums.b0, b, c);
    sums.a1 = tiny_product(sums.a1, a, d);
    sums.b1 = tiny_product(sums.b1, b, d);
    return sums;
}

/* The two taps of byte `byte`, which lie at `at` and `other`. */
TINY tiny_sums tiny_packed_two(tiny_pixels x, const int8_t *weights, int32_t row, int32_t filters,
                               int32_t byte, int32_t at, int32_t other, tiny_sums sums) {
    const int32_t a = weights[byte], b = filters > 1 ? weights[row + byte] : 0;
    sums = tiny_packed_one(x, tiny_lower(a), tiny_lower(b), at, sums);
    return tiny_packed_one(x, tiny_upper(a), tiny_upper(b), other, sums);
}

#if TINY_DSP
/* Four taps from a place on, with their weights in two filters. */
TINY tiny_sums tiny_packed_four(tiny_pixels x, int32_t one, int32_t two, int32_t filters,
                                int32_t at, tiny_sums sums) {
    const int32_t a = dsp_even(one), aa = dsp_odd(one);
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

TINY tiny_sums tiny_packed_eight(tiny_pixels x, const int8_t *weights, int32_t row, int32_t filters,
                                 int32_t byte, int32_t at, tiny_sums sums) {
    const int32_t one = dsp_load(weights + byte);
    const int32_t two = filters > 1 ? dsp_load(weights + row + byte) : 0;
    sums = tiny_packed_four(x, dsp_first_four(one), dsp_first_four(two), filters, at, sums);
    return tiny_packed_four(x, dsp_other_four(one), dsp_other_four(two), filters, at + 4, sums);
}

TINY tiny_sums tiny_packed_multiply(tiny_pixels x, const int8_t *weights, int32_t taps,
                                    int32_t filters, tiny_sums sums) {
    const int32_t row = tiny_packed_bytes(taps);
    int32_t tap = 0;
    for (; tap + 16 <= taps; tap += 16) {
        sums = tiny_packed_eight(x, weights, row, filters, 0, 0, sums);
        sums = tiny_packed_eight(x, weights, row, filters, 4, 8, sums);
        weights += 8;
        TINY_STORED(weights);
        x = tiny_ahead(x, 16);
    }
    if (taps & 8) {
        sums = tiny_packed_eight(x, weights, row, filters, 0, 0, sums);
        weights += 4;
        x = tiny_ahead(x, 8);
    }
    if (taps & 4) {
        const int32_t one = dsp_only_four(weights);
        const int32_t two = filters > 1 ? dsp_only_four(weights + row) : 0;
        sums = tiny_packed_four(x, one, two, filters, 0, sums);
        weights += 2;
        x = tiny_ahead(x, 4);
    }
    sums.a0 >>= 4;
    sums.b0 >>= 4;
    sums.a1 >>= 4;
    sums.b1 >>= 4;
    if (taps & 2) sums = tiny_packed_two(x, weights, row, filters, 0, 0, 1, sums);
    if (taps & 1) {
        const int32_t last = (taps & 2) >> 1, a = weights[last];
        const int32_t b = filters > 1 ? weights[row + last] : 0;
        sums = tiny_packed_one(x, tiny_lower(a), tiny_lower(b), taps & 2, sums);
    }
    return sums;
}
#else
TINY tiny_sums tiny_packed_multiply(tiny_pixels x, const int8_t *weights, int32_t taps,
                                    int32_t filters, tiny_sums sums) {
    const int32_t row = tiny_packed_bytes(taps);
    for (int32_t tap = 0; tap + 8 <= taps; tap += 8) {
        TINY_UNROLLED
        for (int32_t k = 0; k < 4; ++k) {
            sums = tiny_packed_two(x, weights, row, filters, k, k, k + 4, sums);
        }
        weights += 4;
        TINY_STORED(weights);
        x = tiny_ahead(x, 8);
    }
    if (taps & 4) {
        sums = tiny_packed_two(x, weights, row, filters, 0, 0, 2, sums);
        sums = tiny_packed_two(x, weights, row, filters, 1, 1, 3, sums);
        weights += 2;
        x = tiny_ahead(x, 4);
    }
    if (taps & 2) {
        sums = tiny_packed_two(x, weights, row, filters, 0, 0, 1, sums);
        ++weights;
        x = tiny_ahead(x, 2);
    }
    if (taps & 1) {
        const int32_t a = weights[0], b = filters > 1 ? weights[row] : 0;
        sums = tiny_packed_one(x, tiny_lower(a), tiny_lower(b), 0, sums);
    }
    return sums;
}
#endif

/* One or two filters at one or two pixels, to the output. */
TINY void tiny_packed_square(tiny_pixels x, int8_t *output, tiny_filters f, int32_t filter,
                             int32_t filters, int32_t taps, int32_t all, tiny_stage stage) {
    const int8_t *weights = f.weights + filter * tiny_packed_bytes(taps);
    tiny_sums sums = {0, 0, 0, 0};
    sums = tiny_packed_multiply(x, weights, taps, filters, sums);
    int32_t bias = f.bias[filter], multiplier = f.multipliers[filter], shift = f.shifts[filter];
    output[filter] = tiny_scaled(tiny_plus(sums.a0, bias), multiplier, shift, stage);
    if (x.pixels > 1) {
        output[all + filter] = tiny_scaled(tiny_plus(sums.a1, bias), multiplier, shift, stage);
    }
    if (filters < 2) return;
    ++filter;
    bias = f.bias[filter];
    multiplier = f.multipliers[filter];
    shift = f.shifts[filter];
    output[filter] = tiny_scaled(tiny_plus(sums.b0, bias), multiplier, shift, stage);
    if (x.pixels > 1) {
        output[all + filter] = tiny_scaled(tiny_plus(sums.b1, bias), multiplier, shift, stage);
    }
}

TINY void tiny_packed_filters(tiny_pixels x, int8_t *output, tiny_filters f, int32_t taps,
                              int32_t all, tiny_stage stage) {
    int32_t filter = 0;
    for (; filter + 2 <= all; filter += 2) {
        tiny_packed_square(x, output, f, filter, 2, taps, all, stage);
    }
    if (all & 1) tiny_packed_square(x, output, f, filter, 1, taps, all, stage);
}

/* Any window; see tiny_conv2d. */
TINY void tiny_conv2d_packed(const int8_t *input, int8_t *output, tiny_wide *columns,
                             tiny_filters filters, tiny_windows w, tiny_stage stage) {
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
                tiny_packed_filters(both, output, f, taps, w.filters, stage);
                output += 2 * w.filters;
                waiting = 0;
            }
        }
    }
    if ((w.rows * w.columns) & 1) tiny_packed_filters(last, output, f, taps, w.filters, stage);
}

/* A window of one pixel; see tiny_pointwise. */
TINY void tiny_pointwise_packed(const int8_t *input, int8_t *output, tiny_filters filters,
                                tiny_windows w, tiny_stage stage) {
    const tiny_filters f = tiny_stored(filters);
    const int32_t step = w.right * w.channels, one = w.down == 1 && w.right == 1;
    const int32_t rows = one ? 1 : w.rows, columns = one ? w.rows * w.columns : w.columns;
    for (int32_t row = 0; row < rows; ++row) {
        const int8_t *from = input + row * w.down * w.width * w.channels;
        int32_t column = 0;
        for (; column + 2 <= columns; column += 2) {
            const tiny_pixels both = {0, from, 1, step, 2};
            tiny_packed_filters(both, output, f, w.channels, w.filters, stage);
            from += 2 * step;
            output += 2 * w.filters;
        }
        if (columns & 1) {
            const tiny_pixels last = {0, from, 1, step, 1};
            tiny_packed_filters(last, output, f, w.channels, w.filters, stage);
            output += w.filters;
        }
    }
}

#endif
