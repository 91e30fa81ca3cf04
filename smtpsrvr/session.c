/*
 * session - one SMTP session: what it knows, its loop, its states.
 *
 * Runs as the session user inside the sandbox and trusts nothing of its
 * client.  RFC 5321 section 4.1.4 has the order of commands; commands.def is
 * where it stands.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/sid.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/commands.h"
#include "smtpsrvr/consult.h"
#include "smtpsrvr/greet.h"
#include "smtpsrvr/pace.h"
#include "smtpsrvr/refusal.h"
#include "smtpsrvr/rehearsal.h"
#include "smtpsrvr/submitter.h"
#include "smtpsrvr/trouble.h"
#include "tables/clients.h"
#include "tables/wraprules.h"

/* Bytes that one may take, at most: a header, three texts. */
#define RECIPIENT_FRAME (8 + 3 * 3 + PATH_TEXT + ASKED_NOTIFY_MOST + \
    ASKED_ORCPT_MOST)

const struct settings *
server_settings(const struct server *v, int listener, int channel)
{
	return &v->settings[(listener + 1) * (v->conf->nchannels + 1) +
	    channel + 1];
}

/* What the environment sets was checked by tailor. */
static void
settle_all(struct server *v, const struct conf *c)
{
	int channels = c->nchannels + 1;
	struct layered *l = xcalloc(1, sizeof *l);
	char why[LAYERED_WHY];

	v->settings = xcalloc((size_t)(c->nlisteners + 1) * (size_t)channels,
	    sizeof *v->settings);
	for (int i = -1; i < c->nlisteners; i++)
		for (int h = -1; h < c->nchannels; h++) {
			PANIC_IF(layered_make(l, c, i, h, NULL,
			    &c->variables, NULL, why) != 0);
			v->settings[(i + 1) * channels + h + 1] = l->v;
		}
	free(l);
}

int
server_init(struct server *v, const struct conf *c, struct buf *why_r)
{
	v->conf = c;
	if (rehearsal_check(c, why_r) != 0 ||
	    site_open(&v->site, c, why_r) != 0)
		return -1;
	resolver_wait_init(&v->names, c->server.v.dns_timeout);
	site_resolve(&v->site, &v->names.r);
	v->auth = c->server.v.auth_backends.n > 0 ||
	    c->server.v.auth_certificates[0] != '\0';
	v->wrap_rules = wraprules_heeded() &&
	    (wraprules_any(c->server.v.hosts_allow) ||
	    wraprules_any(c->server.v.hosts_deny));
	settle_all(v, c);
	return 0;
}

void
server_reach(struct server *v, const char *jail)
{
	v->jail = v->names.jail = jail;
}

void
session_init(struct session *s, const struct server *v,
    const struct row_pass *who, const char *channels, int in, int out,
    int life)
{
	struct buf why;

	s->server = v;
	s->who = *who;
	s->peer = who->peer;
	s->submit = s->auth = s->lookup = -1;
	s->life = life;
	wire_init(&s->wire, in, out, life);
	s->source.channel = -1;
	session_settle(s);
	buf_init(&s->tx.recipients, 0);
	net_text(&who->peer, s->ip);
	sid_text(s->who.serial, s->sid);
	buf_init(&why, 1024);
	/* The words were checked by tailor; an operand is checked by main. */
	if (source_channels(v->conf, who->listener, channels, &s->list,
	    &why) != 0)
		fatal(78, "channels: %s", buf_str(&why));
	buf_free(&why);
}

void
session_introduce(const struct session *s, struct sub_hello *h_r)
{
	*h_r = (struct sub_hello){ .version = SUB_VERSION,
	    .kind = SUB_SESSION, .row = s->who.row, .serial = s->who.serial };
	memcpy(h_r->token, s->who.token, sizeof h_r->token);
}

void
session_forget_login(struct session *s)
{
	s->login[0] = s->mechanism[0] = '\0';
	s->said_hello = false;
}

void
session_certificate(const struct session *s, char dst[SUB_CERTIFICATE])
{
	const struct tls_client *c = s->secured != NULL ?
	    &s->secured->client : NULL;

	dst[0] = '\0';
	if (c != NULL && c->name[0] != '\0')
		clients_text(&(struct certificate){ c->verified,
		    c->fingerprint, c->key, c->subject }, dst);
}

struct sub_hello *
session_hello(struct session *s)
{
	if (s->hello == NULL) {
		s->hello = xmalloc(sizeof *s->hello);
		session_introduce(s, s->hello);
	}
	return s->hello;
}

static size_t
most_growth(const struct offer *o)
{
	size_t mail = params_growth(o, VERB_MAIL);
	size_t rcpt = params_growth(o, VERB_RCPT);
	size_t auth = params_growth(o, VERB_AUTH);

	if (auth > mail)
		return auth > rcpt ? auth : rcpt;
	return mail > rcpt ? mail : rcpt;
}

void
session_settle(struct session *s)
{
	s->set = s->own != NULL ? &s->own->in.v : server_settings(s->server,
	    s->who.listener, s->source.channel);
	s->offer = offer_from(s->set);
	if (s->secured == NULL)
		offer_drop(&s->offer, KEYWORD_REQUIRETLS);
	if (!s->server->auth)
		offer_drop(&s->offer, KEYWORD_AUTH);
	s->lmtp = s->who.listener < 0 ? s->server->lmtp :
	    s->set->protocol == PROTOCOL_LMTP;
	s->wire.plain = !offer_keyword(&s->offer,
	    KEYWORD_ENHANCEDSTATUSCODES);
	s->wire.reply_ms = s->set->reply_timeout;
	pace_init(s);
	s->longest_line = (size_t)s->set->max_command_line +
	    most_growth(&s->offer);
	log_level_set((enum log_level)s->set->log_level);
}

void
session_log(struct session *s, struct logline *l, const char *verb)
{
	char text[NET_TEXT];

	log_word(l, "ip", s->ip);
	log_word(l, "chan", s->source.channel >= 0 ?
	    s->server->conf->channels[s->source.channel].title : "-");
	log_word(l, "verb", verb);
	log_word(l, "sid", s->sid);
	if (s->told)
		log_word(l, "proxy", net_text(&s->peer, text));
	if (s->login[0] != '\0')
		log_text(l, "login", s->login);
}

/* Counts a refusal; one too many becomes 421 and ends the session. */
static void
count_error(struct session *s, struct reply *r, bool recipient)
{
	uint32_t *count = recipient ? &s->refused : &s->errors;
	int64_t most = recipient ? s->set->max_refused_recipients :
	    s->set->max_errors;

	if (++*count < most || s->over)
		return;
	reply_set(r, REPLY_TOO_MANY_ERRORS, recipient ?
	    "refused recipients" : "see above");
	reply_limit(r, recipient ? "max-refused-recipients" : "max-errors",
	    *count, most);
	s->over = true;
}

static void
say_line(struct session *s, const struct reply *r, const char *text,
    const char *verb)
{
	if (s->watcher != NULL)
		s->watcher->replied(s, verb, r);
	if (wire_reply_line(&s->wire, r->code, r->enhanced, text, false) !=
	    WIRE_OK)
		s->lost = true;
}

static void
say_name_too(struct session *s, const struct reply *r, const char *verb,
    int64_t waited)
{
	char text[REPLY_TEXT + 32];

	refusal_log(s, r, verb, waited);
	snprintf(text, sizeof text, "%s (%s)", r->text, s->sid);
	say_line(s, r, text, verb);
}

/* What a message gets, and the last word, come at once. */
static int64_t
slow_down(struct session *s, const struct reply *r, const char *verb)
{
	return r->code == 421 || strcmp(verb, "DATA") == 0 ||
	    strcmp(verb, "BDAT") == 0 ? 0 : pace_refusal(s);
}

static void
say_refusal(struct session *s, const struct reply *given, const char *verb)
{
	struct reply r = *given;

	trouble_note(s, &r);
	count_error(s, &r, strcmp(verb, "RCPT") == 0);
	say_name_too(s, &r, verb, slow_down(s, &r, verb));
}

void
session_say(struct session *s, const struct reply *given, const char *verb)
{
	if (given->code >= 400)
		say_refusal(s, given, verb);
	else
		say_line(s, given, given->text, verb);
}

/* It is one error, however many hear of it. */
void
session_say_each(struct session *s, const struct reply *given,
    const char *verb)
{
	struct reply last = *given;
	bool bad = given->code >= 400;

	if (bad) {
		trouble_note(s, &last);
		count_error(s, &last, false);
	}
	if (s->tx.accepted == 0 && s->over)
		say_name_too(s, &last, verb, 0);
	else if (s->tx.accepted == 0)
		refusal_log(s, &last, verb, 0);
	for (uint32_t i = 0; i < s->tx.accepted && !s->lost; i++) {
		const struct reply *r = i + 1 < s->tx.accepted ? given : &last;

		if (s->tx.own != NULL && s->tx.own[i] != NULL)
			r = s->tx.own[i];
		if (r->code >= 400)
			say_name_too(s, r, verb, 0);
		else
			say_line(s, r, r->text, verb);
	}
}

static void
forget_own(struct transaction *tx)
{
	if (tx->own == NULL)
		return;
	for (uint32_t i = 0; i < tx->accepted; i++)
		free(tx->own[i]);
	free(tx->own);
}

void
session_reset(struct session *s)
{
	submitter_abort(s);
	forget_own(&s->tx);
	completion_free(s->tx.completion);
	buf_free(&s->tx.recipients);
	if (s->tx.refusal != NULL)
		free(s->tx.refusal);
	memset(&s->tx, 0, sizeof s->tx);
	buf_init(&s->tx.recipients, (size_t)s->set->max_recipients *
	    RECIPIENT_FRAME);
	s->text_len = 0;
	if (s->state > STATE_READY)
		s->state = STATE_READY;
}

static void
say_name(struct session *s, enum reply_name name)
{
	struct reply r;

	/* Those that have an argument here want the host's name. */
	reply_set(&r, name, s->set->hostname);
	session_say(s, &r, "-");
}

/* The connection ended by itself: worth a line, not a reply. */
static void
log_end_of(struct session *s, const char *how)
{
	struct logline l;

	log_begin(&l, LEVEL_INFO, "end");
	session_log(s, &l, "-");
	log_word(&l, "how", how);
	log_num(&l, "messages", s->messages);
	log_text(&l, "helo", s->helo);
	if (s->tls != NULL && s->server->tls->why(s->tls)[0] != '\0')
		log_text(&l, "why", s->server->tls->why(s->tls));
	log_end(&l);
}

/* Who is refused at the door hears why, but at a proxy's. */
static void
say_no(struct session *s, const struct reply *r)
{
	if (!s->mute) {
		session_say(s, r, "CONNECT");
		return;
	}
	s->lost = true;
	if (s->watcher != NULL)
		s->watcher->replied(s, "CONNECT", r);
}

enum check_verdict
session_admit(struct session *s, struct reply *r)
{
	if (checks_run(s, CONNECT, &(struct check_subject){ 0 }, r) == REFUSE)
		return REFUSE;
	session_reset(s);
	s->greeted = true;
	if (!s->set->helo_required)
		s->state = STATE_READY;
	return PASS;
}

void
session_greet(struct session *s)
{
	struct reply r = { 0 };
	enum check_verdict verdict = session_admit(s, &r);

	consult_done(s);
	if (verdict == REFUSE) {
		s->over = true;
		say_no(s, &r);
		return;
	}
	s->until = clock_ms() + s->set->session_time;
	greet_client(s);
	if ((s->early || s->watcher != NULL) && !s->lost && checks_run(s, TALK,
	    &(struct check_subject){ 0 }, &r) == REFUSE) {
		s->over = true;
		session_say(s, &r, "CONNECT");
	}
}

static void
timed_out(struct session *s, int64_t deadline)
{
	struct reply r;

	if (clock_left(s->until) != 0 && clock_left(deadline) != 0) {
		reply_set(&r, REPLY_TIMEOUT, s->set->hostname);
		reply_limit(&r, "stress-timeout", s->set->stress_timeout,
		    s->set->stress_timeout);
	} else if (clock_left(s->until) != 0) {
		reply_set(&r, REPLY_TIMEOUT, s->set->hostname);
		reply_limit(&r, "command-timeout", s->set->command_timeout,
		    s->set->command_timeout);
	} else {
		reply_set(&r, REPLY_SESSION_OVER, "time");
		reply_limit(&r, "session-time", s->set->session_time,
		    s->set->session_time);
	}
	session_say(s, &r, "-");
}

void
session_line_too_long(struct session *s)
{
	struct reply r;

	reply_set(&r, REPLY_LINE_TOO_LONG);
	reply_limit(&r, "max-command-line", s->set->max_command_line + 1,
	    s->set->max_command_line);
	session_say(s, &r, "-");
}

void
session_no_line(struct session *s, enum wire_end end, int64_t deadline)
{
	switch (end) {
	case WIRE_OK:
		return;
	case WIRE_TOO_LONG:
		session_line_too_long(s);
		return;
	case WIRE_BARE:
		s->over = true;
		say_name(s, REPLY_BARE_LF_COMMAND);
		return;
	case WIRE_CLOSED:
		s->lost = true;
		return;
	case WIRE_TIMEOUT:
		/* What it should hear it would not read either. */
		s->lost = s->wire.stuck;
		s->over = true;
		if (!s->lost)
			timed_out(s, deadline);
		return;
	case WIRE_STOPPING:
		s->over = true;
		say_name(s, REPLY_SHUTTING_DOWN);
		return;
	}
}

/* One command, or the reason why there is none. */
void
session_step(struct session *s)
{
	int64_t deadline = clock_ms() + s->set->command_timeout;
	enum wire_end end;
	char *line;
	size_t len;

	if (deadline > s->until)
		deadline = s->until;
	end = wire_line(&s->wire, s->longest_line, s->state <= STATE_READY,
	    deadline, &line, &len);
	if (end == WIRE_OK)
		command_run(s, line, len);
	else
		session_no_line(s, end, deadline);
	consult_done(s);
}

/* A proxy that wanted to know whether we are there. */
static bool
only_looked(const struct session *s)
{
	return s->look && s->messages == 0 && s->state <= STATE_READY;
}

void
session_run(struct session *s)
{
	session_greet(s);
	while (!s->over && !s->lost)
		session_step(s);
	submitter_abort(s);
	trouble_end(s);
	if (s->lost && !s->mute && !only_looked(s))
		log_end_of(s, s->wire.stuck ? "unread" :
		    s->state > STATE_READY ? "in-transaction" : "closed");
	if (!s->lost)
		wire_hang_up(&s->wire, s->quit);
	submitter_close(s);
	trouble_lost(s);
}
