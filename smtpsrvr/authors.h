/*
 * authors - who a message says that it is from: the mailboxes of From and
 * Sender, and of the first of their Resent- forms (RFC 5322 3.6.2, 3.6.6).
 *
 * Pure.  mend.h finds the fields; what may stand in them is the setting
 * header-from's, and the check of that name asks.
 */
#ifndef SMTPSRVR_AUTHORS_H
#define SMTPSRVR_AUTHORS_H

#include <stdbool.h>
#include "lib/addresses.h"

enum authors_field { AUTHORS_FROM, AUTHORS_SENDER, AUTHORS_RESENT_FROM,
	AUTHORS_RESENT_SENDER, AUTHORS_FIELDS };

/* All zero: none was there. */
struct authors {
	struct addresses of[AUTHORS_FIELDS];
	unsigned fields[AUTHORS_FIELDS];	/* how many there were */
	char unread[80];	/* "From: why", or "": all could be read */
};

/* One more such field, with these; a second Resent- one is an older block's. */
void authors_add(struct authors *a, enum authors_field f,
    struct addresses *mailboxes);
/* One more that cannot be read: nothing of it counts, and why is kept. */
void authors_unread(struct authors *a, enum authors_field f, const char *why);
/*
 * Null, or why nobody can say who it is from: a field cannot be read, is there
 * twice, or empty, or there is none, or several mailboxes of a From have no
 * Sender.  added: a From is put where there is none.
 */
const char *authors_wrong(const struct authors *a, bool added);
/*
 * Who sent it: Resent-Sender, Resent-From, Sender or From, the first that is
 * there.  Null with a reason where that is more than one mailbox.
 */
const struct addresses *authors_sender(const struct authors *a,
    const char **why_r);
void authors_free(struct authors *a);

#endif
