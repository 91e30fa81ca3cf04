/*
 * xalloc - allocate, or end the program.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "lib/log.h"
#include "lib/xalloc.h"

#ifdef SANITIZERS
/*
 * Our programs end with what they have, some inside of a sandbox in which the
 * search for leaks would wait for ever; and they start each other with an
 * environment of their own, so that it cannot be said there.
 */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

void *
xmalloc(size_t size)
{
	void *p = malloc(size > 0 ? size : 1);

	if (p == NULL)
		fatal(EX_TEMPFAIL, "out of memory for %zu bytes", size);
	return p;
}

void *
xcalloc(size_t n, size_t size)
{
	void *p;

	if (n == 0 || size == 0)
		n = size = 1;
	p = calloc(n, size);
	if (p == NULL)
		fatal(EX_TEMPFAIL, "out of memory for %zu times %zu bytes", n,
		    size);
	return p;
}

void *
xresize(void *p, size_t n, size_t size)
{
	if (n == 0 || size == 0)
		n = size = 1;
	p = reallocarray(p, n, size);
	if (p == NULL)
		fatal(EX_TEMPFAIL, "out of memory for %zu times %zu bytes", n,
		    size);
	return p;
}

char *
xstrdup(const char *s)
{
	return xmemdup0(s, strlen(s));
}

char *
xmemdup0(const char *p, size_t len)
{
	char *copy;

	PANIC_IF(len == SIZE_MAX);
	copy = xmalloc(len + 1);
	if (len > 0)
		memcpy(copy, p, len);
	copy[len] = '\0';
	return copy;
}
