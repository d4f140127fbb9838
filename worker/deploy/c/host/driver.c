/* Answers the samples of each network that is in this program: NAME.in to NAME.out. */
#include <stdio.h>

#include "nets.h"

typedef struct {
    const char *name;
    int8_t *(*input)(void);
    const int8_t *(*output)(void);
    void (*run)(void);
    size_t input_bytes, output_bytes;
} net;

static const net nets[] = {NETS};

static FILE *opened(const char *name, const char *ending, const char *mode) {
    char path[64];
    snprintf(path, sizeof path, "%s.%s", name, ending);
    return fopen(path, mode);
}

static int answer(const net *n) {
    FILE *in = opened(n->name, "in", "rb"), *out = opened(n->name, "out", "wb");
    if (!in || !out) return 1;
    while (fread(n->input(), 1, n->input_bytes, in) == n->input_bytes) {
        n->run();
        if (fwrite(n->output(), 1, n->output_bytes, out) != n->output_bytes) return 1;
    }
    return fclose(in) | fclose(out);
}

int main(void) {
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; ++i) {
        if (answer(&nets[i])) {
            fprintf(stderr, "%s: its files cannot be read or written\n", nets[i].name);
            return 1;
        }
    }
    return 0;
}
