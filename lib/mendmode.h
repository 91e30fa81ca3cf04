/*
 * mendmode - the words of the setting mend-header.
 */
#ifndef LIB_MENDMODE_H
#define LIB_MENDMODE_H

#include "lib/settings.h"

enum { MEND_DATE = 1, MEND_ID = 2, MEND_FROM = 4, MEND_BCC = 8 };

/* The word's bit; 0 if there is no such word. */
int mendmode_bit(const char *word);
/* All of a list's, or-ed; words that are none give nothing. */
int mendmode_bits(const struct strings *words);
/* The nearest word, or null. */
const char *mendmode_nearest(const char *word);

#endif
