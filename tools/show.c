/*
 * show - text that strangers wrote, for a terminal; ages; and JSON.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>
#include "lib/log.h"
#include "tools/show.h"

static void
show_byte(FILE *f, unsigned char c)
{
	if (c == '\\')
		fputs("\\\\", f);
	else if (c >= 0x20 && c <= 0x7e)
		fputc(c, f);
	else
		fprintf(f, "\\x%02x", c);
}

void
show_text(FILE *f, const char *s)
{
	for (; *s != '\0'; s++)
		show_byte(f, (unsigned char)*s);
}

void
show_lines(FILE *f, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (p[i] == '\n' || p[i] == '\t')
			fputc(p[i], f);
		else
			show_byte(f, (unsigned char)p[i]);
	}
}

const char *
show_age(int64_t seconds, char *dst, size_t size)
{
	int64_t minutes = seconds / 60, hours = minutes / 60;

	if (seconds < 60)
		snprintf(dst, size, "%" PRId64 "s", seconds < 0 ? 0 : seconds);
	else if (hours == 0)
		snprintf(dst, size, "%" PRId64 "m", minutes);
	else if (hours < 24)
		snprintf(dst, size, "%" PRId64 "h%" PRId64 "m", hours,
		    minutes % 60);
	else
		snprintf(dst, size, "%" PRId64 "d%" PRId64 "h", hours / 24,
		    hours % 24);
	return dst;
}

void
show_json_begin(struct show_json *j, FILE *f)
{
	memset(j, 0, sizeof(*j));
	j->f = f;
}

/* Comma and indentation before a key, or before a value in a list. */
static void
separate(struct show_json *j)
{
	if (j->keyed || j->depth == 0) {
		j->keyed = false;
		return;
	}
	if (j->more[j->depth])
		fputc(',', j->f);
	j->more[j->depth] = true;
	fprintf(j->f, "\n%*s", 2 * j->depth, "");
}

static void
quoted(FILE *f, const char *s, size_t len)
{
	fputc('"', f);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			fprintf(f, "\\%c", c);
		else if (c >= 0x20 && c <= 0x7e)
			fputc(c, f);
		else
			fprintf(f, "\\u%04x", c);
	}
	fputc('"', f);
}

void
show_json_open(struct show_json *j, char bracket)
{
	separate(j);
	fputc(bracket, j->f);
	PANIC_IF(j->depth + 1 == SHOW_DEPTH);
	j->more[++j->depth] = false;
}

void
show_json_close(struct show_json *j, char bracket)
{
	bool more = j->more[j->depth--];

	if (more)
		fprintf(j->f, "\n%*s", 2 * j->depth, "");
	fputc(bracket, j->f);
}

void
show_json_key(struct show_json *j, const char *key)
{
	separate(j);
	quoted(j->f, key, strlen(key));
	fputs(": ", j->f);
	j->keyed = true;
}

void
show_json_text(struct show_json *j, const char *s)
{
	show_json_bytes(j, s, strlen(s));
}

void
show_json_bytes(struct show_json *j, const char *p, size_t len)
{
	separate(j);
	quoted(j->f, p, len);
}

void
show_json_number(struct show_json *j, int64_t n)
{
	separate(j);
	fprintf(j->f, "%" PRId64, n);
}

void
show_json_bool(struct show_json *j, bool b)
{
	separate(j);
	fputs(b ? "true" : "false", j->f);
}

void
show_json_pair(struct show_json *j, const char *key, const char *s)
{
	show_json_key(j, key);
	show_json_text(j, s);
}

void
show_json_count(struct show_json *j, const char *key, int64_t n)
{
	show_json_key(j, key);
	show_json_number(j, n);
}

void
show_json_end(struct show_json *j)
{
	fputc('\n', j->f);
}
