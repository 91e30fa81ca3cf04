/*
 * exchange - see exchange.h.
 *
 * PLAIN and LOGIN are ours, not GNU SASL's: there the password would stay in
 * memory that was freed.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "authsrvr/exchange.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"

struct exchange {
	enum mechanism m;
	unsigned taken;		/* challenges that were answered */
	char login[AUTH_LOGIN];
};

struct exchange *
exchange_new(enum mechanism m)
{
	struct exchange *x = xcalloc(1, sizeof(*x));

	x->m = m;
	return x;
}

void
exchange_free(struct exchange *x)
{
	if (x != NULL)
		explicit_bzero(x, sizeof(*x));
	free(x);
}

const char *
exchange_login(const struct exchange *x)
{
	return x->login;
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
	const char *end = p + len, *login, *password;
	size_t login_len, zid_len;

	if (p == NULL)
		return ask(out, "");
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
	case MECHANISMS:
		break;
	}
	return EXCHANGE_GARBLED;
}
