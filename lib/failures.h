/*
 * failures - an element of the setting auth-failures: "address 20/10m".
 */
#ifndef LIB_FAILURES_H
#define LIB_FAILURES_H

#include <stddef.h>
#include <stdint.h>
#include "lib/mm.h"

#define FAILURES_MOST 1000000

/* Of whom failures are counted. */
enum failures_of {
	FAILURES_ADDRESS,
	FAILURES_PREFIX,
	FAILURES_LOGIN,
	FAILURES_LOGIN_PREFIX,	/* of one login from one prefix */
	FAILURES_KINDS
};

/* "address", "login-prefix". */
const char *failures_text(enum failures_of of);

struct failures_limit {
	uint32_t most;		/* 0: none */
	int64_t period_ms;
};

/* -1 with a reason that names the word, and the nearest known one. */
MM_MUST_USE int failures_parse(const char *text, enum failures_of *of_r,
    struct failures_limit *limit_r, char *why_r, size_t size);

#endif
