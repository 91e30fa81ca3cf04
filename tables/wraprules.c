/*
 * wraprules - hosts.allow and hosts.deny as lines and words.
 *
 * Runs in lookup before each question to libwrap, in the template (is there
 * any rule?) and in inlet check.  Lines are put together, lists and options
 * split as libwrap does it.  The files are root's; they are believed to be
 * meant well, not to be right.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/net.h"
#include "lib/text.h"
#include "tables/wraprules.h"

#define FILE_MOST (4 * 1024 * 1024)
#define LINE_MOST 2046		/* libwrap has 2,048 bytes for it, and a NUL */
#define WORD_MOST 256
#define BLANKS " \t\r\n"
#define SEPARATORS ", \t\r\n"

/* One word of a list; list_r is moved behind it.  False at the end. */
static bool
next_word(const char **list_r, char word[WORD_MOST])
{
	const char *at = *list_r + strspn(*list_r, SEPARATORS);
	size_t len = strcspn(at, SEPARATORS);

	*list_r = at + len;
	if (len >= WORD_MOST)
		len = WORD_MOST - 1;
	memcpy(word, at, len);
	word[len] = '\0';
	return len > 0;
}

/* 0; 1 if there is no such file; -1 with the reason. */
static int
read_whole(const char *path, struct buf *b, struct buf *why_r)
{
	char piece[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t n = 0;

	if (fd == -1 && errno == ENOENT)
		return 1;
	while (fd != -1 && (n = read(fd, piece, sizeof(piece))) > 0) {
		if (buf_add(b, piece, (size_t)n) == -1) {
			errno = EFBIG;
			n = -1;
			break;
		}
	}
	if (fd == -1 || n == -1)
		(void)!buf_addf(why_r, "%s: %s", path, strerror(errno));
	if (fd != -1)
		close(fd);
	return fd == -1 || n == -1 ? -1 : 0;
}

/* Ends the string at the delimiter, outside of brackets; what is behind. */
static char *
split(char *text, char delimiter)
{
	int inside = 0;

	for (; *text != '\0'; text++) {
		if (*text == '[')
			inside++;
		else if (*text == ']')
			inside--;
		else if (*text == delimiter && inside == 0) {
			*text = '\0';
			return text + 1;
		}
	}
	return NULL;
}

/*
 * One line, with those that a backslash at the end joins to it; text_io is
 * moved behind it, and *line_io counts.  False at the end.
 */
static bool
next_line(const char **text_io, int *line_io, struct buf *b)
{
	const char *at = *text_io;
	size_t len;
	bool more = *at != '\0';

	buf_reset(b);
	if (!more)
		return false;
	while (more) {
		len = strcspn(at, "\n");
		more = at[len] == '\n' && len > 0 && at[len - 1] == '\\';
		(void)!buf_add(b, at, more ? len - 1 : len);
		at += len;
		if (*at == '\n') {
			at++;
			++*line_io;
		}
	}
	*text_io = at;
	return true;
}

int
wraprules_walk(const char *path,
    int (*row)(void *arg, const struct wraprule *r), void *arg,
    struct buf *why_r)
{
	struct wraprule r = { .line = 0 };
	struct buf whole, line;
	const char *at;
	char *p, *more;
	int result, end = 0;

	buf_init(&whole, FILE_MOST);
	buf_init(&line, FILE_MOST);
	result = read_whole(path, &whole, why_r);
	at = buf_str(&whole);
	while (result >= 0 && end == 0 && next_line(&at, &r.line, &line)) {
		p = line.p;
		if (p == NULL || p[0] == '#' ||
		    p[strspn(p, " \t\r\n")] == '\0')
			continue;
		r.too_long = line.len > LINE_MOST;
		r.daemons = p;
		r.clients = more = split(p, ':');
		p = more != NULL ? split(more, ':') : NULL;
		r.options = p != NULL ? p : "";
		end = row(arg, &r);
	}
	buf_free(&line);
	buf_free(&whole);
	return result == -1 ? -1 : 0;
}

bool
wraprules_heeded(void)
{
#ifdef HAVE_LIBWRAP
	return true;
#else
	return false;
#endif
}

static int
one(void *arg, const struct wraprule *r)
{
	bool *any = arg;

	(void)r;
	*any = true;
	return 1;
}

bool
wraprules_any(const char *path)
{
	bool any = false;
	struct buf why;

	buf_init(&why, 512);
	if (wraprules_walk(path, one, &any, &why) == -1)
		any = true;
	buf_free(&why);
	return any;
}

/* Behind any option: a word too many only costs a question. */
static int
sets(void *arg, const struct wraprule *r)
{
	bool *any = arg;

	*any = strcasestr(r->options, "setenv") != NULL;
	return *any;
}

int
wraprules_set(const char *path)
{
	bool any = false;
	struct buf why;
	int result;

	buf_init(&why, 512);
	result = wraprules_walk(path, sets, &any, &why);
	buf_free(&why);
	return result == -1 ? -1 : any;
}

/* A pattern that could hold for more than one name is taken as holding. */
static bool
word_holds(char *word, const char *daemon)
{
	char *host = word[0] != '\0' ? strchr(word + 1, '@') : NULL;
	size_t len;

	if (host != NULL)
		*host = '\0';
	len = strlen(word);
	return text_same(word, daemon) || text_same(word, "ALL") ||
	    text_same(word, "KNOWN") || strpbrk(word, "*?/") != NULL ||
	    (len > 0 && (word[0] == '.' || word[len - 1] == '.'));
}

/* "a b EXCEPT c EXCEPT d", as list_match of libwrap reads it. */
static bool
list_holds(const char *list, const char *daemon)
{
	char word[WORD_MOST];
	bool holds = false, except = false;

	while (next_word(&list, word)) {
		if (text_same(word, "EXCEPT")) {
			if (!holds)
				return false;
			except = true;
			break;
		}
		holds = holds || word_holds(word, daemon);
	}
	return holds && !(except && list_holds(list, daemon));
}

bool
wraprules_about(const struct wraprule *r, const char *daemon)
{
	return list_holds(r->daemons, daemon);
}

bool
wraprules_everybody(const struct wraprule *r)
{
	const char *list = r->clients;
	char word[WORD_MOST];
	bool all = false;

	while (next_word(&list, word)) {
		if (text_same(word, "EXCEPT"))
			return false;
		all = all || text_same(word, "ALL");
	}
	return all;
}

/* Netgroups are asked of NIS, over a network, by code that is loaded then. */
static bool
netgroup(const char *word)
{
	return word[0] == '@' || strstr(word, "@@") != NULL;
}

/* A file of patterns; libwrap passes over what it cannot read. */
static bool
file_good(const char *path, struct buf *why_r)
{
	char word[WORD_MOST];
	struct buf b;
	const char *at;
	int result;
	bool good;

	buf_init(&b, FILE_MOST);
	result = read_whole(path, &b, why_r);
	if (result == 1)
		(void)!buf_addf(why_r, "%s: %s", path, strerror(ENOENT));
	good = result == 0;
	for (at = buf_str(&b); good && next_word(&at, word);) {
		good = !netgroup(word);
		if (!good)
			(void)!buf_addf(why_r, "%s: netgroups (%s) cannot be "
			    "asked for", path, word);
	}
	buf_free(&b);
	return good;
}

/* "192.0.2.0/24", "192.0.2.0/255.255.255.0", "[2001:db8::]/32" */
static bool
prefix_good(const char *word)
{
	char net[WORD_MOST];
	struct netaddr a, mask;
	int64_t bits;
	size_t len;

	(void)!text_copy(net, sizeof(net), word);
	len = strcspn(net, "/");
	net[len] = '\0';
	if (net[0] == '[' && net[len - 1] == ']') {
		net[len - 1] = '\0';
		return net_parse(net + 1, &a) == 0 && a.family == 6 &&
		    text_number(word + len + 1, 0, 128, &bits) == 0;
	}
	return net_parse(net, &a) == 0 && a.family == 4 &&
	    (text_number(word + len + 1, 0, 32, &bits) == 0 ||
	    (net_parse(word + len + 1, &mask) == 0 && mask.family == 4));
}

/* Daemons or clients; the latter may be "user@host", a prefix, a file. */
static bool
list_good(const char *list, struct buf *why_r)
{
	char word[WORD_MOST];
	const char *host;

	while (next_word(&list, word)) {
		host = strchr(word + 1, '@');
		host = host != NULL ? host + 1 : word;
		if (netgroup(word)) {
			(void)!buf_addf(why_r, "netgroups (%s) cannot be asked "
			    "for", word);
			return false;
		}
		if (host[0] == '/' && !file_good(host, why_r))
			return false;
		/* libwrap would pass over it, and let in all of it. */
		if (host[0] != '/' && strchr(host, '/') != NULL &&
		    !prefix_good(host)) {
			(void)!buf_addf(why_r, "%s is not a network", host);
			return false;
		}
	}
	return true;
}

static enum wraprule_verdict
judge_option(const char *name, struct buf *why_r)
{
	/* The first three libwrap heeds; the others have no say in it. */
	static const char *const harmless[] = { "allow", "deny", "severity",
	    "setenv", "keepalive", "linger", "nice", "rfc931" };
	static const char *const commands[] = { "spawn", "twist", "banners" };
	const char *and = why_r->len > 0 ? "; " : "";
	size_t i;

	for (i = 0; i < ARRAY_LEN(harmless); i++)
		if (text_same(name, harmless[i]))
			return WRAPRULE_GOOD;
	for (i = 0; i < ARRAY_LEN(commands); i++) {
		if (text_same(name, commands[i])) {
			(void)!buf_addf(why_r, "%sthe option %s is not done",
			    and, commands[i]);
			return WRAPRULE_NOT_DONE;
		}
	}
	(void)!buf_addf(why_r, "%sthe option %s cannot be done", and, name);
	return WRAPRULE_USELESS;
}

/*
 * "spawn (echo a\:b) : allow": the first word of the next part, "" if there is
 * none in it, and what stands behind it; false at the end.
 */
static bool
next_option(const char **list, char name[WORD_MOST], const char **value_r)
{
	const char *p = *list + strspn(*list, BLANKS);
	size_t len = strcspn(p, BLANKS "=:");

	if (**list == '\0')
		return false;
	if (len >= WORD_MOST)
		len = WORD_MOST - 1;
	memcpy(name, p, len);
	name[len] = '\0';
	p += len;
	*value_r = p + strspn(p, BLANKS "=");
	for (; *p != '\0' && *p != ':'; p++)
		if (p[0] == '\\' && p[1] != '\0')
			p++;
	*list = p + (*p == ':');
	return true;
}

static enum wraprule_verdict
judge_options(const char *options, struct buf *why_r)
{
	enum wraprule_verdict worst = WRAPRULE_GOOD, v;
	char name[WORD_MOST];
	const char *value;

	while (next_option(&options, name, &value)) {
		if (name[0] == '\0')
			continue;
		v = judge_option(name, why_r);
		worst = v > worst ? v : worst;
	}
	return worst;
}

bool
wraprules_option(const struct wraprule *r, const char *option,
    const char *value)
{
	const char *options = r->options, *behind;
	char name[WORD_MOST];

	while (next_option(&options, name, &behind))
		if (text_same(name, option) && (value == NULL ||
		    (strcspn(behind, BLANKS ":") == strlen(value) &&
		    strncmp(behind, value, strlen(value)) == 0)))
			return true;
	return false;
}

enum wraprule_verdict
wraprules_judge(const struct wraprule *r, struct buf *why_r)
{
	if (r->clients == NULL || r->too_long) {
		(void)!buf_adds(why_r, r->clients == NULL ?
		    "the colon between daemons and clients is missing" :
		    "the line is longer than libwrap reads");
		return WRAPRULE_USELESS;
	}
	if (!list_good(r->daemons, why_r) || !list_good(r->clients, why_r))
		return WRAPRULE_USELESS;
	return judge_options(r->options, why_r);
}
