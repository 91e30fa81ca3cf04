/*
 * wrap - what hosts.allow and hosts.deny say of a client: the only module
 * that knows libwrap.
 *
 * The files are read for every question, as libwrap does.  Nothing that
 * stands in them is run.  It asks neither the name service nor the client's
 * ident server: where a rule wants the client's name, it says so.
 *
 * libwrap calls setenv(3) for the option setenv.  This module has a setenv of
 * its own, which the linker finds first: what rules set is handed on, and our
 * environment stays as it is.
 */
#ifndef TABLES_WRAP_H
#define TABLES_WRAP_H

#include "lib/ask.h"

enum wrap_verdict {
	WRAP_ALLOWED,
	WRAP_DENIED,
	WRAP_WANTS_NAME,	/* ask again, with it */
	WRAP_UNSURE		/* logged why */
};

struct wrap;

/* The files' names: shorter than 256 bytes, or a panic. */
struct wrap *wrap_new(const char *allow, const char *deny);
/*
 * name: what is known of the client's name, or null if nothing was asked.
 * channel_r: it is denied as the channel, not as the daemon.  set_r: the
 * variables that the rules which allow it set; as the channel wins.
 */
enum wrap_verdict wrap_ask(struct wrap *w,
    const struct ask_access_question *q, const struct ask_answer *name,
    bool *channel_r, struct variables *set_r);

#endif
