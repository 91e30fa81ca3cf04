/*
 * t_patrow - rows of patterns: where a pattern ends, and what is refused.
 */
#include "config.h"

#include <stdlib.h>
#include "tables/patrow.h"
#include "tests/tap.h"

static struct patrow row;

/* "[!]pattern[ i]=value (key)", "-" for no row, "!reason" for a bad one. */
static const char *
parsed(const char *line)
{
	static char text[1024];
	char why[400];

	switch (patrow_parse(&row, line, strlen(line), why, sizeof(why))) {
	case 1:
		(void)snprintf(text, sizeof(text), "%s%.*s%s=%s (%.*s)",
		    row.negated ? "not " : "", (int)row.plen, row.pattern,
		    row.any_case ? " i" : "", buf_str(&row.row.value),
		    (int)row.klen, row.key);
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
	{ " \t", "-" },
	{ "# /a/", "-" },
	{ "  # /a/", "-" },
	{ "/a/", "a= (/a/)" },
	{ "/a/ b  c # d", "a=b c (/a/)" },
	{ "/a b#/ c", "a b#=c (/a b#/)" },
	{ "/A/i v", "A i=v (/A/i)" },
	{ "/a\\/b/ v", "a\\/b=v (/a\\/b/)" },
	{ "/a\\\\/ v", "a\\\\=v (/a\\\\/)" },
	{ "/\\S\\A/ v", "\\S\\A=v (/\\S\\A/)" },
	{ "!/a/", "not a= (!/a/)" },
	{ "!/a/i # b", "not a i= (!/a/i)" },
	{ "/a/\tv", "a=v (/a/)" },
	/* refused */
	{ " /a/", "!blank before a pattern (there are no continuation "
	    "lines): \" /a/\"" },
	{ "a", "!no / before the pattern: \"a\"" },
	{ "!", "!no / before the pattern: \"!\"" },
	{ "!!/a/", "!no / before the pattern: \"!!/a/\"" },
	{ "/", "!no / behind the pattern: \"/\"" },
	{ "/a\\/", "!no / behind the pattern: \"/a\\/\"" },
	{ "/a\\", "!no / behind the pattern: \"/a\\\"" },
	{ "// v", "!an empty pattern: \"// v\"" },
	{ "/a/x v", "!only i may stand behind the pattern, and a blank before "
	    "the value: \"/a/x\"" },
	{ "/a/: v", "!only i may stand behind the pattern, and a blank before "
	    "the value: \"/a/:\"" },
	{ "/a/ii v", "!twice the same flag \"/a/ii\"" },
	{ "/Abc/ v", "!keys are in lower case, and there is no i behind "
	    "\"/Abc/\"" },
	{ "!/a/ v", "!a negated pattern has no value: \"!/a/\"" },
	{ "/a/ v\\", "!nothing behind \"\\\"" },
	{ "/a/\r", "!control character 0x0d (CR at the end of lines?)" },
};

int
main(void)
{
	char *line = malloc(TBROW_LINE + 2), why[400];
	size_t i;

	tbrow_init(&row.row);
	for (i = 0; i < ARRAY_LEN(lines); i++)
		is(parsed(lines[i].line), lines[i].want, lines[i].line[0] ==
		    '#' ? "a comment" : "line");
	memset(line, 'a', TBROW_LINE + 2);
	line[0] = line[PATROW_PATTERN + 1] = '/';
	num(patrow_parse(&row, line, PATROW_PATTERN + 2, why, sizeof(why)), 1,
	    "the longest pattern");
	line[PATROW_PATTERN + 1] = 'a';
	line[PATROW_PATTERN + 2] = '/';
	num(patrow_parse(&row, line, PATROW_PATTERN + 3, why, sizeof(why)), -1,
	    "a longer one");
	num(patrow_parse(&row, line, TBROW_LINE + 1, why, sizeof(why)), -1,
	    "a longer line");
	tbrow_free(&row.row);
	free(line);
	return done();
}
