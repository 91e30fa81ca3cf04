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
#include "lib/proc.h"

#define PLAN_MAGIC 0x314e414c504c4e49ULL
#define PLAN_SOCKETS 32		/* listening sockets: addresses x listeners */
#define PLAN_PATH 256

enum plan_user { PLAN_SUBMIT, PLAN_SESSION, PLAN_LOOKUP, PLAN_LOGGER,
	PLAN_USERS };

struct plan_socket {
	struct netaddr at;
	int32_t listener;	/* index in the configuration */
	int32_t most;		/* connections through that listener; 0: all */
	int32_t tls;		/* implicit TLS: over a limit nothing is said */
	int32_t optional;	/* the machine may lack that address family */
	char name[32];
};

struct plan {
	uint64_t magic;
	uint64_t size;		/* of this struct */
	uint64_t conf_at, conf_len;	/* the flat record behind it */
	int32_t max_connections, max_per_address, max_per_prefix;
	int32_t max_connections_set;	/* the file says so itself */
	int32_t prefix4, prefix6;
	int32_t backlog;
	int32_t template_connections;
	int64_t template_age_ms, start_ms, drain_ms;
	int32_t submit_socket_mode;	/* bits, as chmod takes them */
	int32_t nsockets;
	struct plan_socket sockets[PLAN_SOCKETS];
	struct proc_user users[PLAN_USERS];	/* resolved; ours if not root */
	char hostname[256];
	char run_directory[PLAN_PATH];
	char program_directory[PLAN_PATH];
	uint64_t digest;	/* of all before it */
};

/* Reads and checks the record at offset 0 of fd; 0 or -1. */
int plan_read(int fd, struct plan *p_r);
/* Seals and writes it at offset 0; 0 or -1. */
int plan_write(int fd, struct plan *p);

#endif
