/*
 * wire - the client's connection: bounded lines in, batched replies out.
 *
 * Replies collect and go out when the input is used up, so that a pipelined
 * group is answered in one packet.  Every wait has a deadline (clock.h), not
 * a timeout a read: a client that sends a byte now and then gains nothing.
 */
#ifndef SMTPSRVR_WIRE_H
#define SMTPSRVR_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "lib/reply.h"

#define WIRE_IN 65536
#define WIRE_OUT 8192

enum wire_end {
	WIRE_OK,
	WIRE_TOO_LONG,	/* a line; its rest was thrown away */
	WIRE_BARE,	/* a bare CR or LF ended or stood in a line */
	WIRE_CLOSED,	/* by the client */
	WIRE_TIMEOUT,
	WIRE_STOPPING	/* smtpd asks us to end, between commands; or is gone */
};

/*
 * What may lie over the connection (tls.h).  Both: how many bytes; 0 the end;
 * -1 it is broken, or (errno EAGAIN) wait for *events_r, poll's, first.
 */
struct wire_cover {
	ssize_t (*read)(void *ctx, void *p, size_t size, short *events_r);
	ssize_t (*write)(void *ctx, const void *p, size_t len,
	    short *events_r);
	void (*end)(void *ctx);	/* says goodbye, without waiting */
};

struct wire {
	int in, out;		/* may be the same socket */
	int life;		/* smtpd's lifetime socket, or -1 */
	int64_t reply_ms;	/* how long a client may take to read */
	size_t at, len;		/* unread bytes are buffer[at .. len) */
	size_t used;		/* of replies */
	bool plain;		/* replies have no enhanced codes */
	/* While it waits it looks whether clients are to hurry. */
	bool (*hurried)(const void *ctx);	/* null: never */
	const void *hurrier;	/* its context */
	int64_t hurry_ms;
	int64_t awaited, since;	/* the deadline that is waited for, and when
				   that began */
	bool stuck;		/* it reads no replies: it hears no more */
	const struct wire_cover *cover;	/* null: none */
	void *over;		/* its context */
	/* Last, the longest last: an idle session touches few pages. */
	char replies[WIRE_OUT];
	char buffer[WIRE_IN];
};

void wire_init(struct wire *w, int in, int out, int life);
/*
 * Whenever hurried says so, the client has no more than ms for what it is
 * waited for (a whole command, a handshake, room for our replies), however
 * long the deadline is; looked at every fifteen seconds.
 */
void wire_hurry(struct wire *w, int64_t ms,
    bool (*hurried)(const void *ctx), const void *ctx);
/*
 * What is waited for next is not what was waited for before, though it may
 * have the same deadline.  A line, and room for replies, begin so themselves.
 */
void wire_begin(struct wire *w);

/*
 * The next command line without its CRLF; it stays valid until the next
 * call, and is NUL-ended (it may hold NULs itself).  most counts the CRLF.
 */
enum wire_end wire_line(struct wire *w, size_t most, bool stoppable,
    int64_t deadline, char **line_r, size_t *len_r);
/*
 * Waits until the connection is ready for events (poll's), or the deadline;
 * WIRE_STOPPING if smtpd goes away.
 */
enum wire_end wire_wait(struct wire *w, short events, int64_t deadline);
/* Reads more behind what is there; the buffer must not be full. */
enum wire_end wire_fill(struct wire *w, bool stoppable, int64_t deadline);
/* The same, but what is there is taken even if the deadline is over. */
enum wire_end wire_fill_now(struct wire *w, int64_t deadline);
/* At most so many: what follows them is left to the kernel. */
enum wire_end wire_fill_most(struct wire *w, size_t most, bool stoppable,
    int64_t deadline);
/*
 * At least one byte to p, at most len (not 0): what was read before, or else
 * from the client; straight to p where len is large.
 */
enum wire_end wire_read(struct wire *w, char *p, size_t len, int64_t deadline,
    size_t *got_r);
/* Wipes whatever was read and has been used: it may have been a secret. */
void wire_forget(struct wire *w);
/* Is another byte there without waiting? */
bool wire_pending(const struct wire *w);

/* Adds "code[ enhanced] text" as one line, or one of several. */
enum wire_end wire_reply_line(struct wire *w, int code, const char *enhanced,
    const char *text, bool more);
/*
 * Sends what has collected.  After a WIRE_TIMEOUT nothing is ever sent again:
 * who did not read it is not waited for twice.
 */
enum wire_end wire_flush(struct wire *w);
/*
 * The polite end: sends replies, ends our direction, reads and drops what
 * comes for at most 5 s and 1 MiB, so that no reset eats the last reply.  Not
 * if it was the client's wish and nothing of it is unread: RFC 5321 4.1.1.10
 * has it send nothing more.
 */
void wire_hang_up(struct wire *w, bool wished);

#endif
