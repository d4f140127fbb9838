/* Weights of 4 bits, two in a byte. Each row (a filter, a unit, a tap of all channels) begins with a
   byte of its own.

   Of eight weights byte k holds number k in its lower half and number k + 4 in its upper one; of four
   that are left byte k holds numbers k and k + 2; then neighbours share a byte. So half of the bits of
   a word are four weights that lie as four bytes do: SXTB16 takes two of them at a time. They are 16
   times as large there, so their sums are divided by 16 before the bias is added, which is exact. */
#ifndef TINYFRONT_PACKED_H
#define TINYFRONT_PACKED_H

#include "arithmetic.h"

/* The bytes of so many weights. */
TINY int32_t tiny_packed_bytes(int32_t weights) { return (weights + 1) >> 1; }

TINY int32_t tiny_lower(int32_t byte) { return (int32_t)((uint32_t)byte << 28) >> 28; }

TINY int32_t tiny_upper(int32_t byte) { return byte >> 4; }

/* Weight `at` of those that lie one behind the other, the first one lower. */
TINY int32_t tiny_nth(const int8_t *weights, int32_t at) {
    const int32_t byte = weights[at >> 1];
    return at & 1 ? tiny_upper(byte) : tiny_lower(byte);
}

#if TINY_DSP
#define TINY_UPPER_HALVES 0xf0f0f0f0u

/* The first four of eight weights. */
DSP int32_t dsp_first_four(int32_t word) {
    return (int32_t)(((uint32_t)word << 4) & TINY_UPPER_HALVES);
}

/* The other four. */
DSP int32_t dsp_other_four(int32_t word) { return (int32_t)((uint32_t)word & TINY_UPPER_HALVES); }

/* The four weights of two bytes. */
DSP int32_t dsp_only_four(const int8_t *from) {
    uint16_t pair;
    __builtin_memcpy(&pair, from, 2);
    return (int32_t)((((uint32_t)pair << 4) | ((uint32_t)pair << 16)) & TINY_UPPER_HALVES);
}
#endif

#endif
