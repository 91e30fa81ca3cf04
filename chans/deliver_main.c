/*
 * deliver - takes entries from the queue and has channel programs deliver
 * them.  Started as root it becomes the submit user before it opens anything
 * of the queue.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "chans/deliver.h"
#include "lib/clock.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/priv.h"

static _Noreturn void
usage(void)
{
	fputs("usage: deliver [-doq] [-C file] [-L program-directory]\n",
	    stderr);
	exit(EX_USAGE);
}

static void
options(struct deliver *v, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "dC:L:oq")) != -1) {
		switch (c) {
		case 'd':
			v->debug = true;
			break;
		case 'C':
			v->options.file = optarg;
			break;
		case 'L':
			v->options.programs = optarg;
			break;
		case 'o':
			v->d.once = true;
			break;
		case 'q':
			v->obey = true;
			break;
		default:
			usage();
		}
	}
	if (optind != argc || (v->obey && (v->d.once ||
	    !fd_is_socket(STDIN_FILENO, NULL, NULL))))
		usage();
}

#define FILES_MOST 4096
#define FILES_SPARE 256		/* channel programs, folders, the log */

/*
 * Whoever accepts mail comes first; nobody waits for a mailbox.  Linux weighs
 * whole sessions against each other before it looks at nice values (autogroup,
 * where the kernel has it), so one of our own is told, too.
 */
static void
be_nice(int value)
{
	char text[16];
	int fd, n;

	if (value <= getpriority(PRIO_PROCESS, 0))
		return;
	if (setpriority(PRIO_PROCESS, 0, value) == -1)
		log_note(LEVEL_WARNING, "delivery-nice: %s", strerror(errno));
	if (getsid(0) != getpid())
		return;
	fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		return;
	n = snprintf(text, sizeof text, "%d", value);
	if (write(fd, text, (size_t)n) != n)
		log_note(LEVEL_INFO, "autogroup: %s", strerror(errno));
	close(fd);
}

static void
confine(struct deliver *v)
{
	const struct proc_user *u = &v->plan.users[PLAN_SUBMIT];
	struct rlimit files;

	if (geteuid() == 0 && u->uid != 0 &&
	    priv_drop(u->uid, u->gid) == -1)
		fatal(EX_OSERR, "cannot become user %u", (unsigned)u->uid);
	umask(077);
	if (getrlimit(RLIMIT_NOFILE, &files) == -1 ||
	    priv_limit(RLIMIT_NOFILE, files.rlim_max < FILES_MOST ?
	    (long)files.rlim_max : FILES_MOST) == -1 ||
	    priv_limit(RLIMIT_CORE, 0) == -1 || priv_no_new() == -1)
		fatal(EX_OSERR, "cannot give up privileges");
	v->d.most = PASS_ACTIVE;
	if (files.rlim_max < 2 * PASS_ACTIVE + FILES_SPARE)
		v->d.most = files.rlim_max > FILES_SPARE + 16 ?
		    (files.rlim_max - FILES_SPARE) / 2 : 8;
}

/* Before we give up the right to make names in run-directory. */
static void
listen_for_orders(struct deliver *v)
{
	const struct proc_user *u = &v->plan.users[PLAN_SUBMIT];

	ear_init(&v->ear);
	if (!v->d.once && !v->obey && ear_open(&v->ear,
	    v->conf->server.v.run_directory, u->uid, u->gid) == -1 &&
	    errno != EADDRINUSE)
		log_note(LEVEL_WARNING, "%s/%s: %s; nobody can ask us for "
		    "anything", v->conf->server.v.run_directory,
		    CONTROL_SOCKET, strerror(errno));
}

/* Who has no channel for it keeps no root. */
static void
keep_spawner(struct deliver *v)
{
	struct spawner *s = &v->d.channels.spawner;

	spawner_init(s);
	if (geteuid() == 0 && v->plan.nspawns > 0 && !v->obey &&
	    spawner_open(s, &v->options, &v->plan, v->record,
	    v->log_fd) == -1)
		fatal(EX_OSERR, "spawner: %s", strerror(errno));
}

int
main(int argc, char **argv)
{
	struct deliver v = { .log_fd = -1, .record = -1,
	    .d.channels.log_fd = -1 };
	char why[2048];
	int code;

	if (fd_standard() == -1)
		return EX_OSERR;
	log_open("deliver", -1, LEVEL_INFO);
	options(&v, argc, argv);
	if (deliver_configure(&v, &code) == -1)
		return code;
	deliver_log(&v);
	be_nice((int)v.conf->server.v.delivery_nice);
	listen_for_orders(&v);
	keep_spawner(&v);
	confine(&v);
	v.d.started = clock_wall_us();
	if (depot_open(&v.d.depot, v.conf->server.v.spool_directory,
	    why, sizeof why) == -1)
		fatal(EX_TEMPFAIL, "%s", why);
	v.d.agenda = agenda_new();
	v.d.channels.alive_fd = v.d.depot.alive;
	v.d.depot.feed.found = deliver_found;
	v.d.depot.feed.ctx = &v;
	pass_init(&v.d);
	deliver_settings(&v);
	code = v.obey ? deliver_obey(&v) : deliver_run(&v);
	pass_free(&v.d);
	agenda_free(v.d.agenda);
	depot_close(&v.d.depot);
	conf_free(v.conf);
	close(v.record);
	return code;
}
