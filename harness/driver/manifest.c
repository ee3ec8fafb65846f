/* manifest.c - manifest.json: what ran, where, built how. Written at the start and again at the
 * end, so that an interrupted run has one. */
#include "child.h"
#include "doctor.h"
#include "session.h"

#include <gnu/libc-version.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

char *fw_git(const char *const *words)
{
    const char *argv[12] = {"/usr/bin/env", "git", "-C", FW_SOURCE_DIR};
    for (size_t i = 0; words[i] && i < 7; i++)
        argv[4 + i] = words[i];
    fw_child_request request = {.argv = argv, .input = "", .limit_s = 10};
    fw_child_result r;
    char *text = NULL;
    if (fw_child_run(&request, &r) == 0) {
        if (r.started && r.wait_status == 0)
            text = fw_text("%.*s", (int)strcspn(r.out, "\n"), r.out);
        fw_child_free(&r);
    }
    return text;
}

static json_t *git_json(void)
{
    char *sha = fw_git((const char *const[]){"rev-parse", "--short=10", "HEAD", NULL});
    char *changes = fw_git((const char *const[]){"status", "--porcelain", "--untracked-files=no", NULL});
    json_t *git = json_pack("{s:s,s:b}", "sha", sha ? sha : "", "dirty", changes && *changes);
    free(sha);
    free(changes);
    return git;
}

/* The arguments with the home folder as ~. */
static json_t *argv_json(const json_t *argv)
{
    const char *home = getenv("HOME");
    size_t n = home ? strlen(home) : 0, i;
    json_t *list = json_array(), *word;
    json_array_foreach(argv, i, word)
    {
        const char *text = json_string_value(word), *at = n > 1 ? strstr(text, home) : NULL;
        bool whole = at && (at[n] == '/' || at[n] == '\0') && (at == text || at[-1] == '=');
        json_array_append_new(list,
                              whole ? json_sprintf("%.*s~%s", (int)(at - text), text, at + n) : json_string(text));
    }
    return list;
}

/* "0-3,6" */
static char *allowed_text(void)
{
    cpu_set_t set;
    char *text = fw_text("%s", "");
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return text;
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, &set))
            continue;
        int last = i;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set))
            last++;
        char *more = last > i ? fw_text("%s%s%d-%d", text, *text ? "," : "", i, last)
                              : fw_text("%s%s%d", text, *text ? "," : "", i);
        free(text);
        text = more;
        i = last;
    }
    return text;
}

static json_t *runners_json(const fw_session *s)
{
    json_t *list = json_array();
    for (size_t i = 0; i < s->catalogue.runners; i++) {
        const fw_runner *r = &s->catalogue.runner[i];
        const char *name = strrchr(r->path, '/');
        json_array_append_new(
            list, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "path", name ? name + 1 : r->path, "runtime", r->runtime,
                            "model", r->model, "kind", r->kind, "version", fw_str_of(r->describe, "version"), "spins",
                            fw_str_of(r->describe, "spins"), "threads", fw_str_of(r->describe, "threads")));
    }
    return list;
}

static json_t *names_json(const fw_names *names)
{
    json_t *list = json_array();
    for (size_t i = 0; i < names->n; i++)
        json_array_append_new(list, json_string(names->at[i]));
    return list;
}

static json_t *dropped_json(const fw_session *s)
{
    json_t *list = names_json(&s->points.notes), *more = names_json(&s->dropped);
    json_array_extend(list, more);
    json_decref(more);
    return list;
}

fw_counts fw_count_trials(const fw_outcome *done, size_t n)
{
    fw_counts c = {0};
    for (size_t i = 0; i < n; i++) {
        const fw_outcome *o = &done[i];
        if (o->interrupted)
            continue;
        c.trials++;
        c.ok += strcmp(o->status, "ok") == 0;
        c.refused += strcmp(o->status, "refused") == 0;
        c.failed += strcmp(o->status, "failed") == 0;
        c.tainted += o->tainted;
        c.cured += o->retry_of && !o->tainted && strcmp(o->status, "ok") == 0;
    }
    return c;
}

static json_t *counts_json(const fw_session *s)
{
    fw_counts c = fw_count_trials(s->done, s->ndone);
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "trials", (json_int_t)c.trials, "ok", (json_int_t)c.ok, "refused",
                     (json_int_t)c.refused, "failed", (json_int_t)c.failed, "tainted", (json_int_t)c.tainted, "cured",
                     (json_int_t)c.cured);
}

void fw_write_manifest(fw_session *s, bool last)
{
    struct utsname u = {0};
    uname(&u);
    bool over = false;
    for (size_t i = 0; i < s->points.n; i++)
        over |= s->points.at[i].oversubscribed;
    char *allowed = allowed_text(), *kernel = fw_text("%s %s %s", u.sysname, u.release, u.machine);
    json_t *m = json_pack("{s:i,s:s,s:b,s:s,s:s,s:s,s:o,s:o,s:o,s:s,s:s,s:s}", "schema", 1, "version", FW_VERSION,
                          "interrupted", !last || fw_interrupted, "utc", s->utc, "alias", s->alias, "profile",
                          s->options.profile, "seed", json_sprintf("%llu", (unsigned long long)s->options.seed), "argv",
                          argv_json(s->options.argv), "git", git_json(), "libc",
                          fw_text("glibc %s", gnu_get_libc_version()), "kernel", kernel, "allowed_cpus", allowed);
    FW_MUST(m);
    json_object_set_new(m, "build",
                        json_pack("{s:s,s:s,s:s,s:s}", "compiler", FW_BUILD_COMPILER, "flags", FW_BUILD_FLAGS, "type",
                                  FW_BUILD_TYPE, "sanitizers", FW_BUILD_SANITIZE));
    json_object_set(m, "machine", s->machine);
    json_object_set_new(m, "grade", json_sprintf("%c", s->grade.letter));
    json_object_set(m, "grade_reasons", s->grade.reasons);
    json_object_set_new(m, "topology_hash", json_string(fw_topo_hash(s->topo)));
    json_object_set_new(m, "clock",
                        json_pack("{s:f,s:I}", "cost_ns", s->clock_cost_ns, "step_ns", (json_int_t)s->clock_step_ns));
    json_object_set(m, "calibration", s->calibration);
    if (s->calibration_end)
        json_object_set(m, "calibration_end", s->calibration_end);
    json_object_set_new(m, "window_ns", json_integer((json_int_t)s->settings.window_ns));
    json_object_set_new(m, "runners", runners_json(s));
    json_object_set_new(m, "dropped", dropped_json(s));
    if (s->instrumented.n)
        json_object_set_new(m, "instrumented", names_json(&s->instrumented));
    json_object_set_new(m, "oversubscribed", json_boolean(over));
    json_object_set_new(m, "counts", counts_json(s));
    json_object_set_new(m, "seconds", json_real((double)(fw_now_ns() - s->start_ns) / 1e9));
    fw_results_json(&s->results, "manifest.json", m);
    free(allowed);
    free(kernel);
}
