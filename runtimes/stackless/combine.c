/* combine.c - futures of other futures: all of many joins, the first of two. */
#include "stackless.h"

static task_poll poll_join_all(future *f, task_cx *cx)
{
    task_join_all_fut *j = (task_join_all_fut *)f;
    for (; j->next < j->n; j->next++) { /* each in turn: the last decides */
        if (f->pc == 0)
            task_join(&j->join, j->tasks[j->next]);
        f->pc = 1;
        if (j->join.fut.poll(&j->join.fut, cx) == TASK_PENDING)
            return TASK_PENDING;
        f->pc = 0;
    }
    return TASK_READY;
}

void task_join_all(task_join_all_fut *j, task **tasks, size_t n)
{
    future_init(&j->fut, poll_join_all);
    j->tasks = tasks;
    j->n = n;
    j->next = 0;
}

static task_poll poll_select2(future *f, task_cx *cx)
{
    task_select2_fut *s = (task_select2_fut *)f;
    for (s->which = 0; s->which < 2; s->which++)
        if (s->of[s->which]->poll(s->of[s->which], cx) == TASK_READY)
            return TASK_READY;
    return TASK_PENDING;
}

void task_select2(task_select2_fut *s, future *a, future *b)
{
    future_init(&s->fut, poll_select2);
    s->of[0] = a;
    s->of[1] = b;
}
