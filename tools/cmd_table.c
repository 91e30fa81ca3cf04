/*
 * cmd_table - inlet table: asks a table as the server does.
 *
 * A key that is an address is looked for as a host's, with its prefixes; one
 * with "@" as it is; any other as a name, with its parent domains.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include "lib/text.h"
#include "tables/resolver.h"
#include "tools/command.h"
#include "tools/configured.h"
#include "tools/hit.h"
#include "tools/ownlookup.h"
#include "tools/show.h"

#define VALUE_MOST (1024 * 1024)
#define WHY_MOST (256 * 1024)
#define NOT_FOUND 1

struct question {
	struct tb *t;
	const struct section *s;
	const char *key;
	struct netaddr address;	/* family 0: the key is no address */
	bool name;
};

static enum tb_answer
ask(const struct question *q, struct buf *value_r, int *line_r)
{
	if (q->address.family != 0)
		return tb_find_address(q->t, &q->address, value_r, line_r);
	if (q->name)
		return tb_find_name(q->t, q->key, value_r, line_r);
	return tb_find(q->t, q->key, value_r, line_r);
}

static void
print_place(const struct question *q, enum tb_answer answer, int line)
{
	struct origin at = hit_place(q->t, q->s, line);
	char row[TB_KEY];

	hit_key(q->t, q->s, q->key, answer, line, row);
	if (at.line > 0)
		printf("%s:%d: ", at.file, at.line);
	else
		printf("%s: ", at.file);
	show_text(stdout, row);
	putchar('\n');
}

static int
get(struct question *q)
{
	struct buf value;
	int line = 0, code = EX_OK;
	enum tb_answer answer;

	buf_init(&value, VALUE_MOST);
	answer = ask(q, &value, &line);
	switch (answer) {
	case TB_FOUND:
		show_lines(stdout, value.len > 0 ? value.p : "", value.len);
		putchar('\n');
		print_place(q, answer, line);
		break;
	case TB_NEGATED:
		printf("not found: a negated key\n");
		print_place(q, answer, line);
		code = NOT_FOUND;
		break;
	case TB_NOT_FOUND:
		printf("not found\n");
		code = NOT_FOUND;
		break;
	case TB_LATER:
		printf("%s: the server would answer 451\n",
		    q->s->v.type == TABLE_NAMESERVER ?
		    "the name service gives no answer now" :
		    "the table cannot be read now, or is damaged");
		if (line > 0)	/* a pattern that took too long */
			print_place(q, answer, line);
		code = EX_TEMPFAIL;
		break;
	}
	buf_free(&value);
	return code;
}

static int
print_row(void *arg, const char *key, size_t klen, const char *value,
    size_t vlen, int line)
{
	(void)arg, (void)line;
	show_lines(stdout, key, klen);
	if (vlen > 0) {
		fputs(": ", stdout);
		show_lines(stdout, value, vlen);
	}
	putchar('\n');
	return 0;
}

static int
list(const struct question *q)
{
	if (tb_walk(q->t, print_row, NULL) == 0)
		return EX_OK;
	fprintf(stderr, "inlet table: \"%s\" is damaged\n", tb_name(q->t));
	return EX_TEMPFAIL;
}

static int
not_listed(const struct question *q)
{
	fprintf(stderr, "inlet table: \"%s\" is the name service's: nobody "
	    "can list it\n", tb_name(q->t));
	return EX_USAGE;
}

/* Of a table that has to ask for it. */
static int
get_asked(struct question *q, const struct configured *c)
{
	struct resolver_wait w;
	struct ownlookup l;
	int code;

	resolver_wait_init(&w, c->conf->server.v.dns_timeout);
	ownlookup_find(&l, &c->plan, c->record);
	w.jail = l.jail;
	tb_resolve(q->t, &w.r);
	code = get(q);
	ownlookup_end(&l);
	return code;
}

static int
unknown_table(const struct conf *c, const char *name)
{
	const char *known[CONF_TABLES], *near;

	for (int i = 0; i < c->ntables; i++)
		known[i] = c->tables[i].title;
	near = text_nearest(name, known, (size_t)c->ntables);
	fprintf(stderr, "inlet table: no table is called \"%s\"%s%s%s\n",
	    name, near != NULL ? "; is \"" : "", near != NULL ? near : "",
	    near != NULL ? "\" meant?" : "");
	return EX_USAGE;
}

static int
with_table(const struct configured *by, const struct request *r, bool one)
{
	const struct conf *c = by->conf;
	int i = conf_table(c, r->operands[1]), code;
	struct question q = { .key = one ? r->operands[2] : "" };
	struct buf why;

	if (i < 0)
		return unknown_table(c, r->operands[1]);
	buf_init(&why, WHY_MOST);
	q.s = &c->tables[i];
	q.t = tb_open(c, q.s, &why);
	if (q.t == NULL) {
		fprintf(stderr, "%s\n", buf_str(&why));
		code = EX_TEMPFAIL;
	} else {
		if (!one || net_parse(q.key, &q.address) != 0)
			q.address.family = 0;
		q.name = strchr(q.key, '@') == NULL;
		if (q.s->v.type == TABLE_NAMESERVER)
			code = one ? get_asked(&q, by) : not_listed(&q);
		else
			code = one ? get(&q) : list(&q);
		tb_close(q.t);
	}
	buf_free(&why);
	return code;
}

int
cmd_table(const struct request *r)
{
	bool one = strcmp(r->operands[0], "get") == 0;
	struct configured c;
	int code;

	if (r->noperands != (one ? 3 : 2) ||
	    (!one && strcmp(r->operands[0], "list") != 0)) {
		fprintf(stderr, "usage: inlet table get name key\n"
		    "       inlet table list name\n");
		return EX_USAGE;
	}
	code = configured_open(&c, &r->tailor);
	if (code != EX_OK)
		return code;
	code = with_table(&c, r, one);
	configured_close(&c);
	return code;
}
