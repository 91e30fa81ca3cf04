/*
 * maildir - puts a message into a Maildir so that it survives a power cut
 * and never comes twice.
 *
 * The file's name is made from the entry and the recipient alone, and is the
 * same at every try: found in new/ or cur/ means delivered.
 */
#ifndef CHANS_MAILDIR_H
#define CHANS_MAILDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include "chans/chanproto.h"
#include "lib/mm.h"
#include "lib/trace.h"

#define MAILDIR_NAME 128
#define MAILDIR_BATCH 64

struct maildir_mail {
	int root;		/* mail-directory */
	const char *mailbox;	/* below it, DOMAIN/USER */
	const char *name;	/* the file's */
	bool repeat;		/* look for it in cur/ too */
	struct iovec *parts;	/* what it holds; changed by writing */
	int nparts;
};

/* TIME.IDrN.HOST; host is cut to what is harmless in a file name. */
void maildir_name(char dst[MAILDIR_NAME], int64_t time_us, const char *id,
    size_t recipient, const char *host);

struct maildir_batch;

/* So many threads to sync with, besides the caller's. */
struct maildir_batch *maildir_open(int threads);
void maildir_close(struct maildir_batch *b);
/*
 * Writes it to tmp/; *a is filled now, or else by the next maildir_settle()
 * (which it calls itself when MAILDIR_BATCH are waiting).
 */
void maildir_deliver(struct maildir_batch *b, const struct maildir_mail *m,
    struct chan_answer *a);
/* Makes all that were written durable and fills their answers. */
void maildir_settle(struct maildir_batch *b);

#endif
