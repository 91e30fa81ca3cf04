/*
 * outgoing - a message as a program of this machine hands it over.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/text.h"
#include "lib/trace.h"
#include "tools/outgoing.h"

#define HEADER_MOST ((size_t)16 * 1024 * 1024)

/* What is done with a field; all others are kept. */
enum action { KEEP, FROM, DATE, ID, TO, HIDE, RESENT_TO, RESENT_HIDE, DROP };

static const struct {
	const char *name;
	enum action action;
} fields[] = {
	{ "from", FROM }, { "date", DATE }, { "message-id", ID },
	{ "to", TO }, { "cc", TO }, { "bcc", HIDE },
	{ "resent-to", RESENT_TO }, { "resent-cc", RESENT_TO },
	{ "resent-bcc", RESENT_HIDE }, { "return-path", DROP },
};

/* What was found on the way through a header. */
struct found {
	bool wanted;		/* the addresses */
	bool from, date, id, resent;
	struct addresses to, resent_to;
};

void
outgoing_init(struct outgoing *o)
{
	*o = (struct outgoing){ .body = "" };
	buf_init(&o->header, HEADER_MOST);
}

/* What comes of a line that is whole; true: it was the end. */
static bool
end_line(struct buf *b, size_t line, enum outgoing_end end)
{
	if (end == OUTGOING_FILE || b->p[line] != '.')
		return false;
	if (b->len - line == 2) {
		b->len = line;
		b->p[line] = '\0';
		return true;
	}
	if (end == OUTGOING_SMTP) {
		memmove(b->p + line, b->p + line + 1, b->len - line - 1);
		b->p[--b->len] = '\0';
	}
	return false;
}

/* Passes over the rest: who speaks SMTP goes on behind it. */
static void
pass_over(FILE *f, enum outgoing_end end)
{
	size_t column = 1;	/* in a line already; never a dot alone */
	bool dot = false;
	int c;

	while (end == OUTGOING_SMTP && (c = getc_unlocked(f)) != EOF) {
		if (c == '\r')
			continue;
		if (c != '\n') {
			dot = column++ == 0 && c == '.';
			continue;
		}
		if (dot && column == 1)
			return;
		column = 0;
		dot = false;
	}
}

int
outgoing_read(struct outgoing *o, FILE *f, enum outgoing_end end,
    size_t most)
{
	size_t line = 0;
	int c;

	buf_init(&o->text, most);
	while ((c = getc_unlocked(f)) != EOF) {
		if (c == '\r' || c == '\0')
			continue;
		if (c >= 0x80)
			o->eight = true;
		if (buf_addc(&o->text, (char)c) == -1) {
			pass_over(f, end);
			errno = EFBIG;
			return -1;
		}
		if (c != '\n')
			continue;
		if (end_line(&o->text, line, end))
			return 0;
		line = o->text.len;
	}
	if (ferror(f))
		return -1;
	errno = end == OUTGOING_SMTP ? EPIPE : EFBIG;
	if (end == OUTGOING_SMTP)
		return -1;
	/* A last line without an end is a line. */
	return o->text.len > line ? buf_addc(&o->text, '\n') : 0;
}

static size_t
line_length(const char *p, size_t len)
{
	const char *end = memchr(p, '\n', len);

	return end == NULL ? len : (size_t)(end - p) + 1;
}

/* How long the field at p is, with what follows folded; 0: no field. */
static size_t
field_length(const char *p, size_t len, size_t *name_r)
{
	size_t n = 0;

	while (n < len && p[n] > 0x20 && p[n] < 0x7f && p[n] != ':')
		n++;
	*name_r = n;
	while (n < len && (p[n] == ' ' || p[n] == '\t'))
		n++;
	if (*name_r == 0 || n == len || p[n] != ':')
		return 0;
	n = line_length(p, len);
	while (n < len && (p[n] == ' ' || p[n] == '\t'))
		n += line_length(p + n, len - n);
	return n;
}

static enum action
action_of(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strlen(fields[i].name) == len &&
		    strncasecmp(name, fields[i].name, len) == 0)
			return fields[i].action;
	return KEEP;
}

static int
take_addresses(struct addresses *to, const char *p, size_t name, size_t len,
    const char *host, char *why_r, size_t size)
{
	const char *value = memchr(p + name, ':', len - name), *why;

	value++;
	if (addresses_take(to, value, (size_t)(p + len - value), host,
	    &why) == 0)
		return 0;
	snprintf(why_r, size, "%.*s: %s", (int)name, p, why);
	return -1;
}

static int
take_field(struct outgoing *o, const char *p, size_t name, size_t len,
    const char *host, struct found *f, char *why_r, size_t size)
{
	enum action a = action_of(p, name);

	f->from |= a == FROM;
	f->date |= a == DATE;
	f->id |= a == ID;
	f->resent |= a == RESENT_TO || a == RESENT_HIDE;
	if (f->wanted && (a == TO || a == HIDE) &&
	    take_addresses(&f->to, p, name, len, host, why_r, size) == -1)
		return -1;
	if (f->wanted && (a == RESENT_TO || a == RESENT_HIDE) &&
	    take_addresses(&f->resent_to, p, name, len, host, why_r,
	    size) == -1)
		return -1;
	if (a == HIDE || a == RESENT_HIDE || a == DROP)
		return 0;
	if (buf_add(&o->header, p, len) == 0)
		return 0;
	snprintf(why_r, size, "the header is too long");
	return -1;
}

static bool
is_plain(const char *s)
{
	for (; *s != '\0'; s++)
		if (strchr("()<>[]:;@\\,.\"", *s) != NULL)
			return false;
	return true;
}

/* "From: "A. Name" <a@b>"; a name that is not printable is left out. */
static int
add_from(struct buf *b, const struct outgoing_facts *f)
{
	const char *name = f->name;
	bool plain = is_plain(name);

	if (name[0] == '\0' || !text_printable(name, strlen(name)))
		return buf_addf(b, "From: %s\n", f->from);
	if (buf_adds(b, plain ? "From: " : "From: \"") == -1)
		return -1;
	for (; *name != '\0'; name++)
		if (((*name == '"' || *name == '\\') &&
		    buf_addc(b, '\\') == -1) || buf_addc(b, *name) == -1)
			return -1;
	return buf_addf(b, "%s <%s>\n", plain ? "" : "\"", f->from);
}

static int
add_missing(struct outgoing *o, const struct outgoing_facts *f,
    const struct found *have)
{
	char date[64];
	int64_t now = clock_wall_us();

	if (!have->from && add_from(&o->header, f) == -1)
		return -1;
	if (!have->date && buf_addf(&o->header, "Date: %s\n", trace_date(
	    (time_t)(now / 1000000), date, sizeof date)) == -1)
		return -1;
	if (!have->id && buf_addf(&o->header,
	    "Message-ID: <%" PRIx64 ".%lx@%s>\n", (uint64_t)now,
	    (unsigned long)getpid(), f->host) == -1)
		return -1;
	return buf_addc(&o->header, '\n');
}

int
outgoing_make(struct outgoing *o, const struct outgoing_facts *f,
    struct addresses *to, char *why_r, size_t size)
{
	const char *p = buf_str(&o->text), *end = p + o->text.len;
	struct found found = { .wanted = to != NULL };
	struct addresses *named = &found.to;
	size_t n, name;
	int result = 0;

	/* mbox files have it, and so do some programs. */
	if (strncmp(p, "From ", 5) == 0 || strncmp(p, ">From ", 6) == 0)
		p += line_length(p, o->text.len);
	while (result == 0 && p < end &&
	    (n = field_length(p, (size_t)(end - p), &name)) > 0) {
		result = take_field(o, p, name, n, f->host, &found, why_r,
		    size);
		p += n;
	}
	if (p < end && *p == '\n')
		p++;
	o->body = p;
	o->body_len = (size_t)(end - p);
	if (result == 0 && add_missing(o, f, &found) == -1) {
		snprintf(why_r, size, "the header is too long");
		result = -1;
	}
	if (found.resent)
		named = &found.resent_to;
	if (result == 0 && to != NULL) {
		addresses_free(to);
		*to = *named;
		*named = (struct addresses){ .n = 0 };
	}
	addresses_free(&found.to);
	addresses_free(&found.resent_to);
	return result;
}

void
outgoing_free(struct outgoing *o)
{
	buf_free(&o->text);
	buf_free(&o->header);
}
