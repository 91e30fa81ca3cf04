/*
 * t_authvalue - words, hosts and users in the values of tables.
 */
#include "config.h"

#include <string.h>
#include "tables/authvalue.h"
#include "tests/tap.h"

static void
test_words(void)
{
	char word[AUTHVALUE_WORD], big[600];
	const char *p = " a,\"b, c\"d ,, \"open";
	bool quoted;

	ok(authvalue_word(&p, word, &quoted) && !quoted, "a word");
	is(word, "a", "the first");
	ok(authvalue_word(&p, word, &quoted) && quoted, "one in quotes");
	is(word, "b, c", "with what separates others");
	ok(authvalue_word(&p, word, &quoted) && !quoted, "one right behind");
	is(word, "d", "the third");
	ok(authvalue_word(&p, word, &quoted) && quoted, "quotes left open");
	is(word, "open", "go to the end");
	ok(!authvalue_word(&p, word, &quoted), "the end");
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	p = big;
	ok(authvalue_word(&p, word, &quoted) && *p == '\0', "a long one");
	num(strlen(word), AUTHVALUE_WORD - 1, "is cut");
}

static void
test_hosts(void)
{
	static const struct {
		const char *word;
		bool want;
	} rows[] = {
		{ "a.lan.example", true }, { "A.Lan.Example", true },
		{ ".lan.example", true }, { ".example", true },
		{ "lan.example", false }, { ".a.lan.example", false },
		{ "an.example", false }, { "192.0.2.7", true },
		{ "192.0.2.8", false }, { "192.0.2.0/24", true },
		{ "192.0.3.0/24", false }, { "0.0.0.0/0", true },
		{ "::/0", false }, { "", false }, { "192.0.2.7/24", false },
	};
	static const struct netaddr none;
	struct netaddr a;

	num(net_parse("192.0.2.7", &a), 0, "an address");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		num(authvalue_host(rows[i].word, "a.lan.example", &a),
		    rows[i].want, rows[i].word);
	ok(!authvalue_host("", "", &none) && !authvalue_host(".", "", &none) &&
	    !authvalue_host("0.0.0.0/0", "", &none),
	    "nothing is no host of any");
}

static void
test_rows(void)
{
	static const struct {
		const char *value;
		int bits;
		const char *word;
	} rows[] = {
		{ "", 3, "" }, { " , ", 3, "" }, { "send", 1, "" },
		{ "recv", 2, "" }, { "both", 3, "" }, { "list", 4, "" },
		{ "expire", 8, "" }, { "\"no\"", 8, "no" },
		{ "\"no", 8, "no" }, { "\"\" x", 0, "" },
		{ "send x, recv lan", 2, "" }, { "send lan x", 1, "" },
		{ "send x lan", 1, "" }, { "send x y", 0, "" },
		{ "send, recv, list", 7, "" }, { "lan", -1, "lan" },
		{ "Send", -1, "Send" }, { "\"a\" x, \"b\" lan", 8, "b" },
	};
	char word[64];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		num(authvalue_user(rows[i].value, "lan", word, sizeof(word)),
		    rows[i].bits, rows[i].value);
		is(word, rows[i].word, "its word");
	}
}

int
main(void)
{
	test_words();
	test_hosts();
	test_rows();
	return done();
}
