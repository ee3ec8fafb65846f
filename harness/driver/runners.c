/* runners.c - finds the runners and reads what each says of itself. A runner
 * that can't be described is left out with one clear line; it never stops the rest. */
#include "child.h"
#include "driver.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DESCRIBE_SECONDS = 10 };

const char *fw_bin_folder(void)
{
    static char folder[PATH_MAX];
    if (!folder[0]) {
        char self[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
        FW_MUST(n > 0);
        self[n] = '\0';
        snprintf(folder, sizeof folder, "%s", dirname(self));
    }
    return folder;
}

const char *fw_str_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

double fw_num_of(const json_t *object, const char *key, double otherwise)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

json_t *fw_param_of(const json_t *workload, const char *name)
{
    json_t *p;
    size_t i;
    json_array_foreach(json_object_get(workload, "params"), i, p) if (strcmp(fw_str_of(p, "name"), name) == 0) return p;
    return NULL;
}

const char *fw_param_default(const json_t *p, const char *profile)
{
    return fw_str_of(p, strcmp(profile, "smoke") == 0 || strcmp(profile, "quick") == 0 ? profile : "standard");
}

json_t *fw_catalogue_workload(const fw_catalogue *c, const char *name)
{
    for (size_t i = 0; i < c->workloads; i++)
        if (strcmp(fw_str_of(c->workload[i], "name"), name) == 0)
            return c->workload[i];
    return NULL;
}

static bool declares(const json_t *workload)
{
    return json_is_string(json_object_get(workload, "mode"));
}

const fw_runner *fw_catalogue_oracle(const fw_catalogue *c, const char *workload)
{
    const fw_runner *found = NULL;
    for (size_t i = 0; i < c->entries; i++) {
        const fw_entry *e = &c->entry[i];
        if (!e->runner->ours || strcmp(e->workload, workload) != 0 || strcmp(e->runner->kind, "reference") == 0)
            continue;
        if (!found || strcmp(e->runner->runtime, "seq") == 0)
            found = e->runner;
    }
    return found;
}

/* Why a description can't be used, or NULL. */
static const char *fault(const json_t *d)
{
    const char *name = fw_str_of(d, "runtime");
    if (!json_is_object(d))
        return "did not print one JSON object";
    if (fw_num_of(d, "protocol", 0) != FW_PROTOCOL)
        return "speaks another protocol version than 1";
    if (!*name || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name) || *name < 'a')
        return "has no usable runtime name ([a-z][a-z0-9-]*)";
    if (!json_array_size(json_object_get(d, "workloads")))
        return "has no workloads";
    return NULL;
}

static void add_entries(fw_catalogue *c, const fw_runner *r)
{
    json_t *w, *v;
    size_t i, j;
    json_array_foreach(json_object_get(r->describe, "workloads"), i, w)
    {
        json_t *variants = json_object_get(w, "variants");
        size_t n = json_array_size(variants) ? json_array_size(variants) : 1;
        for (j = 0; j < n; j++) {
            v = json_array_get(variants, j);
            c->entry = realloc(c->entry, (c->entries + 1) * sizeof *c->entry);
            FW_MUST(c->entry);
            c->entry[c->entries++] = (fw_entry){.runner = r,
                                                .workload = fw_str_of(w, "name"),
                                                .variant = fw_str_of(v, "name"),
                                                .headline = !v || json_is_true(json_object_get(v, "headline"))};
        }
    }
}

static void add_declarations(fw_catalogue *c, const fw_runner *r)
{
    json_t *w;
    size_t i;
    json_array_foreach(json_object_get(r->describe, "workloads"), i, w)
    {
        if (!declares(w) || fw_catalogue_workload(c, fw_str_of(w, "name")))
            continue;
        c->workload = realloc(c->workload, (c->workloads + 1) * sizeof *c->workload);
        FW_MUST(c->workload);
        c->workload[c->workloads++] = w;
    }
}

static void describe(fw_catalogue *c, const char *path, bool beside, bool peer)
{
    const char *argv[] = {path, "--describe", NULL};
    fw_child_request request = {.argv = argv, .input = "", .limit_s = DESCRIBE_SECONDS};
    fw_child_result result;
    const char *why = NULL;
    int rc = fw_child_run(&request, &result);
    json_t *d = rc ? NULL : json_loads(result.out, 0, NULL);
    if (rc || !result.started)
        why = fw_text("cannot be started: %s", strerror(rc ? -rc : result.exec_errno));
    else if (result.too_long)
        why = "did not answer --describe within 10 s";
    else if (!WIFEXITED(result.wait_status) || WEXITSTATUS(result.wait_status) != 0)
        why = "failed at --describe";
    else
        why = fault(d);
    for (size_t i = 0; !why && i < c->runners; i++)
        if (strcmp(c->runner[i].runtime, fw_str_of(d, "runtime")) == 0)
            why = fw_text("has the name '%s' of %s", c->runner[i].runtime, c->runner[i].path);
    if (!why) {
        const char *kind = fw_str_of(d, "kind"), *model = fw_str_of(d, "model");
        c->runner[c->runners++] =
            (fw_runner){.path = path,
                        .runtime = fw_str_of(d, "runtime"),
                        .model = *model ? model : fw_str_of(d, "runtime"),
                        .kind = *kind ? kind : "reference",
                        .peer = peer,
                        .ours = beside && declares(json_array_get(json_object_get(d, "workloads"), 0)),
                        .describe = d};
    } else {
        fw_names_add(&c->warnings, fw_text("runner %s left out: %s", path, why));
        json_decref(d);
    }
    if (!rc)
        fw_child_free(&result);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void find(fw_names *found, const char *folder, const char *prefix)
{
    DIR *d = opendir(folder);
    size_t first = found->n;
    for (struct dirent *e; d && (e = readdir(d));) {
        struct stat st;
        char *path = fw_text("%s/%s", folder, e->d_name);
        if (strncmp(e->d_name, prefix, strlen(prefix)) == 0 && e->d_name[0] != '.' && stat(path, &st) == 0 &&
            S_ISREG(st.st_mode) && access(path, X_OK) == 0)
            fw_names_add(found, path);
        else
            free(path);
    }
    if (d)
        closedir(d);
    if (found->n > first)
        qsort(found->at + first, found->n - first, sizeof *found->at, by_name);
}

void fw_catalogue_read(fw_catalogue *c, const fw_names *extra)
{
    fw_names found = {0};
    *c = (fw_catalogue){0};
    find(&found, fw_bin_folder(), "fiveways-");
    size_t beside = found.n;
    find(&found, fw_text("%s/peers", fw_bin_folder()), "fiveways-");
    size_t peers = found.n;
    find(&found, fw_text("%s/runners", fw_bin_folder()), "");
    for (size_t i = 0; i < extra->n; i++) {
        char *path = realpath(extra->at[i], NULL);
        fw_names_add(&found, path ? path : extra->at[i]);
    }
    c->runner = calloc(found.n + 1, sizeof *c->runner); /* never grows: entries point into it */
    FW_MUST(c->runner);
    for (size_t i = 0; i < found.n && !fw_interrupted; i++)
        describe(c, found.at[i], i < beside, i >= beside && i < peers);
    for (size_t i = 0; i < c->runners; i++)
        add_declarations(c, &c->runner[i]);
    for (size_t i = 0; i < c->runners; i++)
        add_entries(c, &c->runner[i]);
}
