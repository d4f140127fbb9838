/* One inference: fill the input, run, read the output. Runs as it is on any machine. */
#include <stdio.h>

#include "@name@.h"

#ifdef @NAME@_LABELS
static const char *const labels[@NAME@_OUTPUT_BYTES] = @NAME@_LABELS;
#endif

int main(void) {
    int8_t *input = @name@_input();
    for (int i = 0; i < @NAME@_INPUT_BYTES; ++i) {
        input[i] = @NAME@_INPUT_ZERO_POINT; /* your sample goes here */
    }
    @name@_run();
    const int8_t *output = @name@_output();
    for (int i = 0; i < @NAME@_OUTPUT_BYTES; ++i) {
        const double value = (output[i] - @NAME@_OUTPUT_ZERO_POINT) * (double)@NAME@_OUTPUT_SCALE;
#ifdef @NAME@_LABELS
        printf("%s: %g\n", labels[i], value);
#else
        printf("%d: %g\n", i, value);
#endif
    }
    return 0;
}
