/*
 * wrapwatch - do rules of hosts.allow or hosts.deny set variables?
 *
 * submit asks lookup for them only then.  The files are read again when they
 * have changed.
 */
#ifndef TABLES_WRAPWATCH_H
#define TABLES_WRAPWATCH_H

#include <stdbool.h>
#include <sys/stat.h>
#include "lib/conf.h"

struct wrapwatch {
	const struct conf *conf;	/* null: nobody asks */
	struct wrapwatch_file {
		bool known, sets;
		struct stat was;
	} files[2];
};

/* Reads them for the first time, too. */
void wrapwatch_init(struct wrapwatch *w, const struct conf *c);
/* True too where it cannot be found out. */
bool wrapwatch_sets(struct wrapwatch *w);

#endif
