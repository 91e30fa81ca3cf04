/*
 * proc - start a program with given descriptors and a fixed environment.
 */
#ifndef LIB_PROC_H
#define LIB_PROC_H

#include <sys/types.h>

/* Who a program runs as; uid -1 means: as we do. */
struct proc_user {
	uid_t uid;
	gid_t gid;
};

/*
 * Forks and executes path with argv; fds[i] becomes descriptor i for each
 * i < nfds (-1: /dev/null), all others are closed.  Where user asks for
 * another uid the child drops to it for good before it executes.  The
 * environment is PATH, TZ and LANG=C only; signals are default, none blocked.
 * It has a session of its own: what a terminal sends (control-C) reaches only
 * the program that a person started, which ends the others in good order.
 * The pid, or -1 with errno.  A failed exec ends the child with 71.
 */
pid_t proc_start(const char *path, char *const argv[], const int *fds,
    int nfds, const struct proc_user *user);
/* The same, with those entries (up to a null; at most 34) besides. */
#define PROC_MORE 34
pid_t proc_start_with(const char *path, char *const argv[], const int *fds,
    int nfds, const struct proc_user *user, char *const *more);

/*
 * fork(3) for a process of one thread: of its handlers the log's alone, and no
 * locks, each of which would cost the child a page of its own.
 */
pid_t proc_fork(void);

/* "exit 75", "signal 9 (Killed)"; dst has at least 40 bytes. */
const char *proc_end(int status, char *dst, size_t size);

#endif
