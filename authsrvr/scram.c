/*
 * scram - see scram.h.
 *
 * No password passes here: the file has what is derived of it, and what the
 * client sends proves that it could derive the same.  Who there is not gets
 * the same messages as who has another password.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>

#include <gsasl.h>

#include "authsrvr/passwords.h"
#include "authsrvr/scram.h"
#include "lib/base64.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/xalloc.h"

struct scrams {
	Gsasl *sasl;
	const char *file;
	bool fold;
	uint8_t secret[RECEIPT_KEY];	/* of those that there are not */
};

struct scram_server {
	struct scrams *all;
	Gsasl_session *session;
	enum scram kind;
	bool bound, begun, there, later;
	char typed[AUTH_LOGIN], login[AUTH_LOGIN];
};

static const char *const names[SCRAM_KINDS][2] = {
	[SCRAM_SHA256] = { "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS" },
	[SCRAM_SHA1] = { "SCRAM-SHA-1", NULL },
};
static const size_t bytes[SCRAM_KINDS] = { 32, 20 };

static void
set_base64(Gsasl_session *g, Gsasl_property p, const void *from, size_t len)
{
	char text[BASE64_ROOM(PASSROW_SALT)];

	base64_encode(text, from, len);
	(void)gsasl_property_set(g, p, text);
	explicit_bzero(text, sizeof(text));
}

/* Its login has no such secret: one that nobody has, the same each time. */
static void
invent(const struct scrams *all, const char *login, struct scram_secret *s_r)
{
	uint8_t salt[RECEIPT];

	*s_r = (struct scram_secret){ .iterations = PASSROW_ITERATIONS,
		.salt_len = 16 };
	receipt_make(all->secret, &(struct receipt_of){ .mechanism = "salt",
	    .login = login }, salt);
	memcpy(s_r->salt, salt, s_r->salt_len);
	if (getrandom(s_r->stored, sizeof(s_r->stored), 0) < 0 ||
	    getrandom(s_r->server, sizeof(s_r->server), 0) < 0)
		fatal(EX_OSERR, "no random bytes");
}

/* The secret of who the client says it is. */
static int
look_up(struct scram_server *s, Gsasl_session *g)
{
	const char *typed = gsasl_property_fast(g, GSASL_AUTHID);
	const char *zid = gsasl_property_fast(g, GSASL_AUTHZID);
	struct passrow row = { .login = "" };
	struct scram_secret *x = &row.scram[s->kind];
	char why[256] = "", number[24];

	if (typed == NULL || text_copy(s->typed, sizeof(s->typed),
	    typed) != 0)
		s->typed[0] = '\0';
	if (login_prepare(s->login, s->typed, s->all->fold) == 0) {
		switch (passwords_find(s->all->file, s->login, &row, why,
		    sizeof(why))) {
		case PASSWORDS_FOUND:
			/* Nobody is somebody else. */
			s->there = x->iterations > 0 && (zid == NULL ||
			    strcmp(zid, typed) == 0);
			break;
		case PASSWORDS_NONE:
			break;
		case PASSWORDS_LATER:
			log_note(LEVEL_ERROR, "a password cannot be checked: "
			    "%s", why);
			s->later = true;
			return GSASL_AUTHENTICATION_ERROR;
		}
	}
	if (x->iterations == 0)
		invent(s->all, s->login, x);
	snprintf(number, sizeof(number), "%u", (unsigned)x->iterations);
	(void)gsasl_property_set(g, GSASL_SCRAM_ITER, number);
	set_base64(g, GSASL_SCRAM_SALT, x->salt, x->salt_len);
	set_base64(g, GSASL_SCRAM_STOREDKEY, x->stored, bytes[s->kind]);
	set_base64(g, GSASL_SCRAM_SERVERKEY, x->server, bytes[s->kind]);
	passrow_wipe(&row);
	return GSASL_OK;
}

static int
wanted(Gsasl *all, Gsasl_session *g, Gsasl_property p)
{
	struct scram_server *s = gsasl_session_hook_get(g);

	(void)all;
	return p == GSASL_SCRAM_ITER && s != NULL ? look_up(s, g) :
	    GSASL_NO_CALLBACK;
}

struct scrams *
scrams_new(const struct conf *c)
{
	struct scrams *all = xcalloc(1, sizeof(*all));

	all->file = c->server.v.auth_file;
	all->fold = c->server.v.auth_ignore_case;
	if (gsasl_init(&all->sasl) != GSASL_OK ||
	    getrandom(all->secret, sizeof(all->secret), 0) !=
	    sizeof(all->secret))
		fatal(EX_OSERR, "cannot begin with GNU SASL");
	gsasl_callback_set(all->sasl, wanted);
	return all;
}

struct scram_server *
scram_new(struct scrams *all, enum scram kind, bool plus,
    const uint8_t *binding)
{
	struct scram_server *s = xcalloc(1, sizeof(*s));
	const char *name = names[kind][plus];

	s->all = all;
	s->kind = kind;
	s->bound = binding != NULL;
	if (name == NULL || gsasl_server_start(all->sasl, name,
	    &s->session) != GSASL_OK) {
		free(s);
		return NULL;
	}
	gsasl_session_hook_set(s->session, s);
	if (binding != NULL)
		set_base64(s->session, GSASL_CB_TLS_EXPORTER, binding,
		    AUTH_EXPORTER);
	return s;
}

/* In the memory that GNU SASL would only free. */
static void
wipe(Gsasl_session *g, Gsasl_property p)
{
	const char *text = gsasl_property_fast(g, p);

	if (text != NULL)
		explicit_bzero((char *)(uintptr_t)text, strlen(text));
}

void
scram_free(struct scram_server *s)
{
	if (s == NULL)
		return;
	wipe(s->session, GSASL_SCRAM_STOREDKEY);
	wipe(s->session, GSASL_SCRAM_SERVERKEY);
	gsasl_finish(s->session);
	free(s);
}

const char *
scram_typed(const struct scram_server *s)
{
	return s->typed;
}

const char *
scram_login(const struct scram_server *s)
{
	return s->login;
}

/* "y": it would bind, but thinks that we cannot; who told it so? */
static bool
misled(struct scram_server *s, const char *p, size_t len)
{
	bool first = !s->begun;

	s->begun = true;
	return first && s->bound && len > 0 && *p == 'y';
}

enum scram_step
scram_take(struct scram_server *s, const void *p, size_t len,
    uint8_t out_r[AUTH_CHALLENGE_MOST], size_t *len_r)
{
	char *out = NULL;
	size_t n = 0;
	int code;

	*len_r = 0;
	if (p != NULL && misled(s, p, len))
		return SCRAM_FAILURE;
	code = gsasl_step(s->session, p, len, &out, &n);
	if ((code == GSASL_OK || code == GSASL_NEEDS_MORE) &&
	    n <= AUTH_CHALLENGE_MOST) {
		if (n > 0)
			memcpy(out_r, out, n);
		*len_r = n;
	} else if (code == GSASL_OK) {
		code = GSASL_AUTHENTICATION_ERROR;
	}
	gsasl_free(out);
	if (s->later)
		return SCRAM_LATER;
	if (code == GSASL_NEEDS_MORE)
		return SCRAM_CHALLENGE;
	if (code == GSASL_OK)
		return s->there ? SCRAM_PROVEN : SCRAM_FAILURE;
	return code == GSASL_MECHANISM_PARSE_ERROR ? SCRAM_GARBLED :
	    SCRAM_FAILURE;
}
