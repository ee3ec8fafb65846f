/* share.c - `fiveways compare`, `pack` and `merge` become the programs of plots/ of the same name, which read result
 * folders and judge the words of the command line. */
#include "driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Returns only where there is no interpreter. */
static int become(const char *program, int argc, char **argv)
{
    if (!*FW_PYTHON) {
        fw_usage("%s: no python3 with matplotlib and jinja2 was found when this was built (scripts/install-deps)",
                 program);
        return FW_EXIT_FAILED;
    }
    char **words = calloc((size_t)argc + 3, sizeof *words);
    FW_MUST(words);
    words[0] = fw_text("%s", FW_PYTHON);
    words[1] = fw_text("%s/%s.py", FW_PLOTS_DIR, program);
    memcpy(&words[2], &argv[1], (size_t)(argc - 1) * sizeof *words);
    execv(words[0], words);
    fprintf(stderr, "fiveways: %s cannot be started: %s\n", words[0], strerror(errno));
    free(words);
    return FW_EXIT_FAILED;
}

int fw_cmd_compare(int argc, char **argv)
{
    return become("compare", argc, argv);
}

int fw_cmd_pack(int argc, char **argv)
{
    return become("pack", argc, argv);
}

int fw_cmd_merge(int argc, char **argv)
{
    return become("merge", argc, argv);
}
