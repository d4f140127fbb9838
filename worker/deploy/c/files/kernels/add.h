/* Sums of maps of one shape. Each is scaled to twice the largest scale, then the sum to its own. */
#ifndef TINYFRONT_ADD_H
#define TINYFRONT_ADD_H

#include "arithmetic.h"

#define TINY_ADD_SHIFT 20

/* Twenty bits more, scaled. Not shifted: values below zero must not be. */
TINY int32_t tiny_addend(int32_t value, int32_t zero_point, int32_t multiplier, int32_t shift) {
    return tiny_requantise((value - zero_point) * (1 << TINY_ADD_SHIFT), multiplier, shift);
}

/* Writes where an input lies, too, if it is asked to. */
TINY void tiny_add(const int8_t *const *inputs, const int32_t *zero_points, int32_t number,
                   int8_t *output, int32_t count, const int32_t *multipliers, const int8_t *shifts,
                   tiny_stage stage) {
    TINY_STORED(multipliers);
    TINY_STORED(shifts);
    for (int32_t i = 0; i < count; ++i) {
        int32_t sum = 0;
        for (int32_t k = 0; k < number; ++k) {
            sum += tiny_addend(inputs[k][i], zero_points[k], multipliers[k], shifts[k]);
        }
        const int32_t value = tiny_requantise(sum, multipliers[number], shifts[number]);
        output[i] = tiny_clamp(value + stage.zero_point, stage.low, stage.high);
    }
}

#endif
