/*
 * relay_hosts - which servers mail for a domain goes to, in order.
 *
 * As relay-hosts says: fixed ones, or by MX (RFC 5321 5.1, RFC 7505).  The
 * name service is asked through lookup.
 */
#ifndef CHANS_RELAY_HOSTS_H
#define CHANS_RELAY_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include "chans/chanproto.h"
#include "chans/relay_talk.h"
#include "lib/settings.h"

#define RELAY_HOSTS_MOST 32	/* places to try for one message */

struct relay_hosts {
	size_t n;
	struct relay_host at[RELAY_HOSTS_MOST];
};

/* Whether the recipient's domain matters: some element is "mx:". */
bool relay_hosts_by_domain(const struct settings *s);
/*
 * Those for domain.  0 with at least one; or -1 with *fault_r: for good where
 * the domain takes no mail, later where that could not be found out.
 */
MM_MUST_USE int relay_hosts_find(const struct settings *s, const char *domain,
    struct relay_hosts *h_r, struct chan_answer *fault_r);

#endif
