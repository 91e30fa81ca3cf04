/*
 * t_mimehead - where a header ends and what it says of the body.
 */
#include "config.h"

#include "chans/mimehead.h"
#include "tests/tap.h"

static void
good(void)
{
	static const struct {
		const char *text, *type, *subtype, *boundary;
		enum mimehead_coding coding;
	} rows[] = {
		{ "A: b\n\nx", "", "", "", MIMEHEAD_NONE },
		{ "\nx", "", "", "", MIMEHEAD_NONE },
		{ "Content-Type: TEXT/Plain\n\n", "text", "plain", "",
		    MIMEHEAD_NONE },
		{ "content-type:text/html;charset=x\n\n", "text", "html", "",
		    MIMEHEAD_NONE },
		{ "Content-Type: (a (b) \\) c) text (d) / (e) x (f)\n\n",
		    "text", "x", "", MIMEHEAD_NONE },
		{ "Content-Type: text\n\n", "text", "", "", MIMEHEAD_NONE },
		{ "Content-Type: multipart/mixed;\n\tboundary=\"a \\\"b\"\n\n",
		    "multipart", "mixed", "a \"b", MIMEHEAD_NONE },
		{ "Content-Type: multipart/x; boundary=--=_a/b:c; d=e\n\n",
		    "multipart", "x", "--=_a/b:c", MIMEHEAD_NONE },
		{ "Content-Type: multipart/x; d=\"e;f\" ;; BOUNDARY=Q;\n\n",
		    "multipart", "x", "Q", MIMEHEAD_NONE },
		{ "Content-Transfer-Encoding: 8bit\n\n", "", "", "",
		    MIMEHEAD_EIGHT },
		{ "content-transfer-encoding: (x) BINARY (y)\n\n", "", "", "",
		    MIMEHEAD_BINARY },
		{ "Content-Transfer-Encoding:\n 7bit\n\n", "", "", "",
		    MIMEHEAD_SEVEN },
		{ "Content-Transfer-Encoding: base64\n\n", "", "", "",
		    MIMEHEAD_ENCODED },
		{ "Content-Transfer-Encoding: 8bit 7bit\n\n", "", "", "",
		    MIMEHEAD_ENCODED },
		{ "Subject : old\n\n", "", "", "", MIMEHEAD_NONE },
	};
	struct mimehead h;
	char name[32];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		mimehead_read(rows[i].text, strlen(rows[i].text), false, &h);
		snprintf(name, sizeof name, "good row %zu", i);
		ok(h.bad == NULL, name);
		is(h.type, rows[i].type, "type");
		is(h.subtype, rows[i].subtype, "subtype");
		is(h.boundary, rows[i].boundary, "boundary");
		num(h.coding, rows[i].coding, "coding");
	}
}

static void
bad(void)
{
	static const char *const rows[] = {
		"no field\n\n", " folded\n\n", "A: b\n  \nC: d\n\n",
		"A: b\rc\n\n", "Content-Type : text/plain\n\n",
		"Content-Type: image\n\n", "Content-Type: text/\n\n",
		"Content-Type: ; charset=x\n\n", "Content-Type: (x\n\n",
		"Content-Type: a/b\nContent-Type: a/b\n\n",
		("Content-Transfer-Encoding: 8bit\n"
		"Content-Transfer-Encoding: 8bit\n\n"),
		"Content-Type: multipart/x; boundary=a; boundary=b\n\n",
		"Content-Type: multipart/x; boundary*0=a\n\n",
		"Content-Type: multipart/x; boundary=\"a\n\n",
		"Content-Type: multipart/x; boundary=\"a \"\n\n",
		"Content-Type: multipart/x; boundary=\"\"\n\n",
		"Content-Type: multipart/x; boundary=a b\n\n",
		"Content-Type: multipart/x boundary=a\n\n",
		"Content-Type: multipart/x; boundary=\344\n\n",
	};
	struct mimehead h;
	char name[32];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		mimehead_read(rows[i], strlen(rows[i]), false, &h);
		snprintf(name, sizeof name, "bad row %zu", i);
		ok(h.bad != NULL, name);
	}
	mimehead_read("A: \0\n\n", 6, false, &h);
	ok(h.bad != NULL, "a NUL");
	mimehead_read("A: b\nC: d\r\n\r\n", 13, true, &h);
	ok(h.bad != NULL, "a LF alone in a binary message");
}

static void
ends(void)
{
	static const char text[] = "Content-Transfer-Encoding: 8bit\r\n"
	    "MIME-Version: 1.0\r\n\r\nbody";
	struct mimehead h;

	mimehead_read(text, sizeof text - 1, true, &h);
	ok(h.bad == NULL, "CR LF");
	num(h.len, 52, "the fields");
	num(h.blank, 54, "and the empty line");
	num(h.coding_at, 0, "where the coding is");
	num(h.coding_len, 33, "how long it is");
	ok(h.version && !h.typed, "what there is");
	mimehead_read("A: b", 4, false, &h);
	num(h.len, 4, "no end at all");
	num(h.blank, 4, "and no empty line");
	mimehead_read("", 0, false, &h);
	num(h.blank, 0, "nothing");
	num(mimehead_line("a\nb\r\nc", 6, true), 5, "a line");
	num(mimehead_line("a\nb\r\nc", 6, false), 2, "a line");
	num(mimehead_ending("a\r\n", 3, true), 2, "its end");
	num(mimehead_ending("a\r\n", 3, false), 1, "its end");
	num(mimehead_ending("a\n", 2, true), 0, "none");
}

int
main(void)
{
	good();
	bad();
	ends();
	return done();
}
