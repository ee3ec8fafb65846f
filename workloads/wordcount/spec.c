/* spec.c - word count: parameters, input, kernels, what the receipt must hold. */
#include "spec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SLOW_ROUNDS = 4 };

static const fw_param params[] = {
    {"input", FW_PARAM_PATH, "", "", "", 0, 0, NULL, "text file to count; empty: a generated text of input_bytes"},
    {"input_bytes", FW_PARAM_INT, "65536", "4194304", "16777216", 1, INT64_C(1) << 32, NULL,
     "bytes of the generated text"},
    {"text_seed", FW_PARAM_INT, "1", "1", "1", 0, INT64_MAX, NULL, "seed of the generated text"},
    {"batch", FW_PARAM_INT, "4096", "65536", "65536", 1024, 1048576, NULL, "bytes of text in a message, at most"},
    {"stages", FW_PARAM_INT, "4", "4", "4", 1, WORDCOUNT_STAGES, NULL,
     "units in the pipeline: 4 read|split|normalise|count, 3 and 2 merge the middle, 1 all in one"},
    {"slow_stage", FW_PARAM_INT, "0", "0", "0", 0, 4, NULL,
     "1 read, 2 split, 3 normalise, 4 count computes more for each byte; 0 none"},
    {"counts", FW_PARAM_PATH, "", "", "", 0, 0, NULL, "file to write \"count word\" lines to; empty: none"},
    {.name = NULL},
};

static const fw_block blocks[] = {
    {"every allowed CPU", 0, ""},
    {NULL, 0, NULL},
};

static const fw_axis axes[] = {
    {"workers", "1,2,4,8", 0},
    {NULL, NULL, 0},
};

static int map_file(const char *path, wordcount_input *in, char *why, size_t why_bytes)
{
    struct stat st;
    int err = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &st) != 0) {
        err = -errno;
        snprintf(why, why_bytes, "input=%s: %s", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode) || st.st_size == 0) {
        err = -EINVAL;
        snprintf(why, why_bytes, "input=%s: %s; expected a file with text", path,
                 S_ISREG(st.st_mode) ? "is empty" : "is not a regular file");
    } else {
        in->bytes = (size_t)st.st_size;
        in->text = mmap(NULL, in->bytes, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
        if (in->text == MAP_FAILED) {
            err = -errno;
            snprintf(why, why_bytes, "input=%s: mmap of %zu bytes: %s", path, in->bytes, strerror(errno));
        }
    }
    if (fd >= 0)
        close(fd);
    return err;
}

static void *shared_pages(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* The mapping lives as long as the trial's process. */
static int prepare(fw_trial *t, void **input, char *why, size_t why_bytes)
{
    wordcount_input *in = shared_pages(sizeof *in);
    const char *path = fw_str(t, "input");
    int err = 0;

    FW_MUST(in);
    if (*path) {
        err = map_file(path, in, why, why_bytes);
    } else {
        unsigned char *text = shared_pages((size_t)fw_int(t, "input_bytes"));
        if (!text) {
            snprintf(why, why_bytes, "input_bytes=%s: no memory", fw_str(t, "input_bytes"));
            return -ENOMEM;
        }
        in->bytes = (size_t)fw_int(t, "input_bytes");
        wordcount_generate(text, in->bytes, (uint64_t)fw_int(t, "text_seed"));
        in->text = text;
    }
    if (!err)
        fw_metric(t, "input_bytes", "byte", (double)in->bytes);
    *input = in;
    return err;
}

static void expect(const fw_trial *t, uint64_t repeats, uint64_t ops, fw_expect *e)
{
    const wordcount_input *in = fw_input(t);
    uint64_t stages = (uint64_t)fw_int(t, "stages"), batch = (uint64_t)fw_int(t, "batch");
    uint64_t batches = (in->bytes + batch - 1) / batch;

    e->want = (fw_receipt){.units = repeats * stages,
                           .messages = repeats * (stages - 1) * batches,
                           .peak_live = stages < 2 ? stages : 2,
                           .ops = repeats,
                           .checksum = repeats * wordcount_oracle(in->text, in->bytes, fw_seed(t))};
    e->rule.units = e->rule.messages = e->rule.ops = e->rule.checksum = FW_EXACT;
    e->rule.peak_live = FW_MINIMUM; /* a user-space runtime samples it */
    e->rule.bytes = FW_INFO;
    (void)ops;
}

const fw_spec wordcount_spec = {
    .name = "wordcount",
    .title = "A pipeline over a real text file: the shell pipe done five ways.",
    .op = "pass over the input",
    .mode = FW_COMPLETE,
    .core = true,
    .params = params,
    .blocks = blocks,
    .axes = axes,
    .prepare = prepare,
    .expect = expect,
};

/* ---- kernels ------------------------------------------------------------- */

wordcount_pass wordcount_begin(fw_trial *t)
{
    return (wordcount_pass){.trial = t,
                            .input = fw_input(t),
                            .stages = (unsigned)fw_int(t, "stages"),
                            .slow_stage = (unsigned)fw_int(t, "slow_stage"),
                            .batch = (size_t)fw_int(t, "batch"),
                            .table = wordcount_table_new()};
}

wordcount_batch *wordcount_batch_new(const wordcount_pass *pass)
{
    wordcount_batch *b = malloc(sizeof *b + pass->batch);
    FW_MUST(b);
    b->bytes = b->burnt = 0;
    return b;
}

/* slow_stage: a fixed number of dependent steps for each byte. */
static void burn(const wordcount_pass *pass, unsigned kernel, wordcount_batch *b)
{
    if (pass->slow_stage != kernel)
        return;
    uint64_t x = WORDCOUNT_FNV_START;
    for (size_t i = 0; i < b->bytes; i++)
        for (int round = 0; round < SLOW_ROUNDS; round++)
            x = (x ^ b->text[i]) * WORDCOUNT_FNV_PRIME;
    *(volatile uint64_t *)&b->burnt = x; /* keeps the compiler from leaving the work out */
}

bool wordcount_read(wordcount_pass *pass, wordcount_batch *b)
{
    size_t left = pass->input->bytes - pass->offset;

    b->bytes = left < pass->batch ? left : pass->batch;
    memcpy(b->text, pass->input->text + pass->offset, b->bytes);
    pass->offset += b->bytes;
    fw_count(fw_slot_here(), FW_WORK, 1);
    burn(pass, 1, b);
    return b->bytes > 0;
}

wordcount_batch *wordcount_next(wordcount_pass *pass)
{
    wordcount_batch *b = wordcount_batch_new(pass);
    if (wordcount_read(pass, b))
        return b;
    free(b);
    return NULL;
}

/* Every maximal run of other bytes than letters becomes one '\n'. */
static void split(wordcount_batch *b)
{
    size_t to = 0;
    bool in_word = true;

    for (size_t from = 0; from < b->bytes; from++) {
        bool letter = wordcount_is_letter(b->text[from]);
        if (letter || in_word)
            b->text[to++] = letter ? b->text[from] : '\n';
        in_word = letter;
    }
    b->bytes = to;
}

static void normalise(wordcount_batch *b)
{
    for (size_t i = 0; i < b->bytes; i++)
        if (b->text[i] >= 'A' && b->text[i] <= 'Z')
            b->text[i] |= 0x20;
}

const char *wordcount_stage_name(const wordcount_pass *pass, unsigned stage)
{
    static const char *const names[WORDCOUNT_STAGES][WORDCOUNT_STAGES] = {
        {"all"},
        {"all but count", "count"},
        {"read", "split, normalise", "count"},
        {"read", "split", "normalise", "count"},
    };
    return names[pass->stages - 1][stage];
}

void wordcount_transform(const wordcount_pass *pass, unsigned stage, wordcount_batch *b)
{
    unsigned splits = pass->stages < 3 ? 0 : 1, normalises = pass->stages == 4 ? 2 : splits;

    if (stage == splits) {
        split(b);
        burn(pass, 2, b);
    }
    if (stage == normalises) {
        normalise(b);
        burn(pass, 3, b);
    }
}

void wordcount_count(wordcount_pass *pass, wordcount_batch *b)
{
    wordcount_table_feed(pass->table, b->text, b->bytes);
    burn(pass, 4, b);
}

void wordcount_finish(wordcount_pass *pass)
{
    const char *path = fw_str(pass->trial, "counts");

    wordcount_table_end(pass->table);
    if (atomic_exchange(&pass->input->reported, 1) == 0) {
        int err = *path ? wordcount_table_write(pass->table, path) : 0;
        if (err)
            fw_fail(pass->trial, "counts=%s: %s", path, strerror(-err));
        fw_metric(pass->trial, "distinct_words", "word", (double)wordcount_table_words(pass->table));
    }
    fw_result(pass->trial, 1, wordcount_table_checksum(pass->table, fw_seed(pass->trial)));
    wordcount_table_free(pass->table);
    pass->table = NULL;
}
