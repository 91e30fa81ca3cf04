/*
 * snap - rows in one read-only mapping, with a hash index.
 *
 * It depends on no file any more, its pages are not copied by fork, and
 * nothing can write it.  Keys are what tbrow_parse makes of them.
 */
#ifndef TABLES_SNAP_H
#define TABLES_SNAP_H

#include "tables/tb.h"
#include "tables/tbrow.h"

struct snap;
struct snap_maker;	/* rows that are being gathered, in plain memory */

struct snap_maker *snap_new(void);
/*
 * -1, with a reason in why_r: too many rows, or too many of one key, or the
 * key is there with '!' and without.
 */
MM_MUST_USE int snap_add(struct snap_maker *m, const struct tbrow *r,
    int line, struct buf *why_r);
/* The line of the first row with that key; 0: there is none yet. */
int snap_line(struct snap_maker *m, const char *key, size_t klen);
/*
 * Frees m in any case.  The values of a repeated key are joined by ", ", and
 * its line is the first.  Null, with a reason in why_r.
 */
struct snap *snap_finish(struct snap_maker *m, struct buf *why_r);
void snap_drop(struct snap_maker *m);

/* The functions of a kind of table (tb.h); state is the struct snap. */
enum tb_answer snap_find(void *state, const char *key, size_t len,
    struct buf *value_r, int *line_r);
enum tb_answer snap_find_address(void *state, const struct netaddr *a,
    struct buf *value_r, int *line_r);
int snap_walk(void *state, int (*each)(void *arg, const char *key, size_t klen,
    const char *value, size_t vlen, int line), void *arg);
int snap_holds(void *state);
void snap_close(void *state);

#endif
