/*
 * t_source - the outcomes of the source host, each finicky and not.
 */
#include "config.h"

#include "tables/source.h"
#include "tests/tables/fixture.h"

static struct conf *conf;
static struct site site;

static void
add_channel(const char *title, const char *table)
{
	struct section *s = conf_section(conf, CHANNEL, title);

	if (table != NULL)
		put(s, "table", table);
}

static void
make(void)
{
	struct section *s;

	conf = conf_new();
	put(&conf->server, "hostname", "mx.example.org");
	s = conf_section(conf, TABLE, "names");
	put(s, "type", "list");
	put(s, "rows", ".partner.example", "192.0.2.9", "!no.partner.example",
	    "!198.51.100.9");
	s = conf_section(conf, TABLE, "lan");
	put(s, "type", "list");
	put(s, "rows", "10.0.0.0/8", "2001:db8::/32", "!10.9.0.0/16");
	s = conf_section(conf, TABLE, "wide");
	put(s, "type", "list");
	put(s, "rows", "10.0.0.0/8", ".partner.example");
	add_channel("lan", "lan");
	add_channel("partner", "names");
	add_channel("lan2", "lan");
	add_channel("world", NULL);
	add_channel("wide", "wide");
	s = conf_section(conf, LISTENER, "some");
	put(s, "channels", "partner", "world");
	put(s, "hostname", "in.example.org");
	(void)conf_section(conf, LISTENER, "all");
}

/* The titles of the list, or the reason. */
static const char *
list(int listener, const char *operand)
{
	static char text[256];
	struct source_list l;
	struct buf why;
	size_t len = 0;
	int i;

	buf_init(&why, 200);
	text[0] = '\0';
	if (source_channels(conf, listener, operand, &l, &why) == -1)
		(void)snprintf(text, sizeof(text), "!%s", buf_str(&why));
	else
		for (i = 0; i < l.n; i++)
			len += (size_t)snprintf(text + len,
			    sizeof(text) - len, "%s%s", i > 0 ? "," : "",
			    conf->channels[l.channel[i]].title);
	buf_free(&why);
	return text;
}

static void
test_lists(void)
{
	is(list(0, ""), "partner,world", "the listener's");
	is(list(1, ""), "lan,partner,lan2,world,wide", "all channels");
	is(list(-1, ""), "lan,partner,lan2,world,wide", "no listener");
	is(list(0, "world,lan"), "world,lan", "the operand wins");
	is(list(0, "world,,lan"), "!channels: an empty name",
	    "empty part");
	is(list(0, ","), "!channels: an empty name", "comma");
	is(list(0, "lan,"), "!channels: an empty name",
	    "comma at the end");
	is(list(0, "lan,nosuch"), "!channels: there is no channel "
	    "\"nosuch\"",
	    "unknown");
	is(list(0, "lan,pardner"), "!channels: there is no channel "
	    "\"pardner\" (did you mean partner?)", "misspelt");
	is(list(0, "lan, world"), "!channels: a blank in the name \" world\"",
	    "blank");
	is(list(0, "lan,lan"), "!channels: \"lan\" is there twice",
	    "twice");
	is(list(0, "a-name-that-is-longer-than-any-channel-can-have"),
	    "!channels: there is no channel "
	    "\"a-name-that-is-longer-than-any-channel-can-have\"", "long");
}

/* What a refusal for now bears. */
static void
test_hostname(void)
{
	struct source_list l;
	struct buf why;

	buf_init(&why, 200);
	ok(source_channels(conf, 0, "", &l, &why) == 0, "a listener");
	is(l.hostname, "in.example.org", "that has a name of its own");
	ok(source_channels(conf, 1, "", &l, &why) == 0, "another");
	is(l.hostname, "mx.example.org", "that has the server's");
	buf_free(&why);
}

/* "channel [found] [uncertain]", or the reply's code and text. */
static const char *
source(const char *channels, const char *peer, enum ask_outcome outcome,
    const char *name, bool finicky)
{
	static char text[512];
	struct netaddr a;
	struct source_list l;
	struct source r;
	struct buf why;

	memset(&a, 0, sizeof(a));
	if (peer != NULL && net_parse(peer, &a) == -1)
		errx(1, "%s", peer);
	buf_init(&why, 200);
	if (source_channels(conf, -1, channels, &l, &why) == -1)
		errx(1, "%s", buf_str(&why));
	source_find(&site, &l, &a, outcome, name, finicky, &r);
	if (r.channel >= 0)
		(void)snprintf(text, sizeof(text), "%s%s%s",
		    conf->channels[r.channel].title, r.found ? " found" : "",
		    r.uncertain ? " uncertain" : "");
	else
		(void)snprintf(text, sizeof(text), "%d %s %s (%s)",
		    r.refusal.code, r.refusal.enhanced, r.refusal.text,
		    r.refusal.reason);
	return text;
}

#define ALL "lan,partner,lan2,world"
#define UNKNOWN(who) "554 5.7.1 Your name, '" who \
	"', is unknown to us (unknown-host)"

static void
test_found(void)
{
	is(source(ALL, "10.1.2.3", ASK_NONE, "", true), "lan found",
	    "by prefix");
	is(source(ALL, "2001:db8::1", ASK_NONE, "", true), "lan found",
	    "by IPv6 prefix");
	is(source("lan2,lan", "10.1.2.3", ASK_NONE, "", true), "lan2 found",
	    "the first of the list wins");
	is(source(ALL, "192.0.2.9", ASK_LATER, "", true), "partner found",
	    "by address, whatever its name");
	is(source(ALL, "192.0.2.1", ASK_FOUND, "a.partner.example", true),
	    "partner found", "by name");
	is(source(ALL, "192.0.2.1", ASK_FOUND, "A.Partner.Example", true),
	    "partner found", "in any case");
	is(source("partner,lan", "10.1.2.3", ASK_LATER, "", true),
	    "lan found uncertain", "by address; perhaps by name before");
	is(source("lan,partner", "10.1.2.3", ASK_LATER, "", true),
	    "lan found", "by address before any name");
}

/* The table that says '!' is left, whatever else it has; others are not. */
static void
test_negated(void)
{
	is(source("lan,wide,world", "10.9.0.1", ASK_NONE, "", true),
	    "wide found", "the next table may hold it");
	is(source("lan,world", "10.9.0.1", ASK_NONE, "", true),
	    UNKNOWN("10.9.0.1"), "none does");
	is(source("lan,world", "10.9.0.1", ASK_NONE, "", false), "world",
	    "none does: last");
	is(source("partner,wide,world", "192.0.2.1", ASK_FOUND,
	    "no.partner.example", true), "wide found", "by name");
	is(source("partner,world", "192.0.2.1", ASK_FOUND,
	    "no.partner.example", true), UNKNOWN("no.partner.example"),
	    "by name, and no other");
	is(source("partner,world", "198.51.100.9", ASK_FOUND,
	    "a.partner.example", true), UNKNOWN("a.partner.example"),
	    "an address ends it before the name");
	is(source("partner,world", "198.51.100.9", ASK_LATER, "", true),
	    UNKNOWN("198.51.100.9"), "so that its name does not matter");
}

static void
test_not_found(void)
{
	is(source(ALL, "192.0.2.1", ASK_FOUND, "a.example.net", false),
	    "world", "unknown name: last");
	is(source(ALL, "192.0.2.1", ASK_FOUND, "a.example.net", true),
	    UNKNOWN("a.example.net"), "unknown name, finicky");
	is(source(ALL, "192.0.2.1", ASK_NONE, "", false), "world",
	    "no name: last");
	is(source(ALL, "192.0.2.1", ASK_NONE, "", true), "554 5.7.1 Cannot "
	    "resolve your address. '192.0.2.1' (no-name)", "no name, finicky");
	is(source("lan,world", "192.0.2.1", ASK_NONE, "", true),
	    UNKNOWN("192.0.2.1"), "no name was needed, finicky");
	is(source("lan,world", "192.0.2.1", ASK_LATER, "", false), "world",
	    "a look-up failed that nobody needs");
	is(source("lan,world", "192.0.2.1", ASK_LATER, "", true),
	    UNKNOWN("192.0.2.1"), "the same, finicky");
	is(source("world", NULL, ASK_NONE, "", false), "world",
	    "no address, as on a pipe");
	is(source("lan,world", NULL, ASK_NONE, "", true), UNKNOWN("-"),
	    "the same, finicky");
}

static void
test_failed(void)
{
	is(source(ALL, "192.0.2.1", ASK_LATER, "", false), "world uncertain",
	    "a look-up failed: last, uncertain");
	is(source(ALL, "192.0.2.1", ASK_LATER, "", true), "421 4.4.3 Cannot "
	    "resolve your address now. '192.0.2.1' (lookup)",
	    "a look-up failed, finicky");
}

static void
test_table(void)
{
	struct tb *good = site.channels[0].hosts;

	site.channels[0].hosts = &broken;
	is(source(ALL, "10.1.2.3", ASK_NONE, "", false), "world uncertain",
	    "a table that fails: last, uncertain");
	is(source("lan2,lan", "10.1.2.3", ASK_NONE, "", false), "lan2 found",
	    "but not if it is found before");
	is(source(ALL, "10.1.2.3", ASK_NONE, "", true), "421 4.3.0 "
	    "mx.example.org cannot take mail now, try again later (table)",
	    "a table that fails, finicky");
	site.channels[0].hosts = good;
}

static void
test_needs(void)
{
	struct source_list l = { .n = 2, .channel = { 0, 3 } };

	ok(!source_needs_name(&site, &l), "no names in the list's tables");
	l.channel[1] = 1;
	ok(source_needs_name(&site, &l), "names in one of them");
}

int
main(void)
{
	struct buf why;

	buf_init(&why, 1000);
	make();
	if (site_open(&site, conf, &why) == -1)
		errx(1, "%s", buf_str(&why));
	test_lists();
	test_hostname();
	test_needs();
	test_found();
	test_negated();
	test_not_found();
	test_failed();
	test_table();
	site_close(&site);
	buf_free(&why);
	conf_free(conf);
	return done();
}
