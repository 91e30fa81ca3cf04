/*
 * relay_params - RFC 1870, 2852, 3030, 3461, 6152, 6531, 6710, 8689: what is
 * passed on, and what is refused since it would be lost.
 *
 * The envelope was checked when it was accepted; that it can end no command
 * early is seen to here once more.
 */
#include "config.h"

#include <string.h>

#include "chans/relay_params.h"
#include "lib/clock.h"
#include "lib/text.h"

/* No blank, no control character: it cannot be more than one parameter. */
static bool
is_word(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return false;
	}
	return true;
}

/* Fit to stand between < and >. */
static bool
is_address(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	}
	return true;
}

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s >= 0x80)
			return false;
	}
	return true;
}

static bool
offers(const struct relay_talk *t, unsigned caps)
{
	return relay_caps_has(&t->caps, caps);
}

/* Whole seconds that are left; at least one, for 0 would be no time. */
static int64_t
seconds_left(const struct qfile *q)
{
	int64_t s = (q->by - clock_wall_us()) / 1000000;

	return s > 999999999 ? 999999999 : s;
}

static int
add_by(struct buf *b, const struct qfile *q)
{
	int64_t s = seconds_left(q);

	/* Return needs time that is left; notify may be late already. */
	if (q->by_mode == 'R' && s < 1)
		s = 1;
	if (s < -999999999)
		s = -999999999;
	return buf_addf(b, " BY=%lld;%c%s", (long long)s, q->by_mode,
	    q->by_trace ? "T" : "");
}

static int
add_dsn(struct buf *b, const struct qfile *q)
{
	if (q->ret[0] != '\0' && is_word(q->ret) &&
	    buf_addf(b, " RET=%s", q->ret) == -1)
		return -1;
	if (q->envid[0] != '\0' && is_word(q->envid) &&
	    buf_addf(b, " ENVID=%s", q->envid) == -1)
		return -1;
	return 0;
}

static int
add_body(struct buf *b, const struct relay_talk *t, const struct qfile *q,
    const struct relay_body *body)
{
	if (body->binary)
		return buf_adds(b, " BODY=BINARYMIME");
	if (offers(t, RELAY_8BITMIME) &&
	    (body->eight || text_same(q->body, "8BITMIME")))
		return buf_adds(b, " BODY=8BITMIME");
	return 0;
}

/* Is it proven, and does it promise the same for the rest of the way? */
static bool
keeps_tls(const struct relay_talk *t)
{
	return t->secure && t->proven && offers(t, RELAY_REQUIRETLS);
}

int
relay_params_mail(struct buf *b, const struct relay_talk *t,
    const struct qfile *q, const struct relay_body *body)
{
	if (offers(t, RELAY_SIZE) && buf_addf(b, " SIZE=%llu",
	    (unsigned long long)body->size) == -1)
		return -1;
	if (add_body(b, t, q, body) == -1)
		return -1;
	if (q->utf8 && offers(t, RELAY_SMTPUTF8) &&
	    buf_adds(b, " SMTPUTF8") == -1)
		return -1;
	if (offers(t, RELAY_DSN) && add_dsn(b, q) == -1)
		return -1;
	/* RFC 4954 5: to whom we have proven who we are. */
	if (t->known && q->auth[0] != '\0' && is_word(q->auth) &&
	    buf_addf(b, " AUTH=%s", q->auth) == -1)
		return -1;
	if (q->priority != 0 && offers(t, RELAY_MT_PRIORITY) &&
	    buf_addf(b, " MT-PRIORITY=%d", q->priority) == -1)
		return -1;
	if (q->by_mode != 0 && offers(t, RELAY_DELIVERBY) &&
	    add_by(b, q) == -1)
		return -1;
	return q->requiretls && keeps_tls(t) ? buf_adds(b, " REQUIRETLS") : 0;
}

/*
 * As it was asked for; but who does not know of a deadline shall at least tell
 * of a delay (RFC 2852 4.1.4.2).
 */
static int
add_notify(struct buf *b, const struct relay_talk *t, const struct qfile *q,
    const char *notify)
{
	bool delay = q->by_mode == 'N' && !offers(t, RELAY_DELIVERBY) &&
	    seconds_left(q) > 0 && strcmp(notify, "NEVER") != 0 &&
	    strstr(notify, "DELAY") == NULL;

	if (notify[0] == '\0')
		return delay ? buf_adds(b, " NOTIFY=FAILURE,DELAY") : 0;
	if (!is_word(notify))
		return 0;
	return buf_addf(b, " NOTIFY=%s%s", notify, delay ? ",DELAY" : "");
}

int
relay_params_rcpt(struct buf *b, const struct relay_talk *t,
    const struct qfile *q, const struct qfile_recipient *to)
{
	if (!offers(t, RELAY_DSN))
		return 0;
	if (add_notify(b, t, q, to->notify) == -1)
		return -1;
	if (to->orcpt[0] != '\0' && is_word(to->orcpt) &&
	    (is_ascii(to->orcpt) || offers(t, RELAY_SMTPUTF8)) &&
	    buf_addf(b, " ORCPT=%s", to->orcpt) == -1)
		return -1;
	return 0;
}

/* RFC 2852 4.1.4.1: who asked for the return must not lose that on the way. */
static bool
late(const struct relay_talk *t, const struct qfile *q)
{
	return q->by_mode == 'R' && (!offers(t, RELAY_DELIVERBY) ||
	    (t->caps.by > 0 && seconds_left(q) < t->caps.by));
}

bool
relay_params_unfit(const struct relay_talk *t, const struct qfile *q,
    const struct relay_body *body, const char *why, const char *address,
    struct chan_answer *a)
{
	bool ascii = is_ascii(address) && is_ascii(q->sender);

	if (!is_address(address) || !is_address(q->sender))
		relay_talk_fault(t, a, "5.1.3", "no such address can be sent");
	else if (body->odd)
		relay_talk_fault(t, a, "5.6.0", "the message has a bare CR or "
		    "a NUL, which cannot be sent by SMTP");
	else if (t->caps.size > 0 && body->size > (uint64_t)t->caps.size)
		relay_talk_fault(t, a, "5.3.4", "the message has %llu bytes, "
		    "and it takes at most %lld",
		    (unsigned long long)body->size, (long long)t->caps.size);
	else if (!offers(t, RELAY_SMTPUTF8) && (!ascii ||
	    (q->utf8 && body->eight_header)))
		relay_talk_fault(t, a, "5.6.7", "it offers no SMTPUTF8, which "
		    "this message needs");
	else if (body->binary &&
	    !offers(t, RELAY_BINARYMIME | RELAY_CHUNKING))
		relay_talk_fault(t, a, "5.6.3", "it offers no BINARYMIME, "
		    "which this message needs%s%s", why != NULL ? ": " : "",
		    why != NULL ? why : "");
	else if (!body->binary && body->eight &&
	    !offers(t, RELAY_8BITMIME))
		relay_talk_fault(t, a, "5.6.3", "it offers no 8BITMIME, which "
		    "this message needs%s%s", why != NULL ? ": " : "",
		    why != NULL ? why : "");
	else if (late(t, q))
		relay_talk_fault(t, a, "5.3.3", "it does not promise to "
		    "deliver in time or to return the message");
	else
		return false;
	return true;
}

bool
relay_params_insecure(const struct relay_talk *t, const struct qfile *q,
    struct chan_answer *a)
{
	/* A notice is sent all the same: it returns no text (5). */
	if (!q->requiretls || q->sender[0] == '\0' || t->local ||
	    keeps_tls(t))
		return false;
	if (!t->secure)
		relay_talk_fault(t, a, "5.7.10", "there is no TLS to it, "
		    "which this message asks for");
	else if (!t->proven)
		relay_talk_fault(t, a, "5.7.10", "its certificate does not "
		    "prove who it is, which this message asks for");
	else
		relay_talk_fault(t, a, "5.7.30", "it offers no REQUIRETLS, "
		    "which this message asks for");
	return true;
}

int
relay_params_relayed(const struct relay_talk *t)
{
	int by = offers(t, RELAY_DELIVERBY) ? 0 : CHAN_RELAYED_NO_BY;

	if (offers(t, RELAY_DSN))
		return CHAN_RELAYED_DSN | by;
	return t->side->kind->lmtp ? 0 : CHAN_RELAYED_NO_DSN | by;
}
