/* list.c - `fiveways list`: what there is, what is missing and why. */
#include "driver.h"

#include <string.h>

static json_t *as_json(const fw_catalogue *c)
{
    json_t *runners = json_array(), *workloads = json_array(), *warnings = json_array();
    for (size_t i = 0; i < c->runners; i++) {
        json_t *r = json_copy(c->runner[i].describe);
        json_object_set_new(r, "path", json_string(c->runner[i].path));
        json_array_append_new(runners, r);
    }
    for (size_t i = 0; i < c->workloads; i++)
        json_array_append(workloads, c->workload[i]);
    for (size_t i = 0; i < c->warnings.n; i++)
        json_array_append_new(warnings, json_string(c->warnings.at[i]));
    return json_pack("{s:i,s:o,s:o,s:o}", "schema", 1, "runners", runners, "workloads", workloads, "left_out",
                     warnings);
}

static void print_params(const json_t *w)
{
    json_t *p;
    size_t i;
    json_array_foreach(json_object_get(w, "params"), i, p)
    {
        printf("    %-14s %-7s quick %-10s standard %-10s", fw_str_of(p, "name"), fw_str_of(p, "type"),
               *fw_param_default(p, "quick") ? fw_param_default(p, "quick") : "-",
               *fw_param_default(p, "standard") ? fw_param_default(p, "standard") : "-");
        if (strcmp(fw_str_of(p, "type"), "int") == 0)
            printf(" %.0f to %.0f", fw_num_of(p, "min", 0), fw_num_of(p, "max", 0));
        printf("  %s\n", fw_str_of(p, "help"));
    }
}

static void print_workload(const fw_catalogue *c, const json_t *w)
{
    const char *name = fw_str_of(w, "name");
    printf("%s: %s\n    %s; one operation is one %s%s\n", name, fw_str_of(w, "title"), fw_str_of(w, "mode"),
           fw_str_of(w, "op"), json_is_true(json_object_get(w, "core")) ? "; in the quick profile" : "");
    for (size_t r = 0; r < c->runners; r++) {
        bool has = false;
        for (size_t i = 0; i < c->entries; i++) {
            const fw_entry *e = &c->entry[i];
            if (e->runner != &c->runner[r] || strcmp(e->workload, name) != 0)
                continue;
            if (!has)
                printf("    %-14s %-18s", e->runner->runtime, e->runner->model);
            printf("%s%s%s", has ? ", " : " ", *e->variant ? e->variant : "one variant",
                   e->headline && *e->variant ? " (headline)" : "");
            has = true;
        }
        if (!has && strcmp(c->runner[r].kind, "reference") != 0)
            printf("    %-14s %-18s no cell%s%s", c->runner[r].runtime, c->runner[r].model,
                   strcmp(c->runner[r].kind, "seq") == 0 ? ": " : "",
                   strcmp(c->runner[r].kind, "seq") == 0 ? fw_str_of(w, "seq_none") : "");
        if (has || strcmp(c->runner[r].kind, "reference") != 0)
            putchar('\n');
    }
    print_params(w);
}

int fw_cmd_list(int argc, char **argv)
{
    fw_catalogue c;
    fw_names extra = {0};
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            puts("fiveways list [--json] [--runner FILE]: workloads, runtimes, variants, parameters with their "
                 "defaults, what is missing and why.");
            return FW_EXIT_OK;
        }
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (strcmp(argv[i], "--runner") == 0 && i + 1 < argc)
            fw_names_add(&extra, argv[++i]);
        else
            return fw_usage("list: unexpected '%s'; it takes --json and --runner FILE", argv[i]);
    }
    fw_catalogue_read(&c, &extra);
    if (json) {
        json_t *all = as_json(&c);
        json_dumpf(all, stdout, JSON_INDENT(1));
        putchar('\n');
        json_decref(all);
        return FW_EXIT_OK;
    }
    for (size_t i = 0; i < c.workloads; i++)
        print_workload(&c, c.workload[i]);
    for (size_t i = 0; i < c.warnings.n; i++)
        printf("%s\n", c.warnings.at[i]);
    if (!c.runners)
        printf("no runner found in %s\n", fw_bin_folder());
    return FW_EXIT_OK;
}
