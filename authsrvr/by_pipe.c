/*
 * by_pipe - ZMailer's authentication pipe: a program with the login as its
 * last argument and the password as a line at its standard input, which ends
 * with 0 if they are good.
 */
#include "config.h"

#include <string.h>
#include <sysexits.h>
#include "authsrvr/program.h"

#define CODE_LATER 111		/* what qmail's programs mean by it */
#define CODE_NOT_RUN 126	/* of a shell: 126 and 127 */

enum backend_says
by_pipe(struct inquiry *i)
{
	const struct strings *command = &i->s->auth_pipe;
	char room[sizeof(i->q->secret) + 1];
	struct buf input;
	struct program p = { .command = command, .more = i->login,
		.at = 0, .input = &input };
	enum backend_says says = SAYS_UNKNOWN;
	int code;

	buf_fixed(&input, room, sizeof(room));
	/* A login that looks like an option is none; a password is one line. */
	if (i->login[0] == '-' || strpbrk(i->q->secret, "\r\n") != NULL)
		return SAYS_UNKNOWN;
	if (buf_adds(&input, i->q->secret) == -1 ||
	    buf_addc(&input, '\n') == -1 ||
	    program_run(i, &p, &code) == -1)
		says = SAYS_LATER;
	else if (code == EX_OK)
		says = SAYS_YES;
	else if (code == EX_TEMPFAIL || code == CODE_LATER ||
	    code == CODE_NOT_RUN || code == CODE_NOT_RUN + 1)
		says = backend_later(i, "%s: exit %d", command->at[0], code);
	explicit_bzero(room, sizeof(room));
	return says;
}
