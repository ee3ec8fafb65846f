/* Ping-pong with channels that hold one message: the cell is channels.c. Nobody waits to be received, and
 * a channel that is declared one to one needs no lock. */
#include "channels/channels.h"
#include "fw.h"

int pingpong_channels_over(fw_trial *t, int (*make)(chan **out)); /* channels.c */

static int one_message(chan **out)
{
    return chan_create_for(out, sizeof(uint64_t *), 1, CHAN_ONE_TO_ONE);
}

int pingpong_channels_buffered(fw_trial *t)
{
    return pingpong_channels_over(t, one_message);
}
