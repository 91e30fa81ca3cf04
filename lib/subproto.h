/*
 * subproto - the dialogue with submit: frames and their encoding, no policy.
 *
 * Over a unix stream socket, or a pipe pair to a submit that is a child.
 * Every frame is a length-prefixed record, so nothing needs escaping.
 *
 *	caller                          submit
 *	HELLO                           (nothing)
 *	ENVELOPE RECIPIENT... DATA... COMMIT
 *	                                VERDICT (for the message)
 *	ENVELOPE ...
 *
 *	START (ETRN)                    VERDICT
 *	FORGIVE (rates of a login)      VERDICT
 *
 * Between messages another HELLO says who speaks from then on.
 * With SUB_EACH in the hello, each RECIPIENT gets a VERDICT of its own, and
 * so does the ENVELOPE.  ABORT forgets what came since the last COMMIT; so
 * does the end of the connection.  A frame out of order, too long or of no
 * known type ends the connection.
 */
#ifndef LIB_SUBPROTO_H
#define LIB_SUBPROTO_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/buf.h"
#include "lib/receipt.h"
#include "lib/reply.h"
#include "lib/rows.h"
#include "lib/trace.h"
#include "lib/variables.h"

#define SUB_VERSION 7
#define SUB_FRAME_MOST 65536	/* payload of one frame */
#define SUB_FIELD_MOST 1024	/* one field of an envelope or recipient */
#define SUB_LOGIN AUTH_LOGIN
/*
 * A user's sender: the user.  Whatever stands there, only root, the submit user
 * and trusted-users may be somebody else; everybody may be nobody ("").
 */
#define SUB_MYSELF "me@localhost"

enum sub_type {
	SUB_HELLO = 'H', SUB_ENVELOPE = 'E', SUB_RECIPIENT = 'R',
	SUB_DATA = 'D', SUB_COMMIT = 'C', SUB_ABORT = 'A', SUB_VERDICT = 'V',
	SUB_START = 'S', SUB_FORGIVE = 'F'
};

/* Who speaks. */
enum sub_kind {
	SUB_SESSION = 1,	/* row, serial and token prove which one */
	SUB_DECLARED,		/* a trusted uid names the source */
	SUB_LOCAL,		/* a user of this machine: SO_PEERCRED */
	SUB_NOTICE		/* deliver: a DSN under a given identifier */
};

#define SUB_CERTIFICATE 400

/* Hello flags. */
#define SUB_EACH 1
#define SUB_TOLD 2		/* SUB_SESSION: peer, local and login are what a
				 * listed proxy said */

/* On the wire as here, little endian. */
struct sub_header {
	uint32_t len;		/* of the payload */
	uint8_t type;
	uint8_t pad[3];
};

struct sub_hello {
	uint16_t version;
	uint8_t kind, flags;
	uint32_t row;		/* SUB_SESSION */
	uint64_t serial;
	uint8_t token[ROWS_TOKEN];
	struct netaddr peer, local;	/* SUB_DECLARED, SUB_TOLD */
	/* The same; or SUB_SESSION, with what authsrvr gave for it; or "" */
	char login[SUB_LOGIN];
	char mechanism[AUTH_MECHANISM];	/* "": no receipt */
	uint8_t receipt[RECEIPT];
	char certificate[SUB_CERTIFICATE];	/* tables/clients.h; or "" */
	/* SUB_DECLARED */
	int32_t listener, finicky;
	char channels[512];
	struct variables variables;	/* of the session's environment */
};

/*
 * Fields are text with their length; "" where there is none.  What the
 * session says of itself is believed only where submit cannot know better.
 */
struct sub_envelope {
	const char *sender;	/* path_text form, "" for the null path */
	const char *helo;
	const char *with;	/* RFC 3848 keyword, its tail not yet known */
	const char *tls;	/* qfile.h; "" in the clear */
	const char *body;	/* "", "7BIT", "8BITMIME", "BINARYMIME" */
	const char *sid;	/* the session's log identifier */
	const char *channel;	/* the source channel as the session sees it */
	const char *name;	/* the confirmed name as the session sees it */
	const char *envid, *ret;	/* RFC 3461, asked.h */
	const char *auth;	/* RFC 4954, asked.h */
	const char *id;		/* SUB_NOTICE: the entry's identifier */
	int64_t size;		/* SIZE= or -1 */
	int64_t hold, hold_for;	/* as in qfile.h, all of these */
	int64_t by;
	char by_mode;
	bool by_trace, utf8, requiretls;
	int priority;
	/* What was asked about the client, for its trace; 0: nothing. */
	uint8_t spf, spf_helo;	/* enum spf_result */
	uint32_t listed;	/* by which of dnslists, a bit each */
};

struct sub_recipient {
	const char *address;	/* path_text form */
	const char *notify, *orcpt;	/* asked.h */
};

struct sub_verdict {
	struct reply reply;
	char id[TRACE_ID];	/* when queued */
};

/*
 * Each adds one whole frame; 0, or -1 with b unchanged if b is full, or a
 * field is too long or holds a control character.  A null field is "".
 */
MM_MUST_USE int sub_put_hello(struct buf *b, const struct sub_hello *h);
MM_MUST_USE int sub_put_envelope(struct buf *b, const struct sub_envelope *e);
MM_MUST_USE int sub_put_recipient(struct buf *b,
    const struct sub_recipient *r);
MM_MUST_USE int sub_put_verdict(struct buf *b, const struct sub_verdict *v);
MM_MUST_USE int sub_put_forgive(struct buf *b, const char *login);
/* "example.org" or, with what is below it, "@example.org". */
MM_MUST_USE int sub_put_start(struct buf *b, const char *node);
MM_MUST_USE int sub_put_frame(struct buf *b, enum sub_type type,
    const void *p, size_t len);
/* COMMIT carries how many DATA bytes there were: a cut message is noticed. */
MM_MUST_USE int sub_put_commit(struct buf *b, uint64_t length);

/*
 * The eight bytes before a payload; -1 if the length is above SUB_FRAME_MOST,
 * the type unknown or the pad not zero.
 */
MM_MUST_USE int sub_get_header(const void *p, struct sub_header *h_r);
/*
 * Decode a payload; 0, or -1 if it is not exactly one well-formed record.
 * Strings point into p and are NUL-ended there (the encoding has the NULs).
 * No control character, DEL, NUL or newline passes in any field; bytes of 0x80
 * and above do, but not in what a VERDICT says to the client.
 */
MM_MUST_USE int sub_get_hello(const void *p, size_t len, struct sub_hello *h_r);
MM_MUST_USE int sub_get_envelope(const void *p, size_t len,
    struct sub_envelope *e_r);
MM_MUST_USE int sub_get_recipient(const void *p, size_t len,
    struct sub_recipient *r_r);
MM_MUST_USE int sub_get_verdict(const void *p, size_t len,
    struct sub_verdict *v_r);
MM_MUST_USE int sub_get_start(const void *p, size_t len, const char **node_r);
MM_MUST_USE int sub_get_forgive(const void *p, size_t len,
    const char **login_r);
MM_MUST_USE int sub_get_commit(const void *p, size_t len, uint64_t *length_r);

/* Reads one VERDICT frame from fd before the deadline; 0 or -1. */
MM_MUST_USE int sub_read_verdict(int fd, int64_t deadline,
    struct sub_verdict *v_r);

#endif
