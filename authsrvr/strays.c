/*
 * strays - see strays.h.
 */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "authsrvr/strays.h"

#define CHILDREN "/proc/thread-self/children"	/* proc(5): "12 34 " */

int
strays_adopt(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

static int
end_one(const char *number, const pid_t *keep, size_t n)
{
	pid_t pid = (pid_t)strtol(number, NULL, 10);

	for (size_t i = 0; i < n; i++)
		if (keep[i] == pid)
			return 0;
	if (pid <= 1 || waitpid(pid, NULL, WNOHANG) != 0)
		return 0;
	return kill(pid, SIGKILL) == 0 ? 1 : 0;
}

int
strays_end(const pid_t *keep, size_t n)
{
	char text[1024], number[16];
	int fd = open(CHILDREN, O_RDONLY | O_CLOEXEC), left = 0;
	size_t digits = 0;
	ssize_t len;

	if (fd == -1)
		return 0;
	while ((len = read(fd, text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < len; i++) {
			if (text[i] != ' ' && digits + 1 < sizeof(number)) {
				number[digits++] = text[i];
				continue;
			}
			number[digits] = '\0';
			digits = 0;
			left += end_one(number, keep, n);
		}
	close(fd);
	return left;
}
