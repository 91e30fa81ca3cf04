/*
 * daemon - what smtpd knows while it runs; one of it, handed down.
 */
#ifndef SMTPD_DAEMON_H
#define SMTPD_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/counts.h"
#include "lib/tailored.h"
#include "smtpd/children.h"
#include "smtpd/options.h"
#include "smtpd/slots.h"

#define MMDF_MOST 4	/* smtpd(8) of MMDF: the default with operands */

/* A connection that was told 421 is kept a moment, or a reset eats the line. */
#define FAREWELLS 256
#define FAREWELL_MS 1000

struct farewell {
	int fd;
	int64_t until;
};

struct daemon {
	const struct options *options;
	struct plan plan;
	int record;
	struct tailored tailored;	/* a reload that runs */
	struct plan next_plan;		/* what CHILD_NEXT was started with */
	int next_record;		/* -1: same as record */
	struct listeners listeners;
	struct inner inner;
	struct slots slots;
	struct counts *counts;		/* ours: admission.h */
	int own_read;			/* ours, for who shows it */
	int counts_write, counts_read;	/* submit's: ours to hand on */
	int logins_write, logins_read;	/* authsrvr's: the same */
	int receipts;			/* their key: the same */
	uint32_t generation;		/* of the settings: reloads */
	/* Channels of the last one in this one's order; -1: gone. */
	int16_t channel_map[CONF_CHANNELS];
	int64_t load_read;		/* when load was last looked at */
	int64_t load;			/* in hundredths */
	struct child child[CHILD_COUNT];
	uint64_t template_served;	/* connections of this template */
	bool crashed;			/* a session of it did */
	int64_t renew_after;		/* pause after one that failed */
	int ep, signals;
	int lives;			/* the lifetime sockets' own epoll */
	bool busy;			/* lives is looked at now and then */
	bool asked;			/* by sessions, which wait for us */
	bool started;			/* all were ready once */
	bool reload_wanted;		/* SIGHUP while one was under way */
	bool accepting;			/* listening sockets are armed */
	int64_t accept_again;	/* pause after EMFILE and the like; 0: none */
	int64_t drain_until;		/* 0: not stopping */
	struct farewell farewell[FAREWELLS];
	unsigned farewells;		/* next place */
};

/* What an epoll event is about. */
enum watch { WATCH_LISTENER, WATCH_SIGNAL, WATCH_CHILD, WATCH_LIVES,
	WATCH_LIFE, WATCH_SHOWN };

/* Adds fd to the loop; 0 or -1 with errno. */
int daemon_watch(struct daemon *d, int fd, enum watch kind, uint32_t index,
    uint32_t events);

/* The same descriptor now belongs to another child. */
void daemon_watch_change(struct daemon *d, int fd, uint32_t index);

/* Starts that child, in place of one that runs, or has none if so be it. */
void daemon_start(struct daemon *d, enum child_name name);

/* connections.c */
void connections_accept(struct daemon *d, uint32_t listener);
void connections_flush(struct daemon *d);	/* pass on those that wait */
void connections_life(struct daemon *d, uint32_t slot);
void connections_tick(struct daemon *d, int64_t now);
/* As shutdown(2): SHUT_WR asks sessions to end, SHUT_RDWR says we are gone. */
void connections_drain(struct daemon *d, int how);
void connections_arm(struct daemon *d, bool on);

/* reload.c */
void reload_start(struct daemon *d);
void reload_tailored(struct daemon *d, int status);
void reload_ready(struct daemon *d);		/* CHILD_NEXT is ready */
void reload_failed(struct daemon *d);		/* CHILD_NEXT ended instead */
/* A new template with the same settings, unless one is on its way. */
void reload_renew(struct daemon *d);
/* A tailor that takes too long is killed. */
void reload_watch(struct daemon *d, int64_t now);
struct kit daemon_kit(const struct daemon *d, bool next);
/* MMDF's maximum, where operands were given and nobody says another. */
void daemon_mmdf_most(const struct daemon *d, struct plan *p);

#endif
