/* crc32c: the vectors of RFC 3720 B.4, and pieces. */
#include "config.h"

#include "lib/crc32c.h"
#include "tests/tap.h"

int
main(void)
{
	uint8_t up[32], zero[32] = { 0 }, ones[32], down[32];

	for (size_t i = 0; i < sizeof(up); i++) {
		up[i] = (uint8_t)i;
		down[i] = (uint8_t)(31 - i);
		ones[i] = 0xff;
	}
	num(crc32c(0, "", 0), 0, "of nothing");
	num(crc32c(0, "123456789", 9), 0xe3069283, "the check value");
	num(crc32c(0, zero, 32), 0x8a9136aa, "32 zeros");
	num(crc32c(0, ones, 32), 0x62a8ab43, "32 ones");
	num(crc32c(0, up, 32), 0x46dd794e, "ascending");
	num(crc32c(0, down, 32), 0x113fdb5c, "descending");
	num(crc32c(crc32c(0, up, 7), up + 7, 25), 0x46dd794e, "in pieces");
	return done();
}
