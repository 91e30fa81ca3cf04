/*
 * site - the configuration with its tables open: what every decision needs.
 */
#ifndef TABLES_SITE_H
#define TABLES_SITE_H

#include "tables/tb.h"

struct site {
	const struct conf *conf;
	int ntables;
	struct tb **tables;	/* by index in conf->tables */
};

/* Opens every table that a channel names; 0, or -1 with file, line, word. */
MM_MUST_USE int site_open(struct site *s, const struct conf *c,
    struct buf *why_r);
void site_close(struct site *s);
/* By the name that a channel's setting has; null if the setting is empty. */
struct tb *site_table(const struct site *s, const char *name);

#endif
