/* context.h - the stackful context switch: saves the callee-saved registers and the
 * stack pointer of one context, loads another's. arch/ holds the code, one file a machine. */
#ifndef CORE_CONTEXT_H
#define CORE_CONTEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) || defined(__aarch64__)
#define CORE_HAS_CONTEXT 1

/* Leaves the running context, its stack pointer in *save_sp, for the one whose stack pointer is load_sp. Returns when
 * somebody switches back. The thread may be another one then. */
void core_switch(void **save_sp, void *load_sp);
void core_context_entry(void);

/* A fresh context on the stack that ends at `top` (16-byte aligned): fn(arg), which must never return. Returns its
 * stack pointer. */
static inline void *core_context_make(void *top, void (*fn)(void *), void *arg)
{
#if defined(__x86_64__)
    /* mxcsr and x87 word at their defaults; then r15 r14 r13 r12 rbx rbp, the entry, and a slot that keeps the stack
     * aligned. */
    uint64_t frame[9] = {UINT64_C(0x0000037f00001f80),
                         0,
                         0,
                         0,
                         (uint64_t)(uintptr_t)arg,
                         (uint64_t)(uintptr_t)fn,
                         0,
                         (uint64_t)(uintptr_t)core_context_entry,
                         0};
    unsigned char *sp = (unsigned char *)top - sizeof frame + 8 - 16;
    memcpy(sp, frame, sizeof frame);
    return sp;
#else
    uint64_t frame[20] = {(uint64_t)(uintptr_t)fn, (uint64_t)(uintptr_t)arg};
    frame[11] = (uint64_t)(uintptr_t)core_context_entry;
    unsigned char *sp = (unsigned char *)top - sizeof frame;
    memcpy(sp, frame, sizeof frame);
    return sp;
#endif
}
#else
#define CORE_HAS_CONTEXT 0
#endif

#endif
