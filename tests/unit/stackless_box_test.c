/* stackless_box_test - frames in boxes: recursion works and counts each; a box is zeroed, also when it was used before,
 * and apart from every other, whatever its size. */
#include "stackless/stackless.h"

#include <stdint.h>
#include <string.h>

static void run(future *root)
{
    fw_worker place = {.index = 0, .l3 = -1, .numa = -1};
    FW_MUST(task_run(&(task_config){&place, 1, false}, root) == 0);
}

typedef struct fib {
    future fut;
    int n, value;
    struct fib *left, *right;
} fib;

static async_fn(fib)
{
    async_begin(fib);
    if (self->n < 2) {
        self->value = self->n;
        async_return;
    }
    self->left = task_box(cx, sizeof *self->left);
    self->left->n = self->n - 1;
    future_init(&self->left->fut, fib_poll);
    async_await(&self->left->fut);
    self->right = task_box(cx, sizeof *self->right);
    self->right->n = self->n - 2;
    future_init(&self->right->fut, fib_poll);
    async_await(&self->right->fut);
    self->value = self->left->value + self->right->value;
    task_unbox(cx, self->left, sizeof *self->left);
    task_unbox(cx, self->right, sizeof *self->right);
    async_end;
}

static void recursion_goes_by_boxes(void)
{
    fib f = {.n = 15};
    uint64_t boxes = fw_counter_sum(FW_BOXES);
    future_init(&f.fut, fib_poll);
    run(&f.fut);
    FW_MUST(f.value == 610 && fw_counter_sum(FW_BOXES) == boxes + 1972); /* 2 fib(16) - 1 calls, all but the first */
}

typedef struct filler {
    future fut;
    unsigned char *box[64];
} filler;

static size_t bytes_of(size_t i)
{
    return i * 37 + 1; /* every class, and what is too large for one */
}

/* Twice: the second time most boxes come from the free lists. */
static async_fn(filler)
{
    async_begin(filler);
    for (int time = 0; time < 2; time++) {
        for (size_t i = 0; i < 64; i++) {
            self->box[i] = task_box(cx, bytes_of(i));
            for (size_t k = 0; k < bytes_of(i); k++)
                FW_MUST(self->box[i][k] == 0);
            memset(self->box[i], (int)i + 1, bytes_of(i));
        }
        for (size_t i = 0; i < 64; i++) {
            for (size_t k = 0; k < bytes_of(i); k++)
                FW_MUST(self->box[i][k] == i + 1);
            task_unbox(cx, self->box[i], bytes_of(i));
        }
    }
    async_end;
}

static void boxes_are_zeroed_and_apart(void)
{
    filler f = {.box = {NULL}};
    future_init(&f.fut, filler_poll);
    run(&f.fut);
}

int main(void)
{
    recursion_goes_by_boxes();
    boxes_are_zeroed_and_apart();
    return 0;
}
