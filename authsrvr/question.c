/*
 * question - is what another process sent a question, or an answer?
 */
#include "config.h"

#include <string.h>
#include "authsrvr/authworker.h"

static bool
ends(const char *p, size_t size)
{
	return memchr(p, '\0', size) != NULL;
}

bool
verify_question_good(const struct verify_question *q, size_t len)
{
	return len > offsetof(struct verify_question, secret) &&
	    q->kind < VERIFY_KINDS &&
	    q->secret_len < sizeof(q->secret) &&
	    len == VERIFY_QUESTION_LEN(q) &&
	    q->secret[q->secret_len] == '\0' && net_good(&q->client) &&
	    ends(q->mechanism, sizeof(q->mechanism)) &&
	    ends(q->login, sizeof(q->login));
}

bool
verify_result_good(const struct verify_result *r)
{
	return r->answer <= VERIFY_LATER &&
	    ends(r->login, sizeof(r->login)) &&
	    (r->answer != VERIFY_YES || r->login[0] != '\0') &&
	    ends(r->backend, sizeof(r->backend)) &&
	    ends(r->why, sizeof(r->why)) &&
	    ends(r->challenge, sizeof(r->challenge)) &&
	    r->scram.salt_len <= sizeof(r->scram.salt);
}
