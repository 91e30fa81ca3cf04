/*
 * request - what the command line of inlet asks for.
 *
 * One table knows every option; a command says which of them it takes.
 * Options may stand before and behind the command.
 */
#ifndef TOOLS_REQUEST_H
#define TOOLS_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/mm.h"
#include "lib/tailored.h"

enum {
	TAKES_FILE = 1,		/* -C file */
	TAKES_PROGRAMS = 2,	/* -L directory */
	TAKES_JSON = 4,
	TAKES_CHANGED = 8,
	TAKES_LISTENER = 16,
	TAKES_CHANNEL = 32,
	TAKES_FOREGROUND = 64,
	TAKES_DEBUG = 128,	/* -d */
	TAKES_FINICKY = 256,	/* -f */
	TAKES_MOST = 512,	/* -n connections */
	TAKES_PORT = 1024,	/* -p port */
	TAKES_HELO = 2048,
	TAKES_AGAINST = 4096,
	TAKES_FOR = 8192,
	TAKES_PROXY = 16384,
	TAKES_SENDER = 32768,
	TAKES_RECIPIENT = 65536,
	TAKES_TO_CHANNEL = 131072,
	TAKES_REASON = 262144,
	TAKES_OLDER = 524288,
	TAKES_NEWER = 1048576,
	TAKES_ALL = 2097152,
	TAKES_DRY = 4194304,
	TAKES_WHY = 8388608,
	TAKES_LOGIN = 16777216,
	TAKES_TLS = 33554432,
	TAKES_CERTIFICATE = 67108864,
	TAKES_ENFORCE = 134217728,
	TAKES_SCHEME = 268435456,
	TAKES_LAST = TAKES_SCHEME,
	TAKES_SELECTION = TAKES_SENDER | TAKES_RECIPIENT | TAKES_TO_CHANNEL |
	    TAKES_LOGIN | TAKES_REASON | TAKES_OLDER | TAKES_NEWER |
	    TAKES_ALL | TAKES_DRY | TAKES_WHY,
	TAKES_COMMON = TAKES_FILE | TAKES_PROGRAMS
};

struct request {
	struct tailored_options tailor;	/* -C -L -f -n -p */
	bool json, changed, foreground, debug;
	const char *listener, *channel, *helo, *against, *address;
	const char *proxy, *login, *certificate, *enforce;
	bool tls;
	const char *sender, *recipient, *reason, *older, *newer, *why;
	const char *scheme;
	bool all, dry;
	bool over;		/* set by inlet user release: selection.h */
	int noperands;
	char **operands;	/* the command itself is not in it */
};

/*
 * Parses argv[0..argc-1], which is rearranged.  stop: ends at the first word
 * that is no option (the command); used_r gets how many words were taken.
 * 0, or -1 with a reason.
 */
MM_MUST_USE int request_parse(struct request *r, unsigned takes, bool stop,
    int argc, char **argv, int *used_r, char *why_r, size_t size);

/*
 * The option of one bit as it is typed ("-C file", "--json"), or null where
 * there is none; text_r gets what it does.
 */
const char *request_option(unsigned bit, const char **text_r);

#endif
