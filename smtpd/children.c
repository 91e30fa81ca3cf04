/*
 * children - the programs that smtpd starts and starts again.
 *
 * What each finds on which descriptor is in ARCHITECTURE.md, "Descriptors".
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "smtpd/children.h"

#define PAUSE_MOST 5000		/* ms between two tries to start a child */

struct kind {
	const char *name;
	const char *program;
	enum plan_user user;
};

static const struct kind kinds[CHILD_COUNT] = {
	[CHILD_LOGGER] = { "logger", "logger", PLAN_LOGGER },
	[CHILD_LOOKUP] = { "lookup", "lookup", PLAN_LOOKUP },
	[CHILD_SUBMIT] = { "submit", "submit", PLAN_SUBMIT },
	[CHILD_AUTH] = { "authsrvr", "authsrvr", PLAN_AUTH },
	/* The template drops privileges itself: it makes its jail first. */
	[CHILD_TEMPLATE] = { "template", "smtpsrvr", PLAN_USERS },
	[CHILD_NEXT] = { "template", "smtpsrvr", PLAN_USERS },
};

const char *
child_text(enum child_name name)
{
	return kinds[name].name;
}

static int
give(int fds[11], enum child_name name, const struct kit *k, int control)
{
	int n = 6;

	fds[0] = fds[1] = -1;
	fds[2] = 2;
	fds[3] = k->record;
	fds[4] = control;
	fds[5] = name == CHILD_LOGGER ? k->inner->log_take :
	    k->inner->log_send;
	if (name == CHILD_LOGGER)
		fds[n++] = k->inner->log;
	if (name == CHILD_LOOKUP)
		fds[n++] = k->inner->lookup;
	if (name == CHILD_SUBMIT) {
		fds[n++] = k->rows;
		fds[n++] = k->inner->submit;
		fds[n++] = k->inner->local;
		fds[n++] = k->counts_write;
		fds[n++] = k->receipts;
	}
	if (name == CHILD_AUTH) {
		fds[n++] = k->inner->auth;
		fds[n++] = k->rows;
		fds[n++] = k->receipts;
		fds[n++] = k->logins;
	}
	if (name >= CHILD_TEMPLATE)
		fds[n++] = k->counts_read;
	return n;
}

static int
program(char *path, size_t size, enum child_name name, const struct kit *k)
{
	int n;

	if (name >= CHILD_TEMPLATE && k->smtpsrvr != NULL)
		n = snprintf(path, size, "%s", k->smtpsrvr);
	else
		n = snprintf(path, size, "%s/%s", k->plan->program_directory,
		    kinds[name].program);
	if (n >= (int)size) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

int
child_start(struct child *c, enum child_name name, const struct kit *k)
{
	struct proc_user user = { (uid_t)-1, (gid_t)-1 };
	char path[PATH_MAX], argv0[16], t[] = "-T", d[] = "-d";
	char *argv[4] = { argv0 };
	int fds[11], pair[2], n = 1;

	child_release(c);
	if (program(path, sizeof path, name, k) != 0)
		return -1;
	snprintf(argv0, sizeof argv0, "%s", kinds[name].program);
	if (name >= CHILD_TEMPLATE)
		argv[n++] = t;
	if (name == CHILD_LOGGER && k->debug)
		argv[n++] = d;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	if (geteuid() == 0 && kinds[name].user < PLAN_USERS)
		user = k->plan->users[kinds[name].user];
	c->pid = proc_start(path, argv, fds, give(fds, name, k, pair[1]),
	    &user);
	close(pair[1]);
	if (c->pid < 0) {
		c->pid = 0;
		close(pair[0]);
		return -1;
	}
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	c->control = pair[0];
	c->ready = false;
	c->since = clock_ms();
	c->again = 0;
	return 0;
}

void
child_release(struct child *c)
{
	if (c->control >= 0)
		close(c->control);
	c->control = -1;
}

void
child_watch(struct child *c, enum child_name name, int64_t now, int64_t most)
{
	if (c->pid <= 0 || c->ready || now - c->since <= most)
		return;
	log_note(LEVEL_ERROR, "%s does not become ready", kinds[name].name);
	kill(c->pid, SIGKILL);
	c->since = now;
}

void
child_ended(struct child *c, enum child_name name, int status)
{
	struct logline l;
	char end[40];
	int64_t pause;

	/* One that was ready did not fail to start: only a breath for it. */
	if (c->ready) {
		c->failures = 0;
		pause = clock_ms() - c->since > 1000 ? 0 : 100;
	} else {
		pause = 100LL << (c->failures < 6 ? c->failures : 6);
		c->failures++;
	}
	if (pause > PAUSE_MOST)
		pause = PAUSE_MOST;
	log_begin(&l, LEVEL_ERROR, "child-ended");
	log_word(&l, "program", kinds[name].name);
	log_num(&l, "pid", c->pid);
	log_text(&l, "end", proc_end(status, end, sizeof end));
	log_num(&l, "again-ms", pause);
	log_end(&l);
	child_release(c);
	c->pid = 0;
	c->ready = false;
	c->again = clock_ms() + pause;
}
