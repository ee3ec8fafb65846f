/* wordcount_text.c - prints the generated input of wordcount, for runners that are
 * not linked with it.  usage: wordcount-text BYTES [SEED] */
#include <stdio.h>
#include <stdlib.h>

#include "spec.h"

int main(int argc, char **argv)
{
    char *end = NULL, *seed_end = NULL;
    size_t bytes = argc > 1 ? strtoull(argv[1], &end, 10) : 0;
    uint64_t seed = argc > 2 ? strtoull(argv[2], &seed_end, 10) : 1;

    if (argc < 2 || argc > 3 || *end || bytes == 0 || (seed_end && *seed_end)) {
        fputs("usage: wordcount-text BYTES [SEED]\n", stderr);
        return 2;
    }
    unsigned char *text = malloc(bytes);
    if (!text) {
        perror("wordcount-text");
        return 1;
    }
    wordcount_generate(text, bytes, seed);
    bool written = fwrite(text, 1, bytes, stdout) == bytes && fflush(stdout) == 0;
    free(text);
    if (!written)
        perror("wordcount-text");
    return !written;
}
