/*
 * cmd_help - inlet help: the commands, or how to use one.
 */
#include "config.h"

#include <stdio.h>
#include <sysexits.h>
#include "tools/command.h"

void
cmd_help_list(FILE *f)
{
	const struct command *c;

	fputs("usage: inlet [-C file] [-L directory] command ...\n", f);
	for (size_t i = 0; (c = command_row(i)) != NULL; i++)
		fprintf(f, "    %-10s%s\n", c->name, c->line);
}

static void
options(const struct command *c)
{
	const char *typed, *text;

	for (unsigned bit = 1; bit <= TAKES_LAST; bit <<= 1) {
		if ((c->takes & bit) == 0)
			continue;
		typed = request_option(bit, &text);
		if (typed != NULL)
			printf("    %-18s%s\n", typed, text);
	}
}

int
cmd_inlet_help(const struct request *r)
{
	const struct command *c;

	if (r->noperands == 0) {
		cmd_help_list(stdout);
		return EX_OK;
	}
	c = command_find(r->operands[0]);
	if (c == NULL)
		return command_unknown(r->operands[0]);
	command_usage(stdout, c);
	printf("    %s\n\n", c->line);
	options(c);
	return EX_OK;
}
