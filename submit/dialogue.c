/*
 * dialogue - see dialogue.h.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/spfresult.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/quota.h"
#include "lib/subproto.h"
#include "lib/text.h"
#include "submit/dialogue.h"
#include "tables/etrn.h"

/*
 * 0, or -1 with what was wrong: the connection ends.  1: it is to be called
 * again with the same when questions are answered.
 */
typedef int request_fn(struct desk *, struct dialogue *, const void *, size_t,
    const char **);

static request_fn on_hello, on_envelope, on_recipient, on_data, on_commit,
    on_abort, on_start, on_forgive;

#define IN(state) (1 << DIALOGUE_##state)

/* What may be asked when, and what state follows. */
static const struct request {
	enum sub_type type;
	int states;
	enum dialogue_state next;
	request_fn *take;
} requests[] = {
	{ SUB_HELLO, IN(HELLO) | IN(READY), DIALOGUE_READY, on_hello },
	{ SUB_ENVELOPE, IN(READY), DIALOGUE_ENVELOPE, on_envelope },
	{ SUB_RECIPIENT, IN(ENVELOPE), DIALOGUE_ENVELOPE, on_recipient },
	{ SUB_DATA, IN(ENVELOPE) | IN(TEXT), DIALOGUE_TEXT, on_data },
	{ SUB_COMMIT, IN(ENVELOPE) | IN(TEXT), DIALOGUE_READY, on_commit },
	{ SUB_START, IN(READY), DIALOGUE_READY, on_start },
	{ SUB_FORGIVE, IN(READY), DIALOGUE_READY, on_forgive },
	{ SUB_ABORT, IN(READY) | IN(ENVELOPE) | IN(TEXT), DIALOGUE_READY,
	    on_abort }
};

void
dialogue_init(struct dialogue *d, enum door door, int64_t uid)
{
	memset(d, 0, sizeof(*d));
	d->caller.door = door;
	d->caller.uid = uid;
	(void)!text_copy(d->caller.ip, sizeof(d->caller.ip), "-");
	buf_init(&d->in, DIALOGUE_IN);
	buf_init(&d->out, DIALOGUE_OUT);
}

void
dialogue_free(struct desk *k, struct dialogue *d)
{
	PANIC_IF(d->committing);
	message_free(k, d->message);
	d->message = NULL;
	whence_free(&d->whence);
	questions_free(&d->questions);
	buf_free(&d->in);
	buf_free(&d->out);
}

static struct side
side_of(struct desk *k, const struct dialogue *d)
{
	return (struct side){ .desk = k, .caller = &d->caller,
		.whence = &d->whence, .questions = &d->questions };
}

/* Offences end the connection and nothing else. */
static void
offend(struct dialogue *d, const char *what, int type)
{
	struct logline l;
	char letter[2] = { (char)type, '\0' };

	log_begin(&l, LEVEL_WARNING, "offence");
	log_word(&l, "ip", d->caller.ip);
	log_num(&l, "uid", d->caller.uid);
	log_num(&l, "state", (int64_t)d->state);
	if (type != 0)
		log_text(&l, "frame", letter);
	log_text(&l, "what", what);
	log_end(&l);
	d->over = true;
}

/* A session that says so of itself is no honest one. */
static void
forged(const struct dialogue *d, const struct sub_hello *h)
{
	struct logline l;

	log_begin(&l, LEVEL_ERROR, "forged-receipt");
	log_word(&l, "ip", d->caller.ip);
	log_num(&l, "row", h->row);
	log_text(&l, "login", h->login);
	log_text(&l, "mechanism", h->mechanism);
	log_end(&l);
}

/* Who it is, as far as the kind of caller tells. */
static void
log_caller(struct logline *l, struct desk *k, const struct dialogue *d)
{
	const struct message *m = d->message;
	char proxy[NET_TEXT];

	log_word(l, "ip", d->caller.ip);
	log_word(l, "chan", decide_channel(&k->site, &d->whence));
	if (m != NULL && m->env.sid[0] != '\0')
		log_word(l, "sid", m->env.sid);
	if (d->caller.told)
		log_word(l, "proxy", net_text(&d->caller.proxy, proxy));
	if (caller_logged_in(&d->caller))
		log_text(l, "login", d->caller.login);
	if (d->caller.kind == SUB_LOCAL)
		log_num(l, "uid", d->caller.uid);
}

static void
log_sender(struct logline *l, const struct message *m)
{
	char from[PATH_TEXT + 2];

	snprintf(from, sizeof(from), "<%s>", m->sender);
	log_text(l, "from", from);
}

static void
log_refused(struct desk *k, const struct dialogue *d, const struct reply *r)
{
	const struct message *m = d->message;
	struct logline l;

	log_begin_within(&l, LEVEL_NOTICE, decide_log_level(&k->site,
	    &d->whence), "refuse");
	log_caller(&l, k, d);
	log_num(&l, "code", r->code);
	log_word(&l, "enh", r->enhanced);
	log_word(&l, "reason", r->reason);
	if (r->detail[0] != '\0')
		log_text(&l, "detail", r->detail);
	log_text(&l, "text", r->text);
	if (m != NULL)
		log_sender(&l, m);
	log_end(&l);
}

/* What was asked about its client. */
static void
log_results(struct logline *l, struct desk *k, const struct dialogue *d)
{
	const struct side s = side_of(k, d);
	const struct sub_envelope *e = &d->message->env;
	struct results x;

	if (e->spf != SPF_UNASKED)
		log_word(l, "spf", spf_result_text((enum spf_result)e->spf));
	if (e->spf_helo != SPF_UNASKED)
		log_word(l, "spf-helo",
		    spf_result_text((enum spf_result)e->spf_helo));
	if (e->listed == 0)
		return;
	message_results(&s, d->message, &x);
	log_num(l, "dns-lists", results_score(&x));
}

static void
log_accepted(struct desk *k, const struct dialogue *d, const struct job *j)
{
	const struct message *m = d->message;
	struct logline l;

	log_begin_within(&l, LEVEL_INFO, decide_log_level(&k->site,
	    &d->whence), j->again ? "again" : "accept");
	log_caller(&l, k, d);
	log_word(&l, "qid", m->id);
	log_num(&l, "nrcpt", (int64_t)m->routed);
	if (m->env.tls != NULL && m->env.tls[0] != '\0')
		log_text(&l, "tls", m->env.tls);
	if (m->env.priority != 0)
		log_num(&l, "prio", m->env.priority);
	log_num(&l, "size", (int64_t)m->length);
	if (m->waits[0] != '\0')
		log_text(&l, "held", m->waits);
	log_results(&l, k, d);
	log_sender(&l, m);
	log_end(&l);
}

static void
log_lost(const struct dialogue *d, const struct job *j)
{
	struct logline l;

	log_begin(&l, LEVEL_ERROR, "queue-error");
	log_word(&l, "qid", d->message->id);
	log_word(&l, "step", j->failed);
	log_text(&l, "error", strerror(j->error));
	log_end(&l);
}

static void
answer(struct dialogue *d, const struct reply *r, const char *id)
{
	struct sub_verdict v = { .reply = *r };

	if (text_copy(v.id, sizeof(v.id), id) != 0 ||
	    sub_put_verdict(&d->out, &v) != 0)
		offend(d, "does not read its answers", 0);
}

static void
refuse(struct desk *k, struct dialogue *d, const struct reply *r)
{
	log_refused(k, d, r);
	answer(d, r, "");
}

static void
forget(struct desk *k, struct dialogue *d)
{
	message_free(k, d->message);
	d->message = NULL;
}

static void
ask_need(struct desk *k, struct dialogue *d)
{
	struct ask_access_question q;

	d->asking = ASKS_NEED;
	decide_question(&k->site, &d->caller, &d->whence, &q);
	k->ask(k, d, &q.q, q.q.kind == ASK_NAME ? sizeof(q.q) : sizeof(q));
}

/* The next of the open questions; wait says what they are about. */
static void
ask_next(struct desk *k, struct dialogue *d, enum dialogue_wait wait)
{
	struct ask_host_question q = { .q.kind = ASK_AWAY };
	int64_t now = clock_ms();

	if (d->questions.until == 0)
		d->questions.until = now + QUESTIONS_TIMES *
		    k->conf->server.v.dns_timeout;
	d->asking = wait;
	if (now >= d->questions.until || text_copy(q.name, sizeof(q.name),
	    questions_next(&d->questions)) != 0)
		dialogue_answered(k, d, NULL);
	else
		k->ask(k, d, &q.q, sizeof(q));
}

/* Asks what is still to be asked; tells what is wrong with the settings. */
static void
go_on(struct desk *k, struct dialogue *d)
{
	struct logline l;

	if (questions_open(&d->questions)) {
		ask_next(k, d, ASKS_SOURCE);
		return;
	}
	questions_free(&d->questions);
	if (d->whence.need != NEED_NOTHING) {
		ask_need(k, d);
		return;
	}
	if (d->whence.wrong[0] == '\0')
		return;
	log_begin(&l, LEVEL_ERROR, "settings");
	log_word(&l, "ip", d->caller.ip);
	log_text(&l, "name", d->whence.name);
	log_text(&l, "detail", d->whence.source.refusal.detail);
	log_text(&l, "wrong", d->whence.wrong);
	log_end(&l);
}

static int
on_hello(struct desk *k, struct dialogue *d, const void *p, size_t len,
    const char **why_r)
{
	struct sub_hello h;
	struct buf why;
	int result;

	if (sub_get_hello(p, len, &h) != 0) {
		*why_r = "malformed hello";
		return -1;
	}
	if (caller_hello(&k->rights, &d->caller, &h, why_r) != 0) {
		if (strcmp(*why_r, CALLER_FORGED) == 0)
			forged(d, &h);
		return -1;
	}
	whence_free(&d->whence);
	if (d->state == DIALOGUE_HELLO && !k->admit(k, d)) {
		*why_r = "its session has too many connections";
		return -1;
	}
	buf_init(&why, 256);
	k->enquirer.now = &d->questions;
	result = decide_whence(&k->site, &d->caller, &k->rules, &d->whence,
	    &why);
	k->enquirer.now = NULL;
	buf_free(&why);
	if (result != 0) {
		*why_r = "no such listener or list of channels";
		return -1;
	}
	go_on(k, d);
	return 0;
}

static int
on_envelope(struct desk *k, struct dialogue *d, const void *p, size_t len,
    const char **why_r)
{
	struct side s = side_of(k, d);
	struct reply r;

	if (!caller_holds(&k->rights, &d->caller)) {
		*why_r = "its session is over";
		return -1;
	}
	d->message = message_begin(&s, p, len, &r, why_r);
	if (d->message == NULL)
		return -1;
	if (d->caller.each && !reply_good(&r))
		refuse(k, d, &r);
	else if (d->caller.each)
		answer(d, &r, "");
	return 0;
}

static int
on_recipient(struct desk *k, struct dialogue *d, const void *p, size_t len,
    const char **why_r)
{
	struct side s = side_of(k, d);
	struct reply r;
	int result;

	k->enquirer.now = &d->questions;
	result = message_recipient(&s, d->message, p, len, &r, why_r);
	k->enquirer.now = NULL;
	if (result == 1)
		ask_next(k, d, ASKS_RECIPIENT);
	else
		questions_free(&d->questions);
	if (result != 0)
		return result;
	if (d->caller.each && !reply_good(&r))
		refuse(k, d, &r);
	else if (d->caller.each)
		answer(d, &r, "");
	return 0;
}

static int
on_data(struct desk *k, struct dialogue *d, const void *p, size_t len,
    const char **why_r)
{
	struct side s = side_of(k, d);

	(void)why_r;
	message_data(&s, d->message, p, len);
	return 0;
}

static int
on_commit(struct desk *k, struct dialogue *d, const void *p, size_t len,
    const char **why_r)
{
	struct side s = side_of(k, d);
	uint64_t length;
	struct job *j;

	if (sub_get_commit(p, len, &length) != 0) {
		*why_r = "malformed commit";
		return -1;
	}
	if (length != d->message->length) {
		*why_r = "the message was cut";
		return -1;
	}
	j = message_finish(&s, d->message);
	if (j == NULL) {
		refuse(k, d, &d->message->refusal);
		forget(k, d);
		return 0;
	}
	d->committing = true;
	k->give(k, d, j);
	return 0;
}

static int
on_abort(struct desk *k, struct dialogue *d, const void *p, size_t len,
    const char **why_r)
{
	(void)p;
	if (len != 0) {
		*why_r = "malformed abort";
		return -1;
	}
	forget(k, d);
	return 0;
}

/* Of an envelope nothing is known: it is the source that may, or not. */
static int
on_start(struct desk *k, struct dialogue *d, const void *p, size_t len,
    const char **why_r)
{
	struct control_request q = { .version = CONTROL_VERSION,
	    .verb = CONTROL_START };
	const struct whence *o = &d->whence;
	const char *node;
	struct reply r;

	if (sub_get_start(p, len, &node) != 0 ||
	    text_copy(d->node, sizeof(d->node), node) != 0 ||
	    !path_is_domain(node + (node[0] == '@'),
	    strlen(node) - (node[0] == '@'))) {
		*why_r = "malformed start";
		return -1;
	}
	if (!caller_holds(&k->rights, &d->caller)) {
		*why_r = "its session is over";
		return -1;
	}
	if (o->source.channel == -1 || (d->caller.kind != SUB_SESSION &&
	    d->caller.kind != SUB_DECLARED)) {
		reply_set(&r, REPLY_ETRN_REFUSED, node);
		reply_because(&r, "source");
		refuse(k, d, &r);
	} else if (etrn_permits(&k->site, o->limits.etrn, node, &r) != 0) {
		refuse(k, d, &r);
	} else {
		q.flags = node[0] == '@' ? CONTROL_SUBDOMAINS : 0;
		PANIC_IF(text_copy(q.name, sizeof(q.name),
		    node + (node[0] == '@')) != 0);
		d->asking = ASKS_START;
		k->start(k, d, &q);
	}
	return 0;
}

/* An operator's word: the rates of a login begin anew. */
static int
on_forgive(struct desk *k, struct dialogue *d, const void *p, size_t len,
    const char **why_r)
{
	const struct caller *c = &d->caller;
	const char *login;
	struct logline l;
	struct reply r;

	if (sub_get_forgive(p, len, &login) != 0) {
		*why_r = "malformed forgive";
		return -1;
	}
	if (c->kind != SUB_LOCAL || (c->uid != 0 &&
	    c->uid != (int64_t)k->rights.own)) {
		*why_r = "may not forgive";
		return -1;
	}
	quota_forgive(k->conf, k->counts, login);
	log_begin(&l, LEVEL_NOTICE, "forgive");
	log_text(&l, "login", login);
	log_num(&l, "uid", c->uid);
	log_end(&l);
	reply_set(&r, REPLY_OK);
	answer(d, &r, "");
	return 0;
}

static void
log_started(struct desk *k, const struct dialogue *d, uint32_t count)
{
	struct logline l;

	log_begin_within(&l, LEVEL_INFO, decide_log_level(&k->site,
	    &d->whence), "start");
	log_caller(&l, k, d);
	log_text(&l, "node", d->node);
	log_num(&l, "entries", count);
	log_end(&l);
}

void
dialogue_started(struct desk *k, struct dialogue *d,
    const struct control_answer *a)
{
	struct reply r;

	d->asking = ASKS_NOTHING;
	if (a == NULL || a->result != CONTROL_DONE) {
		reply_set(&r, REPLY_ETRN_FAILED, d->node);
		reply_because(&r, "deliver");
		refuse(k, d, &r);
		return;
	}
	log_started(k, d, a->count);
	if (a->count == 0)
		reply_set(&r, REPLY_ETRN_NONE, d->node);
	else
		reply_set(&r, REPLY_ETRN_STARTED, (long long)a->count,
		    d->node);
	answer(d, &r, "");
}

static const struct request *
find_request(int type)
{
	for (size_t i = 0; i < ARRAY_LEN(requests); i++)
		if ((int)requests[i].type == type)
			return &requests[i];
	return NULL;
}

/* False: it is to be taken again. */
static bool
take(struct desk *k, struct dialogue *d, int type, const void *p, size_t len)
{
	const struct request *q = find_request(type);
	const char *why = "not now";
	int result = -1;

	if (q == NULL)
		why = "no request of that type";
	else if ((q->states & 1 << d->state) != 0)
		result = q->take(k, d, p, len, &why);
	if (result == 0)
		d->state = q->next;
	if (result >= 0)
		return result == 0;
	offend(d, why, type);
	if (!d->committing)
		forget(k, d);
	return true;
}

void
dialogue_run(struct desk *k, struct dialogue *d)
{
	size_t at = 0;

	while (!d->over && d->asking == ASKS_NOTHING && !d->committing &&
	    d->out.len == 0) {
		size_t left = d->in.len - at;
		struct sub_header h;

		if (left < sizeof(h))
			break;
		if (sub_get_header(d->in.p + at, &h) != 0) {
			offend(d, "no frame", 0);
			break;
		}
		if (left - sizeof(h) < h.len)
			break;
		if (take(k, d, h.type, d->in.p + at + sizeof(h), h.len))
			at += sizeof(h) + h.len;
	}
	buf_drop(&d->in, at);
	if (d->in.len == 0)
		buf_free(&d->in);
}

void
dialogue_answered(struct desk *k, struct dialogue *d,
    const struct ask_answer *a)
{
	enum dialogue_wait was = d->asking;

	if (was == ASKS_START) {
		dialogue_started(k, d, NULL);
		return;
	}
	d->asking = ASKS_NOTHING;
	if (was == ASKS_NEED) {
		if (a != NULL && !ask_good(d->whence.need == NEED_NAME ?
		    ASK_NAME : ASK_ACCESS, a))
			a = NULL;
		k->enquirer.now = &d->questions;
		decide_answered(&k->site, &d->caller, &k->rules, &d->whence,
		    a);
		k->enquirer.now = NULL;
		go_on(k, d);
		return;
	}
	if (a != NULL && ask_good(ASK_AWAY, a))
		questions_answer(&d->questions, a->outcome);
	else
		questions_give_up(&d->questions);
	if (questions_open(&d->questions)) {
		ask_next(k, d, was);
	} else if (was == ASKS_SOURCE) {
		k->enquirer.now = &d->questions;
		decide_source(&k->site, &d->caller, &k->rules, &d->whence);
		k->enquirer.now = NULL;
		go_on(k, d);
	}
	/* A recipient's frame is still there, and taken again. */
}

void
dialogue_committed(struct desk *k, struct dialogue *d, struct job *j)
{
	struct side s = side_of(k, d);

	d->committing = false;
	room_leave(&k->room, &d->message->share, j->error == 0);
	if (j->error == 0) {
		log_accepted(k, d, j);
		answer(d, &j->reply, d->message->id);
	} else {
		message_failed(&s, d->message);
		log_lost(d, j);
		refuse(k, d, &j->reply);
	}
	queue_free(&k->spool, j->entry);
	buf_free(&j->held);
	free(j);
	forget(k, d);
}
