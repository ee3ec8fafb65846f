/* overflow_test - a green thread that outgrows its stack is named, whatever guards the stack; others live on until
 * then. Each case is a process of its own: it must die of the signal that it is told. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/stack.h"
#include "green/green.h"

enum { STACK_BYTES = 16384, ANY = 1000 };

static volatile int depth_wanted;

__attribute__((noinline)) static int dig(int depth)
{
    volatile char room[256];
    memset((char *)room, depth, sizeof room);
    return depth < depth_wanted ? dig(depth + 1) + room[depth % 256] : room[0];
}

static void digger(void *arg)
{
    (void)arg;
    dig(0);
}

static void start(void *arg)
{
    green *g;
    (void)arg;
    FW_MUST(green_spawn(&g, &(green_attr){.worker = -1, .name = "digger"}, digger, NULL) == 0 && green_join(g) == 0);
}

static void dig_in_a_child(int depth)
{
    fw_worker place = {.l3 = -1, .numa = -1};
    depth_wanted = depth;
    FW_MUST(setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) == 0);
    FW_MUST(green_run(&(green_config){.workers = &place, .n = 1, .stack_bytes = STACK_BYTES}, start, NULL) == 0);
    _exit(0);
}

/* What it wrote to standard error, and how it ended. */
static int observed(int64_t guard_pages, int depth, char *said, size_t bytes)
{
    int ends[2], status;
    ssize_t n;
    size_t got = 0;

    FW_MUST(pipe(ends) == 0);
    pid_t pid = fork();
    FW_MUST(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        if (guard_pages != ANY)
            core_stack_limit_guards(guard_pages);
        dig_in_a_child(depth);
    }
    close(ends[1]);
    while (got + 1 < bytes && (n = read(ends[0], said + got, bytes - 1 - got)) > 0)
        got += (size_t)n;
    said[got] = 0;
    close(ends[0]);
    FW_MUST(waitpid(pid, &status, 0) == pid);
    return status;
}

static const char named[] = "stack overflow in green thread \"digger\" (stack of 16384 bytes)\n";

/* An emulator may add a line of its own. */
static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Deep enough to reach below the stack, not so deep as to reach below what is mapped there: other stacks. */
enum { JUST_TOO_DEEP = 60, SHALLOW = 10 };

int main(void)
{
    char said[512];
    int status = observed(ANY, ANY, said, sizeof said);
    FW_MUST(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV && begins(said, named));
    status = observed(100, ANY, said, sizeof said); /* pages without access */
    FW_MUST(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV && begins(said, named));
    status = observed(0, JUST_TOO_DEEP, said, sizeof said); /* canaries */
    FW_MUST(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    FW_MUST(begins(said, "green: no more guard pages") && strstr(said, named));
    status = observed(0, SHALLOW, said, sizeof said);
    FW_MUST(WIFEXITED(status) && WEXITSTATUS(status) == 0 && !strstr(said, named));
    puts("ok: overflow");
    return 0;
}
