/*
 * params - ESMTP parameters of MAIL and RCPT (RFC 5321 4.1.2): SIZE (RFC
 * 1870), BODY (RFC 6152), RET, ENVID, NOTIFY, ORCPT (RFC 3461), BY (RFC 2852),
 * MT-PRIORITY (RFC 6710), HOLDFOR, HOLDUNTIL (RFC 4865), SMTPUTF8 (RFC 6531),
 * REQUIRETLS (RFC 8689).
 *
 *	esmtp-param = keyword ["=" value]
 *
 * Pure.  One table says which there are, of what command, and to which EHLO
 * keyword each belongs.  A repeated or ill-formed parameter is 501 5.5.4, an
 * unknown one 555; unknown is what belongs to a keyword that is off, too.
 */
#ifndef SMTPSRVR_PARAMS_H
#define SMTPSRVR_PARAMS_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/asked.h"
#include "lib/reply.h"
#include "smtpsrvr/offer.h"

struct mail_params {
	int64_t size;		/* -1: not given; INT64_MAX: more than fits */
	const char *body;	/* "", "7BIT", "8BITMIME", "BINARYMIME" */
	const char *ret;	/* "", "FULL", "HDRS" */
	char envid[ASKED_ENVID_MOST + 1];	/* as given */
	char auth[ASKED_AUTH_MOST + 1];	/* the same; "" or "<>" or xtext */
	bool utf8;		/* SMTPUTF8 */
	bool requiretls;
	int priority;		/* MT-PRIORITY */
	bool lowered;		/* more was asked for */
	int64_t hold;		/* microseconds since 1970; 0: not held */
	int64_t hold_for;	/* HOLDFOR, seconds; 0: not by that */
	int64_t by;		/* the same; 0: no deadline */
	char by_mode;		/* 'R', 'N' */
	bool by_trace;
};

struct rcpt_params {
	char notify[ASKED_NOTIFY_MOST];	/* asked_notify_text() */
	char orcpt[ASKED_ORCPT_MOST + 1];	/* as given */
};

/* What they are judged by. */
struct params_by {
	const struct offer *offer;
	const struct settings *set;	/* MAIL: bounds */
	int64_t now;		/* MAIL: microseconds since 1970 */
	bool utf8;		/* RCPT: MAIL had SMTPUTF8 */
};

/* text is all behind the path.  0, or -1 with the refusal. */
MM_MUST_USE int params_mail(const char *text, const struct params_by *by,
    struct mail_params *p_r, struct reply *reply_r);
MM_MUST_USE int params_rcpt(const char *text, const struct params_by *by,
    struct rcpt_params *p_r, struct reply *reply_r);
/* deliver-by-least in whole seconds, rounded up. */
int64_t params_by_least(const struct settings *s);
/*
 * How much longer than others that command's line may be, for what is offered
 * (RFC 5321 4.5.3.1.4, and what each extension says).
 */
size_t params_growth(const struct offer *o, enum verb v);

#endif
