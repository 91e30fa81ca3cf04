/* receipts: only who has the key makes one, and it is for one login. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "lib/receipt.h"
#include "tests/tap.h"

static uint8_t key[RECEIPT_KEY];

static void
is_for(const char *what, const struct receipt_of *of,
    const uint8_t receipt[RECEIPT], bool good)
{
	ok(receipt_good(key, of, receipt) == good, what);
}

static void
one_login(void)
{
	const struct receipt_of of = { .serial = 7, .row = 3,
		.mechanism = "PLAIN", .login = "anna" };
	struct receipt_of other = of;
	uint8_t receipt[RECEIPT], bent[RECEIPT];
	int taken = 0;

	receipt_make(key, &of, receipt);
	is_for("a receipt", &of, receipt, true);
	other.serial = 8;
	is_for("another session's", &other, receipt, false);
	other = of;
	other.row = 4;
	is_for("another row's", &other, receipt, false);
	other = of;
	other.mechanism = "LOGIN";
	is_for("another mechanism's", &other, receipt, false);
	other = of;
	other.login = "ann";
	is_for("another login's", &other, receipt, false);
	for (size_t i = 0; i < RECEIPT; i++) {
		memcpy(bent, receipt, RECEIPT);
		bent[i] ^= 1;
		taken += receipt_good(key, &of, bent);
	}
	num(taken, 0, "every byte matters");
	key[0] ^= 1;
	is_for("with another key", &of, receipt, false);
	key[0] ^= 1;
}

/* Whatever stands where: no two say the same. */
static void
apart(void)
{
	uint8_t a[RECEIPT], b[RECEIPT];

	receipt_make(key, &(struct receipt_of){ .mechanism = "PLAIN",
	    .login = "anna" }, a);
	receipt_make(key, &(struct receipt_of){ .mechanism = "PLAINanna",
	    .login = "" }, b);
	ok(memcmp(a, b, RECEIPT) != 0, "fields do not run into each other");
}

static void
a_key(void)
{
	uint8_t again[RECEIPT_KEY], none[RECEIPT_KEY] = { 0 };
	int fd = receipt_key_make(), other = dup(fd);

	ok(fd >= 0 && other >= 0, "a key is made");
	ok(pwrite(fd, none, 1, 0) == -1, "and nobody changes it");
	ok(receipt_key_read(fd, key) == 0 && receipt_key_read(other,
	    again) == 0 && memcmp(key, again, RECEIPT_KEY) == 0,
	    "who is given it reads it");
	ok(memcmp(key, none, RECEIPT_KEY) != 0, "it is not empty");
	ok(receipt_key_read(-1, again) == -1, "without a file there is none");
}

int
main(void)
{
	a_key();
	one_login();
	apart();
	return done();
}
