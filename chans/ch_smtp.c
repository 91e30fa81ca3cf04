/*
 * ch_smtp - the channel program that relays to other mail systems by SMTP.
 *
 * Runs as the submit user.  All that it does is relay.h's.
 */
#include "config.h"

#include "chans/relay.h"
#include "chans/relay_auth.h"
#include "chans/relay_tls.h"

static const struct relay_kind kind = { .tls = &relay_tls,
    .auth = &relay_auth };

static int
start(struct chan *c)
{
	return relay_open(c, &kind);
}

int
main(int argc, char **argv)
{
	static const struct chan_ops smtp = { .program = "ch_smtp",
	    .open = start, .close = relay_close,
	    .deliver_all = relay_deliver, .idle = relay_idle };

	return chan_main(argc, argv, &smtp);
}
