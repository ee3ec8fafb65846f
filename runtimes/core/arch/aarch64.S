/* Context switch for AArch64 (AAPCS64): x19-x28, frame pointer, link register,
 * d8-d15 and the stack pointer. void core_switch(void **save_sp, void *load_sp)
 *
 *   saved frame, from the saved stack pointer up:
 *     0 x19 x20 ... x27 x28   80 x29 x30   96 d8 ... d15   160 end */
    .text
    .globl core_switch
    .type core_switch, %function
    .p2align 4
core_switch:
    .cfi_startproc
    sub sp, sp, #160
    .cfi_def_cfa_offset 160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    .cfi_rel_offset x29, 80
    .cfi_rel_offset x30, 88
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    .cfi_def_cfa_offset 0
    br x30
    .cfi_endproc
    .size core_switch, . - core_switch

/* First code of a new context: x19 holds the function, x20 its argument. Never returns. */
    .globl core_context_entry
    .type core_context_entry, %function
    .p2align 4
core_context_entry:
    .cfi_startproc
    .cfi_undefined x30
    mov x0, x20
    blr x19
    brk #1
    .cfi_endproc
    .size core_context_entry, . - core_context_entry
    .section .note.GNU-stack, "", %progbits
