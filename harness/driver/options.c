/* options.c - the words after `fiveways run`. What can be judged without the
 * runners is judged here; names and values are checked in points.c. */
#include "driver.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char *const profiles[] = {"smoke", "quick", "standard", "rigorous", "soak"};
static const char *const placements[] = {"compact", "scatter", "smt", "same-l3", "cross-numa", "none"};

enum { OVERSUBSCRIBE = 256, INSTRUMENT, NO_CHARTS, PLAIN, PEERS, HELP };

static const struct option options[] = {
    {"profile", required_argument, NULL, 'p'},
    {"workload", required_argument, NULL, 'w'},
    {"runtime", required_argument, NULL, 'r'},
    {"variant", required_argument, NULL, 'v'},
    {"workers", required_argument, NULL, 'W'},
    {"placement", required_argument, NULL, 'P'},
    {"set", required_argument, NULL, 's'},
    {"sweep", required_argument, NULL, 'S'},
    {"seed", required_argument, NULL, 'e'},
    {"budget", required_argument, NULL, 'b'},
    {"rounds", required_argument, NULL, 'n'},
    {"hang-after", required_argument, NULL, 'h'},
    {"out", required_argument, NULL, 'o'},
    {"alias", required_argument, NULL, 'a'},
    {"runner", required_argument, NULL, 'R'},
    {"window", required_argument, NULL, 'i'},
    {"oversubscribe", no_argument, NULL, OVERSUBSCRIBE},
    {"instrument", no_argument, NULL, INSTRUMENT},
    {"no-charts", no_argument, NULL, NO_CHARTS},
    {"plain", no_argument, NULL, PLAIN},
    {"peers", no_argument, NULL, PEERS},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

static const char help_text[] =
    "fiveways run: runs workloads in every model, draws the charts, says what separates.\n\n"
    "  --profile P         smoke (2 rounds of 20 ms), quick (6, 100 ms, budget 120 s; the default), standard (12, 250 "
    "ms), rigorous (24, 250 ms),\n"
    "                      soak (standard, again until --budget; default 3600 s)\n"
    "  --workload W,…      only these; --runtime R,… --variant V,… likewise. A variant 'headline' means each model's "
    "headline\n"
    "  --workers N,…|all   workers for every block instead of each block's own; drops the axis over workers\n"
    "  --oversubscribe     allow more workers than allowed CPUs; the points are marked\n"
    "  --placement P       compact (default), scatter, smt, same-l3, cross-numa, none\n"
    "  --set KEY=VALUE     a parameter, for blocks and axes; workloads without it are left out when another has it. "
    "Repeatable\n"
    "  --sweep KEY=V1,V2   one block a value instead of the workload's own axes; of c10k: load=10,50,95,200 in "
    "percent\n"
    "                      of each model's own capacity, or rate=N,N requests a second for all\n"
    "  --seed S            of the order and of the data; printed and kept in the manifest otherwise\n"
    "  --budget SECONDS    trials stop fitting at this: axis points are dropped first, then\n"
    "                      rounds of whichever block takes longest\n"
    "  --rounds N          instead of the profile's\n"
    "  --window SECONDS    of one trial, instead of the profile's (0.001 to 600)\n"
    "  --hang-after S      a work count that stands still so long is a hang (default 10)\n"
    "  --out DIR           where the result folder is made (default: results/ of the source tree)\n"
    "  --alias NAME        instead of the host's anonymous name\n"
    "  --runner FILE       one more runner (harness/PROTOCOL.md). Repeatable\n"
    "  --peers             also the reference runners in other languages that were built (else only those in "
    "--runtime)\n"
    "  --instrument        runtimes that can tell more: channels what went through each (a chart), green and\n"
    "                      stackless which unit kept a worker too long; slower trials\n"
    "  --no-charts         result files only;  --plain  console charts in sentences\n\n"
    "The last line of the output is the result folder. Exit status: 0 all valid (refusals are), 1 a cell failed, 2 "
    "wrong command, 130 interrupted.\n";

static bool one_of(const char *word, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(word, names[i]) == 0)
            return true;
    return false;
}

static int take_workers(fw_options *o, const char *text)
{
    fw_names list = {0};
    fw_names_split(&list, text);
    for (size_t i = 0; i < list.n; i++) {
        uint64_t n = 0;
        if (strcmp(list.at[i], "all") != 0 && !fw_parse_u64(list.at[i], 1, FW_MAX_WORKERS, &n))
            return fw_usage("--workers takes numbers from 1 to %d or 'all', not '%s'", FW_MAX_WORKERS, list.at[i]);
        if (o->nworkers == sizeof o->workers / sizeof *o->workers)
            return fw_usage("--workers takes at most 64 numbers, not '%s'", text);
        o->workers[o->nworkers++] = (unsigned)n;
    }
    return -1;
}

static int take_pair(const char *flag, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return fw_usage("%s takes KEY=VALUE, not '%s'", flag, text);
    return -1;
}

static int take_alias(fw_options *o, const char *text)
{
    if (!*text || strlen(text) > 40 ||
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != strlen(text) ||
        *text == '.')
        return fw_usage("--alias takes up to 40 letters, digits, '-', '_' and '.', not '%s'", text);
    o->alias = text;
    return -1;
}

static int take_number(fw_options *o, int c, const char *text)
{
    uint64_t n = 0;
    double x;
    if (c == 'e' && (o->has_seed = fw_parse_u64(text, 0, UINT64_MAX, &o->seed)))
        return -1;
    if (c == 'e')
        return fw_usage("--seed takes a whole number, not '%s'", text);
    if (c == 'n' && !fw_parse_u64(text, 1, 10000, &n))
        return fw_usage("--rounds takes a whole number from 1 to 10000, not '%s'", text);
    if (c == 'b' && !(o->has_budget = fw_parse_seconds(text, 1, 1e7, &o->budget_s)))
        return fw_usage("--budget takes seconds, 1 or more, not '%s'", text);
    if (c == 'h' && !fw_parse_seconds(text, 0.1, 1e6, &o->hang_after_s))
        return fw_usage("--hang-after takes seconds, 0.1 or more, not '%s'", text);
    if (c == 'i' && !fw_parse_seconds(text, 0.001, 600, &x))
        return fw_usage("--window takes seconds from 0.001 to 600, not '%s'", text);
    if (c == 'n')
        o->rounds = (unsigned)n;
    if (c == 'i')
        o->window_s = x;
    return -1;
}

static int take(fw_options *o, int c)
{
    fw_names *lists[128] = {['w'] = &o->workload, ['r'] = &o->runtime, ['v'] = &o->variant};
    if (c == 'w' || c == 'r' || c == 'v')
        fw_names_split(lists[c], optarg);
    else if (c == 'p' && !one_of(optarg, profiles, 5))
        return fw_unknown("profile", optarg, profiles, 5);
    else if (c == 'p')
        o->profile = optarg;
    else if (c == 'P' && !one_of(optarg, placements, 6))
        return fw_unknown("placement", optarg, placements, 6);
    else if (c == 'P')
        o->placement = optarg;
    else if (c == 'W')
        return take_workers(o, optarg);
    else if (c == 's' || c == 'S') {
        if (c == 's')
            fw_names_add(&o->set, optarg);
        else if (o->sweep)
            return fw_usage("--sweep can be given once, not again as '%s'", optarg);
        else
            o->sweep = optarg;
        return take_pair(c == 's' ? "--set" : "--sweep", optarg);
    } else if (c == 'a')
        return take_alias(o, optarg);
    else if (c == 'o')
        o->out = optarg;
    else if (c == 'R')
        fw_names_add(&o->runner, optarg);
    else if (c < 128)
        return take_number(o, c, optarg);
    o->oversubscribe |= c == OVERSUBSCRIBE;
    o->instrument |= c == INSTRUMENT;
    o->no_charts |= c == NO_CHARTS;
    o->plain |= c == PLAIN;
    o->peers |= c == PEERS;
    return -1;
}

static int unknown_option(const char *word)
{
    const char *names[32];
    size_t n = 0;
    for (const struct option *p = options; p->name; p++)
        names[n++] = p->name;
    char *bare = fw_text("%s", word + strspn(word, "-"));
    bare[strcspn(bare, "=")] = '\0';
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], bare) == 0)
            return options[i].has_arg == required_argument ? fw_usage("%s needs a value (fiveways run --help)", word)
                                                           : fw_usage("%s takes no value", word);
    const char *near = fw_nearest(bare, names, n);
    return near ? fw_usage("unknown flag '%s'; did you mean '--%s'?", word, near)
                : fw_usage("unknown flag '%s' (fiveways run --help)", word);
}

int fw_options_parse(fw_options *o, int argc, char **argv)
{
    *o = (fw_options){.profile = "quick", .placement = "compact", .hang_after_s = 10};
    o->argv = json_array();
    json_array_append_new(o->argv, json_string("fiveways"));
    for (int i = 0; i < argc; i++)
        json_array_append_new(o->argv, json_string(argv[i]));
    opterr = 0;
    for (;;) {
        int at = optind ? optind : 1;
        int c = getopt_long(argc, argv, ":", options, NULL);
        if (c == -1)
            break;
        if (c == HELP) {
            fputs(help_text, stdout);
            return FW_EXIT_OK;
        }
        if (c == '?' || c == ':')
            return unknown_option(argv[at < argc ? at : argc - 1]);
        int status = take(o, c);
        if (status >= 0)
            return status;
    }
    if (optind < argc)
        return fw_usage("unexpected word '%s' (fiveways run --help)", argv[optind]);
    return -1;
}
