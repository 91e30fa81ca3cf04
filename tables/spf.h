/*
 * spf - may this client send for that domain (RFC 7208)?
 *
 * The name service is asked through the caller, one question after the other,
 * so that tests feed it records.  Records are whatever a stranger's name
 * server says; the limits of 4.6.4 are exact: ten terms that ask, of which
 * two may find nothing, ten hosts of an MX, ten names of an address.
 */
#ifndef TABLES_SPF_H
#define TABLES_SPF_H

#include "lib/records.h"
#include "lib/spfresult.h"

#define SPF_TERMS 10		/* that ask */
#define SPF_VOIDS 2		/* questions without an answer to use */
#define SPF_NAMES 10		/* of one MX or PTR */
#define SPF_TEXT 512

struct spf_resolver {
	/* What got_r has stays until the next question. */
	void (*ask)(struct spf_resolver *r, enum records_type type,
	    const char *name, struct records_got *got_r);
};

struct spf_question {
	struct netaddr client;
	/* MAIL FROM; of HELO, and for the null sender: "postmaster", HELO */
	const char *local, *domain;
	const char *helo;
	const char *receiver;	/* who asks */
	int64_t now;		/* seconds */
};

struct spf_answer {
	enum spf_result result;
	int terms, voids;	/* that asked, and found nothing */
	char matched[64];	/* the mechanism, cut if it is long; or "" */
	char why[SPF_TEXT];	/* of an error; printable ASCII, or "" */
	char said[SPF_TEXT];	/* by the domain of a failure; or "" */
};

void spf_check(const struct spf_question *q, struct spf_resolver *r,
    struct spf_answer *a_r);

#endif
