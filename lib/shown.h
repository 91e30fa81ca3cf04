/*
 * shown - what a running server shows to who may see it: inlet limits.
 *
 * smtpd listens at run-directory/limits, which only root and its own user may
 * open, reads nothing there, and hands everybody who comes one struct shown
 * with the descriptors below: memory that can only be read.
 */
#ifndef LIB_SHOWN_H
#define LIB_SHOWN_H

#include <stdint.h>

#define SHOWN_PATH "/limits"	/* in the run directory; SOCK_SEQPACKET */
#define SHOWN_MAGIC 0x324e574f48534c49ULL

enum shown_fd {
	SHOWN_RECORD,		/* the settings in force: plan.h, conf.h */
	SHOWN_ROWS,		/* the session table: rows.h */
	SHOWN_SMTPD,		/* smtpd's counts: counts.h */
	SHOWN_SUBMIT,		/* and submit's */
	SHOWN_AUTH,		/* and authsrvr's: failed logins */
	SHOWN_FDS
};

struct shown {
	uint64_t magic;
	int32_t most;		/* connections in all, as smtpd has it */
	int32_t pad;
};

#endif
