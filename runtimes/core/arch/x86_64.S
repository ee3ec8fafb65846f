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

/* How a function marked CORE_RETURN_BY_JUMP (../context.h) returns. The name is the compiler's. */
    .globl __x86_return_thunk
    .type __x86_return_thunk, @function
    .p2align 4
__x86_return_thunk:
    .cfi_startproc
    leaq 8(%rsp), %rsp
    .cfi_def_cfa_offset 0
    jmpq *-8(%rsp) /* the red zone: no signal writes there */
    .cfi_endproc
    .size __x86_return_thunk, . - __x86_return_thunk
    .section .note.GNU-stack, "", @progbits
