/*
 * chan - the frame of channel programs.
 *
 * Runs as deliver does (the submit user); deliver starts it as
 * "ch_NAME CHANNEL" with 0 the requests (chanproto.h), 3 the configuration
 * record, 5 the log socket.  Trusts no entry without a good trailer.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "chans/chan.h"
#include "chans/qread.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/plan.h"
#include "lib/priv.h"
#include "lib/xalloc.h"

#define CONF_FD 3
#define LOG_FD 5
/* A batch of entries; for each delivery a file and two folders. */
#define CHAN_FILES 512
#define LOG_PATIENCE_MS 1000

/* An outcome: chan_say has said it. */
#define SAID 0

/* The answers to one request; they stay where they are until they are said. */
struct answers {
	uint32_t n;
	struct chan_answer *at;
};

static void
answer_one(struct chan *c, const struct chan_ops *ops,
    const struct chan_request *r, uint32_t index, const struct qread *in,
    const char *why, struct chan_answer *a)
{
	struct chan_entry e = { .q = &in->q, .index = index,
	    .repeat = (r->flags & CHANPROTO_REPEAT) != 0 };

	a->serial = r->serial;
	a->index = index;
	if (why != NULL || index >= in->q.nrecipients) {
		chanproto_fill(a, CHAN_LATER, "4.3.0", "%s",
		    why != NULL ? why : "no such recipient");
		return;
	}
	chanproto_fill(a, CHAN_LATER, "4.3.0",
	    "the channel program said nothing");
	e.to = &in->q.recipients[index];
	e.message = qread_message(in);
	e.len = in->q.message_len;
	ops->deliver(c, &e, a);
}

static void
answer_together(struct chan *c, const struct chan_ops *ops,
    const struct chan_request *r, const struct qread *in, const char *why,
    struct answers *all)
{
	struct chan_batch b = { .q = &in->q, .n = r->n, .answer = all->at,
	    .repeat = (r->flags & CHANPROTO_REPEAT) != 0 };

	for (uint32_t i = 0; i < r->n; i++) {
		all->at[i].serial = r->serial;
		all->at[i].index = r->index[i];
		if (why == NULL && r->index[i] >= in->q.nrecipients)
			why = "no such recipient";
	}
	for (uint32_t i = 0; i < r->n; i++)
		chanproto_fill(&all->at[i], CHAN_LATER, "4.3.0", "%s",
		    why != NULL ? why : "the channel program said nothing");
	if (why != NULL)
		return;
	b.message = qread_message(in);
	b.len = in->q.message_len;
	ops->deliver_all(c, &b);
}

static void
answer_all(struct chan *c, const struct chan_ops *ops,
    const struct chan_request *r, int entry, struct answers *all_r)
{
	const char *why;
	struct qread in;

	all_r->n = r->n;
	all_r->at = xcalloc(r->n, sizeof *all_r->at);
	if ((r->length == 0 ? qread_map(entry, &in, &why) :
	    qread_part(entry, r->at, r->length, &in, &why)) == 0)
		why = NULL;
	if (ops->deliver_all != NULL)
		answer_together(c, ops, r, &in, why, all_r);
	for (uint32_t i = 0; i < r->n && ops->deliver_all == NULL; i++)
		answer_one(c, ops, r, r->index[i], &in, why, &all_r->at[i]);
	qread_unmap(&in);
}

void
chan_say(struct chan_answer *a)
{
	/* What was not heard is asked again. */
	(void)!chanproto_answer(STDIN_FILENO, a);
	a->outcome = SAID;
}

/* Says them and lets them go; 0 or -1. */
static int
say(struct answers *all)
{
	int result = 0;

	for (uint32_t i = 0; i < all->n && result == 0; i++)
		if (all->at[i].outcome != SAID)
			result = chanproto_answer(STDIN_FILENO, &all->at[i]);
	free(all->at);
	return result;
}

void
chan_working(void)
{
	struct chan_answer a = { .outcome = CHAN_WORKING };

	/* If it does not get there, the next one will, or nobody listens. */
	(void)!chanproto_answer(STDIN_FILENO, &a);
}

/* Until there is a request. */
static void
idle(struct chan *c, const struct chan_ops *ops)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	int ms;

	while ((ms = ops->idle(c)) != -1 && poll(&p, 1, ms) == 0)
		;
}

/*
 * Waits for a request and takes what else is there; how many, 0 at the end,
 * -1 with errno.
 */
static int
serve_batch(struct chan *c, const struct chan_ops *ops)
{
	struct answers all[CHANPROTO_BATCH];
	int n = 0, most = ops->settle != NULL ? CHANPROTO_BATCH : 1;
	int entry, error = 0, result = 0;
	struct chan_request r;

	if (ops->idle != NULL)
		idle(c, ops);
	while (n < most && chanproto_take(STDIN_FILENO, n == 0, &r,
	    &entry) == 0) {
		answer_all(c, ops, &r, entry, &all[n++]);
		close(entry);
	}
	if (n == 0)
		return errno == 0 ? 0 : -1;
	if (ops->settle != NULL)
		ops->settle(c);
	for (int i = 0; i < n; i++)
		if (say(&all[i]) == -1 && result == 0) {
			error = errno;
			result = -1;
		}
	errno = error;
	return result == 0 ? n : -1;
}

static int
serve(struct chan *c, const struct chan_ops *ops)
{
	struct chan_answer several = { .outcome = CHAN_SETTLES,
	    .index = CHANPROTO_BATCH };
	int n;

	if (ops->settle != NULL &&
	    chanproto_answer(STDIN_FILENO, &several) == -1)
		return EX_OSERR;
	while ((n = serve_batch(c, ops)) > 0)
		;
	if (n == 0)
		return EX_OK;
	log_note(LEVEL_ERROR, "requests: %s", strerror(errno));
	return EX_OSERR;
}

static void
confine(void)
{
	umask(077);
	/* Nobody would hear the answer, and the entry would stay locked. */
	priv_die_with_parent(SIGKILL, getppid());
	if (priv_limit(RLIMIT_CORE, 0) == -1 ||
	    priv_limit(RLIMIT_NOFILE, CHAN_FILES) == -1 ||
	    priv_no_new() == -1)
		fatal(EX_OSERR, "cannot give up privileges");
}

int
chan_main(int argc, char **argv, const struct chan_ops *ops)
{
	struct chan c = { .own = NULL };
	struct conf *conf = NULL;
	struct plan plan;
	int channel, result;

	if (argc != 2 || !fd_is_socket(STDIN_FILENO, NULL, NULL)) {
		fprintf(stderr, "usage: %s channel\n"
		    "It is started by deliver(8).\n", ops->program);
		return EX_USAGE;
	}
	log_open(ops->program, fd_is_socket(LOG_FD, NULL, NULL) ? LOG_FD : -1,
	    LEVEL_INFO);
	log_patience(LOG_PATIENCE_MS);
	confine();
	if (plan_read(CONF_FD, &plan) == 0)
		conf = conf_from_fd(CONF_FD, (int64_t)plan.conf_at);
	if (conf == NULL)
		fatal(EX_CONFIG, "no configuration record");
	channel = conf_channel(conf, argv[1]);
	if (channel == -1)
		fatal(EX_CONFIG, "no such channel");
	c.name = argv[1];
	conf_effective(conf, -1, channel, &c.s);
	log_level_set((enum log_level)c.s.log_level);
	if (ops->open != NULL && ops->open(&c) == -1) {
		conf_free(conf);
		return EX_TEMPFAIL;
	}
	result = serve(&c, ops);
	if (ops->close != NULL)
		ops->close(&c);
	conf_free(conf);
	return result;
}
