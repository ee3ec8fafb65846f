/* names.c - words of the command line: numbers without junk, lists, and the
 * nearest known name for an unknown one. */
#include "driver.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST = 64 };

/* Levenshtein 1966, one row. */
static size_t distance(const char *a, const char *b)
{
    size_t row[LONGEST + 1], la = strlen(a), lb = strlen(b);
    if (la > LONGEST || lb > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[lb];
}

const char *fw_nearest(const char *word, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t least = strlen(word) / 2 + 1;
    for (size_t i = 0; i < count; i++) {
        size_t d = distance(word, names[i]);
        if (d <= least && (!best || d < least)) {
            least = d;
            best = names[i];
        }
    }
    return best;
}

int fw_usage(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("fiveways: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return FW_EXIT_USAGE;
}

int fw_unknown(const char *what, const char *word, const char *const *names, size_t count)
{
    const char *near = fw_nearest(word, names, count);
    char known[512] = "";
    for (size_t i = 0; i < count; i++)
        if (strlen(known) + strlen(names[i]) + 3 < sizeof known)
            snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "", names[i]);
    if (near)
        return fw_usage("unknown %s '%s'; did you mean '%s'? (known: %s)", what, word, near, known);
    return fw_usage("unknown %s '%s' (known: %s)", what, word, count ? known : "none");
}

bool fw_parse_u64(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
    char *end;
    errno = 0;
    if (*text < '0' || *text > '9')
        return false;
    *value = strtoull(text, &end, 10);
    return !errno && !*end && *value >= min && *value <= max;
}

bool fw_parse_seconds(const char *text, double min, double max, double *value)
{
    char *end;
    errno = 0;
    if (!*text || strspn(text, "0123456789.") != strlen(text))
        return false;
    *value = strtod(text, &end);
    return !errno && !*end && isfinite(*value) && *value >= min && *value <= max;
}

char *fw_text(const char *format, ...)
{
    va_list args;
    char *text = NULL;
    va_start(args, format);
    FW_MUST(vasprintf(&text, format, args) >= 0);
    va_end(args);
    return text;
}

void fw_names_add(fw_names *list, const char *name)
{
    list->at = realloc(list->at, (list->n + 1) * sizeof *list->at);
    FW_MUST(list->at);
    list->at[list->n++] = name;
}

void fw_names_split(fw_names *list, const char *text)
{
    char *copy = fw_text("%s", text), *rest = copy, *word;
    while ((word = strsep(&rest, ",")))
        fw_names_add(list, word);
}

bool fw_names_has(const fw_names *list, const char *name)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->at[i], name) == 0)
            return true;
    return false;
}

const char *fw_time_text(char *text, size_t bytes, double ns)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    unsigned u = 0;
    while (u < 3 && ns >= 999.5) {
        ns /= 1000;
        u++;
    }
    snprintf(text, bytes, ns >= 99.95 ? "%.0f %s" : ns >= 9.995 ? "%.1f %s" : "%.2f %s", ns, units[u]);
    return text;
}
