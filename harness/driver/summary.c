/* summary.c - see summary.h. Factors are speed relative to the base: above 1 is faster. */
#include "summary.h"
#include "driver.h"
#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN = 10, LABEL = 40 };

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static bool headline(const json_t *e)
{
    return !json_is_false(json_object_get(e, "headline"));
}

static bool ok(const json_t *e)
{
    return is(fw_str_of(e, "status"), "ok");
}

static char *name_of(const json_t *e)
{
    const char *v = headline(e) ? "" : fw_str_of(e, "variant");
    return fw_text("%s%s%s", fw_str_of(e, "runtime"), *v ? "-" : "", v);
}

static json_t *entry_named(const json_t *block, const char *name)
{
    json_t *e;
    size_t i;
    json_array_foreach(json_object_get(block, "entries"), i, e)
    {
        char *own = name_of(e);
        bool same = is(own, name);
        free(own);
        if (same)
            return e;
    }
    return NULL;
}

static const json_t *pair_of(const json_t *block, const char *a, const char *b)
{
    json_t *p;
    size_t i;
    json_array_foreach(json_object_get(block, "pairs"), i, p)
    {
        const char *one = fw_str_of(p, "a"), *two = fw_str_of(p, "b");
        if ((is(one, a) && is(two, b)) || (is(one, b) && is(two, a)))
            return p;
    }
    return NULL;
}

static bool separated(const json_t *block, const char *a, const char *b)
{
    const json_t *p = pair_of(block, a, b);
    return p && !is(fw_str_of(p, "verdict"), "not separated");
}

static const char *factor(char *text, size_t bytes, double x)
{
    snprintf(text, bytes, x >= 99.5 ? "%.0fx" : x >= 9.95 ? "%.0fx" : x >= 0.095 ? "%.1fx" : "%.2fx", x);
    return text;
}

/* Every block that has one is told relative to the same model. */
static const char *base_of(const json_t *block)
{
    json_t *e = entry_named(block, "threads");
    size_t i;
    if (e && ok(e))
        return "threads";
    json_array_foreach(json_object_get(block, "entries"), i, e) if (ok(e) && headline(e)) return fw_str_of(e,
                                                                                                           "runtime");
    return NULL;
}

/* seq, the five models in the order of their history, then what else was run. */
static void columns(const json_t *blocks, fw_names *names)
{
    static const char *const known[] = {"seq", "processes", "threads", "channels", "green", "stackless"};
    fw_names all = {0};
    json_t *block, *e;
    size_t i, j;
    json_array_foreach(blocks, i, block)
    {
        json_array_foreach(json_object_get(block, "entries"), j, e)
        {
            if (headline(e) && !fw_names_has(&all, fw_str_of(e, "runtime")))
                fw_names_add(&all, fw_str_of(e, "runtime"));
        }
    }
    for (i = 0; i < sizeof known / sizeof *known; i++)
        if (fw_names_has(&all, known[i]))
            fw_names_add(names, known[i]);
    for (i = 0; i < all.n; i++)
        if (!fw_names_has(names, all.at[i]))
            fw_names_add(names, all.at[i]);
}

static void cell(FILE *out, const json_t *block, const char *base, const char *name)
{
    const json_t *e = entry_named(block, name), *b = base ? entry_named(block, base) : NULL;
    char text[32], number[24];
    if (!e)
        snprintf(text, sizeof text, "-");
    else if (!ok(e))
        snprintf(text, sizeof text, "%s", fw_str_of(e, "status"));
    else if (is(name, base))
        snprintf(text, sizeof text, "1");
    else
        snprintf(text, sizeof text, "%s%s",
                 factor(number, sizeof number, fw_num_of(b, "median", 0) / fw_num_of(e, "median", 1)),
                 separated(block, base, name) ? "" : "~");
    fprintf(out, "%*s", COLUMN, text);
}

static void label(FILE *out, const json_t *block)
{
    char *text = fw_text("%s: %s", fw_str_of(block, "workload"), fw_str_of(block, "label"));
    fprintf(out, "%-*s", LABEL, text);
    if (strlen(text) >= LABEL)
        fprintf(out, "\n%-*s", LABEL, "");
    free(text);
}

static void variants(FILE *out, const json_t *block, const char *base)
{
    json_t *e;
    size_t i;
    bool any = false;
    json_array_foreach(json_object_get(block, "entries"), i, e)
    {
        char number[24], *name = name_of(e);
        const json_t *b = base ? entry_named(block, base) : NULL;
        if (!headline(e)) {
            fprintf(out, "%s%s ", any ? ", " : "  variants: ", name);
            if (ok(e) && b)
                fprintf(out, "%s%s",
                        factor(number, sizeof number, fw_num_of(b, "median", 0) / fw_num_of(e, "median", 1)),
                        separated(block, base, name) ? "" : "~");
            else
                fputs(fw_str_of(e, "status"), out);
            any = true;
        }
        free(name);
    }
    if (any)
        fputc('\n', out);
}

void fw_summary_table(FILE *out, const json_t *verdicts)
{
    const json_t *blocks = json_object_get(verdicts, "blocks");
    fw_names names = {0};
    json_t *block;
    size_t i;
    columns(blocks, &names);
    fprintf(out, "%*s\n%-*s", LABEL + 4 * COLUMN, "speed: higher is better; 1 is threads", LABEL, "");
    for (i = 0; i < names.n; i++)
        fprintf(out, "%*s", COLUMN, names.at[i]);
    fprintf(out, "%*s\n", COLUMN + 2, "1 took");
    json_array_foreach(blocks, i, block)
    {
        const char *base = base_of(block);
        char text[32] = "-";
        label(out, block);
        for (size_t k = 0; k < names.n; k++)
            cell(out, block, base, names.at[k]);
        if (base)
            fw_time_text(text, sizeof text, fw_num_of(entry_named(block, base), "median", 0));
        fprintf(out, "%*s%s%s\n", COLUMN + 2, text, base && !is(base, "threads") ? ", 1 is " : "",
                base && !is(base, "threads") ? base : "");
        variants(out, block, base);
    }
    fprintf(out, "%*s~ not separated from 1\n\n", LABEL, "");
}

/* ---- words -------------------------------------------------------------- */

typedef struct gap {
    const json_t *pair;
    const char *fast, *slow;
    double low, high;
} gap;

static bool model(const json_t *block, const char *name)
{
    const json_t *e = entry_named(block, name);
    return e && is(fw_str_of(e, "kind"), "model") && headline(e) && ok(e);
}

/* The widest gap between two headline models that separate; pair NULL: none. *pairs: how many were compared. */
static gap widest(const json_t *block, unsigned *pairs)
{
    gap best = {0};
    double most = 0;
    json_t *p;
    size_t i;
    *pairs = 0;
    json_array_foreach(json_object_get(block, "pairs"), i, p)
    {
        const char *a = fw_str_of(p, "a"), *b = fw_str_of(p, "b"), *verdict = fw_str_of(p, "verdict");
        double ratio = fw_num_of(p, "ratio", 1), low = fw_num_of(p, "low", 1), high = fw_num_of(p, "high", 1);
        if (!model(block, a) || !model(block, b))
            continue;
        ++*pairs;
        bool faster = is(verdict, "faster");
        if (is(verdict, "not separated") || (faster ? ratio : 1 / ratio) <= most)
            continue;
        most = faster ? ratio : 1 / ratio;
        best = faster ? (gap){p, a, b, low, high} : (gap){p, b, a, 1 / high, 1 / low};
    }
    return best;
}

static size_t models_of(const json_t *block)
{
    json_t *e;
    size_t i, n = 0;
    json_array_foreach(json_object_get(block, "entries"), i, e) n +=
        is(fw_str_of(e, "kind"), "model") && headline(e) && ok(e);
    return n;
}

static size_t not_run(const json_t *block)
{
    json_t *e;
    size_t i, n = 0;
    json_array_foreach(json_object_get(block, "entries"), i, e) n += is(fw_str_of(e, "status"), "not run");
    return n;
}

static void said_of(FILE *out, const json_t *block)
{
    unsigned pairs;
    gap g = widest(block, &pairs);
    json_t *e;
    size_t i;
    char low[24], high[24];
    if (not_run(block) == json_array_size(json_object_get(block, "entries"))) /* troubles() says so */
        return;
    fprintf(out, " * %s (%s): ", fw_str_of(block, "workload"), fw_str_of(block, "label"));
    if (!pairs) {
        fputs(models_of(block) < 2 ? "no two models to compare.\n" : "no round in which two models ran undisturbed.\n",
              out);
        return;
    }
    double rounds = fw_num_of(block, "rounds", FW_LEAST_ROUNDS);
    if (rounds < FW_LEAST_ROUNDS) {
        fprintf(out, "%.0f round%s can't separate anything, %d can.\n", rounds, rounds > 1 ? "s" : "", FW_LEAST_ROUNDS);
        return;
    }
    if (!g.pair) {
        fputs("no model was separated from another.\n", out);
        return;
    }
    factor(low, sizeof low, g.low);
    factor(high, sizeof high, g.high);
    fprintf(out, "%s is %s%s%s faster than %s, the widest gap", g.fast, low, is(low, high) ? "" : "-",
            is(low, high) ? "" : high, g.slow);
    bool any = false;
    json_array_foreach(json_object_get(block, "entries"), i, e)
    {
        char *name = name_of(e);
        if (model(block, name) && !is(name, g.fast) && pair_of(block, g.fast, name) &&
            !separated(block, g.fast, name)) {
            fprintf(out, "%s%s", any ? ", " : "; not separated from it: ", name);
            any = true;
        }
        free(name);
    }
    fputs(".\n", out);
}

static void troubles(FILE *out, const json_t *block)
{
    json_t *e;
    size_t i;
    json_array_foreach(json_object_get(block, "entries"), i, e)
    {
        char *name = name_of(e);
        if (!ok(e) && !is(fw_str_of(e, "status"), "not run"))
            fprintf(out, " * %s (%s), %s: %s: %s\n", fw_str_of(block, "workload"), fw_str_of(block, "label"), name,
                    fw_str_of(e, "status"), fw_str_of(e, "reason"));
        free(name);
    }
    if (not_run(block))
        fprintf(out, " * %s (%s): %zu of %zu entries not run: the run ended before they were measured\n",
                fw_str_of(block, "workload"), fw_str_of(block, "label"), not_run(block),
                json_array_size(json_object_get(block, "entries")));
}

/* One line, where the load generator of some entries was at its limit. */
static void limits(FILE *out, const json_t *block)
{
    json_t *e;
    size_t i;
    bool any = false;
    json_array_foreach(json_object_get(block, "entries"), i, e)
    {
        char *name = name_of(e);
        if (fw_num_of(e, "limited", 0) > 0) {
            if (!any)
                fprintf(out, " * %s (%s): the load generator was at its limit under ", fw_str_of(block, "workload"),
                        fw_str_of(block, "label"));
            fprintf(out, "%s%s (%.0f of %.0f trials)", any ? ", " : "", name, fw_num_of(e, "limited", 0),
                    fw_num_of(e, "n", 0));
            any = true;
        }
        free(name);
    }
    if (any)
        fputs(": what is shown is the least that they can do.\n", out);
}

static void levels(FILE *out, const json_t *blocks)
{
    json_t *block, *p;
    size_t i, j;
    double level = 2, wanted = 0, rounds = 0;
    json_array_foreach(blocks, i, block) rounds = fmax(rounds, fw_num_of(block, "rounds", 0));
    if (rounds < FW_LEAST_ROUNDS) {
        fprintf(out, "Fewer than %d rounds separate nothing, and this run has %.0f (--profile quick: 6).\n",
                FW_LEAST_ROUNDS, rounds);
        return;
    }
    json_array_foreach(blocks, i, block) json_array_foreach(json_object_get(block, "pairs"), j, p)
    {
        if (json_is_true(json_object_get(p, "exploratory")) && fw_num_of(p, "level", 2) > 0) {
            level = fmin(level, fw_num_of(p, "level", 2));
            wanted = fw_num_of(p, "wanted_level", 0);
        }
    }
    if (level <= 1)
        fprintf(out,
                "Exploratory: so few rounds reach %.1f %% for a pair at worst, not the %.2f %% that so many "
                "comparisons ask for (--profile standard carries 102 pairs, rigorous all).\n",
                100 * level, 100 * wanted);
}

void fw_summary_words(FILE *out, const json_t *verdicts, unsigned cpus)
{
    const json_t *blocks = json_object_get(verdicts, "blocks"), *aa = json_object_get(verdicts, "aa");
    json_t *block;
    size_t i;
    fputs("What this says\n", out);
    json_array_foreach(blocks, i, block) said_of(out, block);
    json_array_foreach(blocks, i, block) troubles(out, block);
    json_array_foreach(blocks, i, block) limits(out, block);
    levels(out, blocks);
    fprintf(out, "Do not conclude: anything about more than %u CPU%s, or about another machine.\n", cpus,
            cpus == 1 ? "" : "s");
    if (json_is_number(json_object_get(aa, "percent")))
        fprintf(out, "A/A noise: %.1f %%, from %.0f pair%s of twins (smaller differences are ignored)\n",
                fw_num_of(aa, "percent", 0), fw_num_of(aa, "pairs", 0), fw_num_of(aa, "pairs", 0) == 1 ? "" : "s");
    else
        fputs("A/A noise: not measured (no pair of twins ran undisturbed)\n", out);
}
