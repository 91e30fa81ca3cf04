/*
 * cmd_send - inlet send: a user of this machine submits a message.
 *
 * Runs as that user, with no privilege: submit knows who it is from the
 * socket, stamps the sender, and answers for each recipient.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/path.h"
#include "lib/poster.h"
#include "tools/command.h"
#include "tools/configured.h"
#include "tools/show.h"

#define PIECE 32768

static void
said(const struct poster *p, const char *about)
{
	const struct reply *r = &p->verdict.reply;

	fputs("inlet send: ", stderr);
	show_text(stderr, about);
	fprintf(stderr, ": %d %s %s\n", r->code, r->enhanced, r->text);
}

/* 0; 1 refused (said), -1 trouble. */
static int
begin(struct poster *p)
{
	/* submit writes the login of who we are in its place. */
	struct sub_envelope e = { .sender = SUB_MYSELF, .size = -1 };
	int got = poster_sender(p, &e);

	if (got > 0)
		said(p, "sender");
	return got;
}

/* How many were taken, or -1. */
static int
recipients(struct poster *p, char **to, int n)
{
	int taken = 0;

	for (int i = 0; i < n; i++) {
		struct sub_recipient r = { .address = to[i] };
		struct mailbox m;
		char text[PATH_TEXT];
		int got;

		if (path_parse_bare(to[i], &m) != PATH_OK) {
			fputs("inlet send: ", stderr);
			show_text(stderr, to[i]);
			fputs(": not an address\n", stderr);
			continue;
		}
		r.address = path_text(&m, text);
		if ((got = poster_recipient(p, &r)) < 0)
			return -1;
		if (got > 0)
			said(p, to[i]);
		taken += got == 0;
	}
	return taken;
}

/* Standard input, its lines ending in LF whatever they came with. */
static int
text(struct poster *p)
{
	char in[PIECE], *to;
	size_t n;

	while ((n = fread(in, 1, sizeof(in), stdin)) > 0) {
		to = in;
		for (size_t i = 0; i < n; i++)
			if (in[i] != '\r' && in[i] != '\0')
				*to++ = in[i];
		if (poster_text(p, in, (size_t)(to - in)) != 0)
			return -1;
	}
	return ferror(stdin) ? -1 : 0;
}

static int
send_all(struct poster *p, const struct request *r)
{
	int taken, got;

	if ((got = begin(p)) != 0)
		return got < 0 ? EX_TEMPFAIL : EX_NOPERM;
	taken = recipients(p, r->operands, r->noperands);
	if (taken == 0)
		return EX_NOUSER;
	if (taken < 0 || text(p) != 0 || (got = poster_commit(p)) < 0)
		return EX_TEMPFAIL;
	if (got > 0) {
		said(p, "message");
		return reply_temporary(&p->verdict.reply) ? EX_TEMPFAIL :
		    EX_UNAVAILABLE;
	}
	printf("Queued as %s\n", p->verdict.id);
	return taken == r->noperands ? EX_OK : EX_NOUSER;
}

int
cmd_send(const struct request *r)
{
	char path[PLAN_PATH + 16];
	struct configured c;
	struct poster p;
	int code = configured_open(&c, &r->tailor);

	if (code != EX_OK)
		return code;
	snprintf(path, sizeof(path), "%s/submit", c.plan.run_directory);
	configured_close(&c);
	if (poster_open(&p, path) != 0) {
		fprintf(stderr, "inlet send: %s: %s\n", path,
		    strerror(errno));
		return EX_TEMPFAIL;
	}
	code = send_all(&p, r);
	if (code == EX_TEMPFAIL)
		fputs("inlet send: not sent; try again later\n", stderr);
	poster_close(&p);
	return code;
}
