/*
 * subproto - the dialogue with submit: frames and their encoding, no policy.
 *
 * Both ends link this; neither believes the other.  Numbers are little
 * endian; a text is its length in two bytes, its bytes, and a NUL.  A payload
 * has exactly one encoding: what the decoders take is, byte for byte, what
 * the encoders make (tests/fuzz/fuzz_subproto.c).
 */
#include "config.h"

#include <string.h>
#include "lib/fdio.h"
#include "lib/le.h"
#include "lib/spfresult.h"
#include "lib/subproto.h"
#include "lib/text.h"

#define HEADER 8	/* length (4), type (1), zero (3) */

/* The flags of an envelope. */
#define BY_TRACE 1u
#define UTF8 2u
#define REQUIRETLS 4u
#define ALL_FLAGS (BY_TRACE | UTF8 | REQUIRETLS)

_Static_assert(sizeof(struct sub_header) == HEADER, "a hole in sub_header");

/* What is left of a payload; bad is set once and stays. */
struct reader {
	const uint8_t *p, *end;
	bool bad;
};

static int
put_number(struct buf *b, uint64_t n, int bytes)
{
	uint8_t p[8];

	le_put(p, n, (size_t)bytes);
	return buf_add(b, p, (size_t)bytes);
}

static uint64_t
get_number(struct reader *r, int bytes)
{
	const uint8_t *p = r->p;

	if (r->bad || r->end - r->p < bytes) {
		r->bad = true;
		return 0;
	}
	r->p += bytes;
	return le_get(p, (size_t)bytes);
}

static void
get_bytes(struct reader *r, void *dst, size_t len)
{
	if (r->bad || (size_t)(r->end - r->p) < len) {
		r->bad = true;
		return;
	}
	memcpy(dst, r->p, len);
	r->p += len;
}

/* No field may end a line, a record or a terminal's patience. */
static bool
has_control(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return true;
	return false;
}

static int
put_text(struct buf *b, const char *s)
{
	size_t len = s == NULL ? 0 : strlen(s);

	if (len > SUB_FIELD_MOST || has_control(s, len) ||
	    put_number(b, len, 2) == -1)
		return -1;
	return buf_add(b, len == 0 ? "" : s, len + 1);
}

static const char *
get_text(struct reader *r)
{
	size_t len = (size_t)get_number(r, 2);
	const char *s = (const char *)r->p;

	if (r->bad || len > SUB_FIELD_MOST ||
	    (size_t)(r->end - r->p) < len + 1 || s[len] != '\0' ||
	    has_control(s, len)) {
		r->bad = true;
		return "";
	}
	r->p += len + 1;
	return s;
}

static void
get_text_into(struct reader *r, char *dst, size_t size)
{
	if (text_copy(dst, size, get_text(r)) == -1)
		r->bad = true;
}

static bool
finished(const struct reader *r)
{
	return !r->bad && r->p == r->end;
}

/*
 * A frame is made in its place: room for the header first, then the payload,
 * then the header.  What did not become whole is taken away again.
 */
static int
begin(struct buf *b, size_t *start_r)
{
	static const uint8_t zero[HEADER];

	*start_r = b->len;
	return buf_add(b, zero, sizeof(zero));
}

static int
finish(struct buf *b, size_t start, enum sub_type type, int result)
{
	size_t len = b->len - start;

	if (result == -1 || len - HEADER > SUB_FRAME_MOST) {
		b->len = start;
		if (b->p != NULL)
			b->p[start] = '\0';
		return -1;
	}
	le_put(b->p + start, len - HEADER, 4);
	b->p[start + 4] = (char)type;
	return 0;
}

int
sub_put_frame(struct buf *b, enum sub_type type, const void *p, size_t len)
{
	size_t start;
	int result;

	if (len > SUB_FRAME_MOST)
		return -1;
	result = begin(b, &start);
	if (result == 0 && len > 0)
		result = buf_add(b, p, len);
	return finish(b, start, type, result);
}

int
sub_get_header(const void *p, struct sub_header *h_r)
{
	struct reader r = { p, (const uint8_t *)p + HEADER, false };

	memset(h_r, 0, sizeof(*h_r));
	h_r->len = (uint32_t)get_number(&r, 4);
	h_r->type = (uint8_t)get_number(&r, 1);
	if (h_r->len > SUB_FRAME_MOST || h_r->type == 0 ||
	    strchr("HERDCAVSF", h_r->type) == NULL)
		return -1;
	return get_number(&r, 3) == 0 ? 0 : -1;
}

static int
put_address(struct buf *b, const struct netaddr *a)
{
	if (put_number(b, a->family, 1) == -1 ||
	    put_number(b, a->port, 2) == -1)
		return -1;
	return buf_add(b, a->ip, sizeof(a->ip));
}

static void
get_address(struct reader *r, struct netaddr *a)
{
	a->family = (uint8_t)get_number(r, 1);
	a->port = (uint16_t)get_number(r, 2);
	get_bytes(r, a->ip, sizeof(a->ip));
	if (!net_good(a))
		r->bad = true;
}

/* A text each, and an empty one. */
static int
put_variables(struct buf *b, const struct variables *v)
{
	const char *p = v->text;

	for (; *p != '\0'; p += strlen(p) + 1)
		if (put_text(b, p) == -1)
			return -1;
	return put_text(b, "");
}

static void
get_variables(struct reader *r, struct variables *v)
{
	char *at = v->text, *end = at + sizeof(v->text);

	do {
		get_text_into(r, at, (size_t)(end - at));
		if (r->bad || *at == '\0')
			break;
		at += strlen(at) + 1;
	} while (at < end);
	if (at == end || !variables_good(v))
		r->bad = true;
}

int
sub_put_hello(struct buf *b, const struct sub_hello *h)
{
	size_t start;
	int result = begin(b, &start);

	if (result == 0 && (put_number(b, h->version, 2) == -1 ||
	    put_number(b, h->kind, 1) == -1 ||
	    put_number(b, h->flags, 1) == -1 ||
	    put_number(b, h->row, 4) == -1 ||
	    put_number(b, h->serial, 8) == -1 ||
	    buf_add(b, h->token, sizeof(h->token)) == -1 ||
	    put_address(b, &h->peer) == -1 ||
	    put_address(b, &h->local) == -1 ||
	    put_number(b, (uint32_t)h->listener, 4) == -1 ||
	    put_number(b, (uint32_t)h->finicky, 4) == -1 ||
	    put_text(b, h->channels) == -1 ||
	    put_text(b, h->login) == -1 ||
	    put_text(b, h->mechanism) == -1 ||
	    buf_add(b, h->receipt, sizeof(h->receipt)) == -1 ||
	    put_text(b, h->certificate) == -1 ||
	    put_variables(b, &h->variables) == -1))
		result = -1;
	return finish(b, start, SUB_HELLO, result);
}

/* Two's complement without the cast that C leaves to the compiler. */
static int32_t
get_int32(struct reader *r)
{
	uint32_t n = (uint32_t)get_number(r, 4);

	return n <= INT32_MAX ? (int32_t)n : -(int32_t)(UINT32_MAX - n) - 1;
}

int
sub_get_hello(const void *p, size_t len, struct sub_hello *h_r)
{
	struct reader r = { p, (const uint8_t *)p + len, false };

	memset(h_r, 0, sizeof(*h_r));
	h_r->version = (uint16_t)get_number(&r, 2);
	h_r->kind = (uint8_t)get_number(&r, 1);
	h_r->flags = (uint8_t)get_number(&r, 1);
	h_r->row = (uint32_t)get_number(&r, 4);
	h_r->serial = get_number(&r, 8);
	get_bytes(&r, h_r->token, sizeof(h_r->token));
	get_address(&r, &h_r->peer);
	get_address(&r, &h_r->local);
	h_r->listener = get_int32(&r);
	h_r->finicky = get_int32(&r);
	get_text_into(&r, h_r->channels, sizeof(h_r->channels));
	get_text_into(&r, h_r->login, sizeof(h_r->login));
	get_text_into(&r, h_r->mechanism, sizeof(h_r->mechanism));
	get_bytes(&r, h_r->receipt, sizeof(h_r->receipt));
	get_text_into(&r, h_r->certificate, sizeof(h_r->certificate));
	get_variables(&r, &h_r->variables);
	return finished(&r) && h_r->version == SUB_VERSION &&
	    h_r->kind >= SUB_SESSION && h_r->kind <= SUB_NOTICE &&
	    (h_r->flags & ~(SUB_EACH | SUB_TOLD)) == 0 && h_r->listener >= -1 &&
	    (h_r->finicky == 0 || h_r->finicky == 1) ? 0 : -1;
}

int
sub_put_envelope(struct buf *b, const struct sub_envelope *e)
{
	const char *const texts[] = {
		e->sender, e->helo, e->with, e->tls, e->body, e->sid,
		e->channel, e->name, e->envid, e->ret, e->auth, e->id
	};
	unsigned flags = (e->by_trace ? BY_TRACE : 0) |
	    (e->utf8 ? UTF8 : 0) | (e->requiretls ? REQUIRETLS : 0);
	size_t start, i;
	int result = begin(b, &start);

	for (i = 0; result == 0 && i < ARRAY_LEN(texts); i++)
		result = put_text(b, texts[i]);
	if (result == 0 && (put_number(b, e->spf, 1) == -1 ||
	    put_number(b, e->spf_helo, 1) == -1 ||
	    put_number(b, e->listed, 4) == -1 ||
	    put_number(b, (uint64_t)e->size, 8) == -1 ||
	    put_number(b, (uint64_t)e->hold, 8) == -1 ||
	    put_number(b, (uint64_t)e->hold_for, 4) == -1 ||
	    put_number(b, (uint64_t)e->by, 8) == -1 ||
	    put_number(b, (unsigned char)e->by_mode, 1) == -1 ||
	    put_number(b, flags, 1) == -1 ||
	    put_number(b, (uint32_t)e->priority, 4) == -1))
		result = -1;
	return finish(b, start, SUB_ENVELOPE, result);
}

int
sub_get_envelope(const void *p, size_t len, struct sub_envelope *e_r)
{
	struct reader r = { p, (const uint8_t *)p + len, false };
	const char **const texts[] = {
		&e_r->sender, &e_r->helo, &e_r->with, &e_r->tls, &e_r->body,
		&e_r->sid, &e_r->channel, &e_r->name, &e_r->envid, &e_r->ret,
		&e_r->auth, &e_r->id
	};
	uint64_t size, hold, by;
	unsigned flags;
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = get_text(&r);
	e_r->spf = (uint8_t)get_number(&r, 1);
	e_r->spf_helo = (uint8_t)get_number(&r, 1);
	e_r->listed = (uint32_t)get_number(&r, 4);
	size = get_number(&r, 8);
	e_r->size = size <= INT64_MAX ? (int64_t)size : -1;
	hold = get_number(&r, 8);
	e_r->hold_for = (int64_t)get_number(&r, 4);
	by = get_number(&r, 8);
	e_r->by_mode = (char)get_number(&r, 1);
	flags = (unsigned)get_number(&r, 1);
	e_r->priority = get_int32(&r);
	if (!finished(&r) || (size > INT64_MAX && size != UINT64_MAX) ||
	    e_r->spf >= SPF_RESULTS || e_r->spf_helo >= SPF_RESULTS ||
	    hold > INT64_MAX || by > INT64_MAX || (flags & ~ALL_FLAGS) != 0)
		return -1;
	e_r->hold = (int64_t)hold;
	e_r->by = (int64_t)by;
	e_r->by_trace = (flags & BY_TRACE) != 0;
	e_r->utf8 = (flags & UTF8) != 0;
	e_r->requiretls = (flags & REQUIRETLS) != 0;
	return 0;
}

int
sub_put_recipient(struct buf *b, const struct sub_recipient *r)
{
	size_t start;
	int result = begin(b, &start);

	if (result == 0 && (put_text(b, r->address) == -1 ||
	    put_text(b, r->notify) == -1 || put_text(b, r->orcpt) == -1))
		result = -1;
	return finish(b, start, SUB_RECIPIENT, result);
}

int
sub_get_recipient(const void *p, size_t len, struct sub_recipient *r_r)
{
	struct reader r = { p, (const uint8_t *)p + len, false };

	r_r->address = get_text(&r);
	r_r->notify = get_text(&r);
	r_r->orcpt = get_text(&r);
	return finished(&r) ? 0 : -1;
}

int
sub_put_verdict(struct buf *b, const struct sub_verdict *v)
{
	size_t start;
	int result = begin(b, &start);

	if (result == 0 && (put_number(b, v->reply.name, 2) == -1 ||
	    put_number(b, (uint64_t)v->reply.code, 2) == -1 ||
	    put_text(b, v->reply.enhanced) == -1 ||
	    put_text(b, v->reply.text) == -1 ||
	    put_text(b, v->reply.reason) == -1 ||
	    put_text(b, v->reply.detail) == -1 || put_text(b, v->id) == -1))
		result = -1;
	return finish(b, start, SUB_VERDICT, result);
}

int
sub_get_verdict(const void *p, size_t len, struct sub_verdict *v_r)
{
	struct reader r = { p, (const uint8_t *)p + len, false };
	struct reply *reply = &v_r->reply;
	uint64_t name;

	memset(v_r, 0, sizeof(*v_r));
	name = get_number(&r, 2);
	reply->code = (int)get_number(&r, 2);
	get_text_into(&r, reply->enhanced, sizeof(reply->enhanced));
	get_text_into(&r, reply->text, sizeof(reply->text));
	get_text_into(&r, reply->reason, sizeof(reply->reason));
	get_text_into(&r, reply->detail, sizeof(reply->detail));
	get_text_into(&r, v_r->id, sizeof(v_r->id));
	/* The session sends code and texts on to the client as they are. */
	if (!finished(&r) || name >= REPLY_COUNT || reply->code < 200 ||
	    reply->code > 599 ||
	    !text_printable(reply->enhanced, strlen(reply->enhanced)) ||
	    !text_printable(reply->text, strlen(reply->text)))
		return -1;
	reply->name = (enum reply_name)name;
	return 0;
}

static int
put_one(struct buf *b, enum sub_type type, const char *text)
{
	size_t start;
	int result = begin(b, &start);

	if (result == 0)
		result = put_text(b, text);
	return finish(b, start, type, result);
}

static int
get_one(const void *p, size_t len, const char **text_r)
{
	struct reader r = { p, (const uint8_t *)p + len, false };

	*text_r = get_text(&r);
	return finished(&r) ? 0 : -1;
}

int
sub_put_start(struct buf *b, const char *node)
{
	return put_one(b, SUB_START, node);
}

int
sub_get_start(const void *p, size_t len, const char **node_r)
{
	return get_one(p, len, node_r);
}

int
sub_put_forgive(struct buf *b, const char *login)
{
	return put_one(b, SUB_FORGIVE, login);
}

int
sub_get_forgive(const void *p, size_t len, const char **login_r)
{
	return get_one(p, len, login_r);
}

int
sub_put_commit(struct buf *b, uint64_t length)
{
	size_t start;
	int result = begin(b, &start);

	if (result == 0)
		result = put_number(b, length, 8);
	return finish(b, start, SUB_COMMIT, result);
}

int
sub_get_commit(const void *p, size_t len, uint64_t *length_r)
{
	struct reader r = { p, (const uint8_t *)p + len, false };

	*length_r = get_number(&r, 8);
	return finished(&r) ? 0 : -1;
}

int
sub_read_verdict(int fd, int64_t deadline, struct sub_verdict *v_r)
{
	/* Two numbers, and five texts no longer than what they go into. */
	uint8_t frame[HEADER + 2 * 2 + 5 * 3 + sizeof(*v_r)];
	struct sub_header h;
	size_t got, len;

	memset(v_r, 0, sizeof(*v_r));
	/* Nothing follows it before we have sent something again. */
	if (fd_read_answer(fd, frame, HEADER, sizeof(frame), &got,
	    deadline) == -1 || sub_get_header(frame, &h) == -1 ||
	    h.type != SUB_VERDICT)
		return -1;
	len = HEADER + (size_t)h.len;
	if (len > sizeof(frame) || got > len ||
	    (got < len && fd_read(fd, frame + got, len - got, deadline) == -1))
		return -1;
	return sub_get_verdict(frame + HEADER, h.len, v_r);
}
