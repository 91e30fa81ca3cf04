/*
 * start - everything between main() and the first caller: descriptors,
 * configuration, tables, spool; then what submit does not need is given up.
 */
#ifndef SUBMIT_START_H
#define SUBMIT_START_H

#include <stdbool.h>
#include "submit/desk.h"
#include "submit/server.h"

/*
 * Descriptors are those of ARCHITECTURE.md, "Processes and descriptors";
 * child: of a session.  Ends the program where it cannot serve.
 */
void start_open(struct desk *k, bool child, struct server_plan *plan_r);

/*
 * Recovers the journal, whatever the settings say now; null if new mail does
 * not go into it.
 */
struct journal *start_journal(struct desk *k);

/* What the queue has left, once all that a start makes is there. */
void start_room(struct desk *k);

/* No way back: no new privileges, limits, the system-call filter. */
void start_confine(const struct server_plan *plan);

/* Tells smtpd that callers may come. */
void start_ready(const struct server_plan *plan);

#endif
