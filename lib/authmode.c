/*
 * authmode - see authmode.h.
 */
#include "config.h"

#include <string.h>
#include "lib/authmode.h"
#include "lib/text.h"

/* The bit of each is its place. */
static const char *const words[] = {
	"free", "in-log", "in-warn", "in-block", "out-log", "out-warn",
	"out-block", "host-and-user"
};

int
authmode_bit(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i]) == 0)
			return 1 << i;
	return 0;
}

int
authmode_bits(const struct strings *l)
{
	int bits = 0;

	for (size_t i = 0; i < l->n; i++)
		bits |= authmode_bit(l->at[i]);
	return bits;
}

const char *
authmode_nearest(const char *word)
{
	return text_nearest(word, words, ARRAY_LEN(words));
}
