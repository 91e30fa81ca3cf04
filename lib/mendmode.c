/*
 * mendmode - see mendmode.h.
 */
#include "config.h"

#include <string.h>
#include "lib/mendmode.h"
#include "lib/text.h"

/* The bit of each is its place. */
static const char *const words[] = { "date", "message-id", "from", "bcc" };

int
mendmode_bit(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i]) == 0)
			return 1 << i;
	return 0;
}

int
mendmode_bits(const struct strings *l)
{
	int bits = 0;

	for (size_t i = 0; i < l->n; i++)
		bits |= mendmode_bit(l->at[i]);
	return bits;
}

const char *
mendmode_nearest(const char *word)
{
	return text_nearest(word, words, ARRAY_LEN(words));
}
