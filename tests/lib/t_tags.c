/* tags: every tag, wrong ones, cuts, and bytes of strangers. */
#include "config.h"

#include <stdlib.h>
#include "lib/settings.h"
#include "lib/tags.h"
#include "tests/tap.h"

static const struct tag_values all = { .of = { [TAG_HOST] = "h.example",
    [TAG_TIME] = "now", [TAG_VERSION] = "1", [TAG_CHANNEL] = "chan",
    [TAG_ADDRESS] = "192.0.2.1", [TAG_LISTENER] = "smtp",
    [TAG_NAME] = "c.example", [TAG_PORT] = "4711", [TAG_SESSION] = "s1" } };

static void
expands(const char *text, const char *want)
{
	char dst[200];
	size_t n = tags_expand(text, &all, dst, sizeof(dst));

	is(dst, want, text);
	num((long long)n, (long long)strlen(want), "its length");
}

int
main(void)
{
	const struct tag_values strange = { .of = { [TAG_NAME] =
	    "a\r\nb\303\266" } };
	char dst[8], tag[3] = "%";
	const char *text = setting_rows[SETTING_greeting].text;
	size_t n = 0;

	expands("", "");
	expands("no tag", "no tag");
	expands("%H", "h.example");
	expands("%H %T %V %c %i %l %n %p %s %%",
	    "h.example now 1 chan 192.0.2.1 smtp c.example 4711 s1 %");
	expands("100%% of %H%H", "100% of h.exampleh.example");
	expands("%%H", "%H");
	expands("a %x b", "a %x b");
	expands("the end %", "the end %");

	ok(tags_wrong("") == NULL && tags_wrong("%H %% %s") == NULL,
	    "good ones");
	is(tags_wrong("%H %h %x"), "%h %x", "the first that is wrong");
	is(tags_wrong("half a %"), "%", "a percent sign at the end");
	is(tags_wrong("%%%"), "%", "and behind another one");
	ok(tags_has("at %T", TAG_TIME) && tags_has("%H%T", TAG_TIME),
	    "it has that tag");
	ok(!tags_has("%%T %H %", TAG_TIME) && !tags_has("", TAG_TIME),
	    "and it has not");
	ok(tags_wrong(tags_known) == NULL, "those that are known are right");

	num((long long)tags_expand("0123456789", &all, dst, sizeof(dst)), 10,
	    "it would be ten");
	is(dst, "0123456", "and is cut");
	num((long long)tags_expand("%H", &all, dst, 1), 9, "no room");
	is(dst, "", "nothing");
	(void)tags_expand("%n", &strange, dst, sizeof(dst));
	is(dst, "a??b??", "no byte of a stranger's ends the line");
	(void)tags_expand("<%H>", &strange, dst, sizeof(dst));
	is(dst, "<>", "a value that there is not");

	for (const char *p = tags_known; *p != '\0'; p++)
		if (*p != '%' && *p != ' ') {
			tag[1] = *p;
			n += strstr(text, tag) != NULL;
		}
	num((long long)n, TAG_COUNT, "the manual has every tag");
	return done();
}
