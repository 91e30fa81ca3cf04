/*
 * cmd_start - inlet start --foreground: smtpd and deliver together, for
 * people and containers.
 *
 * Listens to nothing itself and holds no state but two process ids: if it is
 * process 1 of a container it also reaps whatever is left to it.  A service
 * manager's sockets are handed to smtpd, each time that it is started, and the
 * manager hears when we serve.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/text.h"
#include "tools/command.h"
#include "tools/configured.h"
#include "tools/keep.h"
#include "tools/manager.h"

#define ARGUMENTS 16
#define LOOK_MS 20		/* for the first sign that smtpd serves */

struct keeper {
	struct kept_program smtpd, deliver;
	const char *smtpd_args[ARGUMENTS], *deliver_args[ARGUMENTS];
	char *smtpd_argv[ARGUMENTS], *deliver_argv[ARGUMENTS];
	char smtpd_path[PATH_MAX], deliver_path[PATH_MAX];
	char pidfile[PLAN_PATH + 16];
	bool served;		/* smtpd did, at least once */
	bool stopping;
	bool over;		/* smtpd could not start at all */
	int code;
};

static void
add(const char **argv, int *n, const char *flag, const char *value)
{
	if (value == NULL)
		return;
	argv[(*n)++] = flag;
	argv[(*n)++] = value;
}

/* Options that both have. */
static int
common(const char **argv, const char *name, const struct request *r)
{
	int n = 0;

	argv[n++] = name;
	if (r->debug)
		argv[n++] = "-d";
	add(argv, &n, "-C", r->tailor.file);
	add(argv, &n, "-L", r->tailor.programs);
	return n;
}

static void
arguments(struct keeper *k, const struct request *r)
{
	int n = common(k->smtpd_args, "smtpd", r);

	if (r->tailor.finicky)
		k->smtpd_args[n++] = "-f";
	add(k->smtpd_args, &n, "-n", r->tailor.most);
	add(k->smtpd_args, &n, "-p", r->tailor.port);
	k->smtpd_args[n] = NULL;
	n = common(k->deliver_args, "deliver", r);
	k->deliver_args[n] = NULL;
	/* execv promises not to write through its vector. */
	memcpy(k->smtpd_argv, k->smtpd_args, sizeof(k->smtpd_argv));
	memcpy(k->deliver_argv, k->deliver_args, sizeof(k->deliver_argv));
}

static int
prepare(struct keeper *k, const struct request *r, const struct plan *plan)
{
	const char *dir = r->tailor.programs != NULL ? r->tailor.programs :
	    INLET_SBIN;
	int a, b;

	a = snprintf(k->smtpd_path, sizeof(k->smtpd_path), "%s/smtpd", dir);
	b = snprintf(k->deliver_path, sizeof(k->deliver_path), "%s/deliver",
	    dir);
	if (a >= PATH_MAX || b >= PATH_MAX)
		return -1;
	snprintf(k->pidfile, sizeof(k->pidfile), "%s/smtpd.pid",
	    plan->run_directory);
	arguments(k, r);
	k->smtpd = (struct kept_program){ .name = "smtpd",
	    .path = k->smtpd_path, .argv = k->smtpd_argv,
	    .sockets = manager_sockets() };
	k->deliver = (struct kept_program){ .name = "deliver",
	    .path = k->deliver_path, .argv = k->deliver_argv,
	    .again = CLOCK_NEVER };
	return 0;
}

/* smtpd writes its process id when all of its children are ready. */
static bool
serving(const struct keeper *k)
{
	char text[32] = "";
	int64_t pid = 0;
	FILE *f = fopen(k->pidfile, "re");

	if (f == NULL)
		return false;
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '\0';
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	return text_number(text, 1, INT32_MAX, &pid) == 0 &&
	    pid == k->smtpd.pid;
}

static void
stop(struct keeper *k)
{
	k->stopping = true;
	manager_tell("STOPPING=1");
	k->smtpd.again = k->deliver.again = CLOCK_NEVER;
	keep_signal(&k->smtpd, SIGTERM);
	keep_signal(&k->deliver, SIGTERM);
}

static void
ended(struct keeper *k, struct kept_program *p, int status)
{
	char text[64];

	if (k->stopping) {
		p->pid = 0;
		if (status != 0)
			log_note(LEVEL_WARNING, "%s ended (%s)", p->name,
			    proc_end(status, text, sizeof(text)));
		return;
	}
	if (p == &k->smtpd && !k->served && !serving(k)) {
		/* It has said why; trying again would not help. */
		p->pid = 0;
		k->code = WIFEXITED(status) && WEXITSTATUS(status) != 0 ?
		    WEXITSTATUS(status) : EX_SOFTWARE;
		stop(k);
		return;
	}
	keep_ended(p, status);
}

/* Also children that are ours only because their parent is gone. */
static void
reap(struct keeper *k)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == k->smtpd.pid)
			ended(k, &k->smtpd, status);
		else if (pid == k->deliver.pid)
			ended(k, &k->deliver, status);
	}
}

/* What is due now; gives how long nothing else is, in milliseconds. */
static int
work(struct keeper *k)
{
	int64_t next = CLOCK_NEVER, now = clock_ms();

	if (!k->served && k->smtpd.pid > 0) {
		k->served = serving(k);
		if (k->served) {
			k->deliver.again = now;
			manager_tell("READY=1");
		} else {
			next = now + LOOK_MS;
		}
	}
	if (k->smtpd.again <= now)
		keep_start(&k->smtpd);
	if (k->deliver.again <= now)
		keep_start(&k->deliver);
	if (k->smtpd.again < next)
		next = k->smtpd.again;
	if (k->deliver.again < next)
		next = k->deliver.again;
	return clock_left(next);
}

static void
on_signal(struct keeper *k, int sig)
{
	switch (sig) {
	case SIGHUP:
		keep_signal(&k->smtpd, SIGHUP);
		keep_signal(&k->deliver, SIGHUP);
		break;
	case SIGTERM:
	case SIGINT:
		stop(k);
		break;
	default:
		break;	/* SIGCHLD: reap() comes anyway */
	}
}

static void
run(struct keeper *k, const sigset_t *set)
{
	keep_start(&k->smtpd);
	while (!k->stopping || k->smtpd.pid > 0 || k->deliver.pid > 0) {
		int left = k->stopping ? -1 : work(k), sig;
		struct timespec t = { left / 1000, left % 1000 * 1000000L };

		sig = left < 0 ? sigwaitinfo(set, NULL) :
		    sigtimedwait(set, NULL, &t);
		if (sig > 0)
			on_signal(k, sig);
		reap(k);
	}
}

int
cmd_start(const struct request *r)
{
	struct keeper k = { .served = false };
	struct configured c;
	sigset_t set;
	int code;

	if (!r->foreground) {
		fputs("inlet start: it runs in the foreground only; say so "
		    "with --foreground\n", stderr);
		return EX_USAGE;
	}
	/* Mistakes are told here, once; each program reads it for itself. */
	code = configured_open(&c, &r->tailor);
	if (code != EX_OK)
		return code;
	code = prepare(&k, r, &c.plan);
	configured_close(&c);
	if (code != 0)
		return EX_USAGE;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return EX_OSERR;
	run(&k, &set);
	return k.code;
}
