/* Context switch for x86-64 (System V ABI): callee-saved registers, the control words of
 * SSE and x87, and the stack pointer. void core_switch(void **save_sp, void *load_sp)
 *
 *   saved frame, from the saved stack pointer up:
 *     0 mxcsr | x87 control word   8 r15   16 r14   24 r13   32 r12   40 rbx   48 rbp   56 return address
 *
 * The return is by jmp: a ret would be predicted by the return stack of the context that was left. */
    .text
    .globl core_switch
    .type core_switch, @function
    .p2align 4
core_switch:
    .cfi_startproc
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbp, 0
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %rbx, 0
    pushq %r12
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r12, 0
    pushq %r13
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r13, 0
    pushq %r14
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r14, 0
    pushq %r15
    .cfi_adjust_cfa_offset 8
    .cfi_rel_offset %r15, 0
    subq $8, %rsp
    .cfi_adjust_cfa_offset 8
    stmxcsr (%rsp)
    fnstcw 4(%rsp)
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    ldmxcsr (%rsp)
    fldcw 4(%rsp)
    addq $8, %rsp
    .cfi_adjust_cfa_offset -8
    popq %r15
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r15
    popq %r14
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r14
    popq %r13
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r13
    popq %r12
    .cfi_adjust_cfa_offset -8
    .cfi_restore %r12
    popq %rbx
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbx
    popq %rbp
    .cfi_adjust_cfa_offset -8
    .cfi_restore %rbp
    popq %rcx
    .cfi_adjust_cfa_offset -8
    .cfi_register %rip, %rcx
    jmpq *%rcx
    .cfi_endproc
    .size core_switch, . - core_switch

/* First code of a new context: rbx holds the function, rbp 0 ends backtraces. Never returns. */
    .globl core_context_entry
    .type core_context_entry, @function
    .p2align 4
core_context_entry:
    .cfi_startproc
    .cfi_undefined %rip
    movq %r12, %rdi
    callq *%rbx
    ud2
    .cfi_endproc
    .size core_context_entry, . - core_context_entry
    .section .note.GNU-stack, "", @progbits
