/*
 * command: the table, the usage lines and the manual page say the same.
 */
#include "config.h"

#include <stdlib.h>
#include "lib/buf.h"
#include "tests/tap.h"
#include "tools/command.h"

#define PAGE_MOST (256 * 1024)

static bool
read_page(struct buf *b)
{
	const char *top = getenv("top_srcdir");
	char path[4096], part[4096];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/man8/inlet.8", top != NULL ? top :
	    "..");
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		if (buf_add(b, part, n) != 0)
			break;
	fclose(f);
	return b->len > 0;
}

/* "--json" is "Fl -json" in mdoc, "-p port" is "Fl p Ar port". */
static void
option(const struct command *c, unsigned bit, const char *page)
{
	const char *text = "", *typed = request_option(bit, &text);
	char mdoc[64], letter[8], alone[16];
	bool used, told;

	if (typed == NULL)
		return;
	snprintf(mdoc, sizeof(mdoc), "Fl %.*s", (int)strcspn(typed + 1, " "),
	    typed + 1);
	used = strstr(c->usage, typed) != NULL;
	told = strstr(page, mdoc) != NULL;
	if (typed[1] != '-' && typed[2] == '\0') {
		/* -d and -f stand together in the usage line. */
		snprintf(letter, sizeof(letter), "%c", typed[1]);
		snprintf(alone, sizeof(alone), "[%s]", typed);
		used = strstr(c->usage, alone) != NULL ||
		    (strstr(c->usage, "[-df]") != NULL &&
		    strstr("df", letter) != NULL);
	}
	if ((bit & TAKES_COMMON) != 0)
		used = (c->takes & bit) != 0;
	ok(used == ((c->takes & bit) != 0), typed);
	ok(text[0] != '\0', text);
	if (used)
		ok(told, mdoc);
}

static void
row(const struct command *c, const char *page)
{
	char item[64], synopsis[64];

	printf("# %s\n", c->name);
	snprintf(item, sizeof(item), ".It Cm %s", c->name);
	snprintf(synopsis, sizeof(synopsis), "\n.Cm %s\n", c->name);
	ok(strstr(page, item) != NULL, "it is among the commands");
	ok(strstr(page, synopsis) != NULL, "it is in the synopsis");
	ok(c->line[0] != '\0' && c->run != NULL, "it has a line");
	ok(c->least <= c->most, "the operands can be");
	for (unsigned bit = 1; bit <= TAKES_LAST; bit <<= 1)
		option(c, bit, page);
}

/* What the page has and the table has not. */
static void
strange(const char *page)
{
	const char *p = strstr(page, ".Sh COMMANDS");
	bool good = p != NULL;

	while (p != NULL && (p = strstr(p, "\n.It Cm ")) != NULL) {
		size_t len;
		bool known = false;

		p += strlen("\n.It Cm ");
		len = strcspn(p, " \n");
		for (size_t i = 0; command_row(i) != NULL; i++)
			if (strlen(command_row(i)->name) == len &&
			    memcmp(command_row(i)->name, p, len) == 0)
				known = true;
		good = good && known;
	}
	ok(good, "the page has no command that is none");
}

int
main(void)
{
	char *none[] = { NULL }, word[] = "chek", *wrong[] = { word, NULL };
	struct buf page;

	buf_init(&page, PAGE_MOST);
	if (!ok(read_page(&page), "the manual page"))
		return done();
	for (size_t i = 0; command_row(i) != NULL; i++)
		row(command_row(i), buf_str(&page));
	strange(buf_str(&page));
	num(command_main(0, none), 64, "no command");
	num(command_main(1, wrong), 64, "an unknown command");
	buf_free(&page);
	return done();
}
