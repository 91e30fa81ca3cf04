/*
 * spf - check_host() (RFC 7208 4 to 6).
 *
 * Runs in the session, for what it reads is not to be trusted.  A record is
 * read to its end before any of it is asked for: one that is not well-formed
 * says nothing (4.6).
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "lib/xalloc.h"
#include "tables/spf.h"
#include "tables/spfmacro.h"
#include "tables/spfterm.h"

#define NAME_MOST 253
#define EXPANDED 8192		/* of a name, before its left side is cut */

struct state {
	const struct spf_question *q;
	struct spf_resolver *resolver;
	struct spf_answer *a;
	struct netaddr client;	/* IPv4 where it is mapped into IPv6 */
	const char *domain;	/* whose record is read */
	int depth;		/* of includes */
	bool over;		/* more than the limits allow */
	bool explaining;	/* the result is there: nothing counts */
	char validated[RECORDS_NAME];	/* %{p} for that domain */
	const char *validated_for;
};

/* What a mechanism comes to. */
enum match { NO, YES, TEMPORARY, PERMANENT };

static enum spf_result check_host(struct state *s, const char *domain);

/* The reason of an error; the first one is it. */
static void
because(struct state *s, const char *why, const char *text, size_t len)
{
	char *dst = s->a->why;

	if (dst[0] != '\0' || s->explaining)
		return;
	snprintf(dst, SPF_TEXT, "%s%s%.*s (%.100s)", why, len > 0 ? ": " : "",
	    (int)(len < 100 ? len : 100), text, s->domain);
	for (; *dst != '\0'; dst++)
		if (*dst < ' ' || *dst > '~')
			*dst = '?';
}

static enum match
over(struct state *s, const char *why)
{
	s->over = true;
	because(s, why, "", 0);
	return PERMANENT;
}

/* One more of the terms that ask. */
static bool
counted(struct state *s)
{
	if (s->explaining || ++s->a->terms <= SPF_TERMS)
		return true;
	(void)over(s, "more than 10 terms ask the name service");
	return false;
}

/* Can it be asked for?  Labels of 1 to 63, without what nobody can type. */
static bool
is_name(const char *name)
{
	size_t label = 0, i;

	for (i = 0; name[i] != '\0'; i++) {
		label = name[i] == '.' ? 0 : label + 1;
		if (name[i] <= ' ' || name[i] >= 0x7f || label > 63 ||
		    (label == 0 && (i == 0 || name[i - 1] == '.')))
			return false;
	}
	return label > 0 && i <= NAME_MOST;
}

/* NO: there is none such. */
static enum match
ask(struct state *s, enum records_type type, const char *name,
    struct records_got *got_r)
{
	if (!is_name(name))
		return NO;
	s->resolver->ask(s->resolver, type, name, got_r);
	switch ((enum records_outcome)got_r->outcome) {
	case RECORDS_FOUND:
		return YES;
	case RECORDS_NONE:
		return NO;
	case RECORDS_LATER:
	case RECORDS_ERROR:
		break;
	}
	because(s, "no answer about", name, strlen(name));
	return TEMPORARY;
}

/* The same of one that counts if it finds nothing. */
static enum match
ask_counted(struct state *s, enum records_type type, const char *name,
    struct records_got *got_r)
{
	enum match m = ask(s, type, name, got_r);

	if (m == NO && !s->explaining && is_name(name) &&
	    ++s->a->voids > SPF_VOIDS)
		return over(s, "more than 2 questions found nothing");
	return m;
}

static bool
same_bits(const uint8_t *a, const uint8_t *b, int bits)
{
	int whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, (size_t)whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) & (0xff00 >> rest) &
	    0xff) == 0;
}

static bool
holds_client(const struct state *s, const struct records_got *g, int bits4,
    int bits6)
{
	size_t want = s->client.family == 4 ? 4 : 16, at = 0, len;
	const uint8_t *ip;

	while (records_next(g, &at, &ip, &len))
		if (len == want && same_bits(ip, s->client.ip, want == 4 ?
		    bits4 : bits6))
			return true;
	return false;
}

static enum records_type
address_type(const struct state *s)
{
	return s->client.family == 4 ? RECORDS_A : RECORDS_AAAA;
}

/* name's addresses; TEMPORARY and so on as they are asked for. */
static enum match
match_host(struct state *s, const struct spfterm *t, const char *name)
{
	struct records_got g;
	enum match m = ask_counted(s, address_type(s), name, &g);

	if (m == YES && !holds_client(s, &g, t->bits4, t->bits6))
		return NO;
	return m;
}

/* The names of MX or PTR records, copied, for they are asked for next. */
static int
copy_names(const struct records_got *g, char names[][RECORDS_NAME], int most)
{
	const uint8_t *p;
	size_t at = 0, len;
	int n = 0;

	while (n < most && records_next(g, &at, &p, &len)) {
		if (len == 0 || len >= RECORDS_NAME)
			continue;
		memcpy(names[n], p, len);
		names[n++][len] = '\0';
	}
	return n;
}

static enum match
match_mx(struct state *s, const struct spfterm *t, const char *name)
{
	char names[SPF_NAMES + 1][RECORDS_NAME];
	struct records_got g;
	enum match m = ask_counted(s, RECORDS_MX, name, &g);
	int n;

	if (m != YES)
		return m;
	n = copy_names(&g, names, SPF_NAMES + 1);
	if (n > SPF_NAMES)
		return over(s, "more than 10 hosts of an MX");
	for (int i = 0; i < n; i++) {
		m = match_host(s, t, names[i]);
		if (m != NO)
			return m;
	}
	return NO;
}

static const char *
reverse_name(const struct netaddr *a, char dst[RECORDS_NAME])
{
	static const char hex[] = "0123456789abcdef";
	char *p = dst;

	if (a->family == 4) {
		snprintf(dst, RECORDS_NAME, "%u.%u.%u.%u.in-addr.arpa",
		    a->ip[3], a->ip[2], a->ip[1], a->ip[0]);
		return dst;
	}
	for (int i = 15; i >= 0; i--) {
		*p++ = hex[a->ip[i] & 15];
		*p++ = '.';
		*p++ = hex[a->ip[i] >> 4];
		*p++ = '.';
	}
	memcpy(p, "ip6.arpa", sizeof("ip6.arpa"));
	return dst;
}

/* name is below domain, or (itself) domain. */
static bool
is_within(const char *name, const char *domain, bool itself)
{
	size_t n = strlen(name), d = strlen(domain);

	if (n == d)
		return itself && text_same(name, domain);
	return n > d && name[n - d - 1] == '.' &&
	    text_same(name + n - d, domain);
}

/* Where a failure is a no (5.5): every other ends it all, with a reason. */
static enum match
forgive(struct state *s, enum match m)
{
	if (m != TEMPORARY)
		return m;
	s->a->why[0] = '\0';
	return NO;
}

/* Is one of name's addresses the client's? */
static bool
points_back(struct state *s, const char *name)
{
	struct records_got g;

	return forgive(s, ask(s, address_type(s), name, &g)) == YES &&
	    holds_client(s, &g, 32, 128);
}

static enum match
match_ptr(struct state *s, const char *domain)
{
	char names[SPF_NAMES][RECORDS_NAME], name[RECORDS_NAME];
	struct records_got g;
	enum match m = forgive(s, ask_counted(s, RECORDS_PTR,
	    reverse_name(&s->client, name), &g));
	int n;

	if (m != YES)
		return m;
	n = copy_names(&g, names, SPF_NAMES);
	for (int i = 0; i < n; i++)
		if (is_within(names[i], domain, true) &&
		    points_back(s, names[i]))
			return YES;
	return NO;
}

/* For %{p}: the domain itself, or a name below it, or any (7.3). */
static const char *
validated(void *arg)
{
	struct state *s = arg;
	char names[SPF_NAMES][RECORDS_NAME], name[RECORDS_NAME];
	struct records_got g;
	int n = 0;

	if (s->validated_for == s->domain)
		return s->validated;
	if (!counted(s))
		return NULL;
	s->validated_for = s->domain;
	if (forgive(s, ask(s, RECORDS_PTR, reverse_name(&s->client, name),
	    &g)) == YES)
		n = copy_names(&g, names, SPF_NAMES);
	for (int turn = 0; turn < 3; turn++) {
		for (int i = 0; i < n; i++) {
			bool same = text_same(names[i], s->domain);
			bool below = is_within(names[i], s->domain, false);

			if (turn != (same ? 0 : below ? 1 : 2) ||
			    !points_back(s, names[i]))
				continue;
			memcpy(s->validated, names[i], sizeof(names[i]));
			return s->validated;
		}
	}
	(void)!text_copy(s->validated, sizeof(s->validated), "unknown");
	return s->validated;
}

static void
fill_macros(struct state *s, struct spfmacro *m_r)
{
	*m_r = (struct spfmacro){ .client = s->client, .local = s->q->local,
	    .origin = s->q->domain, .domain = s->domain, .helo = s->q->helo,
	    .receiver = s->q->receiver, .now = s->q->now,
	    .validated = validated, .arg = s };
	if (m_r->local[0] == '\0')
		m_r->local = "postmaster";
}

/* What is too long loses labels on its left (7.3); no dot at the end. */
static int
cut_name(char *p, size_t len, char dst[RECORDS_NAME])
{
	if (len > 0 && p[len - 1] == '.')
		p[--len] = '\0';
	while (len > NAME_MOST) {
		char *dot = strchr(p, '.');

		if (dot == NULL)
			return -1;
		len -= (size_t)(dot + 1 - p);
		p = dot + 1;
	}
	return text_copy(dst, RECORDS_NAME, p);
}

/* The name that t is about; -1: nobody has such a name. */
static int
target(struct state *s, const struct spfterm *t, char dst[RECORDS_NAME])
{
	struct spfmacro m;
	struct buf b;
	int bad;

	if (t->spec_len == 0)
		return text_copy(dst, RECORDS_NAME, s->domain);
	fill_macros(s, &m);
	buf_init(&b, EXPANDED);
	bad = spfmacro_expand(&m, t->spec, t->spec_len, &b) != 0 ||
	    b.len == 0 || cut_name(b.p, b.len, dst) != 0;
	buf_free(&b);
	return bad ? -1 : 0;
}

static enum match
match_include(struct state *s, const char *name)
{
	const char *domain = s->domain;
	enum spf_result result;

	s->depth++;
	result = check_host(s, name);
	s->depth--;
	s->domain = domain;
	s->validated_for = NULL;
	switch (result) {
	case SPF_PASS:
		return YES;
	case SPF_FAIL:
	case SPF_SOFTFAIL:
	case SPF_NEUTRAL:
		return NO;
	case SPF_TEMPERROR:
		return TEMPORARY;
	case SPF_UNASKED:
	case SPF_NONE:
	case SPF_PERMERROR:
	case SPF_RESULTS:
		break;
	}
	because(s, "include of what has no good record", name, strlen(name));
	return PERMANENT;
}

static enum match
match_exists(struct state *s, const char *name)
{
	struct records_got g;

	return ask_counted(s, RECORDS_A, name, &g);
}

static bool
match_network(const struct state *s, const struct spfterm *t)
{
	return s->client.family == t->network.family &&
	    same_bits(s->client.ip, t->network.ip, s->client.family == 4 ?
	    t->bits4 : t->bits6);
}

static enum match
match(struct state *s, const struct spfterm *t)
{
	char name[RECORDS_NAME];

	if (t->kind == SPFTERM_ALL)
		return YES;
	if (t->kind == SPFTERM_IP4 || t->kind == SPFTERM_IP6)
		return match_network(s, t) ? YES : NO;
	if (!counted(s))
		return PERMANENT;
	if (target(s, t, name) != 0) {
		if (s->over)
			return PERMANENT;
		name[0] = '\0';		/* nobody's: nothing is found */
	}
	switch (t->kind) {
	case SPFTERM_INCLUDE:
		return match_include(s, name);
	case SPFTERM_A:
		return match_host(s, t, name);
	case SPFTERM_MX:
		return match_mx(s, t, name);
	case SPFTERM_PTR:
		return match_ptr(s, name);
	case SPFTERM_EXISTS:
		return match_exists(s, name);
	case SPFTERM_ALL:
	case SPFTERM_IP4:
	case SPFTERM_IP6:
	case SPFTERM_REDIRECT:
	case SPFTERM_EXP:
	case SPFTERM_UNKNOWN:
		break;
	}
	return NO;
}

/* exp= (6.2): whatever goes wrong, there is none. */
static void
explain(struct state *s, const struct spfterm *t)
{
	char name[RECORDS_NAME], *text = NULL;
	struct spfmacro m;
	struct records_got g;
	const uint8_t *p, *more;
	size_t at = 0, len, rest;
	struct buf b;

	s->explaining = true;
	s->over = false;
	buf_init(&b, SPF_TEXT - 1);
	if (target(s, t, name) == 0 &&
	    ask(s, RECORDS_TXT, name, &g) == YES && !g.cut &&
	    records_next(&g, &at, &p, &len) &&
	    !records_next(&g, &at, &more, &rest) &&
	    spfmacro_good((const char *)p, len, SPFMACRO_EXPLAIN)) {
		text = xmemdup0((const char *)p, len);
		fill_macros(s, &m);
		if (spfmacro_expand(&m, text, len, &b) == 0 &&
		    text_printable(buf_str(&b), b.len))
			(void)!text_copy(s->a->said, SPF_TEXT, buf_str(&b));
	}
	free(text);
	buf_free(&b);
	s->explaining = false;
}

static enum spf_result
redirect(struct state *s, const struct spfterm *t)
{
	char name[RECORDS_NAME];
	const char *domain = s->domain;
	enum spf_result result = SPF_NONE;

	if (!counted(s))
		return SPF_PERMERROR;
	if (target(s, t, name) == 0)
		result = check_host(s, name);
	s->domain = domain;
	if (result != SPF_NONE)
		return result;
	if (!s->over)
		because(s, "redirect to what has no record", t->text,
		    t->text_len);
	return SPF_PERMERROR;
}

/* The whole record can be read; redirect and exp, if they are there. */
static bool
is_good(struct state *s, const char *record, size_t len,
    struct spfterm *redirect_r, struct spfterm *exp_r)
{
	struct spfterm t;
	size_t at = 0;
	int more;

	*redirect_r = *exp_r = (struct spfterm){ .text = NULL };
	while ((more = spfterm_next(record, len, &at, &t)) > 0) {
		struct spfterm *once = t.kind == SPFTERM_REDIRECT ?
		    redirect_r : t.kind == SPFTERM_EXP ? exp_r : NULL;

		if (once == NULL)
			continue;
		if (once->text != NULL) {
			more = -1;
			break;
		}
		*once = t;
	}
	if (more < 0)
		because(s, "not well-formed", t.text, t.text_len);
	return more == 0;
}

/* What the record says of the client. */
static enum spf_result
evaluate(struct state *s, const char *record, size_t len)
{
	struct spfterm t = { 0 }, to, exp;
	size_t at = 0;

	if (!is_good(s, record, len, &to, &exp))
		return SPF_PERMERROR;
	while (spfterm_next(record, len, &at, &t) > 0) {
		if (t.kind >= SPFTERM_REDIRECT)
			continue;
		switch (match(s, &t)) {
		case NO:
			continue;
		case TEMPORARY:
			return SPF_TEMPERROR;
		case PERMANENT:
			return SPF_PERMERROR;
		case YES:
			break;
		}
		if (s->depth == 0)
			snprintf(s->a->matched, sizeof(s->a->matched),
			    "%.*s", (int)(t.text_len < 63 ? t.text_len : 63),
			    t.text);
		if (t.result == SPF_FAIL && s->depth == 0 && exp.text != NULL)
			explain(s, &exp);
		return t.result;
	}
	return to.text != NULL ? redirect(s, &to) : SPF_NEUTRAL;
}

/* At least two labels (4.3). */
static bool
is_domain(const char *domain)
{
	return is_name(domain) && strchr(domain, '.') != NULL &&
	    domain[0] != '[';
}

static enum spf_result
check_host(struct state *s, const char *domain)
{
	struct records_got g;
	const uint8_t *p, *more;
	enum spf_result result;
	size_t at = 0, len, rest;
	char *record;

	s->domain = domain;
	s->validated_for = NULL;
	if (!is_domain(domain))
		return SPF_NONE;
	switch (ask(s, RECORDS_SPF, domain, &g)) {
	case NO:
		return SPF_NONE;
	case YES:
		break;
	case TEMPORARY:
	case PERMANENT:
		return SPF_TEMPERROR;
	}
	if (g.cut || !records_next(&g, &at, &p, &len) ||
	    records_next(&g, &at, &more, &rest)) {
		because(s, "more than one record, or one too long", "", 0);
		return SPF_PERMERROR;
	}
	record = xmemdup0((const char *)p, len);
	result = evaluate(s, record, len);
	free(record);
	return result;
}

/* "::ffff:192.0.2.1" is 192.0.2.1 (5). */
static void
unmap(struct netaddr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (a->family != 6 || memcmp(a->ip, mapped, sizeof(mapped)) != 0)
		return;
	memmove(a->ip, a->ip + 12, 4);
	memset(a->ip + 4, 0, 12);
	a->family = 4;
}

void
spf_check(const struct spf_question *q, struct spf_resolver *r,
    struct spf_answer *a_r)
{
	struct state s = { .q = q, .resolver = r, .a = a_r,
	    .client = q->client, .domain = q->domain };

	memset(a_r, 0, sizeof(*a_r));
	unmap(&s.client);
	a_r->result = check_host(&s, q->domain);
}
