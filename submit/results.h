/*
 * results - the fields in front of a message that say what was found out about
 * its client: Authentication-Results (RFC 8601, RFC 8904), Received-SPF (RFC
 * 7208 9.1), X-DNS-Lists.
 *
 * A session says numbers; everything else there is what submit knows itself.
 */
#ifndef SUBMIT_RESULTS_H
#define SUBMIT_RESULTS_H

#include "lib/buf.h"
#include "lib/subproto.h"
#include "lib/settings.h"

struct results {
	const struct settings *set;	/* in force for the client */
	const struct sub_envelope *env;
	const char *sender;		/* as it is queued */
	struct netaddr client;
	bool crlf;			/* lines end so, not in LF */
};

/* Adds what there is to say, if the settings want it; 0 or -1. */
MM_MUST_USE int results_add(struct buf *b, const struct results *x);
/* The weights of the lists that the session says list it. */
int64_t results_score(const struct results *x);

#endif
