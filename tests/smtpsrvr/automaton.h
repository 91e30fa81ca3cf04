/*
 * automaton - what a session answers, and which messages it hands on, by the
 * book: RFC 5321 4.1.4 and 4.3.2 (order of commands), RFC 3030 2 (BDAT), RFC
 * 3207 4.2 (TLS forgets), RFC 4954 4 (AUTH), RFC 3848 (the protocol's name),
 * and smtpsrvr(8) where these leave a choice.
 *
 * It shares nothing with the server: no header, no table, no code.
 */
#ifndef TESTS_SMTPSRVR_AUTOMATON_H
#define TESTS_SMTPSRVR_AUTOMATON_H

#include <stdbool.h>
#include <stddef.h>

enum letter {
	A_EHLO, A_HELO, A_MAIL, A_BAD_MAIL, A_RCPT, A_BAD_RCPT,
	A_DATA,		/* and a message that submit takes */
	A_BAD_DATA,	/* and one that it refuses */
	A_BDAT, A_BAD_BDAT,	/* a chunk; one with a bare LF in it */
	A_LAST, A_BAD_LAST,	/* the same with LAST */
	A_RSET, A_VRFY, A_STARTTLS, A_AUTH, A_NOOP, A_UNKNOWN,
	A_LETTERS
};

/* What goes wrong at a command, if it comes so far. */
enum fault {
	F_NONE,
	F_SUBMIT_LATER,	/* submit's verdict is for now */
	F_SUBMIT_SILENT,	/* there is none */
	F_SUBMIT_AWAY,	/* there is no submit */
	F_TABLE,	/* a recipient cannot be looked up */
	F_AUTH_NO, F_AUTH_LATER, F_AUTH_BARRED,
	F_TLS_AWAY,	/* no keysrvr */
	F_TLS_BROKEN,	/* the handshake fails */
	F_BARE,		/* a bare LF in the text of DATA */
	F_CUT,		/* the connection ends within a message */
	F_FAULTS
};

#define A_MOST 64	/* steps of a sequence */

struct automaton {
	bool hello, extended, tls, login;
	int helo;		/* the step that said it */
	int sender;		/* the same; -1 without one */
	int taken[A_MOST], ntaken;
	bool refused;		/* a recipient was */
	int text[A_MOST], ntext;
	bool failed;		/* a chunk was refused */
	/* Of each message: "ESMTPSA login h1 s2 r3 r4 t5;" */
	char queued[A_MOST * 64];
};

struct answer {
	int codes[2], n;	/* before and behind a text; 354 is the first */
	bool ends;		/* the connection does, then */
};

void automaton_begin(struct automaton *a);
/*
 * The letter as step number at, with what goes wrong there; big: its text is
 * longer than a session holds.
 */
struct answer automaton_step(struct automaton *a, enum letter l,
    enum fault f, bool big, int at);

#endif
