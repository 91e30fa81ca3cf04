/*
 * authmode - the words of a channel's setting authorise (inlet-authorise(5)).
 */
#ifndef LIB_AUTHMODE_H
#define LIB_AUTHMODE_H

#include "lib/settings.h"

enum {
	AUTH_FREE = 1,
	AUTH_IN_LOG = 2, AUTH_IN_WARN = 4, AUTH_IN_BLOCK = 8,
	AUTH_OUT_LOG = 16, AUTH_OUT_WARN = 32, AUTH_OUT_BLOCK = 64,
	AUTH_HOST_AND_USER = 128
};

#define AUTH_IN (AUTH_IN_LOG | AUTH_IN_WARN | AUTH_IN_BLOCK)
#define AUTH_OUT (AUTH_OUT_LOG | AUTH_OUT_WARN | AUTH_OUT_BLOCK)

/* The word's bit; 0 if there is no such word. */
int authmode_bit(const char *word);
/* All of a list's, or-ed; words that are none give nothing. */
int authmode_bits(const struct strings *words);
/* The nearest word, or null. */
const char *authmode_nearest(const char *word);

#endif
