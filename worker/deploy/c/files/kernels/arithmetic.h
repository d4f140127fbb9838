/* Integers as TensorFlow Lite Micro computes them: products of 32 bits, rounded twice. */
#ifndef TINYFRONT_ARITHMETIC_H
#define TINYFRONT_ARITHMETIC_H

#include <stdint.h>

#include "dsp.h"

/* Every kernel is folded into the layer that calls it, so that its shapes are constants there. With
   TINYFRONT_SHARED all layers share one function: slower, but compiled in a moment. */
#ifdef TINYFRONT_SHARED
#define TINY static __attribute__((noinline, unused))
#else
#define TINY static inline __attribute__((always_inline, unused))
#endif

/* In front of a loop whose few rounds are written one behind the other. */
#if defined(__GNUC__) && !defined(__clang__)
#define TINY_UNROLLED _Pragma("GCC unroll 32")
#else
#define TINY_UNROLLED
#endif

/* Reads constants from where they are stored. Without it the compiler would turn small tables into
   instructions and store them twice. */
#define TINY_STORED(pointer) __asm__("" : "+r"(pointer))

/* Keeps the compiler from making a loop of single bytes a call of the C library. */
#define TINY_BYTE(value) __asm__("" : "+r"(value))

/* Ends a layer, or a part whose values the next one reads. gcc 12 for Arm loses sight of what its own address arithmetic writes to, takes a
   layer for a function without effect and leaves its call out; nothing is left out of memory that
   somebody else may read. Takes no instruction. */
#define TINY_WRITTEN __asm__ volatile("" : : : "memory")

/* Values of 16 bits in the arena, whose type is int8_t. */
typedef int16_t __attribute__((may_alias)) tiny_wide;

/* What happens to a sum of products: scaled, moved to the zero point, clamped. */
typedef struct {
    int32_t zero_point, low, high;
    /* No sum of this layer reaches 2^30, and all its shifts are -31 to -1. */
    int32_t tame;
} tiny_stage;

/* Sums may leave 32 bits on the way, and come back: so they are added as unsigned. */
TINY int32_t tiny_plus(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

TINY int32_t tiny_product(int32_t sum, int32_t weight, int32_t value) {
    sum = tiny_plus(sum, weight * value);
#if defined(__arm__)
    /* One by one, in this order: else gcc collects products in registers before it adds them. */
    __asm__("" : "+r"(sum));
#endif
    return sum;
}

/* Divides by 2^exponent, halves away from zero. */
TINY int32_t tiny_divide(int32_t value, int32_t exponent) {
    const int32_t mask = (int32_t)((1u << exponent) - 1u);
    const int32_t threshold = (mask >> 1) + (value < 0);
    return (value >> exponent) + ((value & mask) > threshold);
}

/* value * multiplier * 2^(shift - 31). */
TINY int32_t tiny_requantise(int32_t value, int32_t multiplier, int32_t shift) {
    const int32_t left = shift > 0 ? shift : 0;
    const int64_t wide = (int64_t)(int32_t)((uint32_t)value << left) * multiplier;
    return tiny_divide((int32_t)((wide + (1 << 30)) >> 31), left - shift);
}

TINY int8_t tiny_clamp(int32_t value, int32_t low, int32_t high) {
    if (TINY_DSP && low == INT8_MIN && high == INT8_MAX) return (int8_t)dsp_saturate(value);
    value = value < low ? low : value;
    return (int8_t)(value > high ? high : value);
}

TINY int8_t tiny_scaled(int32_t sum, int32_t multiplier, int32_t shift, tiny_stage stage) {
    int32_t value;
    if (stage.tame) {
        value = dsp_divide_plus(dsp_high_rounded(sum + sum, multiplier), -shift, stage.zero_point);
    } else {
        value = tiny_requantise(sum, multiplier, shift) + stage.zero_point;
    }
    return tiny_clamp(value, stage.low, stage.high);
}

TINY void tiny_copy(const int8_t *from, int8_t *to, int32_t count) {
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        int32_t word;
        __builtin_memcpy(&word, from + i, 4);
        TINY_BYTE(word);
        __builtin_memcpy(to + i, &word, 4);
    }
    for (; i < count; ++i) {
        int32_t byte = from[i];
        TINY_BYTE(byte);
        to[i] = (int8_t)byte;
    }
}

TINY void tiny_fill(int8_t *to, int32_t count, int32_t value) {
    for (int32_t i = 0; i < count; ++i) {
        int32_t byte = value;
        TINY_BYTE(byte);
        to[i] = (int8_t)byte;
    }
}

#endif
