/*
 * t_log - what reaches the logger and standard error, byte for byte.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/log.h"
#include "tests/tap.h"

static int logger, program;
static char got[LOG_LINE + 100];

/* The next datagram, or "" if there is none. */
static const char *
next(void)
{
	ssize_t n = recv(logger, got, sizeof(got) - 1, MSG_DONTWAIT);

	got[n > 0 ? n : 0] = '\0';
	return got;
}

static void
events(void)
{
	struct logline l;

	log_open("prog", program, LEVEL_INFO);
	log_begin(&l, LEVEL_NOTICE, "refuse");
	log_word(&l, "ip", "192.0.2.7");
	log_word(&l, "chan", "a b\n\"c");
	log_word(&l, "none", "");
	log_num(&l, "n", INT64_MIN);
	log_num(&l, "zero", 0);
	log_num(&l, "most", INT64_MAX);
	log_text(&l, "helo", "a b");
	log_end(&l);
	is(next(), "2prog: refuse ip=192.0.2.7 chan=a?b??c none=- "
	    "n=-9223372036854775808 zero=0 most=9223372036854775807 "
	    "helo=\"a b\"", "an event");
	log_begin(&l, LEVEL_INFO, "x");
	log_textn(&l, "t", "\x1b[1m\r\n\0\t\"\\\x7f\xc3\xa4 =~", 16);
	log_end(&l);
	is(next(), "3prog: x t=\"\\x1b[1m\\x0d\\x0a\\x00\\x09\\\"\\\\\\x7f"
	    "\\xc3\\xa4 =~\"", "bytes of a client are escaped");
	log_begin(&l, LEVEL_DEBUG, "x");
	log_text(&l, "t", "u");
	log_word(&l, "w", "v");
	log_num(&l, "n", 1);
	log_end(&l);
	is(next(), "", "a level that is not wanted is not written");
	log_begin_within(&l, LEVEL_DEBUG, LEVEL_DEBUG, "within");
	ok(l.len > 0, "a limit of its own, looser");
	log_begin_within(&l, LEVEL_NOTICE, LEVEL_WARNING, "within");
	num((long long)l.len, 0, "and stricter");
	log_level_set(LEVEL_DEBUG);
	log_begin(&l, LEVEL_DEBUG, "x");
	log_end(&l);
	is(next(), "4prog: x", "until it is wanted");
	log_note(LEVEL_ERROR, "%s: %d", "say \"so\"", 5);
	is(next(), "0prog: note text=\"say \\\"so\\\": 5\"", "a note");
}

static void
too_long(void)
{
	static char big[3 * LOG_LINE];
	struct logline l;
	const char *end;

	memset(big, 'a', sizeof(big) - 1);
	log_begin(&l, LEVEL_INFO, "x");
	log_text(&l, "t", big);
	log_num(&l, "after", 1);
	log_end(&l);
	end = strstr(next(), "\"... after=1");
	ok(end != NULL && strlen(end) == 12, "a long text is cut and marked");
	memset(big, '\x01', sizeof(big) - 1);
	for (int len = 550; len < 620; len++) {
		log_begin(&l, LEVEL_INFO, "x");
		for (int i = 0; i < 10; i++)
			log_textn(&l, "t", big, (size_t)len);
		for (int i = 0; i < 100; i++)
			log_num(&l, "n", INT64_MAX);
		log_word(&l, "w", "end");
		log_end(&l);
		next();
		end = strlen(got) > 3 ? got + strlen(got) - 3 : "";
		if (strlen(got) >= LOG_LINE || strcmp(end, "...") != 0) {
			ok(false, "a full record");
			return;
		}
	}
	ok(true, "a full record stays under its size and ends in dots");
	memset(big, 'w', sizeof(big) - 1);
	log_begin(&l, LEVEL_INFO, big);
	log_word(&l, "w", big);
	log_end(&l);
	ok(strlen(next()) < LOG_LINE, "nor can an event's name be too long");
	log_begin(&l, LEVEL_INFO, "x");
	log_word(&l, "w", big);
	log_end(&l);
	next();
	is(got + strlen(got) - 4, "w...", "a long word is cut and marked");
}

static void
lost(void)
{
	struct logline l;
	int sent = 0, read_back = 0;
	char want[64];

	for (; sent < 5000; sent++) {
		log_begin(&l, LEVEL_INFO, "x");
		log_end(&l);
	}
	while (*next() != '\0')
		read_back++;
	ok(read_back > 0 && read_back < sent, "a full socket does not block");
	log_begin(&l, LEVEL_INFO, "y");
	log_end(&l);
	snprintf(want, sizeof(want), "3prog: y lost=%d", sent - read_back);
	is(next(), want, "what was lost is counted");
	log_lose(2);
	num((int64_t)log_untold(), 2, "as is what others lost");
	num((int64_t)log_untold(), 0, "once");
	log_begin(&l, LEVEL_INFO, "y");
	log_end(&l);
	is(next(), "3prog: y", "once");
}

/* Room comes when the other end reads: a patient program loses nothing. */
static void
patient(void)
{
	int64_t begin, first, second;
	struct logline l;
	int status = 1;
	pid_t pid;
	int i;

	for (i = 0; i < 5000; i++)
		log_note(LEVEL_INFO, "filling");
	log_patience(500);
	begin = clock_ms();
	log_note(LEVEL_INFO, "no room");
	first = clock_ms() - begin;
	log_note(LEVEL_INFO, "no room");
	second = clock_ms() - begin - first;
	ok(first >= 500 && second < 500, "it waits in vain only once");
	while (*next() != '\0')
		;
	log_note(LEVEL_INFO, "there is room");
	for (i = 0; i < 5000; i++)
		log_note(LEVEL_INFO, "filling");
	while (*next() != '\0')
		;
	log_note(LEVEL_INFO, "there is room");
	next();
	log_patience(10000);
	pid = fork();
	if (pid == 0) {
		while (recv(logger, got, sizeof(got), 0) > 0 &&
		    strncmp(got, "3prog: last", 11) != 0)
			i += strstr(got, "lost") != NULL ? 0 : -1;
		_exit(i == 0 ? 0 : 1);
	}
	for (i = 0; i < 5000; i++)
		log_note(LEVEL_INFO, "more than there is room for");
	log_begin(&l, LEVEL_INFO, "last");
	log_end(&l);
	waitpid(pid, &status, 0);
	num(status, 0, "with a reader nothing is lost");
	log_patience(0);
}

/* Runs fn in a child whose standard error is read here; gives its status. */
static int
child(void (*fn)(void), pid_t *pid_r)
{
	int p[2], status = 0;
	size_t len = 0;
	ssize_t n;

	if (pipe(p) == -1)
		return -1;
	log_open("prog", -1, LEVEL_INFO);
	*pid_r = fork();
	if (*pid_r == 0) {
		dup2(p[1], 2);
		fn();
		_exit(0);
	}
	close(p[1]);
	while ((n = read(p[0], got + len, sizeof(got) - 1 - len)) > 0)
		len += (size_t)n;
	got[len] = '\0';
	close(p[0]);
	waitpid(*pid_r, &status, 0);
	return status;
}

static void
noted(void)
{
	log_note(LEVEL_INFO, "hello");
}

static void
ended(void)
{
	fatal(78, "no %s", "way");
}

static void
panicked(void)
{
	PANIC_IF(1 + 1 == 2);
}

static void
standard_error(void)
{
	char want[100];
	pid_t pid;
	int status = child(noted, &pid);

	snprintf(want, sizeof(want), "prog[%d]: note text=\"hello\"\n",
	    (int)pid);
	is(got, want, "on standard error: with the child's process id");
	num(status, 0, "and no more");
	status = child(ended, &pid);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 78, "fatal's code");
	ok(strstr(got, "note text=\"no way\"\n") != NULL, "fatal's reason");
	status = child(panicked, &pid);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "panic aborts");
	ok(strstr(got, "panic file=") != NULL &&
	    strstr(got, "what=\"1 + 1 == 2\"") != NULL, "and says what");
}

int
main(void)
{
	int s[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, s) == -1)
		return 1;
	logger = s[0];
	program = s[1];
	events();
	too_long();
	lost();
	patient();
	num(log_connect("/nowhere/to/be/found"), -1, "nobody listens there");
	close(logger);
	log_note(LEVEL_ERROR, "into nothing");
	ok(true, "a logger that is gone does not hurt");
	standard_error();
	return done();
}
