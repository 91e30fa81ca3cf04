/*
 * conf: sections, the embedded default, what must be right between settings,
 * and the flat record there and back.
 */
#include "config.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib/conf.h"
#include "lib/digest.h"
#include "tests/lib/equal.h"
#include "tests/tap.h"

static char why[1024];

static struct origin
line(int n)
{
	return (struct origin){ "inlet.conf", n };
}

static struct section *
add(struct conf *c, enum setting_scope scope, const char *title, int n)
{
	struct section *s = NULL;

	why[0] = '\0';
	if (conf_add(c, scope, title, line(n), &s, why, sizeof(why)) != 0)
		return NULL;
	return s;
}

/* Sets name to the texts that follow, up to a null. */
static int
set(struct section *s, int n, const char *name, ...)
{
	const char *texts[16];
	size_t count = 0;
	va_list ap;

	va_start(ap, name);
	while (count < ARRAY_LEN(texts) &&
	    (texts[count] = va_arg(ap, const char *)) != NULL)
		count++;
	va_end(ap);
	why[0] = '\0';
	return conf_set(s, name, texts, count, line(n), why, sizeof(why));
}

#define NIL ((const char *)NULL)

static void
sections(void)
{
	struct conf *c = conf_new();
	struct section *s;
	char title[40];
	bool all = true;

	s = add(c, CHANNEL, "lan", 3);
	ok(s != NULL && conf_channel(c, "lan") == 0, "a channel");
	ok(add(c, CHANNEL, "lan", 5) == NULL, "twice");
	is(why, "channel \"lan\" is already there, at inlet.conf:3",
	    "and says where");
	ok(add(c, TABLE, "lan", 6) != NULL, "a table may have its name");
	ok(add(c, CHANNEL, "", 1) == NULL && add(c, CHANNEL, "1a", 1) == NULL &&
	    add(c, CHANNEL, "A", 1) == NULL &&
	    add(c, CHANNEL, "a b", 1) == NULL &&
	    add(c, CHANNEL, "a,b", 1) == NULL, "odd names");
	memset(title, 'a', sizeof(title));
	title[CONF_NAME] = '\0';
	ok(add(c, CHANNEL, title, 1) == NULL, "a name too long");
	title[CONF_NAME - 1] = '\0';
	ok(add(c, CHANNEL, title, 1) != NULL, "the longest name");
	ok(conf_section_at(c, 0) == &c->server &&
	    conf_section_at(c, 1) == &c->channels[0] &&
	    conf_section_at(c, 2) == &c->channels[1] &&
	    conf_section_at(c, 3) == NULL, "each of them, and an end");
	ok(add(c, LISTENER, "lan", 9) != NULL &&
	    conf_section_at(c, 1) == &c->listeners[0] &&
	    conf_section_at(c, 2) == &c->channels[0], "listeners before");
	for (int i = c->nchannels; i < CONF_CHANNELS; i++) {
		snprintf(title, sizeof(title), "c%d", i);
		all = all && add(c, CHANNEL, title, 1) != NULL;
	}
	ok(all && add(c, CHANNEL, "more", 1) == NULL, "too many");
	is(why, "more than 64 channel sections", "and says how many");

	ok(set(s, 4, "relay", "yes", NIL) == 0 && s->v.relay, "a setting");
	ok(set(s, 9, "relay", "no", NIL) != 0, "twice");
	is(why, "relay is already set, at inlet.conf:4", "and says where");
	ok(set(s, 9, "port", "25", NIL) != 0, "out of its scope");
	is(why, "port has no place in channel \"lan\", only in: listen",
	    "and says where it may stand");
	ok(set(s, 9, "realy", "no", NIL) != 0, "unknown");
	is(why, "unknown setting \"realy\" in channel \"lan\" (did you mean "
	    "relay?)", "and says what it may be");
	ok(set(s, 9, "program", "a", "b", NIL) != 0, "a list for a string");
	conf_free(c);
}

static void
embedded(void)
{
	struct conf *c = conf_new();
	struct buf b;
	struct settings v;
	char path[100];

	buf_init(&b, 4096);
	ok(conf_complete(c, &b) == 0, "the embedded default is right");
	is(buf_str(&b), "", "and says nothing");
	ok(c->nlisteners == 1 && c->nchannels == 2 && c->ntables == 1,
	    "its sections");
	is(c->channels[0].title, "local", "local");
	is(c->channels[1].title, "world", "world is last");
	is(c->channels[1].v.table, "", "and has no table");
	ok(!c->channels[1].v.relay && c->channels[1].v.program[0] == '\0',
	    "no relaying");
	num(c->listeners[0].v.port, 25, "port");
	ok(c->server.v.hostname[0] != '\0', "a name");
	is(c->tables[0].v.rows.at[0], c->server.v.hostname, "is local");
	num(c->tables[0].v.rows.n, 4, "rows");
	is(c->server.from[SETTING_hostname].file, CONF_MACHINE, "its origin");
	conf_effective(c, 0, 0, &v);
	num(v.port, 25, "effective");
	is(v.program, "local", "of listener and channel");
	ok(conf_program(c, "submit", path, sizeof(path)) == 0, "a program");
	is(path, INLET_LIBEXEC "/submit", "where it was installed");
	ok(conf_program(c, "submit", path, 5) != 0, "no room");
	conf_free(c);
	buf_free(&b);
}

static void
effective(void)
{
	struct conf *c = conf_new();
	struct section *l = add(c, LISTENER, "smtp", 1);
	struct section *ch = add(c, CHANNEL, "lan", 2);
	struct settings v;
	const char *seven = "7";

	ok(set(&c->server, 3, "max-errors", "5", NIL) == 0 &&
	    set(&c->server, 3, "max-hops", "50", NIL) == 0 &&
	    set(&c->server, 3, "max-messages", "5", NIL) == 0, "server");
	ok(set(l, 3, "max-errors", "6", NIL) == 0 &&
	    set(l, 3, "max-messages", "6", NIL) == 0, "listener");
	ok(set(ch, 3, "max-errors", "20", NIL) == 0,
	    "a channel says what is the default, too");
	conf_effective(c, 0, 0, &v);
	num(v.max_errors, 20, "channel wins");
	num(v.max_messages, 6, "then listener");
	num(v.max_hops, 50, "then server");
	conf_effective(c, -1, -1, &v);
	num(v.max_errors, 5, "server alone");
	ok(conf_force(l, "max-errors", &seven, 1, (struct origin){ "-x", 0 },
	    why, sizeof(why)) == 0, "forced");
	num(l->v.max_errors, 7, "wins");
	is(l->from[SETTING_max_errors].file, "-x", "and leaves its origin");
	conf_free(c);
}

/* A configuration that is right; the cases below spoil it. */
static struct conf *
good(void)
{
	struct conf *c = conf_new();
	struct section *s;

	conf_path(c, "/etc/inlet/inlet.conf");
	(void)!set(&c->server, 1, "hostname", "mx.example.org", NIL);
	s = add(c, LISTENER, "smtp", 2);
	(void)!set(s, 3, "channels", "lan", "mx", NIL);
	s = add(c, CHANNEL, "lan", 4);
	(void)!set(s, 5, "table", "hosts", NIL);
	s = add(c, CHANNEL, "mx", 6);
	(void)!set(s, 7, "program", "local", NIL);
	s = add(c, TABLE, "hosts", 8);
	(void)!set(s, 9, "file", "hosts.lan", NIL);
	return c;
}

/* One setting more, and what conf_complete says then. */
static void
wrong(struct section *s, const char *name, const char *a, const char *b,
    const char *want)
{
	struct conf *c = s->of;
	struct buf text;

	buf_init(&text, 4096);
	ok(set(s, 50, name, a, b, NIL) == 0, name);
	ok(conf_complete(c, &text) != 0, "is wrong");
	is(buf_str(&text), want, "and says so");
	buf_free(&text);
	conf_free(c);
}

static void
between(void)
{
	struct conf *c = good();
	struct buf b;

	buf_init(&b, 4096);
	ok(conf_complete(c, &b) == 0, "the good one is right");
	is(buf_str(&b), "", "and says nothing");
	is(c->tables[0].v.file, "/etc/inlet/hosts.lan", "an absolute file");
	num(c->tables[0].from[SETTING_file].line, 9, "keeps its origin");
	conf_free(c);
	buf_free(&b);
}

static struct section *
program(const char *name)
{
	struct conf *c = good();

	(void)!set(&c->channels[0], 49, "program", name, NIL);
	return &c->channels[0];
}

static void
relay_mistakes(void)
{
	wrong(program("smtp"), "relay-hosts", "a b", NULL, "inlet.conf:50: "
	    "relay-hosts: \"a b\" is none of mx:, mx:DOMAIN, HOST, HOST:PORT, "
	    "ADDRESS, [ADDRESS]:PORT and unix:PATH\n");
	wrong(program("smtp"), "relay-hosts", "unix:/run/lmtp", NULL,
	    "inlet.conf:50: relay-hosts: \"unix:/run/lmtp\" is a socket of "
	    "this machine, which is for the program lmtp\n");
	wrong(program("lmtp"), "relay-port", "24", NULL, "inlet.conf:4: "
	    "relay-hosts: LMTP is for fixed hosts (RFC 2033 2); name one, or "
	    "unix:PATH, instead of \"mx:\"\n");
	wrong(program("smtp"), "relay-source", "127.0.0", NULL,
	    "inlet.conf:50: relay-source: \"127.0.0\" is no address\n");
	wrong(program("smtp"), "relay-source", "127.0.0.1", "127.0.0.2",
	    "inlet.conf:50: relay-source: one of IPv4 and one of IPv6\n");
	wrong(program("lmtp"), "relay-tls", "required", NULL, "inlet.conf:4: "
	    "relay-hosts: LMTP is for fixed hosts (RFC 2033 2); name one, or "
	    "unix:PATH, instead of \"mx:\"\ninlet.conf:50: relay-tls: the "
	    "program lmtp has no TLS\n");
	wrong(program("smtp"), "relay-login", "login", NULL,
	    "inlet.conf:50: relay-login: \"login\" is no absolute path\n");
	wrong(program("smtp"), "relay-tls-ca", "ca.pem", NULL,
	    "inlet.conf:50: relay-tls-ca: \"ca.pem\" is no absolute path\n");
	wrong(program("smtp"), "relay-helo", "a_b", NULL, "inlet.conf:50: "
	    "relay-helo: \"a_b\" is neither a domain nor an address in "
	    "brackets\n");
}

static struct section *
channel(void)
{
	return &good()->channels[0];
}

static void
gate_mistakes(void)
{
#define GATE "inlet.conf:50: "
	wrong(channel(), "greylist-spare", "sfp", NULL, GATE "greylist-spare: "
	    "there is nothing called \"sfp\" (did you mean spf?)\n");
	wrong(channel(), "greylist-spare", "spf", "whitelist", GATE
	    "greylist-spare: there is nothing called \"whitelist\"\n");
	wrong(channel(), "results", "received-sfp", NULL, GATE "results: "
	    "there is nothing called \"received-sfp\" (did you mean "
	    "received-spf?)\n");
	wrong(channel(), "dnslists", "bl.test", "localhost", GATE "dnslists: "
	    "\"localhost\": it begins with no zone\n");
	wrong(channel(), "dnslists", "bl.test answers 127.255.255.1", NULL,
	    GATE "dnslists: \"bl.test answers 127.255.255.1\": no range of "
	    "127.0.0.0/8 without 127.255.255.0/24: 127.255.255.1\n");
	wrong(channel(), "spf-actions", "fail refuse", "fail mark", GATE
	    "spf-actions: fail is there twice\n");
	wrong(channel(), "authserv-id", "a b", NULL, GATE "authserv-id: "
	    "\"a b\" is not a domain name\n");
}

static void
mistakes(void)
{
	struct conf *c;

#define AT "inlet.conf:50: "
	c = good();
	wrong(&c->channels[0], "aliases", "host", NULL, AT "aliases: there is "
	    "no table \"host\" (did you mean hosts?)\n");
	c = good();
	wrong(&c->channels[0], "accept-from", "lam", NULL, AT "accept-from: "
	    "there is no channel \"lam\" (did you mean lan?)\n");
	c = good();
	wrong(&c->channels[0], "accept-from", "lan", "lan", AT "accept-from: "
	    "\"lan\" is there twice\n");
	c = good();
	wrong(&c->channels[0], "accept-from", "lan", "", AT "accept-from: an "
	    "empty name\n");
	c = good();
	wrong(&c->channels[0], "accept-from", " lan", NULL, AT "accept-from: "
	    "a blank in the name \" lan\"\n");
	c = good();
	wrong(&c->channels[0], "authorise", "in-blok", NULL, AT
	    "authorise: there is no mode \"in-blok\" "
	    "(did you mean in-block?)\n");
	c = good();
	wrong(&c->channels[0], "authorise", "in-log", "in-log", AT
	    "authorise: \"in-log\" is there twice\n");
	c = good();
	wrong(&c->channels[0], "authorise", "free", "out-block", AT
	    "authorise: free and out-block contradict each other\n");
	c = good();
	wrong(&c->channels[0], "authorise", "in-block", "free", AT
	    "authorise: free and in-block contradict each other\n");
	c = good();
	(void)!set(&c->channels[0], 49, "relay", "yes", NIL);
	wrong(&c->channels[0], "authorise", "in-block", "in-log", AT
	    "authorise: in-block contradicts relay = yes\n");
	c = good();
	(void)!set(&c->channels[0], 49, "accept-from", "lan", NIL);
	wrong(&c->channels[0], "authorise", "free", NULL, AT
	    "authorise: free contradicts accept-from\n");
	c = good();
	(void)!set(&c->channels[0], 49, "authorise-table", "hosts", NIL);
	wrong(&c->channels[0], "authorise", "host-and-user", NULL, AT
	    "authorise: host-and-user means nothing without one of "
	    "in-log, in-warn, in-block, out-log, out-warn, out-block\n");
	c = good();
	wrong(&c->channels[0], "authorise", "host-and-user", "in-block", AT
	    "authorise: host-and-user needs an authorise-table: without "
	    "one nobody is an authorised user\n");
	relay_mistakes();
	gate_mistakes();
	c = good();
	wrong(&c->channels[0], "insrc", "host", NULL, AT "insrc: there is "
	    "no table \"host\" (did you mean hosts?)\n");
	c = good();
	wrong(&c->channels[0], "program", "../evil", NULL, AT "program: "
	    "\"../evil\" cannot be a channel program; it must be a name of "
	    "a-z, 0-9, - and _, such as local\n");
	c = good();
	wrong(&c->channels[0], "extension", "@", NULL, AT "extension: \"@\" "
	    "cannot separate a user from an extension\n");
	c = good();
	wrong(&c->channels[0], "retry-first", "5h", NULL, AT "retry-first is "
	    "longer than retry-most\n");
	c = good();
	wrong(&c->listeners[0], "address", "localhost", NULL, AT "address: "
	    "\"localhost\" is not an IPv4 or IPv6 address\n");
	c = good();
	wrong(&c->listeners[0], "address", "127.0.0.1", "127.0.0.1", AT
	    "listen \"smtp\": port 25 of 127.0.0.1 is taken already, by "
	    "listen \"smtp\" at inlet.conf:2\n");
	c = good();
	wrong(&c->server, "submit-socket-mode", "680", NULL, AT
	    "submit-socket-mode: 680 is not made of the octal digits 0 to 7\n");
	c = good();
	wrong(&c->server, "spool-directory", "spool", NULL, AT
	    "spool-directory must be an absolute path, not \"spool\"\n");
	c = good();
	wrong(&c->server, "log", "sylog", NULL, AT "log must be syslog, "
	    "stderr or an absolute file name, not \"sylog\"\n");
	c = good();
	wrong(&c->server, "trusted-users", "mail", "a b", AT "trusted-users: "
	    "a blank in the name \"a b\"\n");
	c = good();
	wrong(&c->server, "session-user", "-1", NULL, AT "session-user: "
	    "\"-1\" cannot be a user's name or number\n");
	c = good();
	wrong(&c->server, "dns-servers", "192.0.2.1:53", "ns.example", AT
	    "dns-servers: \"ns.example\" is not an address or "
	    "address:port\n");
	c = good();
	wrong(&c->server, "local-names", "mx.example", "a b", AT
	    "local-names: \"a b\" is neither a name nor an address\n");
	c = good();
	wrong(&c->server, "local-channel", "local", NULL, AT "local-channel: "
	    "there is no channel \"local\"\n");
}

static void
mistakes_of_tables(void)
{
	struct conf *c;

	c = good();
	wrong(&c->tables[0], "type", "list", NULL, "inlet.conf:9: table "
	    "\"hosts\" is of type list: it has rows, and no file\n"
	    "inlet.conf:8: table \"hosts\" is of type list and has no rows\n");
	c = good();
	wrong(&c->tables[0], "rows", "a", NULL, AT "table \"hosts\": only a "
	    "table of type list has rows\n");
	c = good();
	wrong(&c->tables[0], "type", "nameserver", NULL, "inlet.conf:9: table "
	    "\"hosts\" is of type nameserver and has no file\n");
}

static void
same_section(const struct section *a, const struct section *b)
{
	bool same = true;

	for (int id = 0; id < SETTING_COUNT; id++) {
		const struct origin *o = &a->from[id], *p = &b->from[id];

		same = same && setting_equal(&a->v, &b->v,
		    (enum setting_id)id);
		same = same && (o->file == NULL) == (p->file == NULL) &&
		    (o->file == NULL || (o->line == p->line &&
		    strcmp(o->file, p->file) == 0));
	}
	ok(same, "values and origins");
	is(b->title, a->title, "title");
}

static void
record(void)
{
	struct conf *c = good(), *d;
	struct buf b, b2;
	bool noticed = true;
	uint64_t digest;
	int fd;

	buf_init(&b, CONF_RECORD_MOST);
	buf_init(&b2, CONF_RECORD_MOST);
	ok(conf_complete(c, &b2) == 0 && conf_pack(c, &b) == 0, "packed");
	d = conf_unpack(b.p, b.len);
	ok(d != NULL, "unpacked");
	same_section(&c->server, &d->server);
	same_section(&c->listeners[0], &d->listeners[0]);
	same_section(&c->channels[1], &d->channels[1]);
	same_section(&c->tables[0], &d->tables[0]);
	is(d->path, c->path, "path");
	ok(conf_pack(d, &b2) == 0 && b2.len == b.len &&
	    memcmp(b.p, b2.p, b.len) == 0, "packs to the same bytes again");
	conf_free(d);

	for (size_t i = 0; i < b.len; i++) {
		b.p[i] ^= 4;
		d = conf_unpack(b.p, b.len);
		noticed = noticed && d == NULL;
		conf_free(d);
		b.p[i] ^= 4;
		d = conf_unpack(b.p, i);
		noticed = noticed && d == NULL;
		conf_free(d);
	}
	ok(noticed, "any changed byte and any cut is noticed");
	/* The same with a digest that is right: any answer, no harm. */
	for (size_t i = 16; i < b.len - sizeof(digest); i++) {
		char old = b.p[i];

		b.p[i] = (char)(old + 1);
		digest = digest_of(b.p, b.len - sizeof(digest));
		memcpy(b.p + b.len - sizeof(digest), &digest, sizeof(digest));
		conf_free(conf_unpack(b.p, b.len));
		b.p[i] = old;
	}
	ok(true, "survived forged records");

	fd = memfd_create("conf", MFD_CLOEXEC);
	ok(pwrite(fd, b2.p, b2.len, 1000) == (ssize_t)b2.len, "in a file");
	d = conf_from_fd(fd, 1000);
	ok(d != NULL && conf_channel(d, "mx") == 1, "read from there");
	conf_free(d);
	ok(conf_from_fd(fd, 999) == NULL && conf_from_fd(fd, 1 << 20) == NULL,
	    "not from elsewhere");
	close(fd);
	conf_free(c);
	buf_free(&b);
	buf_free(&b2);
}

int
main(void)
{
	sections();
	embedded();
	effective();
	between();
	mistakes();
	mistakes_of_tables();
	record();
	return done();
}
