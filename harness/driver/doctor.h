/* doctor.h - what this machine is, and how far its figures can be trusted. Next: doctor.c (the grade),
 * facts.c (what is read). */
#ifndef DOCTOR_H
#define DOCTOR_H
#include "topo.h"

/* Everything a figure's reader must know: cpu, caches {name: bytes}, cpus_allowed, smt, virtualisation, container,
 * quota, governor, turbo, memory_bytes, clocksource, clock_cost_ns, load1, kernel's limits. What the machine does not
 * show is the text "not available". A new reference; topo may be NULL. Takes about 2 ms. */
json_t *fw_machine_facts(const fw_topo *topo);

typedef struct fw_grade {
    char letter;     /* A: figures can be trusted … F: they say nothing */
    json_t *reasons; /* [{"reason","effect","fix","cap"}]; cap: the best grade that this reason allows */
} fw_grade;

/* The worst cap among the reasons. Pure; sanitizer "" or the build's. reasons is a new reference. */
fw_grade fw_doctor_grade(const json_t *facts, const char *sanitizer);

int fw_cmd_doctor(int argc, char **argv);
int fw_cmd_topo(int argc, char **argv); /* topo_cmd.c */

#endif
