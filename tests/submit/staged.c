/*
 * staged - starts a submit as smtpd or a session would.
 *
 *	staged SPOOL RUN PEER [NAME=VALUE ...] [TO=FROM ...] -- PROGRAM ...
 *
 * Makes the descriptors 3 (configuration record), 6 (session table) and 9
 * (table of counters; not with -c), and TO of FROM (two numbers), which the
 * caller left open for it.
 */
#include "config.h"

#include <sys/mman.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/fdio.h"
#include "lib/plan.h"
#include "lib/receipt.h"
#include "lib/text.h"
#include "tests/submit/stage.h"

#define MOST 11

static int
make_record(const struct conf *c)
{
	struct plan p = {
		.conf_at = sizeof(p), .sections = { { .most = 20 } },
		.max_share = 100, .half_life_ms = 1, .counter_rows = 1,
		.prefix4 = 24,
		.prefix6 = 64, .backlog = 1, .template_connections = 1,
		.template_age_ms = 1000, .start_ms = 1000,
		.nsockets = 1,
		.sockets = { { .at = { .family = 4 } } },
		.users = { { (uid_t)-1, (gid_t)-1 }, { (uid_t)-1, (gid_t)-1 },
		    { (uid_t)-1, (gid_t)-1 }, { (uid_t)-1, (gid_t)-1 } }
	};
	int fd = memfd_create("record", MFD_CLOEXEC);
	struct buf b;
	int result;

	buf_init(&b, 1024 * 1024);
	result = conf_pack(c, &b);
	p.conf_len = b.len;
	if (result == 0 && fd != -1 && (plan_write(fd, &p) != 0 ||
	    fd_pwrite(fd, b.p, b.len, (off_t)p.conf_at) != 0))
		result = -1;
	buf_free(&b);
	return result == 0 ? fd : -1;
}

/* moved[TO] is where FROM is now, out of the way of the others. */
static void
set_aside(int moved[MOST], const char *assignment)
{
	int to = assignment[0] - '0';
	int64_t from;

	if (to < MOST && assignment[1] == '=' &&
	    text_number(assignment + 2, 0, 10000, &from) == 0)
		moved[to] = fcntl((int)from, F_DUPFD, 100);
}

int
main(int argc, char **argv)
{
	int at = 4, moved[MOST] = { 0 }, fd, reader;
	struct conf *c;
	bool child;

	if (argc < 6)
		return 64;
	c = stage_conf(argv[1], argv[2]);
	for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
		if (argv[at][0] >= '0' && argv[at][0] <= '9')
			set_aside(moved, argv[at]);
		else
			stage_set(c, argv[at]);
	}
	child = argc > at + 2 && strcmp(argv[at + 2], "-c") == 0;
	if (at + 1 >= argc || (fd = make_record(c)) == -1)
		return 70;
	moved[3] = fcntl(fd, F_DUPFD, 100);
	stage_rows(argv[3], &fd);
	moved[6] = fcntl(fd, F_DUPFD, 100);
	if (!child) {
		if (counts_make("counts", COUNTS_LEAST, &fd, &reader) != 0)
			return 70;
		moved[9] = fcntl(fd, F_DUPFD, 100);
	}
	moved[10] = fcntl(receipt_key_make(), F_DUPFD, 100);
	for (int i = 0; i < MOST; i++) {
		if (moved[i] != 0 && dup2(moved[i], i) != i)
			return 71;
		if (moved[i] == 0 && i > STDERR_FILENO)
			close(i);
	}
	fd_close_from(MOST);
	execv(argv[at + 1], argv + at + 1);
	perror(argv[at + 1]);
	return 72;
}
