/* Layers that run for a few rows of the last map at a time, so that no map between them is whole.

   A band goes backwards through the layers: from the rows that the last one shall make to those
   that each needs. Rows that the band before has made may still lie in memory. */
#ifndef TINYFRONT_BANDS_H
#define TINYFRONT_BANDS_H

#include "arithmetic.h"

/* They run once a band, so there is one of each for all layers. */
#define TINY_ONCE static __attribute__((noinline, unused))

typedef struct {
    int32_t low, first, end; /* rows low to end - 1 lie in memory; those from first on are new */
} tiny_band;

/* Before the first band there are no rows. */
TINY_ONCE void tiny_no_rows(tiny_band *bands, int32_t count) {
    int32_t none = 0;
    TINY_BYTE(none);
    for (int32_t i = 0; i < count; ++i) bands[i].low = bands[i].first = bands[i].end = none;
}

/* The rows from `row` on that the last layer makes, of a map of `height`. */
TINY_ONCE void tiny_made(tiny_band *made, int32_t row, int32_t rows, int32_t height) {
    made->low = made->first = row;
    made->end = row + rows < height ? row + rows : height;
}

/* The rows of a map of `height`, in front of which is a border of `top`, that windows read for the
   new rows of the band behind. */
TINY_ONCE tiny_band tiny_read(const tiny_band *made, int32_t height, int32_t window, int32_t down,
                              int32_t top) {
    const int32_t past = (made->end - 1) * down - top + window, low = made->first * down - top;
    tiny_band read;
    read.end = past < height ? past : height;
    read.low = low < 0 ? 0 : low < read.end ? low : read.end;
    read.first = read.low;
    return read;
}

/* Makes `band` the rows to be read. Those that it has of them already go to the beginning of
   their room. */
TINY_ONCE void tiny_keep(tiny_band *band, tiny_band read, int8_t *room, int32_t row_bytes) {
    const int32_t gone = read.low - band->low, stay = band->end - read.low;
    if (stay > 0) {
        read.first = band->end;
        if (gone) tiny_copy(room + gone * row_bytes, room, stay * row_bytes);
        TINY_WRITTEN;
    }
    *band = read;
}

#endif
