/*
 * receipt - see receipt.h.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <nettle/hmac.h>

#include "lib/le.h"
#include "lib/receipt.h"

/* So that no other use of the key could make one. */
static const char domain[] = "inlet login receipt 1";

int
receipt_key_read(int fd, uint8_t key_r[RECEIPT_KEY])
{
	ssize_t n;

	do {
		n = pread(fd, key_r, RECEIPT_KEY, 0);
	} while (n < 0 && errno == EINTR);
	if (n != RECEIPT_KEY)
		return -1;
	close(fd);
	return 0;
}

void
receipt_make(const uint8_t key[RECEIPT_KEY], const struct receipt_of *of,
    uint8_t receipt_r[RECEIPT])
{
	/* Each of fixed length: nothing can be taken for something else. */
	struct {
		char domain[sizeof(domain)], mechanism[AUTH_MECHANISM];
		char login[AUTH_LOGIN];
		uint8_t serial[8], row[4];
	} m = { .mechanism = "" };
	struct hmac_sha256_ctx ctx;

	memcpy(m.domain, domain, sizeof(domain));
	memcpy(m.mechanism, of->mechanism,
	    strnlen(of->mechanism, sizeof(m.mechanism)));
	memcpy(m.login, of->login, strnlen(of->login, sizeof(m.login)));
	le_put(m.serial, of->serial, sizeof(m.serial));
	le_put(m.row, of->row, sizeof(m.row));
	hmac_sha256_set_key(&ctx, RECEIPT_KEY, key);
	hmac_sha256_update(&ctx, sizeof(m), (const uint8_t *)&m);
	hmac_sha256_digest(&ctx, RECEIPT, receipt_r);
	explicit_bzero(&ctx, sizeof(ctx));
}

bool
receipt_good(const uint8_t key[RECEIPT_KEY], const struct receipt_of *of,
    const uint8_t receipt[RECEIPT])
{
	uint8_t right[RECEIPT];
	unsigned differ = 0;

	receipt_make(key, of, right);
	for (size_t i = 0; i < RECEIPT; i++)
		differ |= (unsigned)(right[i] ^ receipt[i]);
	explicit_bzero(right, sizeof(right));
	return differ == 0;
}
