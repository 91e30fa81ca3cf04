/*
 * checks - the policy: one ordered table, walked by stage.
 */
#ifndef SMTPSRVR_CHECKS_H
#define SMTPSRVR_CHECKS_H

#include "smtpsrvr/session.h"
#include "tables/envelope.h"

enum check_stage { CONNECT, TALK, HELO, MAIL, SENDER, RCPT, ACCEPT, END };

/* May what it refuses be let pass, to try it (rehearse)? */
enum check_weight { MUST, POLICY };

/* What a check may look at besides the session. */
struct check_subject {
	const struct mailbox *path;		/* MAIL, RCPT, ACCEPT */
	const struct mail_params *params;	/* MAIL */
};

struct check {
	enum check_stage stage;
	enum check_weight weight;
	const char *name;
	enum check_verdict (*function)(struct session *s,
	    const struct check_subject *x, struct reply *r);
	const char *settings, *text;
};

#define CHECK(stage, weight, name, function, ...) \
	enum check_verdict function(struct session *s, \
	    const struct check_subject *x, struct reply *r);
#include "smtpsrvr/checks.def"
#undef CHECK

/*
 * Who looks on at a session (inlet explain); the events come in the order in
 * which things happen, so that what a check looks up comes before its verdict.
 */
struct session_watcher {
	/* lookup was asked for the client's name. */
	void (*asked)(struct session *s, const struct ask_answer *a,
	    int64_t us);
	/* It was asked something else; both are text for people. */
	void (*consulted)(struct session *s, const char *question,
	    const char *answer, int64_t us);
	/* r is filled in unless the check passed; REHEARSED: would refuse. */
	void (*checked)(struct session *s, const struct check *c,
	    enum check_verdict verdict, const struct reply *r, int64_t us);
	/* A client would be made to wait now, unless there is stress. */
	void (*paced)(struct session *s, const char *what, int64_t ms,
	    const char *settings);
	/* What the client is told, but for the lines before the last one. */
	void (*replied)(struct session *s, const char *verb,
	    const struct reply *r);
};

/* The row at index i; null behind the last one. */
const struct check *checks_row(size_t i);

/*
 * Asks the checks of one stage in order; REFUSE with the first refusal, its
 * reason the check's name unless the check gave a closer one.
 */
enum check_verdict checks_run(struct session *s, enum check_stage stage,
    const struct check_subject *x, struct reply *r);

/*
 * HELO and SENDER for a recipient that is good otherwise, where delay-refusals
 * put them off; asked once a transaction.
 */
enum check_verdict checks_delayed(struct session *s, const struct mailbox *to,
    struct reply *r);

/* What the checks know of who sends. */
void checks_sending(const struct session *s, struct sending *from_r);
void checks_envelope(const struct session *s, struct envelope *e_r);

/* What smtpd said of limits; REFUSE with the reply. */
enum check_verdict checks_answered(const struct session *s,
    const struct life_answer *a, struct reply *r);

/*
 * Puts the settings in force that are the client's own: of its row, and what
 * rules set (null: nothing yet).  REFUSE, after it has been logged why.
 */
enum check_verdict checks_settle(struct session *s,
    const struct variables *rules, struct reply *r);

#endif
