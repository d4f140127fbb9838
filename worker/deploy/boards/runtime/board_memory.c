/* What gcc may call where a program copies or fills, and what a C library would have. Weak: a
   project may bring its own. Not built by loops that gcc turns into these very calls. */
#include <stddef.h>
#include <stdint.h>

typedef uint32_t __attribute__((may_alias)) word;

#define OWN __attribute__((weak, used, optimize("no-tree-loop-distribute-patterns")))

OWN void *memcpy(void *restrict to, const void *restrict from, size_t size) {
    uint8_t *t = to;
    const uint8_t *f = from;
    if (!(((uintptr_t)t | (uintptr_t)f) & 3u)) {
        for (; size >= 4; size -= 4, t += 4, f += 4) *(word *)t = *(const word *)f;
    }
    while (size--) *t++ = *f++;
    return to;
}

OWN void *memset(void *to, int value, size_t size) {
    uint8_t *t = to;
    const uint32_t byte = (uint8_t)value;
    for (; size && ((uintptr_t)t & 3u); --size) *t++ = (uint8_t)byte;
    for (; size >= 4; size -= 4, t += 4) *(word *)t = byte * 0x01010101u;
    while (size--) *t++ = (uint8_t)byte;
    return to;
}

OWN void *memmove(void *to, const void *from, size_t size) {
    uint8_t *t = to;
    const uint8_t *f = from;
    if (t <= f) {
        while (size--) *t++ = *f++;
        return to;
    }
    while (size--) t[size] = f[size];
    return to;
}
