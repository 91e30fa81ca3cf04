/*
 * t_logins - as whom may send who has logged in (RFC 6409 6.1): rows, words,
 * whom no row is about, and a table that cannot be read.
 */
#include "config.h"

#include "tables/logins.h"
#include "tests/tables/fixture.h"

static struct conf *conf;
static struct site site;
static struct settings set;

static void
make(void)
{
	struct section *s;
	struct buf why;

	conf = conf_new();
	s = conf_section(conf, TABLE, "logins");
	put(s, "type", "list");
	put(s, "rows", "ann@example.org: own, Sales@Example.org",
	    "@example.org: own", "joe: own joe@example.net *@*.joe.test",
	    "shop: @shop.test,@[192.0.2.1]", "robot", "odd: ][ [a *");
	put(&conf->server, "sender-logins", "logins");
	put(&conf->server, "hostname", "mx.example.net");
	buf_init(&why, 1000);
	if (site_open(&site, conf, &why) != 0)
		errx(1, "%s", buf_str(&why));
	buf_free(&why);
}

static struct reply r;

static void
may(const char *login, const char *text, enum reply_name want)
{
	struct mailbox m = { .local = "" };
	struct envelope e = { .site = &site, .set = &set, .from = {
	    .channel = -1, .name = "", .sender = &m, .login = login } };
	char what[200];
	int rc;

	if (text[0] != '\0' && path_parse_bare(text, &m) != PATH_OK)
		errx(1, "%s", text);
	r = (struct reply){ 0 };
	rc = logins_sender(&e, &r);
	(void)snprintf(what, sizeof(what), "%s as <%s>", login, text);
	is(reply_name_text(rc == 0 ? REPLY_OK : r.name),
	    reply_name_text(want), what);
}

#define NO REPLY_SENDER_NOT_YOURS
#define YES REPLY_OK

static void
rows(void)
{
	set = conf->server.v;
	may("ann@example.org", "ann@example.org", YES);
	may("Ann@example.ORG", "ANN@example.org", YES);
	may("ann@example.org", "sales@example.org", YES);
	may("ann@example.org", "bob@example.org", NO);
	may("ann@example.org", "ann@example.net", NO);
	may("ann@example.org", "", YES);
	may("bob@example.org", "bob@example.org", YES);
	may("bob@example.org", "sales@example.org", NO);
	may("joe", "joe@mx.example.net", YES);
	may("joe", "joe@example.net", YES);
	may("joe", "x@y.joe.test", YES);
	may("joe", "x@joe.test", NO);
	may("joe", "x@y.joe.test.example.org", NO);
	may("shop", "anybody@Shop.test", YES);
	may("shop", "anybody@a.shop.test", NO);
	may("shop", "a@[192.0.2.1]", YES);
	may("robot", "robot@mx.example.net", NO);
	may("robot", "", YES);
	set.default_domain = "example.net";
	may("joe", "joe@mx.example.net", NO);
	set.default_domain = "";
}

static void
others(void)
{
	set = conf->server.v;
	may("eve", "anybody@example.org", YES);
	set.sender_unlisted = SENDER_UNLISTED_OWN;
	may("eve", "anybody@example.org", NO);
	may("eve", "Eve@mx.example.net", YES);
	may("eve@example.com", "eve@example.com", YES);
	may("eve@example.com", "eve@mx.example.net", NO);
	set.sender_unlisted = SENDER_UNLISTED_NONE;
	may("eve", "eve@mx.example.net", NO);
	is(r.reason, "sender_login", "its reason");
	is(r.detail, "login=eve", "whose it is");
	may("eve", "", YES);
	may("", "eve@mx.example.net", YES);
	set.sender_logins = "";
	may("ann@example.org", "ann@example.org", NO);
}

static void
trouble(void)
{
	struct tb *t = site.tables[0];

	set = conf->server.v;
	site.tables[0] = &broken;
	may("ann@example.org", "ann@example.org", REPLY_POLICY_FAILED);
	site.tables[0] = t;
	/* Words that are none grant nothing. */
	may("odd", "x@[192.0.2.1]", YES);
}

static void
words(void)
{
	static const char *const good[] = { "own", "OWN", "@a.test", "a@b",
	    "*", "*@*.a.test", "a@[192.0.2.1]" };
	static const char *const bad[] = { "", "a", "@", "@-a", "a@b@c",
	    "[a", "<>" };

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		ok(logins_wrong(good[i], strlen(good[i])) == NULL, good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ok(logins_wrong(bad[i], strlen(bad[i])) != NULL, bad[i]);
}

int
main(void)
{
	make();
	rows();
	others();
	trouble();
	words();
	site_close(&site);
	conf_free(conf);
	return done();
}
