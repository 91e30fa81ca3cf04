/*
 * finding - what inlet check has to say, one line each.
 */
#include "config.h"

#include <stdarg.h>
#include <string.h>
#include "tools/finding.h"
#include "tools/show.h"

#define TEXT 2048

static const char *const words[FINDING_KINDS] = {
	[FINDING_OK] = "ok",
	[FINDING_NOTE] = "note",
	[FINDING_WARNING] = "warning",
	[FINDING_ERROR] = "error",
};

static void
begin(struct findings *f, enum finding kind)
{
	f->count[kind]++;
	fprintf(f->f, "%-8s", words[kind]);
}

void
finding(struct findings *f, enum finding kind, struct origin at,
    const char *fmt, ...)
{
	char text[TEXT];
	va_list ap;

	begin(f, kind);
	if (at.file != NULL) {
		show_text(f->f, conf_origin_text(at, text, sizeof(text)));
		fputs(": ", f->f);
	}
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	show_text(f->f, text);
	fputc('\n', f->f);
}

void
finding_lines(struct findings *f, enum finding kind, const char *text)
{
	size_t len;

	for (; *text != '\0'; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (len == 0)
			continue;
		begin(f, kind);
		show_lines(f->f, text, len);
		fputc('\n', f->f);
	}
}

void
finding_total(const struct findings *f)
{
	const unsigned *n = f->count;

	fprintf(f->f, "%u error%s, %u warning%s, %u note%s, %u ok\n",
	    n[FINDING_ERROR], n[FINDING_ERROR] == 1 ? "" : "s",
	    n[FINDING_WARNING], n[FINDING_WARNING] == 1 ? "" : "s",
	    n[FINDING_NOTE], n[FINDING_NOTE] == 1 ? "" : "s", n[FINDING_OK]);
}
