/*
 * slots - one slot a connection, from accept to the end of its session.
 *
 *	WAITING  accepted and counted, not yet passed to a template
 *	PASSED   a template has the descriptors; smtpd keeps a copy
 *	BEGUN    a session has said so on its lifetime socket
 *
 * End of file on the lifetime socket frees the slot, whoever died.  Without
 * a "begun" before it, the template could not fork (the client gets 421 from
 * us) or is gone (the connection goes to the next one).
 */
#ifndef SMTPD_SLOTS_H
#define SMTPD_SLOTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "lib/plan.h"
#include "lib/rows.h"
#include "smtpd/limits.h"

#define SLOT_NONE UINT32_MAX

struct slot {
	int conn;		/* our copy, or -1 once the session has begun */
	int life;		/* our end of the lifetime socket, or -1 */
	uint32_t next;		/* free list, or queue of those that wait */
	struct limit_subject who;	/* as it is counted */
	uint32_t generation;	/* of the settings that its session has */
	bool proxy;		/* its peer may say whose it is */
	bool told;		/* its session said which channel it is */
	bool ended;		/* and that it ends by itself */
	bool lost;		/* and how much of its log nobody took */
	uint8_t tries;		/* templates that it was passed to */
	pid_t to;		/* the last of them; 0: it was killed since */
	int64_t since;		/* monotonic, when accepted or passed */
};

struct slots {
	uint32_t room, used;
	struct slot *at;
	struct row *rows;	/* the session table, same indexes */
	int rows_fd;
	uint32_t free, first, last;
	uint64_t serial;
	struct limits limits;
	uint8_t random[256 * ROWS_TOKEN];
	unsigned random_used;
};

/* 0 or -1 with errno. */
int slots_init(struct slots *s, uint32_t room, const struct plan *p);
/*
 * Takes a slot for conn, counts it in and queues it to be passed.  SLOT_NONE
 * if there is none, and nothing is counted.
 */
uint32_t slots_take(struct slots *s, int conn,
    const struct limit_subject *who, const struct netaddr *local);
/* Its row says what it is counted as: after each change of that. */
void slots_tell(struct slots *s, uint32_t n);
/*
 * Passes the first that waits to the template at sock; its lifetime socket
 * is in the slot then.  The slot, SLOT_NONE when none waits, or -1 with errno
 * (EAGAIN: the template is busy) and it still waits.
 */
int64_t slots_pass(struct slots *s, int sock);
/* Takes the first that waits out of the queue; SLOT_NONE when none does. */
uint32_t slots_waiting(struct slots *s);
/* Puts one that was passed back at the head: its template is gone. */
void slots_again(struct slots *s, uint32_t n);
/* Closes what is open, clears the row, counts out. */
void slots_free(struct slots *s, uint32_t n);

#endif
