/* spec_table.c - the counting kernel: a hash table with open addressing that grows,
 * over one arena for the letters of all words. A word may be as long as memory
 * allows and may come in pieces. One owner; no lock. */
#include "spec.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    uint64_t hash, count; /* count 0: free */
    size_t at, length;    /* letters in the arena */
} entry;

typedef struct letters {
    unsigned char *text;
    size_t used, room;
} letters;

struct wordcount_table {
    entry *entries;
    size_t used, room; /* room: a power of two */
    letters arena, pending;
    uint64_t hash; /* of the word in hand, whose letters so far are pending */
};

enum { FIRST_ROOM = 4096 };

static void append(letters *l, const unsigned char *text, size_t bytes)
{
    if (bytes == 0)
        return;
    if (l->room - l->used < bytes) {
        l->room = 2 * l->room + bytes;
        l->text = realloc(l->text, l->room);
        FW_MUST(l->text);
    }
    memcpy(l->text + l->used, text, bytes);
    l->used += bytes;
}

wordcount_table *wordcount_table_new(void)
{
    wordcount_table *t = calloc(1, sizeof *t);
    FW_MUST(t);
    t->room = FIRST_ROOM;
    t->entries = calloc(t->room, sizeof *t->entries);
    FW_MUST(t->entries);
    t->hash = WORDCOUNT_FNV_START;
    return t;
}

void wordcount_table_free(wordcount_table *t)
{
    free(t->entries);
    free(t->arena.text);
    free(t->pending.text);
    free(t);
}

static void grow(wordcount_table *t)
{
    size_t room = 2 * t->room;
    entry *entries = calloc(room, sizeof *entries);

    FW_MUST(entries);
    for (size_t i = 0; i < t->room; i++) {
        if (t->entries[i].count == 0)
            continue;
        size_t at = t->entries[i].hash & (room - 1);
        while (entries[at].count)
            at = (at + 1) & (room - 1);
        entries[at] = t->entries[i];
    }
    free(t->entries);
    t->entries = entries;
    t->room = room;
}

static void add(wordcount_table *t, const unsigned char *word, size_t length, uint64_t hash)
{
    size_t at = hash & (t->room - 1);

    for (entry *e; (e = &t->entries[at])->count; at = (at + 1) & (t->room - 1)) {
        if (e->hash == hash && e->length == length && memcmp(t->arena.text + e->at, word, length) == 0) {
            e->count++;
            return;
        }
    }
    t->entries[at] = (entry){.hash = hash, .count = 1, .at = t->arena.used, .length = length};
    append(&t->arena, word, length);
    if (2 * ++t->used > t->room)
        grow(t);
}

void wordcount_table_feed(wordcount_table *t, const unsigned char *text, size_t bytes)
{
    uint64_t hash = t->hash;
    size_t start = 0;

    for (size_t i = 0; i < bytes; i++) {
        if (text[i] != '\n') {
            hash = (hash ^ text[i]) * WORDCOUNT_FNV_PRIME;
            continue;
        }
        if (t->pending.used) {
            append(&t->pending, text + start, i - start);
            add(t, t->pending.text, t->pending.used, hash);
            t->pending.used = 0;
        } else if (i > start) {
            add(t, text + start, i - start, hash);
        }
        start = i + 1;
        hash = WORDCOUNT_FNV_START;
    }
    append(&t->pending, text + start, bytes - start);
    t->hash = hash;
}

void wordcount_table_end(wordcount_table *t)
{
    wordcount_table_feed(t, (const unsigned char *)"\n", 1);
}

uint64_t wordcount_table_checksum(const wordcount_table *t, uint64_t seed)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < t->room; i++)
        if (t->entries[i].count)
            sum += wordcount_fold(t->entries[i].hash, t->entries[i].count, seed);
    return sum;
}

size_t wordcount_table_words(const wordcount_table *t)
{
    return t->used;
}

static int by_letters(const void *left, const void *right, void *arena)
{
    const entry *a = left, *b = right;
    const unsigned char *text = ((const letters *)arena)->text;
    int order = memcmp(text + a->at, text + b->at, a->length < b->length ? a->length : b->length);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

int wordcount_table_write(const wordcount_table *t, const char *path)
{
    entry *sorted = calloc(t->used + 1, sizeof *sorted);
    size_t n = 0;

    FW_MUST(sorted);
    for (size_t i = 0; i < t->room; i++)
        if (t->entries[i].count)
            sorted[n++] = t->entries[i];
    letters arena = t->arena;
    qsort_r(sorted, n, sizeof *sorted, by_letters, &arena);
    FILE *file = fopen(path, "we");
    int err = file ? 0 : -errno;
    for (size_t i = 0; file && i < n; i++) {
        fprintf(file, "%llu ", (unsigned long long)sorted[i].count);
        fwrite(arena.text + sorted[i].at, 1, sorted[i].length, file);
        fputc('\n', file);
    }
    bool bad = file && ferror(file);
    if (file && (fclose(file) != 0 || bad))
        err = errno ? -errno : -EIO;
    free(sorted);
    return err;
}
