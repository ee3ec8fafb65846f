/* box.c - frames that can't be embedded: a worker's own free lists over slabs, so that recursion costs no malloc. A
 * frame freed on another worker joins that one's list; slabs live until the run ends. */
#include "task.h"

#include <stdlib.h>
#include <string.h>

static unsigned class_of(size_t bytes)
{
    unsigned c = 0;
    while (c < BOX_CLASSES && bytes > (size_t)LEAST_BOX << c)
        c++;
    return c;
}

static void *carve(boxes *b, size_t bytes)
{
    if (!b->next || (size_t)(b->end - b->next) < bytes) {
        unsigned char *slab = aligned_alloc(FW_PAD, BOX_SLAB);
        FW_MUST(slab);
        memcpy(slab, &b->slabs, sizeof b->slabs); /* its first line links the slabs */
        b->slabs = slab;
        b->next = slab + FW_PAD;
        b->end = slab + BOX_SLAB;
    }
    void *frame = b->next;
    b->next += bytes;
    return frame;
}

void *task_box(task_cx *cx, size_t bytes)
{
    boxes *b = &cx->task->run->boxes[cx->worker->index];
    unsigned c = class_of(bytes);
    void *frame;

    fw_count(cx->worker->slot, FW_BOXES, 1);
    if (c == BOX_CLASSES) {
        frame = calloc(1, bytes);
        FW_MUST(frame);
        return frame;
    }
    if ((frame = b->free[c]))
        memcpy(&b->free[c], frame, sizeof b->free[c]);
    else
        frame = carve(b, (size_t)LEAST_BOX << c);
    return memset(frame, 0, bytes);
}

void task_unbox(task_cx *cx, void *frame, size_t bytes)
{
    boxes *b = &cx->task->run->boxes[cx->worker->index];
    unsigned c = class_of(bytes);

    if (c == BOX_CLASSES) {
        free(frame);
        return;
    }
    memcpy(frame, &b->free[c], sizeof b->free[c]);
    b->free[c] = frame;
}

void boxes_free(boxes *b)
{
    spares_free_all(&b->tasks);
    for (void *slab = b->slabs, *next; slab; slab = next) {
        memcpy(&next, slab, sizeof next);
        free(slab);
    }
}
