/* serve.c - `fiveways serve` becomes the runner's server: fiveways-R --serve. */
#include "driver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const runtimes[] = {"processes", "threads", "channels", "green", "stackless"};
enum { RUNTIMES = sizeof runtimes / sizeof *runtimes };

/* The value of --runtime, which is taken out of the words; NULL: not there. */
static const char *take_runtime(char **argv)
{
    const char *name = NULL;
    char **keep = argv;

    for (; *argv; argv++) {
        if (strncmp(*argv, "--runtime=", 10) == 0)
            name = *argv + 10;
        else if (strcmp(*argv, "--runtime") == 0 && argv[1])
            name = *++argv;
        else
            *keep++ = *argv;
    }
    *keep = NULL;
    return name;
}

int fw_cmd_serve(int argc, char **argv)
{
    const char *name = take_runtime(argv + 1);
    bool known = false;

    if (!name && argv[1] && strcmp(argv[1], "--help") == 0)
        name = runtimes[0]; /* says it for all */
    if (!name)
        return fw_usage("serve: no runtime; expected --runtime processes, threads, channels, green or stackless");
    for (size_t i = 0; i < RUNTIMES; i++)
        known |= strcmp(name, runtimes[i]) == 0;
    if (!known)
        return fw_unknown("runtime", name, runtimes, RUNTIMES);
    char *path = fw_text("%s/fiveways-%s", fw_bin_folder(), name);
    char **words = calloc((size_t)argc + 2, sizeof *words);
    FW_MUST(words);
    words[0] = path;
    words[1] = "--serve";
    for (size_t i = 1; argv[i]; i++)
        words[i + 1] = argv[i];
    execv(path, words);
    fprintf(stderr, "fiveways: %s cannot be started: %s\n", path, strerror(errno));
    return FW_EXIT_FAILED;
}
