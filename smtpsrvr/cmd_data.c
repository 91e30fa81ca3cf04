/*
 * DATA (RFC 5321 4.1.1.4).
 *
 *	data = "DATA" CRLF
 *
 * The text goes to submit as it comes, at most SESSION_TEXT bytes of it are
 * held.  Whatever goes wrong, the text is read to its end and answered once,
 * except where the end itself is in doubt: then nothing more is read.
 */
#include "config.h"

#include <string.h>

#include "smtpsrvr/commands.h"
#include "smtpsrvr/data_reader.h"
#include "smtpsrvr/transfer.h"

#define ROOM_LEAST 3		/* data_read() */

static bool
too_big(const struct session *s)
{
	return s->tx.size > (uint64_t)s->set->max_message_size;
}

static enum transfer_end
more(struct session *s)
{
	if (transfer_endless(s, s->tx.size))
		return TRANSFER_ENDLESS;
	return transfer_end(s, wire_fill(&s->wire, false,
	    transfer_wait(s)));
}

static enum transfer_end
read_text(struct session *s)
{
	struct wire *w = &s->wire;
	struct data_reader d;
	enum transfer_end end;
	size_t used, made, room;

	transfer_begin(s);
	data_reader_init(&d);
	for (;;) {
		char *to = transfer_room(s, ROOM_LEAST, &room);
		enum data_result got = data_read(&d, w->buffer + w->at,
		    w->len - w->at, &used, to, room, &made);

		w->at += used;
		s->tx.size = s->tx.came = d.size;
		transfer_came(s, made);
		if (too_big(s) || s->tx.broken)
			transfer_drop(s);
		if (got == DATA_END || got == DATA_BARE)
			return got == DATA_END ? TRANSFER_OK : TRANSFER_BARE;
		if (got != DATA_FULL && (end = more(s)) != TRANSFER_OK)
			return end;
	}
}

void
cmd_data(struct session *s, const struct argument *a, struct reply *r)
{
	enum transfer_end end;

	(void)a;
	if (strcmp(s->tx.params.body, "BINARYMIME") == 0) {
		reply_set(r, REPLY_NEED_BDAT);
		return;
	}
	if (wire_pending(&s->wire)) {
		/* RFC 2920 3.1: DATA is the last of a group. */
		s->over = true;
		reply_set(r, REPLY_EARLY_TALKER);
		reply_because(r, "early-data");
		return;
	}
	reply_set(r, REPLY_GO_AHEAD);
	session_say(s, r, "DATA");
	memset(r, 0, sizeof *r);
	s->tx.each_hears = true;
	end = read_text(s);
	if (end == TRANSFER_OK) {
		transfer_finish(s, r);
	} else {
		/* The end of the text was in doubt, or did not come. */
		transfer_refuse(s, end, r);
		s->over = true;
	}
	/* Not before the log has named sender and recipient of a refusal. */
	s->tx.done = true;
}
