/* spec_text.c - the default input: words of a made-up list, drawn with Zipf's
 * frequencies, in sentences. Integer arithmetic only, so that every machine
 * makes the same bytes from the same seed. */
#include "spec.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = 20000, LEAST = 2, MOST = 12 };

typedef struct generator {
    uint64_t state;
    unsigned char word[WORDS][MOST];
    unsigned char length[WORDS];
    uint64_t up_to[WORDS]; /* weights of words 0..i added up */
} generator;

static uint64_t draw(generator *g)
{
    return fw_mix64(g->state++);
}

/* Syllables of a consonant and a vowel; word i weighs 1/(i+1). */
static void make_words(generator *g)
{
    static const char consonants[] = "bcdfghklmnprstvw", vowels[] = "aeiou";
    uint64_t sum = 0;

    for (unsigned i = 0; i < WORDS; i++) {
        uint64_t r = draw(g);
        unsigned span = i < 100 ? 4 : MOST - LEAST + 1; /* frequent words are short */
        g->length[i] = (unsigned char)(LEAST + r % span);
        r >>= 8;
        for (unsigned k = 0; k < g->length[i]; k++, r = k % 8 ? r >> 5 : draw(g))
            g->word[i][k] = (unsigned char)(k % 2 ? vowels[r % 5] : consonants[r % 16]);
        sum += (UINT64_C(1) << 40) / (i + 1);
        g->up_to[i] = sum;
    }
}

static unsigned choose(generator *g)
{
    uint64_t r = draw(g) % g->up_to[WORDS - 1];
    unsigned low = 0, high = WORDS - 1;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (g->up_to[middle] > r)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void wordcount_generate(unsigned char *text, size_t bytes, uint64_t text_seed)
{
    generator *g = calloc(1, sizeof *g);
    bool sentence = true; /* the next word starts one */

    FW_MUST(g);
    g->state = fw_mix64(text_seed);
    make_words(g);
    for (size_t at = 0; at < bytes;) {
        unsigned w = choose(g);
        uint64_t r = draw(g) % 100;
        const char *after = r < 84 ? " " : r < 92 ? ", " : r < 97 ? ". " : ".\n";
        for (unsigned k = 0; k < g->length[w] && at < bytes; k++)
            text[at++] = (unsigned char)(g->word[w][k] - (sentence && k == 0 ? 0x20 : 0));
        for (; *after && at < bytes; after++)
            text[at++] = (unsigned char)*after;
        sentence = r >= 92;
    }
    free(g);
}
