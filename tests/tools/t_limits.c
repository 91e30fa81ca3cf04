/*
 * t_limits - what a look at the server's memory finds, and what of it is about
 * an address, a prefix or a channel.
 */
#include "config.h"

#include <unistd.h>

#include "tests/tap.h"
#include "tools/limits.h"

static struct limits_view view;
static struct limits_filter none, some;
static struct limits_seen seen;

static void
must(int result, const char *what)
{
	if (result != 0)
		printf("Bail out! %s\n", what);
}

static void
configure(void)
{
	static const char *const two[] = { "2" };
	struct conf *c = view.conf = conf_new();
	struct origin from = { "t", 1 };
	struct section *s;
	char why[300];

	must(conf_add(c, LISTENER, "smtp", from, &s, why, sizeof(why)), why);
	must(conf_add(c, CHANNEL, "lan", from, &s, why, sizeof(why)), why);
	must(conf_set(s, "max-connections-per-address", two, 1, from, why,
	    sizeof(why)), why);
	must(conf_add(c, CHANNEL, "world", from, &s, why, sizeof(why)), why);
}

static void
connections(void)
{
	static const char *const peers[] = { "192.0.2.1", "192.0.2.1",
		"192.0.2.9", "2001:db8::1", "198.51.100.1" };
	int fd;
	struct row *r = rows_make(8, &fd);

	for (int i = 0; i < 5; i++) {
		must(net_parse(peers[i], &r[i].peer), peers[i]);
		r[i].peer.port = (uint16_t)(1000 + i);
		r[i].counted_channel = i < 3 ? 0 : i == 3 ? 1 : -1;
		/* The last one has gone already. */
		r[i].serial = i < 4 ? (uint64_t)i + 1 : 0;
	}
	view.rows = rows_map(fd, &view.nrows);
}

static struct counts *
table(void)
{
	struct counts *c;
	int w, r;

	must(counts_make("t", COUNTS_LEAST, &w, &r), "no counts");
	c = counts_open(w, true);
	close(w);
	close(r);
	return c;
}

static void
count(struct counts *c, enum rate_by by, int scope, const char *section,
    const char *text, uint32_t n, uint32_t most)
{
	struct counts_key k = { .what = RATE_MESSAGES, .by = (uint8_t)by,
		.scope = (uint8_t)scope, .section = section, .text = text,
		.period_ms = 3600000 };

	counts_add(c, &k, n, most, counts_now());
}

static void
rates(void)
{
	struct counts_key old = { .what = RATE_MESSAGES, .scope = SERVER,
		.section = "", .text = "192.0.2.1", .period_ms = 1000 };

	for (int i = 0; i < LIMITS_TABLES; i++)
		view.table[i] = table();
	count(view.table[1], RATE_ADDRESS, SERVER, "", "192.0.2.1", 1, 9);
	count(view.table[1], RATE_ADDRESS, SERVER, "", "192.0.2.9", 9, 9);
	count(view.table[1], RATE_PREFIX, SERVER, "", "192.0.2.0/24", 10, 90);
	count(view.table[1], RATE_CHANNEL, CHANNEL, "lan", "", 10, 90);
	counts_add(view.table[0], &old, 1, 1, counts_now() - 5000);
}

static void
look(const struct limits_filter *f)
{
	limits_free(&seen);
	limits_look(&view, f, &seen);
}

static void
all(void)
{
	look(&none);
	num(seen.connections, 4, "connections");
	num(seen.listeners.n, 1, "a listener");
	num(seen.listeners.at[0].value, 4, "with all of them");
	num(seen.channels.n, 2, "channels");
	num(seen.channels.at[0].value, 3, "three of the first");
	num(seen.channels.at[0].most, 0, "which has no maximum");
	num(seen.addresses.n, 5, "addresses of all, and in the channel");
	is(seen.addresses.at[0].key, "192.0.2.1", "the fullest first");
	is(seen.addresses.at[0].of->title, "lan", "where it is so");
	num(seen.addresses.at[0].value, 2, "how many");
	num(seen.addresses.at[0].most, 2, "of how many");
	num(seen.prefixes.n, 2, "prefixes");
	is(seen.prefixes.at[0].key, "192.0.2.0/24", "one");
	num(seen.prefixes.at[0].value, 3, "and how many it has");
	is(seen.prefixes.at[1].key, "2001:db8::/64", "another");
	num(seen.ncounts, 4, "rows that count");
	num(seen.used[LIMITS_SMTPD], 0, "one whose time is over does not");
	is(seen.counts[0].row.text, "192.0.2.9", "the fullest first");
	ok(seen.counts[0].now.free_ms > 3590000, "it waits for the end");
	ok(seen.counts[1].now.free_ms == 0 &&
	    seen.counts[1].left_ms > 3590000, "others begin anew then");
	ok(!seen.space_known, "nobody has looked at the space");
}

static void
filters(void)
{
	num(limits_filter(view.conf, "nonsense", &some), -1, "no operand");
	num(limits_filter(view.conf, "192.0.2.1/24", &some), -1, "nor that");
	num(limits_filter(view.conf, "lan", &some), 0, "a channel");
	look(&some);
	num(seen.connections, 3, "its connections");
	num(seen.addresses.n, 2, "by address");
	num(seen.ncounts, 1, "its rules");
	num(limits_filter(view.conf, "192.0.2.1", &some), 0, "an address");
	look(&some);
	num(seen.connections, 2, "its connections");
	num(seen.prefixes.n, 1, "its prefix");
	num(seen.prefixes.at[0].value, 3, "with all that it has");
	num(seen.ncounts, 2, "its rules, and those of its prefix");
	num(limits_filter(view.conf, "2001:db8::/32", &some), 0, "a prefix");
	look(&some);
	num(seen.connections, 1, "connections of its hosts");
	num(seen.prefixes.n, 1, "the prefix within it");
	num(seen.ncounts, 0, "no rules");
}

int
main(void)
{
	view.shown.most = 500;
	configure();
	connections();
	rates();
	all();
	filters();
	limits_free(&seen);
	return done();
}
