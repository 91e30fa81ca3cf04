/*
 * fuzz_relay - any bytes as what a mail system says: replies, one after the
 * other, and the lines of EHLO.  What comes out is printable and bounded, and
 * in what pieces it came makes no difference.
 */
#include "config.h"

#include <string.h>
#include "chans/relay_caps.h"
#include "chans/relay_reply.h"
#include "lib/text.h"
#include "tests/fuzz/fuzz.h"

static void
check(const struct relay_reply *r)
{
	must(r->code >= 200 && r->code <= 599, "a code");
	must(memchr(r->text, '\0', sizeof r->text) != NULL &&
	    text_printable(r->text, strlen(r->text)), "a printable text");
	must(r->enhanced[0] == '\0' ||
	    r->enhanced[0] - '0' == r->code / 100, "of one class");
}

static void
check_caps(const struct relay_caps *c)
{
	must(c->size >= 0 && c->by >= 0 && c->mail_most >= 0 &&
	    c->rcpt_most >= 0, "no negative limit");
	must(text_printable(c->name, strlen(c->name)) &&
	    text_printable(c->auth, strlen(c->auth)), "printable");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	struct relay_caps caps = { .has = 0 };
	struct relay_caps_reading reading = { .caps = &caps };
	struct relay_reply r, again;
	enum relay_read got;
	size_t used, n;

	for (; size > 0; p += used, size -= used) {
		got = relay_reply_read(p, size, &r, &used, relay_caps_line,
		    &reading);
		check_caps(&caps);
		if (got != RELAY_READ_WHOLE)
			break;
		check(&r);
		must(used > 0 && used <= size && used <= RELAY_REPLY_MOST,
		    "its length");
		must(relay_reply_read(p, used, &again, &n, NULL, NULL) ==
		    RELAY_READ_WHOLE && n == used &&
		    memcmp(&r, &again, sizeof r) == 0, "the same by itself");
		must(relay_reply_read(p, used - 1, &again, &n, NULL, NULL) ==
		    RELAY_READ_MORE, "one byte less is not whole");
	}
	return 0;
}
