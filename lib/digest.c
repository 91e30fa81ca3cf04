/*
 * digest - damage is noticed: XXH3 of what is stored.
 *
 * The hash is compiled in from its header; no library is linked.
 */
#include "config.h"

#define XXH_INLINE_ALL
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>
#include <xxhash.h>
#include "lib/digest.h"
#include "lib/xalloc.h"

/* The state wants to be aligned to more than malloc promises. */
#define ALIGNMENT 64

struct digest {
	XXH3_state_t *state;	/* somewhere in room */
	char room[sizeof(XXH3_state_t) + ALIGNMENT];
};

struct digest *
digest_new(void)
{
	struct digest *d = xcalloc(1, sizeof(*d));

	d->state = (void *)(d->room + ALIGNMENT -
	    (uintptr_t)d->room % ALIGNMENT);
	digest_reset(d);
	return d;
}

void
digest_free(struct digest *d)
{
	free(d);
}

void
digest_reset(struct digest *d)
{
	XXH3_64bits_reset(d->state);
}

void
digest_add(struct digest *d, const void *p, size_t len)
{
	XXH3_64bits_update(d->state, p, len);
}

uint64_t
digest_sum(const struct digest *d)
{
	return XXH3_64bits_digest(d->state);
}

uint64_t
digest_of(const void *p, size_t len)
{
	return XXH3_64bits(p, len);
}

uint64_t
digest_keyed(const void *p, size_t len, const void *secret, size_t secret_len)
{
	return XXH3_64bits_withSecret(p, len, secret, secret_len);
}

/* pread, so that the file's offset, which others share, stays. */
static int
sum_file(XXH3_state_t *state, int fd, char *room, size_t size)
{
	off_t at = 0;

	XXH3_128bits_reset(state);
	for (;;) {
		ssize_t n = pread(fd, room, size, at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		XXH3_128bits_update(state, room, (size_t)n);
		at += n;
	}
}

int
digest_file(int fd, char hex_r[DIGEST_HEX])
{
	const size_t size = 65536;
	struct digest *d = digest_new();
	char *room = xmalloc(size);
	XXH128_hash_t h;
	int result = sum_file(d->state, fd, room, size);

	if (result == 0) {
		h = XXH3_128bits_digest(d->state);
		snprintf(hex_r, DIGEST_HEX, "%016" PRIx64 "%016" PRIx64,
		    (uint64_t)h.high64, (uint64_t)h.low64);
	}
	free(room);
	digest_free(d);
	return result;
}
