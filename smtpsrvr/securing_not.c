/*
 * securing_not - how smtpsrvr comes to TLS: it becomes smtpsrvr-tls.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "smtpsrvr/securing.h"

void
securing_program(const struct conf *c, const struct plan *p,
    char *const argv[])
{
	char path[PLAN_PATH + 32];

	if (c->server.v.certificates.n == 0)
		return;
	snprintf(path, sizeof path, "%s/smtpsrvr-tls", p->program_directory);
	execv(path, argv);
	log_note(LEVEL_ERROR, "%s: %s", path, strerror(errno));
}

struct tls_service *
securing_begin(const struct conf *c, const struct plan *p, const char *jail,
    int record, int log, struct keysrvr *k_r, struct buf *why_r)
{
	(void)c;
	(void)p;
	(void)jail;
	(void)record;
	(void)log;
	(void)k_r;
	(void)!buf_adds(why_r, "smtpsrvr-tls cannot be executed");
	return NULL;
}

void
securing_tell(const struct tls_service *v, const struct conf *c,
    const struct plan *p)
{
	(void)v;
	(void)c;
	(void)p;
}
