/* Included before everything else of a project whose layers are counted. */
#ifndef BOARD_LAYERS_H
#define BOARD_LAYERS_H

#include <stdint.h>

void board_layer(uint32_t number);
#define MODEL_LAYER(number) board_layer(number)

#endif
