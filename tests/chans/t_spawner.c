/*
 * t_spawner - what deliver can ask its spawner for, and what it cannot.  As
 * root, for another user's programs; else there is nothing to be had.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chans/spawner.h"
#include "lib/clock.h"
#include "tests/chans/scratch.h"
#include "tests/tap.h"

#define OTHER 64123
#define PATIENCE_MS 20000

static struct tailored_options options;
static struct plan plan;
static struct spawner s;
static int sock[2], record;

/* A ch_pipe that stays until its socket ends. */
static void
program(int dir)
{
	static const char text[] = "#!/bin/sh\nexec cat\n";
	int fd = openat(dir, "ch_pipe", O_WRONLY | O_CREAT, 0755);

	if (fd == -1 || fchmod(dir, 0755) == -1 || fchmod(fd, 0755) == -1 ||
	    write(fd, text, sizeof text - 1) != (ssize_t)sizeof text - 1)
		exit(1);
	close(fd);
}

static void
add(const char *channel, uid_t uid, gid_t gid)
{
	struct plan_spawn *p = &plan.spawns[plan.nspawns++];

	snprintf(p->channel, sizeof p->channel, "%s", channel);
	p->user = (struct proc_user){ uid, gid };
}

static int32_t
start(const char *channel)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock) == -1)
		exit(1);
	return spawner_start(&s, channel, sock[1], record, -1);
}

static void
refused(const char *channel, int error, const char *what)
{
	int32_t id = start(channel);

	ok(id == -1 && errno == error, what);
	close(sock[0]);
	close(sock[1]);
}

/* Waits for an end; its number, or 0. */
static int32_t
ended(int *status_r)
{
	int64_t deadline = clock_ms() + PATIENCE_MS;
	struct spawn_end e;

	while (clock_ms() < deadline) {
		if (spawner_ended(&s, &e)) {
			*status_r = e.status;
			return e.id;
		}
		usleep(1000);
	}
	return 0;
}

static void
asked(void)
{
	int32_t one, two;
	int status;

	refused("", EPERM, "no channel");
	refused("none", EPERM, "one that has no pipe-user");
	refused("root", EPERM, "root, whatever the plan says");
	refused("wheel", EPERM, "nor root's group");
	ok(spawner_start(&s, "pipe", record, record, -1) == -1 &&
	    errno == EINVAL, "no socket, no program");
	one = start("pipe");
	close(sock[1]);
	ok(one > 0 && spawner_alive(&s, one), "the one that may be had runs");
	two = sock[0];
	ok(!spawner_alive(&s, one + 1), "another does not");
	spawner_kill(&s, one + 1);
	spawner_kill(&s, (int32_t)getpid());
	spawner_kill(&s, -1);
	ok(spawner_alive(&s, one), "what it did not start it does not kill");
	close(two);
	num(ended(&status), one, "it ends with its socket");
	num(status, 0, "in good order");
	ok(!spawner_alive(&s, one), "and is known no more");
	two = start("pipe");
	close(sock[1]);
	ok(two > one, "a number is never used again");
	spawner_kill(&s, two);
	num(ended(&status), two, "killed");
	num(status, SIGKILL, "by force");
	close(sock[0]);
}

int
main(void)
{
	char path[SCRATCH_PATH], name[SCRATCH_PATH + 10];
	int dir = scratch_open(path);

	spawner_init(&s);
	ok(!spawner_is(&s), "none yet");
	ok(spawner_start(&s, "pipe", 0, 0, -1) == -1, "which gives nothing");
	record = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (dir == -1 || record == -1)
		return 1;
	program(dir);
	snprintf(plan.program_directory, sizeof plan.program_directory, "%s",
	    path);
	add("pipe", OTHER, OTHER);
	add("root", 0, OTHER);
	add("wheel", OTHER, 0);
	if (geteuid() != 0)
		skip("needs root");
	else if (ok(spawner_open(&s, &options, &plan, record, -1) == 0,
	    "a spawner"))
		asked();
	spawner_close(&s);
	ok(!spawner_is(&s), "closed");
	snprintf(name, sizeof name, "%s/ch_pipe", path);
	unlink(name);
	rmdir(path);
	close(dir);
	return done();
}
