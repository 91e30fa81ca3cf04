/*
 * t_digest - sums are those of XXH3, however the bytes come.
 */
#include "config.h"

#include <unistd.h>
#include "lib/digest.h"
#include "lib/fdio.h"
#include "tests/tap.h"

static void
sums(void)
{
	struct digest *d = digest_new();
	char p[3000];

	for (size_t i = 0; i < sizeof(p); i++)
		p[i] = (char)(i * 31);
	ok(digest_of("", 0) == UINT64_C(0x2d06800538d394c2),
	    "XXH3's own sum of nothing");
	ok(digest_sum(d) == digest_of("", 0), "nothing added");
	for (size_t i = 0; i < sizeof(p); i += 100)
		digest_add(d, p + i, 100);
	ok(digest_sum(d) == digest_of(p, sizeof(p)), "in pieces as at once");
	p[1500] ^= 1;
	ok(digest_sum(d) != digest_of(p, sizeof(p)), "one bit is noticed");
	digest_reset(d);
	ok(digest_sum(d) == digest_of("", 0), "reset");
	digest_free(d);
	digest_free(NULL);
}

static void
files(void)
{
	FILE *f = tmpfile();
	char hex[DIGEST_HEX] = "", again[DIGEST_HEX] = "";
	int fd = f != NULL ? fileno(f) : -1;
	char p[1000];

	num(digest_file(fd, hex), 0, "an empty file");
	is(hex, "99aa06d3014798d86001c324468d497f", "XXH3's own 128 bits");
	memset(p, 'a', sizeof(p));
	for (off_t i = 0; i < 200; i++)
		if (fd_pwrite(fd, p, sizeof(p), i * 1000) != 0)
			return;
	lseek(fd, 777, SEEK_SET);
	ok(digest_file(fd, hex) == 0 && strlen(hex) == 32, "a file");
	num(lseek(fd, 0, SEEK_CUR), 777, "its offset stays");
	ok(fd_pwrite(fd, "b", 1, 199999) == 0 &&
	    digest_file(fd, again) == 0 && strcmp(hex, again) != 0,
	    "its last byte is noticed");
	num(digest_file(-1, hex), -1, "no file");
	fclose(f);
}

int
main(void)
{
	sums();
	files();
	return done();
}
