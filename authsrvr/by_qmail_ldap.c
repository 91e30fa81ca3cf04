/*
 * by_qmail_ldap - qmail-ldap's auth_smtp: it reads "login", the login and the
 * password in base64, each with a NUL, says "K" and the name on good ones, "D"
 * and why on others, "Z" if it does not know, and ends with 0; if not it does
 * not know either.  It takes five seconds for a no.
 */
#include "config.h"

#include <string.h>
#include <gsasl.h>
#include "authsrvr/program.h"

#define SAID 512

static int
add_base64(struct buf *b, const char *p, size_t len)
{
	char *made = NULL;
	int result = -1;

	if (gsasl_base64_to(p, len, &made, NULL) == GSASL_OK) {
		result = buf_add(b, made, strlen(made) + 1);
		explicit_bzero(made, strlen(made));
	}
	gsasl_free(made);
	return result;
}

static enum backend_says
understand(struct inquiry *i, int code, const struct buf *said)
{
	const char *text = buf_str(said);

	if (code == 0 && text[0] == 'K')
		return login_prepare(i->login, text + 1,
		    i->s->auth_ignore_case) == 0 ? SAYS_YES : SAYS_UNKNOWN;
	if (code == 0 && text[0] == 'D')
		return SAYS_UNKNOWN;
	return backend_later(i, "%s: exit %d, \"%.80s\"",
	    i->s->auth_qmail_ldap.at[0], code, text);
}

enum backend_says
by_qmail_ldap(struct inquiry *i)
{
	char room[2 * sizeof(i->q->secret)];
	struct buf input, said;
	struct program p = { .command = &i->s->auth_qmail_ldap, .at = 0,
		.input = &input, .output = &said };
	enum backend_says says;
	int code;

	buf_fixed(&input, room, sizeof(room));
	buf_init(&said, SAID);
	if (buf_add(&input, "login", 6) == -1 ||
	    add_base64(&input, i->login, strlen(i->login)) == -1 ||
	    add_base64(&input, i->q->secret, i->q->secret_len) == -1)
		says = backend_later(i, "out of memory");
	else if (program_run(i, &p, &code) == -1)
		says = SAYS_LATER;
	else
		says = understand(i, code, &said);
	buf_free(&said);
	explicit_bzero(room, sizeof(room));
	return says;
}
