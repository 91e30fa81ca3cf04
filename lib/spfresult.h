/*
 * spfresult - what SPF says of a sender (RFC 7208 2.6), and what is done about
 * it: an element of spf-actions, "softfail mark".
 */
#ifndef LIB_SPFRESULT_H
#define LIB_SPFRESULT_H

#include <stddef.h>
#include "lib/mm.h"
#include "lib/settings.h"

enum spf_result {
	SPF_UNASKED,
	SPF_NONE,	/* no name, or no record */
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR,
	SPF_PERMERROR,
	SPF_RESULTS
};

enum spf_action {
	SPF_MARK,	/* what no element names: it is written down */
	SPF_REFUSE,
	SPF_IGNORE
};

/* "none", "neutral" ... */
const char *spf_result_text(enum spf_result r);
/* -1 with a reason that names the word, and the nearest known one. */
MM_MUST_USE int spf_action_parse(const char *text, enum spf_result *r_r,
    enum spf_action *a_r, char *why_r, size_t size);
/* Of a list that was checked. */
enum spf_action spf_action_of(const struct strings *l, enum spf_result r);

#endif
