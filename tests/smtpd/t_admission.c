/*
 * admission: rules, penalties and load with a table of their own; and what
 * smtpd makes of what a session says, true or not.
 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/xalloc.h"
#include "smtpd/admission.h"
#include "tests/tap.h"

static struct daemon *d;
static struct limit_hit h;

static struct limit_subject
subject(unsigned last, int channel)
{
	return (struct limit_subject){ .peer = { .family = 4, .port = 9,
	    .ip = { 192, 0, 2, (uint8_t)last } }, .channel = (int16_t)channel };
}

static void
rule(int section, enum rate_what what, enum rate_by by, uint32_t most)
{
	static int32_t used;
	struct plan_section *s = &d->plan.sections[section];

	if (s->rules == 0)
		s->rule = used;
	s->rules_set = 1;
	s->rules++;
	d->plan.rules[used].rate = (struct rate){ .what = (uint8_t)what,
	    .by = (uint8_t)by, .most = most, .period_ms = 3600000 };
	rate_text(&d->plan.rules[used].rate, d->plan.rules[used].text);
	used++;
}

static void
make(void)
{
	int w, r;

	d = xcalloc(1, sizeof *d);
	d->plan.prefix4 = 24;
	d->plan.prefix6 = 64;
	d->plan.max_share = 100;
	d->plan.half_life_ms = 3600000;
	d->plan.penalty_limit = 100;
	d->plan.points[PENALTY_CRASH] = 60;
	d->plan.points[PENALTY_GARBAGE] = 10;
	d->plan.sections[0].most = 100;
	d->plan.sections[PLAN_LISTENER(0)] =
	    (struct plan_section){ .name = "smtp" };
	d->plan.sections[PLAN_CHANNEL(0)] =
	    (struct plan_section){ .name = "lan", .most = 2 };
	d->plan.sections[PLAN_CHANNEL(1)] =
	    (struct plan_section){ .name = "friends", .trusted = 1 };
	for (size_t i = 0; i < FAREWELLS; i++)
		d->farewell[i].fd = -1;
	d->ep = -1;
	if (slots_init(&d->slots, 20, &d->plan) != 0 ||
	    counts_make("t", 1024, &w, &r) != 0 ||
	    (d->counts = counts_open(w, true)) == NULL)
		exit(1);
}

static int
connect_from(unsigned last)
{
	struct limit_subject who = subject(last, -1);

	return admission_connect(d, &who, &h);
}

static void
rules(void)
{
	struct limit_subject one = subject(1, 0), two = subject(2, 0);
	struct life_report r = { .errors = 4, .unknown = 1 };

	rule(0, RATE_CONNECTIONS, RATE_ADDRESS, 3);
	rule(0, RATE_CONNECTIONS, RATE_CHANNEL, 5);
	rule(0, RATE_ERRORS, RATE_PREFIX, 10);
	rule(PLAN_CHANNEL(0), RATE_UNKNOWN, RATE_ADDRESS, 2);
	ok(connect_from(1) == 0 && connect_from(1) == 0 &&
	    connect_from(1) == 0, "three of an address");
	ok(connect_from(1) == -1 && h.value == 3 && h.most == 3 &&
	    h.free_ms > 3590000, "no fourth");
	is(h.rule, "connections per address 3/1h", "by this rule");
	is(h.key, "192.0.2.1", "of this address");
	ok(connect_from(2) == 0 && connect_from(2) == 0, "two of another");
	ok(connect_from(3) == -1, "no sixth of all");
	is(h.key, "all", "of all");
	is(h.rule, "connections per channel 5/1h", "by that rule");
	d->plan.sections[0].rules = 0;
	rule(0, RATE_ERRORS, RATE_PREFIX, 10);
	ok(connect_from(3) == 0, "a reload without the rules");
	admission_trouble(d, &one, &r);
	admission_trouble(d, &two, &r);
	ok(connect_from(9) == 0, "eight errors of a prefix");
	r.errors = UINT32_MAX;
	r.unknown = 1;
	ok(admission_channel(d, &one, &h) == 0, "one unknown command");
	admission_trouble(d, &one, &r);
	ok(connect_from(9) == -1, "and very many more");
	is(h.key, "192.0.2.0/24", "by prefix");
	ok(admission_channel(d, &one, &h) == -1 &&
	    admission_channel(d, &two, &h) == 0,
	    "unknown commands by the channel's rule");
	is(h.section, "lan", "which is this");
	d->plan.sections[0].rules = 0;
}

static bool
charged(struct limit_subject who)
{
	who.channel = -1;
	return admission_connect(d, &who, &h) != 0;
}

static void
penalties(void)
{
	struct limit_subject who = subject(50, 0), friend = subject(51, 1),
	    reserved = subject(52, -1);
	struct limit_subject six = { .peer = { .family = 6,
	    .ip = { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1, 1 } }, .channel = -1 };
	const struct life_report r = { .garbage = 6 };

	reserved.reserved = true;
	admission_crash(d, &who);
	ok(!charged(who), "a crash");
	admission_crash(d, &who);
	ok(charged(who) && h.value >= 119 && h.most == 100, "and another");
	is(h.limit, "penalty-limit", "by this limit");
	ok(!charged(subject(49, -1)), "a neighbour is not charged");
	for (int i = 0; i < 9; i++) {
		admission_trouble(d, &friend, &r);
		admission_crash(d, &friend);
		admission_trouble(d, &reserved, &r);
	}
	ok(!charged(friend), "nor is a trusted channel");
	reserved.reserved = false;
	ok(!charged(reserved), "nor a reserved peer");
	admission_trouble(d, &six, &r);
	six.peer.ip[15] = 99;
	admission_trouble(d, &six, &r);
	ok(charged(six), "of IPv6 the prefix is");
	is(h.key, "2001:db8:0:1::/64", "which is this");
	six.peer.ip[7] = 2;
	ok(!charged(six), "and no other one");
	who.reserved = true;
	ok(!charged(who), "a reserved peer with a score gets in");
	d->plan.penalty_limit = 0;
	who.reserved = false;
	ok(!charged(who), "without a limit everybody does");
	d->plan.penalty_limit = 100;
}

static void
load(void)
{
	struct limit_subject who = subject(60, -1);

	admission_tick(d, 5000);
	ok(d->load_read == 5000 && counts_get(d->counts, COUNTS_LOAD) ==
	    d->load, "the load was looked at");
	d->load_read = 5500;
	d->load = 12345678;
	admission_tick(d, 6000);
	num(d->load, 12345678, "once a second");
	d->load = 250;
	d->plan.max_load = 2;
	ok(connect_from(60) == -1 && h.value == 3 && h.most == 2,
	    "2.5 is above two");
	who.reserved = true;
	num(admission_connect(d, &who, &h), 0, "not for a reserved peer");
	d->load = 200;
	num(connect_from(60), 0, "two is not");
	d->plan.max_load = 0;
}

/* A slot whose session we are. */
static uint32_t
session(unsigned last, int *life_r)
{
	struct limit_subject who = subject(last, -1);
	uint32_t n = slots_take(&d->slots, open("/dev/null", O_RDWR), &who,
	    &who.peer);
	int pair[2];

	if (n == SLOT_NONE || socketpair(AF_UNIX, SOCK_SEQPACKET |
	    SOCK_NONBLOCK, 0, pair) != 0)
		exit(1);
	(void)!slots_waiting(&d->slots);
	d->slots.at[n].life = pair[0];
	d->slots.at[n].generation = d->generation;
	*life_r = pair[1];
	return n;
}

static void
tell(uint32_t n, int life, enum life_kind kind, uint32_t channel)
{
	const struct life_report r = { .kind = kind, .channel = channel };

	if (life_tell(life, &r) != 0)
		exit(1);
	connections_life(d, n);
}

static uint32_t
in_channel(int i)
{
	return d->slots.limits.section[PLAN_CHANNEL(i)];
}

static bool
asks(uint32_t n, int life, uint32_t channel)
{
	struct life_answer a = { .refused = 9 };

	tell(n, life, LIFE_ASK, channel);
	return recv(life, &a, sizeof a, MSG_DONTWAIT) == sizeof a &&
	    a.refused == 0;
}

static void
lies(void)
{
	char junk[300] = { 0 };
	int life, other, third;
	uint32_t n = session(70, &life), m, o;

	tell(n, life, LIFE_BEGUN, 0);
	num(d->slots.at[n].conn, -1, "a session has begun");
	tell(n, life, LIFE_CHANNEL, CONF_CHANNELS);
	num(d->slots.at[n].who.channel, -1, "a channel that cannot be");
	tell(n, life, LIFE_CHANNEL, 0);
	num(in_channel(0), 0, "one word is all it has");
	m = session(71, &other);
	tell(m, other, LIFE_BEGUN, 0);
	tell(m, other, LIFE_CHANNEL, 5);
	num(d->slots.at[m].who.channel, -1, "a channel that is not");
	o = session(72, &third);
	tell(o, third, LIFE_BEGUN, 0);
	for (int i = 0; i < 10; i++)
		tell(o, third, i % 2 == 0 ? LIFE_CHANNEL : LIFE_ASK,
		    (uint32_t)i % 2);
	ok(in_channel(0) == 1 && in_channel(1) == 0, "counted once");
	tell(o, third, (enum life_kind)77, 0);
	for (int i = 0; i < 100; i++)
		(void)!write(third, junk, sizeof junk);
	while (recv(d->slots.at[o].life, junk, 1, MSG_PEEK) > 0)
		connections_life(d, o);
	num(d->slots.used, 3, "what is no report changes nothing");
	close(life);
	close(other);
	close(third);
	connections_life(d, n);
	connections_life(d, m);
	connections_life(d, o);
	ok(d->slots.used == 0 && in_channel(0) == 0 &&
	    d->slots.limits.section[0] == 0, "and at the end nobody is left");
}

/* Two in the channel, whatever the third is. */
static void
truth(void)
{
	int life[4];
	uint32_t n[4];

	d->plan.sections[PLAN_CHANNEL(0)].rules = 0;
	for (unsigned i = 0; i < 4; i++) {
		n[i] = session(80 + i, &life[i]);
		tell(n[i], life[i], LIFE_BEGUN, 0);
	}
	ok(asks(n[0], life[0], 0) && asks(n[1], life[1], 0), "two may go on");
	ok(!asks(n[2], life[2], 0), "the third may not");
	num(in_channel(0), 2, "nor is it counted");
	close(life[0]);
	connections_life(d, n[0]);
	ok(asks(n[3], life[3], 0), "the place of one that ended is free");
	d->generation++;
	for (int i = 0; i < CONF_CHANNELS; i++)
		d->channel_map[i] = -1;
	d->channel_map[7] = 1;
	n[0] = session(90, &life[0]);
	d->slots.at[n[0]].generation--;
	tell(n[0], life[0], LIFE_BEGUN, 0);
	ok(asks(n[0], life[0], 7) && in_channel(1) == 1,
	    "a session of older settings has its channel's old number");
	d->generation += 9;
	close(life[1]);
	connections_life(d, n[1]);
	n[1] = session(91, &life[1]);
	d->slots.at[n[1]].generation -= 5;
	tell(n[1], life[1], LIFE_BEGUN, 0);
	ok(asks(n[1], life[1], 0) && in_channel(0) == 1,
	    "one of much older ones is let in and not counted");
	for (unsigned i = 0; i < 4; i++) {
		close(life[i]);
		connections_life(d, n[i]);
	}
	ok(d->slots.used == 0 && in_channel(0) == 0 && in_channel(1) == 0,
	    "nobody is left");
	ok(!charged(subject(80, -1)), "a session ended once without a word");
	n[0] = session(80, &life[0]);
	tell(n[0], life[0], LIFE_BEGUN, 0);
	tell(n[0], life[0], LIFE_END, 0);
	close(life[0]);
	connections_life(d, n[0]);
	ok(!charged(subject(80, -1)), "then one with it");
	n[0] = session(80, &life[0]);
	tell(n[0], life[0], LIFE_BEGUN, 0);
	close(life[0]);
	connections_life(d, n[0]);
	ok(charged(subject(80, -1)), "then again one without");
}

static bool
client(uint32_t n, int life, const struct netaddr *who,
    struct life_answer *a_r)
{
	const struct life_report r = { .kind = LIFE_CLIENT, .client = *who };

	if (life_tell(life, &r) != 0)
		exit(1);
	connections_life(d, n);
	return recv(life, a_r, sizeof *a_r, MSG_DONTWAIT) == sizeof *a_r &&
	    a_r->refused == 0;
}

/* Of whom a session says whose connection it is. */
static void
proxies(void)
{
	struct netaddr seven = subject(7, -1).peer, odd = seven;
	struct limit_subject look = subject(200, -1);
	struct plan_section *s = &d->plan.sections[0];
	struct life_answer a;
	int life[4];
	uint32_t n[4];

	d->plan.sections[PLAN_LISTENER(0)].proxies = 1;
	d->plan.nreserved = 0;
	d->plan.proxies[0] = (struct plan_prefix){ .at = look.peer,
	    .bits = 32 };
	d->plan.proxies[0].at.port = 0;
	ok(limits_proxy(&d->plan, 0, &look.peer) &&
	    !limits_proxy(&d->plan, 0, &seven) &&
	    !limits_proxy(&d->plan, 1, &look.peer) &&
	    !limits_proxy(&d->plan, -1, &look.peer),
	    "who is a proxy, and where");
	s->per_address = 2;
	s->rules = 0;
	rule(0, RATE_CONNECTIONS, RATE_ADDRESS, 3);
	n[0] = session(90, &life[0]);
	ok(!client(n[0], life[0], &seven, &a), "nobody else is believed");
	is(a.limit, "proxies", "which is said");
	ok(d->slots.at[n[0]].who.peer.ip[3] == 90 &&
	    d->slots.rows[n[0]].told == 0, "and is counted as it was");
	look.proxy = true;
	for (int i = 1; i < 4; i++) {
		n[i] = slots_take(&d->slots, open("/dev/null", O_RDWR), &look,
		    &look.peer);
		if (n[i] == SLOT_NONE)
			exit(1);
	}
	num(d->slots.limits.section[0], 4, "a proxy counts in all");
	look.proxy = false;
	ok(limits_ask(&d->slots.limits, &d->plan, &look, &h) == 0,
	    "and not by its address");
	for (int i = 1; i < 4; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
		    pair) != 0)
			exit(1);
		(void)!slots_waiting(&d->slots);
		d->slots.at[n[i]].life = pair[0];
		d->slots.at[n[i]].generation = d->generation;
		life[i] = pair[1];
		tell(n[i], life[i], LIFE_BEGUN, 0);
		num(d->slots.rows[n[i]].told, 1, "whose it is nobody knows");
	}
	odd.ip[9] = 1;
	ok(!client(n[1], life[1], &odd, &a), "what is no address");
	ok(client(n[1], life[1], &seven, &a) &&
	    client(n[2], life[2], &seven, &a), "two of one client");
	ok(!client(n[3], life[3], &seven, &a) && a.value == 2 && a.most == 2,
	    "no third");
	is(a.limit, "max-connections-per-address", "by its own limit");
	ok(d->slots.rows[n[2]].told == 2 && net_same_host(
	    &d->slots.rows[n[2]].client, &seven), "its row says who it is");
	tell(n[2], life[2], LIFE_CHANNEL, 0);
	num(in_channel(0), 1, "its channel");
	odd = subject(8, -1).peer;
	ok(client(n[2], life[2], &odd, &a) && in_channel(0) == 0,
	    "another client later, whose channel is not known");
	ok(client(n[3], life[3], &seven, &a), "then there is room");
	odd = seven;
	ok(!client(n[3], life[3], &odd, &a), "connections per address");
	is(a.limit, "connections per address 3/1h", "are those of clients");
	tell(n[1], life[1], LIFE_END, 0);
	for (int i = 1; i < 4; i++) {
		close(life[i]);
		connections_life(d, n[i]);
	}
	close(life[0]);
	slots_free(&d->slots, n[0]);
	ok(d->slots.used == 0 && d->slots.limits.section[0] == 0 &&
	    d->slots.limits.others == 0, "nobody is left");
	s->per_address = s->rules = 0;
}

int
main(void)
{
	make();
	rules();
	penalties();
	load();
	lies();
	truth();
	proxies();
	return done();
}
