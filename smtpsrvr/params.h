/*
 * params - ESMTP parameters of MAIL and RCPT (RFC 5321 4.1.2, RFC 1870,
 * RFC 6152).
 *
 *	esmtp-param = keyword ["=" value]
 *
 * Pure.  A repeated or ill-formed parameter is 501 5.5.4, an unknown one 555.
 */
#ifndef SMTPSRVR_PARAMS_H
#define SMTPSRVR_PARAMS_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/reply.h"
#include "smtpsrvr/offer.h"

struct mail_params {
	int64_t size;		/* -1: not given; INT64_MAX: more than fits */
	const char *body;	/* "", "7BIT", "8BITMIME" */
};

/*
 * text is all behind the path; what belongs to a keyword that is off is
 * unknown.  0, or -1 with the refusal.
 */
MM_MUST_USE int params_mail(const char *text, const struct offer *o,
    struct mail_params *p_r, struct reply *reply_r);
/* RCPT has none yet: any is 555. */
MM_MUST_USE int params_rcpt(const char *text, struct reply *reply_r);

#endif
