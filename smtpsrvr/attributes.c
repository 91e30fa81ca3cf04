/*
 * attributes - what XCLIENT and XFORWARD say of a client.
 */
#include "config.h"

#include <string.h>

#include "lib/text.h"
#include "lib/xtext.h"
#include "smtpsrvr/attributes.h"

#define XCLIENT 1
#define XFORWARD 2

static int take_text(const char *, enum attribute, struct attributes *);
static int take_word(const char *, enum attribute, struct attributes *);
static int take_address(const char *, enum attribute, struct attributes *);
static int take_port(const char *, enum attribute, struct attributes *);
static int take_proto(const char *, enum attribute, struct attributes *);
static int take_source(const char *, enum attribute, struct attributes *);

/* An empty value of one that has another form is no value. */
static const struct row {
	const char *name, *key;
	int of;
	int (*take)(const char *value, enum attribute which,
	    struct attributes *a);
} rows[ATTRIBUTE_COUNT] = {
	[ATTRIBUTE_NAME] = { "NAME", "name", XCLIENT | XFORWARD, take_text },
	[ATTRIBUTE_ADDR] = { "ADDR", "addr", XCLIENT | XFORWARD,
	    take_address },
	[ATTRIBUTE_PORT] = { "PORT", "port", XCLIENT | XFORWARD, take_port },
	[ATTRIBUTE_PROTO] = { "PROTO", "proto", XCLIENT | XFORWARD,
	    take_proto },
	[ATTRIBUTE_HELO] = { "HELO", "helo", XCLIENT | XFORWARD, take_text },
	[ATTRIBUTE_LOGIN] = { "LOGIN", "login", XCLIENT, take_word },
	[ATTRIBUTE_DESTADDR] = { "DESTADDR", "destaddr", XCLIENT,
	    take_address },
	[ATTRIBUTE_DESTPORT] = { "DESTPORT", "destport", XCLIENT, take_port },
	[ATTRIBUTE_IDENT] = { "IDENT", "ident", XFORWARD, take_text },
	[ATTRIBUTE_SOURCE] = { "SOURCE", "source", XFORWARD, take_source }
};

static int
take_text(const char *value, enum attribute which, struct attributes *a)
{
	return text_copy(a->text[which], ATTRIBUTE_TEXT, value);
}

/* What becomes a word of the entry and the log. */
static int
take_word(const char *value, enum attribute which, struct attributes *a)
{
	return strchr(value, ' ') != NULL ? -1 : take_text(value, which, a);
}

/* Some proxies leave out the prefix that tells IPv6. */
static int
take_address(const char *value, enum attribute which, struct attributes *a)
{
	static const char six[] = "IPV6:";
	struct netaddr *to = which == ATTRIBUTE_ADDR ? &a->client :
	    &a->server;
	bool prefixed = text_begins(value, six);
	uint16_t port = to->port;

	if (value[0] != '\0') {
		if (prefixed)
			value += sizeof six - 1;
		if ((prefixed && strchr(value, ':') == NULL) ||
		    net_parse(value, to) != 0)
			return -1;
	} else {
		*to = (struct netaddr){ .family = 0 };
	}
	to->port = port;
	return take_text(value, which, a);
}

static int
take_port(const char *value, enum attribute which, struct attributes *a)
{
	struct netaddr *to = which == ATTRIBUTE_PORT ? &a->client :
	    &a->server;
	int64_t n = 0;

	if (value[0] != '\0' && text_number(value, 0, 65535, &n) != 0)
		return -1;
	to->port = (uint16_t)n;
	return take_text(value, which, a);
}

static int
take_proto(const char *value, enum attribute which, struct attributes *a)
{
	if (value[0] != '\0' && !text_same(value, "SMTP") &&
	    !text_same(value, "ESMTP"))
		return -1;
	return take_text(value, which, a);
}

static int
take_source(const char *value, enum attribute which, struct attributes *a)
{
	if (value[0] != '\0' && !text_same(value, "LOCAL") &&
	    !text_same(value, "REMOTE"))
		return -1;
	return take_text(value, which, a);
}

static int
find(const char *name, size_t len, enum attributes_of of)
{
	int bit = of == ATTRIBUTES_XCLIENT ? XCLIENT : XFORWARD;

	for (int i = 0; i < ATTRIBUTE_COUNT; i++)
		if ((rows[i].of & bit) != 0 && strlen(rows[i].name) == len &&
		    text_begins(name, rows[i].name))
			return i;
	return -1;
}

bool
attributes_begin(const char *text)
{
	return text[strcspn(text, "= ")] == '=';
}

/* One of them, of len bytes. */
static int
take(const char *word, size_t len, enum attributes_of of,
    struct attributes *a)
{
	char raw[3 * ATTRIBUTE_TEXT], value[ATTRIBUTE_TEXT];
	size_t name = strcspn(word, "= ");
	int which = find(word, name, of);

	if (which < 0 || word[name] != '=' || a->given[which] ||
	    len - name - 1 >= sizeof raw)
		return -1;
	memcpy(raw, word + name + 1, len - name - 1);
	raw[len - name - 1] = '\0';
	a->given[which] = true;
	if (text_same(raw, "[UNAVAILABLE]") || text_same(raw, "[TEMPUNAVAIL]"))
		return rows[which].take("", (enum attribute)which, a);
	if (raw[0] == '\0' || xtext_decode(raw, value, sizeof value) != 0)
		return -1;
	return rows[which].take(value, (enum attribute)which, a);
}

int
attributes_parse(const char *text, enum attributes_of of,
    struct attributes *a_r, char wrong_r[32])
{
	size_t len, name;

	memset(a_r, 0, sizeof *a_r);
	wrong_r[0] = '\0';
	for (; *text != '\0'; text += len) {
		text += strspn(text, " ");
		len = strcspn(text, " ");
		if (len == 0 || take(text, len, of, a_r) == 0)
			continue;
		name = strcspn(text, "= ");
		if (name > 31)
			name = 31;
		memcpy(wrong_r, text, name);
		wrong_r[name] = '\0';
		return -1;
	}
	return 0;
}

const char *
attribute_key(enum attribute a)
{
	return rows[a].key;
}

const char *
attributes_names(enum attributes_of of)
{
	return of == ATTRIBUTES_XCLIENT ?
	    "NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT" :
	    "NAME ADDR PORT PROTO HELO IDENT SOURCE";
}
