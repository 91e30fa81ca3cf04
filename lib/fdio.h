/*
 * fdio - whole reads and writes with a deadline, and descriptors in messages.
 */
#ifndef LIB_FDIO_H
#define LIB_FDIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include "lib/mm.h"

/*
 * Read exactly len bytes, or write them all, before the deadline
 * (clock.h, CLOCK_NEVER for none).  0, or -1 with errno; a clean end of file
 * in the middle is EPIPE, at the start errno 0; a passed deadline ETIMEDOUT.
 * They work on blocking and non-blocking descriptors; writing to a socket
 * never raises SIGPIPE.
 */
MM_MUST_USE int fd_read(int fd, void *p, size_t len, int64_t deadline);
/*
 * An answer: waits for it, then reads at least least and at most most bytes;
 * how many goes to *len_r.  The result is as for fd_read.
 */
MM_MUST_USE int fd_read_answer(int fd, void *p, size_t least, size_t most,
    size_t *len_r, int64_t deadline);
MM_MUST_USE int fd_write(int fd, const void *p, size_t len, int64_t deadline);
/* As fd_write for several pieces; iov is changed. */
MM_MUST_USE int fd_writev(int fd, struct iovec *iov, int n, int64_t deadline);
/* Regular files: retries EINTR and short writes. */
MM_MUST_USE int fd_pwrite(int fd, const void *p, size_t len, off_t at);

/*
 * One message with up to FD_PASS_MAX descriptors over a unix socket.
 * fd_pass gives 0 or -1.  fd_take gives the message's length, 0 at the end,
 * -1 with errno; descriptors come close-on-exec, surplus ones are closed,
 * and a message that was cut (MSG_TRUNC, MSG_CTRUNC) is EBADMSG.
 */
#define FD_PASS_MAX 5
MM_MUST_USE int fd_pass(int sock, const void *p, size_t len, const int *fds,
    int nfds, int flags);
ssize_t fd_take(int sock, void *p, size_t len, int *fds, int *nfds_io,
    int flags);

/* Closes every descriptor from first up (close_range). */
void fd_close_from(int first);
/*
 * Whether fd is a socket; of streams, whether it listens.  listening_r and
 * connected_r may be null.
 */
bool fd_is_socket(int fd, bool *listening_r, bool *connected_r);
/* Opens /dev/null on each of 0, 1, 2 that is closed. */
int fd_standard(void);

#endif
