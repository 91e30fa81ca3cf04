/*
 * check_tables - every table, also those that no channel names: it opens, it
 * can be read to its end, and nobody else may change it.
 */
#include "config.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tables/logins.h"
#include "tools/check.h"

#define WHY_MOST (256 * 1024)

enum use { NOT_USED, USED, USED_FOR_HOSTS };

/* By a setting that the server, a listener or a channel may have. */
static bool
is_list(const struct settings *v, const char *table)
{
	return strcmp(v->helo_refuse, table) == 0 ||
	    strcmp(v->sender_refuse, table) == 0 ||
	    strcmp(v->recipient_refuse, table) == 0 ||
	    strcmp(v->sender_logins, table) == 0 ||
	    strcmp(v->tls_clients, table) == 0 ||
	    strcmp(v->auth_certificates, table) == 0 ||
	    strcmp(v->etrn, table) == 0 ||
	    strcmp(v->host_settings, table) == 0;
}

static enum use
use_of(const struct conf *c, const char *table)
{
	enum use use = is_list(&c->server.v, table) ? USED : NOT_USED;

	for (int i = 0; i < c->nlisteners; i++)
		if (is_list(&c->listeners[i].v, table))
			use = USED;
	for (int i = 0; i < c->nchannels; i++) {
		const struct settings *v = &c->channels[i].v;

		if (strcmp(v->table, table) == 0)
			return USED_FOR_HOSTS;
		if (strcmp(v->mailboxes, table) == 0 ||
		    strcmp(v->aliases, table) == 0 ||
		    strcmp(v->insrc, table) == 0 ||
		    strcmp(v->indest, table) == 0 ||
		    strcmp(v->outsrc, table) == 0 ||
		    strcmp(v->outdest, table) == 0 ||
		    strcmp(v->authorise_table, table) == 0 || is_list(v, table))
			use = USED;
	}
	return use;
}

static bool
is_logins(const struct conf *c, const char *table)
{
	const struct section *s;
	bool is = false;

	for (int i = 0; (s = conf_section_at(c, i)) != NULL; i++)
		is |= strcmp(s->v.sender_logins, table) == 0;
	return is;
}

/* Of one table: how many there are, and what is wrong with them. */
struct rows {
	const struct check *k;
	const struct tb *t;
	struct origin at;	/* of a table without a file */
	bool logins;
	long n;
};

/* A word that is none grants nothing, which cannot be meant. */
static void
check_senders(const struct rows *r, const char *p, size_t left, int line)
{
	struct origin at = { tb_path(r->t), line };
	const char *why;
	size_t len;

	if (at.file[0] == '\0')
		at = r->at;
	for (const char *end = p + left; p < end; p += len + (p + len < end)) {
		for (len = 0; p + len < end && strchr(", \t", p[len]) == NULL; )
			len++;
		why = len > 0 ? logins_wrong(p, len) : NULL;
		if (why != NULL)
			finding(r->k->f, FINDING_ERROR, at, "table \"%s\": "
			    "sender \"%.*s\": %s", tb_name(r->t),
			    (int)len, p, why);
	}
}

static int
count_row(void *arg, const char *key, size_t klen, const char *value,
    size_t vlen, int line)
{
	struct rows *r = arg;

	(void)key, (void)klen;
	r->n++;
	if (r->logins)
		check_senders(r, value, vlen, line);
	return 0;
}

static void
check_owner(const struct check *k, const struct tb *t, struct origin at)
{
	struct stat st;

	if (tb_path(t)[0] == '\0' || stat(tb_path(t), &st) != 0)
		return;
	if ((st.st_mode & S_IWOTH) != 0)
		finding(k->f, FINDING_ERROR, at, "everybody may write to %s; "
		    "try: chmod o-w %s", tb_path(t), tb_path(t));
}

static void
check_rows(const struct check *k, const struct section *s, struct tb *t)
{
	enum use use = use_of(k->conf, s->title);
	struct rows r = { .k = k, .t = t, .at = s->where,
	    .logins = is_logins(k->conf, s->title) };

	if (s->v.type == TABLE_NAMESERVER && use != NOT_USED)
		finding(k->f, FINDING_OK, s->where, "table \"%s\": what the "
		    "name service has", s->title);
	else if (tb_walk(t, count_row, &r) != 0)
		finding(k->f, FINDING_ERROR, s->where, "table \"%s\": it is "
		    "damaged: only %ld rows can be read", s->title, r.n);
	else if (r.n == 0 && use == USED_FOR_HOSTS)
		finding(k->f, FINDING_WARNING, s->where, "table \"%s\" is "
		    "empty: no host is found in it", s->title);
	else if (use == NOT_USED)
		finding(k->f, FINDING_NOTE, s->where,
		    "table \"%s\": no setting names it", s->title);
	else
		finding(k->f, FINDING_OK, s->where, "table \"%s\": %ld row%s",
		    s->title, r.n, r.n == 1 ? "" : "s");
}

void
check_tables(const struct check *k)
{
	struct buf why;

	buf_init(&why, WHY_MOST);
	for (int i = 0; i < k->conf->ntables; i++) {
		const struct section *s = &k->conf->tables[i];
		struct tb *t = tb_open(k->conf, s, &why);

		if (t == NULL) {
			finding_lines(k->f, FINDING_ERROR, buf_str(&why));
		} else {
			check_owner(k, t, s->where);
			check_rows(k, s, t);
			tb_close(t);
		}
		buf_reset(&why);
	}
	buf_free(&why);
}
