/*
 * secretfile - a file whose first line is a password of ours.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "authsrvr/passwords.h"
#include "authsrvr/secretfile.h"

int
secretfile_read(const char *path, uid_t user, char *secret_r,
    size_t secret_size, char *why_r, size_t size)
{
	int fd = passwords_open(path, user, why_r, size);
	ssize_t n;

	secret_r[0] = '\0';
	if (fd == -1)
		return -1;
	n = read(fd, secret_r, secret_size - 1);
	if (n > 0) {
		secret_r[n] = '\0';
		secret_r[strcspn(secret_r, "\r\n")] = '\0';
	}
	close(fd);
	if (n > 0 && secret_r[0] != '\0')
		return 0;
	snprintf(why_r, size, "%s: %s", path, n == -1 ? strerror(errno) :
	    "its first line is empty");
	return -1;
}
