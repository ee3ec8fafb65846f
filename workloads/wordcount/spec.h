/* spec.h - word count: a pass over the input as a pipeline of stages, and the
 * kernels that every model shares.
 *
 *   read --batch--> split --batch--> normalise --batch--> count        stages=4
 *
 * A batch belongs to whoever holds its pointer: the reader allocates it, the
 * counter frees it. Next: threads.c, then spec_table.c (counting) and spec_oracle.c. */
#ifndef WORDCOUNT_SPEC_H
#define WORDCOUNT_SPEC_H

#include "fw.h"

enum { WORDCOUNT_STAGES = 4, WORDCOUNT_QUEUE = 8 }; /* most stages; batches a queue holds */

extern const fw_spec wordcount_spec;

typedef struct wordcount_batch {
    size_t bytes;
    uint64_t burnt; /* what slow_stage computed */
    unsigned char text[];
} wordcount_batch;

/* What prepare leaves. Lies in a page that forked processes share. */
typedef struct wordcount_input {
    const unsigned char *text;
    size_t bytes;
    _Atomic uint32_t reported; /* 1 once a repeat has written counts=FILE */
} wordcount_input;

typedef struct wordcount_table wordcount_table;

/* One pass over the input. */
typedef struct wordcount_pass {
    fw_trial *trial;
    wordcount_input *input;
    unsigned stages, slow_stage;
    size_t batch;                           /* bytes of text in a batch, at most */
    alignas(FW_PAD) size_t offset;          /* the reader's alone */
    alignas(FW_PAD) wordcount_table *table; /* the counter's alone */
} wordcount_pass;

wordcount_pass wordcount_begin(fw_trial *t);
/* What stage 0, 1, ... of this pass does, in words. */
const char *wordcount_stage_name(const wordcount_pass *pass, unsigned stage);
/* An empty batch for up to pass->batch bytes of text; its owner frees it. Aborts without memory. */
wordcount_batch *wordcount_batch_new(const wordcount_pass *pass);
/* Copies the next text of the input into b. False: there is none left. */
bool wordcount_read(wordcount_pass *pass, wordcount_batch *b);
/* The next text of the input in a new batch, or NULL. */
wordcount_batch *wordcount_next(wordcount_pass *pass);
/* What stage 0, 1, ... of this pass does between reading and counting: split, normalise, both or nothing. */
void wordcount_transform(const wordcount_pass *pass, unsigned stage, wordcount_batch *b);
/* Counts the words of b. A word may go on in the next batch. */
void wordcount_count(wordcount_pass *pass, wordcount_batch *b);
/* The last word is complete: books one operation and its checksum, frees the table. */
void wordcount_finish(wordcount_pass *pass);

/* spec_table.c: words and their counts. */
wordcount_table *wordcount_table_new(void);
void wordcount_table_free(wordcount_table *table);
void wordcount_table_feed(wordcount_table *table, const unsigned char *text, size_t bytes); /* words end at '\n' */
void wordcount_table_end(wordcount_table *table);                                           /* ends the word in hand */
uint64_t wordcount_table_checksum(const wordcount_table *table, uint64_t seed);
size_t wordcount_table_words(const wordcount_table *table);
/* "count word" lines in the order of words. 0 or -errno. */
int wordcount_table_write(const wordcount_table *table, const char *path);

/* spec_text.c: fills text with words in a Zipf distribution. */
void wordcount_generate(unsigned char *text, size_t bytes, uint64_t text_seed);

/* spec_oracle.c: the checksum of one pass, found in another way (a search tree over the untouched input). */
uint64_t wordcount_oracle(const unsigned char *text, size_t bytes, uint64_t seed);

/* The checksum is the sum of this over the distinct words. hash: FNV-1a of the word in lower case. */
static inline uint64_t wordcount_fold(uint64_t hash, uint64_t count, uint64_t seed)
{
    return fw_mix64(hash ^ fw_mix64(count) ^ seed);
}

#define WORDCOUNT_FNV_START UINT64_C(0xcbf29ce484222325)
#define WORDCOUNT_FNV_PRIME UINT64_C(0x100000001b3)

static inline bool wordcount_is_letter(unsigned char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

#endif
