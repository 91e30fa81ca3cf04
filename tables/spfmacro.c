/*
 * spfmacro - the macros of SPF (RFC 7208 7.1 to 7.3).
 *
 *	macro-expand = "%{" letter [digits] ["r"] *delimiter "}"
 *	    / "%%" / "%_" / "%-"
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/text.h"
#include "tables/spfmacro.h"

#define VALUE 1024		/* of one macro */
#define PARTS 256		/* of it: there are no more in its bytes */

struct macro {
	char letter;		/* lower case */
	bool escape;		/* was in upper case */
	unsigned right;		/* so many parts; 0: all */
	bool reverse;
	bool by[128];		/* the delimiters */
};

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alnum(char c)
{
	return is_alpha(c) || is_digit(c);
}

/*
 * Reads "%{...}" at s: its length, or 0 if it is none.
 */
static size_t
read_macro(const char *s, size_t len, struct macro *m_r)
{
	size_t i = 3;
	bool some = false;

	memset(m_r, 0, sizeof(*m_r));
	if (len < 4 || s[1] != '{' || !is_alpha(s[2]))
		return 0;
	m_r->letter = text_low(s[2]);
	m_r->escape = s[2] != m_r->letter;
	if (strchr("slodiphcrtv", m_r->letter) == NULL)
		return 0;
	for (; i < len && is_digit(s[i]); i++) {
		some = true;
		if (m_r->right < 1000)
			m_r->right = m_r->right * 10 + (unsigned)(s[i] - '0');
	}
	if (some && m_r->right == 0)
		return 0;
	if (i < len && text_low(s[i]) == 'r') {
		m_r->reverse = true;
		i++;
	}
	some = false;
	for (; i < len && s[i] != '\0' && strchr(".-+,/_=", s[i]) != NULL;
	    i++) {
		some = true;
		m_r->by[(unsigned char)s[i]] = true;
	}
	if (!some)
		m_r->by['.'] = true;
	return i < len && s[i] == '}' ? i + 1 : 0;
}

/* toplabel: letters, digits and hyphens inside, and not digits alone. */
static bool
is_toplabel(const char *s, size_t len)
{
	bool more = false;

	if (len == 0 || s[0] == '-' || s[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!is_alnum(s[i]) && s[i] != '-')
			return false;
		more = more || !is_digit(s[i]);
	}
	return more;
}

/* domain-end where literals follow the last macro. */
static bool
ends_in_label(const char *s, size_t len)
{
	size_t dot;

	if (len > 0 && s[len - 1] == '.')
		len--;
	for (dot = len; dot > 0 && s[dot - 1] != '.'; dot--)
		;
	return dot > 0 && is_toplabel(s + dot, len - dot);
}

bool
spfmacro_good(const char *s, size_t len, enum spfmacro_kind kind)
{
	size_t at = 0, end = 0, n;	/* end: of the last macro */
	struct macro m;

	while (at < len) {
		if (s[at] != '%') {
			if ((s[at] < '!' || s[at] > '~') &&
			    (s[at] != ' ' || kind != SPFMACRO_EXPLAIN))
				return false;
			at++;
			continue;
		}
		if (at + 1 < len && (s[at + 1] == '%' || s[at + 1] == '_' ||
		    s[at + 1] == '-')) {
			n = 2;
		} else {
			n = read_macro(s + at, len - at, &m);
			if (n == 0 || (kind == SPFMACRO_DOMAIN &&
			    strchr("crt", m.letter) != NULL))
				return false;
		}
		at += n;
		end = at;
	}
	if (kind != SPFMACRO_DOMAIN)
		return true;
	return len > 0 && (end == len || ends_in_label(s + end, len - end));
}

const char *
spfmacro_address(const struct netaddr *a, char *dst, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	char *p = dst;

	if (a->family == 4 || size < 64) {
		snprintf(dst, size, "%u.%u.%u.%u", a->ip[0], a->ip[1],
		    a->ip[2], a->ip[3]);
		return dst;
	}
	for (int i = 0; i < 16; i++) {
		*p++ = hex[a->ip[i] >> 4];
		*p++ = '.';
		*p++ = hex[a->ip[i] & 15];
		*p++ = '.';
	}
	p[-1] = '\0';
	return dst;
}

static int
copy(char dst[VALUE], const char *a, const char *b, const char *c)
{
	int n = snprintf(dst, VALUE, "%s%s%s", a, b, c);

	return n >= 0 && n < VALUE ? 0 : -1;
}

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* What the letter stands for. */
static int
value(const struct spfmacro *m, char letter, char dst[VALUE])
{
	char text[64];
	const char *name;

	switch (letter) {
	case 's':
	case 'l':
		if (!is_ascii(m->local))
			return -1;
		return letter == 'l' ? copy(dst, m->local, "", "") :
		    copy(dst, m->local, "@", m->origin);
	case 'o':
		return copy(dst, m->origin, "", "");
	case 'd':
		return copy(dst, m->domain, "", "");
	case 'i':
		return copy(dst, spfmacro_address(&m->client, text,
		    sizeof(text)), "", "");
	case 'c':
		return copy(dst, net_text(&m->client, text), "", "");
	case 'v':
		return copy(dst, m->client.family == 4 ? "in-addr" : "ip6",
		    "", "");
	case 'h':
		return copy(dst, m->helo, "", "");
	case 'r':
		return copy(dst, m->receiver, "", "");
	case 't':
		snprintf(dst, VALUE, "%lld", (long long)m->now);
		return 0;
	default:
		name = m->validated(m->arg);
		return name != NULL ? copy(dst, name, "", "") : -1;
	}
}

static int
add_part(struct buf *b, const char *p, size_t len, bool escape)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)p[i];
		bool plain = !escape || is_alnum(p[i]) ||
		    (c != '\0' && strchr("-._~", c) != NULL);

		if ((plain ? buf_addc(b, p[i]) : buf_addf(b, "%%%02X",
		    c)) == -1)
			return -1;
	}
	return 0;
}

/* The parts of the value that are wanted, with dots between them. */
static int
add_macro(const struct spfmacro *m, const struct macro *k, struct buf *b)
{
	char v[VALUE];
	const char *part[PARTS];
	size_t len[PARTS], n = 0, from, i;
	char *p;

	if (value(m, k->letter, v) == -1)
		return -1;
	part[0] = v;
	for (p = v; *p != '\0'; p++) {
		if ((unsigned char)*p >= 0x80 || !k->by[(unsigned char)*p])
			continue;
		len[n] = (size_t)(p - part[n]);
		if (++n == PARTS)
			return -1;
		part[n] = p + 1;
	}
	len[n] = (size_t)(p - part[n]);
	n++;
	from = k->right > 0 && k->right < n ? n - k->right : 0;
	for (i = from; i < n; i++) {
		/* The right-hand ones, after they were turned around. */
		size_t j = k->reverse ? n - 1 - i : i;

		if ((i > from && buf_addc(b, '.') == -1) ||
		    add_part(b, part[j], len[j], k->escape) == -1)
			return -1;
	}
	return 0;
}

/* "%%", "%_" and "%-" (7.1). */
static const char *
short_one(char c)
{
	return c == '_' ? " " : c == '-' ? "%20" : "%";
}

int
spfmacro_expand(const struct spfmacro *m, const char *s, size_t len,
    struct buf *b)
{
	struct macro k = { 0 };
	size_t at = 0, n;

	while (at < len) {
		if (s[at] != '%') {
			if (buf_addc(b, s[at++]) == -1)
				return -1;
			continue;
		}
		n = read_macro(s + at, len - at, &k);
		if (n == 0) {
			if (buf_adds(b, short_one(s[at + 1])) == -1)
				return -1;
			n = 2;
		} else if (add_macro(m, &k, b) == -1) {
			return -1;
		}
		at += n;
	}
	return 0;
}
