/*
 * authvalue - the values in tables of authorisation, inlet-authorise(5).
 *
 * Pure: text in, meaning out.
 */
#ifndef TABLES_AUTHVALUE_H
#define TABLES_AUTHVALUE_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/net.h"

#define AUTHVALUE_MOST 4095	/* a longer value is "try later" */
#define AUTHVALUE_WORD 256	/* the longest word that can mean anything */

/*
 * Takes the next word off *p; words stand between blanks and commas, or in
 * quotes.  It is cut to fit; false at the end.
 */
bool authvalue_word(const char **p, char word_r[AUTHVALUE_WORD],
    bool *quoted_r);

/*
 * Is word that name, ".domain" which it is below, or the address or a prefix
 * of it?  name "" and family 0 are none.
 */
bool authvalue_host(const char *word, const char *name,
    const struct netaddr *a);

/*
 * What a row of an authorise-table says for that channel: bits, with the reason
 * in word_r where a barred one has one; -1 with the word that is wrong if the
 * value is no such row.
 */
enum {
	USER_SEND = 1, USER_RECV = 2, USER_LIST = 4, USER_BARRED = 8
};
MM_MUST_USE int authvalue_user(const char *value, const char *channel,
    char *word_r, size_t size);

#endif
