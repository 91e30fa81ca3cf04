/*
 * t_argtags - tags in arguments: replaced once, never looked at again.
 */
#include "config.h"

#include "lib/argtags.h"
#include "tests/tap.h"

static const struct argtag_values values = { .of = {
	[ARGTAG_RECIPIENT] = "{sender}@example.org", [ARGTAG_SENDER] = "-f",
	[ARGTAG_SIZE] = "12", [ARGTAG_LOCAL] = "a b", } };

static void
expanded(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = { { "plain", "plain" }, { "", "" },
	    { "{recipient}", "{sender}@example.org" },
	    { "x{size}y{size}z", "x12y12z" }, { "{local}", "a b" },
	    { "{{size}", "{size}" }, { "{{{{", "{{" }, { "}{{}", "}{}" },
	    { "{mailbox}", "" }, { "-f{sender}", "-f-f" } };
	struct buf b;

	buf_init(&b, 1000);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&b);
		ok(argtags_wrong(rows[i].text) == NULL, "its tags are known");
		ok(argtags_expand(rows[i].text, &values, &b) == 0, "room");
		is(b.p, rows[i].want, rows[i].want);
		num(b.len, strlen(rows[i].want) + 1, "and a NUL");
	}
	buf_free(&b);
	for (size_t most = 0; most < 7; most++) {
		buf_init(&b, most);
		ok(argtags_expand("x{size}yz{size}", &values, &b) == -1,
		    "no room");
		buf_free(&b);
	}
}

static void
questions(void)
{
	bool whole;

	is(argtags_wrong("a{b}"), "{b}", "no such tag");
	is(argtags_wrong("{size}{size"), "{size", "no end");
	is(argtags_wrong("{{{"), "{", "a brace alone");
	is(argtags_wrong("{Size}"), "{Size}", "case matters");
	ok(argtags_personal("{recipient}", &whole) && whole, "by itself");
	ok(argtags_personal("x{mailbox}", &whole) && !whole, "with more");
	ok(argtags_personal("{size}{local}", &whole) && !whole, "the second");
	ok(!argtags_personal("{sender}{{recipient}", &whole), "none");
	ok(argtags_option("{sender}", "-f"), "an address as an option");
	ok(!argtags_option("-f{sender}", "-f-f"), "an option that was one");
	ok(!argtags_option("{sender}", "a-f"), "a hyphen inside");
}

int
main(void)
{
	expanded();
	questions();
	return done();
}
