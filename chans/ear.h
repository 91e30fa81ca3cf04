/*
 * ear - the socket run-directory/deliver: hears requests (lib/control.h) and
 * gives their answers.
 */
#ifndef CHANS_EAR_H
#define CHANS_EAR_H

#include <poll.h>
#include <stddef.h>
#include <sys/types.h>
#include "lib/control.h"
#include "lib/mm.h"

#define EAR_CALLERS 16		/* at once; others wait */

struct ear {
	int sock;		/* -1: none */
	int caller[EAR_CALLERS];	/* -1: none */
	size_t n;
	void (*ask)(void *ctx, const struct control_request *r,
	    struct control_answer *a_r);
	void *ctx;
};

/* No socket, no callers. */
void ear_init(struct ear *ear_r);
/* A caller that is there already; there is room. */
void ear_take(struct ear *ear, int fd);
/*
 * Binds it, for that owner.  -1 with errno (and a socket of nothing);
 * EADDRINUSE: another one is heard there.
 */
MM_MUST_USE int ear_open(struct ear *ear_r, const char *run, uid_t uid,
    gid_t gid);
void ear_close(struct ear *ear);
/* Fills p_r, EAR_CALLERS + 1 at most; how many. */
size_t ear_poll(const struct ear *ear, struct pollfd *p_r);
void ear_hear(struct ear *ear, const struct pollfd *p, size_t n);

#endif
