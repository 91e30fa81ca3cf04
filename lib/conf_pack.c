/*
 * conf_pack - the configuration as one flat record, and back.
 *
 * The record comes from tailor by way of smtpd.  Reading it is safe on any
 * bytes: every length is checked against what is left, every value goes
 * through conf_set() once more, and damage is noticed by the digest.
 *
 *	u64 magic, u32 version, u32 length of the whole record, text path,
 *	variables, sections, u8 0, u64 digest of all before it
 *	section: u8 scope, text title, origin, u32 values, values
 *	value:   text name, origin, u32 texts, texts
 *	origin:  text file, u32 line
 *	text:    u32 length, bytes, a NUL that does not count
 *
 * Numbers are in the machine's own order: the record never leaves it.
 */
#include "config.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "lib/conf.h"
#include "lib/digest.h"
#include "lib/xalloc.h"

#define RECORD_MAGIC 0x31464e4f434c4e49ULL
#define RECORD_VERSION 2
#define TEXTS_MOST 4096		/* of one value */

struct head {
	uint64_t magic;
	uint32_t version, length;
};

static int
put_u32(struct buf *b, size_t n)
{
	uint32_t u = (uint32_t)n;

	return n > UINT32_MAX ? -1 : buf_add(b, &u, sizeof(u));
}

static int
put_text(struct buf *b, const char *s)
{
	size_t len = strlen(s);

	if (put_u32(b, len) != 0)
		return -1;
	return buf_add(b, s, len + 1);
}

static int
put_origin(struct buf *b, struct origin o)
{
	if (put_text(b, o.file != NULL ? o.file : "") != 0)
		return -1;
	return put_u32(b, (size_t)o.line);
}

static int
put_value(struct buf *b, const struct section *s, enum setting_id id)
{
	enum setting_type type = setting_rows[id].type;
	struct strings l;
	const char *one;
	char text[64];

	if (type == SETTING_STRING || type == SETTING_LIST) {
		l = setting_strings(&s->v, id);
	} else {
		if (setting_text(&s->v, id, text, sizeof(text)) != 0)
			return -1;
		one = text;
		l = (struct strings){ 1, &one };
	}
	if (put_text(b, setting_name(id)) != 0 ||
	    put_origin(b, s->from[id]) != 0 || put_u32(b, l.n) != 0)
		return -1;
	for (size_t i = 0; i < l.n; i++) {
		if (put_text(b, l.at[i]) != 0)
			return -1;
	}
	return 0;
}

static int
put_section(struct buf *b, const struct section *s)
{
	size_t n = 0;

	for (int id = 0; id < SETTING_COUNT; id++)
		n += s->from[id].file != NULL;
	if (buf_addc(b, (char)s->scope) != 0 || put_text(b, s->title) != 0 ||
	    put_origin(b, s->where) != 0 || put_u32(b, n) != 0)
		return -1;
	for (int id = 0; id < SETTING_COUNT; id++) {
		if (s->from[id].file != NULL &&
		    put_value(b, s, (enum setting_id)id) != 0)
			return -1;
	}
	return 0;
}

static int
put_sections(struct buf *b, const struct section *at, int n)
{
	for (int i = 0; i < n; i++) {
		if (put_section(b, &at[i]) != 0)
			return -1;
	}
	return 0;
}

int
conf_pack(const struct conf *c, struct buf *b)
{
	struct head h = { .magic = RECORD_MAGIC, .version = RECORD_VERSION };
	size_t start = b->len;
	uint64_t digest;

	if (buf_add(b, &h, sizeof(h)) != 0 || put_text(b, c->path) != 0 ||
	    buf_add(b, &c->variables, sizeof(c->variables)) != 0 ||
	    put_section(b, &c->server) != 0 ||
	    put_sections(b, c->listeners, c->nlisteners) != 0 ||
	    put_sections(b, c->channels, c->nchannels) != 0 ||
	    put_sections(b, c->tables, c->ntables) != 0 ||
	    buf_addc(b, 0) != 0)
		return -1;
	if (b->len - start + sizeof(digest) > CONF_RECORD_MOST)
		return -1;
	h.length = (uint32_t)(b->len - start + sizeof(digest));
	memcpy(b->p + start, &h, sizeof(h));
	digest = digest_of(b->p + start, b->len - start);
	return buf_add(b, &digest, sizeof(digest));
}

/* What is left to read. */
struct reader {
	const char *p;
	size_t left;
};

static int
get(struct reader *r, void *to, size_t len)
{
	if (r->left < len)
		return -1;
	memcpy(to, r->p, len);
	r->p += len;
	r->left -= len;
	return 0;
}

/* The text stays where it is; it has its NUL there and no other. */
static int
get_text(struct reader *r, const char **s_r)
{
	uint32_t len;

	if (get(r, &len, sizeof(len)) != 0 || r->left < (size_t)len + 1 ||
	    memchr(r->p, '\0', (size_t)len + 1) != r->p + len)
		return -1;
	*s_r = r->p;
	r->p += (size_t)len + 1;
	r->left -= (size_t)len + 1;
	return 0;
}

static int
get_origin(struct reader *r, struct origin *o_r)
{
	uint32_t line;

	if (get_text(r, &o_r->file) != 0 || get(r, &line, sizeof(line)) != 0 ||
	    line > INT_MAX)
		return -1;
	o_r->line = (int)line;
	return 0;
}

static int
get_value(struct reader *r, struct section *s, const char **texts)
{
	struct origin from;
	const char *name;
	char why[512];
	uint32_t n;

	if (get_text(r, &name) != 0 || get_origin(r, &from) != 0 ||
	    get(r, &n, sizeof(n)) != 0 || n > TEXTS_MOST)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		if (get_text(r, &texts[i]) != 0)
			return -1;
	}
	return conf_set(s, name, texts, n, from, why, sizeof(why));
}

/* The section that scope and title ask for, new unless it is the server. */
static int
get_section(struct reader *r, struct conf *c, uint8_t scope,
    const char **texts)
{
	struct section *s = &c->server;
	struct origin where;
	const char *title;
	char why[512];
	uint32_t n;

	if (scope != SERVER && scope != LISTENER && scope != CHANNEL &&
	    scope != TABLE)
		return -1;
	if (get_text(r, &title) != 0 || get_origin(r, &where) != 0 ||
	    get(r, &n, sizeof(n)) != 0)
		return -1;
	if (scope != SERVER && conf_add(c, (enum setting_scope)scope, title,
	    where, &s, why, sizeof(why)) != 0)
		return -1;
	while (n-- > 0) {
		if (get_value(r, s, texts) != 0)
			return -1;
	}
	return 0;
}

static int
get_all(struct reader *r, struct conf *c)
{
	const char **texts = xcalloc(TEXTS_MOST, sizeof(*texts));
	const char *path;
	uint8_t scope;
	int bad = -1;

	if (get_text(r, &path) != 0 ||
	    get(r, &c->variables, sizeof(c->variables)) != 0 ||
	    !variables_good(&c->variables))
		goto out;
	conf_path(c, path);
	for (;;) {
		if (get(r, &scope, sizeof(scope)) != 0)
			goto out;
		if (scope == 0)
			break;
		if (get_section(r, c, scope, texts) != 0)
			goto out;
	}
	bad = r->left == 0 ? 0 : -1;
out:
	free(texts);
	return bad;
}

/* The whole length of a record that may begin at p, or 0. */
static size_t
record_length(const void *p, size_t room)
{
	struct head h;

	if (room < sizeof(h))
		return 0;
	memcpy(&h, p, sizeof(h));
	if (h.magic != RECORD_MAGIC || h.version != RECORD_VERSION ||
	    h.length > CONF_RECORD_MOST || h.length > room ||
	    h.length < sizeof(h) + sizeof(uint64_t))
		return 0;
	return h.length;
}

struct conf *
conf_unpack(const void *p, size_t len)
{
	struct reader r;
	struct conf *c;
	uint64_t digest;

	if (record_length(p, len) != len || len == 0)
		return NULL;
	r.p = p;
	r.left = len - sizeof(digest);
	memcpy(&digest, r.p + r.left, sizeof(digest));
	if (digest != digest_of(r.p, r.left))
		return NULL;
	r.p += sizeof(struct head);
	r.left -= sizeof(struct head);
	c = conf_new();
	if (get_all(&r, c) != 0) {
		conf_free(c);
		return NULL;
	}
	return c;
}

struct conf *
conf_from_fd(int fd, int64_t at)
{
	struct conf *c = NULL;
	struct stat st;
	size_t size, len;
	char *p;

	if (fstat(fd, &st) != 0 || at < 0 || st.st_size <= at ||
	    (uint64_t)st.st_size > SIZE_MAX)
		return NULL;
	size = (size_t)st.st_size;
	p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	len = record_length(p + at, size - (size_t)at);
	if (len > 0)
		c = conf_unpack(p + at, len);
	munmap(p, size);
	return c;
}
