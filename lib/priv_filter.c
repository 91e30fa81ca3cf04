/*
 * priv_filter - the filters that mkfilter compiled, and putting one on.
 */
#include "config.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "lib/filters.h"
#include "lib/priv.h"

#define FILTER(process) \
	const struct priv_filter filter_##process = { \
		#process, process##_code, ARRAY_LEN(process##_code) \
	}
FILTER(session);
FILTER(template);
FILTER(submit);
FILTER(lookup);
FILTER(logger);
FILTER(keysrvr);
FILTER(authsrvr);

int
priv_filter(const struct priv_filter *f)
{
#ifdef SANITIZERS
	/*
	 * Their run-time library maps, opens and asks what none of ours may,
	 * also when it only reports: the filter would hide every finding.
	 */
	(void)f;
	return 0;
#else
	struct sock_fprog program = {
		.len = f->len,
		/* The kernel copies it; its struct is older than const. */
		.filter = (struct sock_filter *)(uintptr_t)f->code
	};
	/* All threads at once, so that none is left without. */
	long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_TSYNC, &program);

	if (result > 0)
		errno = EBUSY;	/* the thread that could not */
	return result == 0 ? 0 : -1;
#endif
}
