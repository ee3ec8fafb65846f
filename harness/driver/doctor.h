/* doctor.h - what this machine is, and how far its figures can be trusted. Next: doctor.c (the grade),
 * facts.c (what is read). */
#ifndef DOCTOR_H
#define DOCTOR_H
#include "topo.h"

/* Everything a figure's reader must know: cpu, caches {name: bytes}, cpus_allowed, smt, virtualisation, container,
 * quota, governor, turbo, cooling, memory_bytes, clocksource, clock_cost_ns, battery, load1, steal,
 * hidden_steal_percent, kernel's limits. What the machine does not show is the text "not available". root: "" for this
 * machine, or a folder that holds another one's /proc, /sys and /etc, whose CPU and clock can't be asked. A new
 * reference; topo may be NULL. Spins for 0.2 s in all, looking for hidden steal. */
json_t *fw_machine_facts(const char *root, const fw_topo *topo);

typedef struct fw_grade {
    char letter;     /* A: figures can be trusted … F: they say nothing */
    json_t *reasons; /* [{"reason","effect","fix","cap"}]; cap: the best grade that this reason allows */
} fw_grade;

/* The worst cap among the reasons. Pure; sanitizer "" or the build's. reasons is a new reference. */
fw_grade fw_doctor_grade(const json_t *facts, const char *sanitizer);

/* Whether a hypervisor may take CPUs without saying so: a guest in which no steal was ever seen. */
bool fw_doctor_may_hide_steal(const json_t *facts);

int fw_cmd_doctor(int argc, char **argv);
int fw_cmd_topo(int argc, char **argv); /* topo_cmd.c */

#endif
