/* micro_machine.c - what the machine and its kernel cost without any runtime: the lower rungs of the ladder of costs
 * (driver/ladder.c). A load is one step of a chain in random order, so that each waits for the one before. */
#include "micro_machine.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fw.h"
#include "gbench.h"

enum { LINE = 64, MOST_BYTES = 128 << 20 };

typedef struct level {
    const char *name;
    long bytes; /* the chain's size; 0: this machine doesn't say how large its caches are */
    void **at;  /* somewhere in the chain; made when first needed, kept for the next repetition */
} level;

/* A random cycle through all lines of `bytes` (Sattolo 1986), in huge pages where there are: it is the caches that are
 * asked about, not the translation of addresses. NULL: no memory. */
static void **chain(size_t bytes)
{
    size_t lines = bytes / LINE;
    uint32_t *order = malloc(lines * sizeof *order);
    unsigned char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!order || memory == MAP_FAILED) {
        free(order);
        return NULL;
    }
    madvise(memory, bytes, MADV_HUGEPAGE);
    for (size_t i = 0; i < lines; i++)
        order[i] = (uint32_t)i;
    for (size_t i = lines - 1; i > 0; i--) {
        size_t j = (size_t)(fw_mix64(i) % i);
        uint32_t swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (size_t i = 0; i < lines; i++)
        *(void **)(memory + (size_t)order[i] * LINE) = memory + (size_t)order[(i + 1) % lines] * LINE;
    free(order);
    return (void **)memory;
}

static void load(fw_bench *b, void *context)
{
    enum { BATCH = 1024 };
    level *l = context;
    if (!l->at && !(l->at = chain((size_t)l->bytes))) {
        fw_bench_error(b, "no memory");
        return;
    }
    void **at = l->at;
    while (fw_bench_keep_running(b, BATCH))
        for (int i = 0; i < BATCH; i++)
            at = *at;
    l->at = at;
    fw_bench_counter(b, "bytes", (double)l->bytes);
}

static void atomic_add(fw_bench *b, void *context)
{
    enum { BATCH = 1024 };
    static _Atomic uint64_t sum;
    while (fw_bench_keep_running(b, BATCH))
        for (int i = 0; i < BATCH; i++)
            atomic_fetch_add(&sum, 1);
}

/* A call that the C library can't answer itself. */
static void system_call(fw_bench *b, void *context)
{
    enum { BATCH = 64 };
    while (fw_bench_keep_running(b, BATCH))
        for (int i = 0; i < BATCH; i++)
            FW_MUST(syscall(SYS_getppid) > 0);
}

/* The first touch of fresh pages, and giving them back. */
static void page_fault(fw_bench *b, void *context)
{
    enum { PAGES = 256 };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    while (fw_bench_keep_running(b, PAGES)) {
        volatile unsigned char *memory =
            mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        FW_MUST(memory != MAP_FAILED);
        madvise((void *)memory, PAGES * page, MADV_NOHUGEPAGE);
        for (size_t i = 0; i < PAGES; i++)
            memory[i * page] = 1;
        munmap((void *)memory, PAGES * page);
    }
}

void machine_micro_register(void)
{
    static level levels[] = {{.name = "machine/load_l1"},
                             {.name = "machine/load_l2"},
                             {.name = "machine/load_l3"},
                             {.name = "machine/load_memory", .bytes = MOST_BYTES}};
    static const int sizes[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE};
    for (int i = 0; i < 3; i++)
        levels[i].bytes = sysconf(sizes[i]) / 2; /* half of it: the other half is for whatever else is there */
    if (levels[2].bytes > 8 * levels[1].bytes)   /* what is said of the L3 is often the sum of several */
        levels[2].bytes = 8 * levels[1].bytes;
    for (int i = 0; i < 4; i++)
        if (levels[i].bytes >= LINE * 16 && levels[i].bytes <= MOST_BYTES)
            fw_bench_register(levels[i].name, load, &levels[i]);
    fw_bench_register("machine/atomic_add", atomic_add, NULL);
    fw_bench_register("machine/system_call", system_call, NULL);
    fw_bench_register("machine/page_fault", page_fault, NULL);
}
