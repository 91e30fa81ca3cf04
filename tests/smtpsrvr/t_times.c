/*
 * Times of a session: each limit is the channel's, or else the listener's, or
 * else the server's.  The clock here runs five hundred times as fast.
 */
#include "config.h"

#include <limits.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "tests/smtpsrvr/fixture.h"
#include "tests/tap.h"

#define FAST 500

/* Instead of lib/clock.c. */
int64_t
clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return ((int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000) * FAST;
}

int64_t
clock_ms(void)
{
	return clock_us() / 1000;
}

int64_t
clock_wall_us(void)
{
	return clock_us();
}

int
clock_left(int64_t deadline)
{
	int64_t left;

	if (deadline == CLOCK_NEVER)
		return -1;
	left = deadline - clock_ms();
	if (left <= 0)
		return 0;
	left = (left + FAST - 1) / FAST;
	return left > INT_MAX ? INT_MAX : (int)left;
}

enum place { BY_SERVER, BY_LISTENER, BY_CHANNEL, PLACES };

#define DATA "EHLO x.example\r\nMAIL FROM:<>\r\n" \
	"RCPT TO:<postmaster@mx.test.example>\r\nDATA\r\n"

/* What the client says until it falls silent, and the values by place. */
static const struct limit {
	const char *name, *said, *value[PLACES], *most[PLACES];
} limits[] = {
	{ "command-timeout", "EHLO x.example\r\n", { "40s", "80s", "60s" },
	    { "most=40000", "most=80000", "most=60000" } },
	{ "data-timeout", DATA, { "40s", "80s", "60s" },
	    { "most=40000", "most=80000", "most=60000" } },
	{ "message-time", DATA, { "60s", "120s", "90s" },
	    { "most=60000", "most=120000", "most=90000" } },
	{ "session-time", "EHLO x.example\r\n", { "60s", "120s", "90s" },
	    { "most=60000", "most=120000", "most=90000" } },
};

static struct fixture f;
static int logged;

static void
set(struct section *s, const char *name, const char *const *texts, size_t n)
{
	char why[256];

	if (conf_set(s, name, texts, n, (struct origin){ "test", 1 }, why,
	    sizeof why) == 0)
		return;
	fprintf(stderr, "%s: %s\n", name, why);
	exit(1);
}

static void
set1(struct section *s, const char *name, const char *text)
{
	set(s, name, &text, 1);
}

static struct section *
add(struct conf *c, enum setting_scope scope, const char *title)
{
	struct section *s;
	char why[256];

	if (conf_add(c, scope, title, (struct origin){ "test", 1 }, &s, why,
	    sizeof why) != 0)
		exit(1);
	return s;
}

/* The values up to a place; the longest for all the other limits. */
static void
serve(const char *name, const char *const *values, enum place last)
{
	static const char *const here = "mx.test.example", *const special =
	    "192.0.2.9";
	struct conf *c = conf_new();
	struct section *s[PLACES], *local;
	struct buf why;

	buf_init(&why, 4096);
	s[BY_SERVER] = &c->server;
	set1(&c->server, "hostname", here);
	set1(&c->server, "lookup-names", "never");
	set1(&c->server, "libwrap", "off");
	set1(&c->server, "max-idle-commands", "1000000");
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		if (strcmp(limits[i].name, name) != 0)
			set1(&c->server, limits[i].name, "1h");
	s[BY_LISTENER] = add(c, LISTENER, "smtp");
	set1(add(c, TABLE, "here"), "type", "list");
	set(&c->tables[0], "rows", &here, 1);
	set1(add(c, TABLE, "special"), "type", "list");
	set(&c->tables[1], "rows", &special, 1);
	local = add(c, CHANNEL, "local");
	set1(local, "table", "here");
	set1(local, "program", "local");
	s[BY_CHANNEL] = add(c, CHANNEL, "special");
	set1(s[BY_CHANNEL], "table", "special");
	(void)add(c, CHANNEL, "usual");
	/* Where they are in one array, the first may have moved. */
	s[BY_CHANNEL] = &c->channels[1];
	for (enum place p = BY_SERVER; p <= last; p++)
		set1(s[p], name, values[p]);
	if (conf_complete(c, &why) != 0 ||
	    server_init(&f.server, c, &why) != 0) {
		fprintf(stderr, "%s\n", buf_str(&why));
		exit(1);
	}
	buf_free(&why);
}

/* A session at that place whose client says so much and no more. */
static void
talk(enum place p, const char *said, size_t len)
{
	struct row_pass who = { .serial = 1, .listener =
	    p == BY_SERVER ? -1 : 0 };
	int net[2], sub[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, net) != 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, sub) != 0 ||
	    net_parse(p == BY_CHANNEL ? "192.0.2.9" : "192.0.2.7",
	    &who.peer) != 0)
		exit(1);
	f.session = calloc(1, sizeof *f.session);
	if (f.session == NULL)
		exit(1);
	session_init(f.session, &f.server, &who, "", net[0], net[0], -1);
	f.session->submit = sub[0];
	f.session->submit_kept = true;
	f.client = net[1];
	f.submit = sub[1];
	if (send(f.client, said, len, MSG_NOSIGNAL | MSG_DONTWAIT) <= 0)
		exit(1);
	session_run(f.session);
	fixture_end(&f);
}

/* Everything that was logged since the last time. */
static const char *
since(void)
{
	static char text[8192];
	size_t n = 0;
	ssize_t got;

	while (n + 1 < sizeof text && (got = recv(logged, text + n,
	    sizeof text - 1 - n, MSG_DONTWAIT)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	return text;
}

static void
told(const struct limit *l)
{
	static const char *const by[] = { "the server", "the listener",
		"the channel" };
	char what[100];

	serve(l->name, l->value, BY_CHANNEL);
	for (enum place p = BY_SERVER; p < PLACES; p++) {
		const char *text;

		snprintf(what, sizeof what, "%s: that of %s", l->name, by[p]);

		talk(p, l->said, strlen(l->said));
		text = since();
		if (!ok(strstr(text, l->name) != NULL &&
		    strstr(text, l->most[p]) != NULL, what))
			printf("# %s\n", text);
	}
}

/* A client that does not read is no refusal: only the time tells. */
static void
reply_timeout(void)
{
	static const char *const values[PLACES] = { "1h", "1000s", "50s" };
	static char help[60000];
	int64_t began, took;

	for (size_t i = 0; i + 6 <= sizeof help; i += 6)
		memcpy(help + i, "HELP\r\n", 6);
	serve("reply-timeout", values + 2, BY_SERVER);
	began = clock_ms();
	talk(BY_SERVER, help, sizeof help);
	took = clock_ms() - began;
	ok(took >= 50000 && took < 1000000, "reply-timeout: the server's");
	serve("reply-timeout", values, BY_CHANNEL);
	began = clock_ms();
	talk(BY_CHANNEL, help, sizeof help);
	took = clock_ms() - began;
	ok(took >= 50000 && took < 1000000, "reply-timeout: the channel's");
	began = clock_ms();
	talk(BY_LISTENER, help, sizeof help);
	took = clock_ms() - began;
	ok(took >= 1000000 && took < 3600000, "reply-timeout: the listener's");
}

int
main(void)
{
	int sock[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sock) != 0)
		return 1;
	logged = sock[1];
	log_open("test", sock[0], LEVEL_NOTICE);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		told(&limits[i]);
	reply_timeout();
	return done();
}
