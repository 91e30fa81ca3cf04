/*
 * exchange - see exchange.h.
 *
 * SCRAM is GNU SASL's.  What has the password is ours: there it would stay in
 * memory that was freed.  What of it needs the password file is a worker's.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "authsrvr/cram.h"
#include "authsrvr/exchange.h"
#include "authsrvr/login.h"
#include "authsrvr/scram.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"

#define CRAM_CHALLENGE 96

struct exchanges {
	struct scrams *scrams;
	const char *hostname;
	bool fold;
};

struct exchange {
	const struct exchanges *all;
	enum mechanism m;
	unsigned taken;		/* challenges that were answered */
	enum exchange_step vouched;	/* EXTERNAL */
	bool proven;		/* what remains is to be told so */
	char login[AUTH_LOGIN], canonical[AUTH_LOGIN];
	char challenge[CRAM_CHALLENGE];
	struct scram_server *scram;
};

struct exchanges *
exchanges_new(const struct conf *c)
{
	struct exchanges *all = xcalloc(1, sizeof(*all));

	all->scrams = scrams_new();
	all->hostname = c->server.v.hostname;
	all->fold = c->server.v.auth_ignore_case;
	return all;
}

struct exchange *
exchange_new(struct exchanges *all, enum mechanism m, const uint8_t *binding)
{
	struct exchange *x = xcalloc(1, sizeof(*x));
	bool plus = m == MECHANISM_SCRAM_SHA_256_PLUS;

	x->all = all;
	x->m = m;
	if (plus ? binding != NULL : m == MECHANISM_SCRAM_SHA_256 ||
	    m == MECHANISM_SCRAM_SHA_1) {
		x->scram = scram_new(all->scrams,
		    m == MECHANISM_SCRAM_SHA_1 ? SCRAM_SHA1 : SCRAM_SHA256,
		    plus, binding);
	} else if (!plus) {
		return x;
	}
	if (x->scram != NULL)
		return x;
	free(x);
	return NULL;
}

void
exchange_vouch(struct exchange *x, enum exchange_step step, const char *login)
{
	x->vouched = step;
	if (step != EXCHANGE_SUCCESS)
		return;
	if (login_prepare(x->canonical, login, x->all->fold) != 0) {
		log_note(LEVEL_ERROR, "auth-certificates: a login that nobody "
		    "can have");
		x->vouched = EXCHANGE_FAILURE;
	}
	memcpy(x->login, x->canonical, sizeof(x->login));
}

void
exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	scram_free(x->scram);
	explicit_bzero(x, sizeof(*x));
	free(x);
}

const char *
exchange_login(const struct exchange *x)
{
	return x->scram != NULL ? scram_typed(x->scram) : x->login;
}

const char *
exchange_proven(const struct exchange *x)
{
	return x->canonical;
}

static enum exchange_step
ask(struct exchange_out *out, const char *text)
{
	out->len = strlen(text);
	memcpy(out->data, text, out->len);
	return EXCHANGE_CHALLENGE;
}

/* A name that can stand in a line of a log, a queue entry and a table. */
static bool
is_login(const char *p, size_t len)
{
	uint32_t code;
	size_t n;

	if (len == 0 || len >= AUTH_LOGIN)
		return false;
	for (; len > 0; p += n, len -= n) {
		n = utf8_next(p, len, &code);
		if (n == 0 || utf8_is_control(code))
			return false;
	}
	return true;
}

static bool
take_login(struct exchange *x, const char *p, size_t len)
{
	if (!is_login(p, len))
		return false;
	memcpy(x->login, p, len);
	x->login[len] = '\0';
	return true;
}

/* A password of no bytes is none: too many back ends would bind anonymously. */
static enum exchange_step
verify(struct exchange *x, const char *secret, size_t len,
    struct verify_question *q)
{
	if (len == 0 || len > AUTH_DATA || memchr(secret, '\0', len) != NULL)
		return EXCHANGE_FAILURE;
	q->kind = VERIFY_PASSWORD;
	memcpy(q->login, x->login, sizeof(q->login));
	memcpy(q->secret, secret, len);
	q->secret[len] = '\0';
	q->secret_len = (uint16_t)len;
	return EXCHANGE_VERIFY;
}

/*
 * RFC 4616 2: [authzid] NUL authcid NUL passwd.  Nobody may be somebody else,
 * so that an authzid can only be the authcid.
 */
static enum exchange_step
plain(struct exchange *x, const char *p, size_t len, struct exchange_out *out,
    struct verify_question *q)
{
	const char *end, *login, *password;
	size_t login_len, zid_len;

	if (p == NULL)
		return ask(out, "");
	end = p + len;
	login = memchr(p, '\0', len);
	if (login == NULL)
		return EXCHANGE_GARBLED;
	zid_len = (size_t)(login++ - p);
	password = memchr(login, '\0', (size_t)(end - login));
	if (password == NULL)
		return EXCHANGE_GARBLED;
	login_len = (size_t)(password++ - login);
	if (memchr(password, '\0', (size_t)(end - password)) != NULL)
		return EXCHANGE_GARBLED;
	if (!take_login(x, login, login_len) || (zid_len > 0 &&
	    (zid_len != login_len || memcmp(p, login, zid_len) != 0)))
		return EXCHANGE_FAILURE;
	return verify(x, password, (size_t)(end - password), q);
}

/* The prompts are what clients look for; some know no others. */
static enum exchange_step
login(struct exchange *x, const char *p, size_t len, struct exchange_out *out,
    struct verify_question *q)
{
	if (p == NULL)
		return ask(out, "Username:");
	if (x->taken++ > 0)
		return x->login[0] == '\0' ? EXCHANGE_FAILURE :
		    verify(x, p, len, q);
	/* Who can be nobody hears so after the password, like anybody. */
	(void)take_login(x, p, len);
	return ask(out, "Password:");
}

static enum exchange_step
ask_secret(const struct exchange *x, struct verify_question *q)
{
	const char *typed = scram_typed(x->scram);

	q->kind = VERIFY_SCRAM;
	memcpy(q->login, typed, strlen(typed) + 1);
	q->secret[0] = '\0';
	q->secret_len = 0;
	return EXCHANGE_VERIFY;
}

/* What a step of SCRAM is for us; its message is in out. */
static enum exchange_step
scram_stepped(struct exchange *x, enum scram_step step)
{
	switch (step) {
	case SCRAM_PROVEN:
		x->proven = true;
		return EXCHANGE_CHALLENGE;
	case SCRAM_CHALLENGE:
		return EXCHANGE_CHALLENGE;
	case SCRAM_GARBLED:
		return EXCHANGE_GARBLED;
	case SCRAM_ASK:			/* it has it: not twice */
	case SCRAM_FAILURE:
		break;
	}
	return EXCHANGE_FAILURE;
}

/* The client answers the server's last message with nothing (RFC 4954 4). */
static enum exchange_step
scram(struct exchange *x, const char *p, size_t len, struct exchange_out *out,
    struct verify_question *q)
{
	enum scram_step step;

	if (x->proven)
		return len == 0 ? EXCHANGE_SUCCESS : EXCHANGE_GARBLED;
	if (p == NULL)
		return ask(out, "");
	step = scram_take(x->scram, p, len, out->data, &out->len);
	return step == SCRAM_ASK ? ask_secret(x, q) : scram_stepped(x, step);
}

/* <number.time@host>, which nobody foresees (RFC 2195 2). */
static enum exchange_step
cram_challenge(struct exchange *x, struct exchange_out *out)
{
	uint64_t n;

	if (getrandom(&n, sizeof(n), 0) != sizeof(n))
		return EXCHANGE_LATER;
	snprintf(x->challenge, sizeof(x->challenge), "<%016llx.%lld@%.40s>",
	    (unsigned long long)n, (long long)clock_wall_us(),
	    x->all->hostname);
	return ask(out, x->challenge);
}

/* RFC 2195 2: login, a blank, 32 digits. */
static enum exchange_step
cram(struct exchange *x, const char *p, size_t len, struct exchange_out *out,
    struct verify_question *q)
{
	const size_t tail = CRAM_DIGEST + 1;
	char *digest;
	size_t n;

	if (x->challenge[0] == '\0')
		return p == NULL ? cram_challenge(x, out) : EXCHANGE_GARBLED;
	if (len <= tail || p[len - tail] != ' ')
		return EXCHANGE_GARBLED;
	if (!take_login(x, p, len - tail))
		return EXCHANGE_FAILURE;
	n = strlen(x->challenge);
	memcpy(q->secret, x->challenge, n);
	memcpy(q->secret + n, p + len - tail, tail);
	digest = q->secret + n + 1;
	digest[CRAM_DIGEST] = '\0';
	if (strspn(digest, "0123456789abcdefABCDEF") != CRAM_DIGEST)
		return EXCHANGE_GARBLED;
	text_lower(digest);
	q->kind = VERIFY_DIGEST;
	memcpy(q->login, x->login, sizeof(q->login));
	q->secret_len = (uint16_t)(n + tail);
	return EXCHANGE_VERIFY;
}

/*
 * Whoever asks Dovecot has it look at the token; what login it is about only
 * the log and the counts want to know.
 */
static void
glance(struct exchange *x, const char *p, size_t len)
{
	const char *word = x->m == MECHANISM_XOAUTH2 ? "user=" : ",a=";
	const char *at = memmem(p, len, word, strlen(word)), *end;
	size_t left;

	if (at == NULL)
		return;
	at += strlen(word);
	left = len - (size_t)(at - p);
	end = memchr(at, x->m == MECHANISM_XOAUTH2 ? '\1' : ',', left);
	if (end != NULL)
		(void)take_login(x, at, (size_t)(end - at));
}

static enum exchange_step
token(struct exchange *x, const char *p, size_t len, struct exchange_out *out,
    struct verify_question *q)
{
	if (p == NULL)
		return ask(out, "");
	if (len == 0)
		return EXCHANGE_GARBLED;
	glance(x, p, len);
	q->kind = VERIFY_TOKEN;
	memcpy(q->login, x->login, sizeof(q->login));
	memcpy(q->secret, p, len);
	q->secret[len] = '\0';
	q->secret_len = (uint16_t)len;
	return EXCHANGE_VERIFY;
}

/*
 * RFC 4422 A: the client says nothing, or whom it wants to be, which can only
 * be who it is.
 */
static enum exchange_step
external(struct exchange *x, const char *p, size_t len,
    struct exchange_out *out)
{
	char wanted[AUTH_LOGIN];

	if (p == NULL)
		return ask(out, "");
	if (x->vouched != EXCHANGE_SUCCESS)
		return x->vouched == EXCHANGE_LATER ? EXCHANGE_LATER :
		    EXCHANGE_FAILURE;
	if (len > 0 && (!take_login(x, p, len) || login_prepare(wanted,
	    x->login, x->all->fold) != 0 || strcmp(wanted, x->canonical) != 0))
		return EXCHANGE_FAILURE;
	return EXCHANGE_SUCCESS;
}

enum exchange_step
exchange_take(struct exchange *x, const void *p, size_t len,
    struct exchange_out *out_r, struct verify_question *q_r)
{
	out_r->len = 0;
	switch (x->m) {
	case MECHANISM_PLAIN:
		return plain(x, p, len, out_r, q_r);
	case MECHANISM_LOGIN:
		return login(x, p, len, out_r, q_r);
	case MECHANISM_SCRAM_SHA_256_PLUS:
	case MECHANISM_SCRAM_SHA_256:
	case MECHANISM_SCRAM_SHA_1:
		return scram(x, p, len, out_r, q_r);
	case MECHANISM_CRAM_MD5:
		return cram(x, p, len, out_r, q_r);
	case MECHANISM_XOAUTH2:
	case MECHANISM_OAUTHBEARER:
		return token(x, p, len, out_r, q_r);
	case MECHANISM_EXTERNAL:
		return external(x, p, len, out_r);
	case MECHANISMS:
		break;
	}
	return EXCHANGE_GARBLED;
}

/* The secret that the exchange goes on with. */
static enum exchange_step
scram_answered(struct exchange *x, const struct verify_result *r,
    struct exchange_out *out)
{
	if (r->scram.iterations == 0 || r->scram.salt_len == 0)
		return EXCHANGE_FAILURE;
	return scram_stepped(x, scram_answer(x->scram, &r->scram,
	    r->answer == VERIFY_YES, out->data, &out->len));
}

enum exchange_step
exchange_answered(struct exchange *x, const struct verify_result *r,
    struct exchange_out *out_r)
{
	out_r->len = 0;
	if (r->answer == VERIFY_YES && text_copy(x->canonical,
	    sizeof(x->canonical), r->login) != 0)
		return EXCHANGE_FAILURE;
	switch ((enum verify_answer)r->answer) {
	case VERIFY_LATER:
		return EXCHANGE_LATER;
	case VERIFY_YES:
		return x->scram != NULL ? scram_answered(x, r, out_r) :
		    EXCHANGE_SUCCESS;
	case VERIFY_NO:
		break;
	}
	return x->scram != NULL ? scram_answered(x, r, out_r) :
	    EXCHANGE_FAILURE;
}
