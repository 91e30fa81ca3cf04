/*
 * tb - look a key up in a table, whatever its kind; see tb.h.
 *
 * Keys come from clients: they are bounded here and brought to the one
 * spelling that tables hold.
 */
#include "config.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "lib/xalloc.h"
#include "tables/tb.h"
#include "tables/tbrow.h"

static const struct tb_kind *const kinds[] = {
	[TABLE_TEXT] = &tb_text,
	[TABLE_GDBM] = &tb_gdbm,
	[TABLE_CIDR] = &tb_cidr,
	[TABLE_LIST] = &tb_list,
	[TABLE_CDB] = &tb_cdb,
	[TABLE_PCRE] = &tb_pcre,
	[TABLE_GLOB] = &tb_glob,
	[TABLE_NAMESERVER] = &tb_ns,
};

/* The file of s, from table-directory if its name is relative. */
static int
file_path(const struct conf *c, const struct section *s, struct buf *path_r)
{
	const char *dir = c->server.v.table_directory;
	size_t len = strlen(dir);

	if (s->v.file[0] == '/' || s->v.file[0] == '\0')
		return buf_adds(path_r, s->v.file);
	if (len == 0) {
		const char *slash = strrchr(c->path, '/');

		dir = c->path;
		len = slash == NULL ? 0 : (size_t)(slash - dir) + 1;
	}
	if (buf_add(path_r, dir, len) == -1 ||
	    (len > 0 && dir[len - 1] != '/' && buf_addc(path_r, '/') == -1))
		return -1;
	return buf_adds(path_r, s->v.file);
}

static int
open_kind(const struct conf *c, const struct section *s, struct tb *t,
    struct buf *path, struct buf *why_r)
{
	const char *file = s->where.file != NULL ? s->where.file : "built-in";

	if (file_path(c, s, path) == -1) {
		tb_why(why_r, "%s:%d: %s", file, s->where.line,
		    strerror(ENAMETOOLONG));
		return -1;
	}
	if (path->len == 0 && t->kind != &tb_list && t->kind != &tb_ns) {
		tb_why(why_r, "%s:%d: no file is named", file, s->where.line);
		return -1;
	}
	return t->kind->open(s, buf_str(path), &t->state, why_r);
}

/*
 * Reading a large table touched much heap.  It is free again, but as long as
 * the allocator keeps it, every fork copies its page tables.
 */
static void
give_back(void)
{
#ifdef __GLIBC__
	(void)malloc_trim(0);
#endif
}

struct tb *
tb_open(const struct conf *c, const struct section *s, struct buf *why_r)
{
	struct tb *t = xcalloc(1, sizeof(*t));
	struct buf path;

	buf_init(&path, 4096);
	t->kind = kinds[s->v.type];
	if (open_kind(c, s, t, &path, why_r) == -1) {
		tb_why(why_r, " (table \"%s\")", s->title);
		free(t);
		t = NULL;
	} else {
		t->holds = t->kind->holds(t->state);
		t->name = xstrdup(s->title);
		t->path = xstrdup(buf_str(&path));
	}
	buf_free(&path);
	give_back();
	return t;
}

void
tb_close(struct tb *t)
{
	if (t == NULL)
		return;
	t->kind->close(t->state);
	free(t->name);
	free(t->path);
	free(t);
}

const char *
tb_name(const struct tb *t)
{
	return t->name;
}

const char *
tb_path(const struct tb *t)
{
	return t->path;
}

int
tb_holds(const struct tb *t)
{
	return t->holds;
}

enum tb_answer
tb_exact(int holds, enum tb_answer (*find)(void *state, const char *key,
    size_t len, struct buf *value_r, int *line_r), void *state,
    const char *key, size_t len, struct buf *value_r, int *line_r)
{
	char negated[1 + TB_KEY];

	if ((holds & TB_NEGATIONS) != 0 && len < TB_KEY) {
		negated[0] = '!';
		memcpy(negated + 1, key, len);
		negated[1 + len] = '\0';
		switch (find(state, negated, 1 + len, NULL, line_r)) {
		case TB_FOUND:
		case TB_NEGATED:
			return TB_NEGATED;
		case TB_LATER:
			return TB_LATER;
		case TB_NOT_FOUND:
			break;
		}
	}
	return find(state, key, len, value_r, line_r);
}

enum tb_answer
tb_find(struct tb *t, const char *key, struct buf *value_r, int *line_r)
{
	char lower[TB_KEY];
	struct netaddr a;

	if (key[0] == '!' || text_copy(lower, sizeof(lower), key) == -1)
		return TB_NOT_FOUND;
	text_lower(lower);
	if (strchr(lower, ':') != NULL && net_parse(lower, &a) == 0)
		net_text(&a, lower);
	return tb_exact(t->holds, t->kind->find, t->state, lower,
	    strlen(lower), value_r, line_r);
}

enum tb_answer
tb_find_address(struct tb *t, const struct netaddr *a, struct buf *value_r,
    int *line_r)
{
	char text[NET_TEXT];

	if (a->family == 0 || (t->holds & TB_ADDRESSES) == 0)
		return TB_NOT_FOUND;
	if (t->kind->find_address != NULL)
		return t->kind->find_address(t->state, a, value_r, line_r);
	net_text(a, text);
	return tb_exact(t->holds, t->kind->find, t->state, text, strlen(text),
	    value_r, line_r);
}

int
tb_literal(const char *domain, struct netaddr *a_r)
{
	char inner[NET_TEXT];
	size_t len;

	if (domain[0] != '[')
		return -1;
	domain += text_begins(domain, "[ipv6:") ? 6 : 1;
	len = strlen(domain);
	if (len < 2 || len > sizeof(inner) || domain[len - 1] != ']')
		return -1;
	memcpy(inner, domain, len - 1);
	inner[len - 1] = '\0';
	return net_parse(inner, a_r);
}

static enum tb_answer
find_literal(struct tb *t, const char *name, struct buf *value_r, int *line_r)
{
	char text[NET_TEXT];
	enum tb_answer answer;
	struct netaddr a;

	if (tb_literal(name, &a) == -1)
		return TB_NOT_FOUND;
	answer = tb_find(t, net_literal(&a, text), value_r, line_r);
	if (answer != TB_NOT_FOUND)
		return answer;
	return tb_find_address(t, &a, value_r, line_r);
}

static enum tb_answer
find_whole(struct tb *t, const char *name)
{
	char lower[TB_KEY];

	if (text_copy(lower, sizeof(lower), name) == -1)
		return TB_NOT_FOUND;
	text_lower(lower);
	return t->kind->find_name(t->state, lower);
}

enum tb_answer
tb_find_name(struct tb *t, const char *name, struct buf *value_r, int *line_r)
{
	enum tb_answer answer;
	const char *dot;

	if (name[0] == '\0')
		return TB_NOT_FOUND;
	if (name[0] == '[')
		return find_literal(t, name, value_r, line_r);
	if (t->kind->find_name != NULL)
		return find_whole(t, name);
	answer = tb_find(t, name, value_r, line_r);
	if (t->kind->patterns)
		return answer;
	for (dot = name + 1; answer == TB_NOT_FOUND; dot++) {
		dot = strchr(dot, '.');
		if (dot == NULL)
			break;
		answer = tb_find(t, dot, value_r, line_r);
	}
	return answer;
}

enum tb_answer
tb_find_mailbox(struct tb *t, const char *mailbox, struct buf *value_r,
    int *line_r)
{
	const char *at = strrchr(mailbox, '@');
	enum tb_answer answer;

	answer = tb_find(t, mailbox, value_r, line_r);
	if (answer == TB_NOT_FOUND && !t->kind->patterns && at != NULL)
		answer = tb_find(t, at, value_r, line_r);
	if (answer == TB_NOT_FOUND && !t->kind->patterns && at != NULL)
		answer = tb_find_name(t, at + 1, value_r, line_r);
	return answer;
}

void
tb_resolve(struct tb *t, struct resolver *r)
{
	if (t->kind->resolve != NULL)
		t->kind->resolve(t->state, r);
}

int
tb_walk(struct tb *t, int (*each)(void *arg, const char *key, size_t klen,
    const char *value, size_t vlen, int line), void *arg)
{
	return t->kind->walk(t->state, each, arg);
}
