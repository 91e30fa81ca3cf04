/*
 * manager - what a service manager gives us, and is told by us.
 *
 * Runs as whoever starts inlet.  The variables come from there, too.
 */
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "lib/log.h"
#include "lib/text.h"
#include "tools/keep.h"
#include "tools/manager.h"

int
manager_sockets(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int64_t to, n;

	if (pid == NULL || fds == NULL ||
	    text_number(pid, 1, INT32_MAX, &to) != 0 || to != getpid() ||
	    text_number(fds, 1, KEEP_SOCKETS, &n) != 0)
		return 0;
	return (int)n;
}

int
manager_hand_on(int n, char **env_r)
{
	static char pid[32], fds[32];

	if (n == 0)
		return 0;
	snprintf(pid, sizeof(pid), "LISTEN_PID=%ld", (long)getpid());
	snprintf(fds, sizeof(fds), "LISTEN_FDS=%d", n);
	env_r[0] = pid;
	env_r[1] = fds;
	return 2;
}

void
manager_tell(const char *what)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = path != NULL ? strlen(path) : 0;
	int fd;

	if (len < 2 || len >= sizeof(un.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(un.sun_path, path, len);
	if (path[0] == '@')	/* an abstract one */
		un.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || sendto(fd, what, strlen(what), MSG_NOSIGNAL,
	    (struct sockaddr *)&un,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == -1)
		log_note(LEVEL_WARNING, "NOTIFY_SOCKET %s: %s", path,
		    strerror(errno));
	if (fd != -1)
		close(fd);
}
