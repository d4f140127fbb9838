/* Answers samples whose answers are known, and compares every byte. */
#include <stdio.h>

#include "@name@.h"
#include "vectors.h"

int main(void) {
    int wrong = 0;
    for (int sample = 0; sample < VECTORS; ++sample) {
        int8_t *input = @name@_input();
        for (int i = 0; i < @NAME@_INPUT_BYTES; ++i) input[i] = vector_inputs[sample][i];
        @name@_run();
        const int8_t *output = @name@_output();
        for (int i = 0; i < @NAME@_OUTPUT_BYTES; ++i) {
            if (output[i] == vector_outputs[sample][i]) continue;
            printf("sample %d, output %d: need %d, got %d\n", sample, i, vector_outputs[sample][i],
                   output[i]);
            ++wrong;
        }
    }
    printf("%d samples of %d outputs: %d wrong\n", VECTORS, @NAME@_OUTPUT_BYTES, wrong);
    return wrong != 0;
}
