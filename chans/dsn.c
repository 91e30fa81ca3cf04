/*
 * dsn - builds delivery status notifications.
 *
 * What stood in the envelope is printable already (submit saw to it); the
 * original's own bytes are only ever quoted in the last part, behind a
 * boundary that does not occur in them.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "chans/dsn.h"
#include "lib/digest.h"
#include "lib/text.h"
#include "lib/trace.h"
#include "lib/xtext.h"

#define ID_KEPT 8

void
dsn_id(const char *entry, uint32_t group, char id_r[TRACE_ID])
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	char key[64];
	uint64_t sum;
	int i, n;

	n = snprintf(key, sizeof key, "dsn %s %lu", entry,
	    (unsigned long)group);
	sum = digest_of(key, (size_t)n);
	memcpy(id_r, entry, ID_KEPT);
	for (i = ID_KEPT; i < TRACE_ID - 1; i++) {
		id_r[i] = digits[sum & 31];
		sum >>= 5;
	}
	id_r[TRACE_ID - 1] = '\0';
}

bool
dsn_wanted(const struct qfile *q, size_t recipient)
{
	const char *p = q->recipients[recipient].notify;

	if (q->sender[0] == '\0')
		return false;
	if (p == NULL || p[0] == '\0')
		return true;
	for (; *p != '\0'; p++) {
		if (text_begins(p, "FAILURE"))
			return true;
	}
	return false;
}

static bool
told(const struct dsn_facts *f, size_t i)
{
	return f->mark[i].state == MARK_FAILED && f->mark[i].group == f->group;
}

/* The original's header section with its last LF, or all of it. */
static size_t
header_length(const char *p, size_t len)
{
	const char *end = len > 0 && p[0] == '\n' ? p :
	    memmem(p, len, "\n\n", 2);

	if (end == NULL)
		return len;
	return p[0] == '\n' && end == p ? 0 : (size_t)(end - p) + 1;
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

static void
choose_boundary(const struct dsn_facts *f, const char *p, size_t len,
    char *dst, size_t size)
{
	unsigned n = 0;

	do {
		snprintf(dst, size, "inlet-%s-%u", f->id, n++);
	} while (memmem(p, len, dst, strlen(dst)) != NULL);
}

static int
add_header(struct buf *b, const struct dsn_facts *f, const char *boundary,
    bool eight)
{
	char date[64];

	trace_date((time_t)(f->now / 1000000), date, sizeof date);
	return buf_addf(b,
	    "From: Mail Delivery System <MAILER-DAEMON@%s>\n"
	    "To: <%s>\n"
	    "Subject: Your message could not be delivered\n"
	    "Date: %s\n"
	    "Message-ID: <%s.dsn@%s>\n"
	    "Auto-Submitted: auto-replied\n"
	    "MIME-Version: 1.0\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\n"
	    "\tboundary=\"%s\"\n"
	    "%s"
	    "\n"
	    "This is a delivery status notification in MIME format.\n",
	    f->hostname, f->original->q.sender, date, f->id, f->hostname,
	    boundary, eight ? "Content-Transfer-Encoding: 8bit\n" : "");
}

/* An alias may lead elsewhere: the sender knows the address it wrote. */
static const char *
written_address(const struct qfile_recipient *r)
{
	return r->original != NULL && r->original[0] != '\0' ? r->original :
	    r->address;
}

static int
add_human(struct buf *b, const struct dsn_facts *f, const char *boundary,
    bool full)
{
	const struct qfile *q = &f->original->q;
	char date[64];
	size_t i;

	trace_date((time_t)(q->time / 1000000), date, sizeof date);
	if (buf_addf(b, "\n--%s\n"
	    "Content-Type: text/plain; charset=us-ascii\n"
	    "\n"
	    "This is the mail system at %s.\n"
	    "\n"
	    "Your message, which arrived here on\n"
	    "%s,\n"
	    "could not be delivered to the following recipients, and it will\n"
	    "not be tried again.  %s of your message is below.\n",
	    boundary, f->hostname, date,
	    full ? "The text" : "The header") == -1)
		return -1;
	for (i = 0; i < q->nrecipients; i++) {
		if (told(f, i) && buf_addf(b, "\n<%s>:\n    %s (%s)\n",
		    written_address(&q->recipients[i]), f->mark[i].text,
		    f->mark[i].code) == -1)
			return -1;
	}
	return 0;
}

static int
add_recipient(struct buf *b, const struct dsn_facts *f, size_t i)
{
	const struct qfile_recipient *r = &f->original->q.recipients[i];
	char text[1024], date[64];

	if (buf_addc(b, '\n') == -1)
		return -1;
	if (r->orcpt != NULL && r->orcpt[0] != '\0' &&
	    xtext_decode(r->orcpt, text, sizeof text) == 0 &&
	    strchr(text, ';') != NULL &&
	    buf_addf(b, "Original-Recipient: %s\n", text) == -1)
		return -1;
	trace_date((time_t)(f->now / 1000000), date, sizeof date);
	return buf_addf(b, "Final-Recipient: rfc822; %s\n"
	    "Action: failed\n"
	    "Status: %s\n"
	    "Diagnostic-Code: X-Inlet; %s\n"
	    "Last-Attempt-Date: %s\n",
	    r->address, f->mark[i].code, f->mark[i].text, date);
}

static int
add_status(struct buf *b, const struct dsn_facts *f, const char *boundary)
{
	const struct qfile *q = &f->original->q;
	char date[64], envid[512];
	size_t i;

	if (buf_addf(b, "\n--%s\nContent-Type: message/delivery-status\n\n",
	    boundary) == -1)
		return -1;
	if (q->envid != NULL && q->envid[0] != '\0' &&
	    xtext_decode(q->envid, envid, sizeof envid) == 0 &&
	    buf_addf(b, "Original-Envelope-Id: %s\n", envid) == -1)
		return -1;
	trace_date((time_t)(q->time / 1000000), date, sizeof date);
	if (buf_addf(b, "Reporting-MTA: dns; %s\nArrival-Date: %s\n"
	    "X-Inlet-Queue-Id: %s\n", f->hostname, date, q->id) == -1)
		return -1;
	for (i = 0; i < q->nrecipients; i++) {
		if (told(f, i) && add_recipient(b, f, i) == -1)
			return -1;
	}
	return 0;
}

int
dsn_build(struct buf *b, const struct dsn_facts *f, bool *eight_r)
{
	const struct qfile *q = &f->original->q;
	const char *p = qread_message(f->original);
	char boundary[64];
	size_t len = q->message_len;
	bool full;

	full = q->ret != NULL && text_same(q->ret, "FULL") &&
	    len <= DSN_FULL_MOST;
	if (!full)
		len = header_length(p, len);
	*eight_r = has_eight(p, len);
	choose_boundary(f, p, len, boundary, sizeof boundary);
	if (add_header(b, f, boundary, *eight_r) == -1 ||
	    add_human(b, f, boundary, full) == -1 ||
	    add_status(b, f, boundary) == -1 ||
	    buf_addf(b, "\n--%s\nContent-Type: %s\n%s\n", boundary,
	    full ? "message/rfc822" : "text/rfc822-headers",
	    *eight_r ? "Content-Transfer-Encoding: 8bit\n" : "") == -1 ||
	    buf_add(b, p, len) == -1 ||
	    buf_addf(b, "\n--%s--\n", boundary) == -1)
		return -1;
	return 0;
}
