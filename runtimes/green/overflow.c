/* overflow.c - a green thread that runs into its guard says so by name, then dies as it would have. */
#include "sched.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIGNAL_STACK_BYTES = 32768 };

static void tell(const green *g)
{
    char line[160];
    int length = snprintf(line, sizeof line, "stack overflow in green thread \"%s\" (stack of %zu bytes)\n",
                          g->name ? g->name : "unnamed", g->stack->bytes);
    if (write(STDERR_FILENO, line, (size_t)length) < 0)
        _exit(1);
}

void green_overflowed(const green *g)
{
    tell(g);
    abort();
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    worker *w = worker_here();
    green *g = w ? w->current : NULL;

    (void)context;
    if (g && core_stack_guards(g->stack, info->si_addr))
        tell(g);
    signal(number, SIG_DFL); /* returning repeats the access, which now kills */
    if (info->si_code <= 0)  /* it was sent */
        raise(number);
}

void green_watch_overflow(sched *s)
{
    stack_t stack = {.ss_size = SIGNAL_STACK_BYTES, .ss_sp = malloc(SIGNAL_STACK_BYTES)};
    struct sigaction watch = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    s->signal_stack = stack.ss_sp;
    FW_MUST(stack.ss_sp);
#ifndef FW_SANITIZE /* they have handlers of their own */
    FW_MUST(sigaltstack(&stack, NULL) == 0);
    sigemptyset(&watch.sa_mask);
    FW_MUST(sigaction(SIGSEGV, &watch, NULL) == 0);
#else
    (void)watch;
#endif
}

void green_unwatch_overflow(sched *s)
{
    free(s->signal_stack); /* its thread has ended */
}
