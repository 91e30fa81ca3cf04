/*
 * hops: counts fields wherever the pieces are cut, and nothing else.
 */
#include "config.h"

#include "submit/hops.h"
#include "tests/tap.h"

static int
count(const char *text, size_t piece)
{
	struct hops h;
	size_t len = strlen(text), n;

	hops_init(&h);
	for (; len > 0; text += n, len -= n) {
		n = piece < len ? piece : len;
		hops_add(&h, text, n);
	}
	return h.count;
}

static void
same_in_pieces(const char *text, int want, const char *what)
{
	bool same = true;

	for (size_t piece = 1; piece < 40; piece++)
		same &= count(text, piece) == want;
	ok(same, what);
}

int
main(void)
{
	same_in_pieces("Received: a\nDelivered-To: b\nreceived:c\n\n"
	    "Received: not this\n", 3, "fields of the header only");
	same_in_pieces("Received: a\n Received: folded\n\tDelivered-To: x\n"
	    "Subject: Received: no\nXReceived: no\nReceived-SPF: no\n", 1,
	    "not folded lines, values, or longer names");
	same_in_pieces("Received : a\nDELIVERED-TO\t: b\n", 2,
	    "blanks before the colon");
	same_in_pieces("\nReceived: a\n", 0, "an empty header");
	same_in_pieces("", 0, "an empty message");
	same_in_pieces("Received", 0, "a name without a colon");
	same_in_pieces("Received\n: x\n", 0, "a name and its colon apart");
	same_in_pieces("AVeryLongFieldNameIndeed: Received:\nReceived: 1\n", 1,
	    "a long name");
	same_in_pieces("Received: a\r\nDelivered-To: b\r\n x\r\n\r\n"
	    "Received: not this\r\n", 2, "a binary message's lines");
	return done();
}
