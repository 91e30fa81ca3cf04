/*
 * tls_memory - where OpenSSL's memory is, so that a session that waits keeps
 * little of it for itself.
 *
 * What the template makes is close together, by size: a session that counts
 * its references to a few hundred small things copies few pages for it, and
 * none to free them.  What a session makes is apart from that, and pages that
 * only the handshake needed go back to the kernel.  Whatever does not fit is
 * malloc's.
 */
#ifndef SMTPSRVR_TLS_MEMORY_H
#define SMTPSRVR_TLS_MEMORY_H

#include <stddef.h>

/* Before anything else of OpenSSL; in a sanitizer build nothing. */
void tls_memory_begin(void);
/* From here on we are one session; again, nothing. */
void tls_memory_own(void);
/* Gives back the pages that nothing is in, if that may be worth it. */
void tls_memory_trim(void);

/* For tests: what OpenSSL is given. */
void *tls_memory_get(size_t size);
void *tls_memory_resize(void *p, size_t size);
void tls_memory_put(void *p);

#endif
