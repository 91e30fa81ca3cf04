/*
 * t_mime7 - what is converted, into what, and what is refused.  That readers
 * find the same bytes is tests/system/45-mime7.py.
 */
#include "config.h"

#include <stdlib.h>

#include "chans/mime7.h"
#include "tests/tap.h"

#define TOP "Subject: x\nMIME-Version: 1.0\n"
#define MIXED TOP "Content-Type: multipart/mixed; boundary=b\n"

/* What comes out; or the reason, with a minus before it. */
static const char *
convert(struct buf *b, const char *text, int flags)
{
	static char why_not[200];
	const char *why = NULL;

	buf_reset(b);
	if (mime7_convert(text, strlen(text), flags, b, &why) == 0)
		return buf_str(b);
	snprintf(why_not, sizeof why_not, "-%s", why);
	return why_not;
}

static void
converted(struct buf *b)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
		{ "A: b\n\n\344 \n", "A: b\nMIME-Version: 1.0\n"
		    "Content-Type: text/plain; charset=unknown-8bit\n"
		    "Content-Transfer-Encoding: quoted-printable\n\n=E4=20\n" },
		{ TOP "Content-Transfer-Encoding:\n 8bit\nZ: z\n"
		    "Content-Type: text/plain; charset=utf-8\n\n\303\244\n",
		    TOP "Content-Transfer-Encoding: quoted-printable\nZ: z\n"
		    "Content-Type: text/plain; charset=utf-8\n\n=C3=A4\n" },
		{ TOP "Content-Type: application/x\n\n\377\n",
		    TOP "Content-Type: application/x\n"
		    "Content-Transfer-Encoding: base64\n\n/w0K\n" },
		{ TOP "Content-Transfer-Encoding: 8bit\n\nascii\n",
		    TOP "Content-Transfer-Encoding: 7bit\n\nascii\n" },
		{ MIXED "Content-Transfer-Encoding: 8bit\n\n"
		    "pre\n--b\n\n\344\n--b\nContent-Type: image/x\n"
		    "Content-Transfer-Encoding: binary\n\n\377\n--b  \n"
		    "Content-Transfer-Encoding: 8BIT\n\nplain\n--b--\nend\n",
		    MIXED "Content-Transfer-Encoding: 7bit\n\n"
		    "pre\n--b\n"
		    "Content-Type: text/plain; charset=unknown-8bit\n"
		    "Content-Transfer-Encoding: quoted-printable\n\n=E4\n"
		    "--b\nContent-Type: image/x\n"
		    "Content-Transfer-Encoding: base64\n\n/w==\n--b  \n"
		    "Content-Transfer-Encoding: 7bit\n\nplain\n--b--\nend\n" },
		{ MIXED "\n\344\n--b\n\n--b--\n\344",
		    MIXED "\n=E4\n--b\n\n--b--\n=E4\n" },
		{ TOP "Content-Type: message/rfc822\n\nFrom: y\n\n\344\n",
		    TOP "Content-Type: message/rfc822\n\nFrom: y\n"
		    "MIME-Version: 1.0\n"
		    "Content-Type: text/plain; charset=unknown-8bit\n"
		    "Content-Transfer-Encoding: quoted-printable\n\n=E4\n" },
		{ TOP "Content-Type: multipart/digest; boundary=b\n\n--b\n\n"
		    "From: y\n\n\344\n--b--\n",
		    TOP "Content-Type: multipart/digest; boundary=b\n\n--b\n\n"
		    "From: y\nMIME-Version: 1.0\n"
		    "Content-Type: text/plain; charset=unknown-8bit\n"
		    "Content-Transfer-Encoding: quoted-printable\n\n=E4\n"
		    "--b--\n" },
		{ TOP "Content-Type: message/global\n\nSubject: \344\n\n",
		    TOP "Content-Type: message/global\n"
		    "Content-Transfer-Encoding: base64\n\n"
		    "U3ViamVjdDog5A0KDQo=\n" },
		/* Not closed: the part ends with the message. */
		{ MIXED "\n--b\nContent-Type: a/x\n\n\377\n",
		    MIXED "\n--b\nContent-Type: a/x\n"
		    "Content-Transfer-Encoding: base64\n\n/w0K\n" },
	};
	char name[32];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(name, sizeof name, "row %zu", i);
		is(convert(b, rows[i].from, 0), rows[i].to, name);
	}
}

static void
kept(struct buf *b)
{
	static const char *const rows[] = {
		"", "A: b\n", "A: b\n\nplain\n", "no header\n\n--b\n",
		/* Broken, but of 7 bits. */
		MIXED "Content-Transfer-Encoding: base64\n\n--b\n",
		TOP "Content-Type: multipart/mixed\n\nx\n",
		TOP "Content-Type: multipart/signed; boundary=b\n\n--b\n"
		"Content-Transfer-Encoding: 8bit\n\nx\n--b--\n",
		TOP "Content-Type: message/partial\n\nx\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		is(convert(b, rows[i], 0), rows[i], "7 bits stay");
}

static void
refused(struct buf *b)
{
	static const struct {
		const char *from, *why;
	} rows[] = {
		{ "Subject: \344\n\nx\n", "-a header has 8-bit characters" },
		{ MIXED "\n--b\nContent-Description: \344\n\nx\n--b--\n",
		    "-a header has 8-bit characters" },
		{ TOP "Content-Type: multipart/signed; boundary=b\n\n--b\n\n"
		    "\344\n--b--\n", "-what is signed cannot be changed" },
		{ TOP "Content-Type: multipart/encrypted; boundary=b\n\n--b\n"
		    "\n\344\n--b--\n", "-what is encrypted cannot be changed" },
		{ TOP "Content-Transfer-Encoding: base64\n\n\344\n",
		    "-a part is not what its Content-Transfer-Encoding says" },
		{ TOP "Content-Transfer-Encoding: x-what\n\n\344\n",
		    "-a part is not what its Content-Transfer-Encoding says" },
		{ MIXED "Content-Transfer-Encoding: base64\n\n--b\n\n\344\n"
		    "--b--\n", "-a part that has parts is encoded" },
		{ TOP "Content-Type: message/partial\n\n\344\n",
		    "-only a message/rfc822 can be converted" },
		{ TOP "Content-Type: multipart/mixed\n\n\344\n",
		    "-a multipart has no boundary" },
		{ MIXED "\n\344\n", "-a boundary does not occur" },
		{ MIXED "\n--b\n\n\344\n--bc\n--b--\n",
		    "-a line may or may not be a boundary" },
		{ MIXED "\n--b\n\n\344\n--b-- x\n--b--\n",
		    "-a line may or may not be a boundary" },
		{ MIXED "\n--b\n\n\344\n--b--\n\344\n--bc\n",
		    "-a line may or may not be a boundary" },
		{ "x\n\n\344\n", "-a line of a header is no field" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		is(convert(b, rows[i].from, 0), rows[i].why, rows[i].why);
		num(b->len, 0, "and leaves nothing");
	}
}

static void
binary(struct buf *b)
{
	is(convert(b, "A: b\r\n\r\nx\r\n", MIME7_BINARY), "A: b\n\nx\n",
	    "lines end in LF");
	is(convert(b, "A: b\r\nMIME-Version: 1.0\r\n\r\nx\ny\r\n",
	    MIME7_BINARY), "A: b\nMIME-Version: 1.0\n"
	    "Content-Type: text/plain; charset=us-ascii\n"
	    "Content-Transfer-Encoding: quoted-printable\n\nx=0Ay\n",
	    "a LF alone is a byte");
	is(convert(b, "Content-Type: a/b\r\nMIME-Version: 1.0\r\n"
	    "Content-Transfer-Encoding: binary\r\n\r\nx", MIME7_BINARY),
	    "Content-Type: a/b\nMIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: base64\n\neA==\n",
	    "no end of line at the end");
	is(convert(b, "Content-Type: text/x\r\nMIME-Version: 1.0\r\n\r\nx",
	    MIME7_BINARY), "Content-Type: text/x\nMIME-Version: 1.0\n"
	    "Content-Transfer-Encoding: quoted-printable\n\nx=\n",
	    "nor in text");
}

static void
utf8(struct buf *b)
{
	is(convert(b, "Subject: \303\244\n\nx\n", MIME7_UTF8),
	    "Subject: \303\244\n\nx\n", "a header may stay");
	is(convert(b, MIXED "Content-Transfer-Encoding: binary\n\n--b\n"
	    "A: \303\244\n\n\344\n--b--\n", MIME7_UTF8),
	    MIXED "Content-Transfer-Encoding: 8bit\n\n--b\n"
	    "A: \303\244\nContent-Type: text/plain; charset=unknown-8bit\n"
	    "Content-Transfer-Encoding: quoted-printable\n\n=E4\n--b--\n",
	    "its message is of 8 bits then");
}

static void
natures(void)
{
	char line[1002];

	ok(mime7_is("A: b\n\nx\n", 8, 0), "7 bits");
	ok(!mime7_is("A: b\n\n\344\n", 8, 0), "8 bits");
	ok(!mime7_is("A: b\n\n\0\n", 8, 0), "a NUL");
	ok(!mime7_is("A: b\n\nx\r\n", 9, 0), "a CR");
	ok(mime7_is("A: b\r\n\r\nx\r\n", 11, MIME7_BINARY), "CR LF");
	ok(!mime7_is("A: b\r\n\r\nx\n", 10, MIME7_BINARY), "LF alone");
	ok(!mime7_is("A: b\r\n\r\nx", 9, MIME7_BINARY), "no end");
	memset(line, 'x', sizeof line);
	line[998] = '\n';
	ok(mime7_is(line, 999, 0), "998 are a line");
	line[998] = 'x';
	line[999] = '\n';
	ok(!mime7_is(line, 1000, 0), "999 are too long");
}

static void
deep(void)
{
	char line[64];
	const char *why;
	struct buf in, out;

	buf_init(&in, 100000);
	buf_init(&out, 400000);
	for (int n = 10; n <= 40; n += 30) {
		buf_reset(&in);
		buf_reset(&out);
		for (int i = 0; i < n; i++) {
			snprintf(line, sizeof line, "Content-Type: "
			    "multipart/x; boundary=b%dx\n\n--b%dx\n", i, i);
			ok(buf_adds(&in, line) == 0, "room");
		}
		ok(buf_adds(&in, "\n\344\n") == 0, "room");
		why = "";
		if (n == 10)
			ok(mime7_convert(in.p, in.len, 0, &out, &why) == 0,
			    "ten levels");
		else {
			ok(mime7_convert(in.p, in.len, 0, &out, &why) == -1,
			    "forty");
			is(why, "its parts are nested too deeply", "why");
		}
	}
	in.p[in.len - 2] = 'x';
	ok(mime7_convert(in.p, in.len, 0, &out, &why) == 0 &&
	    out.len == in.len && memcmp(in.p, out.p, in.len) == 0,
	    "forty of 7 bits are kept");
	buf_free(&in);
	buf_free(&out);
}

static void
full(void)
{
	const char *text = MIXED "\n--b\n\n\344\n--b\n\nx\n--b--\n", *why;
	struct buf b;
	int result = -1;

	for (size_t most = 10; result == -1; most++) {
		buf_init(&b, most);
		result = buf_adds(&b, "kept");
		why = "it is too large when converted";
		result = mime7_convert(text, strlen(text), 0, &b, &why);
		if (result == -1 && (strcmp(buf_str(&b), "kept") != 0 ||
		    strcmp(why, "it is too large when converted") != 0))
			ok(false, "no room, and something written");
		buf_free(&b);
	}
	ok(true, "no room is an error");
}

int
main(void)
{
	struct buf b;

	buf_init(&b, 100000);
	converted(&b);
	kept(&b);
	refused(&b);
	binary(&b);
	utf8(&b);
	buf_free(&b);
	natures();
	deep();
	full();
	return done();
}
