/*
 * spawner - deliver's end: runs as the submit user.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chans/spawn_serve.h"
#include "chans/spawner.h"
#include "lib/clock.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/text.h"

#define ANSWER_MS 10000

void
spawner_init(struct spawner *s_r)
{
	*s_r = (struct spawner){ .ask = -1, .ends = -1 };
}

bool
spawner_is(const struct spawner *s)
{
	return s->ask != -1;
}

int
spawner_open(struct spawner *s, const struct tailored_options *o,
    const struct plan *plan, int record, int log)
{
	int ask[2], ends[2];
	pid_t us = getpid();

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ask) == -1)
		return -1;
	if (pipe2(ends, O_CLOEXEC) == -1) {
		close(ask[0]);
		close(ask[1]);
		return -1;
	}
	s->pid = fork();
	if (s->pid == 0)
		spawn_serve(o, plan, (int[]){ record, ask[1], ends[1], log },
		    us);
	close(ask[1]);
	close(ends[1]);
	if (s->pid == -1) {
		close(ask[0]);
		close(ends[0]);
		s->pid = 0;
		return -1;
	}
	s->ask = ask[0];
	s->ends = ends[0];
	return fcntl(s->ends, F_SETFL, O_NONBLOCK);
}

static void
gone(struct spawner *s, const char *why)
{
	if (s->ask == -1)
		return;
	log_note(LEVEL_ERROR, "spawner: %s; channels with a pipe-user wait "
	    "until deliver is started again", why);
	close(s->ask);
	s->ask = -1;
}

static int
tell(struct spawner *s, const struct spawn_request *r, const int *fds,
    int nfds)
{
	if (s->ask == -1) {
		errno = EPIPE;
		return -1;
	}
	if (fd_pass(s->ask, r, sizeof *r, fds, nfds, 0) == 0)
		return 0;
	gone(s, strerror(errno));
	return -1;
}

static int
ask(struct spawner *s, const struct spawn_request *r, const int *fds,
    int nfds, struct spawn_answer *a_r)
{
	int64_t deadline = clock_ms() + ANSWER_MS;
	struct pollfd p = { .fd = s->ask, .events = POLLIN };
	ssize_t got = 0;
	int ready;

	if (tell(s, r, fds, nfds) == -1)
		return -1;
	do {
		ready = poll(&p, 1, clock_left(deadline));
	} while (ready == -1 && errno == EINTR);
	if (ready == 1)
		got = recv(s->ask, a_r, sizeof *a_r, 0);
	if (got == (ssize_t)sizeof *a_r)
		return 0;
	gone(s, "no answer");
	errno = EPIPE;
	return -1;
}

int32_t
spawner_start(struct spawner *s, const char *channel, int sock, int alive,
    int log)
{
	struct spawn_request r = { .verb = SPAWN_START };
	int fds[] = { sock, alive, log };
	struct spawn_answer a;

	if (text_copy(r.channel, sizeof r.channel, channel) == -1) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (ask(s, &r, fds, log == -1 ? 2 : 3, &a) == -1)
		return -1;
	errno = a.error;
	return a.id > 0 ? a.id : -1;
}

void
spawner_kill(struct spawner *s, int32_t id)
{
	struct spawn_request r = { .verb = SPAWN_KILL, .id = id };

	/* Without it nothing of it is left. */
	(void)!tell(s, &r, NULL, 0);
}

bool
spawner_alive(struct spawner *s, int32_t id)
{
	struct spawn_request r = { .verb = SPAWN_ALIVE, .id = id };
	struct spawn_answer a;

	return ask(s, &r, NULL, 0, &a) == 0 && a.id == id;
}

void
spawner_reload(struct spawner *s)
{
	struct spawn_request r = { .verb = SPAWN_RELOAD };

	if (s->ask != -1)
		(void)!tell(s, &r, NULL, 0);
}

bool
spawner_ended(struct spawner *s, struct spawn_end *e_r)
{
	ssize_t got;

	do {
		got = read(s->ends, e_r, sizeof *e_r);
	} while (got == -1 && errno == EINTR);
	if (got == (ssize_t)sizeof *e_r)
		return true;
	if (got == 0 || (got == -1 && errno != EAGAIN)) {
		gone(s, "it has ended");
		close(s->ends);
		s->ends = -1;
	}
	return false;
}

void
spawner_close(struct spawner *s)
{
	if (s->ask != -1)
		close(s->ask);
	if (s->ends != -1)
		close(s->ends);
	s->ask = s->ends = -1;
	while (s->pid > 0 && waitpid(s->pid, NULL, 0) == -1 &&
	    errno == EINTR)
		;
	s->pid = 0;
}
