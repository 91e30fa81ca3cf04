/*
 * spfterm - reads the terms of an SPF record; see spfterm.h.
 *
 *	record = "v=spf1" *( 1*SP ( directive / modifier ) ) *SP
 *	directive = [ "+" / "-" / "?" / "~" ] mechanism
 *	modifier = name "=" macro-string
 */
#include "config.h"

#include <string.h>

#include "lib/mm.h"
#include "lib/text.h"
#include "tables/spfmacro.h"
#include "tables/spfterm.h"

#define VERSION_LEN 6	/* "v=spf1", which the caller has seen */

/* What may follow the name of a mechanism. */
enum { NOTHING = 0, SPEC = 1, MUST = 2, CIDR = 4, NETWORK = 8 };

static const struct {
	const char *name;
	enum spfterm_kind kind;
	int takes;
} mechanisms[] = {
	{ "all", SPFTERM_ALL, NOTHING },
	{ "include", SPFTERM_INCLUDE, SPEC | MUST },
	{ "a", SPFTERM_A, SPEC | CIDR },
	{ "mx", SPFTERM_MX, SPEC | CIDR },
	{ "ptr", SPFTERM_PTR, SPEC },
	{ "ip4", SPFTERM_IP4, NETWORK | MUST },
	{ "ip6", SPFTERM_IP6, NETWORK | MUST },
	{ "exists", SPFTERM_EXISTS, SPEC | MUST }
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

/* Of a mechanism or a modifier. */
static size_t
name_length(const char *s, size_t len)
{
	size_t i = 0;

	if (len == 0 || !is_alpha(s[0]))
		return 0;
	while (i < len && (is_alpha(s[i]) || is_digit(s[i]) || s[i] == '-' ||
	    s[i] == '_' || s[i] == '.'))
		i++;
	return i;
}

static bool
is_word(const char *s, size_t len, const char *word)
{
	for (size_t i = 0; i < len; i++)
		if (word[i] == '\0' || (s[i] | 0x20) != word[i])
			return false;
	return word[len] == '\0';
}

/* "/24" without a leading zero at the end of s: its bits, or -1 if none. */
static int
take_bits(const char *s, size_t *len, int most, const char *slashes)
{
	size_t at = *len, n = strlen(slashes);
	int bits = 0;

	while (at > 0 && is_digit(s[at - 1]))
		at--;
	if (at == *len || *len - at > 3 || (s[at] == '0' && *len - at > 1) ||
	    at < n || memcmp(s + at - n, slashes, n) != 0)
		return -1;
	for (size_t i = at; i < *len; i++)
		bits = bits * 10 + (s[i] - '0');
	if (bits > most)
		return -1;
	*len = at - n;
	return bits;
}

/* [ "/" bits ] [ "//" bits ], behind the last macro. */
static void
take_cidr(const char *s, size_t *len, struct spfterm *t)
{
	size_t left = *len;
	int bits = take_bits(s, &left, 128, "//");

	if (bits >= 0) {
		t->bits6 = bits;
		*len = left;
	} else {
		left = *len;
	}
	/* Else the first of two slashes would be one of these. */
	bits = take_bits(s, &left, 32, "/");
	if (bits >= 0 && (left == 0 || s[left - 1] != '/')) {
		t->bits4 = bits;
		*len = left;
	}
}

/* An address, and how much of it counts. */
static int
take_network(const char *s, size_t len, struct spfterm *t)
{
	int family = t->kind == SPFTERM_IP4 ? 4 : 6;
	int most = family == 4 ? 32 : 128, bits;
	char text[64];

	bits = take_bits(s, &len, most, "/");
	if (len == 0 || len >= sizeof(text))
		return -1;
	memcpy(text, s, len);
	text[len] = '\0';
	if (strlen(text) != len || (family == 6) != (strchr(text, ':') !=
	    NULL) || net_parse(text, &t->network) != 0)
		return -1;
	if (bits >= 0 && family == 4)
		t->bits4 = bits;
	if (bits >= 0 && family == 6)
		t->bits6 = bits;
	/* "::ffff:192.0.2.1" may come back as IPv4. */
	return t->network.family == family ? 0 : -1;
}

/* s: what follows the name. */
static int
take_argument(const char *s, size_t len, int takes, struct spfterm *t)
{
	if ((takes & CIDR) != 0)
		take_cidr(s, &len, t);
	if (len == 0)
		return (takes & MUST) != 0 ? -1 : 0;
	if (s[0] != ':' || (takes & (SPEC | NETWORK)) == 0)
		return -1;
	if ((takes & NETWORK) != 0)
		return take_network(s + 1, len - 1, t);
	t->spec = s + 1;
	t->spec_len = len - 1;
	return spfmacro_good(t->spec, t->spec_len, SPFMACRO_DOMAIN) ? 0 : -1;
}

static int
take_mechanism(const char *s, size_t len, struct spfterm *t)
{
	size_t n = name_length(s, len);

	for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++) {
		if (n == 0 || !is_word(s, n, mechanisms[i].name))
			continue;
		t->kind = mechanisms[i].kind;
		return take_argument(s + n, len - n, mechanisms[i].takes, t);
	}
	return -1;
}

static int
take_modifier(const char *s, size_t name, size_t len, struct spfterm *t)
{
	t->kind = is_word(s, name, "redirect") ? SPFTERM_REDIRECT :
	    is_word(s, name, "exp") ? SPFTERM_EXP : SPFTERM_UNKNOWN;
	t->spec = s + name + 1;
	t->spec_len = len - name - 1;
	return spfmacro_good(t->spec, t->spec_len, t->kind ==
	    SPFTERM_UNKNOWN ? SPFMACRO_STRING : SPFMACRO_DOMAIN) ? 0 : -1;
}

int
spfterm_next(const char *record, size_t len, size_t *at, struct spfterm *t_r)
{
	static const char qualifiers[] = "+-~?";
	static const enum spf_result results[] = { SPF_PASS, SPF_FAIL,
	    SPF_SOFTFAIL, SPF_NEUTRAL };
	const char *s, *q, *end;
	size_t n, i = *at < VERSION_LEN ? VERSION_LEN : *at;

	if (i > len)
		i = len;
	while (i < len && record[i] == ' ')
		i++;
	*at = i;
	*t_r = (struct spfterm){ .result = SPF_PASS, .bits4 = 32,
	    .bits6 = 128, .text = record + i };
	if (i == len)
		return 0;
	s = record + i;
	end = memchr(s, ' ', len - i);
	n = end != NULL ? (size_t)(end - s) : len - i;
	t_r->text_len = n;
	*at = i + n;
	i = name_length(s, n);
	if (i > 0 && i < n && s[i] == '=')
		return take_modifier(s, i, n, t_r) == 0 ? 1 : -1;
	q = s[0] != '\0' ? strchr(qualifiers, s[0]) : NULL;
	if (q != NULL) {
		t_r->result = results[q - qualifiers];
		s++;
		n--;
	}
	return take_mechanism(s, n, t_r) == 0 ? 1 : -1;
}
