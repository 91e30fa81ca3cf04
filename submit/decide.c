/*
 * decide - see decide.h.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "submit/decide.h"
#include "tables/envelope.h"
#include "tables/clients.h"
#include "tables/logins.h"
#include "tables/rehearse.h"

/* The channel of this machine's own users. */
static int
local_channel(const struct conf *c)
{
	const char *name = c->server.v.local_channel;

	if (name[0] != '\0')
		return conf_channel(c, name);
	for (int i = 0; i < c->nchannels; i++)
		if (strcmp(c->channels[i].v.program, "local") == 0)
			return i;
	return -1;
}

/* Users of this machine and notices have no environment of a client. */
static const struct variables *
environment(const struct site *s, const struct caller *c)
{
	if (c->kind == SUB_DECLARED)
		return &c->variables;
	return c->kind == SUB_SESSION ? &s->conf->variables : NULL;
}

/* Nothing of it is to be taken now. */
static void
refuse_whence(const struct site *s, struct whence *o, const char *reason)
{
	o->source.channel = -1;
	if (o->source.refusal.code != 0)
		return;
	reply_set(&o->source.refusal, REPLY_NO_SERVICE,
	    s->conf->server.v.hostname);
	reply_because(&o->source.refusal, reason);
}

/* What the configuration and the environment say, without a row. */
static void
settle(const struct site *s, const struct caller *c, int channel,
    struct whence *o)
{
	struct layered *l = xcalloc(1, sizeof(*l));

	if (layered_make(l, s->conf, c->row.listener, channel, NULL,
	    environment(s, c), NULL, o->wrong) != 0)
		refuse_whence(s, o, "environment");
	o->limits = l->v;
	free(l);
}

static struct forhost_client
client_of(const struct site *s, const struct caller *c, const struct whence *o)
{
	return (struct forhost_client){
		.listener = c->row.listener,
		.channel = o->source.channel,
		.table = o->limits.host_settings,
		.peer = &c->row.peer,
		.name = o->name,
		.unnamed = o->source.unnamed,
		.environment = environment(s, c),
	};
}

static bool
wants_rules(const struct caller *c, struct wrapwatch *rules,
    const struct whence *o)
{
	return rules != NULL && o->source.channel >= 0 &&
	    o->limits.libwrap != LIBWRAP_OFF &&
	    (c->row.peer.family != 0 || o->name[0] != '\0') &&
	    wrapwatch_sets(rules);
}

/* The source is known: now its row, and what rules set. */
static void
find_row(const struct site *s, const struct caller *c,
    struct wrapwatch *rules, struct whence *o)
{
	struct forhost_client client;

	settle(s, c, o->source.channel, o);
	client = client_of(s, c, o);
	if (o->source.channel >= 0) {
		if (forhost_find(s, &client, &o->own, &o->source.refusal,
		    o->wrong) != 0)
			refuse_whence(s, o, "host-settings");
		else if (o->own != NULL)
			o->limits = o->own->in.v;
	}
	o->need = wants_rules(c, rules, o) ? NEED_RULES : NEED_NOTHING;
	o->decided = o->need == NEED_NOTHING;
}

void
decide_source(const struct site *s, const struct caller *c,
    struct wrapwatch *rules, struct whence *o)
{
	struct settings v;

	whence_free(o);
	o->wrong[0] = '\0';
	conf_effective(s->conf, c->row.listener, source_last(&o->list), &v);
	source_find(s, &o->list, &c->row.peer, o->outcome, o->name,
	    v.finicky || c->row.finicky != 0, &o->source);
	find_row(s, c, rules, o);
}

static void
named(const struct site *s, const struct caller *c, struct wrapwatch *rules,
    struct whence *o, enum ask_outcome outcome, const char *name)
{
	o->outcome = outcome;
	if (outcome != ASK_FOUND ||
	    text_copy(o->name, sizeof(o->name), name) != 0)
		o->name[0] = '\0';
	decide_source(s, c, rules, o);
}

int
decide_whence(const struct site *s, const struct caller *c,
    struct wrapwatch *rules, struct whence *o_r, struct buf *why_r)
{
	struct settings v;

	memset(o_r, 0, sizeof(*o_r));
	o_r->source.channel = -1;
	if (c->kind == SUB_NOTICE || c->kind == SUB_LOCAL) {
		if (c->kind == SUB_LOCAL)
			o_r->source.channel = local_channel(s->conf);
		if (c->kind == SUB_LOCAL && o_r->source.channel == -1)
			reply_set(&o_r->source.refusal,
			    REPLY_NOT_AUTHORIZED, "-");
		settle(s, c, o_r->source.channel, o_r);
		o_r->decided = true;
		return 0;
	}
	if (c->row.listener < -1 || c->row.listener >= s->conf->nlisteners) {
		(void)!buf_addf(why_r, "no listener %d",
		    (int)c->row.listener);
		return -1;
	}
	if (source_channels(s->conf, c->row.listener, c->row.channels,
	    &o_r->list, why_r) != 0)
		return -1;
	conf_effective(s->conf, c->row.listener, -1, &v);
	if (c->row.peer.family != 0 &&
	    v.lookup_names != LOOKUP_NAMES_NEVER &&
	    (v.lookup_names == LOOKUP_NAMES_ALWAYS ||
	    source_needs_name(s, &o_r->list)))
		o_r->need = NEED_NAME;
	else
		named(s, c, rules, o_r, c->row.name[0] != '\0' ? ASK_FOUND :
		    ASK_NONE, c->row.name);
	return 0;
}

void
decide_question(const struct site *s, const struct caller *c,
    const struct whence *o, struct ask_access_question *q_r)
{
	memset(q_r, 0, sizeof(*q_r));
	q_r->q.kind = o->need == NEED_RULES ? ASK_ACCESS : ASK_NAME;
	q_r->q.address = c->row.peer;
	if (o->need != NEED_RULES)
		return;
	/* Both are shorter: settings.def, CONF_NAME. */
	PANIC_IF(text_copy(q_r->daemon, sizeof(q_r->daemon),
	    o->limits.libwrap_daemon) != 0 ||
	    text_copy(q_r->channel, sizeof(q_r->channel),
	    s->conf->channels[o->source.channel].title) != 0 ||
	    text_copy(q_r->name, sizeof(q_r->name), o->name) != 0);
}

void
decide_answered(const struct site *s, const struct caller *c,
    struct wrapwatch *rules, struct whence *o, const struct ask_answer *a)
{
	struct forhost_client client;

	if (o->need == NEED_NAME) {
		named(s, c, rules, o, a == NULL ? ASK_LATER :
		    (enum ask_outcome)a->outcome, a == NULL ? "" : a->name);
		return;
	}
	o->need = NEED_NOTHING;
	o->decided = true;
	client = client_of(s, c, o);
	if (a == NULL || a->outcome != ASK_ALLOWED) {
		(void)snprintf(o->wrong, sizeof(o->wrong),
		    "hosts.allow and hosts.deny do not allow it any more");
		refuse_whence(s, o, "libwrap");
	} else if (variables_any(&a->set)) {
		if (forhost_rules(s, &client, &a->set, &o->own,
		    &o->source.refusal, o->wrong) != 0)
			refuse_whence(s, o, "libwrap");
		else
			o->limits = o->own->in.v;
	}
}

void
whence_free(struct whence *o)
{
	forhost_free(o->own);
	o->own = NULL;
}

enum log_level
decide_log_level(const struct site *s, const struct whence *o)
{
	return (enum log_level)(o->decided ? o->limits.log_level :
	    s->conf->server.v.log_level);
}

const char *
decide_channel(const struct site *s, const struct whence *o)
{
	return o->source.channel == -1 ? "-" :
	    s->conf->channels[o->source.channel].title;
}

/* text is what path_text() made of a path that was good already. */
static int
parse(const char *text, enum path_kind kind, struct mailbox *m_r)
{
	char path[PATH_TEXT + 2];
	size_t end, len;
	int n = snprintf(path, sizeof(path), "<%s>", text);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -1;
	len = (size_t)n;
	/* Its domain is what tables have: A-labels (session, RFC 6531 3.2). */
	return path_parse(path, len, (enum path_kind)(kind | PATH_UTF8), m_r,
	    &end) == PATH_OK && end == len && path_is_ascii(m_r->domain) ?
	    0 : -1;
}

/* Does a user's row have that sender?  1, 0, or -1 with the refusal. */
static int
granted(const struct site *s, const struct caller *c, const struct whence *o,
    const struct mailbox *m, struct reply *reply_r)
{
	const struct envelope e = { .site = s, .set = &o->limits, .from = {
	    .channel = o->source.channel, .login = c->login } };

	switch (logins_find(&e, m, reply_r)) {
	case TB_FOUND:
		return 1;
	case TB_LATER:
		return -1;
	case TB_NOT_FOUND:
	case TB_NEGATED:
		break;
	}
	return 0;
}

int
decide_sender(const struct site *s, const struct caller *c,
    const struct whence *o, const char *sender, char dst[PATH_TEXT],
    struct reply *reply_r)
{
	bool null = sender[0] == '\0', me = strcmp(sender, SUB_MYSELF) == 0;
	struct mailbox m;
	int may = 1;

	if (parse(sender, PATH_REVERSE, &m) != 0) {
		reply_set(reply_r, REPLY_BAD_SENDER_SYNTAX);
		return -1;
	}
	if (c->kind == SUB_LOCAL && !null && !me && !c->trusted)
		may = granted(s, c, o, &m, reply_r);
	if (may < 0)
		return -1;
	if (c->kind == SUB_LOCAL && !null && (me || may == 0)) {
		memset(&m, 0, sizeof(m));
		(void)!text_copy(m.local, sizeof(m.local), c->login);
		(void)!text_copy(m.domain, sizeof(m.domain),
		    s->conf->server.v.hostname);
		text_lower(m.domain);
	}
	path_text(&m, dst);
	reply_set(reply_r, REPLY_SENDER_OK);
	return 0;
}

/*
 * May the certificate relay that the session says it was shown?  That it was,
 * nobody else knows.
 */
static bool
certified(const struct site *s, const struct caller *c,
    const struct whence *o)
{
	char text[CLIENT_TEXT], name[CLIENT_NAME];
	struct certificate x;

	return c->certificate[0] != '\0' && o->limits.tls_client_relay &&
	    o->limits.tls_client != TLS_CLIENT_OFF &&
	    text_copy(text, sizeof(text), c->certificate) == 0 &&
	    clients_parse(text, &x) == 0 && clients_find(s, &o->limits,
	    o->source.channel, &x, name) == TB_FOUND;
}

/* What is known of who sends; m has room for the sender. */
static void
set_sending(const struct site *s, const struct caller *c,
    const struct whence *o, const char *sender, struct mailbox *m,
    struct sending *from_r)
{
	memset(from_r, 0, sizeof(*from_r));
	from_r->channel = o->source.channel;
	from_r->uncertain = o->source.uncertain;
	from_r->unnamed = o->source.unnamed;
	from_r->name = o->name;
	from_r->set = &o->limits;
	from_r->proven = caller_logged_in(c);
	from_r->certified = certified(s, c, o);
	if (c->kind == SUB_LOCAL)
		from_r->name = s->conf->server.v.hostname;
	else
		from_r->peer = c->row.peer;
	if (parse(sender, PATH_REVERSE, m) == 0)
		from_r->sender = m;
	from_r->login = c->login;
}

static bool
by_network(const struct caller *c)
{
	return c->kind == SUB_SESSION || c->kind == SUB_DECLARED;
}

/*
 * What the session was to say whichever way the mail goes; what it let pass to
 * try a check it has logged.
 */
static int
judge(const struct site *s, const struct whence *o,
    const struct sending *from, const struct mailbox *to,
    struct reply *reply_r)
{
	struct envelope e = { .site = s, .set = &o->limits, .from = *from,
	    .listed = o->source.found };

	if ((logins_sender(&e, reply_r) != 0 &&
	    !rehearse_has(e.set, "sender_login")) ||
	    (!envelope_postmaster(&e, to) &&
	    envelope_sender(&e, reply_r) != 0))
		return -1;
	return envelope_recipient_refuse(&e, to, reply_r) == 0 ||
	    rehearse_has(e.set, "recipient_refuse") ? 0 : -1;
}

int
decide_recipient(const struct site *s, const struct caller *c,
    const struct whence *o, const char *sender, const char *address,
    struct routes *r, struct reply *reply_r, struct authorised *why_r)
{
	struct mailbox to, m;
	struct sending from;

	why_r->tell = TELL_NOTHING;
	if (parse(address, PATH_FORWARD, &to) != 0) {
		reply_set(reply_r, REPLY_BAD_RCPT_SYNTAX);
		return -1;
	}
	if (o->source.channel == -1 && c->kind != SUB_NOTICE) {
		*reply_r = o->source.refusal;
		return -1;
	}
	set_sending(s, c, o, sender, &m, &from);
	if (by_network(c) && judge(s, o, &from, &to, reply_r) != 0)
		return -1;
	return route_recipient(s, &from, &to, r, reply_r, why_r);
}

bool
decide_with_tls(const char *with)
{
	return strstr(with, "PS") != NULL;
}

const char *
decide_with(const struct conf *c, int listener, bool login,
    const char *claimed)
{
	static const char *const words[] = { "SMTP", "ESMTP", "ESMTPS",
	    "ESMTPA", "ESMTPSA", "LMTP", "LMTPS", "LMTPA", "LMTPSA",
	    "UTF8SMTP", "UTF8SMTPS", "UTF8SMTPA", "UTF8SMTPSA", "UTF8LMTP",
	    "UTF8LMTPS", "UTF8LMTPA", "UTF8LMTPSA" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(claimed, words[i]) == 0 && (listener < 0 ||
		    (c->listeners[listener].v.protocol == PROTOCOL_LMTP) ==
		    (strstr(words[i], "LMTP") != NULL)) &&
		    (login || strchr(words[i], 'A') == NULL))
			return words[i];
	return NULL;
}
