/* Answers each sample that QEMU put behind the program, and counts what that takes. */
#include <stdint.h>

#include "board.h"
#include "model.h"

extern uint32_t board_stack_low[], board_stack_top[];
extern const uint32_t board_samples[]; /* how many; then one behind the other */

#ifdef MODEL_LAYER
static uint32_t board_last;

/* Layer `number` is done. To tell it takes time, so the clock is read again after that. */
void board_layer(uint32_t number) {
    uint32_t ticks = board_ticks() - board_last;
    board_begin_record('L', 8);
    board_put_word(number);
    board_put_word(ticks);
    board_last = board_ticks();
}

/* What counting costs, in front of the first layer and of the others. */
static __attribute__((noinline)) void board_nothing(void) {
    MODEL_LAYER(0);
    MODEL_LAYER(1);
}
#else
static __attribute__((noinline)) void board_nothing(void) { __asm__ volatile(""); }
#endif

static __attribute__((noinline)) uint32_t board_timed(void (*run)(void)) {
    uint32_t start = board_ticks();
#ifdef MODEL_LAYER
    board_last = board_ticks();
#endif
    run();
    return board_ticks() - start;
}

static uint32_t board_stack_bytes(void) {
    const volatile uint32_t *low = board_stack_low;
    while (low < board_stack_top && *low == BOARD_PAINT) ++low;
    return (uint32_t)((uintptr_t)board_stack_top - (uintptr_t)low);
}

void board_main(void) {
    const uint32_t count = board_samples[0];
    const int8_t *sample = (const int8_t *)(board_samples + 1);
    board_serial_on();
    board_timer_on();
    uint32_t nothing = board_timed(board_nothing);
    board_begin_record('N', 4);
    board_put_word(nothing);
    for (uint32_t i = 0; i < count; ++i) {
        int8_t *input = model_input();
        for (uint32_t j = 0; j < MODEL_INPUT_BYTES; ++j) input[j] = *sample++;
        uint32_t ticks = board_timed(model_run);
        const int8_t *output = model_output();
        board_begin_record('O', 4 + MODEL_OUTPUT_BYTES);
        board_put_word(ticks);
        for (uint32_t j = 0; j < MODEL_OUTPUT_BYTES; ++j) board_put((uint8_t)output[j]);
    }
    board_begin_record('S', 4);
    board_put_word(board_stack_bytes());
    board_begin_record('E', 0);
}
