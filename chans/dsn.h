/*
 * dsn - the text of a delivery status notification (RFC 3464), as a
 * multipart/report (RFC 6522).  Pure.
 */
#ifndef CHANS_DSN_H
#define CHANS_DSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "chans/marks.h"
#include "chans/qread.h"
#include "lib/buf.h"

/* The largest original that is returned whole, where RET=FULL asks for it. */
#define DSN_FULL_MOST (1024 * 1024)
#define DSN_MOST (DSN_FULL_MOST + 64 * 1024 * 1024)

struct dsn_facts {
	const char *hostname;
	const char *id;		/* the notice's own identifier */
	int64_t now;		/* microseconds since 1970 */
	const struct qread *original;
	const struct mark *mark;	/* one a recipient of the original */
	uint32_t group;		/* told: those FAILED with this group */
};

/*
 * An identifier that is always the same for the same failure, so that a
 * notice repeated after a crash is recognised: the first 8 characters are
 * the entry's (its time), the other 12 are 60 bits of XXH3 over identifier
 * and group.
 */
void dsn_id(const char *entry, uint32_t group, char id_r[TRACE_ID]);
/* Whether a failure of this recipient is to be told (RFC 3461 4.1). */
bool dsn_wanted(const struct qfile *q, size_t recipient);
/*
 * Adds the whole message, lines ending in LF; eight_r tells whether it has
 * 8-bit bytes.  0, or -1 if b is full.
 */
MM_MUST_USE int dsn_build(struct buf *b, const struct dsn_facts *f,
    bool *eight_r);

#endif
