/*
 * clients - the sessions that ask authsrvr, and what each waits for.
 *
 * A session proves with its row which one it is; who its client is, the table
 * of rows says.  Whatever it sends otherwise is a stranger's: at worst it is
 * its own login that fails.
 */
#ifndef AUTHSRVR_CLIENTS_H
#define AUTHSRVR_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>
#include "authsrvr/exchange.h"
#include "authsrvr/guard.h"
#include "authsrvr/worker.h"
#include "lib/receipt.h"
#include "lib/rows.h"
#include "tables/clients.h"

struct clients_plan {
	int epoll;
	int sock;		/* listening; -1: the one caller is all */
	uint32_t data;		/* of the events of sock, in the lowest byte of
				 * the upper half; data + 1: of callers */
	int most;		/* callers at once */
	int64_t time;		/* how long a login may take */
	const struct row *rows;
	uint32_t nrows;
	const uint8_t *key;	/* of receipts */
	struct guard *guard;
	struct exchanges *exchanges;
	bool external;		/* some session may have EXTERNAL */
	struct tb *certificates;	/* of auth-certificates; or null */
	bool unread;		/* it is there, and cannot be read */
};

struct clients;

struct clients *clients_new(const struct clients_plan *p);
/* The pool, once it is there: its answers go to clients_answered(). */
void clients_pool(struct clients *s, struct workers *w);
workers_answered clients_answered;
/* A caller by itself. */
void clients_add(struct clients *s, int fd);
void clients_accept(struct clients *s);
void clients_event(struct clients *s, uint64_t data, uint32_t events);
/* How long the loop may sleep, at most most. */
int clients_wait(const struct clients *s, int most);
void clients_tick(struct clients *s, int64_t now);
/* Nobody is taken any more. */
void clients_leave(struct clients *s);
bool clients_gone(const struct clients *s);

#endif
