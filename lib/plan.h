/*
 * plan - what smtpd must know, as one fixed record.
 *
 * smtpd may not parse the configuration: tailor checks it and writes, into a
 * memory file that smtpd made, this record and behind it the whole flat
 * configuration (conf.h), which smtpd hands on without reading it.
 */
#ifndef LIB_PLAN_H
#define LIB_PLAN_H

#include <stdint.h>
#include "lib/net.h"
#include "lib/penalty.h"
#include "lib/proc.h"
#include "lib/rate.h"

#define PLAN_MAGIC 0x314e414c504c4e49ULL
#define PLAN_SOCKETS 32		/* listening sockets: addresses x listeners */
#define PLAN_PATH 256

enum plan_user { PLAN_SUBMIT, PLAN_SESSION, PLAN_LOOKUP, PLAN_LOGGER,
	PLAN_KEYS, PLAN_AUTH, PLAN_USERS };

/* Sections that limits stand in: the server, listeners, channels. */
#define PLAN_LISTENER(i) (1 + (i))
#define PLAN_CHANNEL(i) (1 + CONF_LISTENERS + (i))
#define PLAN_SECTIONS PLAN_CHANNEL(CONF_CHANNELS)
#define PLAN_RULES 256		/* of all sections */
#define PLAN_RESERVED 64
#define PLAN_PROXIES 256	/* of all listeners */

struct plan_section {
	char name[CONF_NAME];	/* "" of the server, and where there is none */
	/* Sessions at once: in all, of an address, a prefix; 0: as it is. */
	int32_t most, per_address, per_prefix;
	int32_t trusted;	/* no penalties */
	int32_t rule, rules;	/* its first one, and how many it has */
	int32_t rules_set;	/* it has a list, be it an empty one */
	int32_t proxy, proxies;	/* of a listener: who may name a client */
};

struct plan_rule {
	struct rate rate;
	char text[RATE_TEXT];
};

struct plan_prefix {
	struct netaddr at;
	int32_t bits;
};

struct plan_socket {
	struct netaddr at;
	int32_t listener;	/* index in the configuration */
	int32_t tls;		/* implicit TLS: over a limit nothing is said */
	int32_t optional;	/* the machine may lack that address family */
	int32_t mode;		/* of a unix socket */
	char path[108];		/* it has no address then; "" */
	char name[32];
};

/* A channel whose program runs as another user (spawn_serve.h). */
struct plan_spawn {
	char channel[CONF_NAME];
	struct proc_user user;
};

struct plan {
	uint64_t magic;
	uint64_t size;		/* of this struct */
	uint64_t conf_at, conf_len;	/* the flat record behind it */
	struct plan_section sections[PLAN_SECTIONS];
	struct plan_rule rules[PLAN_RULES];	/* of connections and errors */
	int32_t max_connections_set;	/* the file says so itself */
	int32_t max_share;		/* percent, of a prefix */
	int32_t reserved, nreserved;	/* connections; their peers */
	struct plan_prefix reserved_peers[PLAN_RESERVED];
	struct plan_prefix proxies[PLAN_PROXIES];
	int32_t points[PENALTIES], penalty_limit;
	int64_t half_life_ms;
	int32_t max_load;		/* 0: any */
	int32_t counter_rows;
	int32_t prefix4, prefix6;
	int32_t backlog;
	int32_t template_connections;
	int64_t template_age_ms, start_ms, drain_ms;
	int32_t auth;			/* authsrvr is wanted */
	int32_t submit_socket_mode;	/* bits, as chmod takes them */
	int32_t nsockets;
	struct plan_socket sockets[PLAN_SOCKETS];
	struct proc_user users[PLAN_USERS];	/* resolved; ours if not root */
	int32_t nspawns;		/* none, if not root */
	struct plan_spawn spawns[CONF_CHANNELS];
	char hostname[256];
	char run_directory[PLAN_PATH];
	char program_directory[PLAN_PATH];
	uint64_t digest;	/* of all before it */
};

/* Reads and checks the record at offset 0 of fd; 0 or -1. */
int plan_read(int fd, struct plan *p_r);
/* Seals and writes it at offset 0; 0 or -1. */
int plan_write(int fd, struct plan *p);

/* Where it listens, for the log: "127.0.0.1 port 25", or a file name. */
#define PLAN_PLACE 128
const char *plan_place(const struct plan_socket *s, char dst[PLAN_PLACE]);

#endif
