/*
 * cmd_queue - inlet queue: the mail that waits to be delivered.
 *
 * Runs as the submit user where it can: entries hold what strangers sent.
 * Nothing of it reaches a terminal unescaped.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/priv.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tools/command.h"
#include "tools/configured.h"
#include "tools/queue_change.h"
#include "tools/queued.h"
#include "tools/selection.h"
#include "tools/show.h"

#define SECOND 1000000

struct listing {
	struct queued_dirs dirs;
	int64_t now;			/* microseconds since 1970 */
	struct show_json *json;		/* null: text */
	const struct selection *selection;
	size_t entries, damaged;
};

static const char *
age_of(const struct listing *l, int64_t time, char *dst, size_t size)
{
	return show_age((l->now - time) / SECOND, dst, size);
}

/* "<user@example.org> user@other.example: " only where they differ. */
static void
text_recipient(const struct listing *l, const struct qfile_recipient *r,
    const struct mark *m)
{
	char age[32];

	printf("    %-9s <", queued_state(m));
	show_text(stdout, r->address);
	fputs("> ", stdout);
	if (r->original[0] != '\0' && !text_same(r->original, r->address)) {
		fputs("for <", stdout);
		show_text(stdout, r->original);
		fputs("> ", stdout);
	}
	fputs("channel ", stdout);
	show_text(stdout, r->channel);
	if (m->tries > 0)
		printf(", tried %" PRIu32 " time%s", m->tries,
		    m->tries == 1 ? "" : "s");
	if (m->state == MARK_LATER)
		printf(", next in %s", show_age((m->when - l->now) / SECOND,
		    age, sizeof(age)));
	if (m->text[0] != '\0') {
		printf(": %s ", m->code);
		show_text(stdout, m->text);
	}
	putchar('\n');
}

static void
text_damage(const struct queued *q)
{
	show_text(stdout, q->id);
	printf("  damaged%s: %s\n", q->set_aside ? " (set aside in bad)" : "",
	    q->damage);
}

static void
text_recipients(const struct listing *l, const struct queued *q)
{
	const struct qfile *e = &q->in.q;

	for (size_t i = 0; i < e->nrecipients; i++)
		text_recipient(l, &e->recipients[i], &q->mark[i]);
	if (q->bad_marks > 0)
		printf("    %zu damaged record%s of what was delivered\n",
		    q->bad_marks, q->bad_marks == 1 ? "" : "s");
}

static void
text_entry(const struct listing *l, const struct queued *q)
{
	const struct qfile *e = &q->in.q;
	char age[32];

	if (q->damage != NULL) {
		text_damage(q);
		return;
	}
	printf("%s  %s  %zu bytes  <", q->id,
	    age_of(l, e->time, age, sizeof(age)), e->message_len);
	show_text(stdout, e->sender);
	printf(">%s%s\n", q->set_aside ? "  (set aside in bad)" : "",
	    queued_held(q) ? "  (held)" : "");
	text_recipients(l, q);
}

static void
json_recipient(struct show_json *j, const struct qfile_recipient *r,
    const struct mark *m)
{
	show_json_open(j, '{');
	show_json_pair(j, "address", r->address);
	show_json_pair(j, "original", r->original);
	show_json_pair(j, "channel", r->channel);
	show_json_pair(j, "host", r->host);
	show_json_pair(j, "notify", r->notify);
	show_json_pair(j, "orcpt", r->orcpt);
	show_json_pair(j, "state", queued_state(m));
	show_json_key(j, "tries");
	show_json_number(j, m->tries);
	if (m->state == MARK_LATER) {
		show_json_key(j, "next");
		show_json_number(j, m->when / SECOND);
	}
	if (m->text[0] != '\0') {
		show_json_pair(j, "code", m->code);
		show_json_pair(j, "text", m->text);
	}
	show_json_close(j, '}');
}

static void
json_asked(struct show_json *j, const struct qfile *e)
{
	const char mode[2] = { e->by_mode, '\0' };

	show_json_pair(j, "login", e->login);
	show_json_pair(j, "held-for", e->held);
	show_json_pair(j, "body", e->body);
	show_json_pair(j, "envid", e->envid);
	show_json_pair(j, "ret", e->ret);
	show_json_pair(j, "auth", e->auth);
	show_json_key(j, "smtputf8");
	show_json_bool(j, e->utf8);
	show_json_key(j, "requiretls");
	show_json_bool(j, e->requiretls);
	show_json_count(j, "priority", e->priority);
	if (e->hold != 0)
		show_json_count(j, "hold", e->hold / SECOND);
	if (e->by == 0)
		return;
	show_json_count(j, "by", e->by / SECOND);
	show_json_pair(j, "by-mode", mode);
	show_json_key(j, "by-trace");
	show_json_bool(j, e->by_trace);
}

/* Leaves the object open. */
static void
json_envelope(const struct listing *l, const struct queued *q)
{
	const struct qfile *e = &q->in.q;
	struct show_json *j = l->json;

	show_json_open(j, '{');
	show_json_pair(j, "id", q->id);
	show_json_key(j, "bad");
	show_json_bool(j, q->set_aside);
	if (q->damage != NULL) {
		show_json_pair(j, "damage", q->damage);
		return;
	}
	show_json_key(j, "held");
	show_json_bool(j, queued_held(q));
	show_json_key(j, "arrived");
	show_json_number(j, e->time / SECOND);
	show_json_key(j, "age");
	show_json_number(j, (l->now - e->time) / SECOND);
	show_json_key(j, "size");
	show_json_number(j, (int64_t)e->message_len);
	show_json_pair(j, "sender", e->sender);
	show_json_pair(j, "channel", e->channel);
	show_json_pair(j, "client", e->address);
	show_json_pair(j, "name", e->name);
	show_json_pair(j, "helo", e->helo);
	show_json_pair(j, "with", e->with);
	show_json_pair(j, "tls", e->tls);
	show_json_pair(j, "session", e->sid);
	json_asked(j, e);
	show_json_key(j, "damaged-marks");
	show_json_number(j, (int64_t)q->bad_marks);
	show_json_key(j, "recipients");
	show_json_open(j, '[');
	for (size_t i = 0; i < e->nrecipients; i++)
		json_recipient(j, &e->recipients[i], &q->mark[i]);
	show_json_close(j, ']');
}

static int
list_entry(struct listing *l, const char *id)
{
	const struct selection *s = l->selection;
	struct queued q;

	if (!selection_names(s, id))
		return 0;
	if (queued_read(&l->dirs, id, &q) != 0) {
		if (errno == ENOENT)
			return 0;	/* delivered meanwhile */
		fprintf(stderr, "inlet queue: %s: %s\n", id, strerror(errno));
		return -1;
	}
	/* Of one that is damaged nobody knows what it was. */
	if (q.damage == NULL ? !selection_holds(s, &q, l->now) :
	    s->some && s->nids == 0) {
		queued_free(&q);
		return 0;
	}
	l->entries++;
	l->damaged += q.damage != NULL;
	if (l->json != NULL) {
		json_envelope(l, &q);
		show_json_close(l->json, '}');
	} else {
		text_entry(l, &q);
	}
	queued_free(&q);
	return 0;
}

static int
list(struct listing *l)
{
	struct queued_ids ids = { .n = 0 };
	int code = EX_OK;

	if (queued_all(&l->dirs, &ids) != 0 ||
	    queued_ids(l->dirs.bad, &ids) != 0) {
		fprintf(stderr, "inlet queue: %s\n", strerror(errno));
		code = EX_IOERR;
	}
	if (l->json != NULL)
		show_json_open(l->json, '[');
	for (size_t i = 0; i < ids.n; i++)
		if (list_entry(l, ids.at[i]) != 0)
			code = EX_IOERR;
	free(ids.at);
	if (l->json != NULL) {
		show_json_close(l->json, ']');
		show_json_end(l->json);
	} else if (l->entries == 0) {
		puts(l->selection->some ? "no such message" :
		    l->dirs.home != -1 ? "the trash is empty" :
		    "the queue is empty");
	} else {
		printf("%zu message%s", l->entries,
		    l->entries == 1 ? "" : "s");
		if (l->damaged > 0)
			printf(", %zu of them damaged", l->damaged);
		putchar('\n');
	}
	return code;
}

static void
fact(const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	printf("%-9s ", name);
	show_text(stdout, text);
	putchar('\n');
}

static void
moment(const char *name, int64_t us)
{
	char date[64];

	if (us != 0)
		fact(name, trace_date((time_t)(us / SECOND), date,
		    sizeof(date)));
}

/* What its sender asked for. */
static void
asked(const struct qfile *e)
{
	fact("envid", e->envid);
	fact("ret", e->ret);
	fact("auth", e->auth);
	fact("smtputf8", e->utf8 ? "yes" : "");
	fact("requiretls", e->requiretls ? "yes" : "");
	if (e->priority != 0)
		printf("%-9s %d\n", "priority", e->priority);
	moment("held till", e->hold);
	moment(e->by_mode == 'R' ? "return by" : "notify by", e->by);
}

static void
text_message(const struct listing *l, const struct queued *q)
{
	const struct qfile *e = &q->in.q;
	const char *text = qread_message(&q->in);
	char age[32], date[64];

	printf("%-9s %s%s\n", "id", q->id, q->set_aside ?
	    " (set aside in bad)" : "");
	printf("%-9s %s (%s ago)\n", "arrived",
	    trace_date((time_t)(e->time / SECOND), date, sizeof(date)),
	    age_of(l, e->time, age, sizeof(age)));
	printf("%-9s <", "sender");
	show_text(stdout, e->sender);
	printf(">\n%-9s %zu bytes\n", "size", e->message_len);
	fact("channel", e->channel);
	fact("client", e->address);
	fact("name", e->name);
	fact("helo", e->helo);
	fact("with", e->with);
	fact("tls", e->tls);
	fact("login", e->login);
	fact("held for", queued_held(q) ? e->held : "");
	fact("body", e->body);
	asked(e);
	fact("session", e->sid);
	printf("recipients\n");
	text_recipients(l, q);
	putchar('\n');
	if (isatty(STDOUT_FILENO))
		show_lines(stdout, text, e->message_len);
	else
		fwrite(text, 1, e->message_len, stdout);
}

static void
json_message(const struct listing *l, const struct queued *q)
{
	json_envelope(l, q);
	if (q->damage == NULL) {
		show_json_key(l->json, "message");
		show_json_bytes(l->json, qread_message(&q->in),
		    q->in.q.message_len);
	}
	show_json_close(l->json, '}');
	show_json_end(l->json);
}

static int
show(struct listing *l, const char *id)
{
	struct queued q;

	if (queued_read(&l->dirs, id, &q) != 0) {
		fprintf(stderr, "inlet queue: ");
		show_text(stderr, id);
		fprintf(stderr, ": %s\n", errno == ENOENT ?
		    "there is no such message in the queue" :
		    strerror(errno));
		return EX_NOINPUT;
	}
	if (l->json != NULL)
		json_message(l, &q);
	else if (q.damage != NULL)
		text_damage(&q);
	else
		text_message(l, &q);
	queued_free(&q);
	return EX_OK;
}

static int
no_queue(const struct request *r, const char *spool)
{
	if (errno != ENOENT) {
		fprintf(stderr, "inlet queue: %s: %s\n", spool,
		    strerror(errno));
		return errno == EACCES ? EX_NOPERM : EX_IOERR;
	}
	puts(r->json ? "[]" : "the queue is empty");
	return EX_OK;
}

static int
list_or_show(const struct request *r, struct listing *l, const char *word)
{
	struct show_json j;
	int code;

	if (r->json) {
		show_json_begin(&j, stdout);
		l->json = &j;
	}
	code = strcmp(word, "show") == 0 ? show(l, r->operands[1]) : list(l);
	l->json = NULL;
	return code;
}

static int
work(const struct request *r, const struct configured *c, const char *word,
    const struct selection *s)
{
	const struct proc_user *u = &c->plan.users[PLAN_SUBMIT];
	const char *spool = c->conf->server.v.spool_directory;
	struct listing l = { .now = clock_wall_us(), .selection = s };
	const struct queue_verb *verb = queue_change_verb(word);
	bool trash = strcmp(word, "trash") == 0 ||
	    strcmp(word, "undelete") == 0;
	int code;

	if (geteuid() == 0 && priv_drop(u->uid, u->gid) != 0) {
		fprintf(stderr, "inlet queue: cannot become user %u\n",
		    (unsigned)u->uid);
		return EX_OSERR;
	}
	if ((trash ? queued_open_trash(&l.dirs, spool) :
	    queued_open(&l.dirs, spool)) != 0)
		return no_queue(r, spool);
	code = verb != NULL ? queue_change(r, c, verb, s, &l.dirs) :
	    list_or_show(r, &l, word);
	queued_close(&l.dirs);
	return code;
}

int
cmd_queue(const struct request *r)
{
	const char *word = r->noperands > 0 ? r->operands[0] : "list";
	int ids = r->noperands > 0 ? r->noperands - 1 : 0;
	struct selection s;
	struct configured c;
	char why[200];
	int code;

	if ((queue_change_verb(word) == NULL && strcmp(word, "list") != 0 &&
	    strcmp(word, "trash") != 0 && strcmp(word, "show") != 0) ||
	    (strcmp(word, "show") == 0 && ids != 1)) {
		command_usage(stderr, command_find("queue"));
		return EX_USAGE;
	}
	if (selection_make(&s, r, r->operands + 1, ids, why, sizeof why) !=
	    0) {
		fprintf(stderr, "inlet queue: %s\n", why);
		return EX_USAGE;
	}
	code = configured_open(&c, &r->tailor);
	if (code != EX_OK)
		return code;
	code = work(r, &c, word, &s);
	configured_close(&c);
	return code;
}
