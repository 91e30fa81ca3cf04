/*
 * datagram - from what a program sent to the line that is written.
 *
 * Pure.  Senders escape what clients sent (log.h), but a sender may be a
 * session that a client has taken over: it is looked at again.
 */
#ifndef TOOLS_DATAGRAM_H
#define TOOLS_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "lib/log.h"

#define DATAGRAM_LINE 4096	/* room for a line, escapes included */

/*
 * "program[pid]: event ..." without a newline, in dst of DATAGRAM_LINE bytes;
 * its length.  pid is the kernel's.  session: the sender runs as the session
 * user and may only be smtpsrvr.  What is malformed or claims to be another
 * is written quoted, as such, as a warning.
 */
size_t datagram_line(const char *p, size_t len, pid_t pid, bool session,
    char *dst, enum log_level *level_r);

#endif
