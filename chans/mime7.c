/*
 * mime7 - makes a message of 7 bits of one that has 8.
 *
 * Runs in channel programs, over a stranger's bytes.  One walk down the
 * structure, which writes as it goes; a part that cannot be read but is of 7
 * bits anyway is copied instead.  Depth is bounded, and so is the work: each
 * level looks at its bytes a fixed number of times.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "chans/mime7.h"
#include "chans/mimecode.h"
#include "chans/mimehead.h"

#define DEPTH_MOST 24
#define LINE_MOST 998

static const char too_large[] = "it is too large when converted";

/* A multipart that we are inside of. */
struct level {
	const struct level *up;
	const char *boundary;
	size_t len;
};

struct walk {
	struct buf *out;
	const char *end;	/* of the message */
	bool crlf, utf8;
	int depth;
	const char *why;
};

/* What bytes are that are not of 7 bits. */
struct nature {
	bool eight;		/* bytes that no encoding may have, either */
	bool high;		/* of these, some above 127 */
	bool longline;
};

static struct nature
nature_of(const char *p, size_t len, bool crlf)
{
	struct nature n = { .eight = false };
	size_t at = 0, line, end;

	for (; at < len; at += line) {
		line = mimehead_line(p + at, len - at, crlf);
		end = line - mimehead_ending(p + at, line, crlf);
		if (end > LINE_MOST)
			n.longline = true;
		for (size_t i = 0; i < end; i++) {
			unsigned char c = (unsigned char)p[at + i];

			if (c >= 0x80)
				n.eight = n.high = true;
			else if (c == '\0' || c == '\r' || c == '\n')
				n.eight = true;
		}
	}
	return n;
}

static int
refuse(struct walk *w, const char *why)
{
	w->why = why;
	return -1;
}

static int
add(struct walk *w, const char *p, size_t len)
{
	return buf_add(w->out, p, len) == 0 ? 0 : refuse(w, too_large);
}

/* As it is, but for the ends of lines. */
static int
copy(struct walk *w, const char *p, size_t len)
{
	size_t line, end;

	if (!w->crlf)
		return add(w, p, len);
	for (; len > 0; p += line, len -= line) {
		line = mimehead_line(p, len, true);
		end = mimehead_ending(p, line, true);
		if (add(w, p, line - end) == -1 ||
		    (end > 0 && add(w, "\n", 1) == -1))
			return -1;
	}
	return 0;
}

static int
add_field(struct walk *w, const char *text)
{
	return add(w, text, strlen(text));
}

/* What becomes of a header; null: nothing. */
struct change {
	const char *coding;	/* its Content-Transfer-Encoding */
	const char *type;	/* the Content-Type that it lacks */
	bool version;		/* it lacks a MIME-Version */
};

static int
put_head(struct walk *w, const char *p, const struct mimehead *h,
    const struct change *c)
{
	size_t at = h->len, behind = at;

	if (c->coding != NULL && h->coding != MIMEHEAD_NONE) {
		at = h->coding_at;
		behind = at + h->coding_len;
	}
	if (copy(w, p, at) == -1)
		return -1;
	if (c->version && add_field(w, "MIME-Version: 1.0\n") == -1)
		return -1;
	if (c->type != NULL && (add_field(w, "Content-Type: ") == -1 ||
	    add_field(w, c->type) == -1 || add(w, "\n", 1) == -1))
		return -1;
	if (c->coding != NULL &&
	    (add_field(w, "Content-Transfer-Encoding: ") == -1 ||
	    add_field(w, c->coding) == -1 || add(w, "\n", 1) == -1))
		return -1;
	return copy(w, p + behind, h->blank - behind);
}

static bool
is_delimiter(const char *line, size_t len, const struct level *l, bool *last_r)
{
	size_t n = l->len + 2;
	bool last;

	if (len < n || line[0] != '-' || line[1] != '-' ||
	    memcmp(line + 2, l->boundary, l->len) != 0)
		return false;
	last = len >= n + 2 && line[n] == '-' && line[n + 1] == '-';
	if (last)
		n += 2;
	while (n < len && (line[n] == ' ' || line[n] == '\t'))
		n++;
	if (n == len)
		*last_r = last;
	return n == len;
}

/*
 * Some readers take every line that begins with a boundary for one
 * (RFC 2046 5.1.1), or know other ends of lines: for them the structure is
 * another one, which an encoding would destroy.
 */
static bool
is_doubtful(const char *p, size_t len, const struct level *l)
{
	for (size_t i = 0; l != NULL && i + 2 < len; i++) {
		if (p[i] != '-' || p[i + 1] != '-' ||
		    (i > 0 && p[i - 1] != '\n' && p[i - 1] != '\r'))
			continue;
		for (const struct level *o = l; o != NULL; o = o->up) {
			if (len - i - 2 >= o->len && memcmp(p + i + 2,
			    o->boundary, o->len) == 0)
				return true;
		}
	}
	return false;
}

/* From the body on, encoded. */
static int
put_encoded(struct walk *w, const char *p, size_t len, bool text)
{
	int result = text ? mimecode_quoted(w->out, p, len, w->crlf) :
	    mimecode_base64(w->out, p, len, w->crlf);

	/* Where no delimiter follows, the last line needs its end. */
	if (result == 0 && p + len == w->end) {
		if (!text)
			result = buf_adds(w->out, "\n");
		else if (mimehead_ending(p, len, w->crlf) == 0)
			result = buf_adds(w->out, "=\n");
	}
	return result == 0 ? 0 : refuse(w, too_large);
}

static int
put_leaf(struct walk *w, const char *p, size_t len, const struct mimehead *h,
    const struct level *l, bool message)
{
	const char *body = p + h->blank;
	size_t n = len - h->blank;
	struct nature is = nature_of(body, n, w->crlf);
	struct change change = { .coding = NULL };
	bool text = strcmp(h->type, "text") == 0;
	/* SMTP would give it one more end of line. */
	bool cut = w->crlf && body + n == w->end && n > 0 &&
	    mimehead_ending(body, n, true) == 0;

	if (h->coding == MIMEHEAD_ENCODED && is.eight)
		return refuse(w, "a part is not what its "
		    "Content-Transfer-Encoding says");
	if (h->coding == MIMEHEAD_ENCODED ||
	    (!is.eight && !is.longline && !cut)) {
		if (h->coding == MIMEHEAD_EIGHT ||
		    h->coding == MIMEHEAD_BINARY)
			change.coding = "7bit";
		if (put_head(w, p, h, &change) == -1)
			return -1;
		return copy(w, body, n);
	}
	if (is_doubtful(body, n, l))
		return refuse(w, "a line may or may not be a boundary");
	change.coding = text ? "quoted-printable" : "base64";
	change.version = message && !h->version;
	if (!h->typed)
		change.type = is.high ? "text/plain; charset=unknown-8bit" :
		    "text/plain; charset=us-ascii";
	if (put_head(w, p, h, &change) == -1)
		return -1;
	return put_encoded(w, body, n, text);
}

/* What it is that has no Content-Type. */
enum untyped { TEXT, MESSAGE };

static int put_entity(struct walk *w, const char *p, size_t len,
    enum untyped kind, const struct level *l, bool message);

/* What readers pass over; encoded it is at least not lost. */
static int
put_ignored(struct walk *w, const char *p, size_t len, const struct level *l)
{
	struct nature is = nature_of(p, len, w->crlf);

	if (!is.eight)
		return copy(w, p, len);
	if (is_doubtful(p, len, l))
		return refuse(w, "a line may or may not be a boundary");
	return mimecode_quoted(w->out, p, len, w->crlf) == 0 ? 0 :
	    refuse(w, too_large);
}

/*
 * What stands between two delimiters: its last end of line belongs to the
 * second.  first: before the first delimiter.
 */
static int
put_between(struct walk *w, const char *p, size_t len, bool first,
    bool delimited, enum untyped kind, const struct level *l)
{
	size_t end = delimited ? mimehead_ending(p, len, w->crlf) : 0;

	if (first) {
		if (put_ignored(w, p, len - end, l) == -1)
			return -1;
	} else if (put_entity(w, p, len - end, kind, l, false) == -1)
		return -1;
	return end > 0 ? add(w, "\n", 1) : 0;
}

static int
put_parts(struct walk *w, const char *p, size_t len, const struct mimehead *h,
    const struct level *up)
{
	struct level l = { .up = up, .boundary = h->boundary,
	    .len = strlen(h->boundary) };
	enum untyped kind = strcmp(h->subtype, "digest") == 0 ? MESSAGE : TEXT;
	size_t at = 0, from = 0, n;
	bool first = true, last = false;

	for (; at < len && !last; at += n) {
		n = mimehead_line(p + at, len - at, w->crlf);
		if (!is_delimiter(p + at, n - mimehead_ending(p + at, n,
		    w->crlf), &l, &last))
			continue;
		if (put_between(w, p + from, at - from, first, true, kind,
		    &l) == -1 || copy(w, p + at, n) == -1)
			return -1;
		from = at + n;
		first = false;
	}
	if (first)
		return refuse(w, "a boundary does not occur");
	if (last)
		return put_ignored(w, p + at, len - at, &l);
	return put_between(w, p + from, len - from, false, false, kind,
	    &l);
}

/* RFC 6532 3.7 allows an encoding for these, as for any part. */
static bool
is_global(const struct mimehead *h)
{
	return strncmp(h->subtype, "global", 6) == 0;
}

static const char *
sealed(const struct mimehead *h)
{
	if (strcmp(h->subtype, "signed") == 0)
		return "what is signed cannot be changed";
	if (strcmp(h->subtype, "encrypted") == 0)
		return "what is encrypted cannot be changed";
	return NULL;
}

/* multipart and message may not be encoded themselves (RFC 2045 6.4). */
static int
put_container(struct walk *w, const char *p, size_t len,
    const struct mimehead *h, const struct level *l, bool message)
{
	const char *body = p + h->blank, *why;
	size_t n = len - h->blank;
	bool multi = strcmp(h->type, "multipart") == 0;
	bool eight = nature_of(body, n, w->crlf).eight;
	struct change change = { .version = message && eight && !h->version };

	if (h->coding == MIMEHEAD_ENCODED)
		return refuse(w, "a part that has parts is encoded");
	why = multi ? sealed(h) : strcmp(h->subtype, "rfc822") == 0 ? NULL :
	    "only a message/rfc822 can be converted";
	if (why != NULL)
		return eight ? refuse(w, why) : copy(w, p, len);
	if (multi && h->boundary[0] == '\0')
		return refuse(w, "a multipart has no boundary");
	if (h->coding == MIMEHEAD_EIGHT || h->coding == MIMEHEAD_BINARY)
		change.coding = w->utf8 ? "8bit" : "7bit";
	if (put_head(w, p, h, &change) == -1)
		return -1;
	return multi ? put_parts(w, body, n, h, l) :
	    put_entity(w, body, n, TEXT, l, true);
}

static int
try_entity(struct walk *w, const char *p, size_t len, enum untyped kind,
    const struct level *l, bool message)
{
	struct mimehead h;

	if (w->depth > DEPTH_MOST)
		return refuse(w, "its parts are nested too deeply");
	mimehead_read(p, len, w->crlf, &h);
	if (h.bad != NULL)
		return refuse(w, h.bad);
	if (!w->utf8 && nature_of(p, h.len, w->crlf).high)
		return refuse(w, "a header has 8-bit characters");
	if (!h.typed) {
		snprintf(h.type, sizeof h.type, "%s",
		    kind == TEXT ? "text" : "message");
		snprintf(h.subtype, sizeof h.subtype, "%s",
		    kind == TEXT ? "plain" : "rfc822");
	}
	if (strcmp(h.type, "multipart") == 0 ||
	    (strcmp(h.type, "message") == 0 && !is_global(&h)))
		return put_container(w, p, len, &h, l, message);
	return put_leaf(w, p, len, &h, l, message);
}

static void
cut_back(struct buf *b, size_t len)
{
	b->len = len;
	if (b->p != NULL)
		b->p[len] = '\0';
}

/* message: it is one of its own, so that its header says MIME-Version. */
static int
put_entity(struct walk *w, const char *p, size_t len, enum untyped kind,
    const struct level *l, bool message)
{
	size_t mark = w->out->len;
	int result;

	w->depth++;
	result = try_entity(w, p, len, kind, l, message);
	w->depth--;
	if (result == 0 || w->why == too_large ||
	    nature_of(p, len, w->crlf).eight)
		return result;
	cut_back(w->out, mark);
	return copy(w, p, len);
}

bool
mime7_is(const char *p, size_t len, int flags)
{
	bool crlf = (flags & MIME7_BINARY) != 0;
	struct nature n = nature_of(p, len, crlf);

	return !n.eight && !n.longline && (!crlf || len == 0 ||
	    mimehead_ending(p, len, true) > 0);
}

int
mime7_convert(const char *text, size_t len, int flags, struct buf *out,
    const char **why_r)
{
	/* Of nothing there need not be an address. */
	const char *p = len > 0 ? text : "";
	struct walk w = { .out = out, .end = p + len,
	    .crlf = (flags & MIME7_BINARY) != 0,
	    .utf8 = (flags & MIME7_UTF8) != 0 };
	size_t mark = out->len;

	if (put_entity(&w, p, len, TEXT, NULL, true) == 0 &&
	    (out->len == mark || out->p[out->len - 1] == '\n' ||
	    add(&w, "\n", 1) == 0))
		return 0;
	cut_back(out, mark);
	*why_r = w.why;
	return -1;
}
