/*
 * verify - is it so? one question to the back ends, one answer.
 */
#include "config.h"

#include <string.h>
#include "authsrvr/backend.h"
#include "authsrvr/verify.h"
#include "lib/text.h"

static enum backend_says
ask(const struct backend *b, struct inquiry *i)
{
	(void)!text_copy(i->result->backend, sizeof(i->result->backend),
	    b->name);
	if (b->ask == NULL)
		return backend_later(i, "%s was not built", b->name);
	if ((b->kinds & 1u << i->q->kind) == 0)
		return SAYS_UNKNOWN;
	return b->ask(i);
}

static enum verify_answer
ask_all(struct inquiry *i)
{
	const struct strings *names = &i->s->auth_backends;
	char failed[VERIFY_BACKEND] = "";
	const struct backend *b;

	for (size_t k = 0; k < names->n; k++) {
		b = backend_find(names->at[k]);
		if (b == NULL)
			continue;
		switch (ask(b, i)) {
		case SAYS_YES:
			return VERIFY_YES;
		case SAYS_NO:
			return VERIFY_NO;
		case SAYS_LATER:
			(void)!text_copy(failed, sizeof(failed), b->name);
			break;
		case SAYS_UNKNOWN:
			break;
		}
	}
	memcpy(i->result->backend, failed, sizeof(failed));
	return failed[0] != '\0' ? VERIFY_LATER : VERIFY_NO;
}

/* An empty password is nobody's: of LDAP it would ask who is nobody. */
static bool
sensible(const struct verify_question *q, struct inquiry *i)
{
	bool named = login_prepare(i->login, q->login,
	    i->s->auth_ignore_case) == 0;

	switch ((enum verify_kind)q->kind) {
	case VERIFY_SCRAM:	/* who can be nobody has what nobody has */
		return true;
	case VERIFY_TOKEN:
		return (named || q->login[0] == '\0') && q->secret_len > 0;
	case VERIFY_PASSWORD:
	case VERIFY_DIGEST:
		return named && q->secret_len > 0 &&
		    strlen(q->secret) == q->secret_len;
	case VERIFY_KINDS:
		break;
	}
	return false;
}

void
verify(const struct settings *s, const struct verify_question *q,
    int64_t deadline, struct verify_result *result_r)
{
	struct inquiry i = { .s = s, .q = q, .deadline = deadline,
		.result = result_r };

	memset(result_r, 0, sizeof(*result_r));
	result_r->answer = VERIFY_NO;
	if (sensible(q, &i))
		result_r->answer = (uint8_t)ask_all(&i);
	if (result_r->answer == VERIFY_YES &&
	    text_copy(result_r->login, sizeof(result_r->login),
	    i.login) == -1)
		result_r->answer = VERIFY_NO;
	/* Of a token the back end says whose it is. */
	if (result_r->answer == VERIFY_YES && result_r->login[0] == '\0')
		result_r->answer = VERIFY_NO;
}
