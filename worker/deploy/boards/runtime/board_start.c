/* What runs before main and after a fault: the vector table, the reset stub, the end. */
#include <stdint.h>

#include "board.h"

extern uint32_t board_stack_low[], board_stack_top[];
extern uint32_t board_data_load[], board_data_start[], board_data_end[];
extern uint32_t board_bss_start[], board_bss_end[];

void board_reset(void);
void board_fault(void);

__attribute__((section(".vectors"), used)) const uintptr_t board_vectors[16] = {
    (uintptr_t)board_stack_top, (uintptr_t)board_reset, (uintptr_t)board_fault, /* NMI */
    (uintptr_t)board_fault,                                                      /* HardFault */
    (uintptr_t)board_fault, (uintptr_t)board_fault, (uintptr_t)board_fault, (uintptr_t)board_fault,
    0, 0, 0, (uintptr_t)board_fault, (uintptr_t)board_fault, 0, (uintptr_t)board_fault,
    (uintptr_t)board_fault,
};

/* Called with the stack painted: everything here may already use vector registers. */
__attribute__((noreturn, used)) void board_begin(void) {
    uint32_t *from = board_data_load;
    for (uint32_t *to = board_data_start; to < board_data_end; ++to) *to = *from++;
    for (uint32_t *to = board_bss_start; to < board_bss_end; ++to) *to = 0;
    board_main();
    board_end();
}

/* Naked: gcc vectorises even the loops of a start-up, so the coprocessors (FPU, MVE) are let in
   before any compiled code runs. Then the whole stack is painted, to see how deep it gets. */
__attribute__((naked, noreturn)) void board_reset(void) {
    __asm__ volatile(
        ".syntax unified\n"
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
        "ldr r0, =0xE000ED88\n" /* CPACR: full access to CP10 and CP11 */
        "ldr r1, [r0]\n"
        "orr r1, r1, #0x00F00000\n"
        "str r1, [r0]\n"
        "dsb\n"
        "isb\n"
#endif
        "ldr r0, =board_stack_low\n"
        "mov r1, sp\n"
        "ldr r2, =0xA5C35A3C\n" /* BOARD_PAINT */
        "1: cmp r0, r1\n"
        "bhs 2f\n"
        "str r2, [r0]\n"
        "adds r0, r0, #4\n"
        "b 1b\n"
        "2: bl board_begin\n"
        ".ltorg\n");
}

/* Naked, on a fresh stack: the old one may be what went wrong. The program counter is told if the
   old frame lies within the stack. */
__attribute__((naked, noreturn)) void board_fault(void) {
    __asm__ volatile(
        ".syntax unified\n"
        "mov r0, sp\n"
        "ldr r1, =board_stack_top\n"
        "mov sp, r1\n"
        "bl board_tell_fault\n"
        ".ltorg\n");
}

__attribute__((noreturn, used)) void board_tell_fault(const uint32_t *frame) {
    uint32_t number, where = 0;
    __asm__ volatile("mrs %0, ipsr" : "=r"(number));
    if (frame >= board_stack_low && frame + 8 <= board_stack_top) where = frame[6];
    board_begin_record('F', 8);
    board_put_word(number);
    board_put_word(where);
    board_end();
}
