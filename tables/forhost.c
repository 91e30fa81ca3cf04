/*
 * forhost - see forhost.h.
 *
 * Runs in smtpsrvr and, again, in submit.  What is wrong with a row or a
 * variable refuses the client for now: nobody gets by on a mistake.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/conf_check.h"
#include "lib/xalloc.h"
#include "tables/forhost.h"
#include "tables/tbrow.h"
#include "tables/watch.h"

static int
refuse(const struct site *s, const char *reason, struct reply *r)
{
	reply_set(r, REPLY_NO_SERVICE, s->conf->server.v.hostname);
	reply_because(r, reason);
	return -1;
}

static int
refuse_table(const struct site *s, const struct tb *t, const char *key,
    int line, struct reply *r)
{
	(void)refuse(s, "host-settings", r);
	if (line > 0)
		reply_detail(r, "table=%s line=%lld key=%s", tb_name(t),
		    (long long)line, key);
	else
		reply_detail(r, "table=%s key=%s", tb_name(t), key);
	return -1;
}

/* By its address, else by its name; key_r: which of them. */
static enum tb_answer
look(const struct site *s, const struct forhost_client *c, struct tb *t,
    struct buf *value, char key_r[256], int *line_r)
{
	enum tb_answer answer = TB_NOT_FOUND;
	char text[NET_TEXT];

	if (c->peer->family != 0) {
		(void)snprintf(key_r, 256, "%s", net_text(c->peer, text));
		answer = tb_find_address(t, c->peer, value, line_r);
		watch_lookup(s, c->channel, t, key_r, answer, *line_r);
	}
	if (answer != TB_NOT_FOUND || c->name[0] == '\0' ||
	    (tb_holds(t) & TB_NAMES) == 0)
		return answer;
	(void)snprintf(key_r, 256, "%s", c->name);
	*line_r = 0;
	answer = tb_find_name(t, c->name, value, line_r);
	watch_lookup(s, c->channel, t, key_r, answer, *line_r);
	return answer;
}

/* What a client would see of it must be as in a section. */
static int
check_seen(const struct forhost *h, char *why)
{
	struct section *s = xcalloc(1, sizeof(*s));
	struct buf text;
	struct conf_wrong w = { .text = &text };
	int bad;

	buf_init(&text, 4096);
	layered_section(&h->in, (struct origin){ tb_name(h->table), h->line },
	    s);
	conf_check_seen(s, &s->v, &w);
	bad = w.n > 0 ? -1 : 0;
	(void)snprintf(why, LAYERED_WHY, "%.*s",
	    (int)strcspn(buf_str(&text), "\n"), buf_str(&text));
	buf_free(&text);
	free(s);
	return bad;
}

static int
make(const struct site *s, const struct forhost_client *c, struct forhost *h,
    struct reply *r, char *why)
{
	const char *row = h->table != NULL ? h->row : NULL;

	if (layered_make(&h->in, s->conf, c->listener, c->channel, row,
	    c->environment, &h->rules, why) == 0) {
		if (row == NULL || check_seen(h, why) == 0)
			return 0;
		h->in.wrong = LAYER_HOST;
	}
	if (h->in.wrong == LAYER_HOST)
		return refuse_table(s, h->table, h->key, h->line, r);
	(void)refuse(s, h->in.wrong == LAYER_RULES ? "libwrap" :
	    "environment", r);
	reply_detail(r, "%s", why);
	return -1;
}

/* A row that was found. */
static int
take(const struct site *s, const struct forhost_client *c, struct tb *t,
    const char *value, const char *key, int line, struct forhost **h_r,
    struct reply *r, char *why)
{
	struct forhost *h = xcalloc(1, sizeof(*h));

	h->table = t;
	h->line = line;
	(void)snprintf(h->key, sizeof(h->key), "%s", key);
	(void)snprintf(h->row, sizeof(h->row), "%s", value);
	*h_r = h;
	if (make(s, c, h, r, why) == 0)
		return 0;
	forhost_free(h);
	*h_r = NULL;
	return -1;
}

int
forhost_find(const struct site *s, const struct forhost_client *c,
    struct forhost **h_r, struct reply *reply_r, char why_r[LAYERED_WHY])
{
	struct tb *t = site_table(s, c->table);
	char memory[LAYERED_ROW], key[256] = "", text[NET_TEXT];
	struct buf value;
	int line = 0;

	*h_r = NULL;
	if (t == NULL)
		return 0;
	buf_fixed(&value, memory, sizeof(memory));
	switch (look(s, c, t, &value, key, &line)) {
	case TB_FOUND:
		return take(s, c, t, buf_str(&value), key, line, h_r, reply_r,
		    why_r);
	case TB_LATER:
		(void)snprintf(why_r, LAYERED_WHY, "the table cannot be read, "
		    "or the row is longer than %d bytes", LAYERED_ROW - 1);
		return refuse_table(s, t, key, line, reply_r);
	case TB_NEGATED:
		return 0;
	case TB_NOT_FOUND:
		break;
	}
	if (!c->unnamed || (tb_holds(t) & TB_NAMES) == 0)
		return 0;
	(void)snprintf(why_r, LAYERED_WHY, "the name is needed, and cannot be "
	    "found out");
	reply_set(reply_r, REPLY_LOOKUP_FAILED, net_text(c->peer, text));
	reply_because(reply_r, "lookup");
	reply_detail(reply_r, "table=%s", tb_name(t));
	return -1;
}

int
forhost_rules(const struct site *s, const struct forhost_client *c,
    const struct variables *rules, struct forhost **h_io,
    struct reply *reply_r, char why_r[LAYERED_WHY])
{
	if (*h_io == NULL)
		*h_io = xcalloc(1, sizeof(**h_io));
	(*h_io)->rules = *rules;
	return make(s, c, *h_io, reply_r, why_r);
}

void
forhost_free(struct forhost *h)
{
	free(h);
}
