/*
 * by_checkpassword - a program of qmail's checkpassword interface
 * (https://cr.yp.to/checkpwd/interface.html): descriptor 3 has login, password
 * and timestamp, each with a NUL, at most 512 bytes.  It runs the program that
 * its arguments name if the password is good, and ends with that one's 0; 1 is
 * no, everything else that it could not find out.
 */
#include "config.h"

#include <string.h>
#include "authsrvr/program.h"

#define MOST 512
#define DONE "/bin/true"

enum { CODE_GOOD = 0, CODE_BAD = 1 };

enum backend_says
by_checkpassword(struct inquiry *i)
{
	const struct strings *command = &i->s->auth_checkpassword;
	char room[MOST + 1];
	struct buf input;
	/* One that is given nothing to run would say 2, or nothing. */
	struct program p = { .command = command, .at = 3, .input = &input,
		.more = command->n == 1 ? DONE : NULL };
	enum backend_says says = SAYS_UNKNOWN;
	int code;

	buf_fixed(&input, room, sizeof(room));
	if (buf_add(&input, i->login, strlen(i->login) + 1) == -1 ||
	    buf_add(&input, i->q->secret, i->q->secret_len + 1u) == -1 ||
	    buf_add(&input, "Y1", 3) == -1)
		says = SAYS_UNKNOWN;	/* no such program can know it */
	else if (program_run(i, &p, &code) == -1)
		says = SAYS_LATER;
	else if (code == CODE_GOOD)
		says = SAYS_YES;
	else if (code != CODE_BAD)
		says = backend_later(i, "%s: exit %d", command->at[0], code);
	explicit_bzero(room, sizeof(room));
	return says;
}
