/*
 * xalloc - allocate, or end the program.
 *
 * One connection a process: running out of memory costs one session.
 * Never returns null; a size of zero gives a pointer that may be freed.
 */
#ifndef LIB_XALLOC_H
#define LIB_XALLOC_H

#include <stddef.h>

void *xmalloc(size_t size);
/* Zeroed; n * size is checked for overflow. */
void *xcalloc(size_t n, size_t size);
/* Grows or shrinks an array of n elements of size bytes each. */
void *xresize(void *p, size_t n, size_t size);
char *xstrdup(const char *s);
char *xmemdup0(const char *p, size_t len); /* with a NUL behind it */

#endif
