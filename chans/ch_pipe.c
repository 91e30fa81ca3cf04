/*
 * ch_pipe - the channel program that gives mail to a command.
 *
 * Runs as the submit user, and so does the command: it is trusted like
 * deliver itself.  Addresses and the message are a stranger's: they reach
 * the command only as whole arguments, as variables, and on its standard
 * input, and no shell sees any of them.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "chans/chan.h"
#include "chans/errand.h"
#include "chans/guard.h"
#include "chans/mime7.h"
#include "chans/runner.h"
#include "lib/clock.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/xalloc.h"

/* sysexits.h and what others give besides; what is not here is "later". */
static const struct {
	int status;
	enum chan_outcome outcome;
	const char *code, *text;
} ends[] = {
	{ EX_OK, CHAN_DELIVERED, "2.0.0", "delivered" },
	{ EX_USAGE, CHAN_NEVER, "5.3.0", "usage error" },
	{ EX_DATAERR, CHAN_NEVER, "5.6.0", "data format error" },
	{ EX_NOINPUT, CHAN_NEVER, "5.3.0", "cannot open input" },
	{ EX_NOUSER, CHAN_NEVER, "5.1.1", "user unknown" },
	{ EX_NOHOST, CHAN_NEVER, "5.1.2", "host unknown" },
	{ EX_UNAVAILABLE, CHAN_NEVER, "5.3.0", "service unavailable" },
	{ EX_SOFTWARE, CHAN_NEVER, "5.3.0", "internal error" },
	{ EX_OSERR, CHAN_LATER, "4.3.0", "system error" },
	{ EX_OSFILE, CHAN_NEVER, "5.3.0", "a system file is missing" },
	{ EX_CANTCREAT, CHAN_NEVER, "5.2.0", "cannot create output" },
	{ EX_IOERR, CHAN_LATER, "4.3.0", "input/output error" },
	{ EX_TEMPFAIL, CHAN_LATER, "4.3.0", "failed for now" },
	{ EX_PROTOCOL, CHAN_NEVER, "5.5.0", "protocol error" },
	{ EX_NOPERM, CHAN_NEVER, "5.7.0", "permission denied" },
	{ EX_CONFIG, CHAN_NEVER, "5.3.5", "configuration error" },
	{ 100, CHAN_NEVER, "5.3.0", "failed for good" },
	{ 111, CHAN_LATER, "4.3.0", "failed for now" },
	{ 126, CHAN_LATER, "4.3.5", "cannot be executed" },
	{ 127, CHAN_LATER, "4.3.5", "was not found" },
};

/* "5.1.1 no such user": the command's own words begin with a code. */
static size_t
own_code(const char *text, enum chan_outcome outcome, char *code,
    size_t size)
{
	static const char digits[] = "0123456789";
	char class = outcome == CHAN_DELIVERED ? '2' :
	    outcome == CHAN_LATER ? '4' : '5';
	size_t n = 2, part;

	if (text[0] != class || text[1] != '.')
		return 0;
	part = strspn(text + n, digits);
	if (part < 1 || part > 3 || text[n + part] != '.')
		return 0;
	n += part + 1;
	part = strspn(text + n, digits);
	n += part;
	if (part < 1 || part > 3 || text[n] != ' ' || n >= size)
		return 0;
	memcpy(code, text, n);
	code[n] = '\0';
	return n + 1;
}

static void
answer_exited(const struct runner_result *r, const char *name,
    struct chan_answer *a)
{
	enum chan_outcome outcome = CHAN_LATER;
	char code[CHANPROTO_CODE] = "4.3.0";
	const char *text = "failed", *said = r->text;

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		if (ends[i].status != r->number)
			continue;
		outcome = ends[i].outcome;
		text = ends[i].text;
		snprintf(code, sizeof code, "%s", ends[i].code);
	}
	said += own_code(said, outcome, code, sizeof code);
	if (outcome == CHAN_DELIVERED)
		chanproto_fill(a, outcome, code, "%s", said[0] != '\0' ?
		    said : "delivered to the command");
	else if (said[0] != '\0')
		chanproto_fill(a, outcome, code, "%s: exit %d (%s): %s", name,
		    r->number, text, said);
	else
		chanproto_fill(a, outcome, code, "%s: exit %d (%s)", name,
		    r->number, text);
}

static void
answer(const struct runner_result *r, const char *path, int64_t ms,
    struct chan_answer *a)
{
	const char *name = strrchr(path, '/');

	name = name != NULL ? name + 1 : path;
	switch (r->end) {
	case RUNNER_EXITED:
		answer_exited(r, name, a);
		break;
	case RUNNER_SIGNALLED:
		chanproto_fill(a, CHAN_LATER, "4.3.0",
		    "%s: killed by signal %d (%s)%s%s", name, r->number,
		    strsignal(r->number), r->text[0] != '\0' ? ": " : "",
		    r->text);
		break;
	case RUNNER_LATE:
		chanproto_fill(a, CHAN_LATER, "4.3.0",
		    "%s: took longer than %lld ms%s%s", name, (long long)ms,
		    r->text[0] != '\0' ? ": " : "", r->text);
		break;
	case RUNNER_NOT:
		chanproto_fill(a, CHAN_LATER, "4.3.5", "%s", r->text);
		break;
	}
}

/* A file of its own, which the command can read and seek but not change. */
static int
memory_file(const struct buf *head, const char *p, size_t len)
{
	int fd = memfd_create("message", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd == -1)
		return -1;
	if ((head->len == 0 || fd_write(fd, head->p, head->len,
	    CLOCK_NEVER) == 0) && fd_write(fd, p, len, CLOCK_NEVER) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
	    F_SEAL_SEAL) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	close(fd);
	return -1;
}

/* For the recipients of e, whose answers are all this one. */
static void
run(struct chan *c, struct errand *e, const char *p, size_t len,
    struct chan_answer *a)
{
	struct runner_job job = { .argv = e->argv, .env = e->env,
	    .directory = c->s.pipe_directory, .memory = c->s.pipe_memory,
	    .ms = c->s.pipe_timeout };
	struct runner_result r;

	job.in = memory_file(&e->head, p, len);
	if (job.in == -1) {
		chanproto_fill(a, CHAN_LATER, "4.3.0", "message: %s",
		    strerror(errno));
		return;
	}
	chan_working();
	if (runner_run(c->own, &job, &r) == -1) {
		chanproto_fill(a, CHAN_LATER, "4.3.0", "%s: %s", e->argv[0],
		    strerror(errno));
	} else
		answer(&r, e->argv[0], c->s.pipe_timeout, a);
	close(job.in);
}

static void
copy_answer(struct chan_answer *to, const struct chan_answer *from)
{
	to->outcome = from->outcome;
	to->flags = from->flags;
	memcpy(to->code, from->code, sizeof to->code);
	memcpy(to->text, from->text, sizeof to->text);
}

static void
each(struct chan *c, const struct chan_batch *b, const char *p, size_t len)
{
	struct errand e;

	for (size_t i = 0; i < b->n; i++) {
		if (errand_make(&e, c, b, i, 1, &b->answer[i]) == 0)
			run(c, &e, p, len, &b->answer[i]);
		errand_free(&e);
		chan_say(&b->answer[i]);
	}
}

static void
together(struct chan *c, const struct chan_batch *b, const char *p,
    size_t len)
{
	struct chan_answer all = { .outcome = CHAN_LATER };
	bool *out = xcalloc(b->n, sizeof *out);
	struct errand e;

	/* Who was refused before has an answer of his own. */
	for (size_t i = 0; i < b->n; i++)
		out[i] = !errand_takes(c, b, i, &b->answer[i]);
	if (errand_make(&e, c, b, 0, b->n, &all) == 0)
		run(c, &e, p, len, &all);
	for (size_t i = 0; i < b->n; i++)
		if (!out[i])
			copy_answer(&b->answer[i], &all);
	errand_free(&e);
	free(out);
}

static void
deliver(struct chan *c, const struct chan_batch *b)
{
	struct chan_answer no = { .outcome = CHAN_LATER };
	const char *p = b->message, *why;
	int flags = strcmp(b->q->body, "BINARYMIME") == 0 ? MIME7_BINARY : 0;
	bool convert = c->s.pipe_seven_bit && (flags == MIME7_BINARY ||
	    !mime7_is(b->message, b->len, 0));
	size_t len = b->len;
	struct buf seven;

	buf_init(&seven, 4 * len + 65536);
	if (c->s.pipe_command.n == 0)
		chanproto_fill(&no, CHAN_LATER, "4.3.5",
		    "the channel has no pipe-command");
	else if (convert && mime7_convert(p, len, flags, &seven, &why) == -1)
		chanproto_fill(&no, CHAN_NEVER, "5.6.3",
		    "cannot be made 7-bit: %s", why);
	else {
		if (convert) {
			p = seven.p != NULL ? seven.p : "";
			len = seven.len;
		}
		if (c->s.pipe_per == PIPE_PER_MESSAGE)
			together(c, b, p, len);
		else
			each(c, b, p, len);
		buf_free(&seven);
		return;
	}
	for (size_t i = 0; i < b->n; i++)
		copy_answer(&b->answer[i], &no);
	buf_free(&seven);
}

static int
begin(struct chan *c)
{
	struct guard *g = xcalloc(1, sizeof *g);

	(void)sigaction(SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN },
	    NULL);
	if (guard_start(g) == -1) {
		log_note(LEVEL_ERROR, "guard: %s", strerror(errno));
		free(g);
		return -1;
	}
	c->own = g;
	return 0;
}

static void
end(struct chan *c)
{
	guard_end(c->own);
	free(c->own);
}

int
main(int argc, char **argv)
{
	static const struct chan_ops pipe = { .program = "ch_pipe",
	    .open = begin, .close = end, .deliver_all = deliver };

	return chan_main(argc, argv, &pipe);
}
