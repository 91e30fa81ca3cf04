/* ticket_keys: each ticket its own, bound, and forgotten in time. */
#include "config.h"

#include <string.h>

#include "lib/clock.h"
#include "smtpsrvr/ticket_keys.h"
#include "tests/tap.h"

static const unsigned char here[TICKET_BOUND] = "here";
static const unsigned char there[TICKET_BOUND] = "there";

static struct ticket_sealing
sealed(struct ticket_keys *k, int64_t now)
{
	struct ticket_sealing s = { { 0 }, { 0 }, { 0 } };

	ok(ticket_keys_seal(k, now, here, &s) == 0, "a ticket");
	return s;
}

/* What a session knows of it that comes back. */
static bool
opens(struct ticket_keys *k, int64_t now, const unsigned char *bound_to,
    const struct ticket_sealing *was)
{
	struct ticket_sealing s = { { 0 }, { 0 }, { 0 } };

	memcpy(s.name, was->name, sizeof s.name);
	return ticket_keys_open(k, now, bound_to, &s) == 0 &&
	    memcmp(&s, was, sizeof s) == 0;
}

static void
one_each(void)
{
	struct ticket_keys k = { .life = 1000 };
	struct ticket_sealing a, b, none = { { 1 }, { 0 }, { 0 } };

	num(ticket_keys_roll(&k, 1) == CLOCK_NEVER, 1, "no key is there yet");
	a = sealed(&k, 5);
	b = sealed(&k, 6);
	ok(memcmp(a.name, b.name, sizeof a.name) != 0 &&
	    memcmp(a.cipher, b.cipher, sizeof a.cipher) != 0 &&
	    memcmp(a.mac, b.mac, sizeof a.mac) != 0, "another is another");
	ok(memcmp(a.cipher, a.mac, sizeof a.mac) != 0, "two keys of each");
	ok(memcmp(a.cipher, k.now.secret, sizeof a.cipher) != 0 &&
	    memcmp(a.mac, k.now.secret, sizeof a.mac) != 0,
	    "neither is that which they are made of");
	ok(opens(&k, 10, here, &a) && opens(&k, 10, here, &b), "it opens");
	ok(!opens(&k, 10, there, &a), "not what is bound to something else");
	ok(ticket_keys_open(&k, 10, here, &none) == -1, "nor another's");
}

static void
rolls(void)
{
	struct ticket_keys k = { .life = 1000 };
	struct ticket_sealing a = sealed(&k, 5), b;
	static const unsigned char zeros[32];
	unsigned char first[32];

	memcpy(first, k.now.secret, sizeof first);
	num((int)ticket_keys_roll(&k, 6), 1005, "one seals for its life");
	ok(opens(&k, 1500, here, &a), "and opens afterwards");
	num((int)ticket_keys_roll(&k, 1500), 2005, "as long again");
	b = sealed(&k, 1500);
	ok(memcmp(a.name, b.name, 8) != 0 &&
	    memcmp(first, k.now.secret, sizeof first) != 0,
	    "the next is sealed by another");
	ok(!opens(&k, 2005, here, &a), "then it is too old");
	ok(memcmp(k.before.secret, zeros, sizeof zeros) == 0,
	    "its key is forgotten");
	ok(opens(&k, 2400, here, &b), "the other one still opens");
	ok(!opens(&k, 90000, here, &b), "for its time");
	ok(memcmp(k.now.secret, zeros, sizeof zeros) == 0 &&
	    memcmp(k.before.secret, zeros, sizeof zeros) == 0 &&
	    ticket_keys_roll(&k, 90001) == CLOCK_NEVER,
	    "nothing remains of them");
}

int
main(void)
{
	one_each();
	rolls();
	return done();
}
