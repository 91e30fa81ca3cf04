/*
 * askpass - a password from the terminal, or from standard input.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "tools/askpass.h"

/* Byte by byte: what is behind the line is somebody else's. */
static const char *
read_line(char *dst, size_t size)
{
	size_t len = 0;
	ssize_t n;
	char c;

	dst[0] = '\0';
	for (;;) {
		n = read(STDIN_FILENO, &c, 1);
		if (n == -1)
			return errno == EINTR ? "given up" : strerror(errno);
		if (n == 0 && len == 0)
			return "there is no line to read";
		if (n == 0 || c == '\n')
			break;
		if (c == '\0' || len == size - 1)
			return "it is too long, or has a NUL";
		dst[len++] = c;
	}
	dst[len] = '\0';
	return NULL;
}

/* It is there to end read(2). */
static void
interrupted(int sig)
{
	(void)sig;
}

static const char *
ask(const char *what, const char *login, char *dst, size_t size)
{
	const char *why;

	fprintf(stderr, "%s for %s: ", what, login);
	why = read_line(dst, size);
	fputs("\n", stderr);
	return why;
}

static const char *
ask_twice(const char *login, char *password, size_t size)
{
	char again[2048];
	const char *why = ask("Password", login, password, size);

	if (why == NULL)
		why = ask("Once more", login, again, sizeof(again));
	if (why == NULL && strcmp(password, again) != 0)
		why = "the two are not the same";
	explicit_bzero(again, sizeof(again));
	return why;
}

const char *
askpass(const char *login, char *password_r, size_t size)
{
	struct sigaction sa = { .sa_handler = interrupted }, was;
	struct termios echo, silent;
	const char *why;

	if (tcgetattr(STDIN_FILENO, &echo) == -1)
		return read_line(password_r, size);
	silent = echo;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	sigaction(SIGINT, &sa, &was);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == -1)
		return strerror(errno);
	why = ask_twice(login, password_r, size);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &echo);
	sigaction(SIGINT, &was, NULL);
	return why;
}
