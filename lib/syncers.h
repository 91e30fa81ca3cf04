/*
 * syncers - several syncs under way at once.
 *
 * A sync waits for the disk's cache to be flushed.  One after the other, a
 * batch waits for as many flushes as it has files; at once, the file system
 * and the disk make do with one or two.  The threads do nothing else, and
 * have nothing to do with clients.
 */
#ifndef LIB_SYNCERS_H
#define LIB_SYNCERS_H

#include <stddef.h>

#define SYNCERS_MOST 15

struct syncers;

/* At most so many threads besides the caller's; 0 to SYNCERS_MOST. */
struct syncers *syncers_start(int threads);
/* Calls each(arg, i) for every i below n, several at once; then returns. */
void syncers_run(struct syncers *y, size_t n,
    void (*each)(void *arg, size_t i), void *arg);
void syncers_stop(struct syncers *y);

#endif
