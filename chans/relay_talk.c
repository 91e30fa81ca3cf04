/*
 * relay_talk - opens connections to other mail systems.
 *
 * Runs in channel programs.  Nothing a server says is trusted further than
 * its codes: texts are only told on, printable and cut.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "chans/chan.h"
#include "chans/relay_talk.h"
#include "lib/clock.h"
#include "lib/text.h"

#define TICK_MOST 20000		/* ms */
#define QUIT_MS 1000		/* nobody waits for the answer longer */

/* How often deliver must hear that we are alive. */
static int
tick_ms(const struct settings *s)
{
	int64_t ms = s->delivery_timeout / 3;

	return ms > TICK_MOST ? TICK_MOST : (int)ms;
}

static void
name_peer(struct relay_talk *t, const struct relay_host *host)
{
	const struct netaddr *a = &host->place.address;
	char ip[NET_TEXT];

	if (a->family == 0)
		snprintf(t->peer, sizeof t->peer, "%s", host->place.path);
	else if (a->port == 25)
		snprintf(t->peer, sizeof t->peer, "%s[%s]", host->name,
		    net_text(a, ip));
	else
		snprintf(t->peer, sizeof t->peer, "%s[%s]:%u", host->name,
		    net_text(a, ip), a->port);
}

void
relay_talk_fault(const struct relay_talk *t, struct chan_answer *a,
    const char *code, const char *fmt, ...)
{
	char text[CHANPROTO_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	chanproto_fill(a, code[0] == '5' ? CHAN_NEVER : CHAN_LATER, code,
	    "%.120s: %s", t->peer, text);
}

void
relay_talk_said(const struct relay_talk *t, struct chan_answer *a,
    enum chan_outcome outcome, const char *code, const struct relay_reply *r)
{
	static const char class[] = { '0', '2', '4', '5' };
	char own[] = "0.0.0";

	own[0] = class[outcome];
	if (code == NULL)
		code = r->enhanced[0] == own[0] ? r->enhanced : own;
	chanproto_fill(a, outcome, code, "%.100s said: %d %s", t->peer,
	    r->code, r->text);
	a->flags |= CHAN_SAID;
}

static void
no_reply(const struct relay_talk *t, const char *stage, struct chan_answer *a)
{
	if (errno == ETIMEDOUT)
		relay_talk_fault(t, a, "4.4.2", "no answer to %s in time",
		    stage);
	else if (errno == EPIPE)
		relay_talk_fault(t, a, "4.4.2",
		    "the connection was closed at %s", stage);
	else if (errno == EBADMSG)
		relay_talk_fault(t, a, "4.5.0", "no SMTP reply to %s", stage);
	else
		relay_talk_fault(t, a, "4.4.2", "%s: %s", stage,
		    strerror(errno));
}

static int
hear(struct relay_talk *t, int64_t deadline, const char *stage,
    struct relay_reply *r_r, struct chan_answer *fault_r,
    void (*line)(void *arg, const char *text, size_t len), void *arg)
{
	if (relay_wire_reply(&t->wire, r_r, deadline, line, arg) == -1) {
		no_reply(t, stage, fault_r);
		return -1;
	}
	if (r_r->code == 421) {
		relay_talk_said(t, fault_r, CHAN_LATER, NULL, r_r);
		return -1;
	}
	return 0;
}

int
relay_talk_hear(struct relay_talk *t, int64_t deadline, const char *stage,
    struct relay_reply *r_r, struct chan_answer *fault_r)
{
	return hear(t, deadline, stage, r_r, fault_r, NULL, NULL);
}

void
relay_talk_broken(struct relay_talk *t, const char *stage,
    struct chan_answer *fault_r)
{
	int error = errno;
	struct relay_reply r;

	if (relay_wire_last(&t->wire, &r) && r.code >= 400)
		relay_talk_said(t, fault_r, CHAN_LATER, r.code >= 500 ?
		    "4.4.2" : NULL, &r);
	else {
		errno = error;
		no_reply(t, stage, fault_r);
	}
}

/* One command, one answer. */
static int
ask(struct relay_talk *t, const char *stage, const char *command,
    int64_t deadline, struct relay_reply *r_r, struct chan_answer *fault_r,
    void (*line)(void *arg, const char *text, size_t len), void *arg)
{
	char text[RELAY_COMMAND_MOST];
	int n = snprintf(text, sizeof text, "%s\r\n", command);

	if (n < 0 || (size_t)n >= sizeof text) {
		relay_talk_fault(t, fault_r, "4.3.5", "%s is too long", stage);
		return -1;
	}
	if (!relay_wire_quiet(&t->wire)) {
		errno = EBADMSG;
		relay_talk_broken(t, stage, fault_r);
		return -1;
	}
	if (relay_wire_write(&t->wire, text, (size_t)n, deadline) == -1) {
		relay_talk_broken(t, stage, fault_r);
		return -1;
	}
	return hear(t, deadline, stage, r_r, fault_r, line, arg);
}

/* A refusal at a stage where the server judges us, not the mail. */
static void
refused(const struct relay_talk *t, const struct relay_reply *r,
    struct chan_answer *a)
{
	relay_talk_said(t, a, r->code >= 500 ? CHAN_NEVER : CHAN_LATER, NULL,
	    r);
}

static int64_t
reply_deadline(const struct relay_talk *t)
{
	return clock_ms() + t->side->s->relay_reply_time;
}

int
relay_talk_ask(struct relay_talk *t, const char *stage, const char *command,
    struct relay_reply *r_r, struct chan_answer *fault_r)
{
	return ask(t, stage, command, reply_deadline(t), r_r, fault_r, NULL,
	    NULL);
}

static int
connect_to(struct relay_talk *t, const struct relay_host *host,
    struct chan_answer *fault_r)
{
	struct netaddr from;
	const struct netaddr *source = NULL;
	size_t i;

	for (i = 0; i < t->side->s->relay_source.n && source == NULL; i++) {
		if (net_parse(t->side->s->relay_source.at[i], &from) == 0 &&
		    from.family == host->place.address.family)
			source = &from;
	}
	if (relay_wire_connect(&t->wire, &host->place, source, clock_ms() +
	    t->side->s->relay_connect_time) == 0)
		return 0;
	relay_talk_fault(t, fault_r, "4.4.1", "cannot connect: %s",
	    strerror(errno));
	return -1;
}

static int
greeting(struct relay_talk *t, struct chan_answer *fault_r)
{
	struct relay_reply r;

	if (relay_talk_hear(t, reply_deadline(t), "the greeting", &r,
	    fault_r) == -1)
		return -1;
	if (r.code / 100 == 2)
		return 0;
	refused(t, &r, fault_r);
	return -1;
}

static const char *
own_name(const struct settings *s)
{
	return s->relay_helo[0] != '\0' ? s->relay_helo : s->hostname;
}

/* EHLO or LHLO; HELO where EHLO is not known (RFC 5321 3.2). */
static int
hello(struct relay_talk *t, struct chan_answer *fault_r)
{
	struct relay_caps_reading reading = { .caps = &t->caps };
	const char *verb = t->side->kind->lmtp ? "LHLO" : "EHLO";
	char command[600];
	struct relay_reply r;

	memset(&t->caps, 0, sizeof t->caps);
	snprintf(command, sizeof command, "%s %s", verb, own_name(t->side->s));
	if (ask(t, verb, command, reply_deadline(t), &r, fault_r,
	    relay_caps_line, &reading) == -1)
		return -1;
	if (r.code / 100 == 5 && !t->side->kind->lmtp) {
		memset(&t->caps, 0, sizeof t->caps);
		snprintf(command, sizeof command, "HELO %s",
		    own_name(t->side->s));
		if (ask(t, "HELO", command, reply_deadline(t), &r, fault_r,
		    NULL, NULL) == -1)
			return -1;
		snprintf(t->caps.name, sizeof t->caps.name, "%.*s",
		    (int)strcspn(r.text, " "), r.text);
	}
	if (r.code / 100 == 2)
		return 0;
	/* What it says of our name is no verdict about the mail. */
	relay_talk_said(t, fault_r, CHAN_LATER, r.code / 100 == 4 ? NULL :
	    "4.7.1", &r);
	return -1;
}

/*
 * Who a server must prove to be.  An MX record proves nothing: there it is
 * one in the recipient's own domain, unless relay-tls-names says otherwise.
 */
static void
identify(const struct relay_talk *t, struct relay_identity *who,
    const char *names[2], char below[260], char ip[NET_TEXT])
{
	const struct strings *given = &t->side->s->relay_tls_names;
	const struct relay_host *host = t->host;
	struct netaddr literal;
	bool named = net_parse(host->name, &literal) == -1 &&
	    host->name[0] != '[';

	*who = (struct relay_identity){ .server = named ? host->name : "",
	    .verify = t->side->s->relay_tls == RELAY_TLS_VERIFIED,
	    .names = names };
	if (given->n > 0) {
		who->names = given->at;
		who->n = given->n;
	} else if (!named)
		who->address = net_text(&host->place.address, ip);
	else if (host->domain[0] != '\0') {
		snprintf(below, 260, ".%s", host->domain);
		names[0] = host->domain;
		names[1] = below;
		who->n = 2;
	} else {
		names[0] = host->name;
		who->n = 1;
	}
}

static int
handshake(struct relay_talk *t, struct chan_answer *fault_r)
{
	char below[260], ip[NET_TEXT], why[200];
	const char *names[2];
	struct relay_identity who;

	/* Nothing that came in the clear may count as said under TLS. */
	buf_reset(&t->wire.in);
	identify(t, &who, names, below, ip);
	if (t->side->kind->tls->start(t->side->tls, &t->wire, &who,
	    reply_deadline(t), &t->proven, why, sizeof why) == -1) {
		t->broken_tls = true;
		relay_talk_fault(t, fault_r, "4.7.5", "%s", why);
		return -1;
	}
	t->secure = true;
	return hello(t, fault_r);
}

/* TLS, if the settings want it, and the server has it or must have it. */
static int
secure(struct relay_talk *t, struct chan_answer *fault_r)
{
	int wanted = t->side->kind->tls == NULL ? RELAY_TLS_OFF :
	    t->side->s->relay_tls;
	struct relay_reply r;

	if (wanted == RELAY_TLS_OFF)
		return 0;
	if (relay_caps_has(&t->caps, RELAY_STARTTLS)) {
		if (ask(t, "STARTTLS", "STARTTLS", reply_deadline(t), &r,
		    fault_r, NULL, NULL) == -1)
			return -1;
		if (r.code / 100 == 2)
			return handshake(t, fault_r);
		relay_talk_said(t, fault_r, CHAN_LATER, "4.7.4", &r);
	} else
		relay_talk_fault(t, fault_r, "4.7.4",
		    "it offers no STARTTLS, which relay-tls asks for");
	return wanted == RELAY_TLS_OPPORTUNISTIC ? 0 : -1;
}

static int
ready(struct relay_talk *t, bool clear, struct chan_answer *fault_r)
{
	if (greeting(t, fault_r) == -1 || hello(t, fault_r) == -1 ||
	    (!clear && secure(t, fault_r) == -1))
		return -1;
	if (t->side->auth != NULL && t->side->kind->auth->login(
	    t->side->auth, t, t->host, fault_r) == -1)
		return -1;
	if (t->host->domain[0] != '\0' &&
	    text_same(t->caps.name, own_name(t->side->s))) {
		relay_talk_fault(t, fault_r, "5.4.6", "it is this host: the "
		    "mail would go in a circle");
		return -1;
	}
	return 0;
}

static int
try_open(struct relay_talk *t, const struct relay_side *side,
    const struct relay_host *host, bool clear, struct chan_answer *fault_r)
{
	memset(t, 0, sizeof *t);
	t->side = side;
	t->host = host;
	t->local = host->place.address.family == 0;
	relay_wire_init(&t->wire, chan_working, tick_ms(side->s));
	name_peer(t, host);
	if (connect_to(t, host, fault_r) == -1 ||
	    ready(t, clear, fault_r) == -1) {
		relay_talk_close(t);
		return -1;
	}
	t->host = NULL;
	t->used = clock_ms();
	return 0;
}

int
relay_talk_open(struct relay_talk *t, const struct relay_side *side,
    const struct relay_host *host, struct chan_answer *fault_r)
{
	if (try_open(t, side, host, false, fault_r) == 0)
		return 0;
	/* RFC 7435: rather without TLS than not at all. */
	if (!t->broken_tls || side->s->relay_tls != RELAY_TLS_OPPORTUNISTIC)
		return -1;
	return try_open(t, side, host, true, fault_r);
}

void
relay_talk_quit(struct relay_talk *t)
{
	struct chan_answer unused;
	struct relay_reply r;

	if (t->wire.fd != -1)
		(void)!ask(t, "QUIT", "QUIT", clock_ms() + QUIT_MS, &r,
		    &unused, NULL, NULL);
	relay_talk_close(t);
}

void
relay_talk_close(struct relay_talk *t)
{
	relay_wire_close(&t->wire);
	buf_free(&t->wire.in);
}
