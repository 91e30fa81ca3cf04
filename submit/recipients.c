/*
 * recipients - see recipients.h.
 *
 * An open hash of offsets into keys.  Equal sums are compared byte for byte:
 * somebody who can make two routes collide must not make one disappear.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/digest.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "submit/recipients.h"

#define RECIPIENTS_MOST (32 * 1024 * 1024)	/* bytes of records, of keys */
#define RECIPIENTS_FIRST 16			/* slots */

struct recipients_slot {
	uint64_t sum;
	size_t at, len;		/* in keys; len 0: free */
};

void
recipients_init(struct recipients *r)
{
	memset(r, 0, sizeof(*r));
	buf_init(&r->records, RECIPIENTS_MOST);
	buf_init(&r->keys, RECIPIENTS_MOST);
}

void
recipients_free(struct recipients *r)
{
	buf_free(&r->records);
	buf_free(&r->keys);
	free(r->slots);
	recipients_init(r);
	r->slots = NULL;
}

/* Where that key is, or the free place where it belongs. */
static struct recipients_slot *
find(const struct recipients *r, uint64_t sum, const char *key, size_t len)
{
	for (size_t i = sum & (r->room - 1);; i = (i + 1) & (r->room - 1)) {
		struct recipients_slot *s = &r->slots[i];

		if (s->len == 0 || (s->sum == sum && s->len == len &&
		    memcmp(r->keys.p + s->at, key, len) == 0))
			return s;
	}
}

/* At most half of the slots are used. */
static void
grow(struct recipients *r)
{
	struct recipients_slot *old = r->slots;
	size_t n = r->room;

	if (2 * (r->n + 1) <= n)
		return;
	r->room = n == 0 ? RECIPIENTS_FIRST : 2 * n;
	r->slots = xcalloc(r->room, sizeof(*r->slots));
	for (size_t i = 0; i < n; i++)
		if (old[i].len != 0)
			*find(r, old[i].sum, r->keys.p + old[i].at,
			    old[i].len) = old[i];
	free(old);
}

static int
add_key(struct buf *keys, const struct qfile_recipient *one)
{
	const char *const parts[] = { one->address, one->channel, one->host,
		one->mailbox };
	size_t at = keys->len;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (buf_add(keys, parts[i], strlen(parts[i]) + 1) != 0)
			return -1;
	text_lower(keys->p + at);	/* the address, to its NUL */
	return 0;
}

int
recipients_add(struct recipients *r, const struct qfile_recipient *one)
{
	size_t at = r->keys.len, len;
	struct recipients_slot *s;
	uint64_t sum;

	if (add_key(&r->keys, one) != 0) {
		r->keys.len = at;
		return -1;
	}
	len = r->keys.len - at;
	sum = digest_of(r->keys.p + at, len);
	grow(r);
	s = find(r, sum, r->keys.p + at, len);
	if (s->len != 0) {
		r->keys.len = at;	/* the same route again */
		return 0;
	}
	if (qfile_put_recipient(&r->records, one) != 0) {
		r->keys.len = at;
		return -1;
	}
	*s = (struct recipients_slot){ .sum = sum, .at = at, .len = len };
	r->n++;
	return 0;
}
