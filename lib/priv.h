/*
 * priv - the one ritual by which a process gives up what it does not need.
 *
 * Each function either did it, checked that it is done, and gives 0, or gives
 * -1: the caller must not go on.
 */
#ifndef LIB_PRIV_H
#define LIB_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "lib/mm.h"

/* Groups, gid, uid, in that order, for good; verified by trying to return. */
MM_MUST_USE int priv_drop(uid_t uid, gid_t gid);
/* no_new_privs, and not dumpable (no core, no ptrace by the same uid). */
MM_MUST_USE int priv_no_new(void);
/* Sets soft and hard limit. */
MM_MUST_USE int priv_limit(int resource, long most);
/* Sends sig when the parent dies; exits at once if it has already. */
void priv_die_with_parent(int sig, pid_t parent);

/* A filter compiled at build time from lib/filters.def. */
struct priv_filter {
	const char *name;
	const void *code;	/* struct sock_filter[] */
	unsigned short len;	/* instructions */
};
extern const struct priv_filter filter_template, filter_session,
    filter_submit, filter_lookup, filter_logger, filter_keysrvr,
    filter_authsrvr;
MM_MUST_USE int priv_filter(const struct priv_filter *f);

/*
 * Descriptors from here up are sockets that a session has in common with
 * others (the log): its filter does not let it disconnect or shut them down,
 * which would silence all.
 */
#define PRIV_SHARED 64

/*
 * Landlock: nothing of the file system, no TCP bind or connect, no abstract
 * sockets and no signals beyond this domain.  priv_landlock_rules opens the
 * rule set (-1 with errno where the kernel has none); abi_r gets the version.
 */
int priv_landlock_rules(int *abi_r);
MM_MUST_USE int priv_landlock_enter(int rules);

#endif
