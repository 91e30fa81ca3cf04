/*
 * sink: what syslogd gets, also after its restart, and where lines go without
 * it.  More about files and standard error: tests/system/21-logger.py.
 */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/net.h"
#include "tools/sink.h"
#include "tests/tap.h"

static char dir[128], device[160], errors[160], file[160];

static const char *
received(int sock)
{
	static char p[3000];
	ssize_t n = recv(sock, p, sizeof(p) - 1, MSG_DONTWAIT);

	p[n > 0 ? n : 0] = '\0';
	return p;
}

/* "<22>Nov  9 08:00:00 " and then text. */
static bool
is_syslog(const char *p, const char *pri, const char *text)
{
	static const char form[] = "Aaa _9 99:99:99 ";
	size_t i;

	if (strncmp(p, pri, strlen(pri)) != 0)
		return false;
	p += strlen(pri);
	for (i = 0; form[i] != '\0'; i++, p++) {
		bool digit = *p >= '0' && *p <= '9';
		bool good = form[i] == '9' ? digit :
		    form[i] == '_' ? digit || *p == ' ' :
		    form[i] == 'A' ? *p >= 'A' && *p <= 'Z' :
		    form[i] == 'a' ? *p >= 'a' && *p <= 'z' : *p == form[i];

		if (!good)
			return false;
	}
	return strcmp(p, text) == 0;
}

static const char *
told(void)
{
	static char p[2000];
	int fd = open(errors, O_RDONLY);
	ssize_t n = read(fd, p, sizeof(p) - 1);

	p[n > 0 ? n : 0] = '\0';
	close(fd);
	return p;
}

static void
say(struct sink *s, enum log_level level, const char *line)
{
	sink_add(s, level, line, strlen(line));
	sink_flush(s);
}

static void
severities(struct sink *s, int sock)
{
	static const char *const pri[] = {
		"<19>", "<20>", "<21>", "<22>", "<23>"
	};
	int i, right = 0;

	for (i = LEVEL_ERROR; i <= LEVEL_DEBUG; i++) {
		say(s, (enum log_level)i, "smtpsrvr[42]: x");
		right += is_syslog(received(sock), pri[i], "smtpsrvr[42]: x");
	}
	num(right, 5, "facility mail, each level its severity");
}

static void
batches(struct sink *s, int sock)
{
	int i, got = 0;

	for (i = 0; i < 3; i++)
		sink_add(s, LEVEL_INFO, "a[1]: b", 7);
	num(*received(sock), 0, "nothing before the flush");
	sink_flush(s);
	while (*received(sock) != '\0')
		got++;
	num(got, 3, "then a datagram each");
}

/* It takes fewer at a time than a batch has, and begins late. */
static void
slow(struct sink *s, int sock)
{
	char line[32], p[200];
	int i, status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		alarm(20);
		usleep(50000);
		for (i = 0; i < SINK_LINES; i++) {
			ssize_t n = recv(sock, p, sizeof(p) - 1, 0);

			p[n > 0 ? n : 0] = '\0';
			snprintf(line, sizeof(line), "a[1]: %d", i);
			if (!is_syslog(p, "<22>", line))
				_exit(1);
		}
		_exit(0);
	}
	for (i = 0; i < SINK_LINES; i++) {
		snprintf(line, sizeof(line), "a[1]: %d", i);
		sink_add(s, LEVEL_INFO, line, strlen(line));
	}
	sink_flush(s);
	ok(waitpid(pid, &status, 0) == pid && status == 0,
	    "a slow syslogd gets all");
}

/* More lines than a batch has places: none is lost, and all in order. */
static void
full(void)
{
	static char p[1 << 16];
	static struct sink *s;
	char line[32], *at = p;
	int i, fd, right = 0;
	ssize_t n;

	s = sink_open(file, device, -1);
	for (i = 0; i < 3 * SINK_LINES + 5; i++) {
		snprintf(line, sizeof(line), "a[1]: %d", i);
		sink_add(s, LEVEL_INFO, line, strlen(line));
	}
	sink_flush(s);
	fd = open(file, O_RDONLY);
	n = read(fd, p, sizeof(p) - 1);
	p[n > 0 ? n : 0] = '\0';
	close(fd);
	for (i = 0; i < 3 * SINK_LINES + 5; i++) {
		snprintf(line, sizeof(line), " a[1]: %d\n", i);
		if ((at = strstr(at, line)) == NULL)
			break;
		right++;
	}
	num(right, 3 * SINK_LINES + 5, "more lines than a batch has places");
}

static void
restarts(struct sink *s, int *sock)
{
	close(*sock);
	*sock = net_unix_bind(device, SOCK_DGRAM, 0600);
	say(s, LEVEL_INFO, "a[1]: again");
	ok(is_syslog(received(*sock), "<22>", "a[1]: again"),
	    "after a restart of syslogd");
	close(*sock);
	unlink(device);
	say(s, LEVEL_INFO, "a[1]: one");
	say(s, LEVEL_INFO, "a[1]: two");
	ok(strstr(told(), "\na[1]: two\n") != NULL &&
	    strstr(told(), "a[1]: one\n") != NULL,
	    "without it, to standard error");
	ok(strstr(told(), "cannot open") != NULL &&
	    strstr(strstr(told(), "cannot open") + 1, "cannot open") == NULL,
	    "which is said once");
	*sock = net_unix_bind(device, SOCK_DGRAM, 0600);
	sink_reopen(s);
	say(s, LEVEL_INFO, "a[1]: back");
	ok(is_syslog(received(*sock), "<22>", "a[1]: back"),
	    "and to syslogd when it is there again");
	ok(strstr(received(*sock), "can be written again") != NULL,
	    "which is said, too");
}

int
main(void)
{
	static struct sink *s;
	const char *tmp = getenv("TMPDIR");
	int sock;

	snprintf(dir, sizeof(dir), "%.90s/inlet.sink.%ld",
	    tmp != NULL ? tmp : "/tmp", (long)getpid());
	if (mkdir(dir, 0700) == -1)
		return 1;
	snprintf(file, sizeof(file), "%s/file", dir);
	snprintf(device, sizeof(device), "%s/log", dir);
	snprintf(errors, sizeof(errors), "%s/errors", dir);
	if (freopen(errors, "a", stderr) == NULL)
		return 1;
	sock = net_unix_bind(device, SOCK_DGRAM, 0600);
	s = sink_open("syslog", device, -1);
	severities(s, sock);
	restarts(s, &sock);
	batches(s, sock);
	slow(s, sock);
	full();
	unlink(file);
	unlink(device);
	unlink(errors);
	rmdir(dir);
	return done();
}
