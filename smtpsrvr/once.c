/*
 * once - one session by exec: smtpsrvr remotehost localhost [channels].
 *
 * Its environment is that of the session: tailor puts it into the record,
 * which a submit of its own has, too.
 *
 * As root it starts a submit and, for AUTH, an authsrvr of its own, and logger
 * and lookup where no resident one answers, then becomes the session user like
 * any session.  As anybody else it needs the resident submit, which must trust
 * that user, and offers no AUTH.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/priv.h"
#include "lib/receipt.h"
#include "lib/tailored.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "smtpsrvr/once.h"
#include "smtpsrvr/sandbox.h"
#include "smtpsrvr/securing.h"
#include "smtpsrvr/session.h"

struct once {
	const struct once_options *o;
	const char *channels;	/* the operand, "" without one */
	struct plan plan;
	int record;
	bool spared;		/* standard error was the client */
	int log;		/* socket to a logger, or -1: standard error */
	int submit;
	int auth;		/* socket to an authsrvr of our own, or -1 */
	struct conf *conf;
	struct server server;
	struct sandbox sandbox;
	struct keysrvr keys;
	struct row_pass who;
	char name[256];		/* a name that a trusted caller gave */
	char jail[PLAN_PATH + 8];
};

/* What the client hears when we cannot even begin. */
static int
sorry(int code)
{
	static const char line[] =
	    "421 4.3.0 Cannot take mail now, try again later\r\n";

	(void)!write(1, line, sizeof line - 1);
	return code;
}

static const char *
run_path(const struct once *x, const char *name)
{
	static char path[PLAN_PATH + 32];

	snprintf(path, sizeof path, "%s/%s", x->plan.run_directory, name);
	return path;
}

static pid_t
start(const struct once *x, const char *name, const char *flag,
    enum plan_user user, const int *fds, int nfds)
{
	char path[PLAN_PATH + 32], argv0[16], argv1[8];
	char *argv[3] = { argv0, flag != NULL ? argv1 : NULL };

	snprintf(path, sizeof path, "%s/%s", x->plan.program_directory, name);
	snprintf(argv0, sizeof argv0, "%s", name);
	snprintf(argv1, sizeof argv1, "%s", flag != NULL ? flag : "");
	return proc_start(path, argv, fds, nfds, &x->plan.users[user]);
}

/*
 * Under inetd standard error is the connection, too: what is wrong with our
 * configuration is nothing for the client.
 */
static bool
spare_client(void)
{
	struct stat in, err;
	int null;

	if (fstat(0, &in) != 0 || fstat(2, &err) != 0 ||
	    !S_ISSOCK(err.st_mode) || in.st_dev != err.st_dev ||
	    in.st_ino != err.st_ino)
		return false;
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (null < 0 || dup2(null, 2) != 2)
		close(2);
	if (null >= 0)
		close(null);
	return true;
}

/* The resident logger's socket; else, or with -d, a logger of our own. */
static int
find_log(const struct once *x)
{
	bool here = x->o->debug && !x->spared && !fd_is_socket(2, NULL, NULL);
	int pair[2], fds[6], on = 1, fd = -1;

	if (!here)
		fd = net_unix_connect(run_path(x, "log"), SOCK_DGRAM);
	if (fd >= 0 || geteuid() != 0)
		return fd;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	/* Before the first line: logger may not have begun by then. */
	(void)setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
	/* So that submit and lookup are heard at standard error, too. */
	memcpy(fds, (int[]){ -1, -1, here ? 2 : -1, x->record, -1, pair[1] },
	    sizeof fds);
	if (start(x, "logger", here ? "-cd" : "-c", PLAN_LOGGER, fds, 6) < 0)
		log_note(LEVEL_ERROR, "logger: %s", strerror(errno));
	close(pair[1]);
	return pair[0];
}

/* submit has it, too: it goes where the session's filter protects it. */
static int
open_log(struct once *x)
{
	int fd = find_log(x);

	if (fd < 0)
		return -1;
	x->log = fcntl(fd, F_DUPFD_CLOEXEC, PRIV_SHARED);
	close(fd);
	return x->log;
}

/*
 * A lookup of our own, at the socket where sessions look for the resident
 * one; it ends when the other end of its control socket does, with us.
 */
static void
ensure_lookup(struct once *x)
{
	const char *path = run_path(x, "jail/lookup");
	int sock = net_unix_connect(path, SOCK_SEQPACKET), pair[2], fds[7];

	if (sock >= 0) {
		close(sock);
		return;
	}
	if (geteuid() != 0)
		return;
	sock = net_unix_bind(path, SOCK_SEQPACKET, 0666);
	if (sock < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
	    pair) != 0) {
		log_note(LEVEL_ERROR, "%s: %s", path, strerror(errno));
		return;
	}
	memcpy(fds, (int[]){ -1, -1, -1, x->record, pair[1], x->log, sock },
	    sizeof fds);
	if (start(x, "lookup", NULL, PLAN_LOOKUP, fds, 7) < 0)
		log_note(LEVEL_ERROR, "lookup: %s", strerror(errno));
	close(pair[1]);
	close(sock);
	/* pair[0] stays open until we end. */
}

/* A session table of one row, ours, for the two that believe it; or -1. */
static int
own_row(const struct once *x)
{
	int fd;
	struct row *row = rows_make(1, &fd);

	if (row == NULL)
		return -1;
	memcpy(row->token, x->who.token, ROWS_TOKEN);
	row->peer = x->who.peer;
	row->local = x->who.local;
	row->listener = x->who.listener;
	atomic_init(&row->counted_listener, x->who.listener);
	row->finicky = x->who.finicky;
	row->since = time(NULL);
	if (text_copy(row->name, sizeof row->name, x->name) != 0 ||
	    text_copy(row->channels, sizeof row->channels,
	    x->channels) != 0)
		return -1;
	atomic_store(&row->serial, x->who.serial);
	return fd;
}

static int
own_submit(const struct once *x, int rows, int receipts)
{
	int pair[2], fds[11];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	memcpy(fds, (int[]){ pair[1], -1, -1, x->record, -1, x->log, rows, -1,
	    -1, -1, receipts }, sizeof fds);
	if (start(x, "submit", "-c", PLAN_SUBMIT, fds, 11) < 0)
		return -1;
	close(pair[1]);
	return pair[0];
}

/* Without it nobody can log in, and the log says so. */
static int
own_auth(const struct once *x, int rows, int receipts)
{
	int pair[2], fds[9];

	if (!x->plan.auth)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	memcpy(fds, (int[]){ pair[1], -1, -1, x->record, -1, x->log, -1, rows,
	    receipts }, sizeof fds);
	if (start(x, "authsrvr", "-c", PLAN_AUTH, fds, 9) < 0)
		log_note(LEVEL_ERROR, "authsrvr: %s", strerror(errno));
	close(pair[1]);
	return pair[0];
}

static int
own_helpers(struct once *x)
{
	int rows = own_row(x), receipts = receipt_key_make();

	if (rows < 0 || receipts < 0)
		return -1;
	x->submit = own_submit(x, rows, receipts);
	x->auth = own_auth(x, rows, receipts);
	close(rows);
	close(receipts);
	return x->submit < 0 ? -1 : 0;
}

static void
facts(struct once *x)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof ss;
	int one = 1;

	x->who.listener = -1;
	x->who.finicky = x->o->finicky;
	x->who.serial = ((uint64_t)time(NULL) << 20) ^ (uint64_t)getpid();
	if (getrandom(x->who.token, ROWS_TOKEN, 0) != ROWS_TOKEN)
		fatal(EX_OSERR, "getrandom failed");
	if (getpeername(0, (struct sockaddr *)&ss, &len) == 0)
		net_from_sockaddr(&x->who.peer, (struct sockaddr *)&ss);
	len = sizeof ss;
	if (getsockname(0, (struct sockaddr *)&ss, &len) == 0)
		net_from_sockaddr(&x->who.local, (struct sockaddr *)&ss);
	(void)setsockopt(0, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* TCPREMOTEIP and TCPREMOTEPORT, TCPLOCALIP and TCPLOCALPORT. */
static bool
believe_variables(const char *ip, const char *port, struct netaddr *a_r)
{
	const char *address = getenv(ip), *number = getenv(port);
	int64_t n;

	if (address == NULL || net_parse(address, a_r) != 0)
		return false;
	if (number != NULL && text_number(number, 1, 65535, &n) == 0)
		a_r->port = (uint16_t)n;
	return true;
}

/*
 * Without a network socket, as behind a program between tcpserver and us, the
 * argument counts, and what tcpserver left in the environment; from root.
 */
static void
believe_caller(struct once *x)
{
	if (x->who.peer.family != 0 || geteuid() != 0)
		return;
	(void)believe_variables("TCPLOCALIP", "TCPLOCALPORT", &x->who.local);
	if (net_parse(x->o->remote, &x->who.peer) == 0 ||
	    believe_variables("TCPREMOTEIP", "TCPREMOTEPORT", &x->who.peer))
		return;
	if (path_is_domain(x->o->remote, strlen(x->o->remote)) &&
	    text_copy(x->name, sizeof x->name, x->o->remote) == 0)
		text_lower(x->name);
}

static int
load(struct once *x)
{
	struct tailored_options t = { .file = x->o->file,
	    .programs = x->o->programs };
	struct source_list list;
	struct buf why;
	int code;

	x->record = tailored_run(&t, &x->plan, &code);
	if (x->record < 0) {
		log_note(LEVEL_ERROR, "tailor gave no configuration");
		return code;
	}
	x->conf = conf_from_fd(x->record, (int64_t)x->plan.conf_at);
	if (x->conf == NULL)
		return EX_OSERR;
	securing_program(x->conf, &x->plan, x->o->argv);
	if (x->o->channels != NULL && x->channels[0] == '\0') {
		log_note(LEVEL_ERROR, "channels: an empty name");
		return EX_CONFIG;
	}
	x->server.lmtp = x->o->lmtp;
	buf_init(&why, 4096);
	if (server_init(&x->server, x->conf, &why) != 0 ||
	    source_channels(x->conf, -1, x->channels, &list, &why) != 0) {
		log_note(LEVEL_ERROR, "%s", buf_str(&why));
		return EX_CONFIG;
	}
	return 0;
}

/* Who may not read the keys serves without TLS, and the log says so. */
static void
prepare_tls(struct once *x)
{
	struct buf why;

	if (x->conf->server.v.certificates.n == 0 ||
	    !fd_is_socket(0, NULL, NULL))
		return;
	buf_init(&why, 4096);
	x->server.tls = securing_begin(x->conf, &x->plan, x->jail, x->record,
	    x->log, &x->keys, &why);
	if (x->server.tls == NULL)
		log_note(LEVEL_ERROR, "no TLS: %s", buf_str(&why));
	buf_free(&why);
}

static int
connect_submit(struct once *x)
{
	if (geteuid() == 0)
		return own_helpers(x);
	x->submit = net_unix_connect(run_path(x, "submit"), SOCK_STREAM);
	return x->submit < 0 ? -1 : 0;
}

/* What this session says of itself to the submit that it was given. */
static void
introduce(const struct once *x, struct session *s, bool own)
{
	struct sub_hello *h = session_hello(s);

	s->submit = x->submit;
	s->submit_kept = true;
	s->auth = x->auth;
	(void)!text_copy(s->name, sizeof s->name, x->name);
	if (own)
		return;
	h->kind = SUB_DECLARED;
	h->peer = x->who.peer;
	h->local = x->who.local;
	h->listener = -1;
	h->finicky = x->who.finicky;
	h->variables = x->conf->variables;
	(void)!text_copy(h->channels, sizeof h->channels, x->channels);
}

/*
 * By hand, replies or the log may go to files: then only the limit on what
 * may be written to one is left out, and none can be opened all the same.
 */
static int
layers(void)
{
	struct stat st;

	for (int fd = 1; fd <= 2; fd++)
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
			return SANDBOX_ALL & ~SANDBOX_FILES;
	return SANDBOX_ALL;
}

int
once_run(const struct once_options *o)
{
	struct once *x = xcalloc(1, sizeof *x);
	struct session *s = xcalloc(1, sizeof *s);
	bool root = geteuid() == 0;
	int code;

	x->o = o;
	x->channels = o->channels != NULL ? o->channels : "";
	x->log = x->auth = -1;
	/* Whoever started us may have left open what is not ours. */
	fd_close_from(3);
	if (sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_DFL },
	    NULL) != 0)
		return sorry(EX_OSERR);
	x->spared = spare_client();
	facts(x);
	believe_caller(x);
	if ((code = load(x)) != 0)
		return sorry(code);
	snprintf(x->jail, sizeof x->jail, "%s/jail", x->plan.run_directory);
	log_open("smtpsrvr", open_log(x), o->debug ? LEVEL_DEBUG :
	    (enum log_level)x->conf->server.v.log_level);
	/* After a boot nobody but us may have made them. */
	if (root && (net_unix_folder(x->plan.run_directory) != 0 ||
	    net_unix_folder(x->jail) != 0)) {
		log_note(LEVEL_ERROR, "%s: %s", x->jail, strerror(errno));
		return sorry(EX_CANTCREAT);
	}
	ensure_lookup(x);
	prepare_tls(x);
	if (connect_submit(x) != 0) {
		log_note(LEVEL_ERROR, "submit: %s", strerror(errno));
		return sorry(EX_UNAVAILABLE);
	}
	tzset();
	close(x->record);
	if (sandbox_template(&x->sandbox, layers(), x->jail,
	    &x->plan.users[PLAN_SESSION]) != 0 ||
	    sandbox_session(&x->sandbox) != 0) {
		log_note(LEVEL_ERROR, "cannot be confined: %s",
		    x->sandbox.why);
		return sorry(EX_OSERR);
	}
	x->server.auth = x->auth >= 0;
	server_reach(&x->server, x->sandbox.jailed ? "" : x->jail);
	session_init(s, &x->server, &x->who, x->channels, 0, 1, -1);
	introduce(x, s, root);
	if (x->sandbox.missing != 0)
		log_note(LEVEL_WARNING, "the session is less confined: %s",
		    x->sandbox.why);
	session_run(s);
	return EX_OK;
}
