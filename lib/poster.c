/*
 * poster - the client side of submit's socket, for a user of this machine.
 */
#include "config.h"

#include <string.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/fdio.h"
#include "lib/net.h"
#include "lib/poster.h"

#define ANSWER_MS (10 * 60 * 1000)
#define PIECE 32768

/* Sends what is collected; 0 or -1. */
static int
flush(struct poster *p)
{
	int bad = fd_write(p->sock, p->out.p, p->out.len, clock_ms() +
	    ANSWER_MS);

	buf_reset(&p->out);
	return bad;
}

static int
ask(struct poster *p)
{
	if (flush(p) != 0 || sub_read_verdict(p->sock, clock_ms() +
	    ANSWER_MS, &p->verdict) != 0)
		return -1;
	return reply_good(&p->verdict.reply) ? 0 : 1;
}

int
poster_open(struct poster *p_r, const char *path)
{
	struct sub_hello h = { .version = SUB_VERSION, .kind = SUB_LOCAL,
	    .flags = SUB_EACH, .listener = -1 };

	*p_r = (struct poster){ .sock = net_unix_connect(path, SOCK_STREAM) };
	if (p_r->sock < 0)
		return -1;
	buf_init(&p_r->out, 2 * SUB_FRAME_MOST);
	return sub_put_hello(&p_r->out, &h);
}

int
poster_sender(struct poster *p, const struct sub_envelope *e)
{
	p->length = 0;
	return sub_put_envelope(&p->out, e) == 0 ? ask(p) : -1;
}

int
poster_recipient(struct poster *p, const struct sub_recipient *r)
{
	return sub_put_recipient(&p->out, r) == 0 ? ask(p) : -1;
}

int
poster_text(struct poster *p, const char *text, size_t len)
{
	size_t n;

	for (; len > 0; text += n, len -= n) {
		n = len < PIECE ? len : PIECE;
		if (sub_put_frame(&p->out, SUB_DATA, text, n) != 0 ||
		    flush(p) != 0)
			return -1;
		p->length += n;
	}
	return 0;
}

int
poster_commit(struct poster *p)
{
	return sub_put_commit(&p->out, p->length) == 0 ? ask(p) : -1;
}

int
poster_forgive(struct poster *p, const char *login)
{
	return sub_put_forgive(&p->out, login) == 0 ? ask(p) : -1;
}

void
poster_close(struct poster *p)
{
	buf_free(&p->out);
	if (p->sock >= 0)
		close(p->sock);
	p->sock = -1;
}
