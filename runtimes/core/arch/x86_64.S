/* Where a new context begins on x86-64; the switch itself is in ../context.h. rbx holds the function, rbp its argument,
 * the stack is aligned. Never returns; rbp 0 and no return address end backtraces. */
    .text
    .globl core_context_entry
    .type core_context_entry, @function
    .p2align 4
core_context_entry:
    .cfi_startproc
    .cfi_undefined %rip
    movq %rbp, %rdi
    xorl %ebp, %ebp
    callq *%rbx
    ud2
    .cfi_endproc
    .size core_context_entry, . - core_context_entry
    .section .note.GNU-stack, "", @progbits
