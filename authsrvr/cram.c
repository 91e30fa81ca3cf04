/*
 * cram - CRAM-MD5 (RFC 2195): is a digest that of a password?
 *
 * Runs in a worker: the password in the clear is nowhere else.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include <nettle/hmac.h>

#include "authsrvr/cram.h"

static void
make_digest(const char *password, const char *challenge, size_t len,
    char text_r[CRAM_DIGEST + 1])
{
	uint8_t digest[MD5_DIGEST_SIZE];
	struct hmac_md5_ctx ctx;

	hmac_md5_set_key(&ctx, strlen(password), (const uint8_t *)password);
	hmac_md5_update(&ctx, len, (const uint8_t *)challenge);
	hmac_md5_digest(&ctx, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(text_r + 2 * i, 3, "%02x", digest[i]);
	explicit_bzero(&ctx, sizeof(ctx));
}

bool
cram_fits(const struct passrow *row, const char *said)
{
	const char *digest = strrchr(said, ' ');
	char right[CRAM_DIGEST + 1];
	unsigned differ = 0;

	if (digest == NULL || strlen(++digest) != CRAM_DIGEST)
		return false;
	make_digest(row->clear, said, (size_t)(digest - said) - 1, right);
	for (size_t i = 0; i < CRAM_DIGEST; i++)
		differ |= (unsigned)(right[i] ^ digest[i]);
	return differ == 0 && row->clear[0] != '\0' && !row->pretended;
}
