/*
 * dnsmsg - what an answer of the name service says (RFC 1035 4, RFC 2308).
 *
 * Pure: bytes in, facts out; nothing is looked up.  The bytes come from the
 * network and may be anything.  What is not certain is DNSMSG_BAD, never
 * "there is none".
 */
#ifndef TABLES_DNSMSG_H
#define TABLES_DNSMSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/buf.h"
#include "lib/mm.h"
#include "lib/net.h"

#define DNSMSG_NAMES 10		/* names of one PTR answer that are kept */
#define DNSMSG_HOPS 8		/* aliases of aliases */
#define DNSMSG_NEGATIVE 60	/* seconds, where no SOA tells */

enum dnsmsg_type {
	DNSMSG_A = 1,
	DNSMSG_PTR = 12,
	DNSMSG_MX = 15,
	DNSMSG_TXT = 16,
	DNSMSG_AAAA = 28
};

/* In wire form: lengths and labels in lower case, the root's 0 included. */
struct dnsname {
	uint8_t len;
	uint8_t wire[255];
};

#define DNSNAME_TEXT 256

enum dnsmsg_outcome {
	DNSMSG_DATA,	/* records of that type */
	DNSMSG_NONE,	/* certainly none */
	DNSMSG_ALIAS,	/* an alias whose records must be asked for */
	DNSMSG_BAD	/* damaged, or not an answer to that question */
};

struct dnsmsg {
	enum dnsmsg_outcome outcome;
	uint32_t ttl;		/* seconds that all of this may be believed */
	struct dnsname alias;	/* DNSMSG_ALIAS: where it leads */
	bool holds;		/* a wanted one is among them */
	bool null;		/* MX: no host but the root (RFC 7505) */
	unsigned preference;	/* MX: the best, of those that have hosts */
	/* PTR: names, MX: hosts of that preference; in order of their bytes */
	int n;
	struct dnsname names[DNSMSG_NAMES];
};

/* Every host of MX records, the best first, or every address of A and AAAA. */
#define DNSMSG_ALL 16		/* that are kept */
struct dnsmsg_all {
	int n;
	struct {
		unsigned preference;	/* MX */
		struct dnsname name;
		struct netaddr address;	/* A, AAAA */
	} at[DNSMSG_ALL];
};

/*
 * Every record as lib/records.h has it, none left out but MX and PTR names
 * without a text, and those that do not fit: then it is cut.
 */
struct dnsmsg_raw {
	struct buf *b;		/* added to; its maximum is the room */
	bool spf;		/* of TXT those that begin with v=spf1 */
	bool cut;
};

/* What is compared: with A and AAAA addresses, with MX names. */
struct dnsmsg_want {
	int naddresses, nnames;
	const struct netaddr *addresses;
	const struct dnsname *names;
	struct dnsmsg_all *all;		/* or null; what is found is added */
	struct dnsmsg_raw *raw;		/* or null: then nothing else is done */
};

/* The name under in-addr.arpa or ip6.arpa. */
void dnsname_reverse(struct dnsname *n_r, const struct netaddr *a);
/* No trailing dot; -1 if a label holds a dot, a backslash, a blank or what
 * is not printable: such a name has no plain text. */
MM_MUST_USE int dnsname_text(const struct dnsname *n, char dst[DNSNAME_TEXT]);
/*
 * From text: letters, digits, hyphens and underscores between dots, and the
 * last label not a number; -1 for all else.
 */
MM_MUST_USE int dnsname_parse(struct dnsname *n_r, const char *text);
/* From text with whatever dnsname_text has in it. */
MM_MUST_USE int dnsname_any(struct dnsname *n_r, const char *text);
/* As dnsname_text, and -1 too unless it can be a host's name: RFC 5321
 * Domain, and its last label not a number. */
MM_MUST_USE int dnsname_host(const struct dnsname *n, char dst[DNSNAME_TEXT]);

bool dnsname_same(const struct dnsname *a, const struct dnsname *b);

/*
 * Reads the answer to a question for name and type; want may be null.
 * Aliases are followed within the message.  Of more than DNSMSG_NAMES names
 * the first in the order of their bytes are kept: servers rotate their
 * answers, ours shall not change with them.  All are compared with what is
 * wanted.  MX hosts that have no text, or end in a
 * number, are passed over.
 */
void dnsmsg_read(const uint8_t *p, size_t len, const struct dnsname *name,
    enum dnsmsg_type type, const struct dnsmsg_want *want,
    struct dnsmsg *m_r);

#endif
