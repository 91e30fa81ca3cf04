/*
 * data_reader against a machine that goes byte by byte: the same end, the
 * same text, the same refusal, for every split of the input.
 */
#include "config.h"

#include <stdlib.h>

#include "smtpsrvr/data_reader.h"
#include "tests/tap.h"

#define MOST 4096

struct outcome {
	enum data_result result;
	size_t used, made;
	uint64_t size;
	char out[MOST];
};

/* The oracle: one state a byte, RFC 5321 4.5.2 as it stands. */
static void
by_bytes(const char *in, size_t len, struct outcome *o)
{
	enum { START, DOT, DOT_CR, LINE, CR } state = START;
	size_t i;

	memset(o, 0, sizeof *o);
	o->result = DATA_MORE;
	for (i = 0; i < len && o->result == DATA_MORE; i++) {
		char c = in[i];

		if (c == '\0') {
			o->result = DATA_BARE;
			break;
		}
		switch (state) {
		case START:
			if (c == '.') {
				state = DOT;
				continue;
			}
			break;
		case DOT:
			if (c == '\r') {
				state = DOT_CR;
				continue;
			}
			break;
		case DOT_CR:
			o->result = c == '\n' ? DATA_END : DATA_BARE;
			continue;
		case CR:
			if (c != '\n') {
				o->result = DATA_BARE;
				continue;
			}
			o->out[o->made++] = '\n';
			o->size += 2;
			state = START;
			continue;
		case LINE:
			break;
		}
		if (c == '\n') {
			o->result = DATA_BARE;
			continue;
		}
		if (c == '\r') {
			state = CR;
			continue;
		}
		o->out[o->made++] = c;
		o->size++;
		state = LINE;
	}
	o->used = i;
}

/* The reader, fed in pieces cut at a and b, with an out of room bytes. */
static void
by_reader(const char *in, size_t len, size_t a, size_t b, size_t room,
    struct outcome *o)
{
	struct data_reader d;
	size_t at = 0, have = a;
	int turns = 0;

	memset(o, 0, sizeof *o);
	data_reader_init(&d);
	o->result = DATA_MORE;
	while (turns++ < 100000) {
		size_t used, made;
		size_t left = sizeof o->out - o->made;

		o->result = data_read(&d, in + at, have - at, &used,
		    o->out + o->made, room < left ? room : left, &made);
		at += used;
		o->made += made;
		if (o->result == DATA_END || o->result == DATA_BARE)
			break;
		if (o->result == DATA_FULL)
			continue;
		if (have == len)
			break;
		have = have < b ? b : len;
	}
	o->used = at;
	o->size = d.size;
}

/* At a refusal only the verdict counts; else all of it. */
static bool
agree(const struct outcome *x, const struct outcome *y)
{
	if (x->result != y->result)
		return false;
	if (x->result == DATA_BARE)
		return true;
	if (x->result == DATA_END && x->used != y->used)
		return false;
	return x->made == y->made && x->size == y->size &&
	    memcmp(x->out, y->out, x->made) == 0;
}

static bool
all_splits(const char *in, size_t len)
{
	struct outcome want, got;

	by_bytes(in, len, &want);
	for (size_t a = 0; a <= len; a++)
		for (size_t b = a; b <= len; b++) {
			by_reader(in, len, a, b, 3 + (a + b) % 7, &got);
			if (!agree(&want, &got)) {
				printf("# split at %zu, %zu: %d, want %d\n",
				    a, b, (int)got.result,
				    (int)want.result);
				return false;
			}
		}
	return true;
}

struct ending {
	const char *text;
	size_t len;
};
#define E(s) { s, sizeof s - 1 }

static const struct ending pieces[] = { E("\n"), E("\r"), E("\r\n"),
	E("\r\r\n"), E("\n\r"), E("\r\0\n"), E("\x8d\x8a") };
static const struct ending whole[] = { E("\r\n\0.\r\n"), E("\r\n.\0\r\n"),
	E("\r\n. \r\n"), E("\r\n .\r\n"), E("\r\n.\t\r\n"), E("\r\n..\r\n"),
	E("\xc2\x85.\xc2\x85"), E("\xe2\x80\xa8.\xe2\x80\xa8"), E("\v.\v"),
	E("\f.\f"), E("\xc0\x8d\xc0\x8a.\xc0\x8d\xc0\x8a"),
	E("\r\n\xef\xbc\x8e\r\n") };

static size_t
join(char *to, const struct ending *p, const char *dot,
    const struct ending *s)
{
	static const char head[] = "S: x\r\n\r\nbody", tail[] = "MAIL\r\n";
	size_t n = 0;

	memcpy(to, head, sizeof head - 1);
	n += sizeof head - 1;
	memcpy(to + n, p->text, p->len);
	n += p->len;
	if (dot != NULL)
		to[n++] = *dot;
	if (s != NULL) {
		memcpy(to + n, s->text, s->len);
		n += s->len;
	}
	memcpy(to + n, tail, sizeof tail - 1);
	return n + sizeof tail - 1;
}

static void
endings(void)
{
	char in[256];
	int ended = 0, good = 0, n = 0;
	struct outcome o;

	for (size_t p = 0; p < ARRAY_LEN(pieces); p++)
		for (size_t s = 0; s < ARRAY_LEN(pieces); s++, n++) {
			size_t len = join(in, &pieces[p], ".", &pieces[s]);

			good += all_splits(in, len);
			by_reader(in, len, len, len, MOST, &o);
			ended += o.result == DATA_END;
		}
	num(good, n, "49 endings agree with the oracle at every split");
	num(ended, 1, "only one of them ends the text");
	good = n = ended = 0;
	for (size_t i = 0; i < ARRAY_LEN(whole); i++, n++) {
		size_t len = join(in, &whole[i], NULL, NULL);

		good += all_splits(in, len);
		by_reader(in, len, len, len, MOST, &o);
		ended += o.result == DATA_END;
	}
	num(good, n, "12 more agree");
	num(ended, 0, "none of them ends the text");
}

static void
texts(void)
{
	static const struct ending t[] = { E(".\r\n"), E("..\r\n.\r\n"),
		E("a\r\n.\r\n"), E("a\r\n..b\r\n...\r\n.\r\nQUIT\r\n"),
		E("\r\n\r\n.\r\n"), E("."), E(".\r"), E("a\r"), E("..."),
		E("a\r\n.b\r\n.\r\n"), E("\xff\xfe\r\n.\r\n"), E("\r"),
		E(".\rx"), E("..\n"), E("a\0b\r\n.\r\n") };
	int good = 0;

	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		good += all_splits(t[i].text, t[i].len);
	num(good, ARRAY_LEN(t), "legal and broken texts agree");
}

/* All strings of up to seven of the bytes that matter. */
static void
every_string(void)
{
	static const char set[] = { '.', '\r', '\n', 'a', '\0' };
	char in[8];
	struct outcome want, got;
	long bad = 0, tried = 0;

	for (size_t len = 1; len <= 7; len++) {
		long count = 1;

		for (size_t i = 0; i < len; i++)
			count *= 5;
		for (long k = 0; k < count; k++, tried++) {
			long rest = k;

			for (size_t i = 0; i < len; i++, rest /= 5)
				in[i] = set[rest % 5];
			by_bytes(in, len, &want);
			by_reader(in, len, (size_t)k % (len + 1), len,
			    3 + (size_t)k % 5, &got);
			bad += !agree(&want, &got);
		}
	}
	num(bad, 0, "every string of seven of . CR LF NUL a agrees");
	num(tried, 97655, "and all were tried");
}

static void
long_line(void)
{
	size_t len = 3 * 65536;
	char *in = malloc(len), *out = malloc(len);
	struct data_reader d;
	size_t used = 0, made = 0, at = 0, to = 0;
	enum data_result r;

	if (in == NULL || out == NULL)
		abort();
	memset(in, 'x', len);
	memcpy(in + len - 5, "\r\n.\r\n", 5);
	data_reader_init(&d);
	do {
		r = data_read(&d, in + at, len - at < 65536 ? len - at : 65536,
		    &used, out + to, 1000, &made);
		at += used;
		to += made;
	} while (r == DATA_MORE || r == DATA_FULL);
	ok(r == DATA_END && at == len && to == len - 4 && d.size == len - 3,
	    "a line longer than any buffer passes in parts");
	free(in);
	free(out);
}

int
main(void)
{
	endings();
	texts();
	every_string();
	long_line();
	return done();
}
