/*
 * scan: what libConfuse gets has as many lines, no comments and the marks;
 * what it would take in silence is refused.
 */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>
#include "tests/tap.h"
#include "tools/scan.h"

/* What becomes of text; "" where it is refused. */
static void
becomes(const char *text, size_t len, const char *want, const char *what)
{
	struct buf out, why;
	struct conf_wrong w = { &why, 0 };

	buf_init(&out, 4096);
	buf_init(&why, 4096);
	if (scan_text(text, len, "f", &out, &w) != 0)
		buf_reset(&out);
	ok((w.n > 0) == (out.len == 0 && len > 0), "refused with a reason");
	is(buf_str(&out), want, what);
	buf_free(&out);
	buf_free(&why);
}

static void
taken(const char *text, const char *want)
{
	becomes(text, strlen(text), want, text);
}

static void
refused(const char *text)
{
	becomes(text, strlen(text), "", text);
}

#define M "'" SCAN_MARK "'"

int
main(void)
{
	taken("a = 5\n", "a = 5\n");
	taken("a=b", "a=b");
	taken("a = 5 # c\nb = 6\n", "a = 5 \nb = 6\n");
	taken("a = 5 // c\nb = 6\n", "a = 5 \nb = 6\n");
	taken("a /* b\nc */ = 5\n", "a \n  = 5\n");
	taken("/***/a=/**/b\n", " a= b\n");
	taken("a = \"/* # // */\"\n", "a = \"/* # // */\"\n");
	taken("a = '${b}' b = \"\\${c}\"\n", "a = '${b}' b = \"\\${c}\"\n");
	taken("a = {}\n", "a = {" M "}\n");
	taken("a = { /* x */ }\n", "a = {" M "   }\n");
	taken("a = {b, c}\n", "a = {" M ",b, c}\n");
	taken("a = {\n\"b\"}\n", "a = {" M "\n,\"b\"}\n");
	taken("s \"t\" {\na = 1 }\n", "s \"t\" {" M "=" M " \na = 1 }\n");
	taken("include(\"x\")", "include(\"x\")");
	taken("a = 5\r\nb = 6\r\n", "a = 5\nb = 6\n");

	refused("a = \"b\n\"\n");
	refused("a = \"b");
	refused("a = 'b");
	refused("a = \"b\\");
	refused("a = \"${b}\"");
	refused("a = ${b}");
	refused("a = \"\\0\"");
	refused("a = \"\\x41\"");
	refused("/* a = 5\n");
	refused("/*/");
	refused("a = 5 }");
	refused("a \"b\" {");
	refused("a = {b,}");
	refused("a = {,b}");
	refused("a = {b,,c}");
	refused("a += {b}");
	refused("a = b+c");
	refused("a = *");
	refused("a = \001");
	refused("a = \"\001\"");
	refused("a = \303\244");
	refused("a|b = c");
	refused("\"a\" = c");
	refused("= c");
	refused("a =");
	refused("a");
	refused("a.b = c");
	refused("a = b//c");
	refused("a = b/*c*/");
	refused("a = \r5");
	refused("a{b{c{d{e{");
	becomes("a = 5\n\0b", 8, "", "a NUL");
	becomes("a = \"\\\0\"", 8, "", "a NUL behind a backslash");
	becomes("a = \"\0\"", 7, "", "a NUL in a string");
	return done();
}
