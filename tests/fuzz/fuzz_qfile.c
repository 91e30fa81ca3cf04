/*
 * fuzz_qfile - any bytes as a queue entry: as they are, and with a good
 * trailer behind them, since no fuzzer guesses a digest.
 *
 * Input: the header's length (2 bytes, little endian), header and message.
 */
#include "config.h"

#include <string.h>
#include "lib/digest.h"
#include "lib/qfile.h"
#include "lib/xalloc.h"
#include "tests/fuzz/fuzz.h"

static void
put(int result)
{
	must(result == 0, "what was read can be written");
}

static void
add_trailer(struct buf *b, size_t header)
{
	unsigned char t[QFILE_TRAILER];

	qfile_trailer(t, header, b->len - header, digest_of(b->p, b->len));
	put(buf_add(b, t, sizeof(t)));
}

static bool
same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static void
compare(const struct qfile *a, const struct qfile *b)
{
	const struct qfile_recipient *x, *y;
	size_t i;

	must(same(a->id, b->id) && same(a->channel, b->channel) &&
	    same(a->address, b->address) && same(a->name, b->name) &&
	    same(a->helo, b->helo) && same(a->with, b->with) &&
	    same(a->login, b->login) && same(a->body, b->body) &&
	    same(a->sender, b->sender) && same(a->envid, b->envid) &&
	    same(a->ret, b->ret) && same(a->sid, b->sid) &&
	    same(a->auth, b->auth) && a->utf8 == b->utf8 &&
	    a->requiretls == b->requiretls && a->hold == b->hold &&
	    a->hold_for == b->hold_for &&
	    a->priority == b->priority && a->by == b->by &&
	    a->by_mode == b->by_mode && a->by_trace == b->by_trace &&
	    a->time == b->time && a->nrecipients == b->nrecipients &&
	    a->message_len == b->message_len, "the same entry");
	for (i = 0; i < a->nrecipients; i++) {
		x = &a->recipients[i];
		y = &b->recipients[i];
		must(same(x->channel, y->channel) && same(x->host, y->host) &&
		    same(x->address, y->address) &&
		    same(x->mailbox, y->mailbox) &&
		    same(x->original, y->original) &&
		    same(x->notify, y->notify) && same(x->orcpt, y->orcpt),
		    "the same recipient");
	}
}

/* Writes q, which was read from p, and reads that. */
static void
check(const struct qfile *q, const uint8_t *p)
{
	struct qfile copy;
	const char *why;
	struct buf b;
	size_t i, header;

	buf_init(&b, 1024 * 1024);
	put(qfile_begin(&b));
	put(qfile_put_number(&b, QFILE_TIME, q->time));
	put(qfile_put(&b, QFILE_ID, q->id));
	put(qfile_put(&b, QFILE_CHANNEL, q->channel));
	put(qfile_put(&b, QFILE_ADDRESS, q->address));
	put(qfile_put(&b, QFILE_NAME, q->name));
	put(qfile_put(&b, QFILE_HELO, q->helo));
	put(qfile_put(&b, QFILE_WITH, q->with));
	put(qfile_put(&b, QFILE_LOGIN, q->login));
	put(qfile_put(&b, QFILE_BODY, q->body));
	put(qfile_put(&b, QFILE_SENDER, q->sender));
	put(qfile_put(&b, QFILE_ENVID, q->envid));
	put(qfile_put(&b, QFILE_RET, q->ret));
	put(qfile_put(&b, QFILE_SID, q->sid));
	put(qfile_put(&b, QFILE_AUTH, q->auth));
	put(q->utf8 ? qfile_put_flag(&b, QFILE_UTF8) : 0);
	put(q->requiretls ? qfile_put_flag(&b, QFILE_REQUIRETLS) : 0);
	put(q->priority != 0 ? qfile_put_number(&b, QFILE_PRIORITY,
	    q->priority) : 0);
	put(q->hold != 0 ? qfile_put_number(&b, QFILE_HOLD, q->hold) : 0);
	put(q->hold_for != 0 ? qfile_put_number(&b, QFILE_HOLD_FOR,
	    q->hold_for) : 0);
	put(q->by != 0 ? qfile_put_by(&b, q->by, q->by_mode, q->by_trace) : 0);
	for (i = 0; i < q->nrecipients; i++)
		put(qfile_put_recipient(&b, &q->recipients[i]));
	put(qfile_end_header(&b));
	header = b.len;
	put(buf_add(&b, p + q->message_at, q->message_len));
	add_trailer(&b, header);
	must(qfile_parse(b.p, b.len, &copy, &why) == 0, "it is an entry");
	compare(q, &copy);
	qfile_free(&copy);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qfile q;
	const char *why = NULL;
	struct buf b;
	char *entry;
	size_t header, len;

	if (qfile_parse(data, size, &q, &why) == 0)
		qfile_free(&q);
	else
		must(why != NULL, "a refusal has a reason");
	if (size < 2 || size > 65536)
		return 0;
	header = (size_t)data[0] | (size_t)data[1] << 8;
	buf_init(&b, size + QFILE_TRAILER);
	put(buf_add(&b, data + 2, size - 2));
	if (header > b.len)
		header = b.len;
	add_trailer(&b, header);
	/* In memory exactly as long as it is, for the sanitizer. */
	len = b.len;
	entry = xmalloc(len);
	memcpy(entry, b.p, len);
	buf_free(&b);
	if (qfile_parse(entry, len, &q, &why) == 0) {
		check(&q, (const uint8_t *)entry);
		qfile_free(&q);
	}
	free(entry);
	return 0;
}
