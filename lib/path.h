/*
 * path - reverse-path, forward-path, domain, address literal (RFC 5321 4.1.2,
 * 4.1.3, 4.5.3.1; RFC 6531 3.3).
 *
 * Pure: text in, value out.  Nothing is looked up.
 */
#ifndef LIB_PATH_H
#define LIB_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/mm.h"

#define PATH_LOCAL_MOST 64	/* RFC 5321 4.5.3.1.1 */
#define PATH_DOMAIN_MOST 255	/* RFC 5321 4.5.3.1.2 */

/*
 * A mailbox.  local is the plain local part: quotes and backslashes are
 * taken away; quoted tells that they were needed.  domain is in lower case;
 * an address literal keeps its brackets.  Both empty: the null reverse-path.
 * domain empty with local "postmaster": RFC 5321 4.1.1.3; or with any user,
 * where that was asked for.
 *
 * With PATH_UTF8 both may have characters beyond ASCII, well-formed and no
 * controls; lengths are in octets.  Of such a domain nothing else is known:
 * whoever looks it up or keeps it makes A-labels of it before.
 */
struct mailbox {
	char local[PATH_LOCAL_MOST + 1];
	char domain[PATH_DOMAIN_MOST + 1];
	bool quoted;
};

enum path_kind {
	PATH_REVERSE,	/* <> is allowed */
	PATH_FORWARD,	/* <postmaster> is allowed, <> is not */
	PATH_REVERSE_USER, /* as above, and <user>: domain is empty then */
	PATH_FORWARD_USER,
	PATH_UTF8 = 8	/* or-ed: RFC 6531 */
};

enum path_error {
	PATH_OK,
	PATH_SYNTAX,		/* 501 */
	PATH_LOCAL_LONG,	/* 501 */
	PATH_DOMAIN_LONG,	/* 501 */
	PATH_NOT_ASCII		/* 553 5.6.7, without PATH_UTF8 */
};

/*
 * Parses "<...>" at the start of s.  *end_r is the first byte behind ">".
 * A source route (<@a,@b:c@d>) is checked and dropped (RFC 5321 C).
 */
MM_MUST_USE enum path_error path_parse(const char *s, size_t len,
    enum path_kind kind, struct mailbox *m_r, size_t *end_r);
/* A bare "local@domain" without angle brackets, all of s. */
MM_MUST_USE enum path_error path_parse_bare(const char *s,
    struct mailbox *m_r);
/* RFC 5321 Domain: letters, digits, inner hyphens, dots; no trailing dot. */
bool path_is_domain(const char *s, size_t len);
/* "[192.0.2.1]" or "[IPv6:...]". */
bool path_is_literal(const char *s, size_t len);

bool path_is_ascii(const char *s);

/*
 * Puts suffix behind the address: it ends the domain, or, if it has an @, what
 * is before that one the local part.  -1 (and m as it was) if that is no
 * mailbox.  An address without a domain stays as it is.
 */
MM_MUST_USE int path_append(struct mailbox *m, const char *suffix);

/* As it goes on the wire, without angle brackets, quoted where needed. */
#define PATH_TEXT (2 * PATH_LOCAL_MOST + PATH_DOMAIN_MOST + 4)
const char *path_text(const struct mailbox *m, char dst[PATH_TEXT]);

#endif
