/* CRAM-MD5: whose digest it is. */
#include "config.h"

#include "authsrvr/cram.h"
#include "tests/tap.h"

/* The example of RFC 2195 2. */
#define CHALLENGE "<1896.697170952@postoffice.reston.mci.net>"
#define DIGEST "b913a602c7eda7a495b4e6e7334d3890"

int
main(void)
{
	struct passrow row = { .clear = "tanstaaftanstaaf" };

	ok(cram_fits(&row, CHALLENGE " " DIGEST), "its digest");
	ok(!cram_fits(&row, CHALLENGE "x " DIGEST), "of another challenge");
	ok(!cram_fits(&row, CHALLENGE " B913A602C7EDA7A495B4E6E7334D3890"),
	    "who asks has it in lower case");
	ok(!cram_fits(&row, CHALLENGE " " DIGEST "0"), "a longer one");
	ok(!cram_fits(&row, CHALLENGE), "none");
	row.pretended = true;
	ok(!cram_fits(&row, CHALLENGE " " DIGEST), "nobody's is never right");
	row = (struct passrow){ .clear = "" };
	ok(!cram_fits(&row, CHALLENGE " a00b54b824afa19ec2de0f73cb2a04c2"),
	    "nor is that of who has no password");
	return done();
}
