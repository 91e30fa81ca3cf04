/*
 * dnsmsg - reads answers of the name service.  RFC 1035 3 and 4, RFC 2308 2
 * (which empty answers are certain), RFC 2317 (aliases in reverse zones),
 * RFC 7505 (an MX that says: no mail).
 *
 * Trusts no byte: every read is bounded, a compressed name only ever points
 * backwards, aliases are counted.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include "lib/path.h"
#include "tables/dnsmsg.h"

#define HEADER 12
#define LABEL_MOST 63
#define NAME_MOST 255
#define CLASS_IN 1

enum { TYPE_NS = 2, TYPE_CNAME = 5, TYPE_SOA = 6 };
enum { RCODE_OK = 0, RCODE_NO_NAME = 3 };

struct message {
	const uint8_t *p;
	size_t len;
	int answers, authorities;
	size_t answers_at;
	int rcode;
	bool authoritative, recursive;
};

/* One record; data is inside the message. */
struct record {
	struct dnsname owner;
	int type, class;
	uint32_t ttl;
	size_t data, len;
	size_t next;
};

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static int
add_label(struct dnsname *n, const uint8_t *p, size_t len)
{
	size_t i;

	if (n->len + 1 + len > NAME_MOST)
		return -1;
	n->wire[n->len++] = (uint8_t)len;
	for (i = 0; i < len; i++)
		n->wire[n->len++] = lower(p[i]);
	return 0;
}

/* Without escapes. */
static int
parse_name(struct dnsname *n_r, const char *text)
{
	const char *dot;
	size_t len;

	memset(n_r, 0, sizeof(*n_r));
	while (*text != '\0') {
		dot = strchr(text, '.');
		len = dot != NULL ? (size_t)(dot - text) : strlen(text);
		if (len == 0 || len > LABEL_MOST ||
		    add_label(n_r, (const uint8_t *)text, len) == -1)
			return -1;
		text += len + (dot != NULL);
	}
	return add_label(n_r, NULL, 0);
}

void
dnsname_reverse(struct dnsname *n_r, const struct netaddr *a)
{
	static const char hex[] = "0123456789abcdef";
	char text[128], *p = text;
	int i;

	if (a->family == 4) {
		snprintf(text, sizeof(text), "%d.%d.%d.%d.in-addr.arpa",
		    a->ip[3], a->ip[2], a->ip[1], a->ip[0]);
	} else {
		for (i = 15; i >= 0; i--) {
			*p++ = hex[a->ip[i] & 15];
			*p++ = '.';
			*p++ = hex[a->ip[i] >> 4];
			*p++ = '.';
		}
		memcpy(p, "ip6.arpa", sizeof("ip6.arpa"));
	}
	if (parse_name(n_r, text) == -1)
		memset(n_r, 0, sizeof(*n_r));	/* cannot be: it always fits */
}

int
dnsname_text(const struct dnsname *n, char dst[DNSNAME_TEXT])
{
	size_t at = 0, out = 0, i, len;

	dst[0] = '\0';
	while (at < n->len && (len = n->wire[at++]) != 0) {
		if (out != 0)
			dst[out++] = '.';
		for (i = 0; i < len; i++) {
			uint8_t c = n->wire[at + i];

			if (c <= ' ' || c >= 0x7f || c == '.' || c == '\\') {
				dst[0] = '\0';
				return -1;
			}
			dst[out++] = (char)c;
		}
		at += len;
	}
	dst[out] = '\0';
	return 0;
}

/* Is the last label one?  Then the name can be nobody's. */
static bool
is_number(const char *name)
{
	const char *last = strrchr(name, '.');

	last = last != NULL ? last + 1 : name;
	return last[strspn(last, "0123456789")] == '\0';
}

int
dnsname_host(const struct dnsname *n, char dst[DNSNAME_TEXT])
{
	if (dnsname_text(n, dst) == -1)
		return -1;
	/* A "name" like 192.0.2.1 must never be taken for an address key. */
	if (is_number(dst) || !path_is_domain(dst, strlen(dst))) {
		dst[0] = '\0';
		return -1;
	}
	return 0;
}

int
dnsname_parse(struct dnsname *n_r, const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	memset(n_r, 0, sizeof(*n_r));
	if (text[strspn(text, letters)] != '\0' || is_number(text))
		return -1;
	return parse_name(n_r, text);
}

int
dnsname_any(struct dnsname *n_r, const char *text)
{
	char again[DNSNAME_TEXT];

	return parse_name(n_r, text) == 0 && n_r->len > 1 ?
	    dnsname_text(n_r, again) : -1;
}

bool
dnsname_same(const struct dnsname *a, const struct dnsname *b)
{
	return a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0;
}

/* Expands the name at; *next_r is behind it in the record.  0 or -1. */
static int
expand(const struct message *m, size_t at, struct dnsname *n_r, size_t *next_r)
{
	size_t limit = at, len;
	bool jumped = false;

	memset(n_r, 0, sizeof(*n_r));
	for (;;) {
		if (at >= m->len)
			return -1;
		len = m->p[at];
		if ((len & 0xc0) == 0xc0) {
			if (at + 2 > m->len)
				return -1;
			if (!jumped)
				*next_r = at + 2;
			jumped = true;
			at = get16(m->p + at) & 0x3fff;
			/* Backwards each time: so it ends. */
			if (at >= limit)
				return -1;
			limit = at;
			continue;
		}
		if (len > LABEL_MOST || at + 1 + len > m->len ||
		    add_label(n_r, m->p + at + 1, len) == -1)
			return -1;
		at += 1 + len;
		if (len == 0)
			break;
	}
	if (!jumped)
		*next_r = at;
	return 0;
}

static int
read_record(const struct message *m, size_t at, struct record *r_r)
{
	if (expand(m, at, &r_r->owner, &at) == -1 || at + 10 > m->len)
		return -1;
	r_r->type = (int)get16(m->p + at);
	r_r->class = (int)get16(m->p + at + 2);
	r_r->ttl = get32(m->p + at + 4);
	if (r_r->ttl > INT32_MAX)	/* RFC 2181 8 */
		r_r->ttl = 0;
	r_r->len = get16(m->p + at + 8);
	r_r->data = at + 10;
	r_r->next = r_r->data + r_r->len;
	return r_r->next <= m->len ? 0 : -1;
}

/* The header, and that the question is the one that was asked. */
static int
read_header(struct message *m, const uint8_t *p, size_t len,
    const struct dnsname *name, enum dnsmsg_type type)
{
	struct dnsname asked;
	size_t at;

	if (len < HEADER || len > 65535)
		return -1;
	m->p = p;
	m->len = len;
	m->authoritative = (p[2] & 0x04) != 0;
	m->recursive = (p[3] & 0x80) != 0;
	m->rcode = p[3] & 15;
	m->answers = (int)get16(p + 6);
	m->authorities = (int)get16(p + 8);
	if ((p[2] & 0x80) == 0 || (p[2] & 0x78) != 0 || (p[2] & 0x02) != 0 ||
	    get16(p + 4) != 1)
		return -1;
	if (expand(m, HEADER, &asked, &at) == -1 || at + 4 > len ||
	    !dnsname_same(&asked, name) ||
	    get16(p + at) != (unsigned)type || get16(p + at + 2) != CLASS_IN)
		return -1;
	m->answers_at = at + 4;
	return 0;
}

/* Are all answers and authorities there, and whole? */
static bool
is_whole(const struct message *m)
{
	struct record r;
	size_t at = m->answers_at;
	int i;

	for (i = 0; i < m->answers + m->authorities; i++, at = r.next)
		if (read_record(m, at, &r) == -1)
			return false;
	return true;
}

/* Keeps the names sorted and each once; surplus ones fall off the end. */
static void
keep_name(struct dnsmsg *m, const struct dnsname *n)
{
	int i, c = 1;

	for (i = 0; i < m->n; i++) {
		c = memcmp(n->wire, m->names[i].wire, sizeof(n->wire));
		if (c <= 0)
			break;
	}
	if (i < m->n && c == 0)
		return;
	if (i == DNSMSG_NAMES)
		return;
	if (m->n < DNSMSG_NAMES)
		m->n++;
	memmove(&m->names[i + 1], &m->names[i],
	    (size_t)(m->n - 1 - i) * sizeof(m->names[0]));
	m->names[i] = *n;
}

/* Adds one to all, behind those that are as good; who is worst falls off. */
static void
add_host(struct dnsmsg_all *all, unsigned preference,
    const struct dnsname *name)
{
	int i;

	for (i = 0; i < all->n && !dnsname_same(&all->at[i].name, name); i++)
		;
	if (i < all->n) {
		if (all->at[i].preference <= preference)
			return;
		all->n--;
		memmove(&all->at[i], &all->at[i + 1],
		    (size_t)(all->n - i) * sizeof(all->at[0]));
	}
	for (i = all->n; i > 0 && all->at[i - 1].preference > preference; i--)
		;
	if (i == DNSMSG_ALL)
		return;
	if (all->n < DNSMSG_ALL)
		all->n++;
	memmove(&all->at[i + 1], &all->at[i],
	    (size_t)(all->n - 1 - i) * sizeof(all->at[0]));
	all->at[i].preference = preference;
	all->at[i].name = *name;
}

static void
add_address(struct dnsmsg_all *all, const uint8_t *ip, size_t len)
{
	struct netaddr *a;

	if (all->n == DNSMSG_ALL)
		return;
	a = &all->at[all->n++].address;
	memset(a, 0, sizeof(*a));
	a->family = len == 4 ? 4 : 6;
	memcpy(a->ip, ip, len);
}

/* Of several hosts only those of the best preference are kept. */
static int
take_mx(const struct message *m, const struct record *r,
    const struct dnsmsg_want *want, struct dnsmsg *m_r)
{
	struct dnsname name;
	char text[DNSNAME_TEXT];
	unsigned preference;
	size_t next;
	int i;

	if (r->len < 3 || expand(m, r->data + 2, &name, &next) == -1 ||
	    next != r->next)
		return -1;
	preference = get16(m->p + r->data);
	if (name.len > 1)
		m_r->null = false;
	if (name.len == 1 || dnsname_text(&name, text) == -1 ||
	    is_number(text))
		return 0;
	if (want != NULL && want->all != NULL)
		add_host(want->all, preference, &name);
	if (m_r->n > 0 && preference > m_r->preference)
		return 0;
	if (m_r->n == 0 || preference < m_r->preference) {
		m_r->n = 0;
		m_r->holds = false;
		m_r->preference = preference;
	}
	keep_name(m_r, &name);
	for (i = 0; want != NULL && i < want->nnames; i++)
		if (dnsname_same(&name, &want->names[i]))
			m_r->holds = true;
	return 0;
}

static int
take_address(const struct message *m, const struct record *r,
    const struct dnsmsg_want *want, struct dnsmsg *m_r)
{
	size_t len = r->type == DNSMSG_A ? 4 : 16;
	int i;

	if (r->len != len)
		return -1;
	for (i = 0; want != NULL && i < want->naddresses; i++)
		if (want->addresses[i].family == (len == 4 ? 4 : 6) &&
		    memcmp(want->addresses[i].ip, m->p + r->data, len) == 0)
			m_r->holds = true;
	if (want != NULL && want->all != NULL)
		add_address(want->all, m->p + r->data, len);
	return 0;
}

/* Its strings in one, behind the length of them all (RFC 1035 3.3.14). */
static int
add_strings(struct buf *b, const uint8_t *p, size_t len)
{
	uint8_t head[2];
	size_t at, total = 0, start = b->len;

	for (at = 0; at < len; at += 1 + (size_t)p[at])
		total += p[at];
	head[0] = (uint8_t)total;
	head[1] = (uint8_t)(total >> 8);
	if (buf_add(b, head, sizeof(head)) == -1)
		return -1;
	for (at = 0; at < len; at += 1 + (size_t)p[at]) {
		if (buf_add(b, p + at + 1, p[at]) == -1) {
			b->len = start;
			return -1;
		}
	}
	return 0;
}

/* Do they begin so that it is one of RFC 7208 4.5? */
static bool
is_spf(const char *p, size_t len)
{
	static const char version[] = "v=spf1";
	size_t i;

	if (len < 6 || (len > 6 && p[6] != ' '))
		return false;
	for (i = 0; i < 6; i++)
		if (lower((uint8_t)p[i]) != (uint8_t)version[i])
			return false;
	return true;
}

static int
take_txt(const struct message *m, const struct record *r,
    struct dnsmsg_raw *raw)
{
	const uint8_t *p = m->p + r->data;
	size_t at = 0, start = raw->b->len;

	while (at < r->len)
		at += 1 + (size_t)p[at];
	if (at != r->len)
		return -1;
	if (add_strings(raw->b, p, r->len) == -1)
		raw->cut = true;
	else if (raw->spf && !is_spf(raw->b->p + start + 2,
	    raw->b->len - start - 2))
		raw->b->len = start;
	return 0;
}

static int
take_raw(const struct message *m, const struct record *r,
    struct dnsmsg_raw *raw)
{
	size_t host = r->type == DNSMSG_MX ? 2 : 0, len = r->len, next;
	const uint8_t *p = m->p + r->data;
	char text[DNSNAME_TEXT];
	struct dnsname name;
	uint8_t head[2];

	if (r->type == DNSMSG_TXT)
		return take_txt(m, r, raw);
	if (r->type == DNSMSG_MX || r->type == DNSMSG_PTR) {
		if (r->len < host + 1 ||
		    expand(m, r->data + host, &name, &next) == -1 ||
		    next != r->next)
			return -1;
		if (name.len == 1 || dnsname_text(&name, text) == -1)
			return 0;
		p = (const uint8_t *)text;
		len = strlen(text);
	} else if (r->len != (r->type == DNSMSG_A ? 4 : 16)) {
		return -1;
	}
	head[0] = (uint8_t)len;
	head[1] = 0;
	next = raw->b->len;
	if (buf_add(raw->b, head, 2) == -1 || buf_add(raw->b, p, len) == -1) {
		raw->b->len = next;
		raw->cut = true;
	}
	return 0;
}

static int
take_data(const struct message *m, const struct record *r,
    const struct dnsmsg_want *want, struct dnsmsg *m_r)
{
	struct dnsname name;
	size_t next;

	if (want != NULL && want->raw != NULL)
		return take_raw(m, r, want->raw);
	if (r->type == DNSMSG_MX)
		return take_mx(m, r, want, m_r);
	if (r->type != DNSMSG_PTR)
		return take_address(m, r, want, m_r);
	if (expand(m, r->data, &name, &next) == -1 || next != r->next)
		return -1;
	keep_name(m_r, &name);
	return 0;
}

/*
 * One pass over the answers for the records of name.  1: data, 0: an alias
 * (in alias_r), -1: damaged, 2: nothing about that name.
 */
static int
scan(const struct message *m, const struct dnsname *name,
    enum dnsmsg_type type, const struct dnsmsg_want *want,
    struct dnsmsg *m_r, struct dnsname *alias_r)
{
	struct record r;
	size_t at = m->answers_at, next;
	uint32_t alias_ttl = 0, data_ttl = UINT32_MAX;
	bool data = false, alias = false;
	int i;

	for (i = 0; i < m->answers; i++, at = r.next) {
		if (read_record(m, at, &r) == -1)
			return -1;
		if (r.class != CLASS_IN || !dnsname_same(&r.owner, name))
			continue;
		if (r.type == (int)type) {
			if (take_data(m, &r, want, m_r) == -1)
				return -1;
			data = true;
			if (r.ttl < data_ttl)
				data_ttl = r.ttl;
		} else if (r.type == TYPE_CNAME && !alias) {
			if (expand(m, r.data, alias_r, &next) == -1 ||
			    next != r.next)
				return -1;
			alias = true;
			alias_ttl = r.ttl;
		}
	}
	if (!data && !alias)
		return 2;
	if (!data)
		data_ttl = alias_ttl;
	if (data_ttl < m_r->ttl)
		m_r->ttl = data_ttl;
	return data ? 1 : 0;
}

/*
 * Nothing was found: is that certain?  A SOA says so and how long (RFC 2308
 * 5); a referral or a server that neither knows nor asks does not.
 */
static enum dnsmsg_outcome
read_negative(const struct message *m, struct dnsmsg *m_r)
{
	struct record r;
	struct dnsname skipped;
	size_t at = m->answers_at, next;
	uint32_t ttl = DNSMSG_NEGATIVE;
	bool soa = false, referral = false;
	int i;

	for (i = 0; i < m->answers + m->authorities; i++, at = r.next) {
		if (read_record(m, at, &r) == -1)
			return DNSMSG_BAD;
		if (i < m->answers || r.class != CLASS_IN)
			continue;
		if (r.type == TYPE_NS)
			referral = true;
		if (r.type != TYPE_SOA)
			continue;
		if (expand(m, r.data, &skipped, &next) == -1 ||
		    expand(m, next, &skipped, &next) == -1 ||
		    next + 20 != r.next)
			return DNSMSG_BAD;
		soa = true;
		ttl = get32(m->p + next + 16);
		if (r.ttl < ttl)
			ttl = r.ttl;
	}
	if (!soa && (referral || (!m->authoritative && !m->recursive)))
		return DNSMSG_BAD;
	if (ttl < m_r->ttl)
		m_r->ttl = ttl;
	return DNSMSG_NONE;
}

/* Does the authority section hold a SOA?  Then an alias leads nowhere. */
static bool
denied(const struct message *m)
{
	struct record r;
	size_t at = m->answers_at;
	int i;

	for (i = 0; i < m->answers + m->authorities; i++, at = r.next) {
		if (read_record(m, at, &r) == -1)
			return false;
		if (i >= m->answers && r.type == TYPE_SOA)
			return true;
	}
	return false;
}

void
dnsmsg_read(const uint8_t *p, size_t len, const struct dnsname *name,
    enum dnsmsg_type type, const struct dnsmsg_want *want,
    struct dnsmsg *m_r)
{
	struct message m;
	struct dnsname at = *name, next;
	int hop, got = 2;

	memset(m_r, 0, sizeof(*m_r));
	m_r->ttl = INT32_MAX;
	m_r->outcome = DNSMSG_BAD;
	m_r->null = type == DNSMSG_MX;
	if (read_header(&m, p, len, name, type) == -1 || !is_whole(&m) ||
	    (m.rcode != RCODE_OK && m.rcode != RCODE_NO_NAME))
		return;
	for (hop = 0; hop <= DNSMSG_HOPS; hop++) {
		got = scan(&m, &at, type, want, m_r, &next);
		if (got != 0)
			break;
		at = next;
	}
	if (got == 1)
		m_r->outcome = DNSMSG_DATA;
	else if (got == 2 && m.rcode == RCODE_OK && !dnsname_same(&at, name) &&
	    !denied(&m)) {
		m_r->outcome = DNSMSG_ALIAS;
		m_r->alias = at;
	} else if (got == 2)
		m_r->outcome = read_negative(&m, m_r);
}
