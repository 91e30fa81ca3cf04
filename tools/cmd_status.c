/*
 * cmd_status - inlet status: does the server run, and is it well?  For people,
 * and for what watches machines: the exit status says it, too.
 *
 * Numbers come from the server's memory (tools/running.h); then we are the
 * submit user, who may read the queue.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "lib/clock.h"
#include "tools/command.h"
#include "tools/queued.h"
#include "tools/running.h"
#include "tools/show.h"

#define STRAINED 1
#define SECOND 1000000

struct waiting {
	size_t n, bad;		/* messages; set aside */
	int64_t oldest;		/* seconds; -1: there is none */
};

/* The first that is there still and whole tells the age. */
static int64_t
age(const struct queued_dirs *d, const struct queued_ids *ids)
{
	struct queued q;
	int64_t seconds = -1;

	for (size_t i = 0; i < ids->n && seconds == -1; i++) {
		if (queued_read(d, ids->at[i], &q) != 0)
			continue;
		if (q.damage == NULL)
			seconds = (clock_wall_us() - q.in.q.time) / SECOND;
		queued_free(&q);
	}
	return seconds;
}

/* -1 with errno; that nothing was queued yet is no mistake. */
static int
look_queue(const char *spool, struct waiting *w_r)
{
	struct queued_ids ids = { .n = 0 }, bad = { .n = 0 };
	struct queued_dirs d;
	int rc;

	*w_r = (struct waiting){ .oldest = -1 };
	if (queued_open(&d, spool) != 0)
		return errno == ENOENT ? 0 : -1;
	rc = queued_all(&d, &ids) != 0 ||
	    queued_ids(d.bad, &bad) != 0 ? -1 : 0;
	w_r->n = ids.n;
	w_r->bad = bad.n;
	if (rc == 0)
		w_r->oldest = age(&d, &ids);
	free(ids.at);
	free(bad.at);
	queued_close(&d);
	return rc;
}

static void
line(const char *what)
{
	printf("%-40s ", what);
}

static void
print_text(const struct limits_view *v, const struct limits_seen *s,
    const struct waiting *w)
{
	char old[32];

	line("server");
	printf("running");
	if (v->process > 0)
		printf(", process %d", (int)v->process);
	putchar('\n');
	line("connections");
	printf("%" PRIu32 " of %" PRId32 "\n", s->connections, v->shown.most);
	line("messages");
	printf("%zu", w->n);
	if (w->oldest >= 0)
		printf(", the oldest %s", show_age(w->oldest, old,
		    sizeof(old)));
	if (w->bad > 0)
		printf(", %zu set aside in bad", w->bad);
	putchar('\n');
	limits_text_state(v, s);
}

static void
print_json(const struct limits_view *v, const struct limits_seen *s,
    const struct waiting *w)
{
	struct show_json j;

	show_json_begin(&j, stdout);
	show_json_open(&j, '{');
	if (v->process > 0)
		show_json_count(&j, "process", v->process);
	show_json_count(&j, "connections", s->connections);
	show_json_count(&j, "connections-most", v->shown.most);
	show_json_count(&j, "messages", (int64_t)w->n);
	show_json_count(&j, "bad", (int64_t)w->bad);
	if (w->oldest >= 0)
		show_json_count(&j, "oldest", w->oldest);
	limits_json_state(&j, v, s);
	show_json_close(&j, '}');
	show_json_end(&j);
}

static int
work(const struct request *r, const struct limits_view *v)
{
	struct limits_filter all = { .channel = NULL };
	struct limits_seen seen;
	struct waiting w;
	bool strained;

	if (look_queue(v->conf->server.v.spool_directory, &w) != 0) {
		fprintf(stderr, "inlet status: %s: %s\n",
		    v->conf->server.v.spool_directory, strerror(errno));
		return errno == EACCES ? EX_NOPERM : EX_IOERR;
	}
	limits_look(v, &all, &seen);
	if (r->json)
		print_json(v, &seen, &w);
	else
		print_text(v, &seen, &w);
	strained = seen.stress_known && seen.stress.on;
	limits_free(&seen);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "inlet status: %s\n", strerror(errno));
		return EX_IOERR;
	}
	return strained ? STRAINED : EX_OK;
}

int
cmd_status(const struct request *r)
{
	struct limits_view v;
	int code = running_open(r, "status", &v);

	if (code == EX_OK)
		code = work(r, &v);
	conf_free(v.conf);
	return code;
}
