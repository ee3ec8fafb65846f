/* points.c - see points.h. Names and values are checked here, before any trial. */
#include "points.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct making {
    fw_points *points;
    const fw_options *o;
    const fw_catalogue *c;
    const fw_topo *topo;
    fw_names workloads, sweep_values;
    const char *sweep_key;
    unsigned cpus;
    bool set_workers; /* --workers was given */
} making;

static void add_once(fw_names *list, const char *name)
{
    if (!fw_names_has(list, name))
        fw_names_add(list, name);
}

static int check_names(const char *what, const fw_names *asked, const fw_names *known)
{
    for (size_t i = 0; i < asked->n; i++)
        if (!fw_names_has(known, asked->at[i]))
            return fw_unknown(what, asked->at[i], known->at, known->n);
    return -1;
}

static bool wanted(const making *m, const fw_entry *e)
{
    const fw_options *o = m->o;
    if (o->runtime.n ? !fw_names_has(&o->runtime, e->runner->runtime) : e->runner->peer && !o->peers)
        return false;
    if (!o->variant.n || (e->headline && fw_names_has(&o->variant, "headline")))
        return true;
    return fw_names_has(&o->variant, e->variant);
}

static int choose_workloads(making *m)
{
    fw_names workloads = {0}, runtimes = {0}, variants = {0};
    const fw_options *o = m->o;
    add_once(&variants, "headline");
    for (size_t i = 0; i < m->c->runners; i++)
        add_once(&runtimes, m->c->runner[i].runtime);
    for (size_t i = 0; i < m->c->entries; i++) {
        if (*m->c->entry[i].variant)
            add_once(&variants, m->c->entry[i].variant);
        if (fw_catalogue_workload(m->c, m->c->entry[i].workload))
            add_once(&workloads, m->c->entry[i].workload);
    }
    int status = check_names("workload", &o->workload, &workloads);
    status = status < 0 ? check_names("runtime", &o->runtime, &runtimes) : status;
    status = status < 0 ? check_names("variant", &o->variant, &variants) : status;
    if (status >= 0)
        return status;
    bool core = strcmp(o->profile, "quick") == 0 || strcmp(o->profile, "smoke") == 0;
    for (size_t i = 0; i < m->c->workloads; i++) {
        const json_t *w = m->c->workload[i];
        bool named = fw_names_has(&o->workload, fw_str_of(w, "name"));
        if (o->workload.n ? named : !core || json_is_true(json_object_get(w, "core")))
            fw_names_add(&m->workloads, fw_str_of(w, "name"));
    }
    return m->workloads.n ? -1 : fw_usage("no runner beside the driver declares a workload (fiveways list)");
}

/* ---- values ---------------------------------------------------------------- */

static int check_path(const char *key, const char *path)
{
    struct stat st;
    if (!*path)
        return -1;
    if (stat(path, &st) != 0 || access(path, R_OK) != 0)
        return fw_usage("%s=%s: cannot be read: %s", key, path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return fw_usage("%s=%s: is not a regular file; expected a file with text", key, path);
    return st.st_size ? -1 : fw_usage("%s=%s: is empty; expected a file with text", key, path);
}

static int check_value(const json_t *p, const char *value)
{
    const char *key = fw_str_of(p, "name"), *type = fw_str_of(p, "type");
    if (strcmp(type, "path") == 0)
        return strcmp(key, "input") == 0 ? check_path(key, value) : -1;
    if (strcmp(type, "int") == 0) {
        double min = fw_num_of(p, "min", 0), max = fw_num_of(p, "max", 9e15);
        char *end;
        errno = 0;
        long long n = strtoll(value, &end, 10);
        if (!*value || *end || errno || (double)n < min || (double)n > max)
            return fw_usage("%s=%s: expected a whole number from %.0f to %.0f", key, value, min, max);
        return -1;
    }
    json_t *choices = json_object_get(p, "choices"), *choice;
    size_t i;
    fw_names known = {0};
    if (json_is_string(choices)) {
        char *rest = fw_text("%s", json_string_value(choices)), *word;
        while ((word = strsep(&rest, "|")))
            fw_names_add(&known, word);
    }
    json_array_foreach(choices, i, choice) fw_names_add(&known, json_string_value(choice));
    return known.n && !fw_names_has(&known, value) ? fw_unknown(fw_text("value of %s", key), value, known.at, known.n)
                                                   : -1;
}

static char *key_of(const char *pair)
{
    return fw_text("%.*s", (int)strcspn(pair, "="), pair);
}

/* Keys must belong to a chosen workload; without --workload, workloads that lack one are left out. */
static int check_key(making *m, const char *key)
{
    fw_names having = {0}, known = {0};
    for (size_t i = 0; i < m->workloads.n; i++) {
        const json_t *w = fw_catalogue_workload(m->c, m->workloads.at[i]), *p;
        size_t j;
        json_array_foreach(json_object_get(w, "params"), j, p) add_once(&known, fw_str_of(p, "name"));
        if (fw_param_of(w, key))
            fw_names_add(&having, m->workloads.at[i]);
    }
    if (!having.n)
        return fw_unknown("parameter", key, known.at, known.n);
    if (!m->o->workload.n && having.n < m->workloads.n) {
        fw_names_add(&m->points->notes, fw_text("workloads without the parameter '%s' are left out", key));
        m->workloads = having;
    } else if (having.n < m->workloads.n)
        return fw_usage("parameter '%s' belongs to %s only, not to every workload asked for", key, having.at[0]);
    return -1;
}

static int check_values(making *m)
{
    for (size_t i = 0; i < m->o->set.n; i++) {
        int status = check_key(m, key_of(m->o->set.at[i]));
        if (status >= 0)
            return status;
    }
    if (m->o->sweep) {
        m->sweep_key = key_of(m->o->sweep);
        fw_names_split(&m->sweep_values, strchr(m->o->sweep, '=') + 1);
        int status = check_key(m, m->sweep_key);
        if (status >= 0)
            return status;
    }
    for (size_t w = 0; w < m->workloads.n; w++) {
        const json_t *def = fw_catalogue_workload(m->c, m->workloads.at[w]);
        for (size_t i = 0; i < m->o->set.n; i++) {
            int status = check_value(fw_param_of(def, key_of(m->o->set.at[i])), strchr(m->o->set.at[i], '=') + 1);
            if (status >= 0)
                return status;
        }
        for (size_t i = 0; i < m->sweep_values.n; i++) {
            int status = check_value(fw_param_of(def, m->sweep_key), m->sweep_values.at[i]);
            if (status >= 0)
                return status;
        }
    }
    return -1;
}

/* ---- points ----------------------------------------------------------------- */

static json_t *full_params(const making *m, const json_t *w, const json_t *own, const char *key, const char *value)
{
    json_t *all = json_object(), *p, *v;
    const char *name;
    size_t i;
    json_array_foreach(json_object_get(w, "params"), i, p)
        json_object_set_new(all, fw_str_of(p, "name"), json_string(fw_param_default(p, m->o->profile)));
    json_object_foreach((json_t *)(uintptr_t)own, name, v) json_object_set_new(
        all, name, json_is_integer(v) ? json_sprintf("%lld", (long long)json_integer_value(v)) : json_incref(v));
    for (i = 0; i < m->o->set.n; i++) {
        const char *text = strchr(m->o->set.at[i], '=') + 1;
        char *set = key_of(m->o->set.at[i]), *absolute = NULL;
        if (strcmp(fw_str_of(fw_param_of(w, set), "type"), "path") == 0 && *text)
            absolute = *text == '/' ? NULL : realpath(text, NULL);
        json_object_set_new(all, set, json_string(absolute ? absolute : text));
    }
    if (key)
        json_object_set_new(all, key, json_string(value));
    return all;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The keys that tell this workload's points apart, or that were set. */
static void shown_keys(const making *m, const json_t *w, fw_names *keys)
{
    json_t *block, *axis, *v;
    const char *key;
    size_t i;
    json_array_foreach(json_object_get(w, "blocks"), i, block)
        json_object_foreach(json_object_get(block, "params"), key, v) add_once(keys, key);
    json_array_foreach(json_object_get(w, "axes"), i, axis) if (strcmp(fw_str_of(axis, "param"), "workers") != 0)
        add_once(keys, fw_str_of(axis, "param"));
    for (i = 0; i < m->o->set.n; i++)
        add_once(keys, key_of(m->o->set.at[i]));
    if (m->sweep_key)
        add_once(keys, m->sweep_key);
    if (keys->n)
        qsort(keys->at, keys->n, sizeof *keys->at, by_name);
}

static char *params_text(const json_t *params, const fw_names *keys)
{
    char *text = fw_text("%s", "");
    for (size_t i = 0; i < keys->n; i++) {
        const char *value = fw_str_of(params, keys->at[i]);
        const char *home = getenv("HOME");
        size_t n = home ? strlen(home) : 0;
        bool in_home = n > 1 && strncmp(value, home, n) == 0 && value[n] == '/';
        char *safe = fw_text("%s%s", in_home ? "~" : "", in_home ? value + n : value), *semicolon;
        while ((semicolon = strchr(safe, ';'))) {
            *semicolon = '\0';
            safe = fw_text("%s%%3B%s", safe, semicolon + 1);
        }
        text = fw_text("%s%s%s=%s", text, i ? ";" : "", keys->at[i], safe);
    }
    return text;
}

static bool same_point(const making *m, const json_t *w, const json_t *params, unsigned workers)
{
    for (size_t i = 0; i < m->points->n; i++) {
        const fw_point *p = &m->points->at[i];
        if (p->workload == w && p->nworkers == workers && json_equal(p->params, params))
            return true;
    }
    return false;
}

static void add_cases(const making *m, fw_point *p, bool headline_only)
{
    const char *name = fw_str_of(p->workload, "name");
    p->cases = calloc(m->c->entries + 1, sizeof *p->cases);
    FW_MUST(p->cases);
    for (size_t i = 0; i < m->c->entries; i++) {
        const fw_entry *e = &m->c->entry[i];
        if (strcmp(e->workload, name) == 0 && wanted(m, e) && (!headline_only || e->headline))
            p->cases[p->ncases++] = (fw_case){.entry = *e};
    }
}

/* Adds a point; -1, or the exit status when it can't be placed. An axis point that can't be is noted and left out. */
static int add_point(making *m, const json_t *w, const char *label, json_t *params, unsigned workers, const char *axis,
                     const fw_names *keys)
{
    fw_points *all = m->points;
    if (workers == 0)
        workers = m->cpus;
    bool over = workers > m->cpus;
    if (over && !m->o->oversubscribe) {
        if (m->set_workers)
            return fw_usage("--workers %u: only %u CPU%s allowed here; --oversubscribe permits more", workers, m->cpus,
                            m->cpus == 1 ? " is" : "s are");
        fw_names_add(&all->notes, fw_text("%s%s%s: needs %u workers, only %u CPU%s allowed (--oversubscribe)",
                                          fw_str_of(w, "name"), axis ? ", axis " : ", ", axis ? axis : label, workers,
                                          m->cpus, m->cpus == 1 ? " is" : "s are"));
        return -1;
    }
    if (same_point(m, w, params, workers))
        return -1;
    char why[256] = "";
    json_t *placed = fw_place_json(m->topo, m->o->placement, workers, why, sizeof why);
    if (!placed && (!axis || m->set_workers) && strcmp(m->o->placement, "compact") != 0)
        return fw_usage("--placement %s with %u workers: %s", m->o->placement, workers, why);
    if (!placed) {
        fw_names_add(&all->notes, fw_text("%s with %u workers left out: %s", fw_str_of(w, "name"), workers, why));
        return -1;
    }
    all->at = realloc(all->at, (all->n + 1) * sizeof *all->at);
    FW_MUST(all->at);
    fw_point *p = &all->at[all->n++];
    *p = (fw_point){.label = label,
                    .params_text = params_text(params, keys),
                    .placement = m->o->placement,
                    .axis = axis,
                    .workload = w,
                    .params = params,
                    .workers = placed,
                    .nworkers = workers,
                    .batch = 1,
                    .oversubscribed = over};
    add_cases(m, p, axis && strcmp(axis, "workers") == 0);
    return -1;
}

/* What a block's point is called: its name and what was set instead of its values; of which nothing is left, that; and
 * the sweep's value, or NULL. */
static char *block_label(const making *m, const json_t *block, unsigned workers, const char *value)
{
    const json_t *own = json_object_get(block, "params");
    char *swept = value ? fw_text("%s %s", m->sweep_key, value) : "", *set = "";
    size_t n = value && json_object_get(own, m->sweep_key);

    if (m->set_workers)
        return fw_text("%u worker%s%s%s", workers ? workers : m->cpus, workers == 1 ? "" : "s", value ? ", " : "",
                       swept);
    for (size_t i = 0; i < m->o->set.n; i++) {
        char *key = key_of(m->o->set.at[i]);
        if (json_object_get(own, key)) {
            set = fw_text("%s, %s %s", set, key, strchr(m->o->set.at[i], '=') + 1);
            n++;
        }
    }
    if (value)
        set = fw_text("%s, %s", set, swept);
    bool own_left = n == 0 || n < json_object_size(own); /* else the name says nothing any more */
    return own_left ? fw_text("%s%s", fw_str_of(block, "label"), set) : fw_text("%s", set + strlen(", "));
}

static int add_blocks(making *m, const json_t *w, const fw_names *keys)
{
    json_t *block;
    size_t i;
    json_array_foreach(json_object_get(w, "blocks"), i, block)
    {
        size_t values = m->sweep_key ? m->sweep_values.n : 1, counts = m->set_workers ? m->o->nworkers : 1;
        for (size_t v = 0; v < values; v++)
            for (size_t k = 0; k < counts; k++) {
                unsigned workers = m->set_workers ? m->o->workers[k] : (unsigned)fw_num_of(block, "workers", 1);
                const char *value = m->sweep_key ? m->sweep_values.at[v] : NULL;
                char *label = block_label(m, block, workers, value);
                json_t *params = full_params(m, w, json_object_get(block, "params"), m->sweep_key, value);
                int status = add_point(m, w, label, params, workers, NULL, keys);
                if (status >= 0)
                    return status;
            }
    }
    return -1;
}

static int add_axes(making *m, const json_t *w, const fw_names *keys)
{
    json_t *axis, *v;
    size_t i, j;
    json_t *first = json_object_get(json_array_get(json_object_get(w, "blocks"), 0), "params");
    json_array_foreach(json_object_get(w, "axes"), i, axis)
    {
        const char *key = fw_str_of(axis, "param");
        bool workers = strcmp(key, "workers") == 0;
        if (m->sweep_key || (workers && m->set_workers))
            continue;
        bool fixed = false;
        for (size_t k = 0; k < m->o->set.n; k++)
            fixed |= strcmp(key_of(m->o->set.at[k]), key) == 0;
        if (fixed)
            continue;
        json_array_foreach(json_object_get(axis, "values"), j, v)
        {
            char *value = json_is_integer(v) ? fw_text("%lld", (long long)json_integer_value(v))
                                             : fw_text("%s", json_string_value(v));
            unsigned count = workers          ? (unsigned)atoi(value)
                             : m->set_workers ? m->o->workers[0]
                                              : (unsigned)fw_num_of(axis, "workers", 0);
            json_t *params = full_params(m, w, first, workers ? NULL : key, value);
            int status = add_point(m, w, fw_text("%s %s", key, value), params, count, key, keys);
            if (status >= 0)
                return status;
        }
    }
    return -1;
}

int fw_points_make(fw_points *points, const fw_options *o, const fw_catalogue *c, const fw_topo *topo)
{
    making m = {
        .points = points, .o = o, .c = c, .topo = topo, .cpus = fw_topo_allowed(topo), .set_workers = o->nworkers > 0};
    *points = (fw_points){0};
    int status = choose_workloads(&m);
    status = status < 0 ? check_values(&m) : status;
    for (size_t pass = 0; pass < 2 && status < 0; pass++)
        for (size_t i = 0; i < m.workloads.n && status < 0; i++) {
            const json_t *w = fw_catalogue_workload(c, m.workloads.at[i]);
            fw_names keys = {0};
            shown_keys(&m, w, &keys);
            if (pass == 0)
                status = add_blocks(&m, w, &keys);
            else if (strcmp(o->profile, "smoke") != 0)
                status = add_axes(&m, w, &keys);
        }
    unsigned blocks = 0, axes = 0, entries = 0;
    for (size_t i = 0; i < points->n; i++) {
        fw_point *p = &points->at[i];
        p->id = p->axis ? fw_text("a%u", ++axes) : fw_text("b%u", ++blocks);
        entries += (unsigned)p->ncases;
    }
    if (status < 0 && !entries)
        return fw_usage("nothing to run: no runtime has a cell for what was asked (fiveways list)%s%s",
                        points->notes.n ? "; " : "", points->notes.n ? points->notes.at[0] : "");
    return status;
}
