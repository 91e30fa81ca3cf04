/*
 * explain: what it tells is what the session's code and submit's did; without
 * a configuration file, a name service or a process.
 */
#include "config.h"

#include "lib/xalloc.h"
#include "tests/smtpsrvr/fixture.h"
#include "tests/tap.h"
#include "tools/explain.h"
#include "tools/show.h"

static struct explainer now, then;

static void
make(struct explainer *e)
{
	fixture_server(&e->server);
	e->server.jail = "/nonexistent";
	e->c.conf = xcalloc(1, sizeof(*e->c.conf));
	*e->c.conf = *e->server.conf;
	e->lookup.who = LOOKUP_NOBODY;
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, e->log) != 0)
		exit(1);
}

/* For each listener and channel, and for none. */
static int
count_settings(const struct explainer *e)
{
	return (e->c.conf->nlisteners + 1) * (e->c.conf->nchannels + 1);
}

static void
explain(struct explainer *e, struct explained *x, const char *address,
    const char *from, const char *to, const char *helo)
{
	static struct explain_case k;
	const char *why = "";

	k = (struct explain_case){ .from = from, .to = to, .helo = helo };
	if (net_parse(address, &k.address) != 0 ||
	    explain_run(e, &k, x, &why) != 0)
		ok(false, why);
}

/* "step code" of the final reply, and the exit code. */
static const char *
verdict(const char *from, const char *to, const char *helo)
{
	static char text[64];
	struct explained x;

	explain(&now, &x, "192.0.2.7", from, to, helo);
	snprintf(text, sizeof(text), "%s %d: %d", x.final_step, x.final.code,
	    explain_code(&x));
	explain_free(&x);
	return text;
}

static void
verdicts(void)
{
	const char *me = "postmaster@mx.test.example";

	is(verdict("a@b.test", me, NULL), "RCPT 250: 0", "accepted");
	is(verdict("<a@b.test>", "<postmaster>", NULL), "RCPT 250: 0",
	    "with brackets");
	is(verdict("", me, NULL), "RCPT 250: 0", "the null path");
	is(verdict("a@b.test", "x@far.test", NULL), "RCPT 550: 1", "refused");
	is(verdict("<a@b.test> SIZE=99999999", me, NULL), "MAIL 552: 1",
	    "a parameter");
	is(verdict("a b@b.test", me, NULL), "MAIL 501: 1", "bad syntax");
	is(verdict("a@b.test", me, "a b"), "EHLO 501: 1", "a bad EHLO");
	is(verdict("a@b.test\r", me, NULL), "MAIL 500: 1", "a bare CR");
}

/* Words that are no settings would just not be shown. */
static void
settings_of(const struct check *c)
{
	const char *p = c->settings;
	char name[64];
	size_t len;

	for (; *p != '\0'; p += len + strspn(p + len, ", ")) {
		len = strcspn(p, ",");
		snprintf(name, sizeof(name), "%.*s", (int)len, p);
		ok(setting_find(name) >= 0, name);
	}
}

/* Every check of the table that applies, in its order, one after another. */
static void
events(void)
{
	struct explained x;
	struct explain_setting by[EXPLAIN_SETTINGS];
	char checks[256] = "", steps[256] = "";
	size_t logged = 0, refused = 0;

	explain(&now, &x, "192.0.2.7", "a@b.test", "x@far.test", NULL);
	for (size_t i = 0; i < x.n; i++) {
		const struct explain_event *e = &x.at[i];

		if (e->kind == EXPLAIN_CHECKED) {
			snprintf(checks + strlen(checks), sizeof(checks) -
			    strlen(checks), "%s ", e->check->name);
			ok(explain_settings(&x, e, by) > 0, e->check->name);
			settings_of(e->check);
			refused += e->verdict != PASS;
		} else if (e->kind == EXPLAIN_REPLIED) {
			snprintf(steps + strlen(steps), sizeof(steps) -
			    strlen(steps), "%s %d ", e->step, e->reply.code);
		} else if (e->kind == EXPLAIN_LOGGED) {
			logged++;
			ok(strncmp(e->text, "refuse ip=192.0.2.7 ", 20) == 0,
			    "the event that would be logged");
		}
	}
	ok(strncmp(checks, "proxy tls_implicit source ", 26) == 0,
	    "the source is found first");
	ok(strstr(checks, "route ") != NULL, "and the route");
	is(steps, "CONNECT 220 EHLO 250 MAIL 250 RCPT 550 ",
	    "commands and replies");
	num(refused, 1, "one check refuses");
	num(logged, 1, "one event");
	ok(!x.asked && x.routes.n == 0, "submit is not asked");
	explain_free(&x);
}

static void
accepted(void)
{
	struct explained x;

	explain(&now, &x, "127.0.0.1", "a@b.test", "postmaster@localhost",
	    NULL);
	ok(x.asked && x.agrees, "submit agrees");
	num(x.routes.n, 1, "one route");
	is(x.routes.n == 1 ? x.routes.at[0].mailbox : "",
	    "localhost/postmaster", "its mailbox");
	ok(x.source.found, "this machine is in a table");
	is(x.helo, "[127.0.0.1]", "EHLO with its address");
	for (size_t i = 0; i < x.n; i++)
		if (x.at[i].kind == EXPLAIN_LOOKUP &&
		    x.at[i].answer == TB_FOUND)
			is(x.at[i].hit, x.at[i].text, "the row that answered");
	explain_free(&x);
}

static void
unfit(void)
{
	struct explain_case k = { .from = "a\nQUIT", .to = "b@c.test" };
	struct explained x;
	const char *why = NULL;

	ok(net_parse("192.0.2.1", &k.address) == 0 &&
	    explain_run(&now, &k, &x, &why) == -1 && why != NULL,
	    "a line feed is in no command");
	explain_free(&x);
}

static bool
differ(const char *from, const char *to)
{
	struct explained a, b;
	FILE *f = fopen("/dev/null", "w");
	struct show_json j;
	bool d;

	explain(&now, &a, "192.0.2.7", from, to, NULL);
	explain(&then, &b, "192.0.2.7", from, to, NULL);
	show_json_begin(&j, f);
	d = explain_against(&a, &b, true, &j);
	fclose(f);
	explain_free(&a);
	explain_free(&b);
	return d;
}

static void
against(void)
{
	ok(!differ("a@b.test", "postmaster@mx.test.example"), "the same");
	for (int i = 0; i < count_settings(&then); i++)
		then.server.settings[i].max_message_size = 2048;
	ok(!differ("a@b.test", "postmaster@mx.test.example"),
	    "the same all the same");
	ok(differ("<a@b.test> SIZE=4000", "postmaster@mx.test.example"),
	    "a smaller maximum changes it");
}

int
main(void)
{
	make(&now);
	make(&then);
	for (int i = 0; i < count_settings(&now); i++)
		now.server.settings[i].log_level = LEVEL_INFO;
	verdicts();
	events();
	accepted();
	unfit();
	against();
	return done();
}
