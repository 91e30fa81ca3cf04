/*
 * tls_random - OpenSSL's random bytes straight from the kernel.
 *
 * The interface is deprecated for providers' sake; one for four functions
 * would be several hundred lines.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "config.h"

#include <errno.h>
#include <sys/random.h>

#include <openssl/rand.h>

#include "smtpsrvr/tls_random.h"

static int
from_kernel(unsigned char *p, int len)
{
	ssize_t n;

	while (len > 0) {
		n = getrandom(p, (size_t)len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		p += n;
		len -= (int)n;
	}
	return 1;
}

static int
always(void)
{
	return 1;
}

int
tls_random(void)
{
	static const RAND_METHOD method = { .bytes = from_kernel,
	    .pseudorand = from_kernel, .status = always };

	return RAND_set_rand_method(&method) == 1 ? 0 : -1;
}
