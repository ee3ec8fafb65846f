/* micro_machine.h - benchmarks of the machine itself for fwmicro. */
#ifndef MICRO_MACHINE_H
#define MICRO_MACHINE_H

/* Registers machine/...: loads from each cache that this machine names and from memory, an atomic add, a system call, a
 * page fault. */
void machine_micro_register(void);

#endif
