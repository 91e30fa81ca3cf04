/*
 * relay_mail - the transaction.
 *
 * Runs in channel programs.  The order in which replies are awaited is that
 * of the commands; one that makes no sense at its place means that the ends
 * disagree about the dialogue, and ends the connection.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "chans/chan.h"
#include "chans/mime7.h"
#include "chans/relay_mail.h"
#include "chans/relay_params.h"
#include "lib/clock.h"

#define COMMANDS_MOST (1024 * 1024)
#define SEVEN_MORE (1024 * 1024)	/* headers of parts */

/* One transaction under way: those of rcpt that pick names. */
struct sending {
	struct relay_talk *t;
	struct relay_mail *m;
	const struct relay_body *body;	/* one of m's */
	struct relay_rcpt *one[RELAY_MAIL_RCPTS];
	size_t n, accepted;
	bool bdat;
	struct chan_answer *fault;
};

static int64_t
within(const struct sending *s, int64_t ms)
{
	int64_t t = clock_ms() + ms;

	return t < s->m->deadline ? t : s->m->deadline;
}

static int
hear(struct sending *s, const char *stage, int64_t ms, struct relay_reply *r)
{
	return relay_talk_hear(s->t, within(s, ms), stage, r, s->fault);
}

static void
answer(const struct sending *s, struct relay_rcpt *to,
    enum chan_outcome outcome, const struct relay_reply *r)
{
	relay_talk_said(s->t, to->answer, outcome, NULL, r);
	to->done = true;
}

/* A refusal of all that are not done: 4xx or 5xx. */
static void
refuse_all(struct sending *s, const struct relay_reply *r)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (!s->one[i]->done)
			answer(s, s->one[i], r->code >= 500 ? CHAN_NEVER :
			    CHAN_LATER, r);
	}
}

/* A reply that the command cannot have. */
static int
senseless(struct sending *s, const char *stage, const struct relay_reply *r)
{
	relay_talk_fault(s->t, s->fault, "4.5.0", "%d is no answer to %s",
	    r->code, stage);
	return -1;
}

static int
add_mail(struct sending *s, struct buf *b)
{
	if (buf_addf(b, "MAIL FROM:<%s>", s->m->q->sender) == -1 ||
	    relay_params_mail(b, s->t, s->m->q, s->body) == -1)
		return -1;
	return buf_adds(b, "\r\n");
}

static int
add_rcpt(struct sending *s, struct buf *b, const struct relay_rcpt *to)
{
	if (buf_addf(b, "RCPT TO:<%s>", to->to->address) == -1 ||
	    relay_params_rcpt(b, s->t, s->m->q, to->to) == -1)
		return -1;
	return buf_adds(b, "\r\n");
}

static int
hear_mail(struct sending *s, struct relay_reply *r)
{
	if (hear(s, "MAIL", s->t->side->s->relay_reply_time, r) == -1)
		return -1;
	return r->code / 100 == 3 ? senseless(s, "MAIL", r) : 0;
}

static int
hear_rcpt(struct sending *s, struct relay_rcpt *to, bool mail_taken)
{
	struct relay_reply r;

	if (hear(s, "RCPT", s->t->side->s->relay_reply_time, &r) == -1)
		return -1;
	if (r.code / 100 == 3)
		return senseless(s, "RCPT", &r);
	if (r.code / 100 == 2 && mail_taken) {
		to->accepted = true;
		s->accepted++;
	} else if (r.code / 100 != 2 && mail_taken)
		answer(s, to, r.code >= 500 ? CHAN_NEVER : CHAN_LATER, &r);
	return 0;
}

static int
send_text(struct sending *s, const struct buf *b, const char *stage)
{
	if (relay_wire_write(&s->t->wire, b->p, b->len, within(s,
	    s->t->side->s->relay_data_time)) == 0)
		return 0;
	relay_talk_broken(s->t, stage, s->fault);
	return -1;
}

/* One line, at once, where the server knows no pipelining. */
static int
send_line(struct sending *s, const char *line, const char *stage)
{
	struct buf b;
	int result;

	buf_init(&b, RELAY_COMMAND_MOST);
	result = buf_adds(&b, line);
	if (result == 0)
		result = send_text(s, &b, stage);
	buf_free(&b);
	return result;
}

/* MAIL and all RCPT in one go, with DATA where that comes next. */
static int
envelope_together(struct sending *s, struct buf *b, struct relay_reply *mail)
{
	size_t i;

	if (add_mail(s, b) == -1)
		return -1;
	for (i = 0; i < s->n; i++) {
		if (add_rcpt(s, b, s->one[i]) == -1)
			return -1;
	}
	if ((!s->bdat && buf_adds(b, "DATA\r\n") == -1) ||
	    send_text(s, b, "MAIL") == -1 || hear_mail(s, mail) == -1)
		return -1;
	for (i = 0; i < s->n; i++) {
		if (hear_rcpt(s, s->one[i], mail->code / 100 == 2) == -1)
			return -1;
	}
	return 0;
}

static int
envelope_singly(struct sending *s, struct buf *b, struct relay_reply *mail)
{
	size_t i;

	if (add_mail(s, b) == -1 || send_text(s, b, "MAIL") == -1 ||
	    hear_mail(s, mail) == -1)
		return -1;
	for (i = 0; i < s->n && mail->code / 100 == 2; i++) {
		buf_reset(b);
		if (add_rcpt(s, b, s->one[i]) == -1 ||
		    send_text(s, b, "RCPT") == -1 ||
		    hear_rcpt(s, s->one[i], true) == -1)
			return -1;
	}
	return 0;
}

/* The replies to the whole message: LMTP has one a recipient. */
static int
hear_end(struct sending *s, bool each)
{
	struct relay_reply r;
	bool heard = false;
	size_t i;

	for (i = 0; i < s->n; i++) {
		if (!s->one[i]->accepted)
			continue;
		if (!heard || each) {
			if (hear(s, "the end of the message",
			    s->t->side->s->relay_end_time, &r) == -1)
				return -1;
			if (r.code / 100 == 3)
				return senseless(s, "the end of the message",
				    &r);
		}
		heard = true;
		answer(s, s->one[i], r.code >= 500 ? CHAN_NEVER :
		    r.code >= 400 ? CHAN_LATER : CHAN_DELIVERED, &r);
		if (s->one[i]->answer->outcome == CHAN_DELIVERED)
			s->one[i]->answer->flags |= (uint8_t)
			    relay_params_relayed(s->t);
	}
	return 0;
}

/*
 * The end was lost: who was accepted may have got it, and is not to be tried
 * elsewhere at once.
 */
static void
lost_end(struct sending *s)
{
	struct relay_rcpt *to;
	size_t i;

	for (i = 0; i < s->n; i++) {
		to = s->one[i];
		if (to->done || !to->accepted)
			continue;
		chanproto_fill(to->answer, CHAN_LATER, s->fault->code, "%s",
		    s->fault->text);
		to->answer->flags = s->fault->flags;
		to->done = true;
	}
}

/*
 * It took not all of the message: some say why (too large) and close.  That
 * is its answer, for what it has not got whole it cannot deliver.
 */
static int
cut_short(struct sending *s)
{
	int error = errno;
	struct relay_reply r;

	if (relay_wire_last(&s->t->wire, &r) && r.code >= 400 &&
	    r.code != 421)
		refuse_all(s, &r);
	errno = error;
	relay_talk_broken(s->t, "the message", s->fault);
	return -1;
}

static int
send_bdat(struct sending *s)
{
	const struct settings *v = s->t->side->s;
	struct buf b;
	int result;

	buf_init(&b, RELAY_COMMAND_MOST);
	result = buf_addf(&b, "BDAT %llu LAST\r\n",
	    (unsigned long long)s->body->size);
	if (result == 0)
		result = send_text(s, &b, "BDAT");
	buf_free(&b);
	if (result == -1)
		return -1;
	if (relay_body_bdat(&s->t->wire, s->body, (int)v->relay_data_time,
	    s->m->deadline) == 0)
		return 0;
	return cut_short(s);
}

/* The answer to DATA: 1 the message may come, 0 it may not, -1 as usual. */
static int
hear_data(struct sending *s)
{
	struct relay_reply r;

	if (hear(s, "DATA", s->t->side->s->relay_reply_time, &r) == -1)
		return -1;
	if (r.code / 100 == 3)
		return 1;
	if (r.code / 100 == 2)
		return senseless(s, "DATA", &r);
	refuse_all(s, &r);
	return 0;
}

/* Nobody was accepted, but the message may come: an empty one, to nobody. */
static int
send_nothing(struct sending *s)
{
	struct relay_reply r;

	if (send_line(s, ".\r\n", "DATA") == -1)
		return -1;
	/* With LMTP it has no reply at all. */
	return s->t->side->kind->lmtp ? 0 : hear(s, "DATA",
	    s->t->side->s->relay_end_time, &r);
}

static int
send_data(struct sending *s)
{
	const struct settings *v = s->t->side->s;

	if (relay_body_data(&s->t->wire, s->body, (int)v->relay_data_time,
	    s->m->deadline) == 0)
		return 0;
	return cut_short(s);
}

/* The envelope is through: the message, if somebody wants it. */
static int
send_message(struct sending *s, bool asked)
{
	int go = 1;

	if (s->bdat && s->accepted == 0)
		return 0;
	if (!s->bdat && !asked && (s->accepted == 0 ||
	    send_line(s, "DATA\r\n", "DATA") == -1))
		return s->accepted == 0 ? 0 : -1;
	if (!s->bdat)
		go = hear_data(s);
	if (go <= 0)
		return go;
	if (s->accepted == 0)
		return send_nothing(s);
	/* From here on the other end may come to have it. */
	if ((s->bdat ? send_bdat(s) : send_data(s)) == -1)
		return -1;
	if (hear_end(s, s->t->side->kind->lmtp) == -1) {
		lost_end(s);
		return -1;
	}
	s->t->reset = false;
	return 0;
}

static int
reset(struct sending *s)
{
	struct relay_reply r;

	if (!s->t->reset)
		return 0;
	if (send_line(s, "RSET\r\n", "RSET") == -1 ||
	    hear(s, "RSET", s->t->side->s->relay_reply_time, &r) == -1)
		return -1;
	if (r.code / 100 != 2)
		return senseless(s, "RSET", &r);
	s->t->reset = false;
	return 0;
}

static int
transaction(struct sending *s)
{
	bool together = relay_caps_has(&s->t->caps, RELAY_PIPELINING);
	struct relay_reply mail = { .code = 0 };
	struct buf b;
	int result;

	if (!relay_wire_quiet(&s->t->wire)) {
		errno = EPIPE;
		relay_talk_broken(s->t, "MAIL", s->fault);
		return -1;
	}
	if (reset(s) == -1)
		return -1;
	s->bdat = relay_caps_has(&s->t->caps, RELAY_CHUNKING);
	s->t->reset = true;
	s->t->sent++;
	relay_talk_fault(s->t, s->fault, "4.3.0", "a command is too long");
	buf_init(&b, COMMANDS_MOST);
	result = together ? envelope_together(s, &b, &mail) :
	    envelope_singly(s, &b, &mail);
	buf_free(&b);
	if (result == -1)
		return -1;
	if (mail.code / 100 != 2)
		refuse_all(s, &mail);
	return send_message(s, together && !s->bdat);
}

/* The next ones for a transaction; false: there are none. */
static bool
pick(struct sending *s, struct relay_rcpt *rcpt, size_t n)
{
	const struct relay_caps *c = &s->t->caps;
	size_t most = RELAY_MAIL_RCPTS, i;

	if (c->rcpt_most > 0 && (uint64_t)c->rcpt_most < most)
		most = (size_t)c->rcpt_most;
	s->n = s->accepted = 0;
	for (i = 0; i < n && s->n < most; i++) {
		if (rcpt[i].done)
			continue;
		rcpt[i].accepted = false;
		rcpt[i].elsewhere = relay_params_insecure(s->t, s->m->q,
		    rcpt[i].answer);
		if (rcpt[i].elsewhere)
			continue;
		if (relay_params_unfit(s->t, s->m->q, s->body, s->m->why,
		    rcpt[i].to->address, rcpt[i].answer))
			rcpt[i].done = true;
		else
			s->one[s->n++] = &rcpt[i];
	}
	return s->n > 0;
}

static void
make_seven(struct relay_mail *m)
{
	int flags = (m->body.binary ? MIME7_BINARY : 0) |
	    (m->q->utf8 ? MIME7_UTF8 : 0);

	buf_init(&m->text, 4 * m->body.len + SEVEN_MORE);
	if (mime7_convert(m->body.p, m->body.len, flags, &m->text,
	    &m->why) == -1) {
		m->state = RELAY_MAIL_FAILED;
		return;
	}
	m->state = RELAY_MAIL_MADE;
	m->seven = (struct relay_body){ .p = m->text.p, .len = m->text.len };
	relay_body_look(&m->seven);
}

/* The message in a form that this server takes, if there is one. */
static const struct relay_body *
choose_body(const struct relay_caps *c, struct relay_mail *m)
{
	bool fits = m->body.binary ?
	    relay_caps_has(c, RELAY_BINARYMIME | RELAY_CHUNKING) :
	    !m->body.eight || relay_caps_has(c, RELAY_8BITMIME);

	if (fits || m->body.odd)
		return &m->body;
	if (m->state == RELAY_MAIL_UNTRIED)
		make_seven(m);
	return m->state == RELAY_MAIL_MADE ? &m->seven : &m->body;
}

/* What is done is told now: should we end, it is not sent again. */
static void
say_done(struct relay_rcpt *rcpt, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (rcpt[i].done && !rcpt[i].said)
			chan_say(rcpt[i].answer);
		rcpt[i].said = rcpt[i].done;
	}
}

int
relay_mail_send(struct relay_talk *t, struct relay_mail *m,
    struct relay_rcpt *rcpt, size_t n, struct chan_answer *fault_r)
{
	struct sending s = { .t = t, .m = m, .fault = fault_r };
	int result = 0;

	s.body = choose_body(&t->caps, m);
	while (result == 0 && pick(&s, rcpt, n)) {
		result = transaction(&s);
		t->used = clock_ms();
		say_done(rcpt, n);
	}
	if (result == -1)
		t->reset = false;
	return result;
}

void
relay_mail_free(struct relay_mail *m)
{
	if (m->state != RELAY_MAIL_UNTRIED)
		buf_free(&m->text);
}
