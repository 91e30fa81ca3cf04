/*
 * t_greylist - waiting, coming again, being known; after a restart; with two
 * of them; and what is too old.
 */
#include "config.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tables/greylist.h"
#include "tests/tap.h"

#define T0 1800000000

static const struct greylist_rules rules = { .delay = 60, .window = 3600,
	.keep = 86400, .passes = 3 };
static char dir[200];
static struct greylist *g;

static struct greylist *
opened(void)
{
	struct greylist *x;
	struct buf why;

	buf_init(&why, 1000);
	x = greylist_open(dir, &why);
	if (x == NULL)
		errx(1, "%s", buf_str(&why));
	buf_free(&why);
	return x;
}

static void
saved(struct greylist *x, int64_t now)
{
	struct buf why;

	buf_init(&why, 1000);
	if (greylist_save(x, &rules, now, &why) != 0)
		errx(1, "%s", buf_str(&why));
	buf_free(&why);
}

/* "wait 60", "pass", "known", "broken" */
static const char *
answered(enum grey ask(struct greylist *, const struct netaddr *, const char *,
    const char *, const struct greylist_rules *, int64_t, int64_t *),
    struct greylist *x, const char *net, const char *from, const char *to,
    int64_t now)
{
	static const char *const words[] = { "wait", "pass", "known",
	    "broken" };
	static char text[40];
	struct netaddr a;
	int64_t wait;
	enum grey e;

	if (net_parse(net, &a) != 0)
		errx(1, "%s", net);
	e = ask(x, &a, from, to, &rules, now, &wait);
	if (e == GREY_WAIT)
		snprintf(text, sizeof(text), "wait %d", (int)wait);
	else
		snprintf(text, sizeof(text), "%s", words[e]);
	return text;
}

static const char *
asked(struct greylist *x, const char *net, const char *from, const char *to,
    int64_t now)
{
	return answered(greylist_ask, x, net, from, to, now);
}

static const char *
looked(const char *net, const char *to, int64_t now)
{
	return answered(greylist_look, g, net, "look@b.c", to, now);
}

static void
looks(void)
{
	const char *net = "192.0.9.0";
	char to[] = "0@e.f";

	is(looked(net, "d@e.f", T0), "wait 60", "looked at: new");
	is(looked(net, "d@e.f", T0 + 60), "wait 60", "nothing is remembered");
	ok(!greylist_unsaved(g), "nor to be saved");
	is(asked(g, net, "look@b.c", "d@e.f", T0 + 60), "wait 60", "asked");
	is(looked(net, "d@e.f", T0 + 61), "wait 59", "looked at: it waits");
	is(looked(net, "d@e.f", T0 + 120), "pass", "looked at: it may come");
	is(asked(g, net, "look@b.c", "d@e.f", T0 + 119), "wait 1",
	    "which is none of its coming");
	for (; to[0] < '3'; to[0]++) {
		(void)asked(g, net, "x@y.z", to, T0);
		(void)asked(g, net, "x@y.z", to, T0 + 60);
	}
	is(looked(net, "d@e.f", T0 + 61), "known", "looked at: known");
	is(looked(net, "d@e.f", T0 + 60 + 86400), "known", "is kept");
	is(looked(net, "d@e.f", T0 + 61 + 86400), "wait 60",
	    "but not by looking");
}

static void
comes_again(void)
{
	is(asked(g, "192.0.2.0", "a@b.c", "d@e.f", T0), "wait 60", "new");
	is(asked(g, "192.0.2.0", "a@b.c", "d@e.f", T0 + 59), "wait 1",
	    "too soon");
	is(asked(g, "192.0.2.0", "A@B.c", "d@E.f", T0 + 60), "pass",
	    "in time, in any case");
	is(asked(g, "192.0.2.0", "a@b.c", "d@e.f", T0 + 60 + 86400), "pass",
	    "known as long as it is kept");
	is(asked(g, "192.0.2.0", "a@b.c", "d@e.f", T0 + 61 + 2 * 86400),
	    "wait 60", "and no longer");
	is(asked(g, "192.0.2.0", "a@b.c", "other@e.f", T0), "wait 60",
	    "another recipient");
	is(asked(g, "192.0.2.0", "", "d@e.f", T0), "wait 60",
	    "another sender");
	is(asked(g, "198.51.100.0", "a@b.c", "d@e.f", T0), "wait 60",
	    "another network");
	is(asked(g, "192.0.2.0", "a@b.cd", "@e.f", T0), "wait 60",
	    "no sender and recipient are another's");
	is(asked(g, "198.51.100.0", "a@b.c", "d@e.f", T0 + 3601), "wait 60",
	    "who comes too late is new");
	is(asked(g, "198.51.100.0", "a@b.c", "d@e.f", T0 + 10), "wait 60",
	    "a clock that was set back");
}

static void
network(void)
{
	const char *net = "2001:db8::";
	char to[] = "0@e.f";

	for (; to[0] < '3'; to[0]++) {
		is(asked(g, net, "x@y.z", to, T0), "wait 60", "new");
		is(asked(g, net, "x@y.z", to, T0 + 60), "pass", "again");
	}
	is(asked(g, net, "n@n.n", to, T0 + 61), "known",
	    "a network that came again three times");
	is(asked(g, net, "n@n.n", to, T0 + 61 + 86400), "known", "is kept");
	is(asked(g, net, "m@n.n", to, T0 + 62 + 3 * 86400), "wait 60",
	    "as long as all others");
}

static void
lasts(void)
{
	struct greylist *other;

	ok(greylist_unsaved(g), "there is something to save");
	saved(g, T0);
	ok(!greylist_unsaved(g), "and then not");
	other = opened();
	is(asked(other, "203.0.113.0", "a@b.c", "d@e.f", T0), "wait 60",
	    "a second one");
	saved(other, T0);
	is(asked(g, "203.0.113.0", "a@b.c", "d@e.f", T0 + 60), "pass",
	    "sees what the other saved, and the other way round");
	greylist_close(other);
	saved(g, T0 + 60);
	greylist_close(g);
	g = opened();
	is(asked(g, "203.0.113.0", "a@b.c", "d@e.f", T0 + 61), "pass",
	    "after a restart");
}

static void
many(void)
{
	char from[40];
	int waits = 0;

	for (int i = 0; i < 20000; i++) {
		snprintf(from, sizeof(from), "%d@many.test", i);
		waits += asked(g, "192.0.2.0", from, "d@e.f", T0)[0] == 'w';
		if (i % 1000 == 999)
			saved(g, T0);
	}
	num(waits, 20000, "twenty thousand new ones");
	is(asked(g, "192.0.2.0", "19999@many.test", "d@e.f", T0 + 60), "pass",
	    "are all remembered");
	is(asked(g, "192.0.2.0", "7@many.test", "d@e.f", T0 + 60), "pass",
	    "also the first");
	for (int i = 0; i < 5000; i++) {
		snprintf(from, sizeof(from), "%d@more.test", i);
		(void)asked(g, "192.0.3.0", from, "d@e.f", T0);
	}
	is(asked(g, "192.0.3.0", "4999@more.test", "d@e.f", T0 + 30),
	    "wait 60", "more than there is room for before a save are new "
	    "again");
	for (int i = 0; i < 200; i++)
		saved(g, T0 + 10 * 86400);
	is(asked(g, "192.0.2.0", "8@many.test", "d@e.f", T0 + 60), "wait 60",
	    "what is too old is forgotten");
}

static void
cannot(void)
{
	struct buf why;

	buf_init(&why, 1000);
	ok(greylist_open("/proc/none", &why) == NULL, "no such place");
	ok(strstr(buf_str(&why), "/proc/none: No such file") != NULL,
	    "and why");
	buf_free(&why);
}

int
main(void)
{
	const char *tmp = getenv("TMPDIR");
	char file[220];

	snprintf(dir, sizeof(dir), "%s/t_greylist.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL)
		err(1, "%s", dir);
	g = opened();
	looks();
	comes_again();
	network();
	lasts();
	many();
	cannot();
	greylist_close(g);
	snprintf(file, sizeof(file), "%s/data.mdb", dir);
	(void)unlink(file);
	snprintf(file, sizeof(file), "%s/lock.mdb", dir);
	(void)unlink(file);
	(void)rmdir(dir);
	return done();
}
