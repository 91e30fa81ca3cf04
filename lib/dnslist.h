/*
 * dnslist - lists of hosts and domains in the name service (RFC 5782): an
 * element of the setting dnslists, what to ask it, and what its answer counts.
 *
 *	"bl.example.net"
 *	"bl.example.net weight 3 answers 127.0.0.2-127.0.0.9 127.0.0.11"
 *	"dbl.example.net of sender answers 127.0.1.2-127.0.1.99"
 *	"wl.example.net allow weight 5"
 */
#ifndef LIB_DNSLIST_H
#define LIB_DNSLIST_H

#include "lib/records.h"

#define DNSLISTS_MOST RECORDS_MOST
#define DNSLIST_ANSWERS 8	/* ranges of one element */
#define DNSLIST_WEIGHT 1000

enum dnslist_of {
	DNSLIST_CLIENT,		/* its address */
	DNSLIST_NAME,		/* its confirmed name */
	DNSLIST_HELO,
	DNSLIST_SENDER,		/* the sender's domain */
	DNSLIST_OFS
};

struct dnslist {
	char zone[RECORDS_NAME];
	enum dnslist_of of;
	bool allow;		/* it speaks for whom it lists */
	int weight;		/* at least 1 */
	int nanswers;
	struct { uint32_t first, last; } answers[DNSLIST_ANSWERS];
};

/* Of one client and one message; "" where there is none. */
struct dnslist_subject {
	struct netaddr client;
	const char *name, *helo, *sender;
};

/* What became of them. */
struct dnslist_score {
	int score;		/* weights of who lists, less those of allow */
	uint32_t listed;	/* a bit for each element that does */
	int refuser;		/* the first of those that is no allow, or -1 */
};

/* -1 with a reason. */
MM_MUST_USE int dnslist_parse(const char *text, struct dnslist *l_r,
    char *why_r, size_t size);
/* "client", "sender"; and the subject's, as text for people. */
const char *dnslist_of_text(enum dnslist_of of);
const char *dnslist_subject_text(const struct dnslist_subject *s,
    enum dnslist_of of, char *dst, size_t size);
/* The name to ask for; -1: it has nothing to do with this subject. */
MM_MUST_USE int dnslist_name(const struct dnslist *l,
    const struct dnslist_subject *s, char dst[RECORDS_NAME]);
/*
 * Adds a question for each of the n lists; at_r: which one is whose, or -1.
 * Two that would ask for the same name share one.
 */
void dnslist_ask(const struct dnslist *l, int n,
    const struct dnslist_subject *s, struct records *r,
    int at_r[DNSLISTS_MOST]);
/* Does what was found say so?  What is no answer says nothing. */
bool dnslist_lists(const struct dnslist *l, const struct records_got *g);
void dnslist_count(const struct dnslist *l, int n, const struct records *r,
    const int at[DNSLISTS_MOST], struct dnslist_score *s_r);

#endif
