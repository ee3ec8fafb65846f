/* watch.h - the watchdog of a pool, when instruments are on: a thread that looks every 4 ms which workers have been in
 * one unit for more than 10 (time in which others had the CPU is not counted), and tells who it is: once on standard
 * error, and in the trial's result. The worker is asked by a signal (SIGURG), since only it can look at the unit while
 * that lives. */
#ifndef CORE_WATCH_H
#define CORE_WATCH_H

#include "workers.h"

void core_watch_units(bool on);      /* an fw_about's instrument: for pools that start from now on */
void core_watch_report(fw_trial *t); /* an fw_about's report: rows `hogs`, see results/SCHEMA.md */

/* For pool.c. NULL: nobody asked for it. */
typedef struct watch watch;
watch *watch_start(pool *p, const char *(*unit_name)(const worker *w));
void watch_stop(watch *w); /* before the workers end; NULL: does nothing */
void watch_free(watch *w); /* after it */
bool worker_sleeps(pool *p, unsigned index);
/* For how long the kernel has kept its thread waiting for a CPU, in all, up to when it last got one. 0: not told. */
uint64_t worker_queued_ns(const pool *p, unsigned index);
void worker_signal(pool *p, unsigned index, int number);

#endif
