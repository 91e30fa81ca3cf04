/*
 * hops - see hops.h.
 */
#include "config.h"

#include <string.h>

#include "lib/text.h"
#include "submit/hops.h"

void
hops_init(struct hops *h)
{
	*h = (struct hops){ .count = 0 };
}

static bool
counts(const char *word)
{
	return text_same(word, "Received") ||
	    text_same(word, "Delivered-To");
}

/* One byte of a line that may still turn out to count. */
static void
begin_of_line(struct hops *h, char c)
{
	if (c == '\r') {
		return;			/* of a binary message's CRLF */
	} else if (c == '\n' && h->len == 0) {
		h->body = true;
	} else if (c == '\n') {
		h->len = 0;
	} else if (c == ':') {
		/* RFC 5322 4.5.8: blanks before the colon, once. */
		while (h->len > 0 && (h->word[h->len - 1] == ' ' ||
		    h->word[h->len - 1] == '\t'))
			h->len--;
		h->word[h->len] = '\0';
		if (counts(h->word))
			h->count++;
		h->skip = true;
	} else if (h->len == sizeof(h->word) - 1 ||
	    (h->len == 0 && (c == ' ' || c == '\t'))) {
		h->skip = true;		/* too long, or goes on from before */
	} else {
		h->word[h->len++] = c;
	}
}

void
hops_add(struct hops *h, const char *p, size_t len)
{
	const char *end = p + len;

	while (p < end && !h->body) {
		if (!h->skip) {
			begin_of_line(h, *p++);
			continue;
		}
		p = memchr(p, '\n', (size_t)(end - p));
		if (p == NULL)
			return;
		p++;
		h->skip = false;
		h->len = 0;
	}
}
