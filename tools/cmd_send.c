/*
 * cmd_send - inlet send: a user of this machine submits a message.
 *
 * Runs as that user, with no privilege: submit knows who it is from the
 * socket, stamps the sender, and answers for each recipient.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/fdio.h"
#include "lib/path.h"
#include "lib/subproto.h"
#include "tools/command.h"
#include "tools/configured.h"
#include "tools/show.h"

#define ANSWER_MS (10 * 60 * 1000)
#define PIECE 32768

struct sending {
	int sock;
	struct buf out;
	struct sub_verdict verdict;
};

/* Sends what is collected; 0 or -1. */
static int
flush(struct sending *s)
{
	int bad = fd_write(s->sock, s->out.p, s->out.len, clock_ms() +
	    ANSWER_MS);

	buf_reset(&s->out);
	return bad;
}

/* Sends, and waits for a verdict: 0 good, 1 refused (said), -1 trouble. */
static int
ask(struct sending *s, const char *about)
{
	if (flush(s) != 0 || sub_read_verdict(s->sock, clock_ms() + ANSWER_MS,
	    &s->verdict) != 0)
		return -1;
	if (reply_good(&s->verdict.reply))
		return 0;
	fputs("inlet send: ", stderr);
	show_text(stderr, about);
	fprintf(stderr, ": %d %s %s\n", s->verdict.reply.code,
	    s->verdict.reply.enhanced, s->verdict.reply.text);
	return 1;
}

static int
begin(struct sending *s)
{
	struct sub_hello h = { .version = SUB_VERSION, .kind = SUB_LOCAL,
	    .flags = SUB_EACH, .listener = -1 };
	/* Whatever stands here: submit writes the login of who we are. */
	struct sub_envelope e = { .sender = "me@localhost", .size = -1 };

	if (sub_put_hello(&s->out, &h) != 0 ||
	    sub_put_envelope(&s->out, &e) != 0)
		return -1;
	return ask(s, "sender");
}

/* How many were taken, or -1. */
static int
recipients(struct sending *s, char **to, int n)
{
	int taken = 0;

	for (int i = 0; i < n; i++) {
		struct sub_recipient r = { .address = to[i] };
		struct mailbox m;
		char text[PATH_TEXT];
		int got;

		if (path_parse_bare(to[i], &m) != PATH_OK) {
			fputs("inlet send: ", stderr);
			show_text(stderr, to[i]);
			fputs(": not an address\n", stderr);
			continue;
		}
		r.address = path_text(&m, text);
		if (sub_put_recipient(&s->out, &r) != 0 ||
		    (got = ask(s, to[i])) < 0)
			return -1;
		taken += got == 0;
	}
	return taken;
}

/* Standard input, its lines ending in LF whatever they came with. */
static int
text(struct sending *s, uint64_t *length_r)
{
	char in[PIECE], *to;
	size_t n;

	*length_r = 0;
	while ((n = fread(in, 1, sizeof(in), stdin)) > 0) {
		to = in;
		for (size_t i = 0; i < n; i++)
			if (in[i] != '\r' && in[i] != '\0')
				*to++ = in[i];
		n = (size_t)(to - in);
		*length_r += n;
		if (n > 0 && (sub_put_frame(&s->out, SUB_DATA, in, n) != 0 ||
		    flush(s) != 0))
			return -1;
	}
	return ferror(stdin) ? -1 : 0;
}

static int
send_all(struct sending *s, const struct request *r)
{
	uint64_t length;
	int taken, got;

	if ((got = begin(s)) != 0)
		return got < 0 ? EX_TEMPFAIL : EX_NOPERM;
	taken = recipients(s, r->operands, r->noperands);
	if (taken == 0)
		return EX_NOUSER;
	if (taken < 0 || text(s, &length) != 0 ||
	    sub_put_commit(&s->out, length) != 0 ||
	    (got = ask(s, "message")) < 0)
		return EX_TEMPFAIL;
	if (got > 0)
		return reply_temporary(&s->verdict.reply) ? EX_TEMPFAIL :
		    EX_UNAVAILABLE;
	printf("Queued as %s\n", s->verdict.id);
	return taken == r->noperands ? EX_OK : EX_NOUSER;
}

int
cmd_send(const struct request *r)
{
	char path[PLAN_PATH + 16];
	struct configured c;
	struct sending s;
	int code = configured_open(&c, &r->tailor);

	if (code != EX_OK)
		return code;
	snprintf(path, sizeof(path), "%s/submit", c.plan.run_directory);
	configured_close(&c);
	s.sock = net_unix_connect(path, SOCK_STREAM);
	if (s.sock < 0) {
		fprintf(stderr, "inlet send: %s: %s\n", path,
		    strerror(errno));
		return EX_TEMPFAIL;
	}
	buf_init(&s.out, 2 * SUB_FRAME_MOST);
	code = send_all(&s, r);
	if (code == EX_TEMPFAIL)
		fputs("inlet send: not sent; try again later\n", stderr);
	buf_free(&s.out);
	close(s.sock);
	return code;
}
