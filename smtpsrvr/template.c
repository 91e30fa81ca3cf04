/*
 * template - the process that sessions are forked from.
 *
 * Runs as the session user, confined, with settings and tables loaded.  It
 * reads no byte of a client.  It never reloads: smtpd starts a new one.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/plan.h"
#include "lib/xalloc.h"
#include "lib/priv.h"
#include "smtpsrvr/sandbox.h"
#include "smtpsrvr/securing.h"
#include "smtpsrvr/session.h"
#include "smtpsrvr/template.h"

enum { FD_RECORD = 3, FD_SMTPD = 4, FD_LOG = 5, FD_COUNTS = 6 };

#define REAP_MS 50		/* how soon a crash is noticed */

struct template {
	struct server server;
	struct sandbox sandbox;
	struct plan plan;
	char jail[PLAN_PATH + 8];
	struct keysrvr keys;
	int alive;		/* sessions not reaped */
	struct session *session;	/* used by the child alone */
};

/* Where the filter of sessions protects it. */
static int
shared_log(void)
{
	int fd = fcntl(FD_LOG, F_DUPFD_CLOEXEC, PRIV_SHARED);

	if (fd < 0)
		fatal(EX_OSERR, "fcntl: %s", strerror(errno));
	close(FD_LOG);
	return fd;
}

/* A line each to whoever started us, and to the log. */
static void
no_tables(const char *why)
{
	const int logs[] = { -1, FD_LOG };
	const char *p, *end;

	for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
		log_open("smtpsrvr", logs[i], LEVEL_INFO);
		for (p = why; *p != '\0'; p = end + (*end != '\0')) {
			end = p + strcspn(p, "\n");
			log_note(LEVEL_ERROR, "%.*s", (int)(end - p), p);
		}
	}
	exit(EX_CONFIG);
}

/* Only where there are certificates; before we can open nothing more. */
static void
load_tls(struct template *t, const struct conf *c)
{
	struct buf why;

	if (c->server.v.certificates.n == 0)
		return;
	buf_init(&why, 4096);
	t->server.tls = securing_begin(c, &t->plan, t->jail, FD_RECORD,
	    FD_LOG, &t->keys, &why);
	if (t->server.tls == NULL)
		no_tables(buf_str(&why));
	buf_free(&why);
}

static void
load(struct template *t, char *const argv[])
{
	struct conf *c;
	struct buf why;

	if (plan_read(FD_RECORD, &t->plan) != 0)
		fatal(EX_OSERR, "no plan");
	c = conf_from_fd(FD_RECORD, (int64_t)t->plan.conf_at);
	if (c == NULL)
		fatal(EX_OSERR, "no configuration record");
	securing_program(c, &t->plan, argv);
	buf_init(&why, 4096);
	if (server_init(&t->server, c, &why) != 0)
		no_tables(buf_str(&why));
	buf_free(&why);
	t->server.counts = counts_open(FD_COUNTS, false);
	if (t->server.counts == NULL)
		fatal(EX_OSERR, "no table of counters");
	snprintf(t->jail, sizeof t->jail, "%s/jail", t->plan.run_directory);
	load_tls(t, c);
	tzset();
	close(FD_RECORD);
	close(FD_COUNTS);
}

static void
confine(struct template *t)
{
	if (sandbox_template(&t->sandbox, SANDBOX_ALL, t->jail,
	    &t->plan.users[PLAN_SESSION]) != 0)
		fatal(EX_OSERR, "cannot be confined: %s", t->sandbox.why);
	if (t->sandbox.missing != 0)
		log_note(LEVEL_WARNING, "sessions are less confined: %s",
		    t->sandbox.why);
	server_reach(&t->server, t->sandbox.jailed ? "" : t->jail);
}

/* In the child.  Nothing of it is anybody else's by now. */
_Noreturn static void
session_child(struct template *t, const struct row_pass *who, int conn,
    int life)
{
	static const struct life_report begun = { .kind = LIFE_BEGUN };

	close(FD_SMTPD);
	if (sandbox_session(&t->sandbox) != 0)
		_exit(EX_OSERR);
	if (life_tell(life, &begun) != 0)
		_exit(EX_OSERR);
	session_init(t->session, &t->server, who, "", conn, conn, life);
	session_run(t->session);
	_exit(EX_OK);
}

static void
crashed(int status)
{
	struct logline l;
	char end[40];

	log_begin(&l, LEVEL_ERROR, "session-crashed");
	log_text(&l, "end", proc_end(status, end, sizeof end));
	log_end(&l);
	/* What an attacker may have learnt is worth nothing in a new one. */
	(void)!send(FD_SMTPD, "C", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
reap(struct template *t)
{
	int status;
	pid_t pid;

	while ((t->alive > 0 || t->keys.pid > 0) &&
	    (pid = waitpid(-1, &status, WNOHANG)) > 0) {
		/* smtpd starts another template, which starts another. */
		if (pid == t->keys.pid)
			fatal(EX_TEMPFAIL, "keysrvr ended");
		t->alive--;
		if (WIFSIGNALED(status))
			crashed(status);
	}
}

static void
begin(struct template *t, struct row_pass *who, int conn, int life)
{
	pid_t pid = proc_fork();

	if (pid == 0)
		session_child(t, who, conn, life);
	/* Without a begun on it, smtpd answers the client itself. */
	close(conn);
	close(life);
	explicit_bzero(who, sizeof *who);
	if (pid < 0)
		log_note(LEVEL_ERROR, "fork: %s", strerror(errno));
	else
		t->alive++;
}

/* 1 after a connection, 0 when there is none now, -1 at the end. */
static int
take(struct template *t)
{
	struct row_pass who;
	int fds[FD_PASS_MAX], n = FD_PASS_MAX;
	ssize_t got = fd_take(FD_SMTPD, &who, sizeof who, fds, &n,
	    MSG_DONTWAIT);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got == (ssize_t)sizeof who && n == 2) {
		begin(t, &who, fds[0], fds[1]);
		return 1;
	}
	while (n > 0)
		close(fds[--n]);
	return -1;
}

int
template_run(char *const argv[])
{
	struct template *t = xcalloc(1, sizeof *t);
	struct pollfd p[2] = { { FD_SMTPD, POLLIN, 0 }, { -1, 0, 0 } };
	int got = 0, log;

	t->session = xcalloc(1, sizeof *t->session);
	load(t, argv);
	log = shared_log();
	/* Confined, we could not write to a file on standard error. */
	log_open("smtpsrvr", log, LEVEL_INFO);
	if (t->server.tls != NULL)
		securing_tell(t->server.tls, t->server.conf, &t->plan);
	confine(t);
	log_level_set((enum log_level)t->server.conf->server.v.log_level);
	if (send(FD_SMTPD, "R", 1, MSG_NOSIGNAL) != 1)
		return EX_OSERR;
	if (t->keys.pid > 0)
		p[1].fd = t->keys.control;
	while (got >= 0) {
		poll(p, 2, t->alive > 0 ? REAP_MS : -1);
		while ((got = take(t)) > 0)
			;
		reap(t);
	}
	return EX_OK;
}
