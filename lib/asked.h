/*
 * asked - what MAIL and RCPT may ask for a message: which values are good.
 *
 * RFC 3461 (ENVID, RET, NOTIFY, ORCPT), RFC 6533 (ORCPT of type utf-8), RFC
 * 4954 5 (AUTH), RFC 6710 (priority), RFC 2852 (deadline), RFC 4865 (hold).
 * Pure.  Sessions check what a client sent, submit what a session says of it:
 * the same code, so that they agree.  "" is what was not asked for, and good.
 */
#ifndef LIB_ASKED_H
#define LIB_ASKED_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/mm.h"

#define ASKED_ENVID_MOST 100	/* RFC 3461 4.4 */
#define ASKED_ORCPT_MOST 500	/* RFC 3461 4.2 */
#define ASKED_AUTH_MOST 500	/* RFC 4954 3 */
#define ASKED_NOTIFY_MOST 24	/* all three words, and NUL */
#define ASKED_HOLD_MOST 999999999	/* seconds, RFC 4865 3 */
#define ASKED_PRIORITY_MOST 9	/* RFC 6710; and down to its negative */

enum asked_notify {
	ASKED_SUCCESS = 1, ASKED_FAILURE = 2, ASKED_DELAY = 4,
	ASKED_NEVER = 8
};

/* xtext of printable characters. */
bool asked_envid_good(const char *s);
/* FULL or HDRS, in capitals. */
bool asked_ret_good(const char *s);
/*
 * The words of NOTIFY=, in any case: their bits in *set_r.  False if one is
 * none or there twice, or NEVER is not alone.
 */
bool asked_notify(const char *s, unsigned *set_r);
/* The other way: in capitals, in one order; "" for no bit. */
void asked_notify_text(unsigned set, char dst[ASKED_NOTIFY_MOST]);
/* What asked_notify_text() gives, or "". */
bool asked_notify_good(const char *s);
/*
 * "type;xtext"; of type utf-8 the forms of RFC 6533 3 that may stand here:
 * with \x{HEX} for what is not printable ASCII, and only if utf8 (SMTPUTF8 was
 * asked for) characters as they are.  None of them is a control character.
 */
bool asked_orcpt_good(const char *s, bool utf8);
/*
 * What Postfix says of an address in UTF-8, "rfc822;" and the bytes of that as
 * xtext, in the form that RFC 6533 3 has for it, in ASCII.  -1 if s is nothing
 * of that kind, or too long then.
 */
MM_MUST_USE int asked_orcpt_mended(const char *s,
    char dst[ASKED_ORCPT_MOST + 1]);
/* "<>" or the xtext of a mailbox. */
bool asked_auth_good(const char *s);

#endif
