/* The instructions of the DSP extension (Cortex-M4, M7, M33): two products at once.
   With TINYFRONT_DSP_IN_C the same functions in plain C, to test these kernels on any machine. */
#ifndef TINYFRONT_DSP_H
#define TINYFRONT_DSP_H

#include <stdint.h>

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__GNUC__)
#define TINY_DSP 1
#define TINY_DSP_NATIVE 1
#elif defined(TINYFRONT_DSP_IN_C)
#define TINY_DSP 1
#define TINY_DSP_NATIVE 0
#else
#define TINY_DSP 0
#define TINY_DSP_NATIVE 0
#endif

/* Moved forward to hide their latency, loads would need more registers than there are. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__arm__)
#pragma GCC optimize("no-schedule-insns")
#endif

#define DSP static inline __attribute__((always_inline, unused))

/* Four values of 8 bits, or two of 16. Not memcpy: a freestanding compiler would call it. */
DSP int32_t dsp_load(const void *from) {
    int32_t word;
    __builtin_memcpy(&word, from, 4);
    return word;
}

DSP void dsp_store(void *to, int32_t word) { __builtin_memcpy(to, &word, 4); }

DSP int32_t dsp_low(int32_t pair) { return (int16_t)pair; }

DSP int32_t dsp_high(int32_t pair) { return pair >> 16; }

DSP int32_t dsp_pair(int32_t low, int32_t high) {
    return (int32_t)(((uint32_t)low & 0xffffu) | ((uint32_t)high << 16));
}

#if TINY_DSP_NATIVE

/* Bytes 0 and 2 of a word, as two values of 16 bits. */
DSP int32_t dsp_even(int32_t word) {
    int32_t pair;
    __asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(word));
    return pair;
}

/* Bytes 1 and 3. */
DSP int32_t dsp_odd(int32_t word) {
    int32_t pair;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
    return pair;
}

/* sum + a[0] * b[0] + a[1] * b[1]. */
DSP int32_t dsp_products(int32_t a, int32_t b, int32_t sum) {
    int32_t total;
    __asm__("smlad %0, %1, %2, %3" : "=r"(total) : "r"(a), "r"(b), "r"(sum));
    return total;
}

/* sum + a[0] * b[0]. In assembler: of plain products gcc collects all before it adds the first. */
DSP int32_t dsp_low_product(int32_t a, int32_t b, int32_t sum) {
    int32_t total;
    __asm__("smlabb %0, %1, %2, %3" : "=r"(total) : "r"(a), "r"(b), "r"(sum));
    return total;
}

/* sum + a[1] * b[1]. */
DSP int32_t dsp_high_product(int32_t a, int32_t b, int32_t sum) {
    int32_t total;
    __asm__("smlatt %0, %1, %2, %3" : "=r"(total) : "r"(a), "r"(b), "r"(sum));
    return total;
}

/* The upper half of a product, halves rounded up. */
DSP int32_t dsp_high_rounded(int32_t a, int32_t b) {
    int32_t high;
    __asm__("smmulr %0, %1, %2" : "=r"(high) : "r"(a), "r"(b));
    return high;
}

/* value / 2^exponent, halves away from zero, plus `more`; exponent 1 to 31. A negative value is
   one less, then the last bit that the shift drops is what rounds. */
DSP int32_t dsp_divide_plus(int32_t value, int32_t exponent, int32_t more) {
    int32_t total;
    __asm__("add %0, %1, %1, asr #31\n\tasrs %0, %0, %2\n\tadc %0, %0, %3"
            : "=&r"(total)
            : "r"(value), "r"(exponent), "r"(more)
            : "cc");
    return total;
}

/* Clamped to 8 bits. */
DSP int32_t dsp_saturate(int32_t value) {
    int32_t clamped;
    __asm__("ssat %0, #8, %1" : "=r"(clamped) : "r"(value));
    return clamped;
}

/* The larger one of each of four values. */
DSP int32_t dsp_larger(int32_t a, int32_t b) {
    int32_t larger;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(larger) : "r"(a), "r"(b) : "cc");
    return larger;
}

#else

DSP int32_t dsp_even(int32_t word) {
    return dsp_pair((int8_t)word, (int8_t)(word >> 16));
}

DSP int32_t dsp_odd(int32_t word) {
    return dsp_pair((int8_t)(word >> 8), (int8_t)(word >> 24));
}

DSP int32_t dsp_products(int32_t a, int32_t b, int32_t sum) {
    const int64_t both = (int64_t)dsp_low(a) * dsp_low(b) + (int64_t)dsp_high(a) * dsp_high(b);
    return (int32_t)((uint32_t)sum + (uint32_t)both);
}

DSP int32_t dsp_low_product(int32_t a, int32_t b, int32_t sum) {
    return (int32_t)((uint32_t)sum + (uint32_t)(dsp_low(a) * dsp_low(b)));
}

DSP int32_t dsp_high_product(int32_t a, int32_t b, int32_t sum) {
    return (int32_t)((uint32_t)sum + (uint32_t)(dsp_high(a) * dsp_high(b)));
}

#if (defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1) || defined(TINYFRONT_DSP_IN_C)
/* By halves of the factors: Cortex-M0 has no product of 64 bits, and the library's knows no sign. */
DSP int32_t dsp_high_rounded(int32_t a, int32_t b) {
    const int32_t a_low = a & 0xffff, a_high = a >> 16, b_low = b & 0xffff, b_high = b >> 16;
    const uint32_t low = ((uint32_t)a_low * (uint32_t)b_low) >> 16;
    const int32_t one = a_high * b_low, other = a_low * b_high;
    const uint32_t middle = low + ((uint32_t)one & 0xffffu) + ((uint32_t)other & 0xffffu) + 0x8000u;
    return a_high * b_high + (one >> 16) + (other >> 16) + (int32_t)(middle >> 16);
}
#else
DSP int32_t dsp_high_rounded(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32);
}
#endif

DSP int32_t dsp_divide_plus(int32_t value, int32_t exponent, int32_t more) {
    const int32_t lower = value + (value >> 31);
    return (lower >> exponent) + ((lower >> (exponent - 1)) & 1) + more;
}

DSP int32_t dsp_saturate(int32_t value) {
    value = value < INT8_MIN ? INT8_MIN : value;
    return value > INT8_MAX ? INT8_MAX : value;
}

DSP int32_t dsp_larger(int32_t a, int32_t b) {
    uint32_t larger = 0;
    for (int32_t i = 0; i < 32; i += 8) {
        const int8_t x = (int8_t)(a >> i), y = (int8_t)(b >> i);
        larger |= (uint32_t)(uint8_t)(x > y ? x : y) << i;
    }
    return (int32_t)larger;
}

#endif
#endif
