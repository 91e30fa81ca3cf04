/*
 * authorise - may mail of that source go to that destination?
 *
 * The rules are the table in inlet-authorise(5).  smtpsrvr answers RCPT with
 * them and submit decides with them again; who asks gives what is known of
 * the client, and nothing that the client says of itself but the sender.
 *
 * Where neither channel has modes in its authorise, a few comparisons answer.
 * No memory is allocated in any case.
 */
#ifndef TABLES_AUTHORISE_H
#define TABLES_AUTHORISE_H

#include <stdbool.h>
#include "lib/net.h"
#include "lib/path.h"
#include "tables/site.h"

/* Who sends. */
struct sending {
	int channel;		/* the source channel; -1: our own notices */
	bool uncertain;		/* see source.h; so is the next */
	bool unnamed;
	struct netaddr peer;	/* family 0: none */
	const char *name;	/* confirmed, or "" */
	bool proven;		/* has logged in: auth-relay */
	bool certified;		/* by a certificate: tls-client-relay */
	const struct mailbox *sender;	/* null: none, as the null sender */
	const char *login;	/* proven; null or "": none */
	/* In force for the client; null: as its channel says. */
	const struct settings *set;
};

enum authorise_answer { AUTHORISE_YES, AUTHORISE_NO, AUTHORISE_LATER };

/* What submit writes about it. */
enum authorise_tell {
	TELL_NOTHING,
	TELL_PASSED,	/* a rule allows it, and log or warn is set */
	TELL_LOG,	/* no rule does, and log is the strictest mode */
	TELL_WARN	/* the same for warn */
};

#define AUTHORISE_RULE 12	/* "HC IS OR" */

struct authorised {
	enum authorise_answer answer;
	enum authorise_tell tell;
	bool modes;		/* the passes were made; else all below is "" */
	int to;			/* the destination channel */
	char rule[AUTHORISE_RULE];
	const char *table;	/* the one whose row decided, or "-" */
	char key[PATH_TEXT];	/* and its key */
	char text[128];		/* the reason that a user's row gives, or "" */
};

/* recipient's domain is the destination host, as tables have it. */
void authorise(const struct site *s, const struct sending *from, int to,
    const struct mailbox *recipient, struct authorised *a_r);

/*
 * The simple form alone, which is all where there are no modes: accept-from,
 * where it is set, is the whole answer; else a channel whose program is local
 * takes all, and so does one that is free; others take what comes from
 * channels with relay or free.  A channel with no program takes nothing.
 */
bool authorise_simple(const struct conf *c, int source, int destination);
/* Do modes have a say in mail from source to destination? */
bool authorise_by_modes(const struct site *s, int source, int destination);
/* Has it relay, or free: may its mail go anywhere? */
bool authorise_relays(const struct conf *c, int source);
/* The same for one client, who may have logged in (auth-relay). */
bool authorise_relays_for(const struct conf *c, const struct sending *from);

#endif
