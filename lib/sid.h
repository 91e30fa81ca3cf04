/*
 * sid - a session's name in logs and replies.
 *
 * Serials never repeat, so the text of one names a session for good.
 */
#ifndef LIB_SID_H
#define LIB_SID_H

#include <stdint.h>

#define SID 16

/* Gives dst. */
const char *sid_text(uint64_t serial, char dst[SID]);

#endif
