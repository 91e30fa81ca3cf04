/*
 * mend - the header of a message that is submitted, made complete while it
 * passes; see mend.h.
 *
 * Runs in the session, on what a client sent.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/addresses.h"
#include "lib/log.h"
#include "lib/mm.h"
#include "lib/text.h"
#include "smtpsrvr/mend.h"

#define TOO_LONG "it is too long"
#define RESENT "resent-"

/* Fields of addresses, each with its Resent- form; found: what it is. */
static const struct {
	const char *name;
	int found;
	bool addresses;
} fields[] = {
	{ "date", MEND_DATE, false }, { "message-id", MEND_ID, false },
	{ "from", MEND_FROM, true }, { "bcc", MEND_BCC, true },
	{ "sender", 64, true }, { "to", 128, true }, { "cc", 256, true },
	{ "reply-to", 512, true },
};

/* What is put there is bounded, and out was made for it. */
static void
put(struct buf *out, const char *p, size_t len)
{
	PANIC_IF(buf_add(out, p, len) != 0);
}

static void
put_text(struct buf *out, const char *text)
{
	put(out, text, strlen(text));
}

static void
put_field(const struct mend *m, struct buf *out, const char *before,
    const char *name, const char *value)
{
	put_text(out, before);
	put_text(out, name);
	put_text(out, value);
	put_text(out, m->facts.crlf ? "\r\n" : "\n");
}

/* What have lacks of the three; before: "" or "Resent-". */
static void
put_missing(const struct mend *m, struct buf *out, int have,
    const char *before)
{
	const struct mend_facts *f = &m->facts;
	int lacks = f->what & ~have;

	if ((lacks & MEND_FROM) != 0 && f->from[0] != '\0')
		put_field(m, out, before, "From: ", f->from);
	if ((lacks & MEND_DATE) != 0)
		put_field(m, out, before, "Date: ", f->date);
	if ((lacks & MEND_ID) != 0)
		put_field(m, out, before, "Message-ID: ", f->id);
}

static void
end_block(struct mend *m, struct buf *out)
{
	if (m->inside)
		put_missing(m, out, m->again, "Resent-");
	m->inside = false;
}

/* Will anything be put behind the last field? */
static bool
is_missing(const struct mend *m)
{
	int add = m->facts.what & (MEND_DATE | MEND_ID |
	    (m->facts.from[0] != '\0' ? MEND_FROM : 0));

	if (m->resent)
		return m->inside && (add & ~m->again) != 0;
	return (add & ~m->found) != 0;
}

/* Of the field that is held. */
static void
wrong(struct mend *m, const char *why)
{
	const char *name = buf_str(&m->field);

	if (((m->facts.what & MEND_STRICT) != 0 || m->author >= 0) &&
	    m->wrong[0] == '\0')
		snprintf(m->wrong, sizeof(m->wrong), "%.*s: %s",
		    (int)strcspn(name, ": \t"), name, why);
}

static bool
is_full(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL && (at[1] == '[' || strchr(at, '.') != NULL);
}

/* The value again, with the domains that it lacks. */
static void
put_complete(const struct mend *m, struct buf *out, const char *value,
    size_t len, const struct addresses *a)
{
	size_t at = 0;

	for (size_t i = 0; i < a->n; i++) {
		if (a->bare[i] == ADDRESSES_WHOLE)
			continue;
		put(out, value + at, a->bare[i] - at);
		put_text(out, "@");
		put_text(out, m->facts.domain);
		at = a->bare[i];
	}
	put(out, value + at, len - at);
}

/* A whole field of addresses; one that cannot be read stays as it is. */
static void
end_field(struct mend *m, struct buf *out)
{
	struct addresses a = { .utf8 = m->facts.utf8 };
	const char *p = m->field.p, *value, *why = "";
	size_t more = 0, len;
	bool good, complete = (m->facts.what & MEND_ADDRESSES) != 0;

	if (m->way != MEND_HOLD)
		return;
	m->way = MEND_KEEP;
	value = memchr(p, ':', m->field.len);
	PANIC_IF(value == NULL);
	value++;
	len = (size_t)(p + m->field.len - value);
	good = addresses_take(&a, value, len, m->facts.domain, &why) == 0;
	for (size_t i = 0; i < a.n; i++) {
		if (a.bare[i] != ADDRESSES_WHOLE)
			more += strlen(m->facts.domain) + 1;
		if (good && (m->facts.what & MEND_STRICT) != 0 &&
		    !is_full(a.at[i]))
			wrong(m, "a domain is not fully qualified");
	}
	if (!good)
		wrong(m, why);
	if (more > MEND_FIELD && complete)
		wrong(m, "too many addresses have no domain");
	if (good && complete && more > 0 && more <= MEND_FIELD) {
		put(out, p, (size_t)(value - p));
		put_complete(m, out, value, len, &a);
	} else {
		put(out, p, m->field.len);
	}
	buf_reset(&m->field);
	if (m->author >= 0 && good)
		authors_add(&m->authors, (enum authors_field)m->author, &a);
	else if (m->author >= 0)
		authors_unread(&m->authors, (enum authors_field)m->author,
		    why);
	addresses_free(&a);
}

/* Is it one of Resent-?  Its plain name. */
static bool
is_resent(const struct header *h, const char **name_r, size_t *len_r)
{
	size_t n = sizeof(RESENT) - 1;
	bool resent = h->name > n && strncasecmp(h->raw, RESENT, n) == 0;

	*name_r = h->raw + (resent ? n : 0);
	*len_r = h->name - (resent ? n : 0);
	return resent;
}

/* A row of fields, or -1. */
static int
find(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strlen(fields[i].name) == len &&
		    strncasecmp(name, fields[i].name, len) == 0)
			return (int)i;
	return -1;
}

/* What it is of authors.h, or -1. */
static int
author(const struct mend *m, int i, bool resent)
{
	if (i < 0 || (m->facts.what & MEND_AUTHORS) == 0)
		return -1;
	if (fields[i].found == MEND_FROM)
		return resent ? AUTHORS_RESENT_FROM : AUTHORS_FROM;
	if (strcmp(fields[i].name, "sender") == 0)
		return resent ? AUTHORS_RESENT_SENDER : AUTHORS_SENDER;
	return -1;
}

/*
 * Each time that a message is sent again puts a block before what there was
 * (RFC 5322 3.6.6): it ends where another field follows, or its own come a
 * second time.
 */
static void
note(struct mend *m, struct buf *out, bool resent, int found)
{
	if (!resent || (m->again & found) != 0)
		end_block(m, out);
	if (!resent) {
		m->found |= found;
	} else if (!m->resent || m->inside) {
		m->resent = m->inside = true;
		m->again |= found;
	}
}

static void
begin_field(struct mend *m, struct buf *out)
{
	const struct header *h = &m->header;
	const char *name;
	size_t len;
	bool resent = is_resent(h, &name, &len);
	int i = find(name, len);

	end_field(m, out);
	note(m, out, resent, i < 0 ? 0 : fields[i].found);
	m->way = MEND_KEEP;
	m->author = author(m, i, resent);
	if (i >= 0 && fields[i].found == MEND_BCC &&
	    (m->facts.what & MEND_BCC) != 0)
		m->way = MEND_DROP;
	else if (m->author >= 0 || (i >= 0 && fields[i].addresses &&
	    (m->facts.what & MEND_ADDRESSES) != 0))
		m->way = MEND_HOLD;
	if (m->way == MEND_KEEP)
		put(out, h->raw, h->len);
	else if (m->way == MEND_HOLD)
		put(&m->field, h->raw, h->len);
}

static void
value(struct mend *m, struct buf *out, const char *p, size_t len)
{
	if (m->way == MEND_HOLD && m->field.len + len > MEND_FIELD) {
		wrong(m, TOO_LONG);
		if (m->author >= 0)
			authors_unread(&m->authors,
			    (enum authors_field)m->author, TOO_LONG);
		put(out, m->field.p, m->field.len);
		buf_reset(&m->field);
		m->way = MEND_KEEP;
	}
	if (m->way == MEND_KEEP)
		put(out, p, len);
	else if (m->way == MEND_HOLD)
		put(&m->field, p, len);
}

/*
 * The header is over, and raw is the begin of what follows.  open: its last
 * line has no end; e: BODY needs an empty line before it if fields come.
 */
static void
end(struct mend *m, enum header_event e, bool open, struct buf *out)
{
	const char *newline = m->facts.crlf ? "\r\n" : "\n";
	bool missing = is_missing(m);

	end_field(m, out);
	if (missing && open && m->way != MEND_DROP)
		put_text(out, newline);
	end_block(m, out);
	if (!m->resent)
		put_missing(m, out, m->found, "");
	if (missing && e == HEADER_BODY)
		put_text(out, newline);
	put(out, m->header.raw, m->header.len);
	m->over = true;
	buf_free(&m->field);
}

void
mend_take(struct mend *m, const char *p, size_t len, size_t *used_r,
    struct buf *out)
{
	size_t n = 0;

	if (m->field.most == 0)
		buf_init(&m->field, MEND_FIELD + HEADER_RAW);
	for (*used_r = 0; *used_r < len && !m->over && out->len < MEND_FIELD;
	    *used_r += n) {
		enum header_event e = header_next(&m->header, p + *used_r,
		    len - *used_r, &n);

		switch (e) {
		case HEADER_MORE:
			break;
		case HEADER_FIELD:
			begin_field(m, out);
			break;
		case HEADER_VALUE:
			value(m, out, p + *used_r, n);
			break;
		case HEADER_BLANK:
		case HEADER_BODY:
			end(m, e, false, out);
			break;
		}
	}
}

void
mend_end(struct mend *m, struct buf *out)
{
	enum header_event e = header_end(&m->header);
	bool open = m->header.state == HEADER_IN_VALUE;

	if (m->over)
		return;
	if (e == HEADER_BLANK)
		m->header.len = 0;	/* of a field that went out */
	end(m, e, open, out);
}

void
mend_free(struct mend *m)
{
	authors_free(&m->authors);
	buf_free(&m->field);
}
