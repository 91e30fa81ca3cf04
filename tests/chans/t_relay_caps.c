/*
 * t_relay_caps - answers to EHLO.
 */
#include "config.h"

#include "chans/relay_caps.h"
#include "tests/tap.h"

int
main(void)
{
	static const char *const lines[] = { "Host.Example greets you",
	    "pipelining", "8BITMIME", "SIZE 1000", "DSN", "CHUNKING",
	    "AUTH PLAIN LOGIN", "AUTH=CRAM-MD5",
	    "LIMITS RCPTMAX=7 MAILMAX=3 X=1", "DELIVERBY 60",
	    "X-OTHER PIPELINING", "SIZES 1", "BINARYMIME\x01",
	    "MT-PRIORITY MIXER" };
	struct relay_caps c = { .has = 0 };
	struct relay_caps_reading r = { .caps = &c };
	size_t i;

	for (i = 0; i < ARRAY_LEN(lines); i++)
		relay_caps_line(&r, lines[i], strlen(lines[i]));
	is(c.name, "Host.Example", "what it calls itself");
	ok(relay_caps_has(&c, RELAY_PIPELINING | RELAY_8BITMIME | RELAY_SIZE |
	    RELAY_DSN | RELAY_CHUNKING | RELAY_AUTH | RELAY_DELIVERBY |
	    RELAY_MT_PRIORITY), "what it offers");
	ok(!relay_caps_has(&c, RELAY_DSN | RELAY_STARTTLS), "all of them");
	ok(!relay_caps_has(&c, RELAY_BINARYMIME), "not what is malformed");
	num(c.size, 1000, "SIZE");
	num(c.by, 60, "DELIVERBY");
	num(c.rcpt_most, 7, "RCPTMAX");
	num(c.mail_most, 3, "MAILMAX");
	is(c.auth, "PLAIN LOGIN CRAM-MD5", "mechanisms");
	relay_caps_line(&r, "SIZE 99999999999999999999", 25);
	num(c.size, 0, "no number is no limit");
	c = (struct relay_caps){ .has = 0 };
	r.begun = false;
	relay_caps_line(&r, "STARTTLS", 8);
	num(c.has, 0, "the first line holds no keyword");
	return done();
}
