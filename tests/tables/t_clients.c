/*
 * t_clients - who a client is by its certificate: each kind of key, names,
 * what only a verified one may use, and a table that cannot be read.
 */
#include "config.h"

#include "tables/clients.h"
#include "tests/tables/fixture.h"

#define ONE "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define TWO "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"

static struct conf *conf;
static struct site site;

static void
make(void)
{
	struct section *s;
	struct buf why;

	conf = conf_new();
	s = conf_section(conf, TABLE, "clients");
	put(s, "type", "list");
	put(s, "rows", ONE ": printer (\"3\")", TWO, "CN=fax,O=Us: fax");
	put(&conf->server, "tls-clients", "clients");
	buf_init(&why, 1000);
	if (site_open(&site, conf, &why) != 0)
		errx(1, "%s", buf_str(&why));
	buf_free(&why);
}

/* want: the name, or null where it is not known. */
static void
check(const struct certificate *c, const char *want, const char *what)
{
	char name[CLIENT_NAME];
	enum tb_answer answer = clients_find(&site, &conf->server.v, -1, c,
	    name);

	ok(answer == (want != NULL ? TB_FOUND : TB_NOT_FOUND), what);
	is(name, want != NULL ? want : "", "its name");
}

static void
listed(void)
{
	struct certificate c = { .fingerprint = ONE, .key = "x",
	    .subject = "CN=a" };

	check(&c, "printer___3__", "by its fingerprint, whoever stands for it");
	c.fingerprint = "0";
	check(&c, NULL, "another");
	c.key = TWO;
	check(&c, "CN=a", "by its key; without a name it has its subject");
	c.subject = "";
	check(&c, "0", "or its fingerprint");
	c = (struct certificate){ .fingerprint = "0", .key = "x",
	    .subject = "CN=fax,O=Us" };
	check(&c, NULL, "a subject proves nothing by itself");
	c.verified = true;
	check(&c, "fax", "but if somebody stands for it");
	c.subject = "CN=others,O=Us";
	check(&c, NULL, "which does not make it one of those listed");
}

static void
unlisted(void)
{
	struct certificate c = { .fingerprint = ONE, .key = "x",
	    .subject = "CN=big \\C3\\A9,O=Us" };

	conf->server.v.tls_clients = "";
	check(&c, NULL, "without a table: not one that nobody stands for");
	c.verified = true;
	check(&c, "CN=big__C3_A9,O=Us", "every other");
}

static void
told(void)
{
	struct certificate c = { true, ONE, TWO, "CN=a b,O=c" }, d;
	char text[CLIENT_TEXT], bad[][CLIENT_TEXT] = { "", "x", "x y", "x y +",
	    "x y * z", "x y ++ z" };

	clients_text(&c, text);
	ok(clients_parse(text, &d) == 0 && d.verified, "told and understood");
	is(d.fingerprint, ONE, "the fingerprint");
	is(d.key, TWO, "the key's");
	is(d.subject, "CN=a b,O=c", "the subject");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ok(clients_parse(bad[i], &d) == -1, "nothing else");
}

static void
logins(void)
{
	struct certificate c = { .fingerprint = ONE, .key = "x",
	    .subject = "CN=fax,O=Us" };
	struct tb *t = site_table(&site, "clients");
	char login[AUTH_LOGIN];

	ok(clients_login(t, &c, login) == TB_FOUND, "by its fingerprint");
	is(login, "printer (\"3\")", "as it stands there");
	c.fingerprint = "0";
	ok(clients_login(t, &c, login) == TB_NOT_FOUND, "nor by a subject");
	c.verified = true;
	ok(clients_login(t, &c, login) == TB_FOUND, "unless it is verified");
	c.key = TWO;
	ok(clients_login(t, &c, login) == TB_NOT_FOUND, "no value, no login");
	ok(clients_login(NULL, &c, login) == TB_NOT_FOUND, "nor a table");
}

int
main(void)
{
	make();
	listed();
	unlisted();
	told();
	logins();
	return done();
}
