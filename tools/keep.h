/*
 * keep - runs a few programs and starts those again that end by themselves.
 */
#ifndef TOOLS_KEEP_H
#define TOOLS_KEEP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How many sockets can be handed on: of a process's first 64 descriptors. */
#define KEEP_SOCKETS 61
#define KEEP_PAUSE_FIRST 100	/* ms; the first restart comes at once */
#define KEEP_PAUSE_MOST 5000
#define KEEP_GOOD 10000		/* alive for so long: the pause is forgotten */

struct kept_program {
	const char *name;
	const char *path;
	char *const *argv;
	int sockets;		/* from 3 on: they are handed on */
	pid_t pid;		/* 0: it does not run */
	int64_t since;		/* when it was started */
	int64_t again;		/* when it is started next; CLOCK_NEVER */
	int64_t pause;		/* after the next end; 0: none */
	int status;		/* of its last end */
};

/* Starts it now; what fails counts as an end. */
void keep_start(struct kept_program *p);
/* It ended with status: says so and sets when it is started again. */
void keep_ended(struct kept_program *p, int status);
/* Sends sig if it runs. */
void keep_signal(const struct kept_program *p, int sig);

#endif
