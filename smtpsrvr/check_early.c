/*
 * check_early - a client that spoke before the greeting was over, or went on
 * before it had the reply to its first EHLO or HELO (RFC 5321 3.1, 4.3.1;
 * RFC 2920 3.1).
 */
#include "config.h"

#include "smtpsrvr/checks.h"

enum check_verdict
check_early(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	(void)x;
	if (!s->early || s->set->early_talkers == EARLY_TALKERS_ACCEPT)
		return PASS;
	reply_set(r, REPLY_EARLY_TALKER);
	return REFUSE;
}
