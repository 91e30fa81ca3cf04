/*
 * programs - the channel programs: starts them, gives them the channels'
 * jobs, hears their answers.
 *
 * A program that ends, says nonsense or takes longer than delivery-timeout is
 * killed; recipients that it did not answer are "later".  Jobs that were given
 * to it together go to the next program one by one, so that only the one that
 * is to blame has failed.
 */
#ifndef CHANS_PROGRAMS_H
#define CHANS_PROGRAMS_H

#include <poll.h>
#include "chans/channel.h"

#define PROGRAMS_USELESS 2	/* that failed before a pause: one may have
				 * had a message that it dies of */
#define PROGRAMS_PAUSE_MS 5000	/* no new program meanwhile */

/*
 * Hands out jobs, kills what is too late, ends what is idle.  stopping: no
 * new jobs.  Gives when it must be called again at the latest.
 */
int64_t programs_run(struct channels *cs, int64_t now, bool stopping);
/* Fills p_r with at most most sockets to wait for; how many. */
size_t programs_poll(const struct channels *cs, struct pollfd *p_r,
    size_t most);
void programs_hear(struct channels *cs, const struct pollfd *p, size_t n);
/* Concludes for a process that was reaped; false if it is none of ours. */
bool programs_reaped(struct channels *cs, pid_t pid, int status);
bool programs_busy(const struct channels *cs);
/* Closes all sockets, waits for the programs to end, forgets the channels. */
void programs_close(struct channels *cs);

#endif
