/* spec.h - overlap: the files, the medium they come from, and what is computed from them. */
#ifndef OVERLAP_SPEC_H
#define OVERLAP_SPEC_H

#include "fw.h"

enum { OVERLAP_CHUNK = 16384, OVERLAP_MOST_FILES = 4096 };

extern const fw_spec overlap_spec;

typedef struct overlap_plan {
    fw_trial *trial;
    uint64_t files, chunks, delay_ns, work;
    bool pipes; /* the files come through pipes; else they are regular */
    bool pool;  /* where a read must not block its worker */
    int fd[OVERLAP_MOST_FILES];
    int medium; /* process id of who feeds the pipes, or 0 */
} overlap_plan;

/* A file being read. */
typedef struct overlap_reader {
    const overlap_plan *plan;
    uint64_t number, chunk, digest; /* chunk: how many were hashed */
    int fd;
    size_t have; /* bytes in data, of the chunk that is being read */
    int64_t got; /* of the last read: bytes, 0 (the end), -errno */
    alignas(8) char data[OVERLAP_CHUNK];
} overlap_reader;

/* A cell's first call in a repeat, before it starts anything: opens the files; with pipes, forks their feeder. 0 or
 * what the cell must return. */
int overlap_begin(overlap_plan *p, fw_trial *t);
void overlap_reader_init(overlap_reader *r, const overlap_plan *p, uint64_t number);
/* arg is an overlap_reader. Reads what comes next behind r->data + r->have, up to the chunk's end, into r->got, and
 * blocks meanwhile: for a regular file as long as the medium takes. */
void overlap_read(void *arg);
/* r->got bytes have come: computes on the chunk if it is complete. False: so is the file, or the trial went wrong. */
bool overlap_hash(overlap_reader *r);
/* What the unit leaves behind: r's digest, bound to its number. */
uint64_t overlap_value(const overlap_reader *r);
/* The last call: closes, waits for the feeder. */
int overlap_end(const overlap_plan *p, uint64_t values);

#endif
