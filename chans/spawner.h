/*
 * spawner - channel programs as other users (pipe-user).
 *
 * deliver is root for no longer than its start; what stays root is a process
 * of its own, forked before that, which does nothing but start ch_pipe as the
 * user that the configuration gives its channel, and kill what it has started
 * (spawn_serve.h).  deliver, which reads mail, can ask it for no other program,
 * no other user, and no process that it did not start.
 *
 * A program has a number here, which is never used again, not a pid: those are
 * free for others as soon as the spawner has reaped one.
 */
#ifndef CHANS_SPAWNER_H
#define CHANS_SPAWNER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "lib/conf.h"
#include "lib/mm.h"
#include "lib/plan.h"
#include "lib/tailored.h"

enum spawn_verb {
	SPAWN_START,		/* channel; with its socket, alive, the log */
	SPAWN_KILL,		/* id; no answer */
	SPAWN_ALIVE,		/* id */
	SPAWN_RELOAD		/* the configuration; no answer */
};

struct spawn_request {
	uint32_t verb;
	int32_t id;
	char channel[CONF_NAME];
};

struct spawn_answer {
	int32_t id;		/* of the program; 0: none */
	int32_t error;		/* why */
};

/* One that has ended, as waitpid(2) has it; over a pipe. */
struct spawn_end {
	int32_t id, status;
};

struct spawner {
	pid_t pid;		/* 0: there is none */
	int ask, ends;		/* -1 where there is none any more */
};

void spawner_init(struct spawner *s_r);
/*
 * As root, before deliver has become another user: the record must be what
 * tailor gave, and log is its log or -1.  0 or -1 with errno.
 */
MM_MUST_USE int spawner_open(struct spawner *s,
    const struct tailored_options *o, const struct plan *plan, int record,
    int log);
bool spawner_is(const struct spawner *s);
/* The program of a channel: its number; -1 with errno. */
int32_t spawner_start(struct spawner *s, const char *channel, int sock,
    int alive, int log);
void spawner_kill(struct spawner *s, int32_t id);
bool spawner_alive(struct spawner *s, int32_t id);
/* It reads the configuration for itself, from where deliver does. */
void spawner_reload(struct spawner *s);
/*
 * The next that has ended, without waiting.  False: none; if the spawner is
 * gone, and all that it has started with it, spawner_is() says so then.
 */
bool spawner_ended(struct spawner *s, struct spawn_end *e_r);
/* Kills what is left, and waits. */
void spawner_close(struct spawner *s);

#endif
