/*
 * queue_change - what an operator does to messages in the queue.
 *
 * Runs as the submit user.  Which messages are meant is found first, and then
 * deliver is asked for one after the other: it alone works on the queue.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "lib/clock.h"
#include "lib/control.h"
#include "lib/durable.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tools/orderly.h"
#include "tools/queue_change.h"
#include "tools/show.h"

enum { UNDELETE = 100 };

static const struct queue_verb {
	const char *name, *done, *would;
	int order;		/* enum control_verb, or UNDELETE */
	bool all;		/* without a condition: all of them */
} verbs[] = {
	{ "hold", "held", "would be held", CONTROL_HOLD, false },
	{ "release", "released", "would be released", CONTROL_RELEASE,
	    false },
	{ "retry", "to be tried now", "would be tried", CONTROL_RETRY, true },
	{ "delete", "deleted", "would be deleted", CONTROL_DELETE, false },
	{ "bounce", "sent back", "would be sent back", CONTROL_BOUNCE,
	    false },
	{ "undelete", "back in the queue", "would be back", UNDELETE,
	    false },
};

struct change {
	const struct queue_verb *verb;
	const char *why;	/* of a bounce */
	bool dry;
	struct queued_dirs *dirs;
	struct orderly orderly;
	struct show_json *json;	/* null: text */
	size_t done, n;
	int code;
};

const struct queue_verb *
queue_change_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/* The marks first: nobody gets it twice. */
static int
undelete(const struct queued_dirs *d, const char *id)
{
	char marks[TRACE_ID + 8];

	snprintf(marks, sizeof marks, "%s.marks", id);
	if (durable_rename(d->queue, marks, d->home_marks, id) == -1 &&
	    errno != ENOENT)
		return -1;
	if (durable_sync_dir(d->home_marks) == -1 ||
	    durable_rename(d->queue, id, d->home, id) == -1 ||
	    durable_sync_dir(d->home) == -1)
		return -1;
	return durable_sync_dir(d->queue);
}

static void
ask(struct change *c, const char *id, struct control_answer *a)
{
	struct control_request r = { .version = CONTROL_VERSION,
	    .verb = (uint32_t)c->verb->order };

	*a = (struct control_answer){ .result = CONTROL_FAILED };
	if (c->verb->order == UNDELETE) {
		a->result = undelete(c->dirs, id) == 0 ? CONTROL_DONE :
		    errno == ENOENT ? CONTROL_ABSENT : CONTROL_FAILED;
		if (a->result != CONTROL_DONE)
			snprintf(a->text, sizeof a->text, "%s",
			    strerror(errno));
		return;
	}
	(void)!text_copy(r.id, sizeof r.id, id);
	if (c->verb->order == CONTROL_BOUNCE)
		(void)!text_copy(r.name, sizeof r.name, c->why);
	if (orderly_ask(&c->orderly, &r, a) != 0) {
		a->result = CONTROL_FAILED;
		snprintf(a->text, sizeof a->text, "deliver: %s",
		    strerror(errno));
	}
}

static const char *
result_word(const struct change *c, uint32_t result)
{
	if (c->dry)
		return "would";
	return result == CONTROL_DONE ? "done" : result == CONTROL_ABSENT ?
	    "absent" : result == CONTROL_BUSY ? "busy" : "failed";
}

static void
tell(struct change *c, const char *id, const struct control_answer *a)
{
	if (c->json != NULL) {
		show_json_open(c->json, '{');
		show_json_pair(c->json, "id", id);
		show_json_pair(c->json, "result", result_word(c, a->result));
		if (a->text[0] != '\0')
			show_json_pair(c->json, "text", a->text);
		show_json_close(c->json, '}');
	} else if (c->dry) {
		show_text(stdout, id);
		putchar('\n');
	} else if (a->result != CONTROL_DONE) {
		fputs("inlet queue: ", stderr);
		show_text(stderr, id);
		fputs(": ", stderr);
		show_text(stderr, a->text);
		fputs("\n", stderr);
	}
}

static void
change_one(struct change *c, const char *id)
{
	struct control_answer a = { .result = CONTROL_DONE };

	c->n++;
	if (!c->dry)
		ask(c, id, &a);
	tell(c, id, &a);
	if (a.result == CONTROL_DONE)
		c->done++;
	else if (a.result == CONTROL_BUSY)
		c->code = EX_TEMPFAIL;
	else if (a.result == CONTROL_ABSENT && c->code == EX_OK)
		c->code = EX_NOINPUT;
	else if (a.result != CONTROL_ABSENT)
		c->code = EX_IOERR;
}

/* Is it one that s means, and whole? */
static bool
is_meant(const struct change *c, const struct selection *s, const char *id,
    int64_t now)
{
	struct queued q;
	bool meant;

	if (queued_read(c->dirs, id, &q) != 0)
		return false;
	meant = q.damage == NULL && !q.set_aside && selection_holds(s, &q,
	    now);
	queued_free(&q);
	return meant;
}

/* The given ones, or all. */
static int
candidates(const struct change *c, const struct selection *s,
    struct queued_ids *ids)
{
	size_t n = (size_t)s->nids;

	if (n == 0)
		return queued_all(c->dirs, ids);
	ids->at = xcalloc(n, sizeof *ids->at);
	for (size_t i = 0; i < n; i++)
		if (text_copy(ids->at[ids->n], TRACE_ID, s->ids[i]) == 0)
			ids->n++;
	return 0;
}

/* Leaves those in ids that are meant. */
static int
select_ids(const struct change *c, const struct selection *s,
    struct queued_ids *ids)
{
	int64_t now = clock_wall_us();
	size_t n = 0;

	if (candidates(c, s, ids) != 0) {
		fprintf(stderr, "inlet queue: %s\n", strerror(errno));
		return -1;
	}
	for (size_t i = 0; i < ids->n; i++)
		if (is_meant(c, s, ids->at[i], now))
			memmove(ids->at[n++], ids->at[i], TRACE_ID);
	ids->n = n;
	return 0;
}

/* Identifiers that were given and are of no message. */
static void
tell_absent(struct change *c, const struct selection *s,
    const struct queued_ids *ids)
{
	struct control_answer a = { .result = CONTROL_ABSENT,
	    .text = "there is no such message" };
	size_t k;

	for (int i = 0; i < s->nids; i++) {
		for (k = 0; k < ids->n; k++)
			if (strcmp(ids->at[k], s->ids[i]) == 0)
				break;
		if (k < ids->n)
			continue;
		if (c->dry && c->json == NULL) {
			fputs("inlet queue: ", stderr);
			show_text(stderr, s->ids[i]);
			fprintf(stderr, ": %s\n", a.text);
		} else
			tell(c, s->ids[i], &a);
		c->code = EX_NOINPUT;
	}
}

static void
summary(const struct change *c)
{
	if (c->n == 0)
		printf("no message is meant\n");
	else
		printf("%zu message%s %s\n", c->done, c->done == 1 ? "" : "s",
		    c->dry ? c->verb->would : c->verb->done);
}

static void
change_all(struct change *c, const struct selection *s,
    const struct queued_ids *ids)
{
	if (c->json != NULL) {
		show_json_begin(c->json, stdout);
		show_json_open(c->json, '[');
	}
	for (size_t i = 0; i < ids->n; i++)
		change_one(c, ids->at[i]);
	tell_absent(c, s, ids);
	if (c->json == NULL) {
		summary(c);
		return;
	}
	show_json_close(c->json, ']');
	show_json_end(c->json);
}

int
queue_change(const struct request *r, const struct configured *conf,
    const struct queue_verb *verb, const struct selection *s,
    struct queued_dirs *d)
{
	struct show_json j;
	struct change c = { .verb = verb, .dirs = d,
	    .why = r->why != NULL ? r->why : "", .dry = r->dry,
	    .json = r->json ? &j : NULL, .orderly = { .sock = -1 } };
	struct queued_ids ids = { .n = 0 };

	if (!s->some && !r->all && !verb->all) {
		fprintf(stderr, "inlet queue %s: say which messages: "
		    "identifiers, conditions, or --all\n", verb->name);
		return EX_USAGE;
	}
	if (select_ids(&c, s, &ids) != 0) {
		free(ids.at);
		return EX_IOERR;
	}
	if (!c.dry && ids.n > 0 && c.verb->order != UNDELETE)
		c.code = orderly_open(&c.orderly, conf, &r->tailor);
	if (c.code == EX_OK)
		change_all(&c, s, &ids);
	orderly_close(&c.orderly);
	free(ids.at);
	return c.code;
}
