/* Ping-pong with processes over a ring in shared memory: the cell is processes-pipe.c. */
#include "fw.h"
#include "processes/processes.h"
#include "spec.h"

int pingpong_processes_over(fw_trial *t, proc_transport transport);

int pingpong_processes_ring(fw_trial *t)
{
    return pingpong_processes_over(t, PROC_RING);
}
