/*
 * admission - who may come in now: rates, penalties, the machine's load.
 *
 * What is counted here is kept in smtpd's own table (lib/counts.h): it
 * outlives templates and settings.
 */
#ifndef SMTPD_ADMISSION_H
#define SMTPD_ADMISSION_H

#include "lib/life.h"
#include "smtpd/daemon.h"

/*
 * May it connect?  limits.h is asked first.  0 and it is counted, or -1 with
 * what is in the way.
 */
int admission_connect(struct daemon *d, const struct limit_subject *who,
    struct limit_hit *hit_r);
/* The same of its channel, which has rules and limits of its own. */
int admission_channel(struct daemon *d, const struct limit_subject *who,
    struct limit_hit *hit_r);
/* What a session told: counted by the rules, and charged. */
void admission_trouble(struct daemon *d, const struct limit_subject *who,
    const struct life_report *r);
/* A session did not end by itself. */
void admission_crash(struct daemon *d, const struct limit_subject *who);
/* Looks at the load, once a second. */
void admission_tick(struct daemon *d, int64_t now);

#endif
