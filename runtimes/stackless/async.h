/* async.h - async/await as a state machine in plain C11: a function that can be left at an await and entered there
 * again.
 *
 *   async_begin(NAME)    goes to where it stood; self is the frame, a struct NAME that begins with its future
 *
 *   async_await(&fut)    polls fut until it is ready; while it is not, the whole function is pending
 *
 *   async_return         ready, from the middle
 *
 *   async_end            ready, at the end
 *
 * A function's states are dense: 0 begins, 1, 2, … are its awaits in order, UINT32_MAX is done; entering with anything
 * else (also by an await inside a nested switch, whose label the outer switch can't see) aborts naming function and
 * state. What lives across an await is a member of the frame; scripts/check-async finds locals that do. After Tatham,
 * "Coroutines in C" (2000), and Dunkels' protothreads (2006). */
#ifndef STACKLESS_ASYNC_H
#define STACKLESS_ASYNC_H

#include "fw.h"

/* Aborts: "stackless: NAME_poll: …". */
_Noreturn void task_bad_state(const char *function, uint32_t state);

#define async_begin(name)                                                                                              \
    name *self = (name *)fut_;                                                                                         \
    enum { async_base_ = __COUNTER__ };                                                                                \
    (void)self;                                                                                                        \
    switch (fut_->pc) {                                                                                                \
    case 0:

#define async_await(future_) async_await_at_(future_, __COUNTER__)
#define async_await_at_(future_, label_)                                                                               \
    do {                                                                                                               \
        fut_->pc = (label_)-async_base_;                                                                               \
        __attribute__((fallthrough));                                                                                  \
    case (label_)-async_base_:                                                                                         \
        if ((future_)->poll((future_), cx) == TASK_PENDING)                                                            \
            return TASK_PENDING;                                                                                       \
    } while (0)

#define async_return                                                                                                   \
    do {                                                                                                               \
        fut_->pc = UINT32_MAX;                                                                                         \
        return TASK_READY;                                                                                             \
    } while (0)

#define async_end                                                                                                      \
    fut_->pc = UINT32_MAX;                                                                                             \
    return TASK_READY;                                                                                                 \
    default:                                                                                                           \
        task_bad_state(__func__, fut_->pc);                                                                            \
        }                                                                                                              \
        return TASK_READY

#endif
