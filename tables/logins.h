/*
 * logins - as whom may send who has logged in (RFC 6409 6.1): the table
 * sender-logins, and sender-unlisted for whom it has no row.
 *
 * Asked by smtpsrvr, and by submit again.  e's from has the login, proven by
 * others, and the sender, which is the client's word.
 */
#ifndef TABLES_LOGINS_H
#define TABLES_LOGINS_H

#include <stdbool.h>
#include "tables/envelope.h"

/*
 * 0 where nobody has logged in, for the null sender, and where the login may
 * use the sender; else -1 with the refusal and its reason.
 */
MM_MUST_USE int logins_sender(const struct envelope *e, struct reply *r);
/*
 * May it send as m?  TB_FOUND or TB_NEGATED; TB_LATER with the refusal.
 */
enum tb_answer logins_may(const struct envelope *e, const struct mailbox *m,
    struct reply *r);
/*
 * Does the login's row list m?  TB_FOUND; TB_NEGATED: there is a row, and it
 * does not; TB_NOT_FOUND: there is no row; TB_LATER with the refusal.
 */
enum tb_answer logins_find(const struct envelope *e, const struct mailbox *m,
    struct reply *r);
/* Null if it is a word that a row may have, else what is wrong with it. */
const char *logins_wrong(const char *word, size_t len);

#endif
