/*
 * ask - questions to lookup, over a SOCK_SEQPACKET unix socket: one message a
 * question, one message an answer.
 */
#ifndef LIB_ASK_H
#define LIB_ASK_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/net.h"
#include "lib/path.h"
#include "lib/variables.h"

#define ASK_VERSION 3
#define ASK_DAEMON 64
#define ASK_LIST 16		/* hosts or addresses in one answer */

enum ask_kind {
	ASK_NAME = 1,	/* the forward-confirmed name of an address */
	ASK_ACCESS,	/* what hosts.allow and hosts.deny say of it */
	ASK_MAIL,	/* can mail be sent to this domain */
	ASK_AWAY,	/* the same, but to another host than this one */
	ASK_HOST,	/* is there such a host, and has it this address */
	ASK_IDNA,	/* a domain in UTF-8 with A-labels for U-labels */
	ASK_MX,		/* the hosts that take a domain's mail */
	ASK_ADDRESSES,	/* a host's addresses */
	ASK_RECORDS,	/* what the name service has of names: records.h */
	ASK_GREY = 32,	/* has this sender written to that recipient before */
	ASK_GREY_LOOK	/* the same, of no consequence */
};

enum ask_outcome {
	ASK_FOUND,	/* the name confirms */
	ASK_NONE,	/* certainly no name, or none that confirms */
	ASK_LATER	/* it could not be found out in time */
};

enum ask_access {
	ASK_ALLOWED = 16,
	ASK_DENIED,
	ASK_UNNAMED,	/* a rule wants the name, which could not be found */
	ASK_UNSURE	/* the rules could not be read, or not be followed */
};

/*
 * ASK_MAIL: found if the domain has an MX, or no MX but an address (RFC 5321
 * 5.1).  ASK_AWAY: if such an MX remains when this host and those that are
 * not better are dropped (RFC 974).  ASK_HOST: if it has an address or an MX.
 * ASK_IDNA: if it is one; no name server is asked.
 * ASK_MX: if it has an MX; ASK_ADDRESSES: an address.
 */
enum ask_host {
	ASK_HOST_FOUND = 32,
	ASK_HOST_NONE,		/* certainly not */
	ASK_HOST_NULL,		/* MAIL, AWAY, MX: no mail (RFC 7505) */
	ASK_HOST_SELF,		/* AWAY: its best MX is this host */
	ASK_HOST_LATER		/* it could not be found out in time */
};

/* ASK_GREY, ASK_GREY_LOOK: see tables/greylist.h. */
enum ask_grey { ASK_GREY_WAIT = 48, ASK_GREY_PASS, ASK_GREY_KNOWN,
	ASK_GREY_BROKEN };

struct ask_question {
	uint8_t version, kind;
	uint16_t pad;
	uint32_t id;		/* comes back with the answer */
	struct netaddr address;
};

/* ASK_ACCESS: under both names of a daemon; both must be allowed. */
struct ask_access_question {
	struct ask_question q;	/* its address may be none if name is given */
	char daemon[ASK_DAEMON];
	char channel[ASK_DAEMON];	/* "" if there is none */
	char name[256];		/* known already, or "" */
};

/* All but ASK_NAME and ASK_ACCESS. */
struct ask_host_question {
	struct ask_question q;	/* ASK_HOST: the address, or family 0 */
	char name[256];
};

/* The same: its address is the client's network; texts are NUL-ended. */
struct ask_grey_question {
	struct ask_question q;
	uint32_t delay;		/* seconds */
	char sender[PATH_TEXT], recipient[PATH_TEXT];
};

struct ask_grey_answer {
	uint32_t id;
	uint32_t outcome;	/* enum ask_grey */
	uint32_t wait;		/* ASK_GREY_WAIT: seconds */
};

struct ask_answer {
	uint32_t id;
	uint8_t outcome;	/* enum ask_outcome, ask_access, ask_host */
	uint8_t cached;		/* without a query of its own */
	/*
	 * ASK_NONE: there are names, none confirms.  ASK_HOST_FOUND to an
	 * ASK_HOST with an address: it is not one of the host's.
	 */
	uint8_t differs;
	uint8_t channel;	/* ASK_DENIED: under the channel's name */
	/* ASK_NAME, ASK_IDNA: lower case, no trailing dot, NUL-ended */
	char name[256];
	struct variables set;	/* ASK_ALLOWED: by setenv in the rules */
};

/*
 * The answer to ASK_MX: hosts, those of the best preference first, each as
 * ask_answer's name; and to ASK_ADDRESSES: IPv4 and IPv6, ports 0.  Of more
 * than ASK_LIST the least preferred are left out.
 */
struct ask_list {
	uint32_t id;
	uint8_t outcome;	/* enum ask_host */
	uint8_t n;		/* at least 1 if it is found, else 0 */
	uint16_t pad;
	uint16_t preference[ASK_LIST];
	char name[ASK_LIST][256];
	struct netaddr address[ASK_LIST];
};

/* Asks over sock and waits; -1 (answer_r is ASK_LATER) on any trouble. */
int ask_name(int sock, const struct netaddr *a, int64_t deadline,
    struct ask_answer *answer_r);
/*
 * The same for ASK_ACCESS; its version, kind and id are filled in.  -1
 * (answer_r is ASK_UNSURE) on any trouble.
 */
int ask_access(int sock, struct ask_access_question *q, int64_t deadline,
    struct ask_answer *answer_r);
/*
 * For ASK_MAIL, ASK_AWAY, ASK_HOST and ASK_IDNA; a may be null, and is but for
 * ASK_HOST.  A name that no host can have is ASK_HOST_NONE.  -1 (answer_r is
 * ASK_HOST_LATER) on any trouble.
 */
int ask_host(int sock, enum ask_kind kind, const char *name,
    const struct netaddr *a, int64_t deadline, struct ask_answer *answer_r);

/*
 * For ASK_MX and ASK_ADDRESSES.  A name that no host can have is
 * ASK_HOST_NONE.  -1 (list_r is ASK_HOST_LATER) on any trouble.
 */
int ask_list(int sock, enum ask_kind kind, const char *name, int64_t deadline,
    struct ask_list *list_r);

/*
 * For ASK_GREY and ASK_GREY_LOOK; its version, kind and id are filled in.  -1
 * (a_r is ASK_GREY_BROKEN) on any trouble.
 */
int ask_grey(int sock, enum ask_kind kind, struct ask_grey_question *q,
    int64_t deadline, struct ask_grey_answer *a_r);

/* Can it be an answer to a question of that kind? */
bool ask_good(enum ask_kind kind, const struct ask_answer *a);
bool ask_list_good(enum ask_kind kind, const struct ask_list *l);

#endif
