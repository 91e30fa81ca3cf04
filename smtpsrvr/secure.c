/*
 * secure - from a plain session to one over TLS (RFC 3207).
 */
#include "config.h"

#include <stdlib.h>

#include "lib/xalloc.h"
#include "smtpsrvr/secure.h"

bool
secure_possible(const struct session *s)
{
	return s->server->tls != NULL && s->tls == NULL &&
	    s->set->tls != TLS_OFF;
}

/* Before the greeting nobody has said anything. */
static const char *
verb_of(const struct session *s)
{
	return s->greeted ? "STARTTLS" : "CONNECT";
}

static void
log_trouble(struct session *s, enum log_level level, const char *why)
{
	struct logline l;

	log_begin(&l, level, "tls-failed");
	session_log(s, &l, verb_of(s));
	log_text(&l, "why", why);
	log_end(&l);
}

int
secure_begin(struct session *s)
{
	const char *why;

	s->tls = s->server->tls->open(s->server->tls, s->set,
	    s->server->jail, s->wire.in, &why);
	if (s->tls != NULL)
		return 0;
	log_trouble(s, LEVEL_ERROR, why);
	return -1;
}

static void
forget(struct session *s)
{
	session_reset(s);
	s->state = s->set->helo_required ? STATE_START : STATE_READY;
	session_forget_login(s);
	s->esmtp = false;
	s->helo[0] = '\0';
}

static void
log_success(struct session *s)
{
	struct logline l;

	log_begin(&l, LEVEL_INFO, "tls");
	session_log(s, &l, verb_of(s));
	log_word(&l, "tls", s->secured->version);
	log_word(&l, "cipher", s->secured->cipher);
	log_text(&l, "sni", s->secured->sni);
	if (s->secured->client.fingerprint[0] != '\0') {
		log_word(&l, "cert", s->secured->client.fingerprint);
		log_text(&l, "subject", s->secured->client.subject);
		log_word(&l, "verified",
		    s->secured->client.verified ? "yes" : "no");
	}
	if (s->secured->resumed)
		log_word(&l, "resumed", "yes");
	log_end(&l);
}

void
secure_handshake(struct session *s)
{
	struct tls_service *v = s->server->tls;
	int64_t deadline = clock_ms() + s->set->tls_time;
	enum wire_end end = WIRE_OK;
	short events = 0;
	int done;

	while ((done = v->step(s->tls, &events)) == 0 && end == WIRE_OK)
		end = wire_wait(&s->wire, events, deadline);
	if (done != 1) {
		log_trouble(s, LEVEL_INFO, end == WIRE_TIMEOUT ? "tls-time" :
		    done == 0 ? "the connection ended" : v->why(s->tls));
		s->lost = true;
		return;
	}
	s->secured = xcalloc(1, sizeof *s->secured);
	v->facts(s->tls, s->secured);
	s->bound = v->exporter(s->tls, s->exporter) == 0;
	s->wire.cover = &v->cover;
	s->wire.over = s->tls;
	log_success(s);
	session_settle(s);
	forget(s);
}
