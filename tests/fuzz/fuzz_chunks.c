/*
 * fuzz_chunks - the framing of BDAT: the input chooses transactions, sizes of
 * chunks, where packets are cut, and what stands in the chunks, commands among
 * it.  A model that goes octet by octet says each reply's code, and what text
 * submit gets of each message that is taken.
 */
#include "config.h"

#include <string.h>

#include "lib/log.h"
#include "tests/fuzz/fuzz.h"
#include "tests/smtpsrvr/fixture.h"

#define MESSAGES_MOST 18	/* verdicts that fit into the socket */
#define ERRORS_MOST 15		/* below max-errors */
#define CHUNK_MOST 2000		/* below what is read past the buffer */
#define CUT '\xfe'

static char out[1 << 18], frames[1 << 18];

/* The input as it is used up. */
struct input {
	const uint8_t *p, *end;
};

static unsigned
next(struct input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

/* What the client will say, what it should hear, what submit should get. */
struct plan {
	struct buf said, codes, text;
	size_t start;		/* of this message's in text */
	bool binary, cr, inside, bare, failed;
	int messages, errors;
};

static void
hears(struct plan *p, const char *code)
{
	(void)!buf_adds(&p->codes, code);
	p->errors += code[0] >= '4';
}

/* The model of one octet of a chunk. */
static void
octet(struct plan *p, char c)
{
	if (p->binary) {
		(void)!buf_addc(&p->text, c);
		return;
	}
	if (c == '\0' || (c == '\n') != p->cr)
		p->bare = true;
	p->cr = c == '\r';
	if (p->bare || p->cr)
		return;
	p->inside = c != '\n';
	(void)!buf_addc(&p->text, c);
}

/* Nothing of the message counts. */
static void
forget(struct plan *p)
{
	p->text.len = p->start;
}

static void
end(struct plan *p)
{
	if (!p->binary && p->inside)
		(void)!buf_addc(&p->text, '\n');
	p->bare |= !p->binary && p->cr;
	if (p->bare || p->failed)
		forget(p);
	else
		/* As the frames are read below. */
		(void)!buf_addc(&p->text, CUT);
	hears(p, p->failed ? "503 " : p->bare ? "550 " : "250 ");
}

/* True: it was the last one. */
static bool
chunk(struct plan *p, struct input *in)
{
	unsigned how = next(in);
	size_t len = (next(in) << 8 | next(in)) % CHUNK_MOST;
	bool last = (how & 1) != 0;

	if (len > (size_t)(in->end - in->p))
		len = (size_t)(in->end - in->p);
	if ((how & 2) != 0)
		(void)!buf_addc(&p->said, CUT);
	(void)!buf_addf(&p->said, "%s %s%zu%s\r\n", (how & 4) != 0 ? "bdat" :
	    "BDAT", (how & 8) != 0 ? "00" : "", len, last ? " LAST" : "");
	if ((how & 16) != 0)
		(void)!buf_addc(&p->said, CUT);
	for (size_t i = 0; i < len; i++) {
		char c = (char)next(in);

		/* A cut is a packet's end here, and 0xfe itself never said. */
		if (c == CUT) {
			c = '\r';
			(void)!buf_addc(&p->said, CUT);
		}
		(void)!buf_addc(&p->said, c);
		octet(p, c);
	}
	if (last) {
		end(p);
		return true;
	}
	hears(p, p->failed ? "503 " : p->bare ? "550 " : "250 ");
	p->failed |= p->bare;
	return false;
}

static void
message(struct plan *p, struct input *in)
{
	unsigned how = next(in);
	bool over = false;

	p->binary = (how & 1) != 0;
	p->cr = p->inside = p->bare = p->failed = false;
	p->start = p->text.len;
	(void)!buf_addf(&p->said, "MAIL FROM:<>%s\r\n%s", p->binary ?
	    " BODY=BINARYMIME" : "", (how & 2) != 0 ? "" :
	    "RCPT TO:<postmaster@mx.test.example>\r\n");
	hears(p, (how & 2) != 0 ? "250 " : "250 250 ");
	if ((how & 2) != 0) {
		/* No recipient: 503, and all is failed. */
		(void)!buf_adds(&p->said, "BDAT 5\r\nRSET\n");
		hears(p, "503 ");
		p->failed = true;
	}
	while (!over && in->p < in->end && p->errors < ERRORS_MOST)
		over = chunk(p, in);
	if (over)
		return;
	forget(p);
	(void)!buf_adds(&p->said, "RSET\r\n");
	hears(p, "250 ");
}

/* The codes of the replies, without the greeting and EHLO's. */
static void
check_codes(const struct plan *p)
{
	const char *line = strstr(out, "\r\n250 "), *next_line;
	struct buf got;

	must(line != NULL, "EHLO is answered");
	buf_init(&got, 1 << 18);
	line = strstr(line + 2, "\r\n");
	for (line += 2; *line != '\0'; line = next_line + 2) {
		next_line = strstr(line, "\r\n");
		must(next_line != NULL, "a reply line ends in CRLF");
		(void)!buf_add(&got, line, 4);
	}
	if (strcmp(buf_str(&got), buf_str(&p->codes)) != 0)
		fprintf(stderr, "said\n%s\ngot  %s\nwant %s\n",
		    buf_str(&p->said), buf_str(&got), buf_str(&p->codes));
	must(strcmp(buf_str(&got), buf_str(&p->codes)) == 0,
	    "each command has its reply, and no octet of a chunk has one");
	buf_free(&got);
}

/* The text of what was committed, a CUT behind each. */
static void
check_text(const struct plan *p, struct fixture *f)
{
	size_t len = fixture_frames(f, frames, sizeof frames), at = 0, made = 0;
	struct sub_header h;
	struct buf got;

	buf_init(&got, 1 << 18);
	for (; len - at >= sizeof h; at += h.len) {
		must(sub_get_header(frames + at, &h) == 0, "a good header");
		at += sizeof h;
		must(h.len <= len - at, "whole frames");
		if (h.type == SUB_DATA)
			(void)!buf_add(&got, frames + at, h.len);
		if (h.type == SUB_COMMIT) {
			(void)!buf_addc(&got, CUT);
			made = got.len;
		}
	}
	must(made == got.len, "nothing uncommitted is sent of a small message");
	must(got.len == p->text.len && (got.len == 0 ||
	    memcmp(got.p, p->text.p, got.len) == 0),
	    "submit has the text of what is taken, and no other");
	buf_free(&got);
}

static void
promise(struct fixture *f)
{
	struct sub_verdict v = { .id = "00000000000000000000" };
	struct buf b;

	buf_init(&b, 65536);
	reply_set(&v.reply, REPLY_QUEUED, v.id);
	for (int i = 0; i < MESSAGES_MOST; i++) {
		buf_reset(&b);
		must(sub_put_verdict(&b, &v) == 0 && send(f->submit, b.p,
		    b.len, MSG_DONTWAIT) >= 0, "room for a verdict");
	}
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fixture f;
	struct input in = { data, data + size };
	struct plan p = { .binary = false };

	if (f.server.conf == NULL) {
		log_open("fuzz", -1, LEVEL_ERROR);
		fixture_server(&f.server);
	}
	if (size > 20000)
		return 0;
	buf_init(&p.said, 1 << 18);
	buf_init(&p.codes, 1 << 18);
	buf_init(&p.text, 1 << 18);
	(void)!buf_adds(&p.said, "EHLO client.test\r\n");
	while (in.p < in.end && p.messages++ < MESSAGES_MOST &&
	    p.errors < ERRORS_MOST)
		message(&p, &in);
	(void)!buf_adds(&p.said, "QUIT\r\n");
	(void)!buf_adds(&p.codes, "221 ");
	fixture_session(&f);
	promise(&f);
	fixture_run(&f, p.said.p, p.said.len, CUT, out, sizeof out);
	check_codes(&p);
	check_text(&p, &f);
	fixture_end(&f);
	buf_free(&p.said);
	buf_free(&p.codes);
	buf_free(&p.text);
	return 0;
}
