/*
 * explain - the session's own code and submit's, without a connection.
 *
 * Runs as whoever calls it.  Input and replies stay in the session's buffers;
 * its log goes into a socket pair, from which it is read again.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/log.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tools/explain.h"
#include "tools/hit.h"
#include "tools/inforce.h"

#define WHY_MOST (256 * 1024)

/* The watchers, and whom they tell. */
struct onlooker {
	struct session_watcher session;
	struct explained *x;
};

struct table_onlooker {
	struct watcher tables;
	struct explained *x;
};

static struct explain_event *
add(struct explained *x, enum explain_kind kind)
{
	struct explain_event *e;

	if (x->n == x->room) {
		x->room = 2 * x->room + 16;
		x->at = xresize(x->at, x->room, sizeof(*x->at));
	}
	e = &x->at[x->n++];
	memset(e, 0, sizeof(*e));
	e->kind = kind;
	e->step = x->step;
	e->channel = -1;
	return e;
}

static void
saw_lookup(struct explained *x, const struct watched *w)
{
	const struct conf *c = x->by->c.conf;
	int i = conf_table(c, tb_name(w->table));
	struct explain_event *e;
	struct netaddr a;
	char row[TB_KEY];

	/* A table without addresses is not asked for one. */
	if ((tb_holds(w->table) & TB_ADDRESSES) == 0 &&
	    net_parse(w->key, &a) == 0)
		return;
	e = add(x, EXPLAIN_LOOKUP);
	e->channel = w->channel;
	e->table = w->table;
	e->answer = w->answer;
	e->text = xstrdup(w->key);
	if ((w->answer != TB_FOUND && w->answer != TB_NEGATED) || i < 0)
		return;
	e->place = hit_place(w->table, &c->tables[i], w->line);
	hit_key(x->by->server.site.tables[i], &c->tables[i], w->key,
	    w->answer, w->line, row);
	e->hit = xstrdup(row);
}

static void
saw(const struct watcher *w, const struct watched *seen)
{
	struct explained *x = ((const struct table_onlooker *)
	    (const void *)w)->x;
	struct explain_event *e;

	switch (seen->event) {
	case WATCH_LOOKUP:
		saw_lookup(x, seen);
		return;
	case WATCH_PASSED:
	case WATCH_CHOSEN:
		e = add(x, seen->event == WATCH_PASSED ? EXPLAIN_PASSED :
		    EXPLAIN_CHOSEN);
		e->channel = seen->channel;
		e->text = seen->text != NULL ? xstrdup(seen->text) : NULL;
		return;
	case WATCH_TARGET:
	case WATCH_NOWHERE:
		e = add(x, seen->event == WATCH_TARGET ? EXPLAIN_TARGET :
		    EXPLAIN_NOWHERE);
		e->text = xstrdup(seen->key);
		e->hit = seen->text != NULL ? xstrdup(seen->text) : NULL;
		return;
	}
}

static struct explained *
told(const struct session *s)
{
	return ((const struct onlooker *)(const void *)s->watcher)->x;
}

static void
asked(struct session *s, const struct ask_answer *a, int64_t us)
{
	struct explained *x = told(s);
	struct explain_event *e = add(x, EXPLAIN_ASKED);

	x->outcome = e->outcome = (enum ask_outcome)a->outcome;
	e->text = xstrdup(a->outcome == ASK_FOUND ? s->name : "");
	if (a->outcome == ASK_NONE && a->differs)
		e->hit = xstrdup("those that it has do not point back");
	else if (a->outcome != ASK_LATER && a->cached)
		e->hit = xstrdup("remembered");
	e->us = us;
}

static void
consulted(struct session *s, const char *question, const char *answer,
    int64_t us)
{
	struct explain_event *e = add(told(s), EXPLAIN_CONSULTED);

	e->text = xstrdup(question);
	e->hit = xstrdup(answer);
	e->us = us;
}

/* A table of kind nameserver was looked in. */
static void
heard(struct resolver_wait *w, const char *name, int outcome, int64_t us)
{
	static const struct { int outcome; const char *answer; } answers[] = {
		{ ASK_HOST_FOUND, "yes" },
		{ ASK_HOST_NONE, "no" },
		{ ASK_HOST_NULL, "no, it says that it takes none" },
		{ ASK_HOST_SELF, "no, this one is the best" },
	};
	struct explain_event *e = add(w->arg, EXPLAIN_CONSULTED);
	const char *answer = "could not be found out in time";
	char question[400];

	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		if (answers[i].outcome == outcome)
			answer = answers[i].answer;
	snprintf(question, sizeof(question), "a domain whose mail another "
	    "host takes: %s", name);
	e->text = xstrdup(question);
	e->hit = xstrdup(answer);
	e->us = us;
}

static void
checked(struct session *s, const struct check *c, enum check_verdict verdict,
    const struct reply *r, int64_t us)
{
	struct explain_event *e = add(told(s), EXPLAIN_CHECKED);

	e->check = c;
	e->settings = c->settings;
	e->verdict = verdict;
	e->channel = strcmp(c->name, "source") == 0 ? -1 : s->source.channel;
	if (verdict != PASS)
		e->reply = *r;
	e->us = us;
}

static void
paced(struct session *s, const char *what, int64_t ms, const char *settings)
{
	struct explain_event *e = add(told(s), EXPLAIN_PACED);

	e->text = xstrdup(what);
	e->us = ms * 1000;
	e->settings = settings;
	e->channel = s->source.channel;
}

/* What the session would have written to the log. */
static void
hear_log(struct explained *x)
{
	static const char own[] = "smtpsrvr: ";
	char line[LOG_LINE + 1], *text;
	ssize_t n;

	while ((n = recv(x->by->log[1], line, sizeof(line) - 1,
	    MSG_DONTWAIT)) > 0) {
		line[n] = '\0';
		text = line + 1;	/* behind the level's digit */
		if (strncmp(text, own, sizeof(own) - 1) == 0)
			text += sizeof(own) - 1;
		add(x, EXPLAIN_LOGGED)->text = xstrdup(text);
	}
}

static void
replied(struct session *s, const char *verb, const struct reply *r)
{
	struct explained *x = told(s);

	(void)verb;
	hear_log(x);
	add(x, EXPLAIN_REPLIED)->reply = *r;
	x->final = *r;
	x->final_step = x->step;
}

/* One command through the session's own reader; false: it was refused. */
static bool
say(struct explained *x, const char *step, const char *verb, const char *text,
    bool bracket)
{
	struct wire *w = &x->session->wire;

	x->step = step;
	bracket = bracket && text[0] != '<';
	w->at = 0;
	w->len = (size_t)snprintf(w->buffer, sizeof(w->buffer),
	    "%s%s%s%s\r\n", verb, bracket ? "<" : "", text,
	    bracket ? ">" : "");
	session_step(x->session);
	/* There is nobody to send it to; the watcher has heard it. */
	w->used = 0;
	return reply_good(&x->final);
}

/* Which of ours it connects to, where the listener tells. */
static struct netaddr
local_address(const struct conf *c, const struct explain_case *k)
{
	static const struct netaddr none;
	const struct strings *at;
	struct netaddr a;

	if (k->listener < 0)
		return none;
	at = &c->listeners[k->listener].v.address;
	for (size_t i = 0; i < at->n; i++)
		if (net_parse(at->at[i], &a) == 0 &&
		    a.family == k->address.family)
			return a;
	return none;
}

static bool
takes_header(const struct explainer *e, const struct explain_case *k)
{
	return server_settings(&e->server, k->listener, -1)->proxy_protocol;
}

/* Can anybody say there whose connection it is? */
static bool
names_clients(const struct explainer *e, const struct explain_case *k)
{
	return takes_header(e, k) ||
	    server_settings(&e->server, k->listener, -1)->xclient.n > 0;
}

/* What the proxy would send; without one the peer speaks for itself. */
static void
put_header(struct explained *x)
{
	const struct explain_case *k = x->what;
	struct wire *w = &x->session->wire;
	char client[NET_TEXT], server[NET_TEXT];
	struct netaddr at = local_address(x->by->c.conf, k);
	const char *six = k->address.family == 6 ? "6" : "4";
	int n;

	if (at.family == 0)
		at.family = k->address.family;
	if (k->proxy.family == 0)
		n = snprintf(w->buffer, sizeof(w->buffer),
		    "PROXY UNKNOWN\r\n");
	else
		n = snprintf(w->buffer, sizeof(w->buffer),
		    "PROXY TCP%s %s %s %d %d\r\n", six,
		    net_text(&k->address, client), net_text(&at, server),
		    k->address.port, at.port);
	w->len = (size_t)n;
}

/* By a command, where it is none of the PROXY protocol. */
static void
introduce(struct explained *x)
{
	const struct netaddr *a = &x->what->address;
	char text[NET_TEXT], line[NET_TEXT + 32];

	snprintf(line, sizeof(line), "ADDR=%s%s PORT=%d", a->family == 6 ?
	    "IPV6:" : "", net_text(a, text), a->port);
	(void)say(x, "XCLIENT", "XCLIENT ", line, false);
}

static void
greet(struct explained *x)
{
	x->step = "CONNECT";
	if (takes_header(x->by, x->what))
		put_header(x);
	session_greet(x->session);
	x->mute = x->session->mute;
	x->session->wire.used = 0;
	if (x->what->proxy.family != 0 && reply_good(&x->final) &&
	    !takes_header(x->by, x->what))
		introduce(x);
	x->source = x->session->source;
	x->last = source_last(&x->session->list);
	(void)!text_copy(x->name, sizeof(x->name), x->session->name);
}

/* As after a handshake, which nobody is there for. */
static void
secure(struct session *s, const char *certificate)
{
	struct tls_facts *f = s->secured = xcalloc(1, sizeof(*f));
	struct tls_client *c = &f->client;

	(void)!text_copy(f->version, sizeof(f->version), "TLSv1.3");
	if (certificate != NULL &&
	    strspn(certificate, "0123456789abcdefABCDEF") ==
	    TLS_FINGERPRINT - 1 &&
	    text_copy(c->fingerprint, sizeof(c->fingerprint), certificate) ==
	    0) {
		text_lower(c->fingerprint);
		memcpy(c->key, c->fingerprint, sizeof(c->key));
	} else if (certificate != NULL) {
		c->verified = true;
		(void)!text_copy(c->fingerprint, sizeof(c->fingerprint), "-");
		(void)!text_copy(c->subject, sizeof(c->subject), certificate);
	}
	session_settle(s);
}

/* When a session like that would be over: none of it is so by now. */
static void
add_budget(struct explained *x)
{
	struct explain_event *e = add(x, EXPLAIN_BUDGET);

	e->channel = x->source.channel;
	e->settings = "max-errors, max-refused-recipients, "
	    "max-unknown-commands, max-idle-commands, session-time";
}

static void
converse(struct explained *x)
{
	const struct explain_case *k = x->what;
	bool lmtp = x->session->lmtp;

	greet(x);
	if (k->tls || k->certificate != NULL)
		secure(x->session, k->certificate);
	if (reply_good(&x->final) && say(x, lmtp ? "LHLO" : "EHLO",
	    lmtp ? "LHLO " : "EHLO ", x->helo, false) &&
	    say(x, "MAIL", "MAIL FROM:", k->from, true))
		(void)say(x, "RCPT", "RCPT TO:", k->to, true);
	if (!x->session->over)
		add_budget(x);
}

/* submit asks lookup itself: it hears what the session heard. */
static void
hear(const struct explained *x, enum decide_need need, struct ask_answer *a)
{
	const struct forhost *own = x->session->own;

	memset(a, 0, sizeof(*a));
	if (need == NEED_NAME) {
		a->outcome = (uint8_t)x->outcome;
		(void)!text_copy(a->name, sizeof(a->name), x->name);
	} else {
		a->outcome = ASK_ALLOWED;
		if (own != NULL)
			a->set = own->rules;
	}
}

static void
decide_again(struct explained *x)
{
	const struct site *site = &x->by->server.site;
	struct caller c = { .kind = SUB_SESSION };
	struct whence o;
	struct reply reply;
	struct buf why;
	struct authorised rule;
	char from[PATH_TEXT], to[PATH_TEXT];
	struct wrapwatch rules;
	struct ask_answer heard;

	wrapwatch_init(&rules, site->conf);
	x->step = "submit";
	c.row.peer = x->what->address;
	c.row.listener = x->what->listener;
	/* It fitted into the session's. */
	(void)!text_copy(c.login, sizeof(c.login),
	    x->session->login);
	session_certificate(x->session, c.certificate);
	path_text(&x->session->tx.sender, from);
	path_text(&x->session->tx.recipient, to);
	buf_init(&why, WHY_MOST);
	if (decide_whence(site, &c, &rules, &o, &why) == 0) {
		while (o.need != NEED_NOTHING) {
			hear(x, o.need, &heard);
			decide_answered(site, &c, &rules, &o, &heard);
		}
		x->asked = true;
		x->agrees = o.source.channel == x->source.channel &&
		    decide_recipient(site, &c, &o, from, to, &x->routes,
		    &reply, &rule) == 0;
	}
	buf_free(&why);
	whence_free(&o);
	if (!x->agrees) {
		reply_set(&x->final, REPLY_DISAGREE);
		reply_because(&x->final, "disagree");
		x->final_step = x->step;
	}
}

static int
fits(const char *text, const char **why_r)
{
	if (strlen(text) < WIRE_IN - 64 && strchr(text, '\n') == NULL)
		return 0;
	*why_r = "a text that no command line can have";
	return -1;
}

/* Whoever looks on, for as long as a session lives. */
struct onlookers {
	struct onlooker session;
	struct table_onlooker tables;
};

static void
begin(struct explainer *e, const struct explain_case *k, const char *channels,
    struct explained *x, struct onlookers *on)
{
	struct row_pass who = { .peer = k->proxy.family != 0 ? k->proxy :
	    k->address, .listener = k->listener };

	who.local = local_address(e->c.conf, k);
	*on = (struct onlookers){ { { asked, consulted, checked, paced,
	    replied },
	    x }, { { saw }, x } };
	x->by = e;
	x->what = k;
	x->outcome = ASK_NONE;
	log_open("smtpsrvr", e->log[0], LEVEL_INFO);
	x->session = xcalloc(1, sizeof(*x->session));
	session_init(x->session, &e->server, &who, channels, -1, -1, -1);
	x->session->watcher = &on->session.session;
	e->server.site.watcher = &on->tables.tables;
	e->server.names.heard = heard;
	e->server.names.arg = x;
}

static void
end(struct explainer *e, struct explained *x)
{
	e->server.site.watcher = NULL;
	e->server.names.heard = NULL;
	session_reset(x->session);
	x->own = x->session->own;
	free(x->session->hello);
	free(x->session->secured);
	free(x->session);
	x->session = NULL;
	log_open("inlet", -1, LEVEL_INFO);
}

int
explain_run(struct explainer *e, const struct explain_case *k,
    struct explained *x, const char **why_r)
{
	int64_t began = clock_us();
	struct onlookers on;

	memset(x, 0, sizeof(*x));
	x->helo = k->helo != NULL ? k->helo :
	    net_literal(&k->address, x->literal);
	if (fits(k->from, why_r) != 0 || fits(k->to, why_r) != 0 ||
	    fits(x->helo, why_r) != 0)
		return -1;
	if (k->login != NULL && strlen(k->login) >= SUB_LOGIN) {
		*why_r = "a login that is too long";
		return -1;
	}
	if (k->proxy.family != 0 && !names_clients(e, k)) {
		*why_r = "no proxy may name a client at that listener";
		return -1;
	}
	begin(e, k, "", x, &on);
	if (k->login != NULL)
		(void)!text_copy(x->session->login, SUB_LOGIN,
		    k->login);
	converse(x);
	if (reply_good(&x->final))
		decide_again(x);
	end(e, x);
	x->us = clock_us() - began;
	return 0;
}

void
explain_greet(struct explainer *e, const struct explain_case *k,
    const char *channels, struct explained *x)
{
	struct onlookers on;

	memset(x, 0, sizeof(*x));
	begin(e, k, channels, x, &on);
	/* Whoever told of it: it is about a client. */
	x->session->headed = true;
	greet(x);
	end(e, x);
}

void
explain_inforce(const struct explained *x, int channel, struct inforce *f)
{
	inforce_make(f, x->by->c.conf, x->what->listener, channel,
	    channel >= 0 && channel == x->source.channel ? x->own : NULL);
}

void
explain_free(struct explained *x)
{
	for (size_t i = 0; i < x->n; i++) {
		free(x->at[i].text);
		free(x->at[i].hit);
	}
	free(x->at);
	routes_free(&x->routes);
	forhost_free(x->own);
	memset(x, 0, sizeof(*x));
}

static size_t
add_setting(struct explain_setting *at, size_t n, enum setting_id id,
    int channel)
{
	for (size_t i = 0; i < n; i++)
		if (at[i].id == id && at[i].channel == channel)
			return n;
	if (n < EXPLAIN_SETTINGS)
		at[n++] = (struct explain_setting){ id, channel };
	return n;
}

/* Where the channels that the check was about set it. */
static size_t
add_others(const struct explained *x, const struct explain_event *e,
    enum setting_id id, struct explain_setting *at, size_t n)
{
	const struct section *channels = x->by->c.conf->channels;
	const struct explain_event *o;

	for (o = e; o > x->at && o[-1].kind != EXPLAIN_CHECKED &&
	    o[-1].kind != EXPLAIN_REPLIED; o--)
		;
	for (; o < e; o++)
		if ((o->kind == EXPLAIN_CHOSEN || o->kind == EXPLAIN_PASSED) &&
		    channels[o->channel].from[id].file != NULL)
			n = add_setting(at, n, id, o->channel);
	return n;
}

/* Is it the client's row, or the environment, that says it? */
static bool
set_above(const struct explained *x, int channel, enum setting_id id)
{
	struct inforce f;

	explain_inforce(x, channel, &f);
	return f.in->by[id] != LAYER_CONF;
}

size_t
explain_settings(const struct explained *x, const struct explain_event *e,
    struct explain_setting at[EXPLAIN_SETTINGS])
{
	const struct conf *c = x->by->c.conf;
	const char *p = e->settings;
	size_t n = 0, before, len;
	char name[64];
	int id;

	for (; *p != '\0'; p += len + strspn(p + len, ", ")) {
		len = strcspn(p, ",");
		snprintf(name, sizeof(name), "%.*s", (int)len, p);
		id = setting_find(name);
		if (id < 0)
			continue;
		before = n;
		if (inforce_of_channel((enum setting_id)id))
			n = add_others(x, e, (enum setting_id)id, at, n);
		if (id == SETTING_finicky) {
			n = add_setting(at, n, SETTING_finicky, x->last);
			continue;
		}
		/* What the source's channel leaves open says nothing then. */
		if (n == before || inforce_origin(c, -1, e->channel,
		    (enum setting_id)id).file != NULL ||
		    set_above(x, e->channel, (enum setting_id)id))
			n = add_setting(at, n, (enum setting_id)id,
			    e->channel);
	}
	return n;
}

int
explain_code(const struct explained *x)
{
	if (reply_good(&x->final))
		return EX_OK;
	return reply_temporary(&x->final) ? EX_TEMPFAIL : 1;
}

int
explainer_open(struct explainer *e, const struct tailored_options *o)
{
	struct buf why;
	int code;

	memset(e, 0, sizeof(*e));
	code = configured_open(&e->c, o);
	if (code != EX_OK)
		return code;
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, e->log) != 0) {
		log_note(LEVEL_ERROR, "socketpair: %s", strerror(errno));
		configured_close(&e->c);
		return EX_OSERR;
	}
	buf_init(&why, WHY_MOST);
	if (server_init(&e->server, e->c.conf, &why) != 0) {
		fprintf(stderr, "%s\n", buf_str(&why));
		code = EX_CONFIG;
	}
	buf_free(&why);
	if (code == EX_OK) {
		ownlookup_find(&e->lookup, &e->c.plan, e->c.record);
		server_reach(&e->server, e->lookup.jail);
		return EX_OK;
	}
	close(e->log[0]);
	close(e->log[1]);
	configured_close(&e->c);
	return code;
}

void
explainer_close(struct explainer *e)
{
	ownlookup_end(&e->lookup);
	site_close(&e->server.site);
	free(e->server.settings);
	close(e->log[0]);
	close(e->log[1]);
	configured_close(&e->c);
}
