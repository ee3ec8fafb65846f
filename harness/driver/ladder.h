/* ladder.h - `fiveways micro --ladder`. */
#ifndef LADDER_H
#define LADDER_H
#include <stdbool.h>

/* Whether the words after `micro` ask for the ladder. */
bool fw_ladder_asked(int argc, char **argv);
/* Measures what waiting costs, from a load to a fork, on one CPU; prints the ladder, with --out DIR also
 * DIR/ladder.json, from which a chart is drawn. Takes some seconds. The exit status, after one clear line when it isn't
 * 0. */
int fw_ladder(int argc, char **argv);

#endif
