/*
 * rows - the session table: shared memory that smtpd writes and submit reads.
 *
 * One row a connection.  A session is given its own row number, serial and
 * token and can map none of it.  smtpd fills a row before it passes the
 * connection on and clears the serial when the slot is free again.
 */
#ifndef LIB_ROWS_H
#define LIB_ROWS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include "lib/net.h"

#define ROWS_TOKEN 16

struct row {
	_Atomic uint64_t serial;	/* 0: free; set last, cleared first */
	uint8_t token[ROWS_TOKEN];
	struct netaddr peer, local;
	int32_t listener;		/* as it was accepted; -1: none */
	int32_t finicky;		/* -f, or argv[0] */
	int64_t since;			/* wall clock, seconds */
	/* As limits count it: indexes in the settings that are in force now;
	 * -1: none (of a channel: or not known yet). */
	_Atomic int32_t counted_listener, counted_channel;
	/*
	 * 0: the peer's own connection; else the peer is a listed proxy, and
	 * if it is even client is whose connection it is.
	 */
	_Atomic uint32_t told;
	struct netaddr client;
	char channels[512];		/* operand; "" as the listener says */
	char name[256];			/* of a host without an address, as the
					 * operand of root has it; or "" */
};

/* What smtpd sends to the template with the connection's descriptors. */
struct row_pass {
	uint32_t row;
	uint32_t pad;
	uint64_t serial;
	uint8_t token[ROWS_TOKEN];
	struct netaddr peer, local;
	int32_t listener;
	int32_t finicky;
};

/* A new table of n rows in a memory file; maps it writable.  -1 in *fd_r. */
struct row *rows_make(uint32_t n, int *fd_r);
/* Read-only, from the descriptor; n_r gets how many rows.  Null on error. */
const struct row *rows_map(int fd, uint32_t *n_r);
/* In smtpd: a proxy's session said whose connection it is. */
void rows_tell(struct row *r, const struct netaddr *client);
/*
 * Copies what the row says of its connection, but for the token; false if it
 * is free.
 */
bool rows_see(const struct row *rows, uint32_t n, uint32_t row,
    struct row *copy_r);
/*
 * Copies the row if serial and token are right (compared in constant time);
 * false otherwise.
 */
bool rows_check(const struct row *rows, uint32_t n, uint32_t row,
    uint64_t serial, const uint8_t token[ROWS_TOKEN], struct row *copy_r);

#endif
