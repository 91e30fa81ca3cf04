/*
 * tbrow - the text of a table; see tbrow.h and inlet-tables(5).
 *
 * Runs while a program starts, or in dbmbuild; nothing a client sends comes
 * here.  A line that could mean two things is refused, never guessed at.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/text.h"
#include "lib/xalloc.h"
#include "lib/path.h"
#include "lib/utf8.h"
#include "tables/tb.h"
#include "tables/tbrow.h"

void
tbrow_init(struct tbrow *r)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->value, TBROW_VALUE);
}

void
tbrow_free(struct tbrow *r)
{
	buf_free(&r->value);
}

void
tb_why(struct buf *why_r, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (buf_adds(why_r, text) == -1)
		return;		/* the first reasons are the ones that help */
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int
refuse(char *why_r, size_t size, const char *reason, const char *word)
{
	(void)snprintf(why_r, size, "%s \"%.100s\"", reason, word);
	return -1;
}

/* Bytes that no editor shows cannot be meant. */
int
tbrow_check_line(const char *p, size_t len, char *why_r, size_t size)
{
	size_t i;

	if (len > TBROW_LINE) {
		(void)snprintf(why_r, size, "line longer than %d bytes",
		    TBROW_LINE);
		return -1;
	}

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c != '\t' && (c < 0x20 || c == 0x7f)) {
			(void)snprintf(why_r, size,
			    "control character 0x%02x%s", c,
			    c == '\r' ? " (CR at the end of lines?)" : "");
			return -1;
		}
	}
	return 0;
}

/*
 * Takes the word at *p off the line into r->key, without its backslashes.
 * colons_r: how many colons in it have none before them; open_r: it ends in
 * one of those.
 */
static int
take_key(struct tbrow *r, const char **p, const char *end, bool *open_r,
    int *colons_r, char *why_r, size_t size)
{
	const char *q = *p;
	size_t n = 0;

	*open_r = false;
	*colons_r = 0;
	for (; q < end && !is_blank(*q); q++) {
		*open_r = *q == ':';
		if (*open_r)
			++*colons_r;
		if (*q == '\\' && ++q == end)
			return refuse(why_r, size, "nothing behind", "\\");
		if (n + 1 >= sizeof(r->key))
			return refuse(why_r, size, "key too long", r->key);
		r->key[n++] = *q;
		r->key[n] = '\0';
	}
	r->klen = n;
	*p = q;
	return 0;
}

/* Is r->key an address or a prefix?  Then it gets its one spelling. */
static bool
key_address(struct tbrow *r)
{
	char text[NET_TEXT];
	int n;

	r->bits = 0;
	if (net_parse(r->key, &r->address) == 0) {
		r->kind = TBROW_ADDRESS;
		r->bits = net_bits(&r->address);
	} else if (net_parse_prefix(r->key, &r->address, &r->bits) == 0) {
		r->kind = r->bits == net_bits(&r->address) ? TBROW_ADDRESS :
		    TBROW_PREFIX;
	} else {
		return false;
	}
	net_text(&r->address, text);
	if (r->kind == TBROW_ADDRESS)
		n = snprintf(r->key, sizeof(r->key), "%s", text);
	else
		n = snprintf(r->key, sizeof(r->key), "%s/%d", text, r->bits);
	r->klen = (size_t)n;
	return true;
}

/* The literal at the end of the key, at at, also gets its one spelling. */
static int
key_literal(struct tbrow *r, size_t at, char *why_r, size_t size)
{
	char text[NET_TEXT];
	struct netaddr a;

	if (tb_literal(r->key + at, &a) == -1)
		return refuse(why_r, size, "bad address literal", r->key);
	net_literal(&a, text);
	text_lower(text);
	if (text_copy(r->key + at, sizeof(r->key) - at, text) == -1)
		return refuse(why_r, size, "key too long", r->key);
	r->klen = at + strlen(text);
	return 0;
}

/* Digits, dots and a slash that are no address were meant as one. */
static bool
looks_like_address(const char *key)
{
	const char *slash = strchr(key, '/'), *p;
	int dots = 0;

	if (slash != NULL && slash != key)
		return slash[1] != '\0' &&
		    slash[1 + strspn(slash + 1, "0123456789")] == '\0' &&
		    key + strspn(key, "0123456789abcdef:.") == slash;
	for (p = key; *p != '\0'; p++)
		dots += *p == '.';
	return key[strspn(key, "0123456789.")] == '\0' &&
	    (dots >= 3 || (dots > 0 && p[-1] == '.'));
}

/* A colon with a backslash before it was not meant as part of an address. */
static bool
quoted_colon(const struct tbrow *r, int colons)
{
	size_t i;

	for (i = 0; i < r->klen; i++)
		colons -= r->key[i] == ':';
	return colons != 0;
}

/*
 * A user's name may be UTF-8 (RFC 6531).  A domain that is would never be
 * found: what is looked up has A-labels.
 */
static int
check_utf8(const struct tbrow *r, char *why_r, size_t size)
{
	const char *p = r->key, *end = p + r->klen, *at;
	uint32_t code;
	size_t n;

	if (path_is_ascii(r->key))
		return 0;
	for (; p < end; p += n) {
		n = utf8_next(p, (size_t)(end - p), &code);
		if (n == 0 || utf8_is_control(code))
			return refuse(why_r, size, "not UTF-8:", r->key);
	}
	at = memrchr(r->key, '@', r->klen);
	if (at != NULL ? !path_is_ascii(at) : strchr(r->key, '.') != NULL)
		return refuse(why_r, size, "a domain is written with A-labels "
		    "(xn--), and a user with a dot with @ and the domain:",
		    r->key);
	return 0;
}

static int
classify(struct tbrow *r, bool open, int colons, char *why_r, size_t size)
{
	bool quoted = quoted_colon(r, colons);
	const char *literal;

	text_lower(r->key);
	/* "2001:db8::" is an address, with or without a colon behind it. */
	if (!quoted && key_address(r))
		return 0;
	if (open) {
		r->key[--r->klen] = '\0';
		colons--;
	}
	/* In a table nobody could tell a quoted one from an address. */
	if (key_address(r))
		return 0;
	if (r->klen == 0)
		return refuse(why_r, size, "no key before", ":");
	if (check_utf8(r, why_r, size) == -1)
		return -1;
	literal = r->key[0] == '[' ? r->key : strstr(r->key, "@[");
	if (literal != NULL) {
		r->kind = TBROW_MAILBOX;
		literal += literal[0] == '@';
		return key_literal(r, (size_t)(literal - r->key), why_r, size);
	}
	if (looks_like_address(r->key))
		return refuse(why_r, size, "bad address or prefix", r->key);
	if (colons > 0)
		return refuse(why_r, size, "no blank behind the colon of",
		    r->key);
	if (r->klen > 1 && r->key[r->klen - 1] == '.')
		return refuse(why_r, size, "dot at the end of", r->key);
	r->kind = memchr(r->key, '@', r->klen) != NULL ? TBROW_MAILBOX :
	    TBROW_NAME;
	return 0;
}

int
tbrow_take_value(struct tbrow *r, const char *p, const char *end, char *why_r,
    size_t size)
{
	bool blank = true;

	buf_reset(&r->value);
	while (p < end && is_blank(*p))
		p++;
	/* "key : value" means what it looks like. */
	if (end - p > 0 && *p == ':' && (end - p == 1 || is_blank(p[1])))
		p++;
	for (; p < end; p++) {
		if (is_blank(*p)) {
			blank = true;
			continue;
		}
		if (*p == '#' && blank)
			break;
		if (*p == '\\' && ++p == end)
			return refuse(why_r, size, "nothing behind", "\\");
		if ((blank && r->value.len > 0 &&
		    buf_addc(&r->value, ' ') == -1) ||
		    buf_addc(&r->value, *p) == -1)
			return refuse(why_r, size, "value too long, key",
			    r->key);
		blank = false;
	}
	return 0;
}

/* A key that itself begins with '!' could not be told from a negated one. */
static int
check_mark(const struct tbrow *r, bool negated, char *why_r, size_t size)
{
	if (r->key[0] == '!')
		return refuse(why_r, size, negated ? "two marks before" :
		    "no key can begin with the mark of", r->key + 1);
	if (negated && r->klen == 0)
		return refuse(why_r, size, "no key behind", "!");
	return 0;
}

/* Puts the mark before what was found to be a good key. */
static int
negate(struct tbrow *r, char *why_r, size_t size)
{
	if (r->value.len > 0)
		return refuse(why_r, size, "a negated key has no value:",
		    r->key);
	if (r->klen + 2 > sizeof(r->key))
		return refuse(why_r, size, "key too long", r->key);
	memmove(r->key + 1, r->key, r->klen + 1);
	r->key[0] = '!';
	r->klen++;
	return 0;
}

int
tbrow_parse(struct tbrow *r, const char *line, size_t len, char *why_r,
    size_t size)
{
	const char *p = line, *end = line + len;
	bool open, negated;
	int colons;

	if (tbrow_check_line(line, len, why_r, size) == -1)
		return -1;
	while (p < end && is_blank(*p))
		p++;
	if (p == end || *p == '#')
		return 0;
	r->key[0] = '\0';
	negated = *p == '!';
	p += negated;
	if (take_key(r, &p, end, &open, &colons, why_r, size) == -1)
		return -1;
	if (is_blank(line[0]))
		return refuse(why_r, size,
		    "blank before a key (there are no continuation lines):",
		    r->key);
	if (check_mark(r, negated, why_r, size) == -1 ||
	    classify(r, open, colons, why_r, size) == -1 ||
	    tbrow_take_value(r, p, end, why_r, size) == -1 ||
	    (negated && negate(r, why_r, size) == -1))
		return -1;
	return 1;
}

/* In a key a colon is quoted but where the whole is an address. */
static int
print_key(struct buf *b, const char *key, size_t klen)
{
	struct tbrow r;
	bool address;
	size_t i;

	memset(&r, 0, sizeof(r));
	if (klen >= sizeof(r.key))
		return -1;
	if (klen > 0 && key[0] == '!') {
		if (buf_addc(b, '!') == -1)
			return -1;
		key++;
		klen--;
	}
	memcpy(r.key, key, klen);
	address = key_address(&r) || r.key[0] == '[' ||
	    strstr(r.key, "@[") != NULL;
	for (i = 0; i < klen; i++) {
		if ((is_blank(key[i]) || key[i] == '\\' ||
		    (key[i] == '#' && i == 0) ||
		    (key[i] == ':' && !address)) && buf_addc(b, '\\') == -1)
			return -1;
		if (buf_addc(b, key[i]) == -1)
			return -1;
	}
	return 0;
}

int
tbrow_print(struct buf *b, const char *key, size_t klen, const char *value,
    size_t vlen)
{
	size_t i;

	if (print_key(b, key, klen) == -1)
		return -1;
	if (vlen > 0 && buf_adds(b, ": ") == -1)
		return -1;
	for (i = 0; i < vlen; i++) {
		/* One space between words needs no quoting; others do. */
		bool quote = value[i] == '\\' || value[i] == '\t' ||
		    (value[i] == ':' && i == 0) ||
		    (value[i] == '#' && (i == 0 || value[i - 1] == ' ')) ||
		    (value[i] == ' ' && (i == 0 || i + 1 == vlen ||
		    value[i - 1] == ' '));

		if ((quote && buf_addc(b, '\\') == -1) ||
		    buf_addc(b, value[i]) == -1)
			return -1;
	}
	return buf_addc(b, '\n');
}

int
tbfile_regular(const char *path, size_t most, size_t *size_r,
    struct buf *why_r)
{
	struct stat st;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd == -1) {
		tb_why(why_r, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) == -1) {
		tb_why(why_r, "%s: %s", path, strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		tb_why(why_r, "%s: not a regular file", path);
	} else if ((uintmax_t)st.st_size > most) {
		tb_why(why_r, "%s: larger than %zu bytes", path, most);
	} else {
		*size_r = (size_t)st.st_size;
		return fd;
	}
	close(fd);
	return -1;
}

/* Somebody may be writing it: what came is right only if it all came. */
static int
read_all(struct tbfile *f, int fd, struct buf *why_r)
{
	size_t n = 0;
	ssize_t got;
	char more;

	while (n < f->len) {
		got = read(fd, f->p + n, f->len - n);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	if (n == f->len && read(fd, &more, 1) == 0)
		return 0;
	tb_why(why_r, "%s: it changed while it was read", f->path);
	return -1;
}

int
tbfile_open(struct tbfile *f, const char *path, struct buf *why_r)
{
	int fd, rc;

	memset(f, 0, sizeof(*f));
	f->path = path;
	fd = tbfile_regular(path, TBROW_FILE, &f->len, why_r);
	if (fd == -1)
		return -1;
	f->p = xmalloc(f->len);
	rc = read_all(f, fd, why_r);
	close(fd);
	if (rc == -1)
		tbfile_close(f);
	return rc;
}

bool
tbfile_line(struct tbfile *f, const char **line_r, size_t *len_r)
{
	const char *line = f->p + f->at, *lf;
	size_t left = f->len - f->at;

	if (left == 0)
		return false;
	lf = memchr(line, '\n', left);
	*line_r = line;
	*len_r = lf != NULL ? (size_t)(lf - line) : left;
	f->at += lf != NULL ? *len_r + 1 : left;
	f->line++;
	return true;
}

int
tbfile_next(struct tbfile *f, struct tbrow *r, struct buf *why_r)
{
	const char *line;
	char why[256];
	size_t len;
	int rc = 0;

	while (rc == 0 && tbfile_line(f, &line, &len))
		rc = tbrow_parse(r, line, len, why, sizeof(why));
	if (rc == -1)
		tb_why(why_r, "%s:%d: %s", f->path, f->line, why);
	return rc;
}

void
tbfile_close(struct tbfile *f)
{
	free(f->p);
	f->p = NULL;
}
