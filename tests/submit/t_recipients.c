/*
 * recipients: the same route once, many in linear time, all in their order.
 */
#include "config.h"

#include "submit/recipients.h"
#include "tests/tap.h"

static int
add(struct recipients *r, const char *address, const char *mailbox)
{
	struct qfile_recipient one = { .channel = "local",
		.host = "example.org", .address = address,
		.mailbox = mailbox, .original = "original@example.org",
		.notify = "", .orcpt = "" };

	return recipients_add(r, &one);
}

int
main(void)
{
	struct recipients r;
	char address[64];
	bool good = true;

	recipients_init(&r);
	num(add(&r, "a@example.org", "example.org/a"), 0, "the first");
	num(add(&r, "a@example.org", "example.org/a"), 0, "again");
	num(add(&r, "A@example.org", "example.org/a"), 0, "in capitals");
	num(r.n, 1, "these are one");
	num(add(&r, "a@example.org", "example.org/b"), 0, "another mailbox");
	num(add(&r, "b@example.org", "example.org/a"), 0, "another address");
	num(r.n, 3, "those are not");
	for (int i = 0; i < 100000; i++) {
		snprintf(address, sizeof(address), "u%d@example.org",
		    i % 50000);
		good &= add(&r, address, "x") == 0;
	}
	ok(good, "100,000 fit");
	num(r.n, 3 + 50000, "and are merged");
	recipients_free(&r);
	num(r.n, 0, "freed");
	num(add(&r, "a@example.org", "example.org/a"), 0, "used again");
	num(r.n, 1, "from the start");
	recipients_free(&r);
	return done();
}
