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

/* Leaves the running context, its stack pointer in *save_sp, for the one whose stack pointer is load_sp. Returns when
 * somebody switches back. The thread may be another one then: to be called from a function that is not inlined and
 * keeps no address of a thread-local variable. */
#if defined(__x86_64__)
/* In line: with no call there is no return address for the CPU's return stack to be wrong about, and the compiler saves
 * those registers that are in use. The first instruction steps over the red zone.
 *
 *   saved frame, from the saved stack pointer up:  0 mxcsr | x87 control word   8 where to go on   16 rbx   24 rbp */
static inline void core_switch(void **save_sp, void *load_sp)
{
    __asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"
                     "pushq %%rbp\n\t"
                     "pushq %%rbx\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "subq $8, %%rsp\n\t"
                     "stmxcsr (%%rsp)\n\t"
                     "fnstcw 4(%%rsp)\n\t"
                     "movq %%rsp, (%0)\n\t"
                     "movq %1, %%rsp\n\t"
                     "ldmxcsr (%%rsp)\n\t"
                     "fldcw 4(%%rsp)\n\t"
                     "movq 8(%%rsp), %%rax\n\t"
                     "movq 16(%%rsp), %%rbx\n\t"
                     "movq 24(%%rsp), %%rbp\n\t"
                     "leaq 32(%%rsp), %%rsp\n\t"
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
    /* mxcsr and x87 word at their defaults; the entry; rbx and rbp, in which it finds the function and its argument. */
    uint64_t frame[4] = {UINT64_C(0x0000037f00001f80), (uint64_t)(uintptr_t)core_context_entry, (uint64_t)(uintptr_t)fn,
                         (uint64_t)(uintptr_t)arg};
    unsigned char *sp = (unsigned char *)top - sizeof frame;
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
