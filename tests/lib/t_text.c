/*
 * t_text - numbers, durations, sizes and the nearest word, at their edges.
 */
#include "config.h"

#include "lib/text.h"
#include "tests/tap.h"

static void
copies(void)
{
	char d[4] = "zzz";

	num(text_copy(d, sizeof(d), "abc"), 0, "what fits is copied");
	is(d, "abc", "with its NUL");
	num(text_copy(d, sizeof(d), "abcd"), -1, "what does not fit is not");
	is(d, "", "and leaves nothing");
	num(text_copy(d, 0, ""), -1, "no room at all");
}

static void
numbers(void)
{
	static const char *const bad[] = { "", "-", "+1", " 1", "1 ", "1x",
		"0x10", "--1", "9223372036854775808", "99999999999999999999",
		"1.5", "-1" };
	int64_t n = 7;
	int refused = 0;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused += text_number(bad[i], 0, INT64_MAX, &n) == -1;
	num(refused, ARRAY_LEN(bad), "everything but digits is refused");
	num(n, 7, "and leaves the number");
	num(text_number("9223372036854775807", 0, INT64_MAX, &n), 0, "most");
	num(n, INT64_MAX, "is exact");
	num(text_number("-5", -5, 5, &n), 0, "a minus where it may be");
	num(n, -5, "counts");
	num(text_number("-6", -5, 5, &n), -1, "too small");
	num(text_number("6", -5, 5, &n), -1, "too great");
	num(text_number("007", 0, 7, &n), 0, "zeros in front: still decimal");
	num(n, 7, "seven");
}

static void
durations(void)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = { { "0", 0 }, { "250ms", 250 }, { "30s", 30000 },
		{ "5m", 300000 }, { "1h", 3600000 }, { "2d", 172800000 },
		{ "1001ms", 1001 }, { "90s", 90000 } };
	static const char *const bad[] = { "", "5", "m", "5 m", "5M", "1h30m",
		"-5m", "5mm", "00", "106751991168d", "9223372036854775807s" };
	int refused = 0;
	int64_t ms;
	char d[32];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		ok(text_duration(good[i].text, &ms) == 0 && ms == good[i].ms,
		    good[i].text);
		text_from_duration(d, sizeof(d), good[i].ms);
		is(d, good[i].text, "and back");
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused += text_duration(bad[i], &ms) == -1;
	num(refused, ARRAY_LEN(bad), "no unit, wrong unit, too great: refused");
	text_from_duration(d, sizeof(d), 7200000);
	is(d, "2h", "the largest unit that is exact");
	num(text_duration("106751991167d", &ms), 0, "the greatest in days");
}

static void
sizes(void)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = { { "0", 0 }, { "512", 512 }, { "64K", 65536 },
		{ "10M", 10485760 }, { "2G", INT64_C(2147483648) },
		{ "1025", 1025 }, { "1537K", 1573888 } };
	static const char *const bad[] = { "", "K", "1k", "1KB", "1 K", "-1",
		"1.5M", "8589934592G", "1T" };
	int refused = 0;
	int64_t n;
	char d[32];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		ok(text_size(good[i].text, &n) == 0 && n == good[i].bytes,
		    good[i].text);
		text_from_size(d, sizeof(d), good[i].bytes);
		is(d, good[i].text, "and back");
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused += text_size(bad[i], &n) == -1;
	num(refused, ARRAY_LEN(bad), "other units, too great: refused");
}

static void
letters(void)
{
	char s[] = "AbZ[\xc4";

	text_lower(s);
	is(s, "abz[\xc4", "only ASCII letters are lowered");
	ok(text_same("MAIL", "mail") && !text_same("MAIL", "MAI") &&
	    !text_same("mai", "mail") && !text_same("a[", "a{"), "same");
	ok(text_begins("FROM:<>", "from:") && text_begins("x", "") &&
	    !text_begins("FRO", "from:"), "begins");
	ok(text_printable(" ~", 2) && text_printable("", 0), "printable");
	ok(!text_printable("\x1f", 1) && !text_printable("\x7f", 1) &&
	    !text_printable("\x80", 1) && !text_printable("a\0b", 3),
	    "not printable");
}

static void
nearest(void)
{
	static const char *const known[] = { "max-connections",
		"max-recipients", "max-size", "hostname", "port" };
	const size_t n = ARRAY_LEN(known);
	char long_word[200];

	is(text_nearest("max_connections", known, n), "max-connections",
	    "a wrong letter");
	is(text_nearest("hostnmae", known, n), "hostname", "two swapped");
	is(text_nearest("HostName", known, n), "hostname", "case is nothing");
	is(text_nearest("max-siz", known, n), "max-size", "one missing");
	is(text_nearest("prot", known, n), "port", "a swap in a short word");
	is(text_nearest("port", known, n), "port", "the same");
	ok(text_nearest("tarpit", known, n) == NULL, "nothing near");
	ok(text_nearest("po", known, n) == NULL, "half of it missing");
	ok(text_nearest("", known, n) == NULL, "the empty word");
	ok(text_nearest("port", known, 0) == NULL, "nothing known");
	memset(long_word, 'a', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	ok(text_nearest(long_word, known, n) == NULL, "a very long word");
}

static void
adds(void)
{
	char dst[6], number[TEXT_DIGITS];
	size_t len = 0;

	ok(text_add(dst, sizeof(dst), &len, "abc"), "add: it fits");
	ok(text_add(dst, sizeof(dst), &len, "de"), "to the last byte");
	is(dst, "abcde", "one behind the other");
	ok(!text_add(dst, sizeof(dst), &len, "f"), "and no more");
	len = 3;
	ok(!text_add(dst, sizeof(dst), &len, "xyz"), "what is too long");
	is(dst, "abcxy", "is cut");
	is(text_digits(number, 0), "0", "digits: none");
	is(text_digits(number, 250), "250", "digits");
	is(text_digits(number, INT64_MAX), "9223372036854775807", "most");
	is(text_digits(number, INT64_MIN), "-9223372036854775808", "least");
}

int
main(void)
{
	copies();
	adds();
	numbers();
	durations();
	sizes();
	letters();
	nearest();
	return done();
}
