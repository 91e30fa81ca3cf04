/*
 * t_tbrow - rows of text: what is a key, what is refused, and that what is
 * printed reads back.
 */
#include "config.h"

#include <sys/stat.h>
#include "tests/tables/fixture.h"
#include "tables/tbrow.h"

static struct tbrow row;
static char why[256];

/* "kind key=value", "-" for no row, "!reason" for a bad one. */
static const char *
parsed(const char *line)
{
	static const char kinds[] = "nmap";
	static char text[1024];

	switch (tbrow_parse(&row, line, strlen(line), why, sizeof(why))) {
	case 1:
		(void)snprintf(text, sizeof(text), "%c %s=%s",
		    kinds[row.kind], row.key, buf_str(&row.value));
		break;
	case 0:
		(void)snprintf(text, sizeof(text), "-");
		break;
	default:
		(void)snprintf(text, sizeof(text), "!%s", why);
	}
	return text;
}

static const struct {
	const char *line, *want;
} lines[] = {
	{ "", "-" },
	{ "  \t ", "-" },
	{ "# comment", "-" },
	{ "   # comment", "-" },
	{ "example.org", "n example.org=" },
	{ "Example.ORG:", "n example.org=" },
	{ "example.org: Value", "n example.org=Value" },
	{ "example.org : Value", "n example.org=Value" },
	{ "example.org\tone \t two  ", "n example.org=one two" },
	{ "example.org one # two", "n example.org=one" },
	{ "example.org # two", "n example.org=" },
	{ "example.org: one#two", "n example.org=one#two" },
	{ "example.org: \\#two", "n example.org=#two" },
	{ "example.org: a\\ \\ b", "n example.org=a  b" },
	{ "example.org: a\\\\b", "n example.org=a\\b" },
	{ ".example.org", "n .example.org=" },
	{ "user@example.org: a@b, c@d", "m user@example.org=a@b, c@d" },
	{ "@example.org x", "m @example.org=x" },
	{ "j\\ doe@example.org", "m j doe@example.org=" },
	{ "a\\:b", "n a:b=" },
	{ "a\\:\\:B: v", "a a::b=v" },
	{ "a\\:b@c[d", "m a:b@c[d=" },
	{ "a\\:: v", "n a:=v" },
	{ "\\#x", "n #x=" },
	{ "192.0.2.1", "a 192.0.2.1=" },
	{ "192.0.2.1: x", "a 192.0.2.1=x" },
	{ "192.0.2.1/32 x", "a 192.0.2.1=x" },
	{ "192.0.2.0/24: x", "p 192.0.2.0/24=x" },
	{ "0.0.0.0/0", "p 0.0.0.0/0=" },
	{ "2001:DB8:0::1", "a 2001:db8::1=" },
	{ "2001:db8::1: x", "a 2001:db8::1=x" },
	{ "2001:db8:: x", "a 2001:db8::=x" },
	{ "2001:db8::: x", "a 2001:db8::=x" },
	{ "2001:db8::/32: x", "p 2001:db8::/32=x" },
	{ "::/0", "p ::/0=" },
	{ "[192.0.2.1]", "m [192.0.2.1]=" },
	{ "[IPv6:2001:DB8:0:0::1]: x", "m [ipv6:2001:db8::1]=x" },
	{ "user@[IPv6:2001:DB8:0:0::1]: x", "m user@[ipv6:2001:db8::1]=x" },
	{ "12345", "n 12345=" },
	{ "a/b", "n a/b=" },
	{ "abc/def", "n abc/def=" },
	{ "!Example.org", "n !example.org=" },
	{ "!.example.org:", "n !.example.org=" },
	{ "!192.0.2.1 # why", "a !192.0.2.1=" },
	{ "!192.0.2.0/28", "p !192.0.2.0/28=" },
	{ "!2001:DB8:0::1:", "a !2001:db8::1=" },
	{ "![192.0.2.1]", "m ![192.0.2.1]=" },
	{ "!user@example.org", "m !user@example.org=" },
	{ "a!b", "n a!b=" },
	{ "!\\:", "n !:=" },
	/* refused */
	{ "!", "!no key behind \"!\"" },
	{ "! example.org", "!no key behind \"!\"" },
	{ "!: x", "!no key before \":\"" },
	{ "!!a", "!two marks before \"a\"" },
	{ "!\\!a", "!two marks before \"a\"" },
	{ "\\!a", "!no key can begin with the mark of \"a\"" },
	{ "!a: b", "!a negated key has no value: \"a\"" },
	{ " !a", "!blank before a key (there are no continuation lines): "
	    "\"a\"" },
	{ "!192.0.2.1/24", "!bad address or prefix \"192.0.2.1/24\"" },
	{ " example.org", "!blank before a key (there are no continuation "
	    "lines): \"example.org\"" },
	{ ": x", "!no key before \":\"" },
	{ "a:b", "!no blank behind the colon of \"a:b\"" },
	{ "a:b: c", "!no blank behind the colon of \"a:b\"" },
	{ "192.0.2.1/24", "!bad address or prefix \"192.0.2.1/24\"" },
	{ "192.0.2.0/33", "!bad address or prefix \"192.0.2.0/33\"" },
	{ "192.0.2.256", "!bad address or prefix \"192.0.2.256\"" },
	{ "192.0.2.", "!bad address or prefix \"192.0.2.\"" },
	{ "2001:db8::1/32", "!bad address or prefix \"2001:db8::1/32\"" },
	{ "2001:db8", "!no blank behind the colon of \"2001:db8\"" },
	{ "[192.0.2.1", "!bad address literal \"[192.0.2.1\"" },
	{ "[]", "!bad address literal \"[]\"" },
	{ "[example.org]", "!bad address literal \"[example.org]\"" },
	{ "example.org.", "!dot at the end of \"example.org.\"" },
	{ "ex\303\244mple.org", "!a domain is written with A-labels (xn--), "
	    "and a user with a dot with @ and the domain: "
	    "\"ex\303\244mple.org\"" },
	{ "j\303\266rg: box", "n j\303\266rg=box" },
	{ "j\303\266.rg@Example.org", "m j\303\266.rg@example.org=" },
	{ "!j\303\266rg@example.org", "m !j\303\266rg@example.org=" },
	{ "a@ex\303\244mple.org", "!a domain is written with A-labels (xn--), "
	    "and a user with a dot with @ and the domain: "
	    "\"a@ex\303\244mple.org\"" },
	{ "j\303rg", "!not UTF-8: \"j\303rg\"" },
	{ "j\302\205rg", "!not UTF-8: \"j\302\205rg\"" },
	{ "key value\\", "!nothing behind \"\\\"" },
	{ "key\\", "!nothing behind \"\\\"" },
	{ "key value\r",
	    "!control character 0x0d (CR at the end of lines?)" },
	{ "key v\001", "!control character 0x01" },
};

static void
test_lines(void)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(lines); i++)
		is(parsed(lines[i].line), lines[i].want, lines[i].line[0] ==
		    '#' ? "a comment" : "line");
	num(tbrow_parse(&row, "a\0b", 3, why, sizeof(why)), -1, "NUL");
}

static void
test_long(void)
{
	char *line = malloc(TBROW_LINE + 2);

	memset(line, 'a', TBROW_LINE + 2);
	num(tbrow_parse(&row, line, TBROW_KEY - 1, why, sizeof(why)), 1,
	    "the longest key");
	num(tbrow_parse(&row, line, TBROW_KEY, why, sizeof(why)), -1,
	    "a longer key");
	line[0] = '!';
	num(tbrow_parse(&row, line, TBROW_KEY - 1, why, sizeof(why)), 1,
	    "the longest negated key");
	num(tbrow_parse(&row, line, TBROW_KEY, why, sizeof(why)), -1,
	    "a longer one");
	line[0] = 'a';
	line[1] = ' ';
	num(tbrow_parse(&row, line, TBROW_VALUE + 2, why, sizeof(why)), 1,
	    "the longest value");
	num(tbrow_parse(&row, line, TBROW_VALUE + 3, why, sizeof(why)), -1,
	    "a longer value");
	num(tbrow_parse(&row, line, TBROW_LINE + 1, why, sizeof(why)), -1,
	    "a longer line");
	free(line);
}

/* Every row that parses must come back from what tbrow_print makes of it. */
static void
test_print(void)
{
	static const char *const values[] = {
		"", "a b", " a", "a ", "a  b", "#a", "a #b", "a#b", "\\", ":",
		": a", "\"q\\\"\" <x@y>, z", "   ", "a\tb",
	};
	char before[1024];
	struct buf b;
	size_t i, bad = 0;

	buf_init(&b, 4096);
	for (i = 0; i < ARRAY_LEN(lines); i++) {
		(void)snprintf(before, sizeof(before), "%s",
		    parsed(lines[i].line));
		if (before[0] == '!' || before[0] == '-')
			continue;
		buf_reset(&b);
		if (tbrow_print(&b, row.key, row.klen, buf_str(&row.value),
		    row.value.len) == -1)
			errx(1, "print");
		b.p[b.len - 1] = '\0';
		if (strcmp(parsed(b.p), before) != 0) {
			printf("# %s -> %s\n", before, b.p);
			bad++;
		}
	}
	for (i = 0; i < ARRAY_LEN(values); i++) {
		buf_reset(&b);
		if (tbrow_print(&b, "k", 1, values[i], strlen(values[i])) ==
		    -1 || tbrow_parse(&row, b.p, b.len - 1, why, sizeof(why))
		    != 1 || strcmp(buf_str(&row.value), values[i]) != 0) {
			printf("# value \"%s\" -> %s", values[i], b.p);
			bad++;
		}
	}
	num(bad, 0, "what is printed reads back");
	buf_free(&b);
}

static void
test_file(void)
{
	const char *path = scratch_file("rows",
	    "# head\none: 1\n\nbad:row\ntwo");
	struct tbfile f;
	struct buf b;

	buf_init(&b, 1000);
	num(tbfile_open(&f, path, &b), 0, "a file opens");
	num(tbfile_next(&f, &row, &b), 1, "its first row");
	is(row.key, "one", "its key");
	num(f.line, 2, "and line");
	num(tbfile_next(&f, &row, &b), -1, "a bad row");
	ok(strstr(buf_str(&b), "rows:4: no blank behind") != NULL,
	    "says file, line and word");
	num(tbfile_next(&f, &row, &b), 1, "the next row");
	is(row.key, "two", "needs no LF at the end of the file");
	num(tbfile_next(&f, &row, &b), 0, "the end");
	tbfile_close(&f);

	buf_reset(&b);
	num(tbfile_open(&f, scratch, &b), -1, "a directory is no table");
	ok(strstr(buf_str(&b), "not a regular file") != NULL, "and it says so");
	(void)mkfifo(scratch_path("fifo"), 0600);
	num(tbfile_open(&f, scratch_path("fifo"), &b), -1,
	    "nor is a FIFO, and nothing waits for it");
	num(tbfile_open(&f, scratch_path("missing"), &b), -1, "nor nothing");
	num(tbfile_open(&f, scratch_file("empty", ""), &b), 0,
	    "an empty file is one");
	num(tbfile_next(&f, &row, &b), 0, "without rows");
	tbfile_close(&f);
	buf_free(&b);
}

int
main(void)
{
	static const char *const names[] = { "rows", "fifo", "empty" };

	scratch_make();
	tbrow_init(&row);
	test_lines();
	test_long();
	test_print();
	test_file();
	tbrow_free(&row);
	scratch_remove(names, ARRAY_LEN(names));
	return done();
}
