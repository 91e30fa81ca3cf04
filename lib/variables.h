/*
 * variables - the variables of the environment that are settings, by the names
 * that qmail has for them (settings.def).
 *
 * They come from whoever starts us, or from rules of libwrap, and go from
 * process to process as they are here.  Others are left out.
 */
#ifndef LIB_VARIABLES_H
#define LIB_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>
#include "lib/mm.h"

#define VARIABLES_ROOM 512
#define VARIABLES_MOST 32	/* how many are known; PROC_MORE has two more */

/* NAME=VALUE, each with its NUL; an empty one is the end.  All zero: none. */
struct variables {
	char text[VARIABLES_ROOM];
};

/* Is it one of a setting?  len: of the name. */
bool variables_known(const char *name, size_t len);
/*
 * Is name one of those that names (a column of settings.def, with commas
 * between them) lists?
 */
bool variables_listed(const char *names, const char *name, size_t len);

/*
 * Sets it anew; one that is not known is left out.  -1 if there is no room, or
 * the value has other than printable ASCII characters.
 */
MM_MUST_USE int variables_set(struct variables *v, const char *name,
    const char *value);
/* Its value, or null. */
const char *variables_get(const struct variables *v, const char *name,
    size_t len);
bool variables_any(const struct variables *v);
/* Of one that a stranger filled in: is it as it must be? */
bool variables_good(const struct variables *v);

/*
 * Those among environment; -1, and the name of the one that cannot be taken
 * (variables_set).
 */
MM_MUST_USE int variables_take(struct variables *v_r,
    char *const *environment, const char **name_r);
/* The entries of environment that are known, and a null behind them. */
void variables_pick(char *const *environment,
    char *picked_r[VARIABLES_MOST + 1]);

#endif
