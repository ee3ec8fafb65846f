/* instruments.h - what channels.c counts on demand: a row a channel, in it a column a process.
 *
 *                main            read            split             others
 *   channel 1   sent, received, time blocked sending, receiving             and depths
 *   channel 2   ...
 *   others
 *
 * A row is found by its name, under a lock, when a channel or process is made or named; it stays when that one ends.
 * Counting is a relaxed add to a place known by then. */
#ifndef CHANNELS_INSTRUMENTS_H
#define CHANNELS_INSTRUMENTS_H

#include "channels.h"

typedef struct instrument instrument; /* of the channels of one name */

/* Of a new channel, or NULL: instruments are off. */
instrument *instrument_new(size_t capacity);
instrument *instrument_named(const instrument *i, const char *name);
void instrument_end(instrument *i, uint64_t lived_ns); /* the channel is destroyed */

void instrument_sent(instrument *i, size_t depth);
void instrument_received(instrument *i);
void instrument_blocked(instrument *i, bool send, uint64_t ns);

/* A new process: its column; 0: instruments are off. */
unsigned instrument_process(void);
void instrument_process_runs(unsigned column); /* it is the calling thread, just begun */
void instrument_process_ran(uint64_t lived_ns);
void instrument_process_joined(void);

/* process NULL: all together. */
void instrument_read(const instrument *i, const char *process, chan_stats *out);
/* Everything that was counted, for the trial's result: results/SCHEMA.md, channels. */
void instruments_report(fw_trial *t);

#endif
