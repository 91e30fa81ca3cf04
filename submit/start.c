/*
 * start - see start.h.
 */
#include "config.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/plan.h"
#include "lib/priv.h"
#include "submit/start.h"

enum { FD_CALLER = 0, FD_RECORD = 3, FD_CONTROL = 4, FD_LOG = 5, FD_ROWS = 6,
	FD_JAIL = 7, FD_USERS = 8, FD_COUNTS = 9, FD_RECEIPTS = 10,
	FD_FIRST_CLOSED = 11 };

#define START_SPARE_FILES 64	/* beside two for each caller */
#define START_ASK_SPARE_MS 1000	/* lookup keeps its own deadline */

static void
ignore_signals(void)
{
	/* That a file is too large is an answer: EFBIG. */
	static const int signals[] = { SIGPIPE, SIGXFSZ, SIGHUP };
	struct sigaction sa = { .sa_handler = SIG_IGN };

	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (sigaction(signals[i], &sa, NULL) != 0)
			fatal(EX_OSERR, "sigaction: %s", strerror(errno));
}

static void
open_log(void)
{
	int sock = fd_is_socket(FD_LOG, NULL, NULL) ? FD_LOG : -1;

	log_open("submit", sock, LEVEL_INFO);
}

/* Where no smtpd dropped for us. */
static void
drop(const struct plan *p)
{
	const struct proc_user *u = &p->users[PLAN_SUBMIT];

	if (geteuid() != 0 || u->uid == (uid_t)-1 || u->uid == 0)
		return;
	if (priv_drop(u->uid, u->gid) != 0)
		fatal(EX_OSERR, "cannot become uid %u", (unsigned)u->uid);
}

static void
open_record(struct desk *k)
{
	struct plan p;

	if (plan_read(FD_RECORD, &p) != 0)
		fatal(EX_CONFIG, "descriptor 3 has no configuration record");
	drop(&p);
	k->conf = conf_from_fd(FD_RECORD, (int64_t)p.conf_at);
	if (k->conf == NULL)
		fatal(EX_CONFIG, "the configuration record is damaged");
	log_level_set((enum log_level)k->conf->server.v.log_level);
}

static void
open_rights(struct desk *k)
{
	uint32_t nrows = 0;
	const struct row *rows = rows_map(FD_ROWS, &nrows);
	struct buf why;

	buf_init(&why, 1024);
	if (rows == NULL)
		fatal(EX_OSERR, "descriptor 6 has no session table");
	if (rights_init(&k->rights, k->conf, rows, nrows, &why) != 0)
		fatal(EX_CONFIG, "%s", buf_str(&why));
	buf_free(&why);
	if (receipt_key_read(FD_RECEIPTS, k->rights.key) != 0)
		fatal(EX_OSERR, "descriptor 10 has no key of receipts");
	k->rights.receipts = true;
}

/*
 * Whoever waits at a door of a submit that cannot start hears so at once, and
 * tells its client to come again, instead of keeping it waiting.
 */
static void
turn_away(void)
{
	static const int doors[] = { FD_JAIL, FD_USERS };
	int fd;

	for (size_t i = 0; i < ARRAY_LEN(doors); i++)
		while ((fd = accept4(doors[i], NULL, NULL, SOCK_CLOEXEC)) >= 0)
			close(fd);
}

static void
open_spool(struct desk *k, bool child)
{
	const struct settings *v = &k->conf->server.v;
	const char *doubt;
	struct buf why;

	buf_init(&why, 1024);
	if (spool_open(&k->spool, v->spool_directory, &why) != 0) {
		if (!child)
			turn_away();
		fatal(EX_CONFIG, "spool-directory %s: %s",
		    v->spool_directory, buf_str(&why));
	}
	buf_free(&why);
	doubt = spool_doubt(&k->spool);
	if (doubt != NULL)
		log_note(LEVEL_WARNING, "spool-directory %s: %s",
		    v->spool_directory, doubt);
	if (recover_tmp(&k->spool) == -1)
		fatal(EX_OSERR, "cannot clean %s/tmp: %s",
		    v->spool_directory, strerror(errno));
}

static void
open_tables(struct desk *k, bool child)
{
	struct buf why;

	buf_init(&why, 4096);
	if (site_open(&k->site, k->conf, &why) != 0) {
		if (!child)
			turn_away();
		fatal(EX_CONFIG, "%s", buf_str(&why));
	}
	buf_free(&why);
	enquirer_init(&k->enquirer);
	site_resolve(&k->site, &k->enquirer.r);
	wrapwatch_init(&k->rules, k->conf);
}

/* Others see it, and a submit after us goes on with it. */
static void
open_counts(struct desk *k)
{
	k->counts = counts_open(FD_COUNTS, true);
	if (k->counts == NULL)
		fatal(EX_OSERR, "descriptor 9 has no table of counters");
	close(FD_COUNTS);
}

/* So many callers as there can be descriptors for. */
static int
most_callers(const struct desk *k)
{
	int64_t most = k->conf->server.v.max_connections;
	struct rlimit l;

	if (most < (int64_t)k->rights.nrows)
		most = k->rights.nrows;
	most = 2 * most + START_SPARE_FILES;
	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_max != RLIM_INFINITY &&
	    2 * most + START_SPARE_FILES > (int64_t)l.rlim_max)
		most = ((int64_t)l.rlim_max - START_SPARE_FILES) / 2;
	return most < 1 ? 1 : (int)most;
}

static void
stop_blocking(int listening)
{
	int flags = fcntl(listening, F_GETFL);

	if (flags == -1 || fcntl(listening, F_SETFL, flags | O_NONBLOCK) != 0)
		fatal(EX_OSERR, "descriptor %d: %s", listening,
		    strerror(errno));
}

void
start_open(struct desk *k, bool child, struct server_plan *plan_r)
{
	if (fd_standard() != 0)
		_exit(EX_OSERR);
	open_log();
	fd_close_from(FD_FIRST_CLOSED);
	umask(077);
	tzset();
	ignore_signals();
	open_record(k);
	if (chdir("/") != 0)
		fatal(EX_OSERR, "chdir: %s", strerror(errno));
	if (!child) {
		stop_blocking(FD_JAIL);
		stop_blocking(FD_USERS);
	}
	open_rights(k);
	if (!child)
		open_counts(k);
	open_tables(k, child);
	open_spool(k, child);
	trace_source_init(&k->ids);
	*plan_r = (struct server_plan){
		.control = child ? -1 : FD_CONTROL,
		.jail = child ? -1 : FD_JAIL,
		.users = child ? -1 : FD_USERS,
		.caller = child ? FD_CALLER : -1,
		.most = child ? 1 : most_callers(k),
		.ask_ms = k->conf->server.v.dns_timeout + START_ASK_SPARE_MS,
		.commit_delay = k->conf->server.v.commit_delay
	};
	snprintf(plan_r->lookup, sizeof(plan_r->lookup), "%s/jail/lookup",
	    k->conf->server.v.run_directory);
	snprintf(plan_r->deliver, sizeof(plan_r->deliver), "%s/%s",
	    k->conf->server.v.run_directory, CONTROL_SOCKET);
}

void
start_room(struct desk *k)
{
	const struct settings *v = &k->conf->server.v;

	room_init(&k->room, k->spool.queue, v->min_free_space,
	    v->min_free_inodes, k->counts);
	strain_init(&k->strain, v, k->rights.rows, k->rights.nrows,
	    k->counts);
}

struct journal *
start_journal(struct desk *k)
{
	const struct settings *v = &k->conf->server.v;

	return journal_open(&k->spool, v->queue_store == QUEUE_JOURNAL ?
	    v->journal_size : 0, v->min_free_space);
}

void
start_confine(const struct server_plan *plan)
{
	if (priv_no_new() != 0 || priv_limit(RLIMIT_CORE, 0) != 0 ||
	    priv_limit(RLIMIT_NOFILE, 2L * plan->most +
	    START_SPARE_FILES) != 0 || priv_filter(&filter_submit) != 0)
		fatal(EX_OSERR, "cannot confine itself: %s", strerror(errno));
}

void
start_ready(const struct server_plan *plan)
{
	if (plan->control != -1 && send(plan->control, "R", 1,
	    MSG_NOSIGNAL) != 1)
		fatal(EX_OSERR, "cannot tell smtpd: %s", strerror(errno));
}
