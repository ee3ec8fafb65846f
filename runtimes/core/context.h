/* context.h - the stackful context switch: saves the callee-saved registers and the stack pointer of one context, loads
 * another's. One piece of assembly a machine: here and in arch/. */
#ifndef CORE_CONTEXT_H
#define CORE_CONTEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) || defined(__aarch64__)
#define CORE_HAS_CONTEXT 1

void core_context_entry(void);

/* For a function that nearly always switches before it returns: the CPU's return stack then expects the caller of who
 * left, and a `ret` would be predicted wrong wherever the two callers differ. Goes through __x86_return_thunk (arch/).
 */
#if defined(__x86_64__) && defined(__has_attribute)
#if __has_attribute(function_return)
#define CORE_RETURN_BY_JUMP __attribute__((function_return("thunk-extern")))
#endif
#endif
#ifndef CORE_RETURN_BY_JUMP
#define CORE_RETURN_BY_JUMP
#endif

/* Leaves the running context, its stack pointer in *save_sp, for the one whose stack pointer is load_sp. Returns when
 * somebody switches back. The thread may be another one then: to be called from a function that is not inlined and
 * keeps no address of a thread-local variable. The floating-point control words (rounding, traps) stay as they are:
 * they are the worker's, for saving them doubles the price. */
#if defined(__x86_64__)
/* In line: with no call there is no return address for the CPU's return stack to be wrong about, and the compiler saves
 * those registers that are in use. The first instruction steps over the red zone.
 *
 *   saved frame, from the saved stack pointer up:  0 where to go on   8 rbx   16 rbp */
static inline void core_switch(void **save_sp, void *load_sp)
{
    __asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"
                     "pushq %%rbp\n\t"
                     "pushq %%rbx\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "movq %%rsp, (%0)\n\t"
                     "movq %1, %%rsp\n\t"
                     "popq %%rax\n\t"
                     "popq %%rbx\n\t"
                     "popq %%rbp\n\t"
                     "jmpq *%%rax\n"
                     "1:\n\t"
                     "leaq 128(%%rsp), %%rsp"
                     : "+D"(save_sp), "+S"(load_sp)
                     :
                     : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1",
                       "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
                       "xmm13", "xmm14", "xmm15", "cc", "memory");
}
#else
void core_switch(void **save_sp, void *load_sp); /* arch/ */
#endif

/* A fresh context on the stack that ends at `top` (16-byte aligned): fn(arg), which must never return. Returns its
 * stack pointer. */
static inline void *core_context_make(void *top, void (*fn)(void *), void *arg)
{
#if defined(__x86_64__)
    /* The entry; rbx and rbp, in which it finds the function and its argument. It begins on an aligned stack. */
    uint64_t frame[3] = {(uint64_t)(uintptr_t)core_context_entry, (uint64_t)(uintptr_t)fn, (uint64_t)(uintptr_t)arg};
    unsigned char *sp = (unsigned char *)top - 16 - sizeof frame;
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
