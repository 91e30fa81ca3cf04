/*
 * t_addresses - RFC 5322's examples (A.1, A.5, A.6), and what is no address.
 */
#include "config.h"

#include "lib/buf.h"
#include "tests/tap.h"
#include "lib/addresses.h"

static void
good(void)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "", "" }, { " , ,", "" }, { "jo", "jo@here.example" },
		{ "jo@x.example", "jo@x.example" },
		{ "<jo@x.example>", "jo@x.example" }, { "<jo>",
		    "jo@here.example" },
		{ "John Doe <jdoe@machine.example>", "jdoe@machine.example" },
		{ "Mary Smith <mary@x.test>, jdoe@example.org, Who? "
		    "<one@y.test>", "mary@x.test jdoe@example.org one@y.test" },
		{ "<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" "
		    "<sysservices@example.net>",
		    "boss@nil.test sysservices@example.net" },
		{ "A Group:Ed Jones <c@a.test>,joe@where.test,John "
		    "<jdoe@one.test>;", "c@a.test joe@where.test "
		    "jdoe@one.test" },
		{ "Undisclosed recipients:;", "" },
		{ "undisclosed-recipients:;, a@b.example", "a@b.example" },
		{ "Pete(A nice \\) chap) <pete(his account)@silly.test"
		    "(his host)>", "pete@silly.test" },
		{ "A Group(Some people)\n     :Chris Jones <c@(Chris's host."
		    ")public.example>,\n joe@example.org,\n  John "
		    "<jdoe@one.test> (my dear friend); (the end of the "
		    "group)", "c@public.example joe@example.org "
		    "jdoe@one.test" },
		{ "(Empty list)(start)Hidden recipients  :(nobody(that I "
		    "know))  ;", "" },
		{ "Joe Q. Public <john.q.public@example.com>",
		    "john.q.public@example.com" },
		{ "John Doe <jdoe@machine(comment).  example>",
		    "jdoe@machine.example" },
		{ "Mary Smith\n  \n\t<mary@example.net>", "mary@example.net" },
		{ "<@a.test,@b.test:c@d.test>", "c@d.test" },
		{ "\"a b\"@x.example", "\"a b\"@x.example" },
		{ "\"a,b\" <\"c@d\"@x.example>", "\"c@d\"@x.example" },
		{ "\"jo\"@x.example", "jo@x.example" },
		{ "a . b @ x . example", "a.b@x.example" },
		{ "jo@[192.0.2.1]", "jo@[192.0.2.1]" },
		{ "M\303\274ller <m@x.example>", "m@x.example" },
		{ "=?utf-8?q?a=2Cb?= <m@x.example>", "m@x.example" },
		{ "jo@X.Example", "jo@x.example" },
		{ "a+b", "a+b@here.example" },
	};
	struct addresses a = { .n = 0 };
	char name[40], got[1000];
	const char *why = "";
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(name, sizeof name, "row %zu", i);
		ok(addresses_take(&a, rows[i].text, strlen(rows[i].text),
		    "here.example", &why) == 0, name);
		got[0] = '\0';
		for (size_t k = n = 0; k < a.n; k++)
			n += (size_t)snprintf(got + n, sizeof got - n, "%s%s",
			    k > 0 ? " " : "", a.at[k]);
		is(got, rows[i].want, "its addresses");
		addresses_free(&a);
	}
}

static void
bad(void)
{
	static const char *const rows[] = {
		"a b", "a@", "@b.example", "a@b@c", "<a@b.example",
		"a@b.example>",
		"<>", "a@b..example", "a@-b.example", "(x", "\"x", "a@[1",
		"x: y: z@a.example;", "a;b", "<a@b.example> c", "a@b c.example",
		"<@a.test>", "<a b@c.example>", "a..b@c.example", "m\303\274@x",
		"|cmd <", "a@b.example <c@d.example>", "[x]", "a\\b",
	};
	struct addresses a = { .n = 0 };
	const char *why;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		why = NULL;
		ok(addresses_take(&a, rows[i], strlen(rows[i]),
		    "here.example", &why) == -1 && why != NULL, rows[i]);
		addresses_free(&a);
	}
}

/* Whatever it is, it ends, and what it gives are addresses. */
static void
any(void)
{
	static const char pieces[] = "a@.<>(),:;\"\\[] \n\377";
	struct addresses a = { .n = 0 };
	unsigned x = 1;
	char text[24];
	const char *why;

	for (int i = 0; i < 50000; i++) {
		size_t n = (size_t)i % sizeof text;

		for (size_t k = 0; k < n; k++) {
			x = x * 1103515245 + 12345;
			text[k] = pieces[(x >> 16) % (sizeof pieces - 1)];
		}
		(void)!addresses_take(&a, text, n, "here.example", &why);
		for (size_t k = 0; k < a.n; k++)
			if (strchr(a.at[k], '@') == NULL)
				ok(false, a.at[k]);
		addresses_free(&a);
	}
	ok(true, "any text");
}

int
main(void)
{
	good();
	bad();
	any();
	return done();
}
