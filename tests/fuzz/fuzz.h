/*
 * fuzz - what a fuzz target is: one input, and promises that must hold.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A broken promise ends the run: that is what libFuzzer looks for. */
static inline void
must(bool held, const char *promise)
{
	if (held)
		return;
	fprintf(stderr, "broken promise: %s\n", promise);
	abort();
}

#endif
