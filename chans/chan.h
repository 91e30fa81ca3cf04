/*
 * chan - the frame of a channel program.
 *
 * A channel program is one function, "deliver this entry to this recipient",
 * and a main of one line.  The frame reads the configuration, gives up what
 * is not needed, takes requests from deliver and answers them.  One that can
 * do several together at less cost has a second function, "settle".
 */
#ifndef CHANS_CHAN_H
#define CHANS_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include "chans/chanproto.h"
#include "lib/conf.h"
#include "lib/qfile.h"

struct chan {
	const char *name;	/* the channel that it delivers for */
	struct settings s;	/* in force for that channel */
	void *own;		/* the program's */
};

struct chan_entry {
	const struct qfile *q;
	const struct qfile_recipient *to;	/* this one */
	size_t index;		/* its number in the entry */
	const char *message;	/* trace line and text, lines ending in LF */
	size_t len;
	bool repeat;		/* it may have been delivered before */
};

/* All recipients of a request, for a program that takes them together. */
struct chan_batch {
	const struct qfile *q;
	const char *message;
	size_t len;
	bool repeat;
	size_t n;
	/*
	 * One a recipient, whose number in the entry is its index; each is
	 * "later" until it is filled.
	 */
	struct chan_answer *answer;
};

struct chan_ops {
	const char *program;	/* name in the log */
	/* Both may be null.  open: 0, or -1 (logged by it): exit 75. */
	int (*open)(struct chan *c);
	void (*close)(struct chan *c);
	/*
	 * Fills *a with chanproto_fill.  When it says CHAN_DELIVERED the
	 * message is safe; what it leaves alone is "later".  It may be asked
	 * again for the same entry and recipient at any time (repeat).
	 * Where there is a settle, *a may be filled until that returns; the
	 * entry is gone before it.
	 */
	void (*deliver)(struct chan *c, const struct chan_entry *e,
	    struct chan_answer *a);
	/* In place of deliver: the same for all recipients of a request. */
	void (*deliver_all)(struct chan *c, const struct chan_batch *b);
	/* May be null: then requests are taken one by one. */
	void (*settle)(struct chan *c);
	/*
	 * May be null.  Called while there is no request; in how many
	 * milliseconds it wants to be called again, -1 for never.
	 */
	int (*idle)(struct chan *c);
};

/*
 * Says to deliver that the program is not stuck: for one that waits for
 * others, with limits of its own, longer than delivery-timeout.
 */
void chan_working(void);

/*
 * Says one answer of a deliver_all now, so that it is not asked for again
 * should the program end during the others; it is not said a second time.
 */
void chan_say(struct chan_answer *a);

/* main's result: 0, 64 usage, 70, 71, 75, 78. */
int chan_main(int argc, char **argv, const struct chan_ops *ops);

#endif
