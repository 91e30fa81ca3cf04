/*
 * manager: sockets are ours only if they were given to this process, and who
 * waits for a word of ours gets it, by path and by abstract name.
 */
#include "config.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"
#include "tests/tap.h"
#include "tools/keep.h"
#include "tools/manager.h"

static int
given(long pid, const char *fds)
{
	char text[32];

	snprintf(text, sizeof text, "%ld", pid);
	if (setenv("LISTEN_PID", text, 1) != 0 ||
	    setenv("LISTEN_FDS", fds, 1) != 0)
		return -1;
	return manager_sockets();
}

static void
sockets(void)
{
	char *env[2] = { NULL, NULL }, want[64];
	static const char *const bad[] = { "0", "-1", "2x", "", "62",
		"99999999999999999999" };

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	ok(manager_sockets() == 0, "nothing is said, nothing is there");
	ok(given((long)getpid(), "2") == 2, "two are ours");
	ok(given((long)getpid(), "61") == KEEP_SOCKETS, "the most");
	ok(given((long)getppid(), "2") == 0, "those of another are not");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ok(given((long)getpid(), bad[i]) == 0, bad[i]);
	ok(manager_hand_on(0, env) == 0 && env[0] == NULL, "none handed on");
	snprintf(want, sizeof want, "LISTEN_PID=%ld", (long)getpid());
	ok(manager_hand_on(3, env) == 2 && strcmp(env[0], want) == 0 &&
	    strcmp(env[1], "LISTEN_FDS=3") == 0, "three handed on");
}

/* What the manager hears at that name. */
static bool
hears(const char *name, const char *want)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	char got[64];
	ssize_t n;

	memcpy(un.sun_path, name, len);
	if (name[0] == '@')
		un.sun_path[0] = '\0';
	if (bind(fd, (struct sockaddr *)&un, (socklen_t)(offsetof(
	    struct sockaddr_un, sun_path) + len)) != 0 ||
	    setenv("NOTIFY_SOCKET", name, 1) != 0)
		return false;
	manager_tell(want);
	n = recv(fd, got, sizeof got, MSG_DONTWAIT);
	close(fd);
	return n == (ssize_t)strlen(want) && memcmp(got, want, (size_t)n) == 0;
}

int
main(void)
{
	char dir[] = "/tmp/t_manager.XXXXXX", name[64];

	log_open("t_manager", -1, LEVEL_ERROR);
	if (mkdtemp(dir) == NULL)
		return 1;
	sockets();
	unsetenv("NOTIFY_SOCKET");
	manager_tell("READY=1");
	ok(true, "nobody wants to know");
	snprintf(name, sizeof name, "%s/notify", dir);
	ok(hears(name, "READY=1"), "by path");
	unlink(name);
	snprintf(name, sizeof name, "@t_manager.%ld", (long)getpid());
	ok(hears(name, "STOPPING=1"), "by abstract name");
	snprintf(name, sizeof name, "%s/nobody", dir);
	setenv("NOTIFY_SOCKET", name, 1);
	manager_tell("READY=1");
	setenv("NOTIFY_SOCKET", "relative", 1);
	manager_tell("READY=1");
	ok(true, "and a manager that is not there is no harm");
	rmdir(dir);
	return done();
}
