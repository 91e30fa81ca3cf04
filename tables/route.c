/*
 * route - from a recipient to destination channels; see route.h.
 *
 * Runs in smtpsrvr on what a client typed, and in submit on what smtpsrvr
 * says.  All that the client can make us do here is bounded: look-ups per
 * address, addresses per recipient, depth, and what r may hold.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tables/route.h"
#include "tables/tbrow.h"
#include "tables/watch.h"

/* Longest key: local part, "@", domain. */
#define KEY (PATH_LOCAL_MOST + PATH_DOMAIN_MOST + 2)

#define FOLDER_PART 255		/* longest name within a folder's path */

/* The work for one recipient. */
struct expand {
	const struct site *s;
	struct authorised *why;	/* of the channel chosen, else refused first */
	struct routes *r;	/* null: only whether there is a route */
	size_t first;		/* where in r this recipient's begin */
	int count;		/* addresses looked at */
	struct reply *reply;
};

/* A channel's table of mailboxes or of aliases. */
struct users {
	const struct site *s;
	int channel;
	struct tb *table;
	int line;		/* of the row found last; 0: unknown */
};

/* An address on the way, and the address whose alias it is. */
struct hop {
	struct mailbox to;
	const struct hop *from;
	int depth;
};

static int expand_hop(struct expand *x, const struct hop *h,
    const struct sending *from);

void
routes_free(struct routes *r)
{
	free(r->at);
	memset(r, 0, sizeof(*r));
}

void
routes_reset(struct routes *r)
{
	r->n = 0;
}

static bool
is_local(const struct conf *c, int channel)
{
	return strcmp(c->channels[channel].v.program, "local") == 0;
}

/* -1 with the reply, which is what every caller returns. */
static int
refuse(struct expand *x, enum reply_name name, const char *argument,
    const char *reason)
{
	reply_set(x->reply, name, argument);
	reply_because(x->reply, reason);
	return -1;
}

/* A refusal that another source channel might not have got. */
static int
refuse_source(struct expand *x, bool uncertain, enum reply_name name,
    const char *argument, const char *reason)
{
	if (uncertain)
		return refuse(x, REPLY_UNCERTAIN, NULL, "uncertain");
	return refuse(x, name, argument, reason);
}

/* The log says which table it is; row 0: not where in it. */
static int
refuse_table(struct expand *x, const char *table, int row)
{
	(void)refuse(x, REPLY_TABLE_FAILED, NULL, "table");
	if (row > 0)
		reply_detail(x->reply, "table=%s row=%lld", table,
		    (long long)row);
	else
		reply_detail(x->reply, "table=%s", table);
	return -1;
}

/* The modes of a channel do not let it pass. */
static int
refuse_authorised(struct expand *x, const struct sending *from)
{
	const struct authorised *why = x->why;
	const struct conf *c = x->s->conf;

	if (why->text[0] != '\0')
		(void)refuse_source(x, from->uncertain || from->unnamed,
		    REPLY_NOT_AUTHORIZED_BECAUSE, why->text, "not-authorized");
	else
		(void)refuse_source(x, from->uncertain || from->unnamed,
		    REPLY_NOT_AUTHORIZED, c->channels[from->channel].title,
		    "not-authorized");
	reply_detail(x->reply, "to-channel=%s rule=%s table=%s key=%s",
	    c->channels[why->to].title, why->rule, why->table,
	    why->key[0] != '\0' ? why->key : "-");
	return -1;
}

/* listed: a channel has the domain, but takes mail from others only. */
static int
refuse_route(struct expand *x, const struct mailbox *to,
    const struct sending *from, bool listed)
{
	const struct conf *c = x->s->conf;

	if (from->channel >= 0 && x->why->modes)
		return refuse_authorised(x, from);
	if (from->channel >= 0 && listed)
		return refuse_source(x, from->uncertain, REPLY_NOT_AUTHORIZED,
		    c->channels[from->channel].title, "not-authorized");
	if (from->channel >= 0 && !authorise_relays_for(c, from))
		return refuse_source(x, from->uncertain, REPLY_RELAY_DENIED,
		    NULL, "relay");
	return refuse(x, REPLY_NO_ROUTE, to->domain, "no-route");
}

/*
 * This machine's own postmaster (RFC 5321 4.1.1.3): the first local channel
 * has it, whoever writes (4.5.1).
 */
static int
find_postmaster(struct expand *x)
{
	const struct conf *c = x->s->conf;
	int i;

	for (i = 0; i < c->nchannels; i++)
		if (is_local(c, i))
			return i;
	return refuse(x, REPLY_NO_SUCH_USER, NULL, "no-such-user");
}

/* What is kept is about the recipient, not what it is an alias for. */
static void
keep_why(struct expand *x, const struct sending *from,
    const struct authorised *why)
{
	if (from->channel < 0)
		return;
	if (why->modes && (why->answer == AUTHORISE_YES || !x->why->modes)) {
		*x->why = *why;
	} else if (why->answer == AUTHORISE_YES) {
		x->why->modes = false;
		x->why->tell = TELL_NOTHING;
	}
}

static void
watch_decision(const struct site *s, enum watch_event event, int channel,
    const struct authorised *why)
{
	char text[AUTHORISE_RULE + 40];

	if (s->watcher == NULL)
		return;
	(void)snprintf(text, sizeof(text), "authorisation says %s",
	    why->rule);
	watch_channel(s, event, channel, why->modes ? text : NULL);
}

/* The destination channel; -1 with the reply. */
static int
find_channel(struct expand *x, const struct mailbox *to,
    const struct sending *from)
{
	const struct conf *c = x->s->conf;
	struct authorised why;
	bool listed = false;
	int i;

	for (i = 0; i < c->nchannels; i++) {
		struct tb *hosts = x->s->channels[i].hosts;
		enum tb_answer answer;
		int line = 0;

		if (hosts == NULL)
			continue;
		answer = tb_find_name(hosts, to->domain, NULL, &line);
		watch_lookup(x->s, i, hosts, to->domain, answer, line);
		if (answer == TB_LATER)
			return refuse_table(x, tb_name(hosts), line);
		if (answer != TB_FOUND)
			continue;
		authorise(x->s, from, i, to, &why);
		if (why.answer == AUTHORISE_LATER)
			return refuse_table(x, why.table, 0);
		keep_why(x, from, &why);
		if (why.answer == AUTHORISE_YES)
			return i;
		watch_decision(x->s, WATCH_PASSED, i, &why);
		if (c->channels[i].v.program[0] != '\0' &&
		    c->channels[i].v.accept_from.n > 0)
			listed = true;
	}
	return refuse_route(x, to, from, listed);
}

/* Where the extension begins, or the local part ends. */
static size_t
base_length(const struct conf *c, int channel, const char *local)
{
	const char *mark = c->channels[channel].v.extension;
	size_t len = strlen(local), base = 0;

	if (mark[0] == '\0')
		return len;
	while (base < len && strchr(mark, local[base]) == NULL)
		base++;
	return base == 0 ? len : base;
}

static enum tb_answer
find_key(struct users *u, const char *local, size_t len,
    const char *domain, struct buf *value_r)
{
	char key[KEY];
	enum tb_answer answer;
	size_t used = len < sizeof(key) ? len : sizeof(key) - 1;

	memcpy(key, local, used);
	key[used] = '\0';
	if (domain != NULL) {
		text_add(key, sizeof(key), &used, "@");
		text_add(key, sizeof(key), &used, domain);
	}
	u->line = 0;
	answer = tb_find(u->table, key, value_r, &u->line);
	watch_lookup(u->s, u->channel, u->table, key, answer, u->line);
	return answer;
}

/*
 * The first row of the address, in the order that route.h gives.  whole_r:
 * it is that of the address with its extension.
 */
static enum tb_answer
find_user(struct users *u, const struct mailbox *to, size_t base,
    struct buf *value_r, bool *whole_r)
{
	const size_t lengths[] = { strlen(to->local), base };
	size_t n = lengths[0] == base ? 1 : 2, i;
	enum tb_answer answer = TB_NOT_FOUND;
	const char *domain;
	int with;

	/* A quoted local part "a@b" is not the address a@b. */
	for (with = 1; with >= 0; with--) {
		if (!with && strchr(to->local, '@') != NULL)
			break;
		domain = with ? to->domain : NULL;
		for (i = 0; i < n; i++) {
			*whole_r = i == 0;
			answer = find_key(u, to->local, lengths[i], domain,
			    value_r);
			if (answer != TB_NOT_FOUND)
				return answer;
		}
	}
	*whole_r = false;
	return find_key(u, "", 0, to->domain, value_r);
}

static bool
same_route(const struct route *a, const struct route *b)
{
	return a->channel == b->channel && text_same(a->address, b->address) &&
	    strcmp(a->mailbox, b->mailbox) == 0;
}

/* Adds the route, unless this recipient has it already. */
static int
add_route(struct expand *x, int channel, const struct mailbox *to,
    const char *folder)
{
	struct routes *r = x->r;
	struct route *new;
	size_t i;

	if (r == NULL)
		return 0;
	if (r->n >= ROUTES_MOST) {
		(void)refuse(x, REPLY_TOO_MANY_RCPTS, NULL, "routes");
		reply_limit(x->reply, "routes", (long long)r->n + 1,
		    ROUTES_MOST);
		return -1;
	}
	if (r->n == r->room) {
		r->room = 2 * r->room + 4;
		r->at = xresize(r->at, r->room, sizeof(*r->at));
	}
	new = &r->at[r->n];
	memset(new, 0, sizeof(*new));
	new->channel = channel;
	if (text_copy(new->host, sizeof(new->host), to->domain) == -1 ||
	    text_copy(new->mailbox, sizeof(new->mailbox), folder) == -1)
		return refuse(x, REPLY_TABLE_FAILED, NULL, "table");
	path_text(to, new->address);
	for (i = x->first; i < r->n; i++)
		if (same_route(&r->at[i], new))
			return 0;
	r->n++;
	return 0;
}

/* One name of a folder: what could mean anything to a path becomes %XX. */
static int
folder_name(const char *name, size_t len, char *dst, size_t size)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "0123456789._-+=";
	size_t n = 0, i;

	for (i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c >= 'A' && c <= 'Z')
			c = (unsigned char)(c - 'A' + 'a');
		if (n + 4 > size)
			return -1;
		if (c != '\0' && strchr(plain, c) != NULL &&
		    !(c == '.' && i == 0))
			dst[n++] = (char)c;
		else
			n += (size_t)snprintf(dst + n, 4, "%%%02X", c);
	}
	if (n == 0)
		return -1;
	dst[n] = '\0';
	return 0;
}

/*
 * A folder that a table names stays below mail-directory, and is one that
 * ch_local takes.
 */
static bool
folder_good(const char *folder)
{
	const char *p = folder;
	size_t len;

	len = strlen(folder);
	if (len >= PATH_TEXT || !text_printable(folder, len))
		return false;
	for (;; p += len + 1) {
		len = strcspn(p, "/");
		if (len == 0 || len > FOLDER_PART || (p[0] == '.' &&
		    (len == 1 || (len == 2 && p[1] == '.'))))
			return false;
		if (p[len] == '\0')
			return true;
	}
}

/* DOMAIN/USER */
static int
default_folder(const struct mailbox *to, char *dst, size_t size)
{
	size_t n;

	if (folder_name(to->domain, strlen(to->domain), dst, size) == -1)
		return -1;
	n = strlen(dst);
	if (n + 1 >= size)
		return -1;
	dst[n++] = '/';
	return folder_name(to->local, strlen(to->local), dst + n,
	    size - n);
}

/* whole: the mailbox has the extension in its name. */
static int
add_mailbox(struct expand *x, const struct hop *h, const struct users *u,
    size_t base, bool whole, const char *value)
{
	char folder[PATH_TEXT];
	struct mailbox owner = h->to;

	if (value[0] != '\0') {
		if (!folder_good(value))
			return refuse_table(x, tb_name(u->table), u->line);
		return add_route(x, u->channel, &h->to, value);
	}
	if (!whole)
		owner.local[base] = '\0';
	if (default_folder(&owner, folder, sizeof(folder)) == -1)
		return refuse(x, REPLY_NO_SUCH_USER, NULL, "no-such-user");
	return add_route(x, u->channel, &h->to, folder);
}

/* RFC 5321 4.5.1: it is there in every domain, with or without a row. */
static bool
is_postmaster(const char *local, size_t base)
{
	return base == strlen("postmaster") &&
	    text_begins(local, "postmaster");
}

static int
expand_mailbox(struct expand *x, const struct hop *h, int channel, size_t base)
{
	struct users u = { x->s, channel,
	    x->s->channels[channel].mailboxes, 0 };
	enum tb_answer answer = TB_NOT_FOUND;
	char memory[PATH_TEXT + 1];
	struct buf value;
	bool whole = false;
	int rc;

	buf_fixed(&value, memory, sizeof(memory));
	if (u.table != NULL)
		answer = find_user(&u, &h->to, base, &value, &whole);
	if (answer == TB_LATER)
		rc = refuse_table(x, tb_name(u.table), u.line);
	else if (answer == TB_FOUND || is_postmaster(h->to.local, base))
		rc = add_mailbox(x, h, &u, base, whole, buf_str(&value));
	else
		rc = refuse(x, REPLY_NO_SUCH_USER, NULL, "no-such-user");
	return rc;
}

/*
 * Takes the next target off *p: text between commas that are in no quotes.
 * False at the end.  What does not fit is left empty: no address.
 */
static bool
next_target(const char **p, char *dst, size_t size)
{
	const char *start, *q, *end;
	bool quoted = false;

	for (start = *p; *start == ' ' || *start == ','; start++)
		;
	if (*start == '\0')
		return false;
	for (q = start; *q != '\0' && (quoted || *q != ','); q++) {
		if (*q == '"')
			quoted = !quoted;
		else if (quoted && *q == '\\' && q[1] != '\0')
			q++;
	}
	for (end = q; end > start && end[-1] == ' '; end--)
		;
	*p = q;
	dst[0] = '\0';
	if ((size_t)(end - start) < size) {
		memcpy(dst, start, (size_t)(end - start));
		dst[end - start] = '\0';
	}
	return true;
}

/* "user@domain", or "user" in the domain of the alias. */
static int
parse_target(const char *text, const char *domain, struct mailbox *m_r)
{
	char whole[2 * PATH_TEXT];

	if (path_parse_bare(text, m_r) == PATH_OK)
		return 0;
	(void)snprintf(whole, sizeof(whole), "%s@%s", text, domain);
	return path_parse_bare(whole, m_r) == PATH_OK ? 0 : -1;
}

static int
refuse_limit(struct expand *x, const char *limit, int value, int most)
{
	(void)refuse(x, REPLY_TABLE_FAILED, NULL, "table");
	reply_limit(x->reply, limit, value, most);
	return -1;
}

static int
expand_targets(struct expand *x, const struct hop *h, const char *text)
{
	char target[PATH_TEXT];
	struct hop next = { .from = h, .depth = h->depth + 1 };
	struct sending ours = { .channel = -1, .name = "" };
	bool any = false;

	if (next.depth > ROUTE_DEPTH)
		return refuse_limit(x, "alias-depth", next.depth, ROUTE_DEPTH);
	while (next_target(&text, target, sizeof(target))) {
		if (++x->count > ROUTE_MOST)
			return refuse_limit(x, "alias-addresses", x->count,
			    ROUTE_MOST);
		watch_target(x->s, WATCH_TARGET, target, NULL);
		if (parse_target(target, h->to.domain, &next.to) == -1) {
			watch_target(x->s, WATCH_NOWHERE, target,
			    "it is no address");
			continue;
		}
		if (expand_hop(x, &next, &ours) == 0)
			any = true;
		else if (reply_temporary(x->reply))
			return -1;
		else
			watch_target(x->s, WATCH_NOWHERE, target,
			    x->reply->text);
	}
	return any ? 0 : refuse(x, REPLY_NO_SUCH_USER, NULL, "no-such-user");
}

/* Is it an address whose aliases are being followed already? */
static bool
came_before(const struct hop *h)
{
	const struct hop *p;

	for (p = h->from; p != NULL; p = p->from)
		if (text_same(p->to.local, h->to.local) &&
		    strcmp(p->to.domain, h->to.domain) == 0)
			return true;
	return false;
}

static int
expand_local(struct expand *x, const struct hop *h, int channel)
{
	struct users u = { x->s, channel, x->s->channels[channel].aliases,
	    0 };
	size_t base = base_length(x->s->conf, channel, h->to.local);
	enum tb_answer answer = TB_NOT_FOUND;
	struct buf value;
	bool whole;
	int rc;

	buf_init(&value, TBROW_VALUE);
	if (u.table != NULL && !came_before(h))
		answer = find_user(&u, &h->to, base, &value, &whole);
	if (answer == TB_LATER)
		rc = refuse_table(x, tb_name(u.table), u.line);
	else if (answer == TB_FOUND)
		rc = expand_targets(x, h, buf_str(&value));
	else
		rc = expand_mailbox(x, h, channel, base);
	buf_free(&value);
	return rc;
}

/* The domain in the one spelling that tables have. */
static void
settle_domain(const struct conf *c, struct mailbox *to)
{
	char text[NET_TEXT];
	struct netaddr a;
	int rc = 0;

	if (to->domain[0] == '\0')
		rc = text_copy(to->domain, sizeof(to->domain),
		    c->server.v.hostname);
	else if (tb_literal(to->domain, &a) == 0)
		rc = text_copy(to->domain, sizeof(to->domain),
		    net_literal(&a, text));
	PANIC_IF(rc == -1);
	text_lower(to->domain);
}

static int
expand_hop(struct expand *x, const struct hop *given,
    const struct sending *from)
{
	struct hop h = *given;
	bool own = h.to.domain[0] == '\0';
	int channel;

	settle_domain(x->s->conf, &h.to);
	channel = own ? find_postmaster(x) : find_channel(x, &h.to, from);
	if (channel == -1)
		return -1;
	if (!own && from->channel >= 0)
		watch_decision(x->s, WATCH_CHOSEN, channel, x->why);
	else
		watch_channel(x->s, WATCH_CHOSEN, channel, NULL);
	if (is_local(x->s->conf, channel))
		return expand_local(x, &h, channel);
	return add_route(x, channel, &h.to, "");
}

/* RELAYCLIENT of qmail, where it has a value. */
static int
add_suffix(struct expand *x, struct mailbox *to, const struct sending *from)
{
	if (from->set == NULL || from->set->relay_suffix[0] == '\0' ||
	    !from->set->relay)
		return 0;
	if (path_append(to, from->set->relay_suffix) == 0)
		return 0;
	return refuse(x, REPLY_NO_ROUTE, to->domain, "relay-suffix");
}

int
route_recipient(const struct site *s, const struct sending *from,
    const struct mailbox *to, struct routes *r, struct reply *reply_r,
    struct authorised *why_r)
{
	struct authorised why;
	struct expand x = {
		.s = s,
		.why = why_r != NULL ? why_r : &why,
		.r = r,
		.first = r != NULL ? r->n : 0,
		.reply = reply_r,
	};
	struct hop h = { .to = *to };

	x.why->modes = false;
	x.why->tell = TELL_NOTHING;
	if (add_suffix(&x, &h.to, from) == -1)
		return -1;
	if (expand_hop(&x, &h, from) == -1) {
		if (r != NULL)
			r->n = x.first;
		return -1;
	}
	reply_set(reply_r, REPLY_RECIPIENT_OK);
	return 0;
}
