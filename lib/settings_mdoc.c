/*
 * settings_mdoc - the rows of inlet.conf(5) from the table of settings.
 *
 * One item a setting: what it means, a sentence a line as mdoc wants it, then
 * what values it takes, its default, where it may stand and what other
 * programs call it.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "lib/settings.h"
#include "lib/text.h"

#define WIDTH 78	/* of a line of the page's source */

/* One line of text; what roff would take for a request is hidden from it. */
static int
add_line(struct buf *b, const char *p, size_t len)
{
	if (len > 0 && (p[0] == '.' || p[0] == '\'') &&
	    buf_adds(b, "\\&") != 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\\' ? buf_adds(b, "\\e") != 0
				 : buf_addc(b, p[i]) != 0)
			return -1;
	}
	return buf_addc(b, '\n');
}

/* A sentence, broken between words. */
static int
add_sentence(struct buf *b, const char *p, size_t len)
{
	while (len > WIDTH) {
		size_t n = WIDTH;

		while (n > 0 && p[n] != ' ')
			n--;
		if (n == 0)
			break;
		if (add_line(b, p, n) != 0)
			return -1;
		p += n + 1;
		len -= n + 1;
	}
	return add_line(b, p, len);
}

static int
add_text(struct buf *b, const char *text)
{
	const char *end;

	while ((end = strstr(text, ". ")) != NULL) {
		if (add_sentence(b, text, (size_t)(end - text) + 1) != 0)
			return -1;
		text = end + 2;
	}
	return add_sentence(b, text, strlen(text));
}

/* "A whole number from 1 to 16000" */
static int
add_values(struct buf *b, const struct setting_row *row)
{
	char least[32], most[32];

	switch (row->type) {
	case SETTING_BOOL:
		return buf_adds(b, "Yes or no");
	case SETTING_INT:
		return buf_addf(b, "A whole number from %" PRId64
		    " to %" PRId64, row->least, row->most);
	case SETTING_DURATION:
		text_from_duration(least, sizeof(least), row->least);
		text_from_duration(most, sizeof(most), row->most);
		return buf_addf(b, "A time from %s to %s", least, most);
	case SETTING_SIZE:
		text_from_size(least, sizeof(least), row->least);
		text_from_size(most, sizeof(most), row->most);
		return buf_addf(b, "A size from %s to %s", least, most);
	case SETTING_STRING:
		return buf_addf(b, "A string of %s%" PRId64 " characters",
		    row->least > 0 ? "1 to " : "at most ", row->most);
	case SETTING_LIST:
		return buf_addf(b, "A list of %s%" PRId64 " strings",
		    row->least > 0 ? "1 to " : "at most ", row->most);
	case SETTING_CHOICE:
		break;
	}
	if (buf_adds(b, "One of ") != 0)
		return -1;
	for (const char *p = row->words; *p != '\0'; p++) {
		if (*p == '|' ? buf_adds(b, ", ") != 0
			      : buf_addc(b, *p) != 0)
			return -1;
	}
	return 0;
}

static int
add_default(struct buf *b, const struct setting_row *row)
{
	if (row->fallback[0] == '\0')
		return buf_adds(b, "; empty by default.");
	if (buf_adds(b, "; by default ") != 0)
		return -1;
	for (const char *p = row->fallback; *p != '\0'; p++) {
		if (*p == ',' ? buf_adds(b, ", ") != 0
			      : buf_addc(b, *p) != 0)
			return -1;
	}
	return buf_addc(b, '.');
}

/* Both in one sentence. */
static int
add_range(struct buf *b, const struct setting_row *row)
{
	struct buf line;
	int rc = -1;

	buf_init(&line, 2000);
	if (add_values(&line, row) == 0 && add_default(&line, row) == 0)
		rc = add_sentence(b, buf_str(&line), line.len);
	buf_free(&line);
	return rc;
}

/* Only said where one would not know it from the place of the row. */
static int
add_places(struct buf *b, const struct setting_row *row)
{
	bool in_listener = (row->scope & LISTENER) != 0,
	     in_channel = (row->scope & CHANNEL) != 0,
	     in_row = (row->scope & HOST) != 0;

	if ((row->scope & SERVER) == 0 || (!in_listener && !in_channel))
		return in_row ? buf_adds(b, "A host's row may override it.\n") :
		    0;
	return buf_addf(b, "A %s may override it.\n",
	    in_row			? "listener, channel or host's row"
		: in_listener && in_channel ? "listener or channel"
		: in_listener	      ? "listener"
				      : "channel");
}

static int
add_foreign(struct buf *b, const struct setting_row *row)
{
	const char *z = row->zmailer, *q = row->qmail;

	if (z[0] != '\0' && buf_addf(b, "ZMailer: %s.\n", z) != 0)
		return -1;
	if (q[0] != '\0' && buf_addf(b, "qmail: %s.\n", q) != 0)
		return -1;
	return 0;
}

/* What a variable makes of the setting; word: "=word", or else none. */
static int
add_effect(struct buf *b, enum setting_id id, const char *word)
{
	const struct setting_row *row = &setting_rows[id];

	if (buf_addf(b, ".Ic %s\n", setting_name(id)) != 0)
		return -1;
	if (*word == '=')
		return buf_addf(b, "is %.*s, whatever the value.\n",
		    (int)strcspn(word + 1, ","), word + 1);
	switch (row->type) {
	case SETTING_BOOL:
		return buf_adds(b, "is yes, whatever the value.\n");
	case SETTING_STRING:
		return buf_adds(b, "is its value.\n");
	case SETTING_DURATION:
		return buf_adds(b, "is its value, in seconds.\n");
	case SETTING_INT:
	case SETTING_SIZE:
		return buf_addf(b, "is its value, decimal digits alone; 0 is "
		    "%" PRId64 ".\n", row->most);
	case SETTING_CHOICE:
		return buf_adds(b, "is the word of that number in its row, "
		    "counted from 0;\nlarger numbers are the last one.\n");
	case SETTING_LIST:
		break;
	}
	return -1;
}

int
settings_mdoc_variables(struct buf *b)
{
	const char *last = "", *p;

	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_row *row = &setting_rows[i];
		bool again = strcmp(row->qmail, last) == 0;

		p = (row->scope & VARIABLE) != 0 ? row->qmail : "";
		for (size_t n; *p != '\0'; p += n + strspn(p + n, ", ")) {
			size_t name = strcspn(p, "=,");

			n = strcspn(p, ",");
			if (!again && buf_addf(b, ".It Ev %.*s\n", (int)name,
			    p) != 0)
				return -1;
			if (add_effect(b, (enum setting_id)i, p + name) != 0)
				return -1;
			last = row->qmail;
		}
	}
	return 0;
}

int
settings_mdoc(int scope, struct buf *b)
{
	static const char *const kinds[] = {
		[SETTING_BOOL] = "yes-or-no",
		[SETTING_INT] = "number",
		[SETTING_DURATION] = "time",
		[SETTING_SIZE] = "size",
		[SETTING_STRING] = "string",
		[SETTING_LIST] = "list",
		[SETTING_CHOICE] = "word",
	};

	for (int i = 0; i < SETTING_COUNT; i++) {
		const struct setting_row *row = &setting_rows[i];

		/* scopes are bits, the widest is the lowest */
		if ((row->scope & scope) == 0 ||
		    (row->scope & (scope - 1)) != 0)
			continue;
		if (buf_addf(b, ".It Ic %s No = Ar %s\n",
		    setting_name((enum setting_id)i), kinds[row->type]) != 0 ||
		    add_text(b, row->text) != 0 || add_range(b, row) != 0 ||
		    add_places(b, row) != 0 ||
		    add_foreign(b, row) != 0)
			return -1;
	}
	return 0;
}
