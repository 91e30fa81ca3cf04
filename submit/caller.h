/*
 * caller - who is calling, and what that allows.
 *
 * Nothing a caller says of itself is believed for being said: a session
 * proves its row with serial and token, a user of this machine is whom the
 * kernel says, only a trusted uid may name a source host, or variables, and
 * only the session of a listed proxy's connection a client for it.  Nobody has
 * logged in but who has a receipt for it (lib/receipt.h).
 */
#ifndef SUBMIT_CALLER_H
#define SUBMIT_CALLER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "lib/conf.h"
#include "lib/mm.h"
#include "lib/subproto.h"

/* Where it came in. */
enum door {
	DOOR_JAIL,	/* jail/submit: sessions */
	DOOR_USERS,	/* submit: this machine's users */
	DOOR_CHILD	/* we are the child of one session */
};

#define CALLER_TRUSTED 32

/* What is known from the start. */
struct rights {
	uid_t own;
	int64_t session;	/* the session user's uid; -1: none */
	int ntrusted;
	uid_t trusted[CALLER_TRUSTED];
	const struct row *rows;
	uint32_t nrows;
	bool receipts;		/* there is a key for them */
	uint8_t key[RECEIPT_KEY];
	const struct conf *conf;
};

struct caller {
	enum door door;
	int64_t uid;		/* of the process that connected */
	enum sub_kind kind;	/* 0 until the hello */
	bool each;		/* each address is answered */
	struct row row;		/* the connection; DECLARED: as declared; of a
				 * listed proxy: as it says */
	bool told;		/* so it does */
	struct netaddr proxy;	/* then: itself */
	uint32_t number;	/* SESSION: which row */
	uint64_t serial;
	bool trusted;		/* LOCAL: may say whose mail it is */
	char login[SUB_LOGIN];	/* LOCAL; by AUTH; or as one of xclient says */
	char mechanism[AUTH_MECHANISM];	/* by AUTH */
	char certificate[SUB_CERTIFICATE];	/* as its session says */
	struct variables variables;	/* DECLARED */
	char ip[NET_TEXT];	/* for the log */
};

/*
 * The users of the configuration, by name or number; -1 and the word that is
 * no user.  Before the filter: it may ask the name services.
 */
MM_MUST_USE int rights_init(struct rights *r_r, const struct conf *c,
    const struct row *rows, uint32_t nrows, struct buf *why_r);

/* Ourselves, root, or one of trusted_users. */
bool rights_trusted(const struct rights *r, int64_t uid);

/* May somebody of that uid come in by that door at all? */
bool caller_admitted(const struct rights *r, enum door door, int64_t uid);

/* Does the log have that reason as an event of its own? */
#define CALLER_FORGED "its receipt of a login is forged"

/* Takes the hello; -1 with a constant text if it claims what it may not. */
MM_MUST_USE int caller_hello(const struct rights *r, struct caller *c,
    const struct sub_hello *h, const char **why_r);

/* Has it logged in, over the network? */
bool caller_logged_in(const struct caller *c);

/*
 * May it have logged in in the way that its receipt says?  authsrvr looks at
 * no session's settings.  True of who has none.
 */
bool caller_login_allowed(const struct caller *c, const struct settings *set);

/* Is the session whose row it was still there? */
bool caller_holds(const struct rights *r, const struct caller *c);

#endif
