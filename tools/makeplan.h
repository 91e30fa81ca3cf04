/*
 * makeplan - from a complete configuration to smtpd's plan.
 */
#ifndef TOOLS_MAKEPLAN_H
#define TOOLS_MAKEPLAN_H

#include <stdbool.h>
#include "lib/conf_check.h"
#include "lib/mm.h"
#include "lib/plan.h"

/*
 * Fills p_r but for conf_at and conf_len.  resolve: the caller is root, so the
 * four users must exist; otherwise all of them are we.  trusted-users must
 * exist in any case.  0, or -1 with what is wrong in w.
 */
MM_MUST_USE int makeplan(const struct conf *c, bool resolve,
    struct plan *p_r, struct conf_wrong *w);

#endif
