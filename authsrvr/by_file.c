/*
 * by_file - the password file.
 *
 * Nobody, and whoever has not what the mechanism wants, has what another row
 * has: the answer takes the same work.
 */
#include "config.h"

#include <string.h>
#include "authsrvr/backend.h"
#include "authsrvr/cram.h"
#include "authsrvr/passwords.h"

static enum backend_says
secret(struct inquiry *i)
{
	struct verify_result *r = i->result;
	enum scram kind = strcmp(i->q->mechanism, "SCRAM-SHA-1") == 0 ?
	    SCRAM_SHA1 : SCRAM_SHA256;

	switch (passwords_find_scram(i->s->auth_file, i->login, kind,
	    &r->scram, r->why, sizeof(r->why))) {
	case PASSWORDS_FOUND:
		return SAYS_YES;
	case PASSWORDS_NONE:
		return SAYS_UNKNOWN;
	case PASSWORDS_LATER:
		break;
	}
	return SAYS_LATER;
}

static bool
fits(const struct passrow *row, const struct verify_question *q)
{
	return q->kind == VERIFY_DIGEST ? cram_fits(row, q->secret) :
	    passrow_fits(row, q->secret);
}

enum backend_says
by_file(struct inquiry *i)
{
	enum backend_says says = SAYS_LATER;
	struct passrow row;

	if (i->q->kind == VERIFY_SCRAM)
		return secret(i);
	switch (passwords_find(i->s->auth_file, i->login, &row,
	    i->result->why, sizeof(i->result->why))) {
	case PASSWORDS_LATER:
		break;
	case PASSWORDS_FOUND:
		says = fits(&row, i->q) ? SAYS_YES : SAYS_NO;
		break;
	case PASSWORDS_NONE:
		/* As long as if there were one. */
		(void)fits(&row, i->q);
		says = SAYS_UNKNOWN;
		break;
	}
	passrow_wipe(&row);
	return says;
}
