/* summary.h - the end of a run in the terminal, made from verdicts.json alone: it says what was
 * decided and decides nothing. Pure but for the stream it writes. Next: verdicts.c, results/SCHEMA.md. */
#ifndef SUMMARY_H
#define SUMMARY_H
#include <jansson.h>
#include <stdio.h>

/* The table relative to one model (threads, where it ran), the variants below it. */
void fw_summary_table(FILE *out, const json_t *verdicts);
/* "What this says": a line a block; then every refusal and failure; then what not to conclude from `cpus` CPUs. */
void fw_summary_words(FILE *out, const json_t *verdicts, unsigned cpus);

#endif
