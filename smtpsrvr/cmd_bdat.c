/*
 * BDAT (RFC 3030 section 2).
 *
 *	bdat = "BDAT" SP 1*DIGIT [SP "LAST"] CRLF, and so many octets
 *
 * Whatever the reply, those octets are never taken for commands: they are
 * read off the connection, or it ends.  It ends at once, before anything is
 * waited for, where their number cannot be known, or is far above what a
 * message may have.
 *
 * A refused chunk is the end of its transaction (FAILED): RFC 3030 leaves the
 * state open, and a message that begins in the middle must not be taken.  With
 * LAST the transaction is over, good or bad, as it is after DATA.
 */
#include "config.h"

#include <string.h>

#include "lib/text.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/commands.h"
#include "smtpsrvr/submitter.h"
#include "smtpsrvr/transfer.h"

#define ROOM_LEAST 4096		/* of s->text, or it is emptied first */

static size_t
least(uint64_t a, size_t b)
{
	return a < b ? (size_t)a : b;
}

static bool
is_binary(const struct session *s)
{
	return strcmp(s->tx.params.body, "BINARYMIME") == 0;
}

/* What came to p, of transfer_room(); false: the text is void. */
static bool
keep(struct session *s, char *p, size_t len)
{
	size_t made = len;

	if (s->tx.broken || s->tx.bare)
		return !s->tx.bare;
	if (!is_binary(s) &&
	    chunk_lines_take(&s->tx.lines, p, len, &made) != 0)
		return false;
	transfer_came(s, made);
	return true;
}

/* To its end, though what came is void. */
static enum transfer_end
take(struct session *s, uint64_t left)
{
	while (left > 0) {
		size_t room, got;
		char *to = transfer_room(s, least(left, ROOM_LEAST), &room);
		enum transfer_end end;

		end = transfer_end(s, wire_read(&s->wire, to,
		    least(left, room), transfer_wait(s), &got));
		if (end != TRANSFER_OK)
			return end;
		left -= got;
		s->tx.came += got;
		if (!keep(s, to, got))
			s->tx.bare = true;
	}
	return s->tx.bare ? TRANSFER_BARE : TRANSFER_OK;
}

/* Only what follows LAST can be missed; a last line without its end has it. */
static enum transfer_end
end_text(struct session *s)
{
	size_t room;

	if (is_binary(s))
		return TRANSFER_OK;
	if (s->tx.lines.cr)
		return TRANSFER_BARE;
	if (!s->tx.lines.inside)
		return TRANSFER_OK;
	*transfer_room(s, 1, &room) = '\n';
	transfer_came(s, 1);
	s->tx.size += 2;
	return TRANSFER_OK;
}

/* Its octets are dropped: r stays, unless they do not come. */
static void
swallow(struct session *s, uint64_t left, struct reply *r)
{
	struct wire *w = &s->wire;
	enum transfer_end end = TRANSFER_OK;
	size_t n;

	if (s->tx.until == 0)
		transfer_begin(s);
	while (left > 0 && end == TRANSFER_OK) {
		n = least(left, w->len - w->at);
		w->at += n;
		left -= n;
		s->tx.came += n;
		if (left > 0)
			end = transfer_end(s, wire_fill(w, false,
			    transfer_wait(s)));
	}
	if (end != TRANSFER_OK)
		transfer_refuse(s, end, r);
	if (s->state <= STATE_READY)
		s->tx.until = 0;
}

/* What a refused chunk leaves of the transaction. */
static void
fail(struct session *s, bool last)
{
	if (s->state < STATE_MAIL)
		return;
	s->tx.each_hears = last;
	if (last) {
		s->tx.done = true;
		return;
	}
	submitter_abort(s);
	s->text_len = 0;
	s->state = STATE_FAILED;
}

void
bdat_refused(struct session *s, const struct argument *a, struct reply *r)
{
	if (transfer_endless(s, a->octets))
		s->over = true;
	if (!s->over)
		swallow(s, a->octets, r);
	fail(s, a->last);
}

static bool
too_big(struct session *s, uint64_t octets, struct reply *r)
{
	s->tx.size += octets;
	if (check_size(s, &(struct check_subject){ 0 }, r) == PASS)
		return false;
	reply_because(r, "size");
	return true;
}

/* Empty chunks bring no message nearer. */
static bool
too_idle(struct session *s, const struct argument *a, struct reply *r)
{
	return a->octets == 0 && !a->last && command_idle(s, r);
}

void
cmd_bdat(struct session *s, const struct argument *a, struct reply *r)
{
	enum transfer_end end;

	if (s->tx.until == 0)
		transfer_begin(s);
	if (too_idle(s, a, r) || too_big(s, a->octets, r)) {
		bdat_refused(s, a, r);
		return;
	}
	end = clock_left(s->tx.until) > 0 ? take(s, a->octets) :
	    TRANSFER_SLOW;
	if (end == TRANSFER_OK && a->last)
		end = end_text(s);
	if (end != TRANSFER_OK) {
		transfer_refuse(s, end, r);
	} else if (s->tx.broken) {
		reply_set(r, REPLY_SUBMIT_FAILED);
		reply_because(r, "submit");
	} else if (command_early(s, r)) {
		;
	} else if (a->last) {
		transfer_finish(s, r);
	} else {
		s->state = STATE_CHUNKS;
		reply_set(r, REPLY_CHUNK_TAKEN, (long long)a->octets);
		return;
	}
	s->tx.each_hears = a->last;
	if (reply_good(r))
		s->tx.done = true;
	else
		fail(s, a->last);
}
