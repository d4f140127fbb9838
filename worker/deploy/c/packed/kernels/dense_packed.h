/* Fully connected layers whose weights have 4 bits. Those of a unit are a row; those of a layer that
   was pruned lie one behind the other. */
#ifndef TINYFRONT_DENSE_PACKED_H
#define TINYFRONT_DENSE_PACKED_H

#include "dense.h"
#include "packed.h"

/* What the bytes of `lanes` rows give at two inputs. */
TINY void tiny_packed_pairs(int32_t *sums, const int8_t *weights, int32_t row, int32_t lanes,
                            int32_t x, int32_t y) {
    for (int32_t k = 0; k < lanes; ++k) {
        const int32_t byte = weights[k * row];
        sums[k] = tiny_product(sums[k], tiny_lower(byte), x);
        sums[k] = tiny_product(sums[k], tiny_upper(byte), y);
    }
}

/* `lanes` units, at most four. */
TINY void tiny_packed_units(const int8_t *input, int8_t *output, tiny_choice kept, tiny_layer l,
                            int32_t unit, int32_t lanes, tiny_stage stage) {
    const int32_t row = tiny_packed_bytes(l.inputs);
    const int8_t *weights = l.weights + unit * row;
    int32_t sums[4] = {0, 0, 0, 0}, i = 0;
#if TINY_DSP
    if (!kept.bytes) {
        for (; i + 8 <= l.inputs; i += 8) {
            const int32_t one = dsp_load(input + i), two = dsp_load(input + i + 4);
            const int32_t a = dsp_even(one), b = dsp_odd(one), c = dsp_even(two), d = dsp_odd(two);
            for (int32_t k = 0; k < lanes; ++k) {
                const int32_t word = dsp_load(weights + k * row);
                const int32_t first = dsp_first_four(word), other = dsp_other_four(word);
                sums[k] = dsp_products(dsp_even(first), a, sums[k]);
                sums[k] = dsp_products(dsp_odd(first), b, sums[k]);
                sums[k] = dsp_products(dsp_even(other), c, sums[k]);
                sums[k] = dsp_products(dsp_odd(other), d, sums[k]);
            }
            weights += 4;
        }
        if (l.inputs & 4) {
            const int32_t word = dsp_load(input + i), a = dsp_even(word), b = dsp_odd(word);
            for (int32_t k = 0; k < lanes; ++k) {
                const int32_t four = dsp_only_four(weights + k * row);
                sums[k] = dsp_products(dsp_even(four), a, sums[k]);
                sums[k] = dsp_products(dsp_odd(four), b, sums[k]);
            }
            i += 4;
            weights += 2;
        }
        for (int32_t k = 0; k < lanes; ++k) sums[k] >>= 4;
    }
#endif
    for (; i + 8 <= l.inputs; i += 8, weights += 4) {
        for (int32_t k = 0; k < 4; ++k) {
            const int32_t x = input[tiny_chosen(kept, i + k)];
            tiny_packed_pairs(sums, weights + k, row, lanes, x, input[tiny_chosen(kept, i + k + 4)]);
        }
    }
    if (i + 4 <= l.inputs) {
        for (int32_t k = 0; k < 2; ++k) {
            const int32_t x = input[tiny_chosen(kept, i + k)];
            tiny_packed_pairs(sums, weights + k, row, lanes, x, input[tiny_chosen(kept, i + k + 2)]);
        }
        i += 4;
        weights += 2;
    }
    if (l.inputs & 2) {
        const int32_t x = input[tiny_chosen(kept, i)];
        tiny_packed_pairs(sums, weights, row, lanes, x, input[tiny_chosen(kept, i + 1)]);
        i += 2;
        ++weights;
    }
    if (l.inputs & 1) {
        tiny_packed_pairs(sums, weights, row, lanes, input[tiny_chosen(kept, i)], 0);
    }
    for (int32_t k = 0; k < lanes; ++k) {
        const int32_t sum = tiny_plus(l.bias[unit + k], sums[k]);
        output[unit + k] = tiny_scaled(sum, l.multipliers[0], l.shifts[0], stage);
    }
}

/* Reads all of its input, or the units of it that `kept` names. */
TINY void tiny_dense_packed(const int8_t *input, int8_t *output, tiny_choice kept, tiny_layer layer,
                            tiny_stage stage) {
    const tiny_layer l = tiny_stored_layer(layer);
    int32_t unit = 0;
    TINY_STORED(kept.numbers);
    for (; unit + 4 <= l.units; unit += 4) {
        tiny_packed_units(input, output, kept, l, unit, 4, stage);
    }
    if (l.units & 2) {
        tiny_packed_units(input, output, kept, l, unit, 2, stage);
        unit += 2;
    }
    if (l.units & 1) tiny_packed_units(input, output, kept, l, unit, 1, stage);
}

/* See tiny_dense_bitmap. */
TINY void tiny_dense_bitmap_packed(const int8_t *input, int8_t *output, tiny_choice kept,
                                   const uint8_t *bits, tiny_layer layer, tiny_stage stage) {
    const tiny_layer l = tiny_stored_layer(layer);
    uint32_t byte = 0;
    int32_t place = 0, at = 0;
    TINY_STORED(kept.numbers);
    TINY_STORED(bits);
    for (int32_t unit = 0; unit < l.units; ++unit) {
        int32_t sum = l.bias[unit];
        for (int32_t i = 0; i < l.inputs; ++i, ++place) {
            byte = place & 7 ? byte >> 1 : *bits++;
            if (!(byte & 1)) continue;
            sum = tiny_product(sum, tiny_nth(l.weights, at++), input[tiny_chosen(kept, i)]);
        }
        output[unit] = tiny_scaled(sum, l.multipliers[0], l.shifts[0], stage);
    }
}

/* See tiny_dense_indexed. */
TINY void tiny_dense_indexed_packed(const int8_t *input, int8_t *output, tiny_choice kept,
                                    const uint16_t *counts, tiny_choice indices, tiny_layer layer,
                                    tiny_stage stage) {
    const tiny_layer l = tiny_stored_layer(layer);
    int32_t at = 0;
    TINY_STORED(kept.numbers);
    TINY_STORED(counts);
    TINY_STORED(indices.numbers);
    for (int32_t unit = 0; unit < l.units; ++unit) {
        const int32_t end = at + counts[unit];
        int32_t sum = l.bias[unit];
        for (; at < end; ++at) {
            const int32_t i = tiny_chosen(kept, tiny_chosen(indices, at));
            sum = tiny_product(sum, tiny_nth(l.weights, at), input[i]);
        }
        output[unit] = tiny_scaled(sum, l.multipliers[0], l.shifts[0], stage);
    }
}

#endif
