/*
 * scan - a configuration file as libConfuse may have it.
 *
 * libConfuse 3.3 takes much in silence: variables of the environment in
 * strings, characters that it does not know, a comment or string that ends
 * with its file, a trailing comma, NULs; it loses count of the lines at
 * comments and ends its caller when a read fails.  So it never reads a file
 * itself: this reads it, refuses all that, blanks the comments out and sets
 * marks (scan.h).  What is left is taken as it is meant or refused aloud.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/fdio.h"
#include "tools/scan.h"

#define DEPTH 4

enum token { NOTHING, WORD, QUOTED, EQUALS, COMMA, OPEN, OPEN_LIST, CLOSE,
	LEFT, RIGHT };

struct scan {
	const char *p, *end;
	const char *name;	/* of the file */
	int line;
	struct buf *out;
	struct conf_wrong *w;
	enum token last, before;
	int last_line;		/* where the last token is */
	bool odd;		/* the last word cannot be a setting's name */
	int depth;
	int opened[DEPTH];	/* lines of the braces that are open */
};

static int
bad(struct scan *s, int line, const char *what)
{
	struct origin o = { s->name, line };

	conf_wrong(s->w, o, "%s", what);
	return -1;
}

static void
seen(struct scan *s, enum token t)
{
	s->before = s->last;
	s->last = t;
	s->last_line = s->line;
}

/* Copies n bytes as they are. */
static int
copy(struct scan *s, size_t n)
{
	if (buf_add(s->out, s->p, n) != 0)
		return bad(s, s->line, "the file is too large");
	s->p += n;
	return 0;
}

static int
insert(struct scan *s, const char *text)
{
	if (buf_adds(s->out, text) != 0)
		return bad(s, s->line, "the file is too large");
	return 0;
}

static bool
at(const struct scan *s, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(s->end - s->p) >= len && memcmp(s->p, text, len) == 0;
}

static int
newline(struct scan *s)
{
	s->line++;
	return copy(s, 1);
}

/* Up to the end of the line, or with block up to the end mark. */
static int
comment(struct scan *s, bool block)
{
	int line = s->line;

	if (block)
		s->p += 2;
	while (s->p < s->end) {
		if (block && at(s, "*/")) {
			s->p += 2;
			return insert(s, " ");
		}
		if (*s->p != '\n') {
			s->p++;
			continue;
		}
		if (newline(s) != 0)
			return -1;
		if (!block)
			return 0;
	}
	if (block)
		return bad(s, line, "this comment has no end");
	return 0;
}

/* A string in quotes; only what needs a backslash may have one. */
static int
quoted(struct scan *s)
{
	char quote = *s->p;
	int line = s->line;

	seen(s, QUOTED);
	s->odd = true;
	if (copy(s, 1) != 0)
		return -1;
	while (s->p < s->end && *s->p != '\n') {
		unsigned char c = (unsigned char)*s->p;

		if (*s->p == quote)
			return copy(s, 1);
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return bad(s, line, "a control character in a string");
		if (quote == '"' && at(s, "${"))
			return bad(s, line, "variables are not put in here; "
			    "write \\$ for a dollar sign");
		if (*s->p != '\\') {
			if (copy(s, 1) != 0)
				return -1;
			continue;
		}
		if (s->end - s->p < 2 || s->p[1] == '\0' ||
		    strchr("\\\"'$", s->p[1]) == NULL)
			return bad(s, line, "in a string only \\\\ \\\" \\' "
			    "and \\$ may follow a backslash");
		if (copy(s, 2) != 0)
			return -1;
	}
	return bad(s, line, "this string does not end on its line");
}

static bool
in_word(unsigned char c)
{
	return c > 0x20 && c < 0x7f && strchr("#\"'={}()+,*|\\$", c) == NULL;
}

static int
bad_character(struct scan *s)
{
	char text[2] = { *s->p, '\0' }, shown[SETTING_SHOWN], what[160];

	if (*s->p == '\0')
		return bad(s, s->line, "a NUL character");
	snprintf(what, sizeof(what), "the character %s must be in quotes",
	    setting_show(text, shown));
	return bad(s, s->line, what);
}

static int
word(struct scan *s)
{
	size_t n = 0;

	seen(s, WORD);
	s->odd = false;
	while (s->p + n < s->end && in_word((unsigned char)s->p[n])) {
		char c = s->p[n];

		if (c == '/' && s->p + n + 1 < s->end &&
		    (s->p[n + 1] == '/' || s->p[n + 1] == '*'))
			return bad(s, s->line, "// and /* begin a comment; put "
			    "the word in quotes or a blank before them");
		s->odd = s->odd || strchr("./:@%&;<>?[]^`!~", c) != NULL;
		n++;
	}
	if (n == 0)
		return bad_character(s);
	return copy(s, n);
}

static int
open_brace(struct scan *s)
{
	bool list = s->last == EQUALS;

	if (s->depth == DEPTH)
		return bad(s, s->line, "too many braces within braces");
	s->opened[s->depth++] = s->line;
	seen(s, list ? OPEN_LIST : OPEN);
	if (copy(s, 1) != 0)
		return -1;
	if (!list)
		return insert(s, "'" SCAN_MARK "'='" SCAN_MARK "' ");
	/* A comma is needed unless the list is empty: see next(). */
	return insert(s, "'" SCAN_MARK "'");
}

static int
close_brace(struct scan *s)
{
	if (s->depth == 0)
		return bad(s, s->line, "this } closes nothing");
	if (s->last == COMMA)
		return bad(s, s->line, "an empty element in a list");
	s->depth--;
	seen(s, CLOSE);
	return copy(s, 1);
}

static int
mark(struct scan *s)
{
	switch (*s->p) {
	case '{':
		return open_brace(s);
	case '}':
		return close_brace(s);
	case '=':
		if (s->last != WORD || s->odd)
			return bad(s, s->line, "there is no setting's name "
			    "before the =");
		seen(s, EQUALS);
		return copy(s, 1);
	case ',':
		if (s->last == COMMA || s->last == OPEN_LIST)
			return bad(s, s->line, "an empty element in a list");
		seen(s, COMMA);
		return copy(s, 1);
	case '(':
		seen(s, LEFT);
		return copy(s, 1);
	default:
		seen(s, RIGHT);
		return copy(s, 1);
	}
}

/* One token, blank or comment. */
static int
next(struct scan *s)
{
	if (*s->p == '\n')
		return newline(s);
	if (*s->p == ' ' || *s->p == '\t')
		return copy(s, 1);
	if (at(s, "\r\n")) {
		s->p++;
		return newline(s);
	}
	if (*s->p == '#' || at(s, "//"))
		return comment(s, false);
	if (at(s, "/*"))
		return comment(s, true);
	if (at(s, "+="))
		return bad(s, s->line, "there is no += here: give the whole "
		    "list once");
	if (at(s, "${"))
		return bad(s, s->line, "variables are not put in here");
	if (s->last == OPEN_LIST && strchr("},", *s->p) == NULL &&
	    insert(s, ",") != 0)
		return -1;
	if (*s->p == '"' || *s->p == '\'')
		return quoted(s);
	if (*s->p != '\0' && strchr("{}=,()", *s->p) != NULL)
		return mark(s);
	return word(s);
}

/* A file ends behind a whole statement: what includes it cannot go on. */
static int
finish(struct scan *s)
{
	bool value = s->last == WORD || s->last == QUOTED;

	if (s->depth > 0)
		return bad(s, s->opened[s->depth - 1],
		    "the { of this line is never closed");
	if (s->last == NOTHING || s->last == CLOSE || s->last == RIGHT ||
	    (value && s->before == EQUALS))
		return 0;
	return bad(s, s->last_line, "the file ends in the middle of a setting");
}

int
scan_text(const char *p, size_t len, const char *name, struct buf *out,
    struct conf_wrong *w)
{
	struct scan s = { .p = p, .end = p + len, .name = name, .line = 1,
		.out = out, .w = w };

	while (s.p < s.end) {
		if (next(&s) != 0)
			return -1;
	}
	return finish(&s);
}

static int
cannot(const char *name, const char *why, struct conf_wrong *w)
{
	struct origin o = { name, 0 };

	conf_wrong(w, o, "%s", why);
	return -1;
}

/* All bytes of a regular file, which may grow or shrink meanwhile. */
static int
slurp(int fd, const char *name, struct buf *b, struct conf_wrong *w)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return cannot(name, strerror(errno), w);
	if (!S_ISREG(st.st_mode))
		return cannot(name, "it is not a regular file", w);
	do {
		if (buf_reserve(b, 16384) != 0)
			return cannot(name, "it is larger than 4 MiB", w);
		n = read(fd, b->p + b->len, 16384);
		if (n < 0)
			return cannot(name, strerror(errno), w);
		b->len += (size_t)n;
	} while (n > 0);
	return 0;
}

/* Names whom it must be readable by: tailor is nobody where smtpd is root. */
static int
open_file(const char *name, struct conf_wrong *w)
{
	struct origin o = { name, 0 };
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && errno == EACCES)
		conf_wrong(w, o, "%s; user %d must be able to read it",
		    strerror(errno), (int)geteuid());
	else if (fd < 0)
		conf_wrong(w, o, "%s", strerror(errno));
	return fd;
}

int
scan_file(const char *name, struct conf_wrong *w)
{
	struct buf in, out;
	int fd, to = -1;

	buf_init(&in, SCAN_MOST + 16384);
	buf_init(&out, 8 * SCAN_MOST);
	fd = open_file(name, w);
	if (fd < 0)
		return -1;
	if (slurp(fd, name, &in, w) != 0 ||
	    scan_text(buf_str(&in), in.len, name, &out, w) != 0)
		goto out;
	to = memfd_create("inlet.conf", MFD_CLOEXEC);
	if (to < 0 || fd_write(to, buf_str(&out), out.len, CLOCK_NEVER) != 0 ||
	    lseek(to, 0, SEEK_SET) != 0) {
		cannot(name, strerror(errno), w);
		if (to >= 0)
			close(to);
		to = -1;
	}
out:
	close(fd);
	buf_free(&in);
	buf_free(&out);
	return to;
}
