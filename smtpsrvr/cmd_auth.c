/*
 * AUTH (RFC 4954).
 *
 *	auth = "AUTH" SP mechanism [SP initial-response] CRLF
 *	       *("334" SP [base64] CRLF [base64] CRLF)
 *
 * What the client sends goes on to authsrvr (lib/authproto.h) without a look;
 * who it is, only authsrvr says, with a receipt that submit believes.  Nothing
 * of it stays in our memory.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/authproto.h"
#include "lib/base64.h"
#include "lib/mechanism.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/commands.h"
#include "smtpsrvr/trouble.h"
#include "tables/clients.h"

#define ANSWER_SPARE_MS 5000	/* authsrvr keeps a time of its own */
#define STOPPED (-1)		/* no outcome: smtpd wants us to end */

/* One login. */
struct exchange {
	struct session *s;
	int sock;
	int64_t deadline;
	struct auth_question q;
	struct auth_answer a;
	char text[BASE64_ROOM(AUTH_CHALLENGE_MOST)];
};

static bool
in_list(const struct strings *l, enum mechanism m)
{
	for (size_t i = 0; i < l->n; i++)
		if (mechanism_find(l->at[i]) == (int)m)
			return true;
	return false;
}

/* The client's own certificate: by XCLIENT it is the proxy's. */
static struct certificate
certificate(const struct session *s)
{
	const struct tls_client *c;

	if (s->secured == NULL || (s->told && !s->by_header))
		return (struct certificate){ false, "", "", "" };
	c = &s->secured->client;
	return (struct certificate){ c->verified, c->fingerprint, c->key,
	    c->subject };
}

/* Will authsrvr find a login for it? */
static bool
has_login(const struct session *s)
{
	const struct certificate c = certificate(s);
	char login[AUTH_LOGIN];

	return c.fingerprint[0] != '\0' && clients_login(site_table(
	    &s->server->site, s->server->conf->server.v.auth_certificates),
	    &c, login) != TB_NOT_FOUND;
}

/* Is there who knows what it goes by, and what it is bound to? */
static bool
possible(const struct session *s, enum mechanism m)
{
	const struct strings *l = &s->server->conf->server.v.auth_backends;
	const char *backend = mechanism_backend(m);
	size_t i = 0;

	if (m == MECHANISM_EXTERNAL)
		return has_login(s);
	while (i < l->n && backend != NULL && strcmp(l->at[i], backend) != 0)
		i++;
	return l->n > 0 && (backend == NULL || i < l->n) &&
	    (!mechanism_binds(m) || s->bound);
}

/* Where TLS is required, mail is not taken without it whoever it is. */
static bool
safe_now(const struct session *s, enum mechanism m)
{
	return s->secured != NULL || (s->set->tls != TLS_REQUIRED &&
	    (s->set->auth_clear || !mechanism_sends_secret(m)));
}

bool
keyword_auth(const struct session *s, char argument_r[KEYWORD_ARGUMENT])
{
	const struct strings *l = &s->set->auth_mechanisms;
	size_t len = 0;

	argument_r[0] = '\0';
	for (size_t i = 0; i < l->n && s->login[0] == '\0'; i++) {
		int m = mechanism_find(l->at[i]);

		if (m < 0 || !possible(s, (enum mechanism)m) ||
		    !safe_now(s, (enum mechanism)m))
			continue;
		if (len > 0)
			text_add(argument_r, KEYWORD_ARGUMENT, &len, " ");
		text_add(argument_r, KEYWORD_ARGUMENT, &len,
		    mechanism_name((enum mechanism)m));
	}
	return len > 0;
}

/* The mechanism that the command names, or -1 with the refusal. */
static int
find(const struct session *s, const char *word, struct reply *r)
{
	int m = mechanism_find(word);

	if (!s->server->auth)
		reply_set(r, REPLY_VERB_OFF, "AUTH");
	else if (!s->esmtp)
		reply_set(r, REPLY_NEED_EHLO);
	else if (s->login[0] != '\0')
		reply_set(r, REPLY_AUTH_ALREADY);
	else if (m < 0 || !in_list(&s->set->auth_mechanisms,
	    (enum mechanism)m) || !possible(s, (enum mechanism)m))
		reply_set(r, REPLY_AUTH_UNABLE);
	else if (!safe_now(s, (enum mechanism)m))
		reply_set(r, REPLY_AUTH_NEEDS_TLS);
	else
		return m;
	return -1;
}

static int
reach(struct exchange *x)
{
	char path[256];
	size_t len = 0;

	if (x->s->auth >= 0)
		x->sock = x->s->auth;
	else if (text_add(path, sizeof path, &len, x->s->server->jail) &&
	    text_add(path, sizeof path, &len, "/auth"))
		x->sock = net_unix_connect(path, SOCK_SEQPACKET);
	return x->sock < 0 ? -1 : 0;
}

/* Sends the question, and forgets what is in it. */
static int
ask(struct exchange *x)
{
	size_t size = offsetof(struct auth_question, data) + x->q.len;
	ssize_t n;

	x->q.version = AUTH_VERSION;
	n = send(x->sock, &x->q, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	explicit_bzero(x->q.data, sizeof x->q.data);
	wire_forget(&x->s->wire);
	return n == (ssize_t)size ? 0 : -1;
}

static bool
good(const struct auth_answer *a, ssize_t n)
{
	size_t front = offsetof(struct auth_answer, data);

	return n >= (ssize_t)front && a->version == AUTH_VERSION &&
	    a->len <= AUTH_CHALLENGE_MOST && (size_t)n == front + a->len &&
	    memchr(a->login, '\0', sizeof a->login) != NULL &&
	    (a->outcome != AUTH_SUCCESS || a->login[0] != '\0');
}

/*
 * Its outcome; LATER where there is none in time.  A failure may be told long
 * after it: a server that stops does not wait for that.
 */
static int
hear(struct exchange *x)
{
	struct pollfd p[2] = { { x->sock, POLLIN, 0 },
	    { x->s->life, POLLIN, 0 } };
	ssize_t n;

	do {
		n = poll(p, 2, clock_left(x->deadline + ANSWER_SPARE_MS));
		if (n > 0 && p[0].revents == 0)
			return STOPPED;
		if (n > 0)
			n = recv(x->sock, &x->a, sizeof x->a,
			    MSG_DONTWAIT | MSG_TRUNC);
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	return good(&x->a, n) ? x->a.outcome : AUTH_LATER;
}

/* The exchange ends by the client's fault; authsrvr need not wait. */
static void
cancel(struct exchange *x)
{
	x->q.kind = AUTH_CANCEL;
	x->q.len = 0;
	(void)!ask(x);
}

/* Puts a line of base64 into the question; -1 if it is none. */
static int
take(struct exchange *x, const char *line, size_t len)
{
	size_t got = 0;

	if (len > AUTH_LINE || base64_decode(x->q.data, line, len, &got) != 0)
		return -1;
	x->q.len = (uint16_t)got;
	return 0;
}

/* Says the challenge and has the client's response sent; false: it is over. */
static bool
challenge(struct exchange *x, struct reply *r)
{
	struct session *s = x->s;
	enum wire_end end;
	char *line;
	size_t len;

	base64_encode(x->text, x->a.data, x->a.len);
	reply_set(r, REPLY_AUTH_GO_ON, "");
	end = wire_reply_line(&s->wire, r->code, "", x->text, false);
	r->code = 0;
	if (end == WIRE_OK)
		end = wire_line(&s->wire, AUTH_LINE + 2, true, x->deadline,
		    &line, &len);
	x->q.kind = AUTH_RESPONSE;
	x->q.len = 0;
	if (end == WIRE_OK && strcmp(line, "*") == 0)
		reply_set(r, REPLY_AUTH_CANCELLED);
	else if (end == WIRE_TOO_LONG)
		reply_set(r, REPLY_AUTH_TOO_LONG);
	else if (end == WIRE_OK && take(x, line, len) != 0)
		reply_set(r, REPLY_AUTH_GARBLED);
	else if (end == WIRE_OK)
		return true;
	else
		session_no_line(s, end, x->deadline);
	cancel(x);
	return false;
}

static void
succeed(struct exchange *x, enum mechanism m, struct reply *r)
{
	struct session *s = x->s;

	memcpy(s->login, x->a.login, sizeof s->login);
	memcpy(s->receipt, x->a.receipt, sizeof s->receipt);
	(void)!text_copy(s->mechanism, sizeof s->mechanism,
	    mechanism_name(m));
	s->said_hello = false;
	reply_set(r, REPLY_AUTH_OK);
}

static void
conclude(struct exchange *x, int outcome, enum mechanism m, struct reply *r)
{
	struct session *s = x->s;

	switch (outcome) {
	case AUTH_SUCCESS:
		succeed(x, m, r);
		break;
	case AUTH_FAILURE:
		reply_set(r, REPLY_AUTH_FAILED);
		s->trouble.failures++;
		trouble_tell(s);
		break;
	case AUTH_BARRED:
		reply_set(r, REPLY_AUTH_BARRED);
		s->over = true;
		break;
	case AUTH_UNABLE:
		reply_set(r, REPLY_AUTH_UNABLE);
		break;
	case AUTH_GARBLED:
		reply_set(r, REPLY_AUTH_GARBLED);
		break;
	default:
		reply_set(r, REPLY_AUTH_LATER);
		break;
	}
	reply_because(r, "auth");
}

static void
introduce_certificate(struct exchange *x)
{
	const struct certificate c = certificate(x->s);

	(void)!text_copy(x->q.fingerprint, sizeof x->q.fingerprint,
	    c.fingerprint);
	(void)!text_copy(x->q.key, sizeof x->q.key, c.key);
	(void)!text_copy(x->q.subject, sizeof x->q.subject, c.subject);
	if (c.verified)
		x->q.flags |= AUTH_VERIFIED;
}

/* Who asks: the row, and what TLS knows. */
static void
introduce(struct exchange *x, enum mechanism m)
{
	const struct session *s = x->s;

	x->q.kind = AUTH_BEGIN;
	x->q.row = s->who.row;
	x->q.serial = s->who.serial;
	memcpy(x->q.token, s->who.token, sizeof x->q.token);
	(void)!text_copy(x->q.mechanism, sizeof x->q.mechanism,
	    mechanism_name(m));
	if (s->secured != NULL)
		x->q.flags |= AUTH_TLS;
	introduce_certificate(x);
	/* Who could have been bound, and was not, was misled. */
	if (s->bound && in_list(&s->set->auth_mechanisms,
	    MECHANISM_SCRAM_SHA_256_PLUS)) {
		x->q.flags |= AUTH_BINDS;
		memcpy(x->q.exporter, s->exporter, sizeof x->q.exporter);
	}
}

static void
run(struct exchange *x, enum mechanism m, const char *initial,
    struct reply *r)
{
	int outcome = AUTH_LATER;

	if (*initial != '\0') {
		x->q.flags |= AUTH_INITIAL;
		if (strcmp(initial, "=") != 0 &&
		    take(x, initial, strlen(initial)) != 0) {
			reply_set(r, REPLY_AUTH_GARBLED);
			return;
		}
	}
	introduce(x, m);
	if (reach(x) == 0)
		while (ask(x) == 0 && (outcome = hear(x)) == AUTH_CHALLENGE)
			if (!challenge(x, r))
				return;
	if (outcome == STOPPED) {
		session_no_line(x->s, WIRE_STOPPING, x->deadline);
		return;
	}
	if (outcome == AUTH_CHALLENGE)
		outcome = AUTH_LATER;
	/* What was given to us may still bring a late answer. */
	if (outcome == AUTH_LATER && x->sock == x->s->auth)
		x->s->auth = -1;
	conclude(x, outcome, m, r);
}

void
cmd_auth(struct session *s, const struct argument *a, struct reply *r)
{
	size_t len = strcspn(a->text, " ");
	char word[AUTH_MECHANISM];
	struct exchange *x;
	int m = -1;

	if (len < sizeof word) {
		memcpy(word, a->text, len);
		word[len] = '\0';
	} else {
		word[0] = '\0';
	}
	if ((m = find(s, word, r)) >= 0) {
		x = xcalloc(1, sizeof *x);
		x->s = s;
		x->sock = -1;
		x->deadline = clock_ms() + s->set->auth_time;
		if (x->deadline > s->until)
			x->deadline = s->until;
		run(x, (enum mechanism)m, a->text + len +
		    strspn(a->text + len, " "), r);
		if (x->sock >= 0 && x->sock != s->auth)
			close(x->sock);
		explicit_bzero(x, sizeof *x);
		free(x);
	}
	wire_forget(&s->wire);
}
