/*
 * quota - the rules of messages and recipients (setting rates) of one client:
 * submit keeps them, with its table of counts; sessions ask in the same words.
 */
#ifndef LIB_QUOTA_H
#define LIB_QUOTA_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/counts.h"
#include "lib/net.h"
#include "lib/reply.h"

/* Who it is that sends.  What there is not, no rule is about. */
struct quota_who {
	struct netaddr peer;	/* family 0: none */
	const char *login;	/* "": none */
};

struct quota {
	struct rates rates;
	char address[NET_TEXT], prefix[NET_TEXT + 4], login[COUNTS_TEXT * 2];
	/* Rules of logins let everything through, and note it here. */
	bool lenient;
	bool over;		/* one of them would not have */
	bool first;		/* and lets none through since this one */
	char rule[RATE_TEXT];	/* that one */
};

/* The rules in force for a listener and a channel (-1: none), and the keys. */
void quota_init(struct quota *q, const struct conf *c, int listener,
    int channel, const struct quota_who *who);
/*
 * May n more of what (messages, recipients) come?  Counts nothing.  False
 * with the refusal; reason is left to the caller.  Without a table of counts:
 * may as many ever come at once?
 */
bool quota_allows(const struct quota *q, const struct counts *c,
    enum rate_what what, uint32_t n, struct reply *reply_r);

/*
 * For who counts: one message to so many recipients.  True, and all rules
 * have counted it, or false, and none has.  The refusal of a login is permanent
 * where no time would help.
 */
bool quota_take(struct quota *q, struct counts *c, uint32_t recipients,
    struct reply *reply_r);
/* A login has sent nothing yet, wherever there are rules about it. */
void quota_forgive(const struct conf *c, struct counts *counts,
    const char *login);
/* What was taken did not come to be. */
void quota_give_back(const struct quota *q, struct counts *c,
    uint32_t recipients);

#endif
