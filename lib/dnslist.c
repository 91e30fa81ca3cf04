/*
 * dnslist - see dnslist.h.
 *
 * Pure.  What a list answers is not believed outside the ranges of its
 * element, and those are always inside 127/8, without 127.255.255/24.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/dnslist.h"
#include "lib/path.h"
#include "lib/text.h"

#define FIRST UINT32_C(0x7f000002)	/* 127.0.0.2 */
#define LAST UINT32_C(0x7f0000fe)

static const char *const ofs[DNSLIST_OFS] = { "client", "name", "helo",
	"sender" };

const char *
dnslist_of_text(enum dnslist_of of)
{
	return ofs[of];
}

static uint32_t
number(const uint8_t ip[4])
{
	return (uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 |
	    (uint32_t)ip[2] << 8 | ip[3];
}

/* The next word, at most size - 1 bytes; false at the end. */
static bool
next_word(const char **p, char *dst, size_t size)
{
	size_t len;

	*p += strspn(*p, " \t");
	len = strcspn(*p, " \t");
	if (len == 0)
		return false;
	snprintf(dst, size, "%.*s", (int)(len < size ? len : size - 1), *p);
	*p += len;
	return true;
}

static int
parse_address(const char *text, uint32_t *n_r)
{
	struct netaddr a;

	if (net_parse(text, &a) != 0 || a.family != 4)
		return -1;
	*n_r = number(a.ip);
	return *n_r >> 24 == 127 && *n_r >> 8 != 0x7fffff ? 0 : -1;
}

/* "127.0.0.2" or "127.0.0.2-127.0.0.9" */
static int
parse_range(const char *word, struct dnslist *l)
{
	char first[64];
	const char *dash = strchr(word, '-');
	size_t len = dash != NULL ? (size_t)(dash - word) : strlen(word);
	uint32_t a, b;

	if (len >= sizeof(first) || l->nanswers == DNSLIST_ANSWERS)
		return -1;
	memcpy(first, word, len);
	first[len] = '\0';
	if (parse_address(first, &a) != 0)
		return -1;
	b = a;
	if ((dash != NULL && parse_address(dash + 1, &b) != 0) || b < a)
		return -1;
	l->answers[l->nanswers].first = a;
	l->answers[l->nanswers++].last = b;
	return 0;
}

static int
parse_of(const char *word, struct dnslist *l)
{
	for (int i = 0; i < DNSLIST_OFS; i++) {
		if (strcmp(word, ofs[i]) == 0) {
			l->of = (enum dnslist_of)i;
			return 0;
		}
	}
	return -1;
}

static int
bad(char *why_r, size_t size, const char *text, const char *what,
    const char *word)
{
	snprintf(why_r, size, "\"%.80s\": %s%s%.60s", text, what,
	    word[0] != '\0' ? ": " : "", word);
	return -1;
}

int
dnslist_parse(const char *text, struct dnslist *l_r, char *why_r, size_t size)
{
	static const char *const words[] = { "of", "weight", "allow",
	    "answers" };
	const char *p = text, *near;
	char word[RECORDS_NAME + 1], next[64] = "";
	bool answers = false;
	int64_t n;

	*l_r = (struct dnslist){ .weight = 1 };
	if (!next_word(&p, word, sizeof(word)) || strlen(word) > 200 ||
	    !path_is_domain(word, strlen(word)) || strchr(word, '.') == NULL)
		return bad(why_r, size, text, "it begins with no zone", "");
	(void)!text_copy(l_r->zone, sizeof(l_r->zone), word);
	while (next_word(&p, word, sizeof(word))) {
		if (answers && word[0] >= '0' && word[0] <= '9') {
			if (parse_range(word, l_r) != 0)
				return bad(why_r, size, text, "no range of "
				    "127.0.0.0/8 without 127.255.255.0/24",
				    word);
			continue;
		}
		answers = strcmp(word, "answers") == 0;
		if (strcmp(word, "allow") == 0) {
			l_r->allow = true;
		} else if (answers) {
			continue;
		} else if (strcmp(word, "weight") == 0) {
			if (!next_word(&p, next, sizeof(next)) || text_number(
			    next, 1, DNSLIST_WEIGHT, &n) != 0)
				return bad(why_r, size, text,
				    "no weight of 1 to 1000", next);
			l_r->weight = (int)n;
		} else if (strcmp(word, "of") == 0) {
			if (!next_word(&p, next, sizeof(next)) ||
			    parse_of(next, l_r) != 0)
				return bad(why_r, size, text, "none of "
				    "client, name, helo and sender", next);
		} else {
			near = text_nearest(word, words, ARRAY_LEN(words));
			return bad(why_r, size, text, near != NULL ?
			    "unknown word (did you mean one of of, weight, "
			    "allow, answers?)" : "unknown word", word);
		}
	}
	if (l_r->nanswers == 0) {
		l_r->answers[0].first = FIRST;
		l_r->answers[0].last = LAST;
		l_r->nanswers = 1;
	}
	return 0;
}

const char *
dnslist_subject_text(const struct dnslist_subject *s, enum dnslist_of of,
    char *dst, size_t size)
{
	char ip[NET_TEXT];

	snprintf(dst, size, "%s", of == DNSLIST_CLIENT ? net_text(&s->client,
	    ip) : of == DNSLIST_NAME ? s->name : of == DNSLIST_HELO ?
	    s->helo : s->sender);
	return dst;
}

/* Reversed, and a dot behind it (RFC 5782 2.1, 2.4). */
static void
reverse(const struct netaddr *a, char dst[80])
{
	static const char hex[] = "0123456789abcdef";
	char *p = dst;

	if (a->family == 4) {
		snprintf(dst, 80, "%u.%u.%u.%u.", a->ip[3], a->ip[2],
		    a->ip[1], a->ip[0]);
		return;
	}
	for (int i = 15; i >= 0; i--) {
		*p++ = hex[a->ip[i] & 15];
		*p++ = '.';
		*p++ = hex[a->ip[i] >> 4];
		*p++ = '.';
	}
	*p = '\0';
}

int
dnslist_name(const struct dnslist *l, const struct dnslist_subject *s,
    char dst[RECORDS_NAME])
{
	const char *about = l->of == DNSLIST_NAME ? s->name : l->of ==
	    DNSLIST_HELO ? s->helo : s->sender;
	char ip[80];
	int n;

	if (l->of == DNSLIST_CLIENT) {
		if (s->client.family == 0)
			return -1;
		reverse(&s->client, ip);
		n = snprintf(dst, RECORDS_NAME, "%s%s", ip, l->zone);
	} else {
		/* No literal, and nothing that is no name. */
		if (!path_is_domain(about, strlen(about)))
			return -1;
		n = snprintf(dst, RECORDS_NAME, "%s.%s", about, l->zone);
	}
	return n > 0 && n < RECORDS_NAME ? 0 : -1;
}

void
dnslist_ask(const struct dnslist *l, int n, const struct dnslist_subject *s,
    struct records *r, int at_r[DNSLISTS_MOST])
{
	char name[RECORDS_NAME];

	for (int i = 0; i < n; i++) {
		at_r[i] = -1;
		if (dnslist_name(&l[i], s, name) != 0)
			continue;
		for (int j = 0; j < r->n && at_r[i] < 0; j++)
			if (text_same(r->asked[j].name, name))
				at_r[i] = j;
		if (at_r[i] < 0 && records_add(r, RECORDS_LISTED, name,
		    l[i].zone) == 0)
			at_r[i] = r->n - 1;
	}
}

bool
dnslist_lists(const struct dnslist *l, const struct records_got *g)
{
	const uint8_t *ip;
	size_t at = 0, len;

	if (g->outcome != RECORDS_FOUND)
		return false;
	while (records_next(g, &at, &ip, &len))
		for (int i = 0; len == 4 && i < l->nanswers; i++)
			if (number(ip) >= l->answers[i].first &&
			    number(ip) <= l->answers[i].last)
				return true;
	return false;
}

void
dnslist_count(const struct dnslist *l, int n, const struct records *r,
    const int at[DNSLISTS_MOST], struct dnslist_score *s_r)
{
	*s_r = (struct dnslist_score){ .refuser = -1 };
	for (int i = 0; i < n; i++) {
		if (at[i] < 0 || !dnslist_lists(&l[i], &r->got[at[i]]))
			continue;
		s_r->listed |= UINT32_C(1) << i;
		s_r->score += l[i].allow ? -l[i].weight : l[i].weight;
		if (!l[i].allow && s_r->refuser < 0)
			s_r->refuser = i;
	}
}
