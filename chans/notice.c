/*
 * notice - submit's dialogue as deliver speaks it: one message with the null
 * sender and an identifier of our choice (subproto.h, SUB_NOTICE).
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chans/notice.h"
#include "lib/clock.h"
#include "lib/fdio.h"
#include "lib/net.h"
#include "lib/path.h"
#include "lib/subproto.h"

#define NOTICE_TIME_MS 10000

static int
put_all(struct buf *b, const struct notice_mail *m)
{
	struct sub_hello h = { .version = SUB_VERSION, .kind = SUB_NOTICE,
	    .listener = -1 };
	struct sub_envelope e = { .sender = "", .helo = "", .with = "",
	    .body = m->eight ? "8BITMIME" : "", .sid = "", .channel = "",
	    .name = "", .envid = "", .ret = "", .id = m->id, .size = -1,
	    .utf8 = m->utf8 || !path_is_ascii(m->recipient),
	    .requiretls = m->requiretls, .priority = m->priority };
	struct sub_recipient r = { .address = m->recipient, .notify = "NEVER",
	    .orcpt = "" };
	size_t at, n;

	if (sub_put_hello(b, &h) == -1 || sub_put_envelope(b, &e) == -1 ||
	    sub_put_recipient(b, &r) == -1)
		return -1;
	for (at = 0; at < m->text->len; at += n) {
		n = m->text->len - at;
		if (n > SUB_FRAME_MOST)
			n = SUB_FRAME_MOST;
		if (sub_put_frame(b, SUB_DATA, m->text->p + at, n) == -1)
			return -1;
	}
	return sub_put_commit(b, m->text->len);
}

static enum notice
converse(int fd, const struct notice_mail *m, char *why_r, size_t size)
{
	int64_t deadline = clock_ms() + NOTICE_TIME_MS;
	struct sub_verdict v;
	struct buf b;
	int put;

	buf_init(&b, 2 * m->text->len + 65536);
	put = put_all(&b, m);
	if (put == -1) {
		snprintf(why_r, size, "the notice is too large");
		buf_free(&b);
		return NOTICE_REFUSED;
	}
	put = fd_write(fd, b.p, b.len, deadline);
	buf_free(&b);
	/* A refusal may come before all was taken. */
	if (sub_read_verdict(fd, deadline, &v) == -1) {
		snprintf(why_r, size, "submit: %s", put == -1 || errno != 0 ?
		    strerror(errno) : "no verdict");
		return NOTICE_LATER;
	}
	snprintf(why_r, size, "%d %s %s", v.reply.code, v.reply.enhanced,
	    v.reply.text);
	if (reply_good(&v.reply))
		return NOTICE_TAKEN;
	return reply_temporary(&v.reply) ? NOTICE_LATER : NOTICE_REFUSED;
}

enum notice
notice_send(const char *path, const struct notice_mail *m, char *why_r,
    size_t size)
{
	enum notice n;
	int fd;

	fd = net_unix_connect(path, SOCK_STREAM);
	if (fd == -1) {
		snprintf(why_r, size, "%s: %s", path, strerror(errno));
		return NOTICE_LATER;
	}
	n = converse(fd, m, why_r, size);
	close(fd);
	return n;
}
