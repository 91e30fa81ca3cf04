/*
 * commands - the handlers that commands.def names, and the dispatcher.
 */
#ifndef SMTPSRVR_COMMANDS_H
#define SMTPSRVR_COMMANDS_H

#include "smtpsrvr/session.h"

enum command_argument { NONE, OPTIONAL, REQUIRED, FROM_PATH, TO_PATH };
enum command_group { MIDDLE, LAST };
enum command_counts { IDLE, WORK };

#define COMMAND_TAKEN (-1)	/* in a state's column */

struct command {
	const char *verb;
	void (*handler)(struct session *s, const struct argument *a,
	    struct reply *r);
	int in_state[STATE_COUNT];	/* COMMAND_TAKEN or a reply's name */
	enum command_argument argument;
	enum command_group group;
	enum command_counts counts;
	const char *keyword, *help;
};

#define COMMAND(verb, handler, ...) \
	void handler(struct session *s, const struct argument *a, \
	    struct reply *r);
#include "smtpsrvr/commands.def"
#undef COMMAND

extern const struct command commands[];
extern const size_t commands_count;

/*
 * Carries one command line out (NUL-ended, len bytes) and says its reply.
 */
void command_run(struct session *s, char *line, size_t len);

#endif
