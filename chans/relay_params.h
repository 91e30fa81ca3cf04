/*
 * relay_params - what MAIL and RCPT say besides the address, to a server that
 * offers it; and what cannot be sent to one that does not.
 */
#ifndef CHANS_RELAY_PARAMS_H
#define CHANS_RELAY_PARAMS_H

#include <stdbool.h>
#include "chans/relay_body.h"
#include "chans/relay_talk.h"
#include "lib/qfile.h"

/* Each parameter with a blank before it; 0, or -1 if b is full. */
MM_MUST_USE int relay_params_mail(struct buf *b, const struct relay_talk *t,
    const struct qfile *q, const struct relay_body *body);
MM_MUST_USE int relay_params_rcpt(struct buf *b, const struct relay_talk *t,
    const struct qfile *q, const struct qfile_recipient *to);
/*
 * Whether it cannot be sent there to that address, ever; then *a is why.
 * why: the reason that it could not be made to fit, or null.
 */
bool relay_params_unfit(const struct relay_talk *t, const struct qfile *q,
    const struct relay_body *body, const char *why, const char *address,
    struct chan_answer *a);
/*
 * Whether it asks for REQUIRETLS and this server is none for it, but another
 * one of the domain may be (RFC 8689 4.2.1); then *a is why.
 */
bool relay_params_insecure(const struct relay_talk *t, const struct qfile *q,
    struct chan_answer *a);
/* Who sends a notice of success for mail that it took: enum chan_flag. */
int relay_params_relayed(const struct relay_talk *t);

#endif
