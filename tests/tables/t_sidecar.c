/*
 * t_sidecar - what a sidecar says, written and read back.
 */
#include "config.h"

#include "tables/sidecar.h"
#include "tests/tables/fixture.h"

#define NEW "00112233445566778899aabbccddeeff"
#define OLD "ffeeddccbbaa99887766554433221100"

static int
read_it(struct sidecar *s_r)
{
	struct buf why;
	int rc;

	buf_init(&why, 1000);
	rc = sidecar_read(scratch_path("t"), s_r, &why);
	if (rc == -1 && strstr(buf_str(&why), "t.sum: damaged") == NULL)
		ok(false, "the reason");
	buf_free(&why);
	return rc;
}

static int
read_text(const char *text, struct sidecar *s_r)
{
	scratch_sidecar("t.sum", text);
	return read_it(s_r);
}

static void
test_good(void)
{
	static const char text[] = "inlet-table 2\n"
	    "new " NEW " 1000000 addresses names negations 4/0 4/24 4/32 "
	    "6/128\n"
	    "old " OLD " 0\n";
	struct sidecar s;
	struct buf b;

	num(read_text(text, &s), 0, "a sidecar");
	is(s.new.digest, NEW, "its digest");
	num(s.new.rows, 1000000, "its rows");
	num(s.new.holds, TB_ADDRESSES | TB_NAMES | TB_NEGATIONS,
	    "its keys");
	ok(s.new.prefixes.v4[0] && s.new.prefixes.v4[24] &&
	    !s.new.prefixes.v4[8] && s.new.prefixes.v6[128] &&
	    !s.new.prefixes.v6[24], "its prefixes");
	ok(sidecar_find(&s, NEW) == &s.new && sidecar_find(&s, OLD) == &s.old
	    && sidecar_find(&s, "f" NEW) == NULL, "by digest");
	buf_init(&b, 1000);
	num(sidecar_print(&s, &b), 0, "printed");
	ok(strncmp(buf_str(&b), text, strlen(text)) == 0 &&
	    strncmp(buf_str(&b) + strlen(text), "sum ", 4) == 0,
	    "the same again, and its sum");
	buf_free(&b);
	num(read_text("inlet-table 2\nnew " NEW " 0\n", &s), 0,
	    "no old table");
	ok(sidecar_find(&s, OLD) == NULL && s.old.digest[0] == 0,
	    "has no digest");
}

static void
test_bad(void)
{
	static const char *const texts[] = {
		"", "\n", "inlet-table 3\nnew " NEW " 1\n", "inlet-table 2\n",
		"inlet-table 2\nold " OLD " 1\n", "inlet-table 2\nnew " NEW
		"\n", "inlet-table 2\nnew " NEW " 1", "inlet-table 2\nnew " NEW
		" x\n", "inlet-table 2\nnew " NEW " -1\n",
		"inlet-table 2\nnew f" NEW " 1\n", "inlet-table 2\nnew " NEW
		" 1 4/33\n", "inlet-table 2\nnew " NEW " 1 6/129\n",
		"inlet-table 2\nnew " NEW " 1\nnew " OLD " 1\n",
		"inlet-table 2\nnew " NEW " 1\n\nold " OLD " 1\n",
	};
	struct sidecar s;
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		num(read_text(texts[i], &s), -1, "damaged");
}

/* Also one that leaves a good line: a prefix of another length. */
static void
test_damaged(void)
{
	struct sidecar s;
	struct buf b;
	int wrong = 0;

	num(read_text("inlet-table 2\nnew " NEW " 7 addresses 4/24 6/48\n",
	    &s), 0, "a sidecar");
	buf_init(&b, 1000);
	num(sidecar_print(&s, &b), 0, "printed");
	for (size_t i = 0; i < 8 * b.len; i++) {
		b.p[i / 8] = (char)(b.p[i / 8] ^ 1 << i % 8);
		(void)scratch_file("t.sum", buf_str(&b));
		wrong += read_it(&s) == 0;
		b.p[i / 8] = (char)(b.p[i / 8] ^ 1 << i % 8);
	}
	num(wrong, 0, "any bit of it flipped");
	(void)scratch_file("t.sum", "inlet-table 2\nnew " NEW " 7\n");
	num(read_it(&s), -1, "without its sum");
	buf_free(&b);
}

int
main(void)
{
	static const char *const names[] = { "t.sum" };

	scratch_make();
	test_good();
	test_bad();
	test_damaged();
	scratch_remove(names, ARRAY_LEN(names));
	return done();
}
