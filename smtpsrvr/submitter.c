/*
 * submitter - the session's side of the dialogue with submit (subproto.h).
 */
#include "config.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/spfresult.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "smtpsrvr/submitter.h"

#define FRONT_MOST (16 * 1024)		/* hello and envelope */
#define ANSWER_MS (10 * 60 * 1000)	/* RFC 5321 4.5.3.2.6 */

int
submitter_recipient(struct session *s, const struct mailbox *m,
    const struct rcpt_params *p)
{
	char text[PATH_TEXT];
	struct sub_recipient r = { .address = path_text(m, text),
	    .notify = p->notify, .orcpt = p->orcpt };
	struct buf *b = &s->tx.recipients;

	/* Not before: a session without a message leaves that page alone. */
	if (b->p == NULL)
		buf_begin(b, s->few, sizeof s->few, b->most);
	return sub_put_recipient(&s->tx.recipients, &r);
}

static int
open_submit(struct session *s)
{
	char path[256];
	size_t len = 0;

	if (s->submit >= 0)
		return 0;
	if (s->submit_kept ||
	    !text_add(path, sizeof path, &len, s->server->jail) ||
	    !text_add(path, sizeof path, &len, "/submit"))
		return -1;
	s->submit = net_unix_connect(path, SOCK_STREAM);
	s->said_hello = false;
	return s->submit < 0 ? -1 : 0;
}

void
submitter_close(struct session *s)
{
	if (s->submit >= 0)
		close(s->submit);
	s->submit = -1;
}

/* RFC 3848, RFC 6531 4.3: S for TLS, and A for a login. */
static const char *
with(const struct session *s)
{
	static const char *const words[2][4] = {
	    { "ESMTP", "ESMTPS", "ESMTPA", "ESMTPSA" },
	    { "LMTP", "LMTPS", "LMTPA", "LMTPSA" } };
	static const char *const utf8[2][4] = {
	    { "UTF8SMTP", "UTF8SMTPS", "UTF8SMTPA", "UTF8SMTPSA" },
	    { "UTF8LMTP", "UTF8LMTPS", "UTF8LMTPA", "UTF8LMTPSA" } };
	int tail = (s->secured != NULL) + 2 * (s->login[0] != '\0');

	if (s->tx.params.utf8)
		return utf8[s->lmtp][tail];
	return s->lmtp || s->esmtp ? words[s->lmtp][tail] : "SMTP";
}

static int
say_hello(const struct session *s, struct buf *b)
{
	struct sub_hello h;

	if (s->hello != NULL)
		h = *s->hello;
	else
		session_introduce(s, &h);
	memcpy(h.login, s->login, sizeof h.login);
	memcpy(h.mechanism, s->mechanism, sizeof h.mechanism);
	memcpy(h.receipt, s->receipt, sizeof h.receipt);
	session_certificate(s, h.certificate);
	h.flags = (uint8_t)((h.flags & SUB_TOLD) | (s->lmtp ? SUB_EACH : 0));
	return sub_put_hello(b, &h);
}

/* What queue, log and Received have of TLS (qfile.h). */
static const char *
about_tls(const struct session *s, char *dst, size_t size)
{
	const struct tls_facts *f = s->secured;

	dst[0] = '\0';
	if (f != NULL)
		snprintf(dst, size, "%s%s%s", f->text, f->client.name[0] !=
		    '\0' ? " client=" : "", f->client.name);
	return dst;
}

/* What HELO came to, unless the operator wants to know nothing of it. */
static uint8_t
told_helo(const struct session *s)
{
	return spf_action_of(&s->set->spf_helo_actions,
	    (enum spf_result)s->spf_helo) == SPF_IGNORE ? SPF_UNASKED :
	    s->spf_helo;
}

static int
front(struct session *s, struct buf *b)
{
	char sender[PATH_TEXT], tls[SESSION_TLS];
	const struct conf *c = s->server->conf;
	const struct mail_params *p = &s->tx.params;
	struct sub_envelope e = { .sender = path_text(&s->tx.sender, sender),
	    .helo = s->helo, .with = with(s),
	    .tls = about_tls(s, tls, sizeof tls),
	    .body = p->body, .sid = s->sid,
	    .channel = c->channels[s->source.channel].title,
	    .name = s->name, .envid = p->envid, .ret = p->ret,
	    .auth = p->auth, .id = "",
	    .size = p->size, .utf8 = p->utf8,
	    .requiretls = p->requiretls, .priority = p->priority,
	    .hold = p->hold, .hold_for = p->hold_for,
	    .by = p->by, .by_mode = p->by_mode, .by_trace = p->by_trace,
	    .spf = s->tx.spf, .spf_helo = told_helo(s),
	    .listed = s->tx.listed };

	if (!s->said_hello && say_hello(s, b) != 0)
		return -1;
	return sub_put_envelope(b, &e);
}

/*
 * Sends front, recipients, text and, if it is the end, the commit, in as few
 * writes as the kernel takes.  *sent_r: whether anything may have arrived.
 */
static int
send_all(struct session *s, bool commit, bool *sent_r)
{
	char memory[1024], end[32];
	struct buf b, tail;
	struct sub_header h = { .len = htole32((uint32_t)s->text_len),
	    .type = SUB_DATA };
	struct iovec v[5];
	int n = 0, bad = -1;

	*sent_r = false;
	buf_begin(&b, memory, sizeof memory, FRONT_MOST);
	buf_begin(&tail, end, sizeof end, 64);
	if (open_submit(s) != 0)
		goto out;
	if (!s->tx.streaming) {
		if (front(s, &b) != 0)
			goto out;
		v[n++] = (struct iovec){ b.p, b.len };
		v[n++] = (struct iovec){ s->tx.recipients.p,
		    s->tx.recipients.len };
	}
	if (s->text_len > 0) {
		v[n++] = (struct iovec){ &h, sizeof h };
		v[n++] = (struct iovec){ s->text, s->text_len };
	}
	if (commit) {
		if (sub_put_commit(&tail, s->tx.stored) != 0)
			goto out;
		v[n++] = (struct iovec){ tail.p, tail.len };
	}
	*sent_r = true;
	bad = n > 0 ? fd_writev(s->submit, v, n, clock_ms() + ANSWER_MS) : 0;
out:
	buf_free(&b);
	buf_free(&tail);
	return bad;
}

/*
 * A connection kept from an earlier message may have lost its submit, which
 * is back by now.  What a write that failed sent holds no commit, so nothing
 * can be queued twice by trying once more.
 */
static int
send_retrying(struct session *s, bool commit)
{
	bool used = s->submit >= 0 && s->said_hello && !s->tx.streaming;
	bool sent;
	int bad = send_all(s, commit, &sent);

	if (bad != 0 && used && !s->submit_kept) {
		submitter_close(s);
		bad = send_all(s, commit, &sent);
	}
	if (bad == 0) {
		s->said_hello = true;
		return 0;
	}
	submitter_close(s);
	return -1;
}

/* Sends p and reads what submit says to it. */
static int
ask(struct session *s, const void *p, size_t len, struct sub_verdict *v_r)
{
	int64_t deadline = clock_ms() + ANSWER_MS;

	if (fd_write(s->submit, p, len, deadline) == 0 &&
	    sub_read_verdict(s->submit, deadline, v_r) == 0)
		return 0;
	submitter_close(s);
	return -1;
}

/* Hello and envelope. */
static int
ask_envelope(struct session *s, struct sub_verdict *v_r)
{
	bool used = s->submit >= 0 && s->said_hello;
	struct buf b;
	int bad;

	buf_init(&b, FRONT_MOST);
	bad = open_submit(s) != 0 || front(s, &b) != 0 ||
	    ask(s, b.p, b.len, v_r) != 0;
	buf_free(&b);
	if (!bad)
		s->said_hello = true;
	else if (used && !s->submit_kept)
		return ask_envelope(s, v_r);
	return bad ? -1 : 0;
}

/*
 * LMTP: the envelope, and each recipient, with an answer for each.  What is
 * said of the envelope comes again with the commit.
 */
static int
announce(struct session *s)
{
	const struct buf *all = &s->tx.recipients;
	struct sub_verdict v;
	struct sub_header h;
	size_t at = 0, len;

	if (ask_envelope(s, &v) != 0)
		return -1;
	s->tx.own = xcalloc(s->tx.accepted, sizeof *s->tx.own);
	for (uint32_t i = 0; i < s->tx.accepted; i++, at += len) {
		if (sub_get_header(all->p + at, &h) != 0)
			return -1;
		len = sizeof h + h.len;
		if (ask(s, all->p + at, len, &v) != 0)
			return -1;
		if (reply_good(&v.reply))
			continue;
		s->tx.own[i] = xmalloc(sizeof v.reply);
		*s->tx.own[i] = v.reply;
	}
	return 0;
}

/* Before the first octet of its text; afterwards the envelope is known. */
static void
begin_each(struct session *s)
{
	if (!s->lmtp || s->tx.streaming || s->tx.broken)
		return;
	if (announce(s) != 0)
		s->tx.broken = true;
	s->tx.streaming = true;
}

void
submitter_stream(struct session *s)
{
	begin_each(s);
	if (!s->tx.broken && send_retrying(s, false) != 0)
		s->tx.broken = true;
	s->tx.streaming = true;
	s->text_len = 0;
}

void
submitter_finish(struct session *s, struct reply *r)
{
	struct sub_verdict v;

	begin_each(s);
	if (!s->tx.broken && send_retrying(s, true) == 0 &&
	    sub_read_verdict(s->submit, clock_ms() + ANSWER_MS, &v) == 0) {
		*r = v.reply;
	} else {
		/* Without a verdict the client must try again. */
		submitter_close(s);
		reply_set(r, REPLY_SUBMIT_FAILED);
		reply_because(r, "submit");
	}
	s->tx.streaming = false;
	s->text_len = 0;
}

static int
send_start(struct session *s, const char *node)
{
	char memory[1024];
	struct buf b;
	int bad = -1;

	buf_begin(&b, memory, sizeof memory, FRONT_MOST);
	if (open_submit(s) == 0 &&
	    (s->said_hello || say_hello(s, &b) == 0) &&
	    sub_put_start(&b, node) == 0)
		bad = fd_write(s->submit, b.p, b.len, clock_ms() + ANSWER_MS);
	buf_free(&b);
	return bad;
}

void
submitter_start(struct session *s, const char *node, struct reply *r)
{
	/* As with a message; and to ask twice does no harm. */
	int tries = s->submit >= 0 && !s->submit_kept ? 2 : 1;
	struct sub_verdict v;

	while (tries-- > 0) {
		if (send_start(s, node) == 0 && sub_read_verdict(s->submit,
		    clock_ms() + ANSWER_MS, &v) == 0) {
			s->said_hello = true;
			*r = v.reply;
			return;
		}
		submitter_close(s);
	}
	reply_set(r, REPLY_ETRN_FAILED, node);
	reply_because(r, "submit");
}

void
submitter_abort(struct session *s)
{
	/* The end of the connection forgets it: no frame to get wrong. */
	if (s->tx.streaming && !s->submit_kept)
		submitter_close(s);
	else if (s->tx.streaming && s->submit >= 0) {
		struct sub_header h = { .type = SUB_ABORT };

		if (fd_write(s->submit, &h, sizeof h, clock_ms() +
		    ANSWER_MS) != 0)
			submitter_close(s);
	}
	s->tx.streaming = false;
}
