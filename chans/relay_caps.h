/*
 * relay_caps - what a server offers in its answer to EHLO or LHLO.
 *
 * Pure.  A keyword that is malformed is not offered.
 */
#ifndef CHANS_RELAY_CAPS_H
#define CHANS_RELAY_CAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum relay_cap {
	RELAY_8BITMIME = 1, RELAY_AUTH = 2, RELAY_BINARYMIME = 4,
	RELAY_CHUNKING = 8, RELAY_DELIVERBY = 16, RELAY_DSN = 32,
	RELAY_MT_PRIORITY = 64, RELAY_PIPELINING = 128, RELAY_SIZE = 256,
	RELAY_SMTPUTF8 = 512, RELAY_STARTTLS = 1024, RELAY_REQUIRETLS = 2048
};

struct relay_caps {
	unsigned has;		/* enum relay_cap, or-ed */
	int64_t size;		/* RFC 1870: the most it takes; 0 not told */
	int64_t by;		/* RFC 2852: the least seconds; 0 not told */
	/* RFC 9422; 0: not told. */
	int64_t mail_most;	/* transactions in one connection */
	int64_t rcpt_most;	/* recipients in one transaction */
	char name[256];		/* what it calls itself; printable */
	char auth[256];		/* mechanisms, a blank between two */
};

/* A reader of its lines, the first one included; arg is a struct reading. */
struct relay_caps_reading {
	struct relay_caps *caps;	/* all zero at the start */
	bool begun;
};
void relay_caps_line(void *arg, const char *text, size_t len);

/* Whether it offers all of them. */
bool relay_caps_has(const struct relay_caps *c, unsigned caps);

#endif
