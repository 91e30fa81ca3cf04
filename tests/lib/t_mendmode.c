/*
 * t_mendmode - the words of mend-header.
 */
#include "config.h"

#include "lib/mendmode.h"
#include "tests/tap.h"

int
main(void)
{
	static const char *const some[] = { "date", "bcc", "none" };
	struct strings l = { ARRAY_LEN(some), some };

	num(mendmode_bit("date"), MEND_DATE, "date");
	num(mendmode_bit("message-id"), MEND_ID, "message-id");
	num(mendmode_bit("from"), MEND_FROM, "from");
	num(mendmode_bit("bcc"), MEND_BCC, "bcc");
	num(mendmode_bit("Date") | mendmode_bit(""), 0, "no others");
	num(mendmode_bits(&l), MEND_DATE | MEND_BCC, "of a list");
	is(mendmode_nearest("messageid"), "message-id", "the nearest");
	ok(mendmode_nearest("zzz") == NULL, "none is near");
	return done();
}
