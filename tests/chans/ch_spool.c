/*
 * ch_spool - the example of inlet-channel(8), word for word below this
 * comment (tests/system/30-deliver.py compares them and runs it).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "chans/chan.h"
#include "lib/clock.h"
#include "lib/fdio.h"

static void
deliver(struct chan *c, const struct chan_entry *e,
    struct chan_answer *a)
{
	char path[300];
	int fd;

	snprintf(path, sizeof path, "%s/%s.%zu", c->s.mail_directory,
	    e->q->id, e->index);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd != -1 && fd_write(fd, e->message, e->len,
	    CLOCK_NEVER) == 0 && fsync(fd) == 0)
		chanproto_fill(a, CHAN_DELIVERED, "2.0.0", "done");
	else
		chanproto_fill(a, CHAN_LATER, "4.3.0", "%s: %s", path,
		    strerror(errno));
	if (fd != -1)
		close(fd);
}

int
main(int argc, char **argv)
{
	static const struct chan_ops spool = {
	    .program = "ch_spool", .deliver = deliver };

	return chan_main(argc, argv, &spool);
}
