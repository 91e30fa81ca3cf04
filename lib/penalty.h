/*
 * penalty - an element of the setting penalty-points: "crash 50".
 */
#ifndef LIB_PENALTY_H
#define LIB_PENALTY_H

#include <stddef.h>
#include <stdint.h>
#include "lib/mm.h"

enum penalty { PENALTY_CRASH, PENALTY_GARBAGE, PENALTY_FAILURE, PENALTIES };

/* -1 with a reason that names the word, and the nearest known one. */
MM_MUST_USE int penalty_parse(const char *text, enum penalty *what_r,
    int32_t *points_r, char *why_r, size_t size);

#endif
