/*
 * sandbox - what a session cannot do, in layers.
 *
 * Order matters: namespaces and root directory need the privilege that the
 * user step gives away; no_new_privs comes before filters; the template's
 * filter must still allow what the session's own last steps call.
 */
#include "config.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/priv.h"
#include "smtpsrvr/sandbox.h"

#define DATA_MOST (256L * 1024 * 1024)	/* RLIMIT_DATA of a session */
#define FDS_MOST 64
/* Linux 6.3, younger than the headers of Debian 12. */
#define SET_MDWE 65
#define REFUSE_EXEC_GAIN 1

static int
failed(struct sandbox *b, const char *what)
{
	snprintf(b->why, sizeof b->why, "%s: %s", what, strerror(errno));
	return -1;
}

/* Not root, and the kernel says no: noted, and gone without. */
static void
missing(struct sandbox *b, int layer, const char *what)
{
	size_t len = strlen(b->why);

	b->missing |= layer;
	snprintf(b->why + len, sizeof b->why - len, "%s%s: %s",
	    len > 0 ? ", " : "", what, strerror(errno));
}

/*
 * An empty network namespace and the jail.  Somebody who is not root gets
 * both inside a user namespace of his own, if at all.
 */
static int
namespaces(struct sandbox *b, const char *jail)
{
	bool root = geteuid() == 0;
	int user = root ? 0 : CLONE_NEWUSER;
	int wanted = b->layers & (SANDBOX_NETWORK | SANDBOX_ROOT);

	if (wanted == 0)
		return 0;
	if (!root && unshare(user) != 0) {
		missing(b, wanted, "user namespace");
		return 0;
	}
	if ((wanted & SANDBOX_NETWORK) && unshare(CLONE_NEWNET) != 0) {
		/* A container may forbid even root a namespace. */
		missing(b, SANDBOX_NETWORK, "network namespace");
	}
	if (!(wanted & SANDBOX_ROOT))
		return 0;
	if (chroot(jail) == 0 && chdir("/") == 0) {
		b->jailed = true;
		return 0;
	}
	if (root)
		return failed(b, "chroot");
	missing(b, SANDBOX_ROOT, "chroot");
	return 0;
}

/* In a user namespace we have all capabilities of it: none is kept. */
static int
no_capabilities(void)
{
	struct __user_cap_header_struct h = {
	    .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { { 0 } };

	return (int)syscall(SYS_capset, &h, d);
}

static int
limits(void)
{
	/*
	 * RLIMIT_DATA, not RLIMIT_AS: tables are mapped.  A sanitizer's
	 * shadow memory would not fit into it.
	 */
#ifndef SANITIZERS
	if (priv_limit(RLIMIT_DATA, DATA_MOST) != 0)
		return -1;
#endif
	/* No code in memory that was written to; older kernels: the filter. */
	(void)prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0);
	if (priv_limit(RLIMIT_CORE, 0) != 0 ||
	    priv_limit(RLIMIT_MEMLOCK, 0) != 0 ||
	    priv_limit(RLIMIT_NOFILE, FDS_MOST) != 0)
		return -1;
	return 0;
}

int
sandbox_template(struct sandbox *b, int layers, const char *jail,
    const struct proc_user *user)
{
	int abi = 0;

	*b = (struct sandbox){ .layers = layers, .landlock = -1 };
	if (namespaces(b, jail) != 0)
		return -1;
	if (layers & SANDBOX_USER) {
		if (geteuid() == 0 && priv_drop(user->uid, user->gid) != 0)
			return failed(b, "session user");
		if (no_capabilities() != 0)
			return failed(b, "capabilities");
	}
	if (((layers & SANDBOX_LIMITS) && limits() != 0) ||
	    ((layers & SANDBOX_FILES) && priv_limit(RLIMIT_FSIZE, 0) != 0))
		return failed(b, "limits");
	if (priv_no_new() != 0)
		return failed(b, "no_new_privs");
	if (layers & SANDBOX_LANDLOCK) {
		b->landlock = priv_landlock_rules(&abi);
		if (b->landlock < 0)
			missing(b, SANDBOX_LANDLOCK, "landlock");
	}
	if ((layers & SANDBOX_FILTER) && priv_filter(&filter_template) != 0)
		return failed(b, "filter");
	return 0;
}

int
sandbox_session(const struct sandbox *b)
{
	if (b->landlock >= 0) {
		/* A domain for each session: not even siblings are in it. */
		if (priv_landlock_enter(b->landlock) != 0)
			return -1;
		close(b->landlock);
	}
	if ((b->layers & SANDBOX_LIMITS) &&
	    priv_limit(RLIMIT_NPROC, 0) != 0)
		return -1;
	if ((b->layers & SANDBOX_FILTER) && priv_filter(&filter_session) != 0)
		return -1;
	return 0;
}
