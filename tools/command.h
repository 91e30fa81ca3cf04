/*
 * command - the sub-commands of inlet: one row each.
 *
 * The table drives dispatch, help and the test that the manual page tells of
 * every command and option.  To add one: a row here, a file cmd_*.c, and its
 * part in man8/inlet.8.
 */
#ifndef TOOLS_COMMAND_H
#define TOOLS_COMMAND_H

#include <stdio.h>
#include "tools/request.h"

struct command {
	const char *name;
	int (*run)(const struct request *r);	/* gives the exit code */
	const char *usage;	/* what follows the name */
	const char *line;	/* what it does, in a line */
	unsigned takes;		/* options: TAKES_* */
	int least, most;	/* how many operands */
};

/* The row at index i; null behind the last one. */
const struct command *command_row(size_t i);
const struct command *command_find(const char *name);	/* or null */
/* Says that there is none, and which was perhaps meant; gives 64. */
int command_unknown(const char *name);
void command_usage(FILE *f, const struct command *c);
/* Finds, parses, runs; the exit code. */
int command_main(int argc, char **argv);

int cmd_check(const struct request *r);
int cmd_explain(const struct request *r);
/* Not cmd_help: a session has that (smtpsrvr/commands.h). */
int cmd_inlet_help(const struct request *r);
void cmd_help_list(FILE *f);	/* usage, and every command */
int cmd_limits(const struct request *r);
int cmd_queue(const struct request *r);
int cmd_dnslist(const struct request *r);
int cmd_rehearsal(const struct request *r);
int cmd_send(const struct request *r);
int cmd_settings(const struct request *r);
int cmd_start(const struct request *r);
int cmd_status(const struct request *r);
int cmd_table(const struct request *r);
int cmd_tls(const struct request *r);
int cmd_user(const struct request *r);

#endif
