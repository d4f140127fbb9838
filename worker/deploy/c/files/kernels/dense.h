/* Fully connected layers; weights lie unit by unit. All units are scaled alike.

   A pruned layer is stored without its zeros where that is smaller: as a bitmap of all weights, or
   with a count for each unit and an index for each weight. */
#ifndef TINYFRONT_DENSE_H
#define TINYFRONT_DENSE_H

#include "arithmetic.h"

typedef struct {
    const int8_t *weights;
    const int32_t *bias, *multipliers;
    const int8_t *shifts;
    int32_t inputs, units;
} tiny_layer;

TINY tiny_layer tiny_stored_layer(tiny_layer layer) {
    TINY_STORED(layer.weights);
    TINY_STORED(layer.bias);
    TINY_STORED(layer.multipliers);
    TINY_STORED(layer.shifts);
    return layer;
}

/* `lanes` units, at most four. */
TINY void tiny_units(const int8_t *input, int8_t *output, tiny_layer l, int32_t unit, int32_t lanes,
                     int32_t multiplier, int32_t shift, tiny_stage stage) {
    const int8_t *weights = l.weights + unit * l.inputs;
    int32_t sums[4], i = 0;
    for (int32_t k = 0; k < lanes; ++k) sums[k] = l.bias[unit + k];
#if TINY_DSP
    for (; i + 4 <= l.inputs; i += 4) {
        const int32_t word = dsp_load(input + i), x = dsp_even(word), y = dsp_odd(word);
        for (int32_t k = 0; k < lanes; ++k) {
            const int32_t four = dsp_load(weights + k * l.inputs + i);
            sums[k] = dsp_products(dsp_even(four), x, sums[k]);
            sums[k] = dsp_products(dsp_odd(four), y, sums[k]);
        }
    }
#endif
    for (; i < l.inputs; ++i) {
        for (int32_t k = 0; k < lanes; ++k) {
            sums[k] = tiny_product(sums[k], weights[k * l.inputs + i], input[i]);
        }
    }
    for (int32_t k = 0; k < lanes; ++k) {
        output[unit + k] = tiny_scaled(sums[k], multiplier, shift, stage);
    }
}

TINY void tiny_dense(const int8_t *input, int8_t *output, tiny_layer layer, tiny_stage stage) {
    const tiny_layer l = tiny_stored_layer(layer);
    const int32_t multiplier = l.multipliers[0], shift = l.shifts[0];
    int32_t unit = 0;
    for (; unit + 4 <= l.units; unit += 4) {
        tiny_units(input, output, l, unit, 4, multiplier, shift, stage);
    }
    if (l.units & 2) {
        tiny_units(input, output, l, unit, 2, multiplier, shift, stage);
        unit += 2;
    }
    if (l.units & 1) tiny_units(input, output, l, unit, 1, multiplier, shift, stage);
}

/* Numbers that choose among others, of 1, 2 or 4 bytes; with 0 bytes the first is 0, and so on. */
typedef struct {
    const void *numbers;
    int32_t bytes;
} tiny_choice;

TINY int32_t tiny_chosen(tiny_choice choice, int32_t i) {
    if (choice.bytes == 1) return ((const uint8_t *)choice.numbers)[i];
    if (choice.bytes == 2) return ((const uint16_t *)choice.numbers)[i];
    if (choice.bytes == 4) return (int32_t)((const uint32_t *)choice.numbers)[i];
    return i;
}

/* A layer that reads some units of its input; `layer.inputs` counts these. */
TINY void tiny_dense_chosen(const int8_t *input, int8_t *output, tiny_choice kept, tiny_layer layer,
                            tiny_stage stage) {
    const tiny_layer l = tiny_stored_layer(layer);
    const int8_t *weight = l.weights;
    TINY_STORED(kept.numbers);
    for (int32_t unit = 0; unit < l.units; ++unit) {
        int32_t sum = l.bias[unit];
        for (int32_t i = 0; i < l.inputs; ++i) {
            sum = tiny_product(sum, *weight++, input[tiny_chosen(kept, i)]);
        }
        output[unit] = tiny_scaled(sum, l.multipliers[0], l.shifts[0], stage);
    }
}

/* A pruned layer: the weights that are not zero, and a bit for each weight, the first one lowest. */
TINY void tiny_dense_bitmap(const int8_t *input, int8_t *output, tiny_choice kept,
                            const uint8_t *bits, tiny_layer layer, tiny_stage stage) {
    const tiny_layer l = tiny_stored_layer(layer);
    const int8_t *weight = l.weights;
    uint32_t byte = 0;
    int32_t place = 0;
    TINY_STORED(kept.numbers);
    TINY_STORED(bits);
    for (int32_t unit = 0; unit < l.units; ++unit) {
        int32_t sum = l.bias[unit];
        for (int32_t i = 0; i < l.inputs; ++i, ++place) {
            byte = place & 7 ? byte >> 1 : *bits++;
            if (byte & 1) sum = tiny_product(sum, *weight++, input[tiny_chosen(kept, i)]);
        }
        output[unit] = tiny_scaled(sum, l.multipliers[0], l.shifts[0], stage);
    }
}

/* A pruned layer: how many weights each unit has, the inputs that they read, the weights. */
TINY void tiny_dense_indexed(const int8_t *input, int8_t *output, tiny_choice kept,
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
            sum = tiny_product(sum, l.weights[at], input[i]);
        }
        output[unit] = tiny_scaled(sum, l.multipliers[0], l.shifts[0], stage);
    }
}

#endif
