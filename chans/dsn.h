/*
 * dsn - the text of a delivery status notification (RFC 3464), as a
 * multipart/report (RFC 6522); where it must be, with the types of RFC 6533
 * for addresses and headers in UTF-8.  Pure.
 */
#ifndef CHANS_DSN_H
#define CHANS_DSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chans/marks.h"
#include "chans/qread.h"
#include "lib/buf.h"

/* What is in a report besides the original, at the most. */
#define DSN_MOST (64 * 1024 * 1024)

enum dsn_kind {
	DSN_FAILED,		/* for good */
	DSN_DELAYED,		/* not yet */
	DSN_DELIVERED,		/* or relayed to where nobody tells more */
	DSN_EXPANDED		/* an alias of several addresses */
};

struct dsn_facts {
	enum dsn_kind kind;
	const char *hostname;
	const char *id;		/* the notice's own identifier */
	int64_t now;		/* microseconds since 1970 */
	const struct qread *original;
	const struct mark *mark;	/* one a recipient of the original */
	uint32_t group;		/* told: those with this one; EXPANDED: this */
	uint32_t at;		/* DELAYED: and this warning */
	int64_t until;		/* DELAYED: given up then */
	int64_t full_most;	/* no larger original is returned whole */
};

/*
 * An identifier that is always the same for the same notice, so that one
 * repeated after a crash is recognised: the first 8 characters are the
 * entry's (its time), the other 12 are 60 bits of XXH3 over identifier, kind,
 * group and warning.
 */
void dsn_id(const char *entry, enum dsn_kind kind, uint32_t group,
    uint32_t at, char id_r[TRACE_ID]);
/*
 * Whether that of this recipient is to be told (RFC 3461 4.1, 5.2).  Of an
 * alias of several addresses only the first stands for all: expanded.
 */
bool dsn_wants(const struct qfile *q, size_t recipient, enum dsn_kind kind);
/* Does the notice tell of recipient i? */
bool dsn_tells(const struct dsn_facts *f, size_t i);
/*
 * Adds the whole message, lines ending in LF; eight_r tells whether it has
 * 8-bit bytes, utf8_r whether its header has, which takes SMTPUTF8.  0, or -1
 * if b is full.
 */
MM_MUST_USE int dsn_build(struct buf *b, const struct dsn_facts *f,
    bool *eight_r, bool *utf8_r);

#endif
