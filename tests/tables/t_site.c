/*
 * t_site - the tables that channels name are open, and no others.
 */
#include "config.h"

#include "tables/site.h"
#include "tests/tables/fixture.h"

static void
make(struct conf *c)
{
	struct section *s;

	(void)conf_file_table(c, "hosts", "text", scratch_file("h", "a.org\n"));
	(void)conf_file_table(c, "users", "text", scratch_file("u", "bob\n"));
	(void)conf_file_table(c, "unused", "text", scratch_path("missing"));
	s = conf_section(c, CHANNEL, "one");
	put(s, "table", "hosts");
	put(s, "mailboxes", "users");
	s = conf_section(c, CHANNEL, "two");
	put(s, "table", "hosts");
	put(s, "aliases", "users");
	(void)conf_section(c, CHANNEL, "three");
}

int
main(void)
{
	static const char *const names[] = { "h", "u" };
	struct conf *c = conf_new();
	struct site s;
	struct buf why;
	char *second;

	scratch_make();
	make(c);
	buf_init(&why, 1000);
	num(site_open(&s, c, &why), 0, "a site opens");
	is(buf_str(&why), "", "and says nothing");
	ok(site_table(&s, "hosts") != NULL, "a table by name");
	ok(site_table(&s, "hosts") == s.channels[0].hosts &&
	    s.channels[0].hosts == s.channels[1].hosts, "is open once");
	ok(site_table(&s, "users") == s.channels[0].mailboxes &&
	    s.channels[1].aliases == s.channels[0].mailboxes,
	    "whatever it is for");
	ok(site_table(&s, "unused") == NULL, "one that no channel names");
	ok(site_table(&s, "") == NULL && site_table(&s, "nosuch") == NULL,
	    "no name, no table");
	ok(s.channels[2].hosts == NULL && s.channels[2].aliases == NULL,
	    "a channel without tables");
	site_close(&s);

	(void)scratch_file("h", "1.2.3.4/8\n");
	(void)scratch_file("u", "a:b\n");
	num(site_open(&s, c, &why), -1, "bad tables");
	second = strchr(buf_str(&why), '\n');
	ok(strstr(buf_str(&why), "/h:1: ") != NULL && second != NULL &&
	    strstr(second, "/u:1: ") != NULL &&
	    strchr(second + 1, '\n') == NULL, "each is named, and once");
	printf("# %s\n", buf_str(&why));
	buf_free(&why);
	conf_free(c);
	scratch_remove(names, ARRAY_LEN(names));
	return done();
}
