/* Ping-pong with processes over a Unix socket pair: the cell is processes-pipe.c. */
#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

int pingpong_processes_over(fw_trial *t, proc_transport transport);

int pingpong_processes_socketpair(fw_trial *t)
{
    return pingpong_processes_over(t, PROC_SOCKETPAIR);
}
