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

#include "smtpsrvr/checks.h"
#include "smtpsrvr/commands.h"
#include "smtpsrvr/data_reader.h"
#include "smtpsrvr/submitter.h"

#define OVERRUN 4		/* times the maximum that is read and dropped */

enum text_end { TEXT_END, TEXT_BARE, TEXT_CLOSED, TEXT_TIMEOUT, TEXT_SLOW,
	TEXT_ENDLESS, TEXT_STOPPING };

static bool
too_big(const struct session *s)
{
	return s->tx.size > (uint64_t)s->set->max_message_size;
}

static enum text_end
more(struct session *s, int64_t until)
{
	int64_t deadline = clock_ms() + s->set->data_timeout;

	if (too_big(s) && s->tx.size / OVERRUN >
	    (uint64_t)s->set->max_message_size)
		return TEXT_ENDLESS;
	switch (wire_fill(&s->wire, false, deadline < until ? deadline :
	    until)) {
	case WIRE_OK:
		return TEXT_END;
	case WIRE_TIMEOUT:
		return clock_left(until) == 0 ? TEXT_SLOW : TEXT_TIMEOUT;
	case WIRE_STOPPING:
		return TEXT_STOPPING;
	case WIRE_TOO_LONG:
	case WIRE_BARE:
	case WIRE_CLOSED:
		break;
	}
	return TEXT_CLOSED;
}

static enum text_end
read_text(struct session *s)
{
	struct wire *w = &s->wire;
	int64_t until = clock_ms() + s->set->message_time;
	struct data_reader d;
	enum text_end end;
	size_t used, made;

	data_reader_init(&d);
	for (;;) {
		enum data_result got = data_read(&d, w->buffer + w->at,
		    w->len - w->at, &used, s->text + s->text_len,
		    sizeof s->text - s->text_len, &made);

		w->at += used;
		s->tx.size = d.size;
		s->tx.stored += made;
		s->text_len += made;
		if (too_big(s) || s->tx.broken)
			s->text_len = 0;
		if (got == DATA_END || got == DATA_BARE)
			return got == DATA_END ? TEXT_END : TEXT_BARE;
		if (got == DATA_FULL)
			submitter_stream(s);
		else if ((end = more(s, until)) != TEXT_END)
			return end;
	}
}

/* The end of the text was in doubt or did not come: nothing is queued. */
static void
refuse_text(struct session *s, enum text_end end, struct reply *r)
{
	s->over = true;
	switch (end) {
	case TEXT_BARE:
		reply_set(r, s->set->bare_newline == BARE_NEWLINE_DEFER ?
		    REPLY_BARE_NEWLINE_DEFER : REPLY_BARE_NEWLINE);
		reply_because(r, "bare-newline");
		break;
	case TEXT_TIMEOUT:
		reply_set(r, REPLY_SLOW_TRANSFER, s->set->hostname);
		reply_limit(r, "data-timeout", s->set->data_timeout,
		    s->set->data_timeout);
		break;
	case TEXT_SLOW:
		reply_set(r, REPLY_SLOW_TRANSFER, s->set->hostname);
		reply_limit(r, "message-time", s->set->message_time,
		    s->set->message_time);
		break;
	case TEXT_ENDLESS:
		reply_set(r, REPLY_TOO_BIG,
		    (long long)s->set->max_message_size);
		reply_limit(r, "max-message-size", (long long)s->tx.size,
		    s->set->max_message_size);
		break;
	case TEXT_STOPPING:
		reply_set(r, REPLY_SHUTTING_DOWN, s->set->hostname);
		break;
	case TEXT_CLOSED:
	case TEXT_END:
		s->lost = true;
		break;
	}
}

void
cmd_data(struct session *s, const struct argument *a, struct reply *r)
{
	enum text_end end;

	(void)a;
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
	end = read_text(s);
	if (end != TEXT_END) {
		refuse_text(s, end, r);
	} else if (checks_run(s, END, &(struct check_subject){ 0 }, r) ==
	    PASS) {
		submitter_finish(s, r);
		if (reply_good(r)) {
			s->messages++;
			s->errors = s->idle = 0;
		}
	}
	/* Not before the log has named sender and recipient of a refusal. */
	s->tx.done = true;
}
