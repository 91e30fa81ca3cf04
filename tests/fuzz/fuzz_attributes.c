/*
 * fuzz_attributes - any line as attributes of XCLIENT or XFORWARD: what is
 * taken is printable, and addresses are some.
 */
#include "config.h"

#include <string.h>

#include "lib/text.h"
#include "smtpsrvr/attributes.h"
#include "tests/fuzz/fuzz.h"

#define LINE_MOST 4000

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct attributes x, again;
	char line[LINE_MOST + 1], wrong[32];

	if (size > LINE_MOST)
		return 0;
	memcpy(line, data, size);
	line[size] = '\0';
	for (int of = ATTRIBUTES_XCLIENT; of <= ATTRIBUTES_XFORWARD; of++) {
		int bad = attributes_parse(line, (enum attributes_of)of, &x,
		    wrong);

		must(memchr(wrong, '\0', sizeof wrong) != NULL, "a word");
		if (bad != 0)
			continue;
		for (int i = 0; i < ATTRIBUTE_COUNT; i++) {
			must(memchr(x.text[i], '\0', ATTRIBUTE_TEXT) != NULL &&
			    text_printable(x.text[i], strlen(x.text[i])),
			    "printable, and no longer");
			must(x.given[i] || x.text[i][0] == '\0',
			    "what was given");
		}
		must(net_good(&x.client) && net_good(&x.server), "addresses");
		must(attributes_parse(line, (enum attributes_of)of, &again,
		    wrong) == 0 && memcmp(&x, &again, sizeof x) == 0,
		    "the same once more");
	}
	return 0;
}
