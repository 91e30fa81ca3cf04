/*
 * command - the sub-commands of inlet: one row each.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include "lib/text.h"
#include "tools/command.h"

static const struct command commands[] = {
	{ "check", cmd_check, "",
	    "look for mistakes in configuration, tables and machine",
	    TAKES_COMMON, 0, 0 },
	{ "settings", cmd_settings, "[--changed] [--json] "
	    "[--listener name] [--channel name] [--for address]",
	    "show every setting and where it was set",
	    TAKES_COMMON | TAKES_CHANGED | TAKES_JSON | TAKES_LISTENER |
	    TAKES_CHANNEL | TAKES_FOR, 0, 0 },
	{ "explain", cmd_explain, "[-f] [--json] [--listener name] "
	    "[--helo name] [--login name] [--tls] [--certificate text] "
	    "[--proxy address] [--against file] "
	    "address from to | -",
	    "show why mail is accepted or refused, check by check",
	    TAKES_COMMON | TAKES_FINICKY | TAKES_JSON | TAKES_LISTENER |
	    TAKES_HELO | TAKES_LOGIN | TAKES_TLS | TAKES_CERTIFICATE |
	    TAKES_PROXY | TAKES_AGAINST, 1, 3 },
	{ "limits", cmd_limits, "[--json] [address | prefix | channel]",
	    "show what the running server counts, and the limits",
	    TAKES_COMMON | TAKES_JSON, 0, 1 },
	{ "queue", cmd_queue, "[--json] [list | trash | show | hold | "
	    "release | retry | delete | undelete | bounce] [--sender pattern] "
	    "[--recipient pattern] [--channel pattern] [--login name] "
	    "[--reason text] "
	    "[--older time] [--newer time] [--all] [--dry-run] [--why text] "
	    "[id ...]",
	    "show and change the mail that waits to be delivered",
	    TAKES_COMMON | TAKES_JSON | TAKES_SELECTION, 0, 10000 },
	{ "table", cmd_table, "get name key | list name",
	    "ask a table as the server does",
	    TAKES_COMMON, 2, 3 },
	{ "dnslist", cmd_dnslist, "[--json] test [zone ...]",
	    "ask the lists of dnslists for what every list has",
	    TAKES_COMMON | TAKES_JSON, 1, 1000 },
	{ "rehearsal", cmd_rehearsal, "[--all] [--json] [--enforce check] "
	    "[log | -]",
	    "show what checks that are only tried would have refused",
	    TAKES_COMMON | TAKES_JSON | TAKES_ALL | TAKES_ENFORCE, 0, 1 },
	{ "send", cmd_send, "recipient ...",
	    "submit a message from standard input as a user of this machine",
	    TAKES_COMMON, 1, 1000 },
	{ "start", cmd_start, "--foreground [-df] [-n connections] "
	    "[-p port]",
	    "run smtpd and deliver, and keep them running",
	    TAKES_COMMON | TAKES_FOREGROUND | TAKES_DEBUG | TAKES_FINICKY |
	    TAKES_MOST | TAKES_PORT, 0, 0 },
	{ "status", cmd_status, "[--json]",
	    "show whether the server runs and how it is",
	    TAKES_COMMON | TAKES_JSON, 0, 0 },
	{ "tls", cmd_tls, "[--json]",
	    "show the certificates, and what others must know of them",
	    TAKES_COMMON | TAKES_JSON, 0, 0 },
	{ "user", cmd_user, "[--json] [--scheme list] "
	    "add login | passwd login | del login | test login | "
	    "release login | list",
	    "change the password file, or try a password",
	    TAKES_COMMON | TAKES_JSON | TAKES_SCHEME, 1, 2 },
	{ "help", cmd_inlet_help, "[command]",
	    "show the commands, or how to use one",
	    TAKES_COMMON, 0, 1 },
};

const struct command *
command_row(size_t i)
{
	return i < ARRAY_LEN(commands) ? &commands[i] : NULL;
}

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

void
command_usage(FILE *f, const struct command *c)
{
	fprintf(f, "usage: inlet [-C file] [-L directory] %s%s%s\n",
	    c->name, c->usage[0] != '\0' ? " " : "", c->usage);
}

int
command_unknown(const char *name)
{
	const char *known[ARRAY_LEN(commands)], *near;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		known[i] = commands[i].name;
	near = text_nearest(name, known, ARRAY_LEN(commands));
	fprintf(stderr, "inlet: there is no command %s", name);
	if (near != NULL)
		fprintf(stderr, "; is %s meant?", near);
	fputs("\n", stderr);
	cmd_help_list(stderr);
	return EX_USAGE;
}

int
command_main(int argc, char **argv)
{
	struct request r = { .json = false };
	const struct command *c;
	char why[256];
	int used;

	if (request_parse(&r, TAKES_COMMON, true, argc, argv, &used, why,
	    sizeof(why)) != 0) {
		fprintf(stderr, "inlet: %s\n", why);
		cmd_help_list(stderr);
		return EX_USAGE;
	}
	if (used == argc) {
		cmd_help_list(stderr);
		return EX_USAGE;
	}
	c = command_find(argv[used]);
	if (c == NULL)
		return command_unknown(argv[used]);
	argc -= used + 1;
	argv += used + 1;
	if (request_parse(&r, c->takes, false, argc, argv, &used, why,
	    sizeof(why)) != 0) {
		fprintf(stderr, "inlet %s: %s\n", c->name, why);
	} else if (r.noperands < c->least || r.noperands > c->most) {
		fprintf(stderr, "inlet %s: too %s operands\n", c->name,
		    r.noperands < c->least ? "few" : "many");
	} else {
		return c->run(&r);
	}
	command_usage(stderr, c);
	return EX_USAGE;
}
