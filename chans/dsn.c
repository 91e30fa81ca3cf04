/*
 * dsn - builds delivery status notifications.
 *
 * What stood in the envelope was checked by submit, and is cleaned again where
 * it becomes part of a line: no control character ever gets into one.  The
 * original's own bytes are only quoted in the last part, behind a boundary
 * that does not occur in them.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chans/dsn.h"
#include "lib/datetime.h"
#include "lib/digest.h"
#include "lib/text.h"
#include "lib/trace.h"
#include "lib/utf8.h"
#include "lib/xtext.h"

#define ID_KEPT 8
#define SAID "said: "

void
dsn_id(const char *entry, enum dsn_kind kind, uint32_t group, uint32_t at,
    char id_r[TRACE_ID])
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	static const char *const word[] = { "dsn", "delayed", "delivered",
	    "expanded" };
	char key[96];
	uint64_t sum;
	int i, n;

	n = snprintf(key, sizeof key, "%s %s %lu", word[kind], entry,
	    (unsigned long)group);
	if (kind == DSN_DELAYED)
		n = snprintf(key, sizeof key, "%s %s %lu %lu", word[kind],
		    entry, (unsigned long)group, (unsigned long)at);
	sum = digest_of(key, (size_t)n);
	memcpy(id_r, entry, ID_KEPT);
	for (i = ID_KEPT; i < TRACE_ID - 1; i++) {
		id_r[i] = digits[sum & 31];
		sum >>= 5;
	}
	id_r[TRACE_ID - 1] = '\0';
}

static bool
is_asked(const char *notify, const char *word)
{
	for (; *notify != '\0'; notify++) {
		if (text_begins(notify, word))
			return true;
	}
	return false;
}

/* Both come from the same alias; submit keeps such ones together. */
static bool
related(const struct qfile *q, size_t i, size_t k)
{
	const struct qfile_recipient *a = &q->recipients[i];
	const struct qfile_recipient *b = &q->recipients[k];

	return a->original[0] != '\0' &&
	    strcmp(a->original, b->original) == 0 &&
	    strcmp(a->address, b->address) != 0;
}

bool
dsn_wants(const struct qfile *q, size_t i, enum dsn_kind kind)
{
	const char *notify = q->recipients[i].notify;
	bool second, several;

	if (q->sender[0] == '\0')
		return false;
	if (kind == DSN_FAILED)
		return notify[0] == '\0' || is_asked(notify, "FAILURE");
	if (kind == DSN_DELAYED)
		return notify[0] == '\0' || is_asked(notify, "DELAY");
	if (!is_asked(notify, "SUCCESS"))
		return false;
	second = i > 0 && related(q, i, i - 1);
	several = second || (i + 1 < q->nrecipients && related(q, i, i + 1));
	return kind == DSN_EXPANDED ? several && !second : !several;
}

bool
dsn_tells(const struct dsn_facts *f, size_t i)
{
	const struct mark *m = &f->mark[i];

	switch (f->kind) {
	case DSN_FAILED:
		return m->state == MARK_FAILED && m->group == f->group;
	case DSN_DELIVERED:
		return m->state == MARK_SUCCESS && m->group == f->group;
	case DSN_DELAYED:
		return m->state == MARK_LATER && m->group == f->group &&
		    m->warning == f->at;
	case DSN_EXPANDED:
		break;
	}
	return i == f->group;
}

static bool
has_eight(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if ((unsigned char)p[i] >= 0x80)
			return true;
	}
	return false;
}

/* s without what must not be in a line: controls; UTF-8 but where it may be. */
static int
add_clean(struct buf *b, const char *s, bool utf8)
{
	size_t len = strlen(s), n;
	uint32_t code;

	for (; len > 0; s += n, len -= n) {
		n = utf8_next(s, len, &code);
		if (n == 0 || utf8_is_control(code) || (n > 1 && !utf8)) {
			n = n == 0 ? 1 : n;
			if (buf_addc(b, '?') == -1)
				return -1;
		} else if (buf_add(b, s, n) == -1) {
			return -1;
		}
	}
	return 0;
}

static int
add_line(struct buf *b, const char *head, const char *s, bool utf8,
    const char *tail)
{
	return buf_adds(b, head) == -1 || add_clean(b, s, utf8) == -1 ||
	    buf_adds(b, tail) == -1 ? -1 : 0;
}

/* What of the original is returned. */
struct returned {
	const char *p;
	size_t len;
	bool full, eight, utf8;	/* utf8: RFC 6533 all over */
	char boundary[64];
};

/* The header section with its last newline, or all of it. */
static size_t
header_length(const char *p, size_t len, bool binary)
{
	const char *gap = binary ? "\r\n\r\n" : "\n\n", *end;
	size_t n = strlen(gap) / 2;

	if (len >= n && memcmp(p, gap, n) == 0)
		return 0;
	end = memmem(p, len, gap, 2 * n);
	return end == NULL ? len : (size_t)(end - p) + n;
}

static bool
needs_utf8(const struct dsn_facts *f, const struct returned *r)
{
	const struct qfile *q = &f->original->q;

	if (!q->utf8)
		return false;
	if (has_eight(q->sender, strlen(q->sender)) || (!r->full && r->eight))
		return true;
	for (size_t i = 0; i < q->nrecipients; i++) {
		const struct qfile_recipient *t = &q->recipients[i];

		if (dsn_tells(f, i) && (has_eight(t->address,
		    strlen(t->address)) || has_eight(t->orcpt,
		    strlen(t->orcpt)) || has_eight(t->original,
		    strlen(t->original))))
			return true;
	}
	return false;
}

/*
 * RET is for failures (RFC 3461 4.3).  What is BINARYMIME does not fit into
 * a report that has lines.  A text that asked for REQUIRETLS is never returned:
 * the way back may have no TLS (RFC 8689 5).
 */
static void
choose(const struct dsn_facts *f, struct returned *r_r)
{
	const struct qfile *q = &f->original->q;
	bool binary = strcmp(q->body, "BINARYMIME") == 0;
	size_t header;
	unsigned n = 0;

	r_r->p = qread_message(f->original);
	r_r->len = q->message_len;
	r_r->full = f->kind == DSN_FAILED && text_same(q->ret, "FULL") &&
	    (int64_t)r_r->len <= f->full_most && !binary && !q->requiretls;
	header = header_length(r_r->p, r_r->len, binary);
	if (!r_r->full)
		r_r->len = header;
	r_r->eight = has_eight(r_r->p, r_r->len);
	r_r->utf8 = needs_utf8(f, r_r);
	do {
		snprintf(r_r->boundary, sizeof r_r->boundary, "inlet-%s-%u",
		    f->id, n++);
	} while (memmem(r_r->p, r_r->len, r_r->boundary,
	    strlen(r_r->boundary)) != NULL);
}

static int
add_header(struct buf *b, const struct dsn_facts *f, const struct returned *r)
{
	static const char *const subject[] = {
		"Your message could not be delivered",
		"Your message is delayed", "Your message was delivered",
		"Your message was sent on"
	};
	char date[64];

	trace_date((time_t)(f->now / 1000000), date, sizeof date);
	if (buf_addf(b,
	    "From: Mail Delivery System <MAILER-DAEMON@%s>\n",
	    f->hostname) == -1 ||
	    add_line(b, "To: <", f->original->q.sender, r->utf8,
	    ">\n") == -1)
		return -1;
	return buf_addf(b,
	    "Subject: %s\n"
	    "Date: %s\n"
	    "Message-ID: <%s.dsn@%s>\n"
	    "Auto-Submitted: auto-replied\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=%s;\n"
	    "\tboundary=\"%s\"\n"
	    "%s"
	    "\n"
	    "This is a delivery status notification in MIME format.\n",
	    subject[f->kind], date, f->id, f->hostname,
	    r->utf8 ? "global-delivery-status" : "delivery-status",
	    r->boundary, r->eight || r->utf8 ?
	    "Content-Transfer-Encoding: 8bit\n" : "");
}

/* An alias may lead elsewhere: the sender knows the address it wrote. */
static const char *
written_address(const struct qfile_recipient *r)
{
	return r->original[0] != '\0' ? r->original : r->address;
}

static int
add_story(struct buf *b, const struct dsn_facts *f, const struct returned *r)
{
	const char *below = r->full ? "The text" : "The header";
	char date[64];

	switch (f->kind) {
	case DSN_FAILED:
		return buf_addf(b, "could not be delivered to the following "
		    "recipients, and it will\nnot be tried again.  %s of your "
		    "message is below.\n", below);
	case DSN_DELAYED:
		trace_date((time_t)(f->until / 1000000), date, sizeof date);
		return buf_addf(b, "could not be delivered to the following "
		    "recipients yet.  It will be\ntried until\n%s;\nyou need "
		    "not send it again.\n", date);
	case DSN_DELIVERED:
		return buf_addf(b, "was delivered to the following "
		    "recipients, as you asked to be told.\n");
	case DSN_EXPANDED:
		break;
	}
	return buf_addf(b, "was sent on to the addresses that the following "
	    "one stands for.\n");
}

static int
add_human(struct buf *b, const struct dsn_facts *f, const struct returned *r)
{
	const struct qfile *q = &f->original->q;
	const struct mark *m;
	char date[64];
	size_t i;

	trace_date((time_t)(q->time / 1000000), date, sizeof date);
	if (buf_addf(b, "\n--%s\n"
	    "Content-Type: text/plain; charset=%s\n"
	    "%s\n"
	    "This is the mail system at %s.\n"
	    "\n"
	    "Your message, which arrived here on\n"
	    "%s,\n", r->boundary, r->utf8 ? "utf-8" : "us-ascii", r->utf8 ?
	    "Content-Transfer-Encoding: 8bit\n" : "", f->hostname,
	    date) == -1 || add_story(b, f, r) == -1)
		return -1;
	for (i = 0; i < q->nrecipients; i++) {
		m = &f->mark[i];
		if (!dsn_tells(f, i))
			continue;
		if (add_line(b, "\n<", written_address(&q->recipients[i]),
		    r->utf8, ">") == -1)
			return -1;
		if (f->kind == DSN_EXPANDED)
			continue;
		if (m->flags & MARK_RELAYED && buf_adds(b, " (relayed to a "
		    "system that may not tell you more)") == -1)
			return -1;
		if (add_line(b, ":\n    ", m->text, false, " (") == -1 ||
		    add_line(b, "", m->code, false, ")\n") == -1)
			return -1;
	}
	return f->kind == DSN_EXPANDED ? buf_addc(b, '\n') : 0;
}

/* Original-Recipient, of ORCPT (RFC 3464 2.3.1, RFC 6533 3). */
static int
add_orcpt(struct buf *b, const struct qfile_recipient *r, bool utf8)
{
	char text[1024];

	if (strchr(r->orcpt, ';') == NULL)
		return 0;
	if (text_begins(r->orcpt, "utf-8;")) {
		if (text_copy(text, sizeof text, r->orcpt) == -1 ||
		    (!utf8 && has_eight(text, strlen(text))))
			return 0;
	} else if (xtext_decode(r->orcpt, text, sizeof text) == -1) {
		return 0;
	}
	return add_line(b, "Original-Recipient: ", text, utf8, "\n");
}

static int
add_diagnosis(struct buf *b, const struct mark *m)
{
	const char *said = m->flags & MARK_SAID ? strstr(m->text, SAID) :
	    NULL;

	if (m->text[0] == '\0')
		return 0;
	if (said != NULL)
		return add_line(b, "Diagnostic-Code: smtp; ",
		    said + strlen(SAID), false, "\n");
	return add_line(b, "Diagnostic-Code: X-Inlet; ", m->text, false,
	    "\n");
}

/* A deadline that is over has a code of its own (RFC 2852 4.1.3). */
static const char *
status_of(const struct dsn_facts *f, const struct mark *m)
{
	const struct qfile *q = &f->original->q;

	if (f->kind == DSN_EXPANDED)
		return "2.0.0";
	if (f->kind == DSN_DELAYED && q->by_mode == 'N' &&
	    f->at == (q->by + 999999) / 1000000)
		return "4.4.7";
	return m->code;
}

static int
add_recipient(struct buf *b, const struct dsn_facts *f, size_t i, bool utf8)
{
	static const char *const action[] = { "failed", "delayed",
	    "delivered", "expanded" };
	const struct qfile_recipient *r = &f->original->q.recipients[i];
	const struct mark *m = &f->mark[i];
	const char *to = f->kind == DSN_EXPANDED ? r->original : r->address;
	const char *did = f->kind == DSN_DELIVERED &&
	    m->flags & MARK_RELAYED ? "relayed" : action[f->kind];
	char date[64];

	if (buf_addc(b, '\n') == -1 || add_orcpt(b, r, utf8) == -1 ||
	    add_line(b, utf8 && has_eight(to, strlen(to)) ?
	    "Final-Recipient: utf-8; " : "Final-Recipient: rfc822; ", to,
	    utf8, "\n") == -1 ||
	    buf_addf(b, "Action: %s\n", did) == -1 ||
	    add_line(b, "Status: ", status_of(f, m), false, "\n") == -1 ||
	    (f->kind != DSN_EXPANDED && add_diagnosis(b, m) == -1))
		return -1;
	if (f->kind == DSN_DELAYED) {
		trace_date((time_t)(f->until / 1000000), date, sizeof date);
		return buf_addf(b, "Will-Retry-Until: %s\n", date);
	}
	trace_date((time_t)(f->now / 1000000), date, sizeof date);
	return buf_addf(b, "Last-Attempt-Date: %s\n", date);
}

/* Deliver-By-Date (RFC 2852 5), Future-Release-Request (RFC 4865 5.1.2). */
static int
add_times(struct buf *b, const struct qfile *q)
{
	char date[64];

	if (q->by_mode != 0) {
		trace_date((time_t)(q->by / 1000000), date, sizeof date);
		if (buf_addf(b, "Deliver-By-Date: %s\n", date) == -1)
			return -1;
	}
	if (q->hold_for != 0)
		return buf_addf(b, "Future-Release-Request: for;%lld\n",
		    (long long)q->hold_for);
	if (q->hold == 0)
		return 0;
	datetime_text(q->hold / 1000000, date);
	return buf_addf(b, "Future-Release-Request: until;%s\n", date);
}

static int
add_status(struct buf *b, const struct dsn_facts *f, const struct returned *r)
{
	const struct qfile *q = &f->original->q;
	char date[64], envid[512];
	size_t i;

	if (buf_addf(b, "\n--%s\nContent-Type: message/%s\n%s\n", r->boundary,
	    r->utf8 ? "global-delivery-status" : "delivery-status", r->utf8 ?
	    "Content-Transfer-Encoding: 8bit\n" : "") == -1)
		return -1;
	if (q->envid[0] != '\0' &&
	    xtext_decode(q->envid, envid, sizeof envid) == 0 &&
	    add_line(b, "Original-Envelope-Id: ", envid, false, "\n") == -1)
		return -1;
	trace_date((time_t)(q->time / 1000000), date, sizeof date);
	if (buf_addf(b, "Reporting-MTA: dns; %s\nArrival-Date: %s\n",
	    f->hostname, date) == -1 || add_times(b, q) == -1 ||
	    buf_addf(b, "X-Inlet-Queue-Id: %s\n", q->id) == -1)
		return -1;
	for (i = 0; i < q->nrecipients; i++) {
		if (dsn_tells(f, i) && add_recipient(b, f, i, r->utf8) == -1)
			return -1;
	}
	return 0;
}

/* Its lines end in CR LF where it is BINARYMIME. */
static int
add_original(struct buf *b, const struct dsn_facts *f,
    const struct returned *r)
{
	static const char *const type[2][2] = {
		{ "text/rfc822-headers", "message/rfc822" },
		{ "message/global-headers", "message/global" }
	};
	bool binary = strcmp(f->original->q.body, "BINARYMIME") == 0;

	if (buf_addf(b, "\n--%s\nContent-Type: %s\n%s\n", r->boundary,
	    type[r->utf8][r->full], r->eight ?
	    "Content-Transfer-Encoding: 8bit\n" : "") == -1)
		return -1;
	if (!binary)
		return buf_add(b, r->p, r->len);
	for (size_t i = 0; i < r->len; i++) {
		char c = r->p[i];

		if (c == '\r' && i + 1 < r->len && r->p[i + 1] == '\n')
			continue;
		/* What no text may have; a header has none either. */
		if (buf_addc(b, c == '\0' || c == '\r' ? '?' : c) == -1)
			return -1;
	}
	return 0;
}

int
dsn_build(struct buf *b, const struct dsn_facts *f, bool *eight_r,
    bool *utf8_r)
{
	struct returned r;

	choose(f, &r);
	*eight_r = r.eight || r.utf8;
	*utf8_r = r.utf8;
	return add_header(b, f, &r) == -1 || add_human(b, f, &r) == -1 ||
	    add_status(b, f, &r) == -1 || add_original(b, f, &r) == -1 ||
	    buf_addf(b, "\n--%s--\n", r.boundary) == -1 ? -1 : 0;
}
