/* job.h - a thing that a worker can run: one of the two types on which core,
 * channels, green and stackless meet. A green thread and a task each begin
 * with one. Intrusive: whoever owns the job owns its memory. */
#ifndef CORE_JOB_H
#define CORE_JOB_H

typedef struct worker worker;
typedef struct job job;

struct job {
    job *next;                    /* link in whichever one queue holds it; that queue's owner or lock guards it */
    void (*run)(job *, worker *); /* called on the worker's own stack; may push the job again */
};

#endif
