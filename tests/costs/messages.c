/*
 * messages - a session that gets N messages of 4 KiB, in this one process and
 * without a sandbox: what 41-costs.py counts instructions of.
 *
 *	messages N | compiler
 *
 * The second says what it was compiled by: another one counts otherwise.
 */
#include "config.h"

#include "lib/log.h"
#include "lib/text.h"
#include "tests/smtpsrvr/fixture.h"

#define LINES 51
#define HEADER "Received: from a.example by b.example with ESMTP id 12345\r\n" \
	"\tfor <user@example.org>; Sat, 21 Nov 2026 00:00:00 +0000\r\n" \
	"From: Somebody <somebody@a.example>\r\n" \
	"To: User <user@example.org>\r\n" \
	"Subject: A message as there are many\r\n" \
	"Date: Sat, 21 Nov 2026 00:00:00 +0000\r\n" \
	"Message-ID: <20261121000000.12345@a.example>\r\n" \
	"MIME-Version: 1.0\r\n" \
	"Content-Type: text/plain; charset=utf-8\r\n\r\n"

#if defined(__clang__)
#define COMPILER "clang"
#elif __GNUC__ == 12 && defined(__x86_64__) && defined(__OPTIMIZE__)
#define COMPILER "gcc-12"
#else
#define COMPILER "another"
#endif

static struct buf text;

static void
make_text(void)
{
	buf_init(&text, 8192);
	if (buf_adds(&text, HEADER) != 0)
		exit(1);
	for (int i = 0; i < LINES; i++)
		if (buf_adds(&text, "A line of a message is about as long as "
		    "this one is, as a rule..\r\n") != 0)
			exit(1);
	if (buf_adds(&text, ".\r\n") != 0)
		exit(1);
}

/* One packet to the session, and its reply; exits if it is not this one. */
static void
say(struct fixture *f, const char *p, const char *reply)
{
	char got[1024];

	if (send(f->client, p, strlen(p), 0) < 0)
		exit(1);
	session_step(f->session);
	if (wire_flush(&f->session->wire) != WIRE_OK ||
	    read(f->client, got, sizeof got) < 4 ||
	    strncmp(got, reply, 3) != 0) {
		printf("%.20s: %.100s\n", p, got);
		exit(1);
	}
}

static void
one_message(struct fixture *f)
{
	static char frames[65536];
	struct sub_verdict v = { .id = "00000000000000000000" };
	struct buf b;

	say(f, "MAIL FROM:<sender@example.com>\r\n", "250");
	say(f, "RCPT TO:<postmaster>\r\n", "250");
	buf_init(&b, 4096);
	reply_set(&v.reply, REPLY_QUEUED, v.id);
	if (sub_put_verdict(&b, &v) != 0 ||
	    send(f->submit, b.p, b.len, 0) < 0 ||
	    send(f->client, "DATA\r\n", 6, 0) < 0 ||
	    send(f->client, buf_str(&text), text.len, 0) < 0)
		exit(1);
	buf_free(&b);
	session_step(f->session);
	if (wire_flush(&f->session->wire) != WIRE_OK ||
	    read(f->client, frames, sizeof frames) < 4 ||
	    strncmp(frames, "354", 3) != 0 ||
	    read(f->client, frames, sizeof frames) < 4 ||
	    strncmp(frames, "250", 3) != 0 ||
	    recv(f->submit, frames, sizeof frames, 0) < (ssize_t)text.len / 2)
		exit(1);
}

int
main(int argc, char **argv)
{
	static struct fixture f;
	char greeting[512];
	int64_t n;

	if (argc == 2 && strcmp(argv[1], "compiler") == 0) {
		puts(COMPILER);
		return 0;
	}
	if (argc != 2 || text_number(argv[1], 0, 100000, &n) != 0)
		return 64;
	log_open("messages", -1, LEVEL_ERROR);
	make_text();
	fixture_server(&f.server);
	fixture_session(&f);
	session_greet(f.session);
	if (wire_flush(&f.session->wire) != WIRE_OK ||
	    read(f.client, greeting, sizeof greeting) < 4)
		return 1;
	say(&f, "EHLO client.example\r\n", "250");
	for (int64_t i = 0; i < n; i++)
		one_message(&f);
	fixture_end(&f);
	buf_free(&text);
	return 0;
}
