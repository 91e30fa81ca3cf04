/*
 * digest - damage is noticed: XXH3 of what is stored.
 *
 * Not a defence against somebody who wants to forge; files that use it are
 * writable by their owner alone.
 */
#ifndef LIB_DIGEST_H
#define LIB_DIGEST_H

#include <stddef.h>
#include <stdint.h>

struct digest;	/* a running sum */

struct digest *digest_new(void);
void digest_free(struct digest *d);
void digest_reset(struct digest *d);
void digest_add(struct digest *d, const void *p, size_t len);
uint64_t digest_sum(const struct digest *d);
uint64_t digest_of(const void *p, size_t len);
/*
 * Of a hash table whose keys strangers choose: without the secret (at least
 * 136 random bytes) nobody finds two that collide.
 */
uint64_t digest_keyed(const void *p, size_t len, const void *secret,
    size_t secret_len);

/* 32 hexadecimal digits over the whole file at fd (128 bits); 0 or -1. */
#define DIGEST_HEX 33
int digest_file(int fd, char hex_r[DIGEST_HEX]);

#endif
