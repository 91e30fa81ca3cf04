/*
 * slots - one slot a connection, from accept to the end of its session.
 *
 * Nothing is allocated for a connection: the arrays are made at the start.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fdio.h"
#include "lib/xalloc.h"
#include "smtpd/slots.h"

int
slots_init(struct slots *s, uint32_t room, const struct plan *p)
{
	memset(s, 0, sizeof *s);
	s->room = room;
	s->rows = rows_make(room, &s->rows_fd);
	if (s->rows == NULL)
		return -1;
	s->at = xcalloc(room, sizeof *s->at);
	limits_init(&s->limits, room);
	limits_clear(&s->limits, p);
	s->free = s->first = s->last = SLOT_NONE;
	for (uint32_t i = room; i-- > 0;) {
		s->at[i] = (struct slot){ .conn = -1, .life = -1,
		    .next = s->free };
		s->free = i;
	}
	/* Serials stay unique across restarts: a million a second would do. */
	s->serial = (uint64_t)time(NULL) << 20;
	s->random_used = ARRAY_LEN(s->random) / ROWS_TOKEN;
	return 0;
}

static int
fresh_token(struct slots *s, uint8_t token_r[ROWS_TOKEN])
{
	uint8_t *at;

	if (s->random_used == ARRAY_LEN(s->random) / ROWS_TOKEN) {
		/* 256 bytes at a time are never cut by a signal. */
		for (size_t i = 0; i < sizeof s->random; i += 256)
			if (getrandom(s->random + i, 256, 0) != 256)
				return -1;
		s->random_used = 0;
	}
	at = s->random + s->random_used++ * ROWS_TOKEN;
	memcpy(token_r, at, ROWS_TOKEN);
	memset(at, 0, ROWS_TOKEN);
	return 0;
}

void
slots_tell(struct slots *s, uint32_t n)
{
	const struct limit_subject *who = &s->at[n].who;

	atomic_store_explicit(&s->rows[n].counted_listener, who->listener,
	    memory_order_relaxed);
	atomic_store_explicit(&s->rows[n].counted_channel, who->channel,
	    memory_order_relaxed);
	if (s->at[n].proxy && !who->proxy)
		rows_tell(&s->rows[n], &who->peer);
}

uint32_t
slots_take(struct slots *s, int conn, const struct limit_subject *who,
    const struct netaddr *local)
{
	uint32_t n = s->free;
	struct row *row;

	if (n == SLOT_NONE)
		return n;
	row = &s->rows[n];
	if (fresh_token(s, row->token) != 0)
		return SLOT_NONE;
	row->peer = who->peer;
	row->local = *local;
	row->listener = who->listener;
	row->since = time(NULL);
	row->told = who->proxy;
	s->free = s->at[n].next;
	s->used++;
	s->at[n] = (struct slot){ .conn = conn, .life = -1,
	    .next = SLOT_NONE, .who = *who, .proxy = who->proxy,
	    .since = clock_ms() };
	slots_tell(s, n);
	atomic_store_explicit(&row->serial, ++s->serial,
	    memory_order_release);
	limits_enter(&s->limits, who);
	if (s->last == SLOT_NONE)
		s->first = n;
	else
		s->at[s->last].next = n;
	s->last = n;
	return n;
}

uint32_t
slots_waiting(struct slots *s)
{
	uint32_t n = s->first;

	if (n == SLOT_NONE)
		return n;
	s->first = s->at[n].next;
	if (s->first == SLOT_NONE)
		s->last = SLOT_NONE;
	s->at[n].next = SLOT_NONE;
	return n;
}

int64_t
slots_pass(struct slots *s, int sock)
{
	uint32_t n = s->first;
	struct slot *slot;
	struct row_pass pass;
	int pair[2], fds[2];

	if (n == SLOT_NONE)
		return SLOT_NONE;
	slot = &s->at[n];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0, pair) != 0)
		return -1;
	pass = (struct row_pass){ .row = n, .serial = s->rows[n].serial,
	    .peer = s->rows[n].peer, .local = s->rows[n].local,
	    .listener = slot->who.listener };
	memcpy(pass.token, s->rows[n].token, ROWS_TOKEN);
	fds[0] = slot->conn;
	fds[1] = pair[1];
	if (fd_pass(sock, &pass, sizeof pass, fds, 2, MSG_DONTWAIT) != 0) {
		int e = errno;

		close(pair[0]);
		close(pair[1]);
		errno = e;
		return -1;
	}
	close(pair[1]);
	slot->life = pair[0];
	slot->tries++;
	slot->since = clock_ms();
	return slots_waiting(s);
}

void
slots_again(struct slots *s, uint32_t n)
{
	struct slot *slot = &s->at[n];

	close(slot->life);
	slot->life = -1;
	slot->next = s->first;
	s->first = n;
	if (s->last == SLOT_NONE)
		s->last = n;
}

void
slots_free(struct slots *s, uint32_t n)
{
	struct slot *slot = &s->at[n];
	struct row *row = &s->rows[n];

	if (slot->conn >= 0)
		close(slot->conn);
	if (slot->life >= 0)
		close(slot->life);
	limits_leave(&s->limits, &slot->who);
	atomic_store_explicit(&row->serial, 0, memory_order_release);
	memset(row->token, 0, ROWS_TOKEN);
	*slot = (struct slot){ .conn = -1, .life = -1, .next = s->free };
	s->free = n;
	s->used--;
}
