/*
 * datagram - checks and escapes one datagram; the format is lib/log.c's: the
 * level's digit, then "program: event key=value ...".
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include "tools/datagram.h"

#define PROGRAM_MOST 20
#define SESSION "smtpsrvr"
#define CUT "..."

struct out {
	char *p;
	size_t len;
};

static void
put_escaped(struct out *o, const char *p, size_t len, bool quoted)
{
	static const char hex[] = "0123456789abcdef";
	size_t i;

	if (quoted)
		o->p[o->len++] = '"';
	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)p[i];

		/* One escape, the quote, the dots and the NUL fit behind. */
		if (o->len + sizeof("\\xff\"" CUT) > DATAGRAM_LINE)
			break;
		if (c < 0x20 || c > 0x7e) {
			o->p[o->len++] = '\\';
			o->p[o->len++] = 'x';
			o->p[o->len++] = hex[c >> 4];
			o->p[o->len++] = hex[c & 15];
			continue;
		}
		if (quoted && (c == '"' || c == '\\'))
			o->p[o->len++] = '\\';
		o->p[o->len++] = (char)c;
	}
	if (quoted)
		o->p[o->len++] = '"';
	if (i < len) {
		memcpy(o->p + o->len, CUT, sizeof(CUT) - 1);
		o->len += sizeof(CUT) - 1;
	}
	o->p[o->len] = '\0';
}

static void
begin(struct out *o, const char *program, size_t len, pid_t pid)
{
	o->len = (size_t)snprintf(o->p, DATAGRAM_LINE, "%.*s[%ld]: ",
	    (int)len, program, (long)pid);
}

/* The length of the program's name at p, or 0 if there is none. */
static size_t
program_name(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len && i <= PROGRAM_MOST; i++) {
		if ((p[i] >= 'a' && p[i] <= 'z') || p[i] == '_' ||
		    (i > 0 && ((p[i] >= '0' && p[i] <= '9') || p[i] == '-')))
			continue;
		break;
	}
	return i > 0 && i <= PROGRAM_MOST && i + 2 <= len &&
	    memcmp(p + i, ": ", 2) == 0 ? i : 0;
}

static void
put_bad(struct out *o, const char *program, pid_t pid, const char *event,
    const char *p, size_t len)
{
	begin(o, program, strlen(program), pid);
	o->len += (size_t)snprintf(o->p + o->len, DATAGRAM_LINE - o->len,
	    "%s line=", event);
	put_escaped(o, p, len, true);
}

size_t
datagram_line(const char *p, size_t len, pid_t pid, bool session, char *dst,
    enum log_level *level_r)
{
	struct out o = { .p = dst };
	size_t name = 0;

	*level_r = LEVEL_WARNING;
	if (len > 0 && p[0] >= '0' && p[0] <= '0' + LEVEL_DEBUG)
		name = program_name(p + 1, len - 1);
	if (name == 0) {
		put_bad(&o, session ? SESSION : "unknown", pid, "malformed",
		    p, len);
		return o.len;
	}
	if (session && (name != strlen(SESSION) ||
	    memcmp(p + 1, SESSION, name) != 0)) {
		put_bad(&o, SESSION, pid, "forged", p, len);
		return o.len;
	}
	*level_r = (enum log_level)(p[0] - '0');
	begin(&o, p + 1, name, pid);
	put_escaped(&o, p + 1 + name + 2, len - 1 - name - 2, false);
	return o.len;
}
