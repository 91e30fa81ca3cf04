/*
 * conf_check - what must be right between the settings of a configuration.
 */
#ifndef LIB_CONF_CHECK_H
#define LIB_CONF_CHECK_H

#include "lib/buf.h"
#include "lib/conf.h"

/* What is wrong, one line each: "inlet.conf:12: ...". */
struct conf_wrong {
	struct buf *text;
	int n;
};

void conf_wrong(struct conf_wrong *w, struct origin at, const char *fmt, ...)
    MM_PRINTF(3, 4);

/*
 * Checks a configuration that is otherwise complete: it refers only to tables
 * and channels that exist, no list of names has a blank, an empty or a
 * repeated one, no two listeners want the same socket, addresses, directories
 * and permissions are such, and limits do not contradict each other.
 */
void conf_check(const struct conf *c, struct conf_wrong *w);
/*
 * The part of it about what a client sees: what s sets itself, as it is with
 * the settings v that are in force there.
 */
void conf_check_seen(const struct section *s, const struct settings *v,
    struct conf_wrong *w);

/* A channel's: its command, and what goes with it. */
void conf_check_pipe(const struct section *s, struct conf_wrong *w);
/* The same for programs smtp and lmtp. */
void conf_check_relay(const struct section *s, struct conf_wrong *w);
/* Of the server: who knows passwords, and what they need. */
void conf_check_backends(const struct section *s, struct conf_wrong *w);
/* The mechanisms that s names itself. */
void conf_check_mechanisms(const struct section *s, struct conf_wrong *w);
/* What else there is to AUTH. */
void conf_check_auth(const struct conf *c, struct conf_wrong *w);

/* What a section says of lists in the name service, SPF, and their results. */
void conf_check_gate(const struct section *s, struct conf_wrong *w);

#endif
