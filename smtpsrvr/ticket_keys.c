/*
 * ticket_keys - the keys of session tickets, in keysrvr alone.
 *
 * They are made when they are first wanted, are never stored, and go with
 * keysrvr if not before: whoever takes this machine tomorrow finds none that
 * opens what was sealed today.
 */
#include "config.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "lib/clock.h"
#include "smtpsrvr/ticket_keys.h"

int64_t
ticket_keys_roll(struct ticket_keys *k, int64_t now)
{
	if (k->now.made != 0 && now - k->now.made >= k->life) {
		k->before = k->now;
		OPENSSL_cleanse(&k->now, sizeof k->now);
	}
	if (k->before.made != 0 && now - k->before.made >= 2 * k->life)
		OPENSSL_cleanse(&k->before, sizeof k->before);
	if (k->before.made != 0)
		return k->before.made + 2 * k->life;
	return k->now.made != 0 ? k->now.made + k->life : CLOCK_NEVER;
}

/* One of the two keys; which tells them apart. */
static int
derive(const struct ticket_key *k, unsigned char which,
    const unsigned char name[TICKET_NAME],
    const unsigned char bound_to[TICKET_BOUND],
    unsigned char to[TICKET_KEY])
{
	unsigned char in[1 + TICKET_NAME + TICKET_BOUND];

	in[0] = which;
	memcpy(in + 1, name, TICKET_NAME);
	memcpy(in + 1 + TICKET_NAME, bound_to, TICKET_BOUND);
	return HMAC(EVP_sha256(), k->secret, sizeof k->secret, in, sizeof in,
	    to, NULL) != NULL ? 0 : -1;
}

static int
both(const struct ticket_key *k, const unsigned char bound_to[TICKET_BOUND],
    struct ticket_sealing *s)
{
	return derive(k, 'e', s->name, bound_to, s->cipher) == 0 &&
	    derive(k, 'm', s->name, bound_to, s->mac) == 0 ? 0 : -1;
}

int
ticket_keys_seal(struct ticket_keys *k, int64_t now,
    const unsigned char bound_to[TICKET_BOUND], struct ticket_sealing *s_r)
{
	struct ticket_key *x = &k->now;

	(void)ticket_keys_roll(k, now);
	if (x->made == 0) {
		if (RAND_bytes(x->tag, sizeof x->tag) != 1 ||
		    RAND_bytes(x->secret, sizeof x->secret) != 1)
			return -1;
		x->made = now > 0 ? now : 1;
	}
	memcpy(s_r->name, x->tag, sizeof x->tag);
	if (RAND_bytes(s_r->name + sizeof x->tag,
	    sizeof s_r->name - sizeof x->tag) != 1)
		return -1;
	return both(x, bound_to, s_r);
}

int
ticket_keys_open(struct ticket_keys *k, int64_t now,
    const unsigned char bound_to[TICKET_BOUND], struct ticket_sealing *s)
{
	const struct ticket_key *of[] = { &k->now, &k->before };

	(void)ticket_keys_roll(k, now);
	for (size_t i = 0; i < ARRAY_LEN(of); i++)
		if (of[i]->made != 0 && memcmp(s->name, of[i]->tag,
		    sizeof of[i]->tag) == 0)
			return both(of[i], bound_to, s);
	return -1;
}
