/*
 * t_xalloc - memory, or the end.
 */
#include "config.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/xalloc.h"
#include "tests/tap.h"

#ifndef SANITIZERS
/* More than there is, kept from the compiler. */
static volatile size_t huge = SIZE_MAX / 4;

static void
by_product(void)
{
	free(xcalloc(huge, 8));
}

static void
by_resize(void)
{
	free(xresize(NULL, huge, 8));
}

static void
at_once(void)
{
	free(xmalloc(huge));
}

static int
ends(void (*fn)(void))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		close(2);
		fn();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
#endif

int
main(void)
{
	char *p = xmalloc(0), *q = xcalloc(0, 8);
	int *n;

	ok(p != NULL && q != NULL, "nothing is something to free");
	free(p);
	free(q);
	n = xcalloc(100, sizeof(*n));
	num(n[0] + n[99], 0, "zeroed");
	n[99] = 7;
	n = xresize(n, 1000, sizeof(*n));
	num(n[99], 7, "kept when it grows");
	n = xresize(n, 0, sizeof(*n));
	ok(n != NULL, "shrunk to nothing");
	free(n);
	p = xstrdup("abc");
	is(p, "abc", "a copy");
	free(p);
	p = xmemdup0("a\0bc", 3);
	ok(memcmp(p, "a\0b", 4) == 0, "bytes with a NUL behind");
	free(p);
	p = xmemdup0(NULL, 0);
	is(p, "", "no bytes");
	free(p);
#ifdef SANITIZERS
	skip("the sanitizer ends the program itself");
#else
	num(ends(by_product), 75, "a product that overflows");
	num(ends(by_resize), 75, "also when it grows");
	num(ends(at_once), 75, "no memory");
#endif
	return done();
}
