/* kept.h - memory of a run for the next one. While fw_repeats, what a worker allocates by the page is kept when its run
 * ends, whoever wants it next: given to malloc it would lie in the heap of a thread that ends, and the next run's
 * worker, with another of glibc's heaps, would have its own from the kernel, page fault by page fault. Else it is
 * malloc and free. Any thread. */
#ifndef CORE_KEPT_H
#define CORE_KEPT_H

#include <stddef.h>

/* Not initialised; NULL: no memory. bytes: at least 16. */
void *kept_alloc(size_t bytes);
/* memory: from kept_alloc(bytes), or NULL. */
void kept_free(void *memory, size_t bytes);
/* Gives malloc all that is kept. */
void kept_give_back(void);

#endif
