/*
 * ch_lmtp - the channel program that hands mail to a mailbox server by LMTP
 * (RFC 2033), which says of each recipient whether it has the mail.
 *
 * Runs as the submit user.  All that it does is relay.h's.
 */
#include "config.h"

#include "chans/relay.h"

static const struct relay_kind kind = { .lmtp = true };

static int
start(struct chan *c)
{
	return relay_open(c, &kind);
}

int
main(int argc, char **argv)
{
	static const struct chan_ops lmtp = { .program = "ch_lmtp",
	    .open = start, .close = relay_close,
	    .deliver_all = relay_deliver, .idle = relay_idle };

	return chan_main(argc, argv, &lmtp);
}
