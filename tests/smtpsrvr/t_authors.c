/* Who a message says that it is from. */
#include "config.h"

#include <stdlib.h>

#include "smtpsrvr/authors.h"
#include "tests/tap.h"

static struct authors a;

static void
field(enum authors_field f, const char *text)
{
	struct addresses mailboxes = { .n = 0 };
	const char *why;

	if (addresses_take(&mailboxes, text, strlen(text), "own.test",
	    &why) != 0)
		exit(1);
	authors_add(&a, f, &mailboxes);
}

static void
sent_by(const char *want, const char *what)
{
	const char *why;
	const struct addresses *s = authors_sender(&a, &why);

	is(s != NULL ? s->at[0] : why, want, what);
	is(authors_wrong(&a, false) == NULL ? "" : authors_wrong(&a, false),
	    "", "and nothing is wrong");
	authors_free(&a);
}

static void
is_wrong(const char *want)
{
	const char *why = authors_wrong(&a, false);

	is(why != NULL ? why : "", want, want);
	authors_free(&a);
}

int
main(void)
{
	field(AUTHORS_FROM, "Ann <ann@x.test>");
	sent_by("ann@x.test", "who wrote it");
	field(AUTHORS_SENDER, "bob");
	field(AUTHORS_FROM, "ann@x.test, joe@x.test");
	sent_by("bob@own.test", "who sent it");
	field(AUTHORS_RESENT_FROM, "eve@x.test");
	field(AUTHORS_FROM, "ann@x.test");
	field(AUTHORS_RESENT_FROM, "eva@x.test");
	field(AUTHORS_SENDER, "bob@x.test");
	sent_by("eve@x.test", "who sent it again, the last time");
	field(AUTHORS_FROM, "ann@x.test");
	field(AUTHORS_RESENT_FROM, "eve@x.test, eva@x.test");
	field(AUTHORS_RESENT_SENDER, "joe@x.test");
	sent_by("joe@x.test", "for two others");
	field(AUTHORS_RESENT_FROM, "ann@x.test, bob@x.test");
	field(AUTHORS_FROM, "ann@x.test");
	sent_by("From: several mailboxes need a Sender", "two: who sent it?");
	field(AUTHORS_FROM, "ann@x.test, bob@x.test");
	is_wrong("From: several mailboxes need a Sender");
	authors_unread(&a, AUTHORS_FROM, "it is too long");
	ok(authors_wrong(&a, true) != NULL, "added or not");
	is_wrong("From: it is too long");
	field(AUTHORS_FROM, "ann@x.test");
	authors_unread(&a, AUTHORS_SENDER, "why");
	authors_unread(&a, AUTHORS_RESENT_FROM, "not");
	is_wrong("Sender: why");
	field(AUTHORS_FROM, "ann@x.test");
	field(AUTHORS_FROM, "bob@x.test");
	is_wrong("From: there is more than one");
	field(AUTHORS_FROM, "ann@x.test");
	field(AUTHORS_SENDER, "ann@x.test");
	field(AUTHORS_SENDER, "ann@x.test");
	is_wrong("Sender: there is more than one");
	field(AUTHORS_FROM, "nobody:;");
	is_wrong("From: it names nobody");
	is_wrong("From: it is missing");
	ok(authors_wrong(&a, true) == NULL, "unless one is added");
	return done();
}
