/* runner_serve.c - `fiveways-R --serve`: a server's cell alone, for clients from outside, until a signal. */
#include "runner.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, MOST_SETTINGS = FW_MAX_PARAMS };

typedef struct order {
    struct in_addr address;
    uint16_t port;
    unsigned workers;
    const char *variant; /* NULL: the headline's */
    char *setting[MOST_SETTINGS];
    size_t settings;
} order;

static int wrong(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "fiveways-%s --serve: ", fw_about_runtime.runtime);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return EXIT_USAGE;
}

static int help(void)
{
    puts("usage: fiveways serve --runtime R [--port P] [--workers N] [--address A] [--variant V] [--set NAME=VALUE]…\n"
         "  Serves HTTP/1.1: GET / (a greeting), GET /n/ID (16 hexadecimal digits), POST /echo (the body again).\n"
         "  --runtime R   processes, threads, channels, green or stackless\n"
         "  --port P      0 to 65535; 0 (default): any that is free; the first line printed tells which\n"
         "  --workers N   OS threads that run the green threads and tasks; default 1\n"
         "  --address A   IPv4 address to listen on; default 127.0.0.1, this machine alone\n"
         "  --variant V   another way of the same model (`fiveways list`)\n"
         "  --set         request_ms=30000: time for a request to be there; idle_ms=600000: for the next one to begin\n"
         "SIGTERM or SIGINT: accepts nothing more, answers what was asked, closes, exit status 0.");
    return 0;
}

static bool number(const char *text, unsigned long least, unsigned long most, unsigned long *out)
{
    char *end;
    *out = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && *out >= least && *out <= most;
}

/* 0: go on; else what to exit with, and *done. */
static int read_order(int argc, char **argv, order *o, bool *done)
{
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"workers", required_argument, NULL, 'w'},
        {"address", required_argument, NULL, 'a'},
        {"variant", required_argument, NULL, 'v'},
        {"set", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    unsigned long n;

    *done = true;
    for (int at = 1, c; (c = getopt_long(argc, argv, ":", options, NULL)) != -1; at = optind) {
        switch (c) {
        case 'p':
            if (!number(optarg, 0, UINT16_MAX, &n))
                return wrong("--port %s: expected a number from 0 to %d", optarg, UINT16_MAX);
            o->port = (uint16_t)n;
            break;
        case 'w':
            if (!number(optarg, 1, FW_MAX_WORKERS, &n))
                return wrong("--workers %s: expected a number from 1 to %d", optarg, FW_MAX_WORKERS);
            o->workers = (unsigned)n;
            break;
        case 'a':
            if (inet_pton(AF_INET, optarg, &o->address) != 1)
                return wrong("--address %s: expected an IPv4 address such as 127.0.0.1", optarg);
            break;
        case 'v':
            o->variant = optarg;
            break;
        case 's':
            if (o->settings == MOST_SETTINGS || !strchr(optarg, '='))
                return wrong("--set %s: expected NAME=VALUE, at most %d times", optarg, MOST_SETTINGS);
            o->setting[o->settings++] = optarg;
            break;
        case 'h':
            return help();
        default:
            return wrong("%s: %s (fiveways serve --help)", argv[at],
                         c == ':' ? "a value is missing" : "no such option; expected --port, --workers or --address");
        }
    }
    if (optind < argc)
        return wrong("unexpected '%s'; expected options only", argv[optind]);
    *done = false;
    return 0;
}

static const fw_cell *find_cell(const char *variant)
{
    for (size_t i = 0; i < fw_cell_count; i++)
        if (fw_cells[i].spec->serve && (variant ? strcmp(variant, fw_cells[i].variant) == 0 : fw_cells[i].headline))
            return &fw_cells[i];
    return NULL;
}

static int set_all(fw_trial *t, const order *o)
{
    char why[FW_LINE_BYTES];

    t->nworkers = o->workers;
    for (unsigned w = 0; w < o->workers; w++)
        t->worker[w] = (fw_worker){.index = w, .l3 = -1, .numa = -1};
    for (size_t i = 0; i < o->settings; i++) {
        char *value = strchr(o->setting[i], '=');
        *value++ = '\0';
        if (fw_trial_set(t, o->setting[i], value, why, sizeof why) != 0)
            return wrong("%s", why);
    }
    return 0;
}

int fw_serve(int argc, char **argv)
{
    order o = {.address.s_addr = htonl(INADDR_LOOPBACK), .workers = 1};
    char why[FW_LINE_BYTES];
    bool done;
    int rc = read_order(argc, argv, &o, &done);

    if (done)
        return rc;
    const fw_cell *cell = find_cell(o.variant);
    if (!cell)
        return o.variant ? wrong("--variant %s: no server of that name (fiveways list)", o.variant)
                         : wrong("no server was built for this runtime");
    fw_trial *t = fw_trial_new(cell, "standard");
    if (!t)
        return wrong("no memory"), EXIT_FAILED;
    rc = set_all(t, &o);
    if (!rc && cell->spec->serve(ntohl(o.address.s_addr), o.port, why, sizeof why) != 0)
        rc = wrong("%s", why) ? EXIT_FAILED : 0;
    if (!rc && fw_trial_run(t) != 0)
        rc = wrong("%s: %s", t->refused ? t->refused_call : "failed",
                   t->refused ? strerror(t->refused_errno) : t->failure)
                 ? EXIT_FAILED
                 : 0;
    fw_trial_free(t);
    return rc;
}
