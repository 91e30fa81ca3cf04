/*
 * priv - the one ritual by which a process gives up what it does not need.
 *
 * Order in a program that is root: priv_drop, priv_no_new, priv_limit,
 * Landlock, and the filter last, since the filter forbids the others.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/priv.h"

/*
 * Landlock beyond ABI 3 is younger than the headers of Debian 12.  The kernel
 * looks at as many bytes as the size we give it.
 */
struct ruleset {
	uint64_t fs;		/* ABI 1 */
	uint64_t net;		/* ABI 4: bind and connect of TCP */
	uint64_t scoped;	/* ABI 6: abstract sockets, signals */
};
enum {
	NET_BIND_CONNECT = 1 << 0 | 1 << 1,
	SCOPE_ABSTRACT_SIGNAL = 1 << 0 | 1 << 1
};

static bool
is_user(uid_t uid, gid_t gid)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	return getresuid(&r, &e, &s) == 0 && getresgid(&rg, &eg, &sg) == 0 &&
	    r == uid && e == uid && s == uid &&
	    rg == gid && eg == gid && sg == gid;
}

int
priv_drop(uid_t uid, gid_t gid)
{
	if (geteuid() == 0) {
		if (setgroups(0, NULL) == -1 ||
		    setresgid(gid, gid, gid) == -1 ||
		    setresuid(uid, uid, uid) == -1)
			return -1;
		if (getgroups(0, NULL) != 0 ||
		    (uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))) {
			errno = EPERM;
			return -1;
		}
	}
	if (!is_user(uid, gid)) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

int
priv_no_new(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		return -1;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

int
priv_limit(int resource, long most)
{
	struct rlimit now, want = { .rlim_cur = (rlim_t)most,
		.rlim_max = (rlim_t)most };

	/* Each session sets one of 0: there is nothing lower to keep. */
	if (most == 0)
		return setrlimit(resource, &want);
	if (getrlimit(resource, &now) == -1)
		return -1;
	if (now.rlim_max < want.rlim_max)
		want.rlim_cur = want.rlim_max = now.rlim_max;
	if (setrlimit(resource, &want) == -1 ||
	    getrlimit(resource, &now) == -1)
		return -1;
	if (now.rlim_cur != want.rlim_cur || now.rlim_max != want.rlim_max) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

void
priv_die_with_parent(int sig, pid_t parent)
{
	/* Who dies between the two calls is noticed by the second. */
	prctl(PR_SET_PDEATHSIG, (unsigned long)sig, 0, 0, 0);
	if (getppid() != parent)
		_exit(EX_TEMPFAIL);
}

int
priv_landlock_rules(int *abi_r)
{
	static const uint64_t fs[] = { 0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff };
	struct ruleset r = { .fs = 0 };
	size_t size = sizeof(r.fs);
	long abi;

	abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	*abi_r = abi > 0 ? (int)abi : 0;
	if (abi < 1)
		return -1;
	r.fs = fs[abi <= 5 ? abi - 1 : 4];
	if (abi >= 4) {
		r.net = NET_BIND_CONNECT;
		size = offsetof(struct ruleset, scoped);
	}
	if (abi >= 6) {
		r.scoped = SCOPE_ABSTRACT_SIGNAL;
		size = sizeof(r);
	}
	return (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
}

int
priv_landlock_enter(int rules)
{
	return (int)syscall(SYS_landlock_restrict_self, rules, 0);
}
