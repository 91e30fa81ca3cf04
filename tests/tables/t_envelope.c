/*
 * t_envelope - what settings and tables say of senders, recipients and names
 * in HELO: every reply, who is spared, and tables that cannot be read.
 */
#include "config.h"

#include "tables/envelope.h"
#include "tests/tables/fixture.h"

static struct conf *conf;
static struct site site;
static struct settings set;
static struct mailbox sender, recipient;
static bool listed;

static struct section *
list(const char *title, const char *row, const char *more)
{
	struct section *s = conf_section(conf, TABLE, title);

	put(s, "type", "list");
	if (more != NULL)
		put(s, "rows", row, more);
	else
		put(s, "rows", row);
	return s;
}

static void
make(void)
{
	struct section *s;
	struct buf why;

	conf = conf_new();
	list("here", "example.org", "[192.0.2.1]");
	list("people", "user", NULL);
	list("bad", "@spam.test: no spam", "x@example.org");
	s = conf_section(conf, CHANNEL, "local");
	put(s, "table", "here");
	put(s, "program", "local");
	put(s, "mailboxes", "people");
	put(conf_section(conf, CHANNEL, "lan"), "relay", "yes");
	s = conf_section(conf, CHANNEL, "world");
	put(s, "recipient-refuse", "bad");
	put(&conf->server, "hostname", "mx.example.net");
	put(&conf->server, "local-names", "Mail.Example.net", "192.0.2.27");
	buf_init(&why, 1000);
	if (site_open(&site, conf, &why) != 0)
		errx(1, "%s", buf_str(&why));
	buf_free(&why);
}

static struct envelope
envelope(const char *from, int channel)
{
	memset(&sender, 0, sizeof(sender));
	if (from[0] != '\0' && path_parse_bare(from, &sender) != PATH_OK)
		errx(1, "%s", from);
	return (struct envelope){ .site = &site, .set = &set,
	    .listed = listed, .from = {
	    .channel = channel, .name = "", .sender = &sender } };
}

enum { LOCAL, LAN, WORLD };
#define GOOD REPLY_OK

static void
check(int rc, const struct reply *r, enum reply_name want, const char *what)
{
	enum reply_name got = rc == 0 ? GOOD : r->name;

	is(reply_name_text(got), reply_name_text(want), what);
}

static void
from(const char *text, int channel, enum reply_name want)
{
	struct envelope e = envelope(text, channel);
	struct reply r = { 0 };
	char what[200];

	(void)snprintf(what, sizeof(what), "<%s> of channel %d", text,
	    channel);
	check(envelope_sender(&e, &r), &r, want, what);
}

static void
to(const char *text, enum reply_name want, bool postmaster)
{
	struct envelope e = envelope("", WORLD);
	struct reply r = { 0 };

	if (path_parse_bare(text, &recipient) != PATH_OK)
		errx(1, "%s", text);
	check(envelope_recipient_refuse(&e, &recipient, &r), &r, want, text);
	ok(envelope_postmaster(&e, &recipient) == postmaster, "postmaster");
}

static void
helo(const char *text, int channel, enum reply_name want)
{
	struct envelope e = envelope("", channel);
	struct reply r = { 0 };
	struct netaddr local;
	int rc;

	if (net_parse("192.0.2.25", &local) == -1)
		errx(1, "local");
	rc = envelope_helo_refuse(&e, text, &r);
	if (rc == 0)
		rc = envelope_helo_own(&e, text, &local, &r);
	check(rc, &r, want, text);
}

static void
senders(void)
{
	settings_defaults(&set);
	from("", WORLD, GOOD);
	from("a@b", WORLD, GOOD);
	from("a@[192.0.2.9]", WORLD, GOOD);
	from("nobody@example.org", WORLD, GOOD);
	set.sender_null = SENDER_NULL_REFUSE;
	set.sender_refuse = "bad";
	set.sender_literal = SENDER_LITERAL_REFUSE;
	set.sender_domain = SENDER_FULL;
	set.sender_own = SENDER_OWN_REFUSE;
	from("", WORLD, REPLY_NULL_SENDER);
	from("a@spam.test", WORLD, REPLY_LISTED);
	from("a@x.spam.test", WORLD, GOOD);
	from("X@Example.org", WORLD, REPLY_LISTED);
	from("a@[192.0.2.9]", WORLD, REPLY_SENDER_LITERAL);
	from("a@b", WORLD, REPLY_SENDER_NOT_FULL);
	from("user@example.org", WORLD, REPLY_SENDER_OURS);
	from("user@example.org", LAN, GOOD);
	from("user@example.org", -1, GOOD);
	from("user@example.org", LOCAL, REPLY_SENDER_OURS);
	listed = true;
	from("user@example.org", LOCAL, GOOD);
	from("user@example.org", WORLD, REPLY_SENDER_OURS);
	listed = false;
	from("a@far.test", WORLD, GOOD);
	set.sender_own = SENDER_OWN_EXISTS;
	from("user@example.org", WORLD, GOOD);
	from("nobody@example.org", WORLD, REPLY_SENDER_UNKNOWN);
	from("nobody@example.org", LAN, GOOD);
}

static void
details(void)
{
	struct envelope e = envelope("a@spam.test", WORLD);
	struct reply r;

	num(envelope_sender(&e, &r), -1, "a row");
	is(r.text, "no spam", "its value is the text");
	is(r.reason, "sender_refuse", "the reason");
	is(r.detail, "table=bad row=99", "where it stands");
	e = envelope("x@example.org", WORLD);
	num(envelope_sender(&e, &r), -1, "a row without a value");
	is(r.text, "Access denied", "has a text");
	e.from.uncertain = true;
	num(envelope_sender(&e, &r), -1, "of a channel that is not certain");
	is(reply_name_text(r.name), reply_name_text(REPLY_UNCERTAIN),
	    "for now");
	e = envelope("", WORLD);
	e.from.sender = NULL;
	set.sender_null = SENDER_NULL_ACCEPT;
	num(envelope_sender(&e, &r), 0, "no sender is the null one");
}

static void
names(void)
{
	settings_defaults(&set);
	helo("mx.example.net", WORLD, GOOD);
	set.helo_own = HELO_OWN_REFUSE;
	helo("MX.example.net", WORLD, REPLY_HELO_OWN);
	helo("mx.example.net", LAN, GOOD);
	helo("Example.org", WORLD, REPLY_HELO_OWN);
	helo("a.example.org", WORLD, GOOD);
	helo("[192.0.2.25]", WORLD, REPLY_HELO_OWN);
	helo("[192.0.2.26]", WORLD, GOOD);
	helo("[192.0.2.27]", WORLD, REPLY_HELO_OWN);
	helo("192.0.2.27", WORLD, REPLY_HELO_OWN);
	helo("mail.example.net", WORLD, REPLY_HELO_OWN);
	helo("", WORLD, GOOD);
	set.helo_refuse = "here";
	helo("example.org", LAN, REPLY_LISTED);
	helo("[192.0.2.1]", LAN, REPLY_LISTED);
	helo("", LAN, GOOD);
}

/* Neither passed nor refused for good. */
static void
trouble(void)
{
	struct tb *here = site.channels[LOCAL].hosts;
	struct tb *bad = site.tables[conf_table(conf, "bad")];

	settings_defaults(&set);
	set.sender_refuse = "bad";
	site.tables[conf_table(conf, "bad")] = &broken;
	from("a@spam.test", WORLD, REPLY_POLICY_FAILED);
	site.tables[conf_table(conf, "bad")] = bad;
	site.channels[LOCAL].hosts = &broken;
	set.sender_own = SENDER_OWN_REFUSE;
	from("a@far.test", WORLD, REPLY_POLICY_FAILED);
	set.helo_own = HELO_OWN_REFUSE;
	helo("far.test", WORLD, REPLY_POLICY_FAILED);
	site.channels[LOCAL].hosts = here;
}

int
main(void)
{
	make();
	senders();
	details();
	settings_defaults(&set);
	to("x@example.org", GOOD, false);
	set.recipient_refuse = "bad";
	to("x@example.org", REPLY_LISTED, false);
	to("y@example.org", GOOD, false);
	to("PostMaster@example.org", GOOD, true);
	set.delay_refusals = false;
	to("postmaster@example.org", GOOD, false);
	names();
	trouble();
	site_close(&site);
	conf_free(conf);
	return done();
}
