/*
 * t_route - where recipients go, and which may not.
 */
#include "config.h"

#include "lib/authmode.h"
#include "tables/route.h"
#include "tables/watch.h"
#include "tests/tables/fixture.h"

static struct conf *conf;
static struct site site;

static void
rows_table(const char *title, const char *kind, const char *text)
{
	struct section *s;

	s = conf_file_table(conf, title, kind, scratch_file(title, text));
	(void)s;
}

static void
make_tables(void)
{
	rows_table("hosts", "text", "example.org\n.example.org\n"
	    "[192.0.2.1]\n192.0.2.2\n2001:db8::1\n127.0.0.1\n");
	rows_table("lan", "text", "lan.example\nshared.example\n10.0.0.0/8\n"
	    ".lan.example\n!no.lan.example\n");
	rows_table("partner", "text", "partner.example\nshared.example\n");
	rows_table("void", "text", "void.example\n");
	rows_table("users", "text",
	    "bob\n"
	    "ann@example.org\n"
	    "full+x@example.org\n"
	    "full@example.org\n"
	    "folder: Team/In Box\n"
	    "evil1: ../x\nevil2: /etc\nevil3: a/../b\nevil4: a//b\n"
	    "evil5: b\303\274ro\n"
	    "////////////////////////////////////////////////////////////////"
	    "\n"
	    "@all.example.org\n"
	    "!gone@all.example.org\n"
	    "@box.example.org: everybody\n");
	rows_table("aliases", "text",
	    "one@example.org: bob\n"
	    "two: bob, ann@example.org, bob@example.org\n"
	    "deep: two, one\n"
	    "self: self, bob\n"
	    "bob@self.example.org: bob@self.example.org, ann@example.org\n"
	    "ping: pong\npong: ping\n"
	    "ping2: bob, pong2\npong2: ping2\n"
	    "out: someone@lan.example\n"
	    "lost: someone@nowhere.example\n"
	    "half: someone@nowhere.example, bob, |prog, @@, /file\n"
	    "quoted: \"a,b\"@lan.example, \"q\"\n"
	    "nothing\n"
	    "tag+one: ann@example.org\n"
	    "tag: bob\n"
	    "@moved.example.org: bob\n"
	    "!any@moved.example.org\n"
	    "l0: l1\nl1: l2\nl2: l3\nl3: l4\nl4: l5\nl5: l6\nl6: l7\n"
	    "l7: l8\nl8: l9\nl9: bob\n"
	    "m0: l0\n");
}

static struct section *
add_channel(const char *title, const char *table, const char *program)
{
	struct section *s = conf_section(conf, CHANNEL, title);

	if (table[0] != '\0')
		put(s, "table", table);
	if (program[0] != '\0')
		put(s, "program", program);
	return s;
}

enum { LOCAL, CLOSED, LAN, PARTNER, VOID, USERS, WORLD };

static void
make_channels(void)
{
	struct section *s = add_channel("local", "hosts", "local");

	put(s, "mailboxes", "users");
	put(s, "aliases", "aliases");
	s = add_channel("closed", "partner", "smtp");
	put(s, "accept-from", "users");
	(void)add_channel("lan", "lan", "smtp");
	s = add_channel("partner", "partner", "smtp");
	put(s, "accept-from", "world", "lan");
	(void)add_channel("void", "void", "");
	s = add_channel("users", "", "");
	put(s, "relay", "yes");
	(void)add_channel("world", "", "");
}

/*
 * "channel host address mailbox; ..." of the routes, or "code enhanced
 * reason".
 */
static const char *
routed(int source, bool uncertain, const char *address)
{
	static char text[4096];
	struct mailbox m;
	struct routes r = { .n = 0 };
	struct sending from = { .channel = source, .uncertain = uncertain,
	    .name = "" };
	struct reply reply, alone;
	size_t len = 0, i;
	int rc;

	memset(&m, 0, sizeof(m));
	if (strcmp(address, "postmaster") == 0 ||
	    strcmp(address, "Postmaster") == 0)
		(void)snprintf(m.local, sizeof(m.local), "%s", address);
	else if (path_parse_bare(address, &m) != PATH_OK)
		errx(1, "%s", address);
	rc = route_recipient(&site, &from, &m, &r, &reply, NULL);
	if (route_recipient(&site, &from, &m, NULL, &alone, NULL) !=
	    rc || alone.name != reply.name)
		ok(false, "the same answer without room for routes");
	if (rc == -1) {
		(void)snprintf(text, sizeof(text), "%d %s %s%s%s", reply.code,
		    reply.enhanced, reply.reason, reply.detail[0] != '\0' ?
		    " " : "", reply.detail);
		if (r.n != 0)
			ok(false, "no routes with a refusal");
	} else if (reply.name != REPLY_RECIPIENT_OK) {
		ok(false, "the reply");
	}
	for (i = 0; i < r.n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%s %s %s %s", i > 0 ? "; " : "",
		    conf->channels[r.at[i].channel].title, r.at[i].host,
		    r.at[i].address, r.at[i].mailbox);
	routes_free(&r);
	return text;
}

#define BOB "local example.org bob@example.org example.org/bob"
#define ANN "local example.org ann@example.org example.org/ann"
#define NOUSER "550 5.1.1 no-such-user"
#define BAD_FOLDER "451 4.3.0 table table=users row="
#define BROKEN "451 4.3.0 table table=broken"

static void
test_mailboxes(void)
{
	is(routed(WORLD, false, "bob@example.org"), BOB, "a user");
	is(routed(WORLD, false, "Bob@Example.Org"),
	    "local example.org Bob@example.org example.org/bob", "any case");
	is(routed(WORLD, false, "bob@sub.example.org"), "local "
	    "sub.example.org bob@sub.example.org sub.example.org/bob",
	    "a user below the domain");
	is(routed(WORLD, false, "ann@example.org"), ANN, "user@domain");
	is(routed(WORLD, false, "ann@sub.example.org"), NOUSER,
	    "not in another domain");
	is(routed(WORLD, false, "carl@example.org"), NOUSER, "nobody");
	is(routed(WORLD, false, "bob+x@example.org"),
	    "local example.org bob+x@example.org example.org/bob",
	    "an extension");
	is(routed(WORLD, false, "bob+x+y@example.org"),
	    "local example.org bob+x+y@example.org example.org/bob",
	    "a longer extension");
	is(routed(WORLD, false, "full+x@example.org"), "local example.org "
	    "full+x@example.org example.org/full+x", "a row of its own");
	is(routed(WORLD, false, "full+y@example.org"),
	    "local example.org full+y@example.org example.org/full",
	    "no row of its own");
	is(routed(WORLD, false, "+x@example.org"), NOUSER,
	    "nothing before the extension");
	is(routed(WORLD, false, "any+x@all.example.org"), "local "
	    "all.example.org any+x@all.example.org all.example.org/any",
	    "all of a domain");
	is(routed(WORLD, false, "any@box.example.org"), "local "
	    "box.example.org any@box.example.org everybody",
	    "all into one folder");
	is(routed(WORLD, false, "folder@example.org"), "local example.org "
	    "folder@example.org Team/In Box", "a folder by value");
	is(routed(WORLD, false, "evil1@example.org"), BAD_FOLDER "6", "..");
	is(routed(WORLD, false, "evil2@example.org"), BAD_FOLDER "7", "/");
	is(routed(WORLD, false, "evil3@example.org"), BAD_FOLDER "8",
	    ".. within");
	is(routed(WORLD, false, "evil4@example.org"), BAD_FOLDER "9", "//");
	is(routed(WORLD, false, "evil5@example.org"), BAD_FOLDER "10",
	    "not ASCII");
	is(routed(WORLD, false, "\"bob@example.org\"@sub.example.org"),
	    NOUSER, "a quoted local part is no address");
	is(routed(WORLD, true, "carl@example.org"), NOUSER,
	    "nobody, whatever the source is");
}

/* A row with '!' takes one thing out of what another row holds. */
static void
test_negated(void)
{
	is(routed(USERS, false, "x@a.lan.example"),
	    "lan a.lan.example x@a.lan.example ", "a domain below ours");
	is(routed(USERS, false, "x@no.lan.example"), "550 5.4.4 no-route",
	    "a domain");
	is(routed(WORLD, false, "gone@all.example.org"), NOUSER, "a mailbox");
	is(routed(WORLD, false, "gone+x@all.example.org"), NOUSER,
	    "with its extensions");
	is(routed(WORLD, false, "any@moved.example.org"), NOUSER, "an alias");
}

static void
test_literals(void)
{
	is(routed(WORLD, false, "bob@[192.0.2.1]"), "local [192.0.2.1] "
	    "bob@[192.0.2.1] %5B192.0.2.1%5D/bob", "a literal by its key");
	is(routed(WORLD, false, "bob@[192.0.2.2]"), "local [192.0.2.2] "
	    "bob@[192.0.2.2] %5B192.0.2.2%5D/bob", "by its address");
	is(routed(WORLD, false, "bob@[IPv6:2001:db8:0::1]"), "local "
	    "[ipv6:2001:db8::1] bob@[ipv6:2001:db8::1] "
	    "%5Bipv6%3A2001%3Adb8%3A%3A1%5D/bob", "IPv6");
	is(routed(WORLD, false, "bob@[192.0.2.3]"), "550 5.7.1 relay",
	    "another");
}

static void
test_postmaster(void)
{
	is(routed(WORLD, false, "postmaster"), "local mx.example.org "
	    "postmaster@mx.example.org mx.example.org/postmaster", "ours");
	is(routed(WORLD, false, "Postmaster"), "local mx.example.org "
	    "Postmaster@mx.example.org mx.example.org/postmaster",
	    "in any case");
	is(routed(WORLD, false, "postMaster+x@a.example.org"), "local "
	    "a.example.org postMaster+x@a.example.org "
	    "a.example.org/postmaster", "of each domain");
	is(routed(WORLD, false, "postmaster@moved.example.org"), "local "
	    "moved.example.org bob@moved.example.org moved.example.org/bob",
	    "by an alias");
	is(routed(WORLD, false, "postmasters@example.org"), NOUSER,
	    "nobody else");
}

static void
test_aliases(void)
{
	is(routed(WORLD, false, "one@example.org"), BOB, "one target");
	is(routed(WORLD, false, "ONE@example.org"), BOB, "in any case");
	is(routed(WORLD, false, "two@example.org"), BOB "; " ANN,
	    "several, each once");
	is(routed(WORLD, false, "deep@example.org"), BOB "; " ANN, "deeper");
	is(routed(WORLD, false, "self@example.org"), BOB,
	    "itself, which has no mailbox");
	is(routed(WORLD, false, "bob@self.example.org"), "local "
	    "self.example.org bob@self.example.org self.example.org/bob; "
	    ANN, "itself, which has one");
	is(routed(WORLD, false, "ping@example.org"), NOUSER, "only a loop");
	is(routed(WORLD, false, "ping2@example.org"), BOB, "a loop and more");
	is(routed(WORLD, false, "out@example.org"),
	    "lan lan.example someone@lan.example ",
	    "outside, where the source may not send");
	is(routed(WORLD, false, "lost@example.org"), NOUSER, "nowhere");
	is(routed(WORLD, true, "lost@example.org"), NOUSER,
	    "nowhere, whatever the source is");
	is(routed(WORLD, false, "half@example.org"), BOB,
	    "the good one of several");
	is(routed(WORLD, false, "quoted@example.org"),
	    "lan lan.example \"a,b\"@lan.example ", "a comma in quotes");
	is(routed(WORLD, false, "nothing@example.org"), NOUSER, "no target");
	is(routed(WORLD, false, "tag+one@example.org"), ANN,
	    "of the extension");
	is(routed(WORLD, false, "tag+two@example.org"), BOB,
	    "of any extension");
	is(routed(WORLD, false, "x@moved.example.org"), "local "
	    "moved.example.org bob@moved.example.org moved.example.org/bob",
	    "of a domain");
	is(routed(WORLD, false, "l0@example.org"), BOB, "as deep as may be");
	is(routed(WORLD, false, "m0@example.org"), "451 4.3.0 table "
	    "limit=alias-depth value=11 most=10", "deeper");
}

static void
test_channels(void)
{
	is(routed(WORLD, false, "x@nowhere.example"), "550 5.7.1 relay",
	    "no channel has it");
	is(routed(USERS, false, "x@nowhere.example"), "550 5.4.4 no-route",
	    "the same for who may relay");
	is(routed(-1, false, "x@nowhere.example"), "550 5.4.4 no-route",
	    "the same for our own notices");
	is(routed(WORLD, false, "x@lan.example"), "550 5.7.1 relay",
	    "a channel for relays only");
	is(routed(USERS, false, "x@lan.example"),
	    "lan lan.example x@lan.example ", "from one that may relay");
	is(routed(-1, false, "x@lan.example"),
	    "lan lan.example x@lan.example ", "our own notice");
	is(routed(USERS, false, "x@[10.1.2.3]"),
	    "lan [10.1.2.3] x@[10.1.2.3] ", "a literal by its prefix");
	is(routed(USERS, false, "x@void.example"), "550 5.4.4 no-route",
	    "a channel with no program");
	is(routed(-1, false, "x@void.example"), "550 5.4.4 no-route",
	    "even for our own notices");
	is(routed(WORLD, false, "x@partner.example"),
	    "partner partner.example x@partner.example ",
	    "the next channel that has it");
	is(routed(USERS, false, "x@partner.example"),
	    "closed partner.example x@partner.example ",
	    "the first channel that has it");
	is(routed(PARTNER, false, "x@partner.example"),
	    "550 5.7.1 not-authorized", "none of them");
	is(routed(WORLD, false, "x@shared.example"),
	    "partner shared.example x@shared.example ", "not the relay's");
	is(routed(WORLD, true, "x@nowhere.example"), "451 4.4.3 uncertain",
	    "no relay, uncertain");
	is(routed(PARTNER, true, "x@partner.example"), "451 4.4.3 uncertain",
	    "not authorised, uncertain");
	ok(!authorise_simple(conf, WORLD, LAN) &&
	    authorise_simple(conf, USERS, LAN) &&
	    !authorise_simple(conf, USERS, PARTNER) &&
	    authorise_simple(conf, LAN, PARTNER) &&
	    authorise_simple(conf, WORLD, LOCAL) &&
	    authorise_simple(conf, VOID, LOCAL) &&
	    authorise_simple(conf, -1, LAN) &&
	    !authorise_simple(conf, CLOSED, VOID), "the closed default");
}

/* The modes themselves are t_authorise.c's; here is what follows from them. */
static void
test_modes(void)
{
	struct site_channel *ch = site.channels;
	struct sending from = { .channel = WORLD, .name = "" };
	struct authorised why;
	struct reply reply;
	struct mailbox m;

	site.authorises = true;
	ch[PARTNER].auth = AUTH_OUT_BLOCK;
	is(routed(WORLD, false, "x@partner.example"), "550 5.7.1 "
	    "not-authorized to-channel=partner rule=*O table=- key=-",
	    "refused, and the rule");
	is(routed(WORLD, true, "x@partner.example"), "451 4.4.3 uncertain "
	    "to-channel=partner rule=*O table=- key=-", "uncertain");
	is(routed(USERS, false, "x@partner.example"),
	    "closed partner.example x@partner.example ",
	    "a channel before it");
	is(routed(-1, false, "x@partner.example"),
	    "closed partner.example x@partner.example ", "our own notice");
	ch[LAN].auth = AUTH_OUT_BLOCK;
	ch[PARTNER].auth = 0;
	is(routed(WORLD, false, "x@shared.example"),
	    "partner shared.example x@shared.example ",
	    "the next channel that has it");
	is(routed(WORLD, false, "x@lan.example"), "550 5.7.1 not-authorized "
	    "to-channel=lan rule=*O table=- key=-", "no next one");
	is(routed(WORLD, false, "out@example.org"),
	    "lan lan.example someone@lan.example ",
	    "an alias leads where its sender may not");
	num(path_parse_bare("out@example.org", &m), PATH_OK, "an address");
	ch[WORLD].auth = AUTH_IN_LOG;
	num(route_recipient(&site, &from, &m, NULL, &reply, &why), 0,
	    "logged");
	ok(why.modes && why.tell == TELL_LOG && why.to == LOCAL,
	    "about the recipient, not what it is an alias for");
	is(routed(WORLD, false, "lost@example.org"), NOUSER,
	    "an alias that goes nowhere");
	num(path_parse_bare("x@lan.example", &m), PATH_OK, "an address");
	from.unnamed = true;
	num(route_recipient(&site, &from, &m, NULL, &reply, NULL), -1,
	    "without the name");
	num(reply.name, REPLY_UNCERTAIN, "it is not for ever");
	ch[LAN].outdest = &broken;
	is(routed(WORLD, false, "x@lan.example"), BROKEN,
	    "a table fails");
	ch[LAN].outdest = NULL;
	ch[LAN].auth = ch[WORLD].auth = 0;
	site.authorises = false;
}

static void
test_later(void)
{
	struct site_channel *ch = site.channels, was = ch[LOCAL];

	ch[LOCAL].hosts = &broken;
	is(routed(WORLD, false, "bob@example.org"), BROKEN,
	    "a host table fails");
	is(routed(WORLD, false, "x@nowhere.example"), BROKEN,
	    "also for what others may have");
	ch[LOCAL] = was;
	ch[LOCAL].aliases = &broken;
	is(routed(WORLD, false, "bob@example.org"), BROKEN,
	    "aliases fail");
	ch[LOCAL] = was;
	ch[LOCAL].mailboxes = &broken;
	is(routed(WORLD, false, "bob@example.org"), BROKEN,
	    "mailboxes fail");
	is(routed(WORLD, false, "postmaster"), BROKEN,
	    "even for the postmaster");
	is(routed(WORLD, false, "half@example.org"), BROKEN,
	    "within an alias");
	ch[LOCAL] = was;
}

static void
test_many(void)
{
	struct sending world = { .channel = WORLD, .name = "" };
	struct routes r = { .n = 0 };
	struct reply reply;
	struct mailbox m;
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	struct site_channel was = site.channels[LOCAL];
	struct buf why;
	struct section *s;
	int i;

	for (i = 0; i < ROUTE_MOST; i++)
		(void)fprintf(f, "most: u%d@lan.example\n"
		    "more: u%d@lan.example\n", i, i);
	(void)fprintf(f, "more: bob\nbomb: bomb1, bomb1\n");
	for (i = 1; i < 9; i++)
		(void)fprintf(f, "bomb%d: x%d, bomb%d, y%d, bomb%d, bomb%d\n",
		    i, i, i + 1, i, i + 1, i + 1);
	(void)fclose(f);
	s = conf_file_table(conf, "many", "text", scratch_file("many", text));
	buf_init(&why, 1000);
	site.channels[LOCAL].aliases = tb_open(conf, s, &why);
	if (site.channels[LOCAL].aliases == NULL)
		errx(1, "%s", buf_str(&why));
	is(routed(WORLD, false, "more@example.org"), "451 4.3.0 table "
	    "limit=alias-addresses value=1001 most=1000", "too many");
	is(routed(WORLD, false, "bomb@example.org"), "451 4.3.0 table "
	    "limit=alias-addresses value=1001 most=1000", "a bomb");
	num(path_parse_bare("most@example.org", &m), PATH_OK, "an address");
	for (i = 0; i < ROUTES_MOST / ROUTE_MOST; i++)
		if (route_recipient(&site, &world, &m, &r, &reply, NULL) == -1)
			ok(false, "room for more");
	num(r.n, ROUTES_MOST, "as many as may be");
	num(route_recipient(&site, &world, &m, &r, &reply, NULL), -1,
	    "but no more");
	num(reply.name, REPLY_TOO_MANY_RCPTS, "and it says so");
	num(r.n, ROUTES_MOST, "the others stay");
	routes_reset(&r);
	num(r.n, 0, "reset");
	routes_free(&r);
	tb_close(site.channels[LOCAL].aliases);
	site.channels[LOCAL] = was;
	buf_free(&why);
	free(text);
}

/* Local parts as folders, where all users of the domain exist. */
static void
test_folders(void)
{
	static const struct {
		const char *local, *want;
	} rows[] = {
		{ "Bob.B-_=9", "bob.b-_=9" }, { "\".x\"", "%2Ex" },
		{ "\"..\"", "%2E." }, { "\"../x\"", "%2E.%2Fx" },
		{ "a/b", "a%2Fb" }, { "\"a b%\"", "a%20b%25" },
		{ "~", "%7E" }, { "\"+y\"", "+y" },
	};
	char address[512], slashes[PATH_LOCAL_MOST + 1];
	const char *folder;
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		(void)snprintf(address, sizeof(address), "%s@all.example.org",
		    rows[i].local);
		folder = strstr(routed(WORLD, false, address),
		    " all.example.org/");
		is(folder != NULL ? folder + strlen(" all.example.org/") :
		    "none", rows[i].want, rows[i].local);
	}
	memset(slashes, '/', sizeof(slashes) - 1);
	slashes[PATH_LOCAL_MOST] = '\0';
	(void)snprintf(address, sizeof(address), "%s@%060d.%060d.%060d."
	    "example.org", slashes, 1, 2, 3);
	is(routed(WORLD, false, address), NOUSER, "a folder too long to be");
}

static char seen[4096];

static void
saw(const struct watcher *w, const struct watched *e)
{
	static const char *const answers[] = { [TB_FOUND] = "found",
	    [TB_NOT_FOUND] = "not", [TB_LATER] = "later" };
	size_t len = strlen(seen);

	(void)w;
	if (e->event == WATCH_LOOKUP)
		(void)snprintf(seen + len, sizeof(seen) - len, "%s %s %s:%d\n",
		    tb_name(e->table), e->key, answers[e->answer], e->line);
	else if (e->key != NULL)
		(void)snprintf(seen + len, sizeof(seen) - len, "%s %s\n",
		    e->event == WATCH_TARGET ? "to" : "lost", e->key);
	else
		(void)snprintf(seen + len, sizeof(seen) - len, "%s %s\n",
		    e->event == WATCH_PASSED ? "passed" : "chosen",
		    conf->channels[e->channel].title);
}

static const char *
watch(const char *address)
{
	struct sending world = { .channel = WORLD, .name = "" };
	struct mailbox m;
	struct reply reply;

	seen[0] = '\0';
	if (path_parse_bare(address, &m) != PATH_OK)
		errx(1, "%s", address);
	(void)!route_recipient(&site, &world, &m, NULL, &reply, NULL);
	return seen;
}

/* What is looked up is told as it is, and nothing changes by it. */
static void
test_watched(void)
{
	static const struct watcher watcher = { saw };
	char unseen[4096];

	(void)snprintf(unseen, sizeof(unseen), "%s",
	    routed(WORLD, false, "half+y@example.org"));
	site.watcher = &watcher;
	is(routed(WORLD, false, "half+y@example.org"), unseen,
	    "the same with somebody who looks on");
	is(watch("tag+two@example.org"), "hosts example.org found:1\n"
	    "chosen local\n"
	    "aliases tag+two@example.org not:0\n"
	    "aliases tag@example.org not:0\n"
	    "aliases tag+two not:0\naliases tag found:16\n"
	    "to bob\nhosts example.org found:1\nchosen local\n"
	    "aliases bob@example.org not:0\naliases bob not:0\n"
	    "aliases @example.org not:0\n"
	    "users bob@example.org not:0\nusers bob found:1\n",
	    "look-ups, and an alias");
	is(watch("lost@example.org") + strlen(seen) -
	    strlen("lost someone@nowhere.example\n"),
	    "lost someone@nowhere.example\n", "an alias that goes nowhere");
	is(watch("x@lan.example"), "hosts lan.example not:0\n"
	    "partner lan.example not:0\nlan lan.example found:1\n"
	    "passed lan\npartner lan.example not:0\n"
	    "void lan.example not:0\n", "a channel that is passed over");
	site.watcher = NULL;
}

int
main(void)
{
	static const char *const names[] = { "hosts", "lan", "partner",
	    "void", "users", "aliases", "many" };
	struct buf why;

	scratch_make();
	conf = conf_new();
	put(&conf->server, "hostname", "MX.example.org");
	make_tables();
	make_channels();
	buf_init(&why, 4000);
	if (site_open(&site, conf, &why) == -1)
		errx(1, "%s", buf_str(&why));
	test_mailboxes();
	test_negated();
	test_literals();
	test_postmaster();
	test_aliases();
	test_channels();
	test_modes();
	test_later();
	test_many();
	test_folders();
	test_watched();
	site_close(&site);
	buf_free(&why);
	conf_free(conf);
	scratch_remove(names, ARRAY_LEN(names));
	return done();
}
