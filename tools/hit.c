/*
 * hit - which row answered: a look-up says the line, not the row's key.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "lib/text.h"
#include "tools/hit.h"

/* Asks for the address and each of its prefixes by itself. */
static bool
try_prefixes(struct tb *t, const struct netaddr *address,
    enum tb_answer answer, char *dst, size_t size)
{
	char text[NET_TEXT];

	for (int bits = net_bits(address); bits >= 0; bits--) {
		struct netaddr a = net_prefix(address, bits);

		if (bits == net_bits(&a))
			snprintf(dst, size, "%s", net_text(&a, text));
		else
			snprintf(dst, size, "%s/%d", net_text(&a, text), bits);
		if (tb_find(t, dst, NULL, NULL) == answer)
			return true;
	}
	return false;
}

/* The next key that tb_find_mailbox or tb_find_name tries; null: none. */
static const char *
next_name(const char *p)
{
	const char *at = strrchr(p, '@');

	if (at == p)
		return p + 1;
	return at != NULL ? at : strchr(p + 1, '.');
}

/* The same for a mailbox, its domain, and the domain's parents. */
static bool
try_names(struct tb *t, const char *name, enum tb_answer answer, char *dst,
    size_t size)
{
	const char *p;

	for (p = name; p != NULL && *p != '\0'; p = next_name(p))
		if (text_copy(dst, size, p) == 0 &&
		    tb_find(t, dst, NULL, NULL) == answer)
			return true;
	return false;
}

static bool
try_keys(struct tb *t, const char *key, enum tb_answer answer, char *dst,
    size_t size)
{
	struct netaddr a;

	if (net_parse(key, &a) == 0)
		return try_prefixes(t, &a, answer, dst, size);
	if (tb_literal(key, &a) != 0)
		return try_names(t, key, answer, dst, size);
	if (text_copy(dst, size, key) == 0 &&
	    tb_find(t, dst, NULL, NULL) == answer)
		return true;
	return try_prefixes(t, &a, answer, dst, size);
}

struct row {
	int line;
	char *key;		/* TB_KEY bytes */
};

static int
take_line(void *arg, const char *key, size_t klen, const char *value,
    size_t vlen, int line)
{
	struct row *row = arg;

	(void)value, (void)vlen;
	if (line != row->line || klen >= TB_KEY)
		return 0;
	memcpy(row->key, key, klen);
	row->key[klen] = '\0';
	return 1;
}

/*
 * Is a row of such a table found by just its key?  To ask is quick in a table
 * of any size; to walk through it is not.
 */
static bool
keys_are_asked(const struct section *s)
{
	return s->v.type == TABLE_TEXT || s->v.type == TABLE_GDBM ||
	    s->v.type == TABLE_LIST;
}

void
hit_key(struct tb *t, const struct section *s, const char *key,
    enum tb_answer answer, int line, char dst[TB_KEY])
{
	struct row row = { .line = line, .key = dst };
	bool told = keys_are_asked(s) &&
	    try_keys(t, key, answer, dst, TB_KEY - 1);
	char hit[TB_KEY - 1];

	/* The line tells it, unless all rows of a table have the same. */
	if (!told && s->v.type != TABLE_LIST && line > 0 &&
	    tb_walk(t, take_line, &row) == 1)
		return;
	(void)snprintf(hit, sizeof(hit), "%s", told ? dst : key);
	text_lower(hit);
	(void)snprintf(dst, TB_KEY, "%s%s", answer == TB_NEGATED ? "!" : "",
	    hit);
}

struct origin
hit_place(const struct tb *t, const struct section *s, int line)
{
	struct origin at = s->from[SETTING_rows];

	if (s->v.type == TABLE_NAMESERVER)
		return s->where;
	if (tb_path(t)[0] != '\0')
		at.file = tb_path(t);
	else if (at.file == NULL)
		at.file = CONF_EMBEDDED;
	at.line = line;
	return at;
}
