/*
 * secretfile - a file whose first line is a password of ours.
 */
#ifndef AUTHSRVR_SECRETFILE_H
#define AUTHSRVR_SECRETFILE_H

#include <stddef.h>
#include <sys/types.h>
#include "lib/mm.h"

/*
 * Reads it if the file is safe as passwords_open() has it; -1 with a reason.
 */
MM_MUST_USE int secretfile_read(const char *path, uid_t user, char *secret_r,
    size_t secret_size, char *why_r, size_t size);

#endif
