/* Windows that slide over a map whose values lie row by row, channels together. */
#ifndef TINYFRONT_WINDOWS_H
#define TINYFRONT_WINDOWS_H

#include <stdint.h>

typedef struct {
    int32_t height, width, channels;      /* the map that is read */
    int32_t rows, columns, filters;       /* the map that is written */
    int32_t window_height, window_width;
    int32_t down, right;                  /* the step */
    int32_t top, left;                    /* the border in front; what lies there counts as zero */
    int32_t zero_point;                   /* of the map that is read */
} tiny_windows;

#endif
