"""C projects of a few lines, with the interface that networks have."""

HEADER = """
#include <stdint.h>
#define MODEL_INPUT_BYTES 8
#define MODEL_OUTPUT_BYTES 4
int8_t *model_input(void);
const int8_t *model_output(void);
void model_run(void);
"""
START = """
#include "model.h"
#ifndef MODEL_LAYER
#define MODEL_LAYER(number)
#endif
static int8_t model_arena[64] __attribute__((aligned(16)));
int8_t *model_input(void) { return model_arena; }
const int8_t *model_output(void) { return model_arena + 16; }
"""
LOOP = """
    __asm__ volatile(".syntax unified\\n1: subs %0, %0, #1\\n bne 1b\\n" : "+l"(n) : : "cc");
"""
# Adds its halves; the loops in front take two instructions a round, whatever gcc does.
ROUNDS = (100_000, 1_000)
ADDS = f"""
static const int8_t model_weights_0[4] __attribute__((used)) = {{1, 2, 3, 4}};
static const int32_t model_multipliers_0[2] __attribute__((used)) = {{1, 2}};
static volatile int8_t seen;
void model_run(void) {{
    uint32_t n = {ROUNDS[0]};
    {LOOP}
    MODEL_LAYER(0);
    n = {ROUNDS[1]};
    {LOOP}
    for (int i = 0; i < 4; i++) model_arena[16 + i] = (int8_t)(model_arena[i] + model_arena[i + 4]);
    seen = (int8_t)(model_weights_0[n & 3] + model_multipliers_0[n & 1]);
    MODEL_LAYER(1);
}}
"""


def project(body: str) -> dict[str, str]:
    """A project around a `model_run`; its example is there to be left alone."""
    return {
        "model.h": HEADER,
        "model.c": START + body,
        "example/main.c": "#error this is not built",
        "README.md": "",
    }
