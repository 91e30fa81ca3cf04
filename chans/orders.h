/*
 * orders - what an operator, or submit for a client, wants done with the
 * queue (lib/control.h).
 *
 * Only a deliver does it, which holds deliver.lock: the one that runs, else
 * one that was started for it (deliver -q).  What survives a crash: HELD and
 * FREE are marks of the entry, synced before the answer; BOUNCE is the mark
 * FAILED of each recipient, synced before the notice; DELETE is the removal,
 * synced, with the entry and its marks in trash/ before where trash-time wants
 * that.
 */
#ifndef CHANS_ORDERS_H
#define CHANS_ORDERS_H

#include "chans/pass.h"
#include "lib/control.h"

/* Checks r and does it. */
void orders_do(struct delivery *d, const struct control_request *r,
    struct control_answer *a_r);
/* Removes from trash/ what has been there for trash-time. */
void orders_purge(struct delivery *d);

#endif
