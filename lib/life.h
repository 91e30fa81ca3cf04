/*
 * life - what is said on a session's lifetime socket.
 *
 * A SOCK_SEQPACKET pair between smtpd and one session; its end, in either
 * direction, says the most (smtpd/slots.h).  What smtpd hears it does not
 * believe: every number is looked at, and can only be about that session.
 */
#ifndef LIB_LIFE_H
#define LIB_LIFE_H

#include <stdint.h>
#include "lib/net.h"

enum life_kind {
	LIFE_BEGUN = 1,		/* the session serves its client now */
	LIFE_CHANNEL,		/* its channel; nobody waits */
	LIFE_ASK,		/* the same, and it waits: may it go on? */
	LIFE_CLIENT,		/* whose connection it really is, as a listed
				 * proxy said; it waits for the answer */
	LIFE_TROUBLE,		/* what went wrong since the last one */
	LIFE_END,		/* the same; it ends by itself now */
	LIFE_LOST		/* behind the end: errors is how many lines of
				 * its log nobody took */
};

struct life_report {
	uint32_t kind;		/* enum life_kind */
	uint32_t channel;	/* CHANNEL, ASK: as its configuration has it */
	uint32_t errors;	/* TROUBLE, END: replies 4xx and 5xx, ... */
	uint32_t unknown;	/* unknown commands */
	uint32_t garbage;	/* what is no SMTP */
	uint32_t failures;	/* failed authentications */
	struct netaddr client;	/* CLIENT */
};

/* To LIFE_ASK and LIFE_CLIENT. */
struct life_answer {
	uint32_t refused;	/* by a limit: then the rest counts */
	uint32_t value, most;
	uint32_t pad;
	int64_t free_ms;	/* until there is room; 0: nobody knows */
	char limit[64];		/* its name, or the rule */
};

/* Session to smtpd; -1: smtpd is gone, or hears nothing any more. */
int life_tell(int sock, const struct life_report *r);
/* One of those that want an answer; -1 if none came in time. */
MM_MUST_USE int life_ask(int sock, const struct life_report *ask,
    int64_t deadline, struct life_answer *a_r);
/*
 * In smtpd: 1 with the next report, 0 at the end, -1 when there is none now.
 * What is no report comes as one of kind 0.
 */
int life_hear(int sock, struct life_report *r_r);
void life_reply(int sock, const struct life_answer *a);

#endif
