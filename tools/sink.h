/*
 * sink - where events go: a file, syslog, or standard error.
 *
 * Lines are added, then written together.  A sink that is blocked makes us
 * wait; whoever sends to us does not: he counts what he could not say.
 */
#ifndef TOOLS_SINK_H
#define TOOLS_SINK_H

#include <stddef.h>
#include "lib/log.h"

#define SINK_LINES 64		/* between two flushes */
#define SINK_SYSLOG "/dev/log"

struct sink;

/*
 * where: "stderr", "syslog", or an absolute file name.  device is syslogd's
 * socket.  control is a socket whose end says that nothing is worth waiting
 * for any more, or -1.
 */
struct sink *sink_open(const char *where, const char *device, int control);
/* Adds one line (at most DATAGRAM_LINE bytes, no newline). */
void sink_add(struct sink *s, enum log_level level, const char *line,
    size_t len);
/* Writes what was added. */
void sink_flush(struct sink *s);
/* Opens the file or connects anew at the next flush. */
void sink_reopen(struct sink *s);

#endif
