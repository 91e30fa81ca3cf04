/*
 * listener - the sockets that clients and our own programs connect to.
 */
#ifndef SMTPD_LISTENER_H
#define SMTPD_LISTENER_H

#include "lib/plan.h"

struct listeners {
	int n;
	int fd[PLAN_SOCKETS];			/* in the plan's order */
	struct netaddr at[PLAN_SOCKETS];
	char path[PLAN_SOCKETS][108];	/* of a unix socket, or "" */
	int adopted;	/* the one we were given, for the first; or -1 */
};

/* The sockets between our programs; they outlive every helper. */
struct inner {
	int submit;	/* jail/submit: sessions */
	int local;	/* submit: users of this machine */
	int lookup;	/* jail/lookup */
	int auth;	/* jail/auth: sessions */
	int log;	/* log: events of deliver and others */
	int log_send, log_take;		/* a pair: events of our children */
	int shown;	/* limits: who looks at our numbers (lib/shown.h) */
	int pid;	/* smtpd.pid, locked: one smtpd in a run directory */
};

/*
 * Sockets for all of p's; those that old has already are taken over and set
 * to -1 there.  0, or -1 with *bad_r the socket and errno: old is unchanged.
 */
int listener_open(struct listeners *l_r, struct listeners *old,
    const struct plan *p, int *bad_r);
/*
 * The first listener has the socket that we were given, at whatever address
 * that is, and no other.
 */
void listener_adopt(struct plan *p, int adopted);
/*
 * n descriptors from first on as if we had listened there before, for
 * listener_open to take over; what is no socket is at nobody's address.
 */
void listener_given(struct listeners *l_r, int first, int n);
void listener_close(struct listeners *l);
/* 0, or -1 with *path_r (static) and errno; EBUSY: another smtpd is there. */
int listener_inner(struct inner *i_r, const struct plan *p,
    const char **path_r);

#endif
