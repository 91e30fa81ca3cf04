/*
 * t_authorise - the decision table of inlet-authorise(5), cell by cell: each
 * case is two channels, written as settings, and what comes of mail between
 * them.
 *
 * Channel "lan" has the source host, a.lan.example [192.0.2.7]; channel "out"
 * the destination host, x.far.example; ann@lan.example writes to
 * bob@x.far.example.
 */
#include "config.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include "lib/authmode.h"
#include "tables/authorise.h"
#include "tables/source.h"
#include "tests/tables/fixture.h"

#define ROWS 8

static const char *peer = "192.0.2.7", *name = "a.lan.example",
    *sender = "ann@lan.example", *recipient = "bob@x.far.example";

/* Splits s at every c, in place; gives how many. */
static size_t
split(char *s, char c, const char *parts[ROWS])
{
	size_t n = 0;

	for (;;) {
		if (n == ROWS)
			errx(1, "%s: more than %d parts", s, ROWS);
		parts[n++] = s;
		s = strchr(s, c);
		if (s == NULL)
			return n;
		*s++ = '\0';
	}
}

/* "insrc=row|row": a table of these rows, and the setting that names it. */
static void
add_table(struct conf *c, struct section *s, const char *setting, char *rows)
{
	const char *parts[ROWS];
	char title[64], why[256];
	size_t n = split(rows, '|', parts);
	struct section *t;

	(void)snprintf(title, sizeof(title), "%s-%s", s->title, setting);
	t = conf_section(c, TABLE, title);
	put(t, "type", "list");
	if (conf_set(t, "rows", parts, n, (struct origin){ "test.conf", 1 },
	    why, sizeof(why)) == -1)
		errx(1, "%s: %s", title, why);
	put(s, setting, title);
}

/* "auth=in-block,free;insrc=a: b|c;relay=yes"; auth is authorise, in short. */
static void
add_channel(struct conf *c, const char *title, const char *text)
{
	struct section *s = conf_section(c, CHANNEL, title);
	const char *settings[ROWS], *words[ROWS];
	char copy[512], why[256];
	size_t n;

	if (text[0] == '\0')
		return;
	(void)snprintf(copy, sizeof(copy), "%s", text);
	n = split(copy, ';', settings);
	for (size_t i = 0; i < n; i++) {
		const char *at = settings[i];
		char *value = strchr(copy + (at - copy), '=');

		*value++ = '\0';
		if (strcmp(at, "auth") == 0)
			at = "authorise";
		else if (strcmp(at, "auth-table") == 0)
			at = "authorise-table";
		if (strcmp(at, "authorise") == 0 ||
		    strcmp(at, "accept-from") == 0) {
			size_t k = split(value, ',', words);

			if (conf_set(s, at, words, k, (struct origin){
			    "test.conf", 2 }, why, sizeof(why)) == -1)
				errx(1, "%s: %s", at, why);
		} else if (strcmp(at, "relay") == 0 ||
		    strcmp(at, "program") == 0) {
			put(s, at, value);
		} else {
			add_table(c, s, at, value);
		}
	}
}

/* "yes OH" or "no *I", and "passed", "log", "warn" if it is to be told. */
static const char *
outcome(const struct authorised *a)
{
	static const char *const answers[] = { "yes", "no", "later" };
	static const char *const tells[] = { "", " passed", " log", " warn" };
	static char text[256];

	(void)snprintf(text, sizeof(text), "%s%s%s%s", answers[a->answer],
	    a->rule[0] != '\0' ? " " : "", a->rule, tells[a->tell]);
	return text;
}

enum { LAN, OUT };

static struct authorised decided;

static const char *
decide_from(int from, const char *lan, const char *out)
{
	struct conf *c = conf_new();
	struct sending sending = { .channel = from, .name = name };
	struct mailbox by = { .local = "" }, to;
	struct site s;
	struct buf why;

	put(&c->server, "hostname", "mx.example.org");
	add_channel(c, "lan", lan);
	add_channel(c, "out", out);
	buf_init(&why, 4000);
	if (site_open(&s, c, &why) == -1)
		errx(1, "%s", buf_str(&why));
	if (peer[0] != '\0' && net_parse(peer, &sending.peer) == -1)
		errx(1, "%s", peer);
	if (sender[0] != '\0' && path_parse_bare(sender, &by) != PATH_OK)
		errx(1, "%s", sender);
	if (path_parse_bare(recipient, &to) != PATH_OK)
		errx(1, "%s", recipient);
	sending.sender = &by;
	memset(&decided, 0x5a, sizeof(decided));
	authorise(&s, &sending, OUT, &to, &decided);
	if (strcmp(decided.table, "-") != 0)
		decided.table = "set";	/* it goes with the site */
	buf_free(&why);
	site_close(&s);
	conf_free(c);
	return outcome(&decided);
}

/* Into "out", whose program is smtp unless it says otherwise first. */
static void
row(const char *lan, const char *out, const char *want, const char *what)
{
	char text[512];

	(void)snprintf(text, sizeof(text), "%s%s%s", strncmp(out, "program=",
	    8) == 0 ? "" : "program=smtp", out[0] != '\0' &&
	    strncmp(out, "program=", 8) != 0 ? ";" : "", out);
	is(decide_from(LAN, lan, text), want, what);
}

static void
test_simple(void)
{
	row("", "", "no", "closed by default");
	row("relay=yes", "", "yes", "relay");
	row("", "accept-from=lan", "yes", "accept-from");
	row("relay=yes", "accept-from=out", "no",
	    "accept-from is the whole answer");
	row("auth=free", "", "yes", "free source");
	row("", "auth=free", "yes", "free destination");
	row("auth=free", "accept-from=out", "no",
	    "free source, and accept-from is still the whole answer");
	row("insrc=192.0.2.7", "outdest=x.far.example", "no",
	    "tables without modes allow nothing");
	is(decide_from(LAN, "", "program=local"), "yes", "local");
	is(decide_from(LAN, "", "program=local;accept-from=out"), "no",
	    "local with accept-from");
	is(decide_from(LAN, "relay=yes", ""), "no", "no program");
	is(decide_from(LAN, "auth=free", "auth=free"), "no",
	    "no program, free");
	is(decide_from(-1, "", "program=smtp"), "yes", "our own notices");
	is(decide_from(-1, "", "program=smtp;auth=out-block"), "yes",
	    "whatever the modes are");
	is(decide_from(LAN, "auth=out-block", "program=smtp;auth=in-block"),
	    "no", "modes for the other direction have no say");
	ok(!decided.modes, "and that is the simple form");
}

/* Each of the four tables, and each way in which its row can say yes. */
static void
test_hosts(void)
{
	row("", "auth=out-block;outdest=x.far.example", "yes OH",
	    "outdest: any");
	is(decided.key, "x.far.example", "the key is there");
	row("", "auth=out-block;outdest=.far.example", "yes OH",
	    "outdest: below a domain");
	row("", "auth=out-block;outdest=x.far.example: lan", "yes OH",
	    "outdest: the source channel");
	row("", "auth=out-block;outdest=x.far.example: a.lan.example",
	    "yes OH", "outdest: the source host");
	row("", "auth=out-block;outdest=x.far.example: .lan.example",
	    "yes OH", "outdest: below a domain");
	row("", "auth=out-block;outdest=x.far.example: 192.0.2.7", "yes OH",
	    "outdest: the source address");
	row("", "auth=out-block;outdest=x.far.example: 192.0.2.0/24",
	    "yes OH", "outdest: its prefix");
	row("", "auth=out-block;outdest=x.far.example: other, 192.0.3.0/24",
	    "no *O", "outdest: others");
	row("", "auth=out-block;outdest=x.far.example: other lan", "yes OH",
	    "outdest: one of several");
	row("", "auth=out-block;outdest=y.far.example", "no *O",
	    "outdest: another host");
	row("auth=in-block;insrc=a.lan.example", "", "yes IH", "insrc: any");
	row("auth=in-block;insrc=.lan.example", "", "yes IH",
	    "insrc: below a domain");
	row("auth=in-block;insrc=192.0.2.7", "", "yes IH",
	    "insrc: the address");
	row("auth=in-block;insrc=192.0.2.0/24: out", "", "yes IH",
	    "insrc: its prefix, the destination channel");
	row("auth=in-block;insrc=192.0.2.7: x.far.example", "", "yes IH",
	    "insrc: the destination host");
	row("auth=in-block;insrc=192.0.2.7: lan, y.far.example", "",
	    "no *I", "insrc: others");
	row("auth=in-block;insrc=192.0.2.7: y.far.example|a.lan.example", "",
	    "yes IH", "insrc: the address says no, the name yes");
	row("auth=in-block;insrc=b.lan.example", "", "no *I",
	    "insrc: another host");
	row("auth=in-block;insrc=192.0.2.0/24|!192.0.2.7|a.lan.example", "",
	    "no *I", "insrc: a negated address, whatever its name is");
	row("", "auth=out-block;outsrc=lan", "yes CC",
	    "outsrc: the channel, any");
	row("", "auth=out-block;outsrc=lan: x.far.example", "yes CH",
	    "outsrc: the channel, the destination host");
	row("", "auth=out-block;outsrc=lan: y.far.example", "no *O",
	    "outsrc: the channel, another host");
	row("", "auth=out-block;outsrc=lan: out", "no *O",
	    "outsrc: a channel is no host");
	row("", "auth=out-block;outsrc=a.lan.example", "yes HC",
	    "outsrc: the host, any");
	row("", "auth=out-block;outsrc=192.0.2.7: x.far.example", "yes HH",
	    "outsrc: the address, the destination host");
	row("", "auth=out-block;outsrc=lan: y.far.example|a.lan.example",
	    "yes HC", "outsrc: the channel says no, the host yes");
	row("auth=in-block;indest=out", "", "yes CC",
	    "indest: the channel, any");
	row("auth=in-block;indest=out: a.lan.example", "", "yes CH",
	    "indest: the channel, the source host");
	row("auth=in-block;indest=out: b.lan.example", "", "no *I",
	    "indest: the channel, another host");
	row("auth=in-block;indest=out: lan", "", "no *I",
	    "indest: a channel is no host");
	row("auth=in-block;indest=x.far.example", "", "yes HC",
	    "indest: the host, any");
	row("auth=in-block;indest=.far.example: 192.0.2.0/24", "", "yes HH",
	    "indest: the host, the source's prefix");
	row("auth=in-block;indest=y.far.example", "", "no *I",
	    "indest: another host");
}

/* The four in order, and what one of them is good for. */
static void
test_order(void)
{
	row("auth=in-block;insrc=192.0.2.7;indest=out",
	    "auth=out-block;outdest=x.far.example;outsrc=lan", "yes OH",
	    "outdest first");
	row("auth=in-block;insrc=192.0.2.7;indest=out",
	    "auth=out-block;outdest=y.far.example;outsrc=lan", "yes IH",
	    "then insrc");
	row("auth=in-block;insrc=192.0.2.8;indest=x.far.example",
	    "auth=out-block;outdest=y.far.example;outsrc=lan", "yes CC",
	    "then outsrc");
	is(decided.key, "lan", "by the source channel");
	row("auth=in-block;insrc=192.0.2.8;indest=x.far.example",
	    "auth=out-block;outdest=y.far.example;outsrc=other", "yes HC",
	    "then indest");
	is(decided.key, "x.far.example", "by the destination host");
	row("auth=in-block", "auth=out-block;outdest=x.far.example", "yes OH",
	    "the destination's row is good for in, too");
	row("auth=in-block;insrc=192.0.2.7", "auth=out-block", "yes IH",
	    "the source's row is good for out, too");
	row("auth=in-block", "outdest=x.far.example", "yes OH",
	    "also where the destination has no modes");
	row("auth=in-block", "auth=out-block", "no *I", "neither");
	peer = "";
	name = "";
	row("auth=in-block;insrc=192.0.2.7|a.lan.example", "", "no *I",
	    "a source without address and name is in no table");
	row("", "auth=out-block;outsrc=lan", "yes CC", "but has a channel");
	peer = "192.0.2.7";
	row("auth=in-block;insrc=a.lan.example", "", "no *I",
	    "a name that is not confirmed is none");
	name = "a.lan.example";
	recipient = "bob@[198.51.100.9]";
	row("", "auth=out-block;outdest=198.51.100.0/24", "yes OH",
	    "a literal by its prefix");
	row("auth=in-block;insrc=192.0.2.7: 198.51.100.9", "", "yes IH",
	    "a literal in a value");
	recipient = "bob@x.far.example";
}

#define IN(words, table) "auth=" words ";auth-table=" table
#define ANN "ann@lan.example: "
#define BOB "bob@x.far.example: "

static void
test_users(void)
{
	row(IN("in-block", ANN "send"), "", "yes IS", "a sender");
	is(decided.key, "ann@lan.example", "whose address is the key");
	row(IN("in-block", ANN "both"), "", "yes IS", "both");
	row(IN("in-block", "ann@lan.example"), "", "yes IS",
	    "no word is both");
	row(IN("in-block", ANN "recv"), "", "no *I", "who may only receive");
	row(IN("in-block", BOB "recv"), "", "yes IR", "a recipient");
	is(decided.key, "bob@x.far.example", "whose address is the key");
	row(IN("in-block", BOB "both"), "", "yes IR", "both");
	row(IN("in-block", BOB "send"), "", "no *I", "who may only send");
	row(IN("in-block", BOB "list"), "", "yes IL", "a list");
	row(IN("in-block", ANN "list"), "", "no *I", "a sender is no list");
	row(IN("in-block", BOB "list|" ANN "send"), "", "yes IL",
	    "the list comes first");
	row(IN("in-block", BOB "recv|" ANN "send"), "", "yes IS",
	    "then the sender");
	row(IN("in-block", "@lan.example: send"), "", "yes IS",
	    "a whole domain");
	row(IN("in-block", "@lan.example: send|" ANN "expire"), "", "no *I",
	    "but its own row counts before that");
	row(IN("in-block", "@lan.example: send|!ann@lan.example"), "",
	    "no *I", "or that it is negated");
	row(IN("in-block", ANN "expire"), "", "no *I", "expired");
	row(IN("in-block", ANN "expire|" BOB "recv"), "", "no *I",
	    "expired: the recipient does not save it");
	row(IN("in-block", BOB "expire|" ANN "send"), "", "no *I",
	    "the recipient expired");
	row(IN("in-block", ANN "\"Pay, please\""), "", "no *I", "a reason");
	is(decided.text, "Pay, please", "which is there to be told");
	row(IN("in-block", ANN "send lan"), "", "yes IS",
	    "for this channel");
	row(IN("in-block", ANN "send out other"), "", "no *I",
	    "for others");
	row(IN("in-block", ANN "send other, lan"), "", "yes IS",
	    "for this and others");
	row(IN("in-block", ANN "send other, recv lan"), "", "no *I",
	    "each word has its channels");
	row(IN("in-block", ANN "expire other|" ANN "send"), "", "yes IS",
	    "expired for another");
	row(IN("in-block", ANN "sends"), "", "later", "a bad row");
	row("auth=in-block", "", "no *I", "no auth-table, no users");
	row("", IN("out-block", ANN "send out"), "yes OS", "out: a sender");
	row("", IN("out-block", ANN "send lan"), "no *O",
	    "out: for the source channel, which is not asked");
	row("", IN("out-block", BOB "recv"), "yes OR", "out: a recipient");
	row("", IN("out-block", BOB "list"), "yes OL", "out: a list");
	row(IN("in-block", ANN "send"), IN("out-block", BOB "recv"),
	    "yes IS OR", "each direction for itself");
	row(IN("in-block", ANN "send"), "auth=out-block", "no IS *O",
	    "one is not enough");
	row(IN("in-block", ANN "send;insrc=192.0.2.7"), "auth=out-block",
	    "yes IH", "the host pass comes first");
	sender = "";
	row(IN("in-block", "@lan.example: send"), "", "no *I",
	    "the null sender is nobody");
	row(IN("in-block", BOB "recv"), "", "yes IR", "but may be received");
	sender = "ANN@Lan.Example";
	row(IN("in-block", ANN "send"), "", "yes IS", "in any case");
	sender = "ann@lan.example";
}

#define BOTH "in-block,host-and-user"

static void
test_host_and_user(void)
{
	row(IN(BOTH, ANN "send;insrc=192.0.2.7"), "", "yes IH IS",
	    "the host and the user");
	row(IN(BOTH, ANN "send;insrc=192.0.2.8"), "", "no *I",
	    "a user without the host");
	row(IN(BOTH, "joe@lan.example: send;insrc=192.0.2.7"), "",
	    "no IH *I", "a host without the user");
	row(IN(BOTH, ANN "send"), "", "no *I", "no table of hosts at all");
	row(IN(BOTH, ANN "send"), "auth=out-block;outdest=x.far.example",
	    "yes OH IS", "another channel's host: the user is still wanted");
	row(IN(BOTH, "joe@lan.example: send"),
	    "auth=out-block;outdest=x.far.example", "no OH *I",
	    "a host of another channel lends no trust");
	row(IN("in-block", ANN "send"),
	    IN("out-block,host-and-user", ANN "send"), "no *I",
	    "no host, and the other end wants both");
	row("", "program=smtp", "no", "and without modes nothing changes");
	row(IN("out-block,host-and-user", ANN "send"),
	    "auth=out-block;outsrc=lan", "yes CC",
	    "host-and-user is for the directions that have modes");
}

/* log and warn leave it to the simple form; block does not. */
static void
test_modes(void)
{
	row("auth=in-log", "", "no *I log", "log opens nothing");
	row("auth=in-log;relay=yes", "", "yes *I log", "log with relay");
	row("auth=in-log,free", "", "yes *I log", "log with free");
	row("auth=in-warn;relay=yes", "", "yes *I warn", "warn");
	row("auth=in-log", "accept-from=lan", "yes *I log",
	    "log, and the destination accepts");
	row("auth=in-log", "accept-from=out", "no",
	    "log, and it does not");
	row("auth=in-log;insrc=192.0.2.7", "accept-from=out", "no",
	    "no row opens what accept-from closes");
	row("auth=in-log;insrc=192.0.2.7", "", "yes IH passed",
	    "log, a rule allows it");
	row("auth=in-log,in-block;insrc=192.0.2.7", "", "yes IH passed",
	    "log and block, a rule allows it");
	row("auth=in-block;insrc=192.0.2.7", "", "yes IH",
	    "block alone has nothing to tell");
	row("auth=in-log,in-block", "program=local", "no *I",
	    "log and block: block wins");
	row("auth=in-block,in-log,in-warn", "", "no *I", "in any order");
	row("auth=in-log,in-warn;relay=yes", "", "yes *I warn",
	    "log and warn: warn wins");
	row("relay=yes", "auth=out-log", "yes *O log", "out: log");
	row("relay=yes", "auth=out-warn", "yes *O warn", "out: warn");
	row("relay=yes", "auth=out-block", "no *O",
	    "out: block, whatever the source may");
	row("relay=yes", "auth=out-log,out-block", "no *O",
	    "out: log and block");
	row("", "auth=out-log,free", "yes *O log", "out: log with free");
	row("auth=in-log;relay=yes", "auth=out-block", "no *I *O",
	    "one end logs, the other blocks");
	row("auth=in-block", "auth=out-log,free", "no *I",
	    "the other way round");
	row("auth=in-log;relay=yes", "auth=out-warn", "yes *I *O warn",
	    "one logs, the other warns");
	row("auth=in-log;relay=yes", IN("out-warn", ANN "send"),
	    "yes *I OS log", "only the end that fails counts");
	is(decide_from(LAN, "auth=in-log", "program=local"), "yes *I log",
	    "log, to local users");
	is(decide_from(LAN, "auth=in-block;indest=out", "program=local"),
	    "yes CC", "block, and the row for local users");
}

/* A table that cannot be read never changes the answer. */
static void
later(const char *what, size_t table, const char *want)
{
	static char broken_name[] = "broken";
	struct conf *c = conf_new();
	struct sending from = { .channel = LAN, .name = name };
	struct mailbox to, by;
	struct site s;
	struct buf why;

	put(&c->server, "hostname", "mx.example.org");
	add_channel(c, "lan", "auth=in-log,free");
	add_channel(c, "out", "program=smtp;auth=out-log");
	buf_init(&why, 4000);
	if (site_open(&s, c, &why) == -1 || net_parse(peer, &from.peer) == -1
	    || path_parse_bare(recipient, &to) != PATH_OK ||
	    path_parse_bare(sender, &by) != PATH_OK)
		errx(1, "%s", buf_str(&why));
	from.sender = &by;
	*(struct tb **)(void *)((char *)&s.channels[LAN] + table) = &broken;
	broken.name = broken_name;
	authorise(&s, &from, OUT, &to, &decided);
	is(outcome(&decided), want, what);
	*(struct tb **)(void *)((char *)&s.channels[LAN] + table) = NULL;
	buf_free(&why);
	site_close(&s);
	conf_free(c);
}

static void
test_later(void)
{
	later("insrc fails", offsetof(struct site_channel, insrc), "later");
	later("indest fails", offsetof(struct site_channel, indest),
	    "later");
	later("auth-table fails", offsetof(struct site_channel, users),
	    "later");
	later("outsrc of the source is not asked",
	    offsetof(struct site_channel, outsrc), "yes *I *O log");
}

/* The name is asked for only where it can matter. */
static void
test_names(void)
{
	static const struct {
		const char *lan;
		bool needs;
	} rows[] = {
		{ "relay=yes", false }, { "auth=free", false },
		{ "insrc=a.lan.example", false },
		{ "auth=in-block", false },
		{ "auth=in-block;auth-table=ann@lan.example", false },
		{ "auth=in-block;insrc=a.lan.example", true },
		{ "auth=in-log;indest=out: a.lan.example", true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct conf *c = conf_new();
		struct source_list l;
		struct site s;
		struct buf why;

		add_channel(c, "lan", rows[i].lan);
		buf_init(&why, 4000);
		if (site_open(&s, c, &why) == -1 ||
		    source_channels(c, -1, "", &l, &why) == -1)
			errx(1, "%s", buf_str(&why));
		num(source_needs_name(&s, &l), rows[i].needs, rows[i].lan);
		buf_free(&why);
		site_close(&s);
		conf_free(c);
	}
}

int
main(void)
{
	test_simple();
	test_hosts();
	test_order();
	test_users();
	test_host_and_user();
	test_modes();
	test_later();
	test_names();
	return done();
}
