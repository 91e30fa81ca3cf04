/*
 * tb - look a key up in a table; a kind of table is one file of five
 * functions (tb_text.c, tb_gdbm.c, tb_cidr.c, tb_list.c, tb_cdb.c,
 * tb_pcre.c, tb_glob.c, tb_ns.c).
 *
 * Tables are opened once, before privileges are dropped, and then read by
 * every forked session: what a kind keeps is in shared mappings, never in
 * heap that grows with the table.  A look-up makes no system call that the
 * session's filter forbids.  Keys compare in lower case.
 *
 * Whatever goes wrong with a table that did open (damage, a cut file) is
 * TB_LATER: never a wrong "not found".
 */
#ifndef TABLES_TB_H
#define TABLES_TB_H

#include "lib/buf.h"
#include "lib/conf.h"
#include "lib/net.h"

#define TB_KEY 512		/* longer keys are in no table */

/*
 * TB_NEGATED: certainly not there, for there is the key with '!' before it.
 * Whoever tries several keys of one thing tries no more of them in this
 * table; else it is what TB_NOT_FOUND is.
 */
enum tb_answer { TB_FOUND, TB_NOT_FOUND, TB_LATER, TB_NEGATED };

/* What its keys are; a bit each.  The last: some begin with '!'. */
enum { TB_ADDRESSES = 1, TB_NAMES = 2, TB_NEGATIONS = 4 };

struct resolver;

struct tb_kind {
	const char *name;	/* as the type setting has it */
	bool patterns;		/* parents and prefixes are in its keys */
	/*
	 * Opens the table that s describes; path is its file, absolute ("" for
	 * none).  0 with *state_r, or -1 with a reason: file, line, word.
	 */
	int (*open)(const struct section *s, const char *path, void **state_r,
	    struct buf *why_r);
	/*
	 * Adds the value of key (lower case) to value_r; line_r: where.  With
	 * TB_NEGATIONS it is asked for "!key" too.
	 */
	enum tb_answer (*find)(void *state, const char *key, size_t len,
	    struct buf *value_r, int *line_r);
	/*
	 * A name and all that stands for it, in lower case; null where names
	 * are keys like others.
	 */
	enum tb_answer (*find_name)(void *state, const char *name);
	/* Who is asked from now on; null where nobody is. */
	void (*resolve)(void *state, struct resolver *r);
	/* The longest prefix that holds a; null where keys are only text. */
	enum tb_answer (*find_address)(void *state, const struct netaddr *a,
	    struct buf *value_r, int *line_r);
	/* Calls each for every row until it gives nonzero. */
	int (*walk)(void *state, int (*each)(void *arg, const char *key,
	    size_t klen, const char *value, size_t vlen, int line), void *arg);
	int (*holds)(void *state);	/* TB_ADDRESSES and so on */
	void (*close)(void *state);
};

/* Open; only tb.c looks inside (and tests that make one of their own). */
struct tb {
	const struct tb_kind *kind;
	void *state;
	int holds;
	char *name, *path;
};

extern const struct tb_kind tb_text, tb_gdbm, tb_cidr, tb_list, tb_cdb,
    tb_pcre, tb_glob, tb_ns;

/* Null, and "file:line: reason" in why_r. */
struct tb *tb_open(const struct conf *c, const struct section *s,
    struct buf *why_r);
void tb_close(struct tb *t);
const char *tb_name(const struct tb *t);
const char *tb_path(const struct tb *t);
int tb_holds(const struct tb *t);

/*
 * value_r and line_r may be null.  key may be in any case, and an IPv6 address
 * in any spelling.  A value that does not fit into value_r is TB_LATER.  A key
 * that begins with '!' is in no table.
 */
enum tb_answer tb_find(struct tb *t, const char *key, struct buf *value_r,
    int *line_r);
/* The address itself, then its prefixes, longest first. */
enum tb_answer tb_find_address(struct tb *t, const struct netaddr *a,
    struct buf *value_r, int *line_r);
/*
 * The name itself, then ".example.org", ".org", for a.example.org.  For a
 * literal ("[192.0.2.1]") the literal, then its address as above.  Patterns
 * are asked for the name alone.
 */
enum tb_answer tb_find_name(struct tb *t, const char *name,
    struct buf *value_r, int *line_r);
/*
 * For user@example.org that, then "@example.org", then its domain as a name.
 * Patterns are asked for the mailbox alone.
 */
enum tb_answer tb_find_mailbox(struct tb *t, const char *mailbox,
    struct buf *value_r, int *line_r);
/* The address of "[192.0.2.1]", "[IPv6:2001:db8::1]" in any case; 0 or -1. */
MM_MUST_USE int tb_literal(const char *domain, struct netaddr *a_r);
/* Who answers for a table that asks the name service (resolver.h). */
void tb_resolve(struct tb *t, struct resolver *r);
/* Negated keys come with their '!'. */
int tb_walk(struct tb *t, int (*each)(void *arg, const char *key, size_t klen,
    const char *value, size_t vlen, int line), void *arg);

/* For kinds: asks find for "!key", if there are any such, then for key. */
enum tb_answer tb_exact(int holds, enum tb_answer (*find)(void *state,
    const char *key, size_t len, struct buf *value_r, int *line_r),
    void *state, const char *key, size_t len, struct buf *value_r,
    int *line_r);

#endif
