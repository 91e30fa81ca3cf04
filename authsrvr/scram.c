/*
 * scram - see scram.h.
 *
 * No password passes here: the file has what is derived of it, and what the
 * client sends proves that it could derive the same.  Who there is not gets
 * the same messages as who has another password.
 *
 * GNU SASL wants the secret in the midst of the client's first message, and
 * would not wait for it.  So a session of its own reads that message, says
 * whose secret it is, and is thrown away; when the secret is there, the same
 * message begins the one that counts.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <gsasl.h>

#include "authsrvr/scram.h"
#include "lib/base64.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/xalloc.h"

struct scrams {
	Gsasl *sasl;
};

struct scram_server {
	struct scrams *all;
	Gsasl_session *session;
	const char *name;
	enum scram kind;
	bool bound, begun, named, itself, there;
	uint8_t binding[AUTH_EXPORTER];
	char typed[AUTH_LOGIN];
	char *first;		/* the client's first message, until it is
				 * answered */
	size_t first_len;
	const struct scram_secret *secret;	/* while it is */
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

/* Who does the client say it is?  Nobody may be somebody else. */
static void
note_name(struct scram_server *s, Gsasl_session *g)
{
	const char *typed = gsasl_property_fast(g, GSASL_AUTHID);
	const char *zid = gsasl_property_fast(g, GSASL_AUTHZID);

	if (typed == NULL || text_copy(s->typed, sizeof(s->typed),
	    typed) != 0)
		s->typed[0] = '\0';
	s->named = true;
	s->itself = zid == NULL || (typed != NULL && strcmp(zid, typed) == 0);
}

static void
set_secret(const struct scram_server *s, Gsasl_session *g)
{
	const struct scram_secret *x = s->secret;
	char number[24];

	snprintf(number, sizeof(number), "%u", (unsigned)x->iterations);
	(void)gsasl_property_set(g, GSASL_SCRAM_ITER, number);
	set_base64(g, GSASL_SCRAM_SALT, x->salt, x->salt_len);
	set_base64(g, GSASL_SCRAM_STOREDKEY, x->stored, bytes[s->kind]);
	set_base64(g, GSASL_SCRAM_SERVERKEY, x->server, bytes[s->kind]);
}

static int
wanted(Gsasl *all, Gsasl_session *g, Gsasl_property p)
{
	struct scram_server *s = gsasl_session_hook_get(g);

	(void)all;
	if (p != GSASL_SCRAM_ITER || s == NULL)
		return GSASL_NO_CALLBACK;
	if (s->secret == NULL) {
		note_name(s, g);
		return GSASL_NO_CALLBACK;
	}
	set_secret(s, g);
	return GSASL_OK;
}

struct scrams *
scrams_new(void)
{
	struct scrams *all = xcalloc(1, sizeof(*all));

	if (gsasl_init(&all->sasl) != GSASL_OK)
		fatal(EX_OSERR, "cannot begin with GNU SASL");
	gsasl_callback_set(all->sasl, wanted);
	return all;
}

static Gsasl_session *
start(struct scram_server *s)
{
	Gsasl_session *g;

	if (gsasl_server_start(s->all->sasl, s->name, &g) != GSASL_OK)
		return NULL;
	gsasl_session_hook_set(g, s);
	if (s->bound)
		set_base64(g, GSASL_CB_TLS_EXPORTER, s->binding,
		    sizeof(s->binding));
	return g;
}

struct scram_server *
scram_new(struct scrams *all, enum scram kind, bool plus,
    const uint8_t *binding)
{
	struct scram_server *s = xcalloc(1, sizeof(*s));

	s->all = all;
	s->kind = kind;
	s->name = names[kind][plus];
	s->bound = binding != NULL;
	if (s->bound)
		memcpy(s->binding, binding, sizeof(s->binding));
	if (s->name != NULL)
		s->session = start(s);
	if (s->session != NULL)
		return s;
	free(s);
	return NULL;
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
	free(s->first);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

const char *
scram_typed(const struct scram_server *s)
{
	return s->typed;
}

/* "y": it would bind, but thinks that we cannot; who told it so? */
static bool
misled(const struct scram_server *s, const char *p, size_t len)
{
	return s->bound && len > 0 && *p == 'y';
}

/* One message, and what to answer; out_r may be null. */
static int
step(Gsasl_session *g, const void *p, size_t len, uint8_t *out_r,
    size_t *len_r)
{
	char *out = NULL;
	size_t n = 0;
	int code = gsasl_step(g, p, len, &out, &n);
	bool good = code == GSASL_OK || code == GSASL_NEEDS_MORE;

	if (good && n > AUTH_CHALLENGE_MOST) {
		code = GSASL_AUTHENTICATION_ERROR;
	} else if (good && out_r != NULL) {
		if (n > 0)
			memcpy(out_r, out, n);
		*len_r = n;
	}
	gsasl_free(out);
	return code;
}

static enum scram_step
failed(int code)
{
	return code == GSASL_MECHANISM_PARSE_ERROR ? SCRAM_GARBLED :
	    SCRAM_FAILURE;
}

static enum scram_step
begin(struct scram_server *s, const void *p, size_t len)
{
	Gsasl_session *g;
	int code;

	s->begun = true;
	if (misled(s, p, len) || (g = start(s)) == NULL)
		return SCRAM_FAILURE;
	code = step(g, p, len, NULL, NULL);
	gsasl_finish(g);
	if (code != GSASL_NEEDS_MORE)
		return failed(code);
	/* No bytes at all are no message, though GNU SASL waits for more. */
	if (!s->named)
		return SCRAM_GARBLED;
	s->first = xmalloc(len);
	memcpy(s->first, p, len);
	s->first_len = len;
	return SCRAM_ASK;
}

enum scram_step
scram_take(struct scram_server *s, const void *p, size_t len,
    uint8_t out_r[AUTH_CHALLENGE_MOST], size_t *len_r)
{
	int code;

	*len_r = 0;
	if (!s->begun)
		return begin(s, p, len);
	code = step(s->session, p, len, out_r, len_r);
	if (code == GSASL_OK)
		return s->there ? SCRAM_PROVEN : SCRAM_FAILURE;
	return code == GSASL_NEEDS_MORE ? SCRAM_CHALLENGE : failed(code);
}

enum scram_step
scram_answer(struct scram_server *s, const struct scram_secret *secret,
    bool there, uint8_t out_r[AUTH_CHALLENGE_MOST], size_t *len_r)
{
	int code;

	*len_r = 0;
	s->there = there && s->itself;
	s->secret = secret;
	code = step(s->session, s->first, s->first_len, out_r, len_r);
	s->secret = NULL;
	free(s->first);
	s->first = NULL;
	return code == GSASL_NEEDS_MORE ? SCRAM_CHALLENGE : failed(code);
}
