/*
 * asks - see asks.h.
 */
#include "config.h"

#include <string.h>

#include "lib/asked.h"
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

bool
asks_good(const struct sub_envelope *e)
{
	return body_good(e->body) && asked_envid_good(e->envid) &&
	    asked_ret_good(e->ret) && asked_auth_good(e->auth) &&
	    e->hold >= 0 && by_good(e) &&
	    e->priority >= -ASKED_PRIORITY_MOST &&
	    e->priority <= ASKED_PRIORITY_MOST;
}

bool
asks_recipient_good(const struct sub_envelope *e,
    const struct sub_recipient *r)
{
	return asked_notify_good(r->notify) &&
	    asked_orcpt_good(r->orcpt, e->utf8);
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
	    put_number(b, QFILE_HOLD, e->hold) != 0)
		return -1;
	return e->by == 0 ? 0 :
	    qfile_put_by(b, e->by, e->by_mode, e->by_trace);
}
