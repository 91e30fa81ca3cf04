/*
 * cmd_limits - inlet limits: what the running server counts just now.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "tools/command.h"
#include "tools/running.h"

static int
work(const struct request *r, struct limits_view *v)
{
	struct limits_filter f = { .channel = NULL };
	struct limits_seen seen;

	if (r->noperands > 0 &&
	    limits_filter(v->conf, r->operands[0], &f) != 0) {
		fprintf(stderr, "inlet limits: %s is no address, prefix or "
		    "channel\n", r->operands[0]);
		return EX_USAGE;
	}
	limits_look(v, &f, &seen);
	if (r->json)
		limits_json(v, &seen);
	else
		limits_text(v, &seen);
	limits_free(&seen);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "inlet limits: %s\n", strerror(errno));
		return EX_IOERR;
	}
	return EX_OK;
}

int
cmd_limits(const struct request *r)
{
	struct limits_view v;
	int code = running_open(r, "limits", &v);

	if (code == EX_OK)
		code = work(r, &v);
	conf_free(v.conf);
	return code;
}
