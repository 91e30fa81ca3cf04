/*
 * hit - which row answered: a look-up says the line, not the row's key.
 */
#ifndef TOOLS_HIT_H
#define TOOLS_HIT_H

#include "lib/conf.h"
#include "tables/tb.h"

/*
 * The key of the row that gave that answer (TB_FOUND or TB_NEGATED, then with
 * its '!') for key: an address or one of its prefixes, a name or one of its
 * parents.  dst has TB_KEY bytes; it gets key itself where it cannot be told.
 */
void hit_key(struct tb *t, const struct section *s, const char *key,
    enum tb_answer answer, int line, char dst[TB_KEY]);
/* Where the row is: the table's file, or the setting that has the rows. */
struct origin hit_place(const struct tb *t, const struct section *s, int line);

#endif
