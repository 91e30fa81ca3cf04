/*
 * message - see message.h.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/quota.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "submit/asks.h"
#include "submit/message.h"

static bool
by_network(const struct caller *c)
{
	return c->kind == SUB_SESSION || c->kind == SUB_DECLARED;
}

/* From now on all of the message is thrown away. */
static void
refuse(const struct side *s, struct message *m, const struct reply *r)
{
	if (!m->refused)
		m->refusal = *r;
	m->refused = true;
	queue_free(&s->desk->spool, m->entry);
	m->entry = NULL;
	buf_free(&m->held);
	recipients_free(&m->to);
	room_leave(&s->desk->room, &m->share, false);
}

/*
 * What a session decided, and has told its client, is not what we decide: a
 * defect or an attack.
 */
static void
differ(const struct side *s, const struct message *m, const char *what,
    const char *ours, const char *theirs, struct reply *reply_r)
{
	struct logline l;

	log_begin_within(&l, LEVEL_WARNING, decide_log_level(&s->desk->site,
	    s->whence), "disagree");
	log_word(&l, "ip", s->caller->ip);
	log_word(&l, "chan", decide_channel(&s->desk->site, s->whence));
	log_word(&l, "sid", m->env.sid);
	log_word(&l, "about", what);
	log_text(&l, "ours", ours);
	log_text(&l, "theirs", theirs);
	log_end(&l);
	reply_set(reply_r, REPLY_DISAGREE);
	reply_because(reply_r, "disagree");
}

/* The message is refused for it. */
static void
disagree(const struct side *s, struct message *m, const char *what,
    const char *ours, const char *theirs)
{
	struct reply r;

	differ(s, m, what, ours, theirs, &r);
	refuse(s, m, &r);
}

/* No share of the room for what is never taken; the session says it, too. */
static bool
says_too_much(const struct side *s, const struct message *m,
    struct reply *reply_r)
{
	int64_t most = s->whence->limits.max_message_size;

	if (m->env.size <= most)
		return false;
	reply_set(reply_r, REPLY_TOO_BIG, (long long)most);
	reply_limit(reply_r, "max-message-size", m->env.size, most);
	return true;
}

/* Something that its settings do not let it ask for. */
static void
beyond(const struct side *s, struct message *m, const char *what,
    struct reply *reply_r)
{
	if (by_network(s->caller)) {
		disagree(s, m, "asked", "", what);
	} else {
		reply_set(reply_r, REPLY_UNSUPPORTED_PARAMETER, what);
		refuse(s, m, reply_r);
	}
}

/* What can be refused before any recipient. */
static void
check_envelope(const struct side *s, struct message *m, struct reply *reply_r)
{
	const struct source *from = &s->whence->source;
	const char *chan = decide_channel(&s->desk->site, s->whence);
	const char *what = s->caller->kind == SUB_NOTICE ? NULL : asks_beyond(
	    &m->env, &s->whence->limits, clock_wall_us());

	if (decide_sender(&s->desk->site, s->caller, s->whence, m->env.sender,
	    m->sender, reply_r) != 0) {
		refuse(s, m, reply_r);
	} else if (from->channel == -1 && s->caller->kind != SUB_NOTICE) {
		if (by_network(s->caller))
			disagree(s, m, "source", from->refusal.text,
			    m->env.channel);
		else
			refuse(s, m, &from->refusal);
	} else if (by_network(s->caller) &&
	    strcmp(m->env.channel, chan) != 0) {
		disagree(s, m, "channel", chan, m->env.channel);
	} else if (by_network(s->caller) && (m->with == NULL ||
	    (decide_with_tls(m->with) && m->env.tls[0] == '\0'))) {
		disagree(s, m, "with", "SMTP", m->env.with);
	} else if (by_network(s->caller) &&
	    s->whence->limits.auth == AUTH_REQUIRED &&
	    !caller_logged_in(s->caller)) {
		disagree(s, m, "login", "required", "");
	} else if (!caller_login_allowed(s->caller, &s->whence->limits)) {
		disagree(s, m, "mechanism", "", s->caller->mechanism);
	} else if (what != NULL) {
		beyond(s, m, what, reply_r);
	} else if (says_too_much(s, m, reply_r) ||
	    room_enter(&s->desk->room, &m->share, m->env.size,
	    reply_r) != 0) {
		refuse(s, m, reply_r);
	}
	/* RFC 4954 5: else it is nobody who is said to have sent it. */
	if (m->env.auth[0] != '\0' && (s->caller->login[0] == '\0' ||
	    !s->whence->limits.believe_auth))
		m->env.auth = "<>";
	if (m->env.size > 0)
		m->foreseen = (uint64_t)m->env.size;
	if (m->refused)
		*reply_r = m->refusal;
}

struct message *
message_begin(const struct side *s, const void *p, size_t len,
    struct reply *reply_r, const char **why_r)
{
	struct message *m = xcalloc(1, sizeof(*m));
	bool notice = s->caller->kind == SUB_NOTICE;

	recipients_init(&m->to);
	buf_init(&m->held, 0);
	hops_init(&m->hops);
	m->copy = xmemdup0(p, len);
	if (sub_get_envelope(m->copy, len, &m->env) != 0 ||
	    !asks_good(&m->env)) {
		*why_r = "malformed envelope";
	} else if (notice && (!queue_id_good(m->env.id) ||
	    m->env.sender[0] != '\0')) {
		*why_r = "a notice needs an identifier and no sender";
	} else {
		m->with = by_network(s->caller) ?
		    decide_with(s->desk->conf, s->caller->row.listener,
		    caller_logged_in(s->caller), m->env.with) : "";
		if (!notice)
			trace_next_id(&s->desk->ids, m->id);
		else
			(void)!text_copy(m->id, sizeof(m->id), m->env.id);
		check_envelope(s, m, reply_r);
		return m;
	}
	message_free(s->desk, m);
	return NULL;
}

/* Its routes into the message. */
static int
add_routes(const struct side *s, struct message *m, const struct routes *rs,
    const struct sub_recipient *to)
{
	for (size_t i = 0; i < rs->n; i++) {
		const struct route *r = &rs->at[i];
		struct qfile_recipient one = {
			.channel = s->desk->conf->channels[r->channel].title,
			.host = r->host,
			.address = r->address,
			.mailbox = r->mailbox,
			.original = to->address,
			.notify = to->notify,
			.orcpt = to->orcpt
		};

		if (recipients_add(&m->to, &one) != 0)
			return -1;
	}
	return 0;
}

/* What authorisation in the modes log and warn has to tell. */
static void
log_authorised(const struct side *s, const struct message *m, const char *to,
    const struct authorised *why)
{
	static const enum log_level levels[] = {
		[TELL_PASSED] = LEVEL_INFO, [TELL_LOG] = LEVEL_NOTICE,
		[TELL_WARN] = LEVEL_WARNING
	};
	const struct conf *c = s->desk->conf;
	struct logline l;

	if (why->tell == TELL_NOTHING)
		return;
	log_begin_within(&l, levels[why->tell],
	    decide_log_level(&s->desk->site, s->whence), "authorise");
	log_word(&l, "ip", s->caller->ip);
	log_word(&l, "chan", decide_channel(&s->desk->site, s->whence));
	log_word(&l, "to-channel", c->channels[why->to].title);
	log_word(&l, "sid", m->env.sid);
	log_word(&l, "qid", m->id);
	log_word(&l, "allowed", why->tell == TELL_PASSED ? "rule" : "mode");
	log_text(&l, "rule", why->rule);
	log_word(&l, "table", why->table);
	log_text(&l, "key", why->key);
	log_text(&l, "host", s->whence->name);
	log_text(&l, "from", m->sender);
	log_text(&l, "to", to);
	log_end(&l);
}

/* 1: it cannot be told yet. */
static int
route(const struct side *s, struct message *m, const struct sub_recipient *to,
    struct reply *reply_r)
{
	struct routes rs = { .n = 0 };
	struct authorised why;
	int rc;

	rc = decide_recipient(&s->desk->site, s->caller, s->whence, m->sender,
	    to->address, &rs, reply_r, &why);
	if (questions_open(s->questions)) {
		routes_free(&rs);
		return 1;
	}
	if (rc != 0) {
		char ours[REPLY_TEXT];

		/*
		 * Who gets no answer for each is refused as a whole.  Trouble
		 * is none of the session's.
		 */
		if (by_network(s->caller) && !reply_temporary(reply_r) &&
		    text_copy(ours, sizeof ours, reply_r->text) == 0)
			differ(s, m, "recipient", ours, to->address, reply_r);
		if (!s->caller->each)
			refuse(s, m, reply_r);
	} else if (add_routes(s, m, &rs, to) != 0) {
		reply_set(reply_r, REPLY_TOO_MANY_RCPTS);
		refuse(s, m, reply_r);
	} else {
		m->accepted++;
		log_authorised(s, m, to->address, &why);
	}
	routes_free(&rs);
	return 0;
}

/* One more than it may have. */
static bool
too_many(const struct side *s, const struct message *m, struct reply *reply_r)
{
	const struct settings *v = &s->whence->limits;

	if (m->given == v->max_recipients) {
		reply_set(reply_r, REPLY_TOO_MANY_RCPTS);
		reply_limit(reply_r, "max-recipients", m->given + 1,
		    v->max_recipients);
		return true;
	}
	if (by_network(s->caller) && m->sender[0] == '\0' &&
	    m->given >= v->max_bounce_recipients) {
		reply_set(reply_r, REPLY_BOUNCE_RECIPIENTS);
		reply_because(reply_r, "bounce_recipients");
		reply_limit(reply_r, "max-bounce-recipients", m->given + 1,
		    v->max_bounce_recipients);
		return true;
	}
	return false;
}

int
message_recipient(const struct side *s, struct message *m, const void *p,
    size_t len, struct reply *reply_r, const char **why_r)
{
	struct sub_recipient to;
	const char *what = NULL;

	if (sub_get_recipient(p, len, &to) != 0 ||
	    !asks_recipient_good(&m->env, &to)) {
		*why_r = "malformed recipient";
		return -1;
	}
	if (s->caller->kind != SUB_NOTICE)
		what = asks_recipient_beyond(&to, &s->whence->limits);
	if (!m->refused && too_many(s, m, reply_r)) {
		if (!s->caller->each)
			refuse(s, m, reply_r);
	} else if (!m->refused && what != NULL) {
		beyond(s, m, what, reply_r);
	} else if (!m->refused) {
		if (route(s, m, &to, reply_r) != 0)
			return 1;
		if (m->given++ == 0)
			(void)!text_copy(m->only, sizeof(m->only),
			    to.address);
	}
	if (m->refused)
		*reply_r = m->refusal;
	return 0;
}

static int
put(struct buf *b, enum qfile_record type, const char *text)
{
	return text[0] == '\0' ? 0 : qfile_put(b, type, text);
}

static int
put_envelope(const struct side *s, const struct message *m, struct buf *b,
    int64_t now)
{
	const struct caller *c = s->caller;
	const char *chan = decide_channel(&s->desk->site, s->whence);

	return qfile_begin(b) != 0 || qfile_put(b, QFILE_ID, m->id) != 0 ||
	    qfile_put_number(b, QFILE_TIME, now) != 0 ||
	    qfile_put(b, QFILE_CHANNEL, chan) != 0 ||
	    put(b, QFILE_ADDRESS, by_network(c) ? c->ip : "") != 0 ||
	    put(b, QFILE_NAME, s->whence->name) != 0 ||
	    put(b, QFILE_HELO, m->env.helo) != 0 ||
	    put(b, QFILE_WITH, m->with) != 0 ||
	    put(b, QFILE_TLS, m->env.tls) != 0 ||
	    put(b, QFILE_LOGIN, c->login) != 0 ||
	    put(b, QFILE_HELD, m->waits) != 0 ||
	    qfile_put(b, QFILE_SENDER, m->sender) != 0 ||
	    asks_put(b, &m->env) != 0 ||
	    put(b, QFILE_SID, m->env.sid) != 0 ||
	    buf_add(b, m->to.records.p, m->to.records.len) != 0 ||
	    qfile_end_header(b) != 0 ? -1 : 0;
}

/* What the trace line says of the client. */
static int
shown(const struct side *s)
{
	const struct settings *set = &s->whence->limits;
	int bits = trace_bits(&set->received);

	if (set->hide_client && by_network(s->caller) &&
	    s->caller->login[0] != '\0')
		bits &= ~(TRACE_HELO | TRACE_NAME | TRACE_ADDRESS);
	return bits;
}

void
message_results(const struct side *s, const struct message *m,
    struct results *x_r)
{
	*x_r = (struct results){ .set = &s->whence->limits, .env = &m->env,
	    .sender = m->sender, .client = s->caller->row.peer };
}

static int
add_results(const struct side *s, const struct message *m, struct buf *b,
    bool crlf)
{
	struct results x;

	if (!by_network(s->caller))
		return 0;
	message_results(s, m, &x);
	x.crlf = crlf;
	return results_add(b, &x);
}

/* The entry's header and the trace fields: all before the text. */
static int
begin_text(const struct side *s, struct message *m)
{
	const struct caller *c = s->caller;
	int64_t now = clock_wall_us();
	const struct settings *set = &s->whence->limits;
	struct trace_facts facts = {
		.shows = shown(s),
		.helo = by_network(c) ? m->env.helo : "",
		.name = s->whence->name,
		.peer = c->row.peer,
		.login = c->login,
		.by = set->hostname,
		.with = m->with,
		.tls = m->env.tls,
		.priority = m->env.priority,
		.id = m->id,
		.only_for = m->given == 1 ? m->only : "",
		.when = (time_t)(now / 1000000),
		.crlf = strcmp(m->env.body, "BINARYMIME") == 0
	};

	m->entry = queue_new(m->id);
	buf_init(&m->held, QFILE_HEADER_MOST + MESSAGE_HELD);
	if (put_envelope(s, m, &m->held, now) != 0)
		return -1;
	m->header = m->held.len;
	m->routed = m->to.n;
	recipients_free(&m->to);
	return add_results(s, m, &m->held, facts.crlf) != 0 ? -1 :
	    trace_received(&m->held, &facts);
}

/* The file is made, or goes on: what was held, then p. */
static int
spill(const struct side *s, struct message *m, const void *p, size_t len)
{
	struct entry *e = m->entry;

	if (e->state == ENTRY_NEW && (queue_create(&s->desk->spool, e) != 0 ||
	    queue_write(e, m->held.p, m->held.len, m->header) != 0))
		return -1;
	room_wrote(&s->desk->room, &m->share, (int64_t)m->held.len);
	buf_free(&m->held);
	m->header = 0;
	room_wrote(&s->desk->room, &m->share, (int64_t)len);
	return queue_write(e, p, len, 0);
}

static void
storage_failed(const struct side *s, struct message *m)
{
	struct reply r;
	struct logline l;
	int error = m->entry->error;

	log_begin(&l, LEVEL_ERROR, "queue-error");
	log_word(&l, "qid", m->id);
	log_word(&l, "step", m->entry->failed != NULL ?
	    m->entry->failed : "header");
	log_text(&l, "error", strerror(error));
	log_end(&l);
	queue_refusal(error, &r);
	reply_because(&r, "storage");
	refuse(s, m, &r);
}

static bool
too_big(const struct side *s, struct message *m)
{
	int64_t most = s->whence->limits.max_message_size;
	struct reply r;

	if (m->length <= (uint64_t)most)
		return false;
	reply_set(&r, REPLY_TOO_BIG, (long long)most);
	reply_limit(&r, "max-message-size", (long long)m->length, most);
	refuse(s, m, &r);
	return true;
}

/* More than it said it was. */
static bool
no_room(const struct side *s, struct message *m)
{
	struct reply r;

	if (m->length <= m->foreseen)
		return false;
	if (room_grow(&s->desk->room, &m->share,
	    (int64_t)(m->length - m->foreseen), &r) != 0) {
		refuse(s, m, &r);
		return true;
	}
	m->foreseen = m->length;
	return false;
}

/* Nobody to send it to; an address's own refusal was said already. */
static bool
nobody(const struct side *s, struct message *m)
{
	struct reply r;

	if (m->to.n > 0)
		return false;
	reply_set(&r, REPLY_NO_VALID_RCPTS);
	refuse(s, m, &r);
	return true;
}

static void
find_quota(const struct side *s, struct quota *q_r)
{
	const struct quota_who who = { .peer = s->caller->row.peer,
		.login = s->caller->login };

	quota_init(q_r, s->desk->conf, s->caller->row.listener,
	    s->whence->source.channel, &who);
}

static void
log_held(const struct side *s, const struct message *m, const char *rule)
{
	struct logline l;

	log_begin(&l, LEVEL_WARNING, "login-held");
	log_text(&l, "login", s->caller->login);
	log_word(&l, "ip", s->caller->ip);
	log_word(&l, "chan", decide_channel(&s->desk->site, s->whence));
	log_text(&l, "rule", rule);
	log_word(&l, "qid", m->id);
	log_end(&l);
}

static void
give_alarm(const struct side *s, const struct message *m, const char *rule)
{
	struct alarm a = { .login = s->caller->login, .rule = rule,
		.ip = by_network(s->caller) ? s->caller->ip : "" };

	memcpy(a.id, m->id, sizeof(a.id));
	if (alarm_send(&s->desk->alarms, s->desk->conf, &a) != 0)
		log_note(LEVEL_ERROR, "held-notice: %s", strerror(errno));
}

/*
 * Where messages that are over a login's rules are held, its entry says so,
 * which is written before its text: it counts from here on.  True: it is
 * refused by other rules.
 */
static bool
over_login(const struct side *s, struct message *m)
{
	struct quota *q;
	struct reply r;

	if (s->caller->kind == SUB_NOTICE || s->caller->login[0] == '\0' ||
	    s->whence->limits.over_login_rates != OVER_LOGIN_HOLD)
		return false;
	q = m->lent = xcalloc(1, sizeof(*q));
	find_quota(s, q);
	q->lenient = true;
	if (!quota_take(q, s->desk->counts, m->accepted, &r)) {
		reply_because(&r, "rates");
		refuse(s, m, &r);
		return true;
	}
	m->counted = true;
	if (!q->over)
		return false;
	(void)!text_copy(m->waits, sizeof(m->waits), q->rule);
	if (q->first) {
		log_held(s, m, q->rule);
		give_alarm(s, m, q->rule);
	}
	return false;
}

void
message_data(const struct side *s, struct message *m, const void *p,
    size_t len)
{
	bool held;

	m->length += len;
	if (m->refused || too_big(s, m) || no_room(s, m))
		return;
	if (m->entry == NULL) {
		if (nobody(s, m) || over_login(s, m))
			return;
		if (begin_text(s, m) != 0) {
			storage_failed(s, m);
			return;
		}
	}
	hops_add(&m->hops, p, len);
	held = m->entry->state == ENTRY_NEW && m->length <= MESSAGE_HELD;
	if ((held ? buf_add(&m->held, p, len) : spill(s, m, p, len)) != 0)
		storage_failed(s, m);
}

/* What the caller's rules of rates say; our own notices have none. */
static bool
too_often(const struct side *s, struct message *m)
{
	struct quota q;
	struct reply r;

	if (s->caller->kind == SUB_NOTICE)
		return false;
	find_quota(s, &q);
	if (quota_take(&q, s->desk->counts, m->accepted, &r)) {
		m->counted = true;
		return false;
	}
	reply_because(&r, "rates");
	refuse(s, m, &r);
	return true;
}

void
message_failed(const struct side *s, struct message *m)
{
	struct quota q;

	if (!m->counted)
		return;
	find_quota(s, &q);
	quota_give_back(&q, s->desk->counts, m->accepted);
	m->counted = false;
}

struct job *
message_finish(const struct side *s, struct message *m)
{
	int64_t most = s->whence->limits.max_hops;
	struct job *j;
	struct reply r;

	if (m->length == 0)
		message_data(s, m, "", 0);
	if (!m->refused && m->hops.count >= most) {
		reply_set(&r, REPLY_LOOP, (long long)m->hops.count);
		reply_limit(&r, "max-hops", m->hops.count, most);
		refuse(s, m, &r);
	}
	if (m->refused || (!m->counted && too_often(s, m)))
		return NULL;
	m->handed = true;
	j = xcalloc(1, sizeof(*j));
	j->entry = m->entry;
	j->held = m->held;
	j->header = m->header;
	j->notice = s->caller->kind == SUB_NOTICE;
	m->entry = NULL;
	buf_init(&m->held, 0);
	return j;
}

void
message_free(struct desk *k, struct message *m)
{
	if (m == NULL)
		return;
	if (m->counted && !m->handed)
		quota_give_back(m->lent, k->counts, m->accepted);
	free(m->lent);
	room_leave(&k->room, &m->share, false);
	queue_free(&k->spool, m->entry);
	buf_free(&m->held);
	recipients_free(&m->to);
	free(m->copy);
	free(m);
}
