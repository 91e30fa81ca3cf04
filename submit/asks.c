/*
 * asks - see asks.h.
 */
#include "config.h"

#include <string.h>

#include "lib/asked.h"
#include "lib/path.h"
#include "lib/text.h"
#include "submit/asks.h"

static bool
body_good(const char *body)
{
	return body[0] == '\0' || strcmp(body, "7BIT") == 0 ||
	    strcmp(body, "8BITMIME") == 0 || strcmp(body, "BINARYMIME") == 0;
}

/* All of DELIVERBY or nothing of it. */
static bool
by_good(const struct sub_envelope *e)
{
	if (e->by == 0)
		return e->by_mode == 0 && !e->by_trace;
	return e->by > 0 && (e->by_mode == 'R' || e->by_mode == 'N');
}

/* HOLDFOR is one way to ask for hold. */
static bool
hold_good(const struct sub_envelope *e)
{
	return e->hold >= 0 && e->hold_for >= 0 &&
	    e->hold_for <= (e->hold == 0 ? 0 : ASKED_HOLD_MOST);
}

bool
asks_good(const struct sub_envelope *e)
{
	bool utf8 = !path_is_ascii(e->sender) ||
	    strncmp(e->with, "UTF8", 4) == 0;

	return (!utf8 || e->utf8) && body_good(e->body) &&
	    asked_envid_good(e->envid) && asked_ret_good(e->ret) &&
	    asked_auth_good(e->auth) &&
	    hold_good(e) && by_good(e) &&
	    e->priority >= -ASKED_PRIORITY_MOST &&
	    e->priority <= ASKED_PRIORITY_MOST;
}

bool
asks_recipient_good(const struct sub_envelope *e,
    const struct sub_recipient *r)
{
	return (e->utf8 || path_is_ascii(r->address)) &&
	    asked_notify_good(r->notify) &&
	    asked_orcpt_good(r->orcpt, e->utf8);
}

/* One of the keywords that sessions are not to offer? */
static bool
is_off(const struct settings *v, const char *keyword)
{
	const struct strings *l = &v->ehlo_keywords_off;

	for (size_t i = 0; i < l->n; i++)
		if (text_same(l->at[i], keyword))
			return true;
	return false;
}

const char *
asks_beyond(const struct sub_envelope *e, const struct settings *v,
    int64_t now)
{
	const struct {
		const char *keyword;
		bool asked;
	} t[] = {
		{ "8BITMIME", e->body[0] != '\0' || e->utf8 },
		{ "DSN", e->envid[0] != '\0' || e->ret[0] != '\0' },
		{ "AUTH", e->auth[0] != '\0' },
		{ "SMTPUTF8", e->utf8 },
		{ "REQUIRETLS", e->requiretls },
		{ "DELIVERBY", e->by != 0 },
		{ "MT-PRIORITY", e->priority != 0 },
		{ "FUTURERELEASE", e->hold != 0 }
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		if (t[i].asked && is_off(v, t[i].keyword))
			return t[i].keyword;
	if (e->requiretls && e->tls[0] == '\0')
		return "REQUIRETLS";
	if (e->priority != 0 && (v->mt_priority == MT_PRIORITY_OFF ||
	    e->priority > v->priority_most))
		return "MT-PRIORITY";
	/* hold-most is in milliseconds, and at most a year. */
	if (e->hold != 0 && e->hold > now + v->hold_most * 1000)
		return "FUTURERELEASE";
	return NULL;
}

const char *
asks_recipient_beyond(const struct sub_recipient *r, const struct settings *v)
{
	return (r->notify[0] != '\0' || r->orcpt[0] != '\0') &&
	    is_off(v, "DSN") ? "DSN" : NULL;
}

static int
put(struct buf *b, enum qfile_record type, const char *text)
{
	return text[0] == '\0' ? 0 : qfile_put(b, type, text);
}

static int
put_number(struct buf *b, enum qfile_record type, int64_t n)
{
	return n == 0 ? 0 : qfile_put_number(b, type, n);
}

static int
put_flag(struct buf *b, enum qfile_record type, bool is)
{
	return is ? qfile_put_flag(b, type) : 0;
}

int
asks_put(struct buf *b, const struct sub_envelope *e)
{
	if (put(b, QFILE_BODY, e->body) != 0 ||
	    put(b, QFILE_ENVID, e->envid) != 0 ||
	    put(b, QFILE_RET, e->ret) != 0 ||
	    put(b, QFILE_AUTH, e->auth) != 0 ||
	    put_flag(b, QFILE_UTF8, e->utf8) != 0 ||
	    put_flag(b, QFILE_REQUIRETLS, e->requiretls) != 0 ||
	    put_number(b, QFILE_PRIORITY, e->priority) != 0 ||
	    put_number(b, QFILE_HOLD, e->hold) != 0 ||
	    put_number(b, QFILE_HOLD_FOR, e->hold_for) != 0)
		return -1;
	return e->by == 0 ? 0 :
	    qfile_put_by(b, e->by, e->by_mode, e->by_trace);
}
