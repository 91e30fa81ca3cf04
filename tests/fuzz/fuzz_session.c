/*
 * fuzz_session - a whole session: the input is what the client says, a new
 * packet behind each byte 0xfe.  The client sees well-formed replies; submit
 * sees well-formed frames, in order, with no CR and no NUL in the text unless
 * it is binary.
 */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "lib/log.h"
#include "tests/fuzz/fuzz.h"
#include "tests/smtpsrvr/fixture.h"

#define INPUT_MOST 60000

static char out[1 << 20];

static void
check_replies(const char *p)
{
	while (*p != '\0') {
		const char *end = strstr(p, "\r\n");

		must(end != NULL, "a reply line ends in CRLF");
		must(end - p >= 4 && end - p < 510 && isdigit(p[0]) &&
		    isdigit(p[1]) && isdigit(p[2]) &&
		    (p[3] == ' ' || p[3] == '-'), "a reply's form");
		for (; p < end; p++)
			must((unsigned char)*p >= 0x20 &&
			    (unsigned char)*p < 0x7f, "printable replies");
		p += 2;
	}
}

static void
check_frame(const struct sub_header *h, const char *p, bool *envelope,
    bool *binary)
{
	struct sub_hello hello;
	struct sub_envelope e;
	struct sub_recipient r;
	const char *node;
	uint64_t n;

	switch (h->type) {
	case SUB_HELLO:
		must(sub_get_hello(p, h->len, &hello) == 0, "a good hello");
		break;
	case SUB_ENVELOPE:
		must(sub_get_envelope(p, h->len, &e) == 0, "a good envelope");
		*envelope = true;
		*binary = strcmp(e.body, "BINARYMIME") == 0;
		break;
	case SUB_RECIPIENT:
		must(*envelope && sub_get_recipient(p, h->len, &r) == 0,
		    "a good recipient");
		break;
	case SUB_DATA:
		must(*envelope && (*binary ||
		    (memchr(p, '\r', h->len) == NULL &&
		    memchr(p, '\0', h->len) == NULL)), "good text");
		break;
	case SUB_COMMIT:
		must(*envelope && sub_get_commit(p, h->len, &n) == 0,
		    "a good commit");
		*envelope = false;
		break;
	case SUB_START:
		must(!*envelope && sub_get_start(p, h->len, &node) == 0,
		    "a good start");
		break;
	case SUB_ABORT:
		*envelope = false;
		break;
	default:
		must(false, "a known frame");
	}
}

static void
check_submit(struct fixture *f)
{
	static char frames[1 << 20];
	size_t len = fixture_frames(f, frames, sizeof frames), at = 0;
	bool envelope = false, binary = false;

	while (len - at >= sizeof(struct sub_header)) {
		struct sub_header h;

		must(sub_get_header(frames + at, &h) == 0, "a good header");
		at += sizeof h;
		must(h.len <= len - at, "whole frames");
		check_frame(&h, frames + at, &envelope, &binary);
		at += h.len;
	}
	must(at == len, "nothing behind the last frame");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fixture f;
	struct sub_verdict v = { .id = "00000000000000000000" };
	struct buf b;

	if (f.server.conf == NULL) {
		log_open("fuzz", -1, LEVEL_ERROR);
		fixture_server(&f.server);
	}
	if (size > INPUT_MOST)
		return 0;
	fixture_session(&f);
	/* What submit will say, to each of up to 20 messages. */
	buf_init(&b, 65536);
	reply_set(&v.reply, size % 3 == 0 ? REPLY_QUEUE_FAILED : REPLY_QUEUED,
	    v.id);
	for (int i = 0; i < 20; i++)
		if (sub_put_verdict(&b, &v) != 0 || send(f.submit, b.p, b.len,
		    MSG_DONTWAIT) < 0)
			break;
		else
			buf_reset(&b);
	buf_free(&b);
	{
		size_t n = fixture_run(&f, data, size, '\xfe', out,
		    sizeof out);

		must(memchr(out, '\0', n) == NULL, "no NUL in replies");
	}
	check_replies(out);
	check_submit(&f);
	fixture_end(&f);
	return 0;
}
