/*
 * path - reverse-path, forward-path, domain, address literal (RFC 5321 4.1.2,
 * 4.1.3, 4.5.3.1; RFC 6531 3.3).
 *
 * Reads what a client typed: one pass, no memory, no look-up.  A byte is
 * either wanted by the grammar or an error; nothing is skipped or repaired.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include "lib/net.h"
#include "lib/path.h"
#include "lib/text.h"
#include "lib/utf8.h"

#define LABEL_MOST 63	/* RFC 1035 2.3.4 */

struct reader {
	const char *p, *end;
	/*
	 * RFC 5321 has no underscore in domains, and none is taken in a
	 * recipient's.  Hosts that somebody named "web_1" do put it in their
	 * senders, though, and refusing those loses good mail.
	 */
	bool underscore;
	bool utf8;	/* RFC 6531 */
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_atom(char c)
{
	return is_letter(c) || is_digit(c) ||
	    (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
is_printable(char c)
{
	return c >= 0x20 && c <= 0x7e;
}

/*
 * How many bytes the next character has: one that is_good takes, or with
 * RFC 6531 any beyond ASCII that is no control; 0: neither.
 */
static size_t
next_char(const struct reader *r, bool (*is_good)(char c))
{
	uint32_t code;
	size_t n;

	if (r->p == r->end)
		return 0;
	if ((unsigned char)*r->p < 0x80 || !r->utf8)
		return is_good(*r->p) ? 1 : 0;
	n = utf8_next(r->p, (size_t)(r->end - r->p), &code);
	return utf8_is_control(code) ? 0 : n;
}

static bool
at(const struct reader *r, char c)
{
	return r->p < r->end && *r->p == c;
}

static bool
take(struct reader *r, char c)
{
	if (!at(r, c))
		return false;
	r->p++;
	return true;
}

/* What is wrong at the byte that the grammar does not want. */
static enum path_error
wrong(const struct reader *r)
{
	if (r->p < r->end && (unsigned char)*r->p >= 0x80 && !r->utf8)
		return PATH_NOT_ASCII;
	return PATH_SYNTAX;
}

static enum path_error
read_quoted(struct reader *r, char *dst)
{
	size_t len = 0, n;
	bool pair;

	r->p++;
	while (!at(r, '"')) {
		pair = take(r, '\\');
		n = next_char(r, is_printable);
		/* quoted-pairSMTP is ASCII with RFC 6531, too. */
		if (n == 0 || (pair && n > 1))
			return wrong(r);
		if (n > PATH_LOCAL_MOST - len)
			return PATH_LOCAL_LONG;
		memcpy(dst + len, r->p, n);
		len += n;
		r->p += n;
	}
	r->p++;
	/*
	 * The grammar has ""@d.  An empty local part is what every later
	 * reader takes for "no address at all", and with an empty domain for
	 * the null path; nobody has such a mailbox.
	 */
	return len == 0 ? PATH_SYNTAX : PATH_OK;
}

static enum path_error
read_dot_string(struct reader *r, char *dst)
{
	size_t len = 0, n;

	for (;;) {
		if ((n = next_char(r, is_atom)) == 0)
			return wrong(r);
		for (; n != 0; n = next_char(r, is_atom)) {
			if (n > PATH_LOCAL_MOST - len)
				return PATH_LOCAL_LONG;
			memcpy(dst + len, r->p, n);
			len += n;
			r->p += n;
		}
		if (!at(r, '.'))
			return PATH_OK;
		if (len == PATH_LOCAL_MOST)
			return PATH_LOCAL_LONG;
		dst[len++] = *r->p++;
	}
}

/* Could it stand without quotes? */
static bool
is_dot_string(const char *s)
{
	char scratch[PATH_LOCAL_MOST];
	struct reader r = { s, s + strlen(s), false, true };

	return read_dot_string(&r, scratch) == PATH_OK && r.p == r.end;
}

/* Stores it in lower case without a NUL. */
static enum path_error
read_domain(struct reader *r, char *dst)
{
	size_t len = 0, label = 0, n;
	char c, last = '.';

	for (; r->p < r->end; last = c) {
		c = *r->p;
		if ((unsigned char)c >= 0x80 && r->utf8) {
			n = next_char(r, is_letter);
			/* How long its A-label is, nobody knows yet. */
			if (n == 0)
				break;
			if (n > PATH_DOMAIN_MOST - len)
				return PATH_DOMAIN_LONG;
			memcpy(dst + len, r->p, n);
			len += n;
			r->p += n;
			label = label == 0 ? 1 : label;
			continue;
		}
		if (c == '.') {
			if (label == 0 || last == '-')
				return PATH_SYNTAX;
			label = 0;
		} else if (is_letter(c) || is_digit(c) ||
		    (c == '-' && label > 0) || (c == '_' && r->underscore)) {
			if (++label > LABEL_MOST)
				return PATH_DOMAIN_LONG;
		} else {
			break;
		}
		if (len == PATH_DOMAIN_MOST)
			return PATH_DOMAIN_LONG;
		dst[len++] = text_low(c);
		r->p++;
	}
	return label == 0 || last == '-' ? wrong(r) : PATH_OK;
}

/* "[...]" in lower case without a NUL. */
static enum path_error
read_literal(struct reader *r, char *dst)
{
	char text[NET_TEXT + sizeof("IPv6:")];
	struct netaddr a;
	size_t len = 0;
	bool six;

	dst[0] = *r->p++;
	for (; !at(r, ']'); r->p++) {
		if (r->p == r->end || !is_printable(*r->p))
			return wrong(r);
		if (len == sizeof(text) - 1)
			return PATH_SYNTAX;
		text[len++] = *r->p;
	}
	r->p++;
	text[len] = '\0';
	text_lower(text);
	six = text_begins(text, "IPv6:");
	/* A colon tells the families apart: one must have it, one must not. */
	if (net_parse(text + (six ? 5 : 0), &a) == -1 ||
	    six != (strchr(text, ':') != NULL) ||
	    (six && strchr(text + 5, ':') == NULL))
		return PATH_SYNTAX;
	memcpy(dst + 1, text, len);
	dst[len + 1] = ']';
	return PATH_OK;
}

/* A-d-l and the colon: what RFC 5321 C tells us to take and to ignore. */
static enum path_error
read_route(struct reader *r)
{
	char scratch[PATH_DOMAIN_MOST];
	enum path_error e;

	do {
		if (!take(r, '@'))
			return wrong(r);
		if ((e = read_domain(r, scratch)) != PATH_OK)
			return e;
	} while (take(r, ','));
	return take(r, ':') ? PATH_OK : wrong(r);
}

/* Whose local part may stand alone. */
enum alone { NOBODY, POSTMASTER, ANYBODY };

static bool
may_be_alone(const struct mailbox *m, enum alone alone, bool quoted)
{
	return alone == ANYBODY || (alone == POSTMASTER && !quoted &&
	    text_same(m->local, "postmaster"));
}

/* Up to what follows the mailbox; *m_r is all zero. */
static enum path_error
read_mailbox(struct reader *r, enum alone alone, struct mailbox *m_r)
{
	enum path_error e;
	bool quoted = at(r, '"');

	e = quoted ? read_quoted(r, m_r->local) :
	    read_dot_string(r, m_r->local);
	if (e != PATH_OK)
		return e;
	m_r->quoted = quoted && !is_dot_string(m_r->local);
	if (take(r, '@'))
		return at(r, '[') ? read_literal(r, m_r->domain) :
		    read_domain(r, m_r->domain);
	if ((r->p == r->end || *r->p == '>') &&
	    may_be_alone(m_r, alone, quoted))
		return PATH_OK;
	return wrong(r);
}

static bool
is_reverse(enum path_kind kind)
{
	return kind == PATH_REVERSE || kind == PATH_REVERSE_USER;
}

static enum path_error
read_path(struct reader *r, enum path_kind kind, struct mailbox *m_r)
{
	enum path_error e;

	if (!take(r, '<'))
		return wrong(r);
	if (is_reverse(kind) && take(r, '>'))
		return PATH_OK;
	if (at(r, '@')) {
		if ((e = read_route(r)) != PATH_OK)
			return e;
		/* Behind a route nobody stands alone. */
		e = read_mailbox(r, NOBODY, m_r);
	} else {
		e = read_mailbox(r, kind == PATH_REVERSE ? NOBODY :
		    kind == PATH_FORWARD ? POSTMASTER : ANYBODY, m_r);
	}
	if (e != PATH_OK)
		return e;
	return take(r, '>') ? PATH_OK : wrong(r);
}

enum path_error
path_parse(const char *s, size_t len, enum path_kind kind,
    struct mailbox *m_r, size_t *end_r)
{
	enum path_kind plain = (enum path_kind)(kind & ~PATH_UTF8);
	struct reader r = { s, s + len, is_reverse(plain),
	    (kind & PATH_UTF8) != 0 };
	enum path_error e;

	memset(m_r, 0, sizeof(*m_r));
	e = read_path(&r, plain, m_r);
	if (e != PATH_OK)
		memset(m_r, 0, sizeof(*m_r));
	*end_r = e == PATH_OK ? (size_t)(r.p - s) : 0;
	return e;
}

enum path_error
path_parse_bare(const char *s, struct mailbox *m_r)
{
	struct reader r = { s, s + strlen(s), false, false };
	enum path_error e;

	memset(m_r, 0, sizeof(*m_r));
	e = read_mailbox(&r, POSTMASTER, m_r);
	if (e == PATH_OK && r.p != r.end)
		e = wrong(&r);
	if (e != PATH_OK)
		memset(m_r, 0, sizeof(*m_r));
	return e;
}

bool
path_is_domain(const char *s, size_t len)
{
	char scratch[PATH_DOMAIN_MOST];
	struct reader r = { s, s + len, false, false };

	return read_domain(&r, scratch) == PATH_OK && r.p == r.end;
}

bool
path_is_literal(const char *s, size_t len)
{
	char scratch[PATH_DOMAIN_MOST];
	struct reader r = { s, s + len, false, false };

	return at(&r, '[') && read_literal(&r, scratch) == PATH_OK &&
	    r.p == r.end;
}

bool
path_is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

int
path_append(struct mailbox *m, const char *suffix)
{
	const char *at = strrchr(suffix, '@');
	size_t len = at != NULL ? (size_t)(at - suffix) : 0;
	struct mailbox to = { .local = "" };
	int n;

	if (m->domain[0] == '\0')
		return 0;
	if (at == NULL)
		n = snprintf(to.domain, sizeof(to.domain), "%s%s", m->domain,
		    suffix);
	else
		n = snprintf(to.domain, sizeof(to.domain), "%s", at + 1);
	if (n < 0 || (size_t)n >= sizeof(to.domain) ||
	    (!path_is_domain(to.domain, (size_t)n) &&
	    !path_is_literal(to.domain, (size_t)n)))
		return -1;
	if (at == NULL)
		n = snprintf(to.local, sizeof(to.local), "%s", m->local);
	else
		n = snprintf(to.local, sizeof(to.local), "%s@%s%.*s",
		    m->local, m->domain, (int)len, suffix);
	if (n < 0 || (size_t)n >= sizeof(to.local))
		return -1;
	text_lower(to.domain);
	to.quoted = !is_dot_string(to.local);
	*m = to;
	return 0;
}

const char *
path_text(const struct mailbox *m, char dst[PATH_TEXT])
{
	bool quote = m->local[0] != '\0' && !is_dot_string(m->local);
	char *d = dst;
	const char *s;

	if (quote)
		*d++ = '"';
	for (s = m->local; *s != '\0'; s++) {
		if (quote && (*s == '"' || *s == '\\'))
			*d++ = '\\';
		*d++ = *s;
	}
	if (quote)
		*d++ = '"';
	if (m->domain[0] != '\0') {
		*d++ = '@';
		for (s = m->domain; *s != '\0'; s++)
			*d++ = *s;
	}
	*d = '\0';
	return dst;
}
