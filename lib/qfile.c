/*
 * qfile - a queue entry's records: format and parse; no file is opened here.
 *
 * submit writes entries, deliver and inlet(8) read them.  A reader believes
 * the disk in nothing: the digest finds damage, and every length is checked
 * against the bytes that are there even where the digest is right.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include "lib/asked.h"
#include "lib/digest.h"
#include "lib/le.h"
#include "lib/qfile.h"
#include "lib/xalloc.h"

#define MAGIC_LEN (sizeof(QFILE_MAGIC) - 1)
#define TRAILER_MAGIC "INLETEND"
#define TRAILER_MAGIC_LEN (sizeof(TRAILER_MAGIC) - 1)
#define RECORD_HEAD 5		/* type and length */
#define RECIPIENT_TEXTS 7
#define BY_LEN 10		/* number, mode, 'T' or 0 */

_Static_assert(TRAILER_MAGIC_LEN + 3 * 8 == QFILE_TRAILER, "trailer");

int
qfile_begin(struct buf *b)
{
	return buf_add(b, QFILE_MAGIC, MAGIC_LEN);
}

static int
put_head(struct buf *b, enum qfile_record type, size_t len)
{
	unsigned char head[RECORD_HEAD];

	if (len > QFILE_HEADER_MOST)
		return -1;
	head[0] = (unsigned char)type;
	le_put(head + 1, len, 4);
	if (buf_reserve(b, sizeof(head) + len) == -1)
		return -1;
	return buf_add(b, head, sizeof(head));
}

static const char *
or_empty(const char *s)
{
	return s == NULL ? "" : s;
}

int
qfile_put(struct buf *b, enum qfile_record type, const char *text)
{
	const char *s = or_empty(text);
	size_t len = strlen(s) + 1;

	if (strchr(s, '\n') != NULL || put_head(b, type, len) == -1)
		return -1;
	return buf_add(b, s, len);
}

int
qfile_put_number(struct buf *b, enum qfile_record type, int64_t n)
{
	unsigned char p[8];

	le_put(p, (uint64_t)n, 8);
	if (put_head(b, type, sizeof(p)) == -1)
		return -1;
	return buf_add(b, p, sizeof(p));
}

int
qfile_put_flag(struct buf *b, enum qfile_record type)
{
	return put_head(b, type, 0);
}

int
qfile_put_by(struct buf *b, int64_t by, char mode, bool trace)
{
	unsigned char p[BY_LEN];

	le_put(p, (uint64_t)by, 8);
	p[8] = (unsigned char)mode;
	p[9] = trace ? 'T' : 0;
	if (put_head(b, QFILE_BY, sizeof(p)) == -1)
		return -1;
	return buf_add(b, p, sizeof(p));
}

int
qfile_put_recipient(struct buf *b, const struct qfile_recipient *r)
{
	const char *const texts[RECIPIENT_TEXTS] = {
		or_empty(r->channel), or_empty(r->host), or_empty(r->address),
		or_empty(r->mailbox), or_empty(r->original),
		or_empty(r->notify), or_empty(r->orcpt)
	};
	size_t i, len = 0;

	for (i = 0; i < RECIPIENT_TEXTS; i++) {
		if (strchr(texts[i], '\n') != NULL)
			return -1;
		len += strlen(texts[i]) + 1;
	}
	if (put_head(b, QFILE_RECIPIENT, len) == -1)
		return -1;
	/* put_head made room for all of it. */
	for (i = 0; i < RECIPIENT_TEXTS; i++)
		if (buf_add(b, texts[i], strlen(texts[i]) + 1) == -1)
			return -1;
	return 0;
}

int
qfile_end_header(struct buf *b)
{
	return put_head(b, QFILE_MESSAGE, 0);
}

void
qfile_trailer(unsigned char t_r[QFILE_TRAILER], uint64_t header,
    uint64_t message, uint64_t digest)
{
	memcpy(t_r, TRAILER_MAGIC, TRAILER_MAGIC_LEN);
	le_put(t_r + 8, header, 8);
	le_put(t_r + 16, message, 8);
	le_put(t_r + 24, digest, 8);
}

/* The end and its digest: how long header and message are. */
static const char *
check_trailer(const unsigned char *p, size_t len, struct qfile *q)
{
	const unsigned char *t;
	uint64_t header, message;

	if (len < MAGIC_LEN + QFILE_TRAILER)
		return "too short";
	len -= QFILE_TRAILER;
	t = p + len;
	if (memcmp(t, TRAILER_MAGIC, TRAILER_MAGIC_LEN) != 0)
		return "no trailer";
	header = le_get(t + 8, 8);
	message = le_get(t + 16, 8);
	if (header > len || message != len - header)
		return "the trailer's lengths are not the file's";
	if (header > QFILE_HEADER_MOST)
		return "header too long";
	if (header < MAGIC_LEN || memcmp(p, QFILE_MAGIC, MAGIC_LEN) != 0)
		return "not a queue entry";
	if (digest_of(p, len) != le_get(t + 24, 8))
		return "damaged: wrong digest";
	q->message_at = (size_t)header;
	q->message_len = (size_t)message;
	return NULL;
}

/* One text of len bytes with its NUL, which is the only one. */
static bool
is_text(const unsigned char *p, size_t len)
{
	return len > 0 && memchr(p, '\0', len) == p + len - 1 &&
	    memchr(p, '\n', len) == NULL;
}

static const char *
get_recipient(const unsigned char *p, size_t len, struct qfile *q)
{
	const char *texts[RECIPIENT_TEXTS];
	const unsigned char *end = p + len, *nul;
	size_t i, n = q->nrecipients;

	for (i = 0; i < RECIPIENT_TEXTS; i++) {
		nul = memchr(p, '\0', (size_t)(end - p));
		if (nul == NULL)
			return "a recipient is cut";
		if (!is_text(p, (size_t)(nul - p) + 1))
			return "a bad text";
		texts[i] = (const char *)p;
		p = nul + 1;
	}
	if (p != end)
		return "a recipient has too much";
	/* Doubles whenever n reaches a power of two. */
	if ((n & (n - 1)) == 0)
		q->recipients = xresize(q->recipients, n == 0 ? 1 : 2 * n,
		    sizeof(*q->recipients));
	q->recipients[q->nrecipients++] = (struct qfile_recipient){
		.channel = texts[0], .host = texts[1], .address = texts[2],
		.mailbox = texts[3], .original = texts[4],
		.notify = texts[5], .orcpt = texts[6]
	};
	return NULL;
}

/* Where a text record goes; null for what is none. */
static const char **
text_of(struct qfile *q, unsigned char type)
{
	const struct {
		unsigned char type;
		const char **text;
	} table[] = {
		{ QFILE_ID, &q->id }, { QFILE_CHANNEL, &q->channel },
		{ QFILE_ADDRESS, &q->address }, { QFILE_NAME, &q->name },
		{ QFILE_HELO, &q->helo }, { QFILE_WITH, &q->with },
		{ QFILE_LOGIN, &q->login }, { QFILE_BODY, &q->body },
		{ QFILE_SENDER, &q->sender }, { QFILE_ENVID, &q->envid },
		{ QFILE_RET, &q->ret }, { QFILE_SID, &q->sid },
		{ QFILE_AUTH, &q->auth }, { QFILE_TLS, &q->tls },
		{ QFILE_HELD, &q->held }
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++)
		if (table[i].type == type)
			return table[i].text;
	return NULL;
}

/* A moment that is not the default, which has no record. */
static const char *
get_moment(const unsigned char *p, size_t len, int64_t *moment)
{
	if (*moment != 0)
		return "a record twice";
	if (len < 8 || le_get(p, 8) == 0 || le_get(p, 8) > INT64_MAX)
		return "a bad time";
	*moment = (int64_t)le_get(p, 8);
	return NULL;
}

static const char *
get_by(const unsigned char *p, size_t len, struct qfile *q)
{
	const char *why = get_moment(p, len, &q->by);

	if (why != NULL)
		return why;
	if (len != BY_LEN || (p[8] != 'R' && p[8] != 'N') ||
	    (p[9] != 'T' && p[9] != 0))
		return "a bad deadline";
	q->by_mode = (char)p[8];
	q->by_trace = p[9] == 'T';
	return NULL;
}

static const char *
get_priority(const unsigned char *p, size_t len, struct qfile *q)
{
	/* Two's complement, moved up so that the least is 0. */
	uint64_t n = len == 8 ? le_get(p, 8) + ASKED_PRIORITY_MOST :
	    UINT64_MAX;

	if (q->priority != 0)
		return "a record twice";
	if (n > 2 * ASKED_PRIORITY_MOST || n == ASKED_PRIORITY_MOST)
		return "a bad priority";
	q->priority = (int)n - ASKED_PRIORITY_MOST;
	return NULL;
}

static const char *
get_flag(size_t len, bool *flag)
{
	if (*flag)
		return "a record twice";
	*flag = true;
	return len == 0 ? NULL : "a record has too much";
}

static const char *
get_text(unsigned char type, const unsigned char *p, size_t len,
    struct qfile *q)
{
	const char **text = text_of(q, type);

	if (text == NULL)
		return "an unknown record";
	if (*text != NULL)
		return "a record twice";
	if (!is_text(p, len))
		return "a bad text";
	*text = (const char *)p;
	return NULL;
}

static const char *
get_record(unsigned char type, const unsigned char *p, size_t len,
    struct qfile *q)
{
	switch (type) {
	case QFILE_RECIPIENT:
		return get_recipient(p, len, q);
	case QFILE_TIME:
		if (q->time != -1)
			return "a record twice";
		if (len != 8 || le_get(p, 8) > INT64_MAX)
			return "a bad time";
		q->time = (int64_t)le_get(p, 8);
		return NULL;
	case QFILE_HOLD:
		return len == 8 ? get_moment(p, len, &q->hold) : "a bad time";
	case QFILE_HOLD_FOR:
		return len == 8 ? get_moment(p, len, &q->hold_for) :
		    "a bad time";
	case QFILE_BY:
		return get_by(p, len, q);
	case QFILE_PRIORITY:
		return get_priority(p, len, q);
	case QFILE_UTF8:
		return get_flag(len, &q->utf8);
	case QFILE_REQUIRETLS:
		return get_flag(len, &q->requiretls);
	default:
		return get_text(type, p, len, q);
	}
}

/* Every record from the magic to the message, which ends the header. */
static const char *
get_records(const unsigned char *p, struct qfile *q)
{
	size_t at = MAGIC_LEN, left, len;
	unsigned char type;
	const char *why;

	for (;;) {
		left = q->message_at - at;
		if (left < RECORD_HEAD)
			return "the header is cut";
		type = p[at];
		len = (size_t)le_get(p + at + 1, 4);
		if (len > left - RECORD_HEAD)
			return "a record is cut";
		at += RECORD_HEAD;
		if (type == QFILE_MESSAGE) {
			if (len != 0 || at != q->message_at)
				return "the header does not end where it says";
			return NULL;
		}
		if ((why = get_record(type, p + at, len, q)) != NULL)
			return why;
		at += len;
	}
}

/* The identifier becomes a file's name: letters, digits and hyphens. */
static bool
is_id(const char *s)
{
	size_t n = strspn(s, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz-");

	return n > 0 && n < TRACE_ID && s[n] == '\0';
}

static const char *
check_whole(struct qfile *q)
{
	const char **const optional[] = {
		&q->channel, &q->address, &q->name, &q->helo, &q->with,
		&q->login, &q->body, &q->envid, &q->ret, &q->sid, &q->auth,
		&q->tls, &q->held
	};
	size_t i;

	if (q->id == NULL || !is_id(q->id))
		return "no good identifier";
	if (q->time == -1)
		return "no time";
	if (q->sender == NULL)
		return "no sender";
	if (q->nrecipients == 0)
		return "no recipient";
	for (i = 0; i < ARRAY_LEN(optional); i++)
		if (*optional[i] == NULL)
			*optional[i] = "";
	return NULL;
}

int
qfile_parse(const void *p, size_t len, struct qfile *q_r, const char **why_r)
{
	const char *why;

	memset(q_r, 0, sizeof(*q_r));
	q_r->time = -1;
	why = check_trailer(p, len, q_r);
	if (why == NULL)
		why = get_records(p, q_r);
	if (why == NULL)
		why = check_whole(q_r);
	*why_r = why;
	if (why == NULL)
		return 0;
	qfile_free(q_r);
	return -1;
}

void
qfile_free(struct qfile *q)
{
	free(q->recipients);
	memset(q, 0, sizeof(*q));
}
