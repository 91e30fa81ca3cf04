/*
 * ch_local - the channel program that delivers into virtual Maildirs below
 * mail-directory, all under one uid.
 *
 * Runs as the submit user.  Which mailbox is submit's decision and stands in
 * the entry; its path is checked again on the way (maildir.c).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "chans/chan.h"
#include "chans/maildir.h"

/* As many files as are synced at once, with ours. */
#define SYNC_THREADS 7

static void
deliver(struct chan *c, const struct chan_entry *e, struct chan_answer *a)
{
	char name[MAILDIR_NAME], top[2048];
	struct iovec parts[2];
	struct maildir_mail m = { .mailbox = e->to->mailbox, .name = name,
	    .repeat = e->repeat, .parts = parts, .nparts = 2 };
	const char *eol;
	int n;

	maildir_name(name, e->q->time, e->q->id, e->index, c->s.hostname);
	/* What follows is as it came: its lines end in CRLF. */
	eol = strcmp(e->q->body, "BINARYMIME") == 0 ? "\r\n" : "\n";
	n = snprintf(top, sizeof top, "Return-Path: <%s>%sDelivered-To: %s%s",
	    e->q->sender, eol, e->to->address, eol);
	if (n < 0 || (size_t)n >= sizeof top) {
		chanproto_fill(a, CHAN_NEVER, "5.1.3", "address too long");
		return;
	}
	parts[0] = (struct iovec){ .iov_base = top, .iov_len = (size_t)n };
	/* fd_writev only reads it */
	parts[1] = (struct iovec){
	    .iov_base = (void *)(uintptr_t)e->message, .iov_len = e->len };
	m.root = open(c->s.mail_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (m.root == -1) {
		chanproto_fill(a, CHAN_LATER, "4.3.5", "mail-directory: %s",
		    strerror(errno));
		return;
	}
	maildir_deliver(c->own, &m, a);
	close(m.root);
}

static int
start(struct chan *c)
{
	c->own = maildir_open(SYNC_THREADS);
	return 0;
}

static void
end(struct chan *c)
{
	maildir_close(c->own);
}

static void
settle(struct chan *c)
{
	maildir_settle(c->own);
}

int
main(int argc, char **argv)
{
	static const struct chan_ops local = { .program = "ch_local",
	    .open = start, .close = end, .deliver = deliver,
	    .settle = settle };

	return chan_main(argc, argv, &local);
}
