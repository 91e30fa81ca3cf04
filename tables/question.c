/*
 * question - see question.h.
 */
#include "config.h"

#include <string.h>
#include "lib/text.h"
#include "tables/question.h"

static bool
is_address(const struct netaddr *a)
{
	static const uint8_t zero[sizeof(a->ip)];

	return a->family == 6 || (a->family == 4 &&
	    memcmp(a->ip + 4, zero, sizeof(zero) - 4) == 0);
}

static bool
is_text(const char *p, size_t size)
{
	size_t len = strnlen(p, size);

	return len < size && text_printable(p, len) && strchr(p, ' ') == NULL;
}

static bool
is_access(const struct ask_access_question *q)
{
	return is_text(q->daemon, sizeof(q->daemon)) &&
	    is_text(q->channel, sizeof(q->channel)) &&
	    is_text(q->name, sizeof(q->name)) &&
	    q->daemon[0] != '\0' && (is_address(&q->q.address) ||
	    (q->q.address.family == 0 && q->name[0] != '\0'));
}

bool
question_good(const union question *q, ssize_t len)
{
	if (len < (ssize_t)sizeof(q->q) || q->q.version != ASK_VERSION)
		return false;
	switch (q->q.kind) {
	case ASK_NAME:
		return len == (ssize_t)sizeof(q->q) &&
		    is_address(&q->q.address);
	case ASK_ACCESS:
		return len == (ssize_t)sizeof(q->access) &&
		    is_access(&q->access);
	case ASK_MAIL:
	case ASK_AWAY:
	case ASK_HOST:
	case ASK_IDNA:
	case ASK_MX:
	case ASK_ADDRESSES:
		return len == (ssize_t)sizeof(q->host) &&
		    memchr(q->host.name, '\0', sizeof(q->host.name)) != NULL &&
		    (q->q.address.family == 0 || (q->q.kind == ASK_HOST &&
		    is_address(&q->q.address)));
	case ASK_GREY:
	case ASK_GREY_LOOK:
		return len == (ssize_t)sizeof(q->grey) &&
		    is_address(&q->q.address) && memchr(q->grey.sender, '\0',
		    sizeof(q->grey.sender)) != NULL &&
		    memchr(q->grey.recipient, '\0',
		    sizeof(q->grey.recipient)) != NULL;
	case ASK_RECORDS:
		return len <= (ssize_t)sizeof(*q);
	default:
		return false;
	}
}
