/*
 * by_file - the password file.
 */
#include "config.h"

#include "authsrvr/backend.h"
#include "authsrvr/passwords.h"

enum backend_says
by_file(struct inquiry *i)
{
	struct passrow row;
	enum backend_says says = SAYS_LATER;
	bool fits;

	switch (passwords_find(i->s->auth_file, i->login, &row,
	    i->result->why, sizeof(i->result->why))) {
	case PASSWORDS_LATER:
		break;
	case PASSWORDS_FOUND:
		fits = passrow_fits(&row, i->q->secret);
		says = fits ? SAYS_YES : SAYS_NO;
		break;
	case PASSWORDS_NONE:
		/* As long as if there were one. */
		(void)passrow_fits(&row, i->q->secret);
		says = SAYS_UNKNOWN;
		break;
	}
	passrow_wipe(&row);
	return says;
}
