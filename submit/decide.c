/*
 * decide - see decide.h.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/text.h"
#include "submit/decide.h"
#include "tables/envelope.h"

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

static void
settle(const struct site *s, const struct caller *c, struct whence *o)
{
	int listener = c->row.listener;

	conf_effective(s->conf, listener, o->source.channel, &o->limits);
	o->decided = true;
}

int
decide_whence(const struct site *s, const struct caller *c,
    struct whence *o_r, bool *ask_r, struct buf *why_r)
{
	struct settings v;

	*ask_r = false;
	memset(o_r, 0, sizeof(*o_r));
	o_r->source.channel = -1;
	if (c->kind == SUB_NOTICE || c->kind == SUB_LOCAL) {
		if (c->kind == SUB_LOCAL)
			o_r->source.channel = local_channel(s->conf);
		if (c->kind == SUB_LOCAL && o_r->source.channel == -1)
			reply_set(&o_r->source.refusal,
			    REPLY_NOT_AUTHORIZED, "-");
		settle(s, c, o_r);
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
	*ask_r = c->row.peer.family != 0 &&
	    v.lookup_names != LOOKUP_NAMES_NEVER &&
	    (v.lookup_names == LOOKUP_NAMES_ALWAYS ||
	    source_needs_name(s, &o_r->list));
	if (!*ask_r)
		decide_named(s, c, o_r, c->row.name[0] != '\0' ? ASK_FOUND :
		    ASK_NONE, c->row.name);
	return 0;
}

void
decide_named(const struct site *s, const struct caller *c, struct whence *o,
    enum ask_outcome outcome, const char *name)
{
	struct settings v;

	if (outcome != ASK_FOUND ||
	    text_copy(o->name, sizeof(o->name), name) != 0)
		o->name[0] = '\0';
	conf_effective(s->conf, c->row.listener, source_last(&o->list), &v);
	source_find(s, &o->list, &c->row.peer, outcome, o->name,
	    v.finicky || c->row.finicky != 0, &o->source);
	settle(s, c, o);
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
	return path_parse(path, len, kind, m_r, &end) == PATH_OK &&
	    end == len ? 0 : -1;
}

int
decide_sender(const struct site *s, const struct caller *c,
    const char *sender, char dst[PATH_TEXT], struct reply *reply_r)
{
	struct mailbox m;

	if (parse(sender, PATH_REVERSE, &m) != 0) {
		reply_set(reply_r, REPLY_BAD_SENDER_SYNTAX);
		return -1;
	}
	if (c->kind == SUB_LOCAL && (m.local[0] != '\0' ||
	    m.domain[0] != '\0')) {
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
	if (c->kind == SUB_LOCAL)
		from_r->name = s->conf->server.v.hostname;
	else
		from_r->peer = c->row.peer;
	if (parse(sender, PATH_REVERSE, m) == 0)
		from_r->sender = m;
}

static bool
by_network(const struct caller *c)
{
	return c->kind == SUB_SESSION || c->kind == SUB_DECLARED;
}

/* What the session was to say whichever way the mail goes. */
static int
judge(const struct site *s, const struct whence *o,
    const struct sending *from, const struct mailbox *to,
    struct reply *reply_r)
{
	struct envelope e = { .site = s, .set = &o->limits, .from = *from,
	    .listed = o->source.found };

	if (!envelope_postmaster(&e, to) && envelope_sender(&e, reply_r) != 0)
		return -1;
	return envelope_recipient_refuse(&e, to, reply_r);
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

const char *
decide_with(const char *claimed)
{
	/* Those with an A say that a password was checked: nobody can yet. */
	static const char *const words[] = { "SMTP", "ESMTP", "ESMTPS" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(claimed, words[i]) == 0)
			return words[i];
	return NULL;
}
