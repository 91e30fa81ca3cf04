/*
 * qread - reads an entry that is open: maps it and checks it.
 */
#ifndef CHANS_QREAD_H
#define CHANS_QREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/mm.h"
#include "lib/qfile.h"

struct qread {
	void *map;
	bool heap;		/* not mapped but read */
	size_t len;
	struct qfile q;		/* strings point into the map */
};

/*
 * 0; or -1 with errno 0 and why_r where the entry itself is bad, or with
 * errno where it could not be read.
 */
MM_MUST_USE int qread_map(int fd, struct qread *r_r, const char **why_r);
/* The same for one in the journal: length bytes from at on. */
MM_MUST_USE int qread_part(int fd, uint64_t at, uint64_t length,
    struct qread *r_r, const char **why_r);
void qread_unmap(struct qread *r);
/* The message: trace line and text. */
const char *qread_message(const struct qread *r);

#endif
