/* The few devices of a board that the harness uses: a serial port to answer, a timer to count.

   QEMU runs with `-icount`: an instruction takes a fixed virtual time, of several ticks of the
   timer. So the ticks between two readings tell the instructions exactly. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#define BOARD_PAINT 0xA5C35A3Cu
#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

void board_main(void);

#if defined(SERIAL_CMSDK)
static inline void board_serial_on(void) {
    REGISTER(SERIAL_BASE + 0x10) = 16; /* BAUDDIV, the least that is one */
    REGISTER(SERIAL_BASE + 0x08) = 1;  /* CTRL: transmit */
}
static inline void board_put(uint8_t byte) {
    while (REGISTER(SERIAL_BASE + 0x04) & 1) {} /* STATE: full */
    REGISTER(SERIAL_BASE) = byte;
}
#elif defined(SERIAL_STM32)
static inline void board_serial_on(void) {
    REGISTER(SERIAL_BASE + 0x0C) = 0x2008; /* CR1: enabled, transmit */
}
static inline void board_put(uint8_t byte) {
    while (!(REGISTER(SERIAL_BASE) & 0x80)) {} /* SR: empty */
    REGISTER(SERIAL_BASE + 0x04) = byte;
}
#elif defined(SERIAL_NRF51)
static inline void board_serial_on(void) {
    REGISTER(SERIAL_BASE + 0x500) = 4; /* ENABLE */
    REGISTER(SERIAL_BASE + 0x008) = 1; /* STARTTX */
}
static inline void board_put(uint8_t byte) {
    REGISTER(SERIAL_BASE + 0x11C) = 0; /* TXDRDY */
    REGISTER(SERIAL_BASE + 0x51C) = byte;
    while (!REGISTER(SERIAL_BASE + 0x11C)) {}
}
#elif defined(SERIAL_PL011)
static inline void board_serial_on(void) {
    REGISTER(SERIAL_BASE + 0x30) = 0x101; /* CR: enabled, transmit */
}
static inline void board_put(uint8_t byte) {
    while (REGISTER(SERIAL_BASE + 0x18) & 0x20) {} /* FR: full */
    REGISTER(SERIAL_BASE) = byte;
}
#else
#error "This board has no serial port."
#endif

#if defined(TIMER_FPGAIO)
static inline void board_timer_on(void) {
    REGISTER(TIMER_BASE + 0x1C) = 0; /* PRESCALE: each clock counts */
}
static inline uint32_t board_ticks(void) { return REGISTER(TIMER_BASE + 0x18); }
#elif defined(TIMER_STM32)
static inline void board_timer_on(void) { REGISTER(TIMER_BASE) = 1; }
static inline uint32_t board_ticks(void) { return REGISTER(TIMER_BASE + 0x24); }
#elif defined(TIMER_NRF51)
static inline void board_timer_on(void) {
    REGISTER(TIMER_BASE + 0x508) = 3; /* BITMODE: 32 bits */
    REGISTER(TIMER_BASE + 0x510) = 0; /* PRESCALER: each clock counts */
    REGISTER(TIMER_BASE) = 1;         /* START */
}
static inline uint32_t board_ticks(void) {
    REGISTER(TIMER_BASE + 0x40) = 1; /* CAPTURE 0 */
    return REGISTER(TIMER_BASE + 0x540);
}
#else /* counted on another board of the same core */
static inline void board_timer_on(void) {}
static inline uint32_t board_ticks(void) { return 0; }
#endif

static inline void board_put_word(uint32_t word) {
    for (int shift = 0; shift < 32; shift += 8) board_put((uint8_t)(word >> shift));
}

/* A record: its kind, how many bytes follow, the bytes. */
static inline void board_begin_record(char kind, uint32_t bytes) {
    board_put((uint8_t)kind);
    board_put_word(bytes);
}

/* Ask for a reset, upon which QEMU ends. */
__attribute__((noreturn)) static inline void board_end(void) {
    __asm__ volatile("dsb");
    REGISTER(0xE000ED0C) = 0x05FA0004; /* AIRCR: SYSRESETREQ */
    for (;;) __asm__ volatile("dsb");
}

#endif
