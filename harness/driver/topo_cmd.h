/* topo_cmd.h - the parts of `fiveways topo`. */
#ifndef TOPO_CMD_H
#define TOPO_CMD_H
#include "topo.h"

/* Measures every pair of allowed CPUs (some milliseconds each, both spin) and prints a table or one JSON object; folder
 * not NULL: also FOLDER/core-to-core.json. The exit status, after one clear line when it isn't 0. */
int fw_topo_core_to_core(const fw_topo *t, bool json, const char *folder);

#endif
