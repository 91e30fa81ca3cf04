/*
 * t_glob - shell patterns: every element, and one that costs others for ever.
 */
#include "config.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include "tables/glob.h"
#include "tests/tap.h"

static void
check(const char *pattern, const char *text, bool want)
{
	char what[200];

	(void)snprintf(what, sizeof(what), "\"%.60s\" %s \"%.60s\"", pattern,
	    want ? "matches" : "does not match", text);
	ok(glob_wrong(pattern, strlen(pattern)) == NULL &&
	    glob_match(pattern, strlen(pattern), text, strlen(text)) == want,
	    what);
}

static void
wrong(const char *pattern, const char *why)
{
	const char *got = glob_wrong(pattern, strlen(pattern));

	is(got != NULL ? got : "good", why, pattern);
	/* What is asked all the same must stay within the pattern. */
	(void)glob_match(pattern, strlen(pattern), "abc", 3);
}

static size_t
chance(char *dst, size_t most, const char *letters)
{
	size_t len = (size_t)rand() % most;

	for (size_t i = 0; i < len; i++)
		dst[i] = letters[(size_t)rand() % strlen(letters)];
	dst[len] = '\0';
	return len;
}

/* The same as fnmatch(3) where that has no opinion of its own. */
static void
compare(void)
{
	char pattern[12], text[10];
	size_t plen, len, good = 0, same = 0, found = 0;

	srand(1);
	for (int i = 0; i < 300000; i++) {
		bool match;

		plen = chance(pattern, sizeof(pattern), "aabc**?[]!\\");
		len = chance(text, sizeof(text), "aabc]!");
		if (glob_wrong(pattern, plen) != NULL)
			continue;
		match = glob_match(pattern, plen, text, len);
		good++;
		found += match;
		if (match == (fnmatch(pattern, text, 0) == 0))
			same++;
		else
			printf("# %s: %s\n", pattern, text);
	}
	ok(good > 50000 && found > 5000, "patterns by chance");
	ok(same == good, "agree with fnmatch(3)");
}

int
main(void)
{
	char stars[400] = "", text[2000];

	check("a", "a", true);
	check("a", "b", false);
	check("a", "", false);
	check("a", "aa", false);
	check("*", "", true);
	check("*", "any.thing/at all", true);
	check("a*", "a", true);
	check("*.dsl.*", "1-2.dsl.example.org", true);
	check("*.dsl.*", "dsl.example.org", false);
	check("*.dsl.*", "x.dsl", false);
	check("*ab", "aab", true);
	check("*ab*cd", "xabxabcxcd", true);
	check("*ab*cd", "xabcdc", false);
	check("**a", "ba", true);
	check("?", "a", true);
	check("?", "", false);
	check("a?c", "abc", true);
	check("a?c", "ac", false);
	check("[abc]x", "bx", true);
	check("[abc]x", "dx", false);
	check("[a-c]", "b", true);
	check("[a-c]", "-", false);
	check("[!a-c]", "d", true);
	check("[!a-c]", "a", false);
	check("[]a]", "]", true);
	check("[!]a]", "]", false);
	check("[!]a]", "b", true);
	check("[a-]", "-", true);
	check("[-a]", "-", true);
	check("[a!]", "!", true);
	check("[\\]x]", "]", true);
	check("[0-9a-f][0-9a-f]*", "c0ffee", true);
	check("\\*", "*", true);
	check("\\*", "a", false);
	check("\\[127.0.0.1\\]", "[127.0.0.1]", true);
	check("[c-a]", "b", false);
	wrong("", "an empty pattern");
	wrong("[", "a [ without its ]");
	wrong("[]", "a [ without its ]");
	wrong("[!]", "a [ without its ]");
	wrong("[a\\]", "a [ without its ]");
	wrong("[\\", "a [ without its ]");
	wrong("a\\", "a backslash with nothing behind it");
	wrong("*[a-", "a [ without its ]");

	/* With a step for each way to share the text out it never ended. */
	for (int i = 0; i < 100; i++)
		(void)snprintf(stars + 2 * i, 3, "*a");
	(void)snprintf(stars + 200, 2, "b");
	memset(text, 'a', sizeof(text));
	ok(!glob_match(stars, strlen(stars), text, sizeof(text)),
	    "a hundred stars");
	compare();
	return done();
}
