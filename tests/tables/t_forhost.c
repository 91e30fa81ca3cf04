/*
 * t_forhost - whose row is found, what it sets, and what cannot be meant.
 */
#include "config.h"

#include "tables/forhost.h"
#include "tests/tables/fixture.h"

static struct conf *conf;
static struct site site;
static struct forhost *own;
static struct reply reply;
static char why[LAYERED_WHY];

static void
make(void)
{
	struct section *s;

	conf = conf_new();
	put(&conf->server, "hostname", "mx.example.org");
	put(&conf->server, "host-settings", "hosts");
	s = conf_section(conf, TABLE, "hosts");
	put(s, "type", "list");
	put(s, "rows", "192.0.2.1: max-messages=1",
	    "192.0.2.0/24: max-messages=24", "2001:db8::/32: relay=yes",
	    "a.example.net: max-messages=3", ".example.net: max-messages=4",
	    "198.51.100.1: max-messages=many", "198.51.100.2: relay=yes x=1",
	    "198.51.100.3: received=helo,nam",
	    "!192.0.2.9");
	s = conf_section(conf, TABLE, "addresses");
	put(s, "type", "list");
	put(s, "rows", "192.0.2.1: max-messages=5");
	s = conf_section(conf, CHANNEL, "lan");
	put(s, "host-settings", "addresses");
	put(s, "max-messages", "9");
}

static int
find(const char *table, const char *address, const char *name, bool unnamed)
{
	struct netaddr peer = { 0 };
	struct forhost_client c = { .listener = -1, .channel = 0,
	    .table = table, .peer = &peer, .name = name, .unnamed = unnamed };

	if (address[0] != '\0' && net_parse(address, &peer) != 0)
		errx(1, "%s", address);
	forhost_free(own);
	own = NULL;
	reply = (struct reply){ 0 };
	why[0] = '\0';
	return forhost_find(&site, &c, &own, &reply, why);
}

static void
row(const char *address, const char *name, int64_t messages)
{
	char what[120];

	snprintf(what, sizeof(what), "%s %s", address, name);
	num(find("hosts", address, name, false), 0, what);
	if (messages == 0)
		ok(own == NULL, "has no row");
	else
		num(own != NULL ? own->in.v.max_messages : -1, messages,
		    "has that");
}

static void
rows(void)
{
	row("192.0.2.1", "", 1);
	row("192.0.2.2", "", 24);
	row("192.0.2.2", "a.example.net", 24);
	row("203.0.113.1", "a.example.net", 3);
	row("203.0.113.1", "b.example.net", 4);
	row("203.0.113.1", "example.net", 0);
	row("203.0.113.1", "", 0);
	row("192.0.2.9", "a.example.net", 0);
	row("", "a.example.net", 3);
	num(find("hosts", "2001:db8::7", "", false), 0, "IPv6");
	ok(own != NULL && own->in.v.relay && own->in.v.max_messages == 9,
	    "and what its channel says");
	is(own->key, "2001:db8::7", "what was looked for");
	is(tb_name(own->table), "hosts", "and where");
	num(find("addresses", "192.0.2.1", "", true), 0,
	    "a table without names");
	num(own->in.v.max_messages, 5, "needs none");
	num(find("", "192.0.2.1", "", false), 0, "no table");
	ok(own == NULL, "has no row");
}

static void
failures(void)
{
	struct tb *was = site.tables[0];

	num(find("hosts", "198.51.100.1", "", false), -1, "a bad value");
	num(reply.code, 421, "is refused for now");
	is(reply.detail, "table=hosts line=99 key=198.51.100.1", "and named");
	ok(strstr(why, "max-messages") != NULL && own == NULL, "with why");
	num(find("hosts", "198.51.100.2", "", false), -1, "a bad setting");
	ok(strstr(why, "\"x\"") != NULL, "is named");
	num(find("hosts", "198.51.100.3", "", false), -1, "a bad word");
	ok(strstr(why, "\"nam\" (did you mean name?)") != NULL, "is named");
	num(find("hosts", "203.0.113.1", "", true), -1,
	    "a name that cannot be found out");
	is(reply.enhanced, "4.4.3", "may be that of a row");
	num(find("hosts", "192.0.2.1", "", true), 0,
	    "but not of one whose address is there");
	site.tables[0] = &broken;
	num(find("hosts", "192.0.2.1", "", false), -1, "a broken table");
	num(reply.code, 421, "is for now");
	site.tables[0] = was;
}

static void
rules(void)
{
	struct netaddr peer = { 0 };
	struct variables env = { "" }, set = { "" };
	struct forhost_client c = { .listener = -1, .channel = 0,
	    .table = "hosts", .peer = &peer, .name = "",
	    .environment = &env };

	ok(variables_set(&env, "DATABYTES", "4096") == 0 &&
	    variables_set(&set, "RELAYCLIENT", "") == 0, "variables");
	forhost_free(own);
	own = NULL;
	num(forhost_rules(&site, &c, &set, &own, &reply, why), 0, "without");
	ok(own->in.v.relay && own->in.v.max_message_size == 4096 &&
	    own->table == NULL, "a row");
	(void)!net_parse("192.0.2.1", &peer);
	forhost_free(own);
	num(forhost_find(&site, &c, &own, &reply, why), 0, "with");
	num(forhost_rules(&site, &c, &set, &own, &reply, why), 0, "a row");
	ok(own->in.v.relay && own->in.v.max_messages == 1 &&
	    own->in.v.max_message_size == 4096, "both are in force");
	ok(variables_set(&set, "DATABYTES", "x") == 0 &&
	    forhost_rules(&site, &c, &set, &own, &reply, why) == -1,
	    "a bad one");
	is(reply.reason, "libwrap", "is of the rules");
	num(reply.code, 421, "and for now");
}

int
main(void)
{
	struct buf text;

	buf_init(&text, 4096);
	make();
	if (site_open(&site, conf, &text) != 0)
		errx(1, "%s", buf_str(&text));
	ok(site.named, "names matter");
	rows();
	failures();
	rules();
	forhost_free(own);
	site_close(&site);
	conf_free(conf);
	return done();
}
