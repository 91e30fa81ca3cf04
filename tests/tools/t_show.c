/*
 * show: nothing but printable ASCII reaches a terminal; JSON is JSON.
 */
#include "config.h"

#include <stdlib.h>
#include "tests/tap.h"
#include "tools/show.h"

struct page {
	char *p;
	size_t len;
	FILE *f;
};

static void
page_open(struct page *s)
{
	s->f = open_memstream(&s->p, &s->len);
}

static void
page_is(struct page *s, const char *want, const char *what)
{
	fclose(s->f);
	is(s->p, want, what);
	free(s->p);
}

static void
text(void)
{
	static const char lines[] = "a\tb\r\n\033[31m\0c\\";
	struct page s;

	page_open(&s);
	show_text(s.f, "a\033]0;x\007b\n\t\\ \303\251\177");
	page_is(&s, "a\\x1b]0;x\\x07b\\x0a\\x09\\\\ \\xc3\\xa9\\x7f",
	    "text: no byte but printable ones");
	page_open(&s);
	show_lines(s.f, lines, sizeof(lines) - 1);
	page_is(&s, "a\tb\\x0d\n\\x1b[31m\\x00c\\\\",
	    "lines: line feed and tab besides");
}

static void
every_byte(void)
{
	char c[2] = "";
	bool good = true;

	for (int i = 1; i < 256; i++) {
		struct page s;

		c[0] = (char)i;
		page_open(&s);
		show_text(s.f, c);
		fclose(s.f);
		for (size_t at = 0; at < s.len; at++)
			good = good && s.p[at] >= 0x20 && s.p[at] < 0x7f;
		free(s.p);
	}
	ok(good, "every byte comes out as printable ASCII");
}

static void
age(int64_t seconds, const char *want)
{
	char dst[32];

	is(show_age(seconds, dst, sizeof(dst)), want, want);
}

static void
json(void)
{
	struct show_json j;
	struct page s;

	page_open(&s);
	show_json_begin(&j, s.f);
	show_json_open(&j, '{');
	show_json_key(&j, "a\"\\");
	show_json_text(&j, "\n\303\177x");
	show_json_key(&j, "b");
	show_json_open(&j, '[');
	show_json_number(&j, -5);
	show_json_bool(&j, true);
	show_json_open(&j, '{');
	show_json_close(&j, '}');
	show_json_close(&j, ']');
	show_json_key(&j, "c");
	show_json_open(&j, '[');
	show_json_close(&j, ']');
	show_json_key(&j, "d");
	show_json_bytes(&j, "x\0y", 3);
	show_json_close(&j, '}');
	show_json_end(&j);
	page_is(&s, "{\n  \"a\\\"\\\\\": \"\\u000a\\u00c3\\u007fx\",\n"
	    "  \"b\": [\n    -5,\n    true,\n    {}\n  ],\n  \"c\": [],\n"
	    "  \"d\": \"x\\u0000y\"\n}\n",
	    "JSON with everything");
}

int
main(void)
{
	text();
	every_byte();
	age(-1, "0s");
	age(59, "59s");
	age(60, "1m");
	age(3599, "59m");
	age(3 * 3600 + 12 * 60, "3h12m");
	age(86400 + 3600, "1d1h");
	json();
	return done();
}
