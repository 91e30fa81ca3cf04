/*
 * explain - one client, one sender, one recipient: the session's own code and
 * submit's, without a connection, and everything that they did.
 *
 * The commands go through the session's reader, dispatcher and checks; the
 * watchers of smtpsrvr/checks.h and tables/watch.h are told what happens.
 * Nothing is decided here.
 */
#ifndef TOOLS_EXPLAIN_H
#define TOOLS_EXPLAIN_H

#include "smtpsrvr/checks.h"
#include "submit/decide.h"
#include "tables/watch.h"
#include "tools/configured.h"
#include "tools/inforce.h"
#include "tools/ownlookup.h"

/* A configuration with its tables open, and somebody who looks names up. */
struct explainer {
	struct configured c;
	struct server server;
	struct ownlookup lookup;
	int log[2];		/* where sessions write to, and its end */
};

/* Who asks, and for what; text as it was typed. */
struct explain_case {
	struct netaddr address;
	struct netaddr proxy;	/* that says so; family 0: nobody */
	const char *from, *to;	/* angle brackets are added where missing */
	const char *helo;	/* null: the address as a literal */
	const char *login;	/* null: nobody has logged in */
	bool tls;		/* the session is over TLS */
	/* Digits, or the subject of one that is verified; or null. */
	const char *certificate;
	int listener;
};

enum explain_kind {
	EXPLAIN_ASKED,		/* the name service: outcome, text the name,
				 * hit: a remark */
	EXPLAIN_CONSULTED,	/* lookup: text the question, hit the answer */
	EXPLAIN_LOOKUP,		/* table, text the key, hit its row's, answer */
	EXPLAIN_PASSED,		/* channel; text: why, or null */
	EXPLAIN_CHOSEN,		/* channel */
	EXPLAIN_TARGET,		/* text: an alias's target */
	EXPLAIN_NOWHERE,	/* text: such a one; hit: why it is left out */
	EXPLAIN_CHECKED,	/* check, verdict */
	EXPLAIN_PACED,		/* text: what waits; us: how long */
	EXPLAIN_BUDGET,		/* what ends a session, by its settings */
	EXPLAIN_LOGGED,		/* text: the event that goes to the log */
	EXPLAIN_REPLIED		/* reply */
};

struct explain_event {
	enum explain_kind kind;
	const char *step;	/* CONNECT, EHLO, MAIL, RCPT, submit */
	int channel;		/* -1: none; CHECKED: whose settings count */
	const struct tb *table;
	enum tb_answer answer;
	struct origin place;	/* of the row */
	char *text, *hit;
	enum ask_outcome outcome;
	const struct check *check;
	enum check_verdict verdict;
	const char *settings;	/* CHECKED, PACED, BUDGET: names */
	struct reply reply;
	int64_t us;
};

struct explained {
	struct explainer *by;
	const struct explain_case *what;
	size_t n, room;
	struct explain_event *at;
	const char *step;
	struct session *session;	/* while it goes on */
	const char *helo;	/* what is said with EHLO */
	char literal[NET_TEXT];
	int last;		/* channel of hosts in no table, or -1 */
	struct source source;	/* as the session has it */
	struct forhost *own;	/* settings of the client's own; or null */
	enum ask_outcome outcome;
	char name[256];		/* the confirmed name */
	bool asked;		/* submit was, and agrees or not */
	bool agrees;
	struct routes routes;
	struct reply final;	/* the first refusal, or RCPT's reply */
	const char *final_step;
	bool mute;		/* it is closed, nothing is said */
	int64_t us;
};

/* 0, or an exit code after having said why. */
MM_MUST_USE int explainer_open(struct explainer *e_r,
    const struct tailored_options *o);
void explainer_close(struct explainer *e);

/*
 * -1 with a constant text if from, to or helo cannot be put into a command, or
 * no proxy can name a client at that listener.
 */
MM_MUST_USE int explain_run(struct explainer *e, const struct explain_case *k,
    struct explained *x_r, const char **why_r);
/*
 * Only as far as the greeting.  channels: an operand, which may be "", as
 * smtpsrvr has it.
 */
void explain_greet(struct explainer *e, const struct explain_case *k,
    const char *channels, struct explained *x_r);
void explain_free(struct explained *x);

/* What is in force for the client as a host of that channel; -1: none yet. */
void explain_inforce(const struct explained *x, int channel,
    struct inforce *f_r);

/*
 * By which settings an event goes, as a check's row names them, and for which
 * channel: the source's, and for settings that only channels have those that
 * the check was about.  How many; at most EXPLAIN_SETTINGS.
 */
#define EXPLAIN_SETTINGS 64
struct explain_setting {
	enum setting_id id;
	int channel;		/* -1: none yet */
};
size_t explain_settings(const struct explained *x,
    const struct explain_event *e,
    struct explain_setting at[EXPLAIN_SETTINGS]);

/* 0 accepted, 1 refused for good, 75 to be tried later. */
int explain_code(const struct explained *x);

struct show_json;
void explain_text(const struct explained *x);
void explain_json(const struct explained *x, struct show_json *j);

/*
 * Prints what differs when then is what another configuration would do (to j
 * unless it is null); true if anything does.  head: print whom it is about.
 */
bool explain_against(const struct explained *now, const struct explained *then,
    bool head, struct show_json *j);

#endif
