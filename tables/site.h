/*
 * site - the configuration with its tables open: what every decision needs.
 */
#ifndef TABLES_SITE_H
#define TABLES_SITE_H

#include <stdbool.h>
#include "tables/tb.h"

/* The open tables that a channel names; null where it names none. */
struct site_channel {
	struct tb *hosts, *mailboxes, *aliases;
	struct tb *insrc, *indest, *outsrc, *outdest, *users;
	int auth;		/* authmode.h: the words of its authorise */
};

struct watcher;

struct site {
	const struct conf *conf;
	const struct watcher *watcher;	/* watch.h; null: nobody looks on */
	int ntables;
	struct tb **tables;	/* by index in conf->tables; null: not open */
	struct site_channel *channels;	/* by index in conf->channels */
	/*
	 * Some channel authorises in or out; and some tables of it have hosts
	 * in them, so that the source host's name matters.  named: it does for
	 * host-settings.
	 */
	bool authorises, by_host, named;
};

/*
 * Opens every table that a setting names, and no other.  0, or -1 with file,
 * line, word of each table that does not open.
 */
MM_MUST_USE int site_open(struct site *s, const struct conf *c,
    struct buf *why_r);
/* Tables that ask the name service ask r: until then TB_LATER. */
void site_resolve(struct site *s, struct resolver *r);
void site_close(struct site *s);
/* By the name that a channel's setting has; null if the setting is empty. */
struct tb *site_table(const struct site *s, const char *name);

#endif
