/*
 * forged: what is taken out, in whatever pieces the text comes.
 */
#include "config.h"

#include "smtpsrvr/forged.h"
#include "tests/tap.h"

#define OURS "authentication-results:mx.test;x\n"

static const struct {
	const char *text, *left, *what;
} cases[] = {
	{ "", "", "nothing" },
	{ "A: b\n\n", "A: b\n\n", "another field" },
	{ "Authentication-Results: mx.test; a=b\nA: b\n\n", "A: b\n\n",
	    "ours" },
	{ "A: b\nAuthentication-Results: mx.test\n\nc\n", "A: b\n\nc\n",
	    "ours with nothing" },
	{ "AUTHENTICATION-results \t:\tMX.Test 1;\n a\n\tb\nA: b\n",
	    "A: b\n", "in any case, folded" },
	{ "Authentication-Results:\n (a (b) \\) c)\n (d)mx.test; x\nA: b\n",
	    "A: b\n", "comments before the name" },
	{ "Authentication-Results: \"mx.test\"; x\nA: b\n", "A: b\n",
	    "in quotes" },
	{ "Authentication-Results: \"mx\\.test\"; x\nA: b\n", "A: b\n",
	    "in quotes with a backslash" },
	{ "Authentication-Results: mx.test/1; x\nA: b\n", "A: b\n",
	    "a slash behind it" },
	{ "Authentication-Results: mx.test(x); x\nA: b\n", "A: b\n",
	    "a comment behind it" },
	{ OURS OURS "A: b\n" OURS "\n" OURS, "A: b\n\n" OURS,
	    "several, not in the body" },
	{ "Authentication-Results: mx.test.org; x\n", "Authentication-Results:"
	    " mx.test.org; x\n", "a name that begins so" },
	{ "Authentication-Results: x.mx.test; x\n", "Authentication-Results:"
	    " x.mx.test; x\n", "one that ends so" },
	{ "Authentication-Results: \"mx.test \"; x\n", "Authentication-"
	    "Results: \"mx.test \"; x\n", "one with a blank in quotes" },
	{ "X-Authentication-Results: mx.test; x\n", "X-Authentication-Results:"
	    " mx.test; x\n", "another field that ends so" },
	{ "Authentication-Results-X: mx.test; x\n", "Authentication-Results-X:"
	    " mx.test; x\n", "one that begins so" },
	{ "A: b\n Authentication-Results: mx.test\n", "A: b\n Authentication-"
	    "Results: mx.test\n", "a line that goes on" },
	{ "Authentication-Results:\nA: b\n", "Authentication-Results:\nA: b\n",
	    "no name at all" },
	{ "Authentication-Results:\n\nmx.test\n", "Authentication-Results:\n\n"
	    "mx.test\n", "nor in the body" },
	{ "Authentication-Results: (mx.test\nA: b\n", "Authentication-Results:"
	    " (mx.test\nA: b\n", "a comment without its end" },
	{ "Authentication-Results mx.test\nA: b\n", "Authentication-Results "
	    "mx.test\nA: b\n", "no colon" },
	{ "Authentication-Results: mx.test", "Authentication-Results: mx.test",
	    "the text's end before the name's" },
	{ "Authentication-Results: mx.test;", "", "and behind it" },
	{ "Authentication-Results: mx.test\r\nA: b\r\n\r\n" OURS,
	    "A: b\r\n\r\n" OURS, "lines of a binary message" },
};

/* In pieces of so many bytes. */
static void
take(const char *text, size_t piece, char *out, size_t *len_r)
{
	struct forged f = { .over = false };
	size_t at = 0, n, kept = 0, len = strlen(text);

	for (; at < len; at += n) {
		n = len - at < piece ? len - at : piece;
		memcpy(out + kept, text + at, n);
		kept = forged_take(&f, "mx.test", out, kept, n);
	}
	*len_r = kept;
	out[kept] = '\0';
}

static void
test_long(void)
{
	static char text[20000], out[20001];
	struct forged f = { .over = false };
	size_t len, i, kept = 0, most = 0;

	len = (size_t)snprintf(text, sizeof(text),
	    "Authentication-Results: (");
	memset(text + len, 'a', 5000);
	len += 5000;
	len += (size_t)snprintf(text + len, sizeof(text) - len,
	    ") x.test\nA: b\n\n");
	for (i = 0; i < len; i++) {
		out[kept] = text[i];
		kept = forged_take(&f, "mx.test", out, kept, 1);
		if (f.held > most)
			most = f.held;
		if (f.held > kept)
			break;
	}
	num(i, len, "never more is held than is there");
	ok(most <= FORGED_MOST, "nor more than its maximum");
	out[kept] = '\0';
	is(out, "A: b\n\n", "what hides its name for so long goes, too");
	f = (struct forged){ .over = false };
	len = (size_t)snprintf(text, sizeof(text), "Authentication-Results: ");
	memset(text + len, 'a', 600);
	len += 600;
	len += (size_t)snprintf(text + len, sizeof(text) - len, "; x\n\n");
	memcpy(out, text, len);
	num(forged_take(&f, "mx.test", out, 0, len), len,
	    "a name longer than any of ours stays");
}

int
main(void)
{
	char out[1000], what[200];
	size_t len, piece;
	bool same;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		take(cases[i].text, 1000, out, &len);
		is(out, cases[i].left, cases[i].what);
		same = true;
		for (piece = 1; piece < 9; piece++) {
			take(cases[i].text, piece, out, &len);
			same = same && strcmp(out, cases[i].left) == 0;
		}
		snprintf(what, sizeof(what), "%s, in pieces", cases[i].what);
		ok(same, what);
	}
	test_long();
	return done();
}
