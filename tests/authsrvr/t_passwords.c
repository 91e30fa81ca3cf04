/*
 * t_passwords - rows and files of passwords: good, damaged, nobody's.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "authsrvr/passwords.h"
#include "lib/text.h"
#include "tests/tap.h"

/* RFC 7677 3 and RFC 5802 5: user "user", password "pencil". */
#define RFC7677 "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==," \
	"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=," \
	"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define CRYPTED "{CRYPT}$6$rounds=1000$saltsalt$"

static char path[] = "/tmp/t_passwords.XXXXXX";

static void
write_file(const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		return;
	fputs(text, f);
	fclose(f);
	(void)!chmod(path, mode);
}

static enum passwords_answer
find(const char *login, struct passrow *row, char *why)
{
	why[0] = '\0';
	return passwords_find(path, login, row, why, 300);
}

static void
rows(void)
{
	static const char *const bad[] = {
		"", "user", "user:", ":" RFC7677, "user:pencil",
		"user:{MD5}abc", "user:{CRYPT}", "user:{CRYPT}*",
		"user:{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==",
		"user:{SCRAM-SHA-256}0,W22Z,WG5d,wfPL",
		"user:{SCRAM-SHA-256}4096,W22Z,WG5d,wfPL",
		"user:" RFC7677 ":" RFC7677, "user:" RFC7677 ",x",
		"user:" RFC7677 ":", "user:{PLAIN}",
		"user:{SCRAM-SHA-256}99999999999,W22ZaJ0SNY7soEsUEjb6gQ==,"
		    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
		    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
	};
	struct passrow row;
	struct buf b;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ok(passrow_parse(bad[i], strlen(bad[i]), &row) != NULL,
		    bad[i]);
	ok(passrow_parse("user:" RFC7677, strlen("user:" RFC7677), &row) ==
	    NULL, "the secrets of RFC 7677 3");
	num(row.scram[SCRAM_SHA256].iterations, 4096, "iterations");
	ok(passrow_fits(&row, "pencil"), "its password");
	ok(!passrow_fits(&row, "pencil "), "not its password");
	ok(!passrow_fits(&row, ""), "an empty one never");
	buf_init(&b, PASSROW_LINE);
	ok(passrow_format(&row, &b) == 0, "it can be written");
	is(buf_str(&b), "user:" RFC7677 "\n", "as it was read");
	buf_reset(&b);
	ok(passrow_parse("a:" CRYPTED "x:{PLAIN}p:q r", strlen("a:" CRYPTED
	    "x:{PLAIN}p:q r"), &row) == NULL, "a clear password at the end");
	is(row.clear, "p:q r", "colons and all");
	buf_free(&b);
}

static void
makes(void)
{
	static const unsigned holds[] = { PASSROW_SCRAM, PASSROW_CRYPT,
		PASSROW_CLEAR, PASSROW_SCRAM | PASSROW_CRYPT | PASSROW_CLEAR };
	struct passrow row, again;
	struct buf b;

	buf_init(&b, PASSROW_LINE);
	for (size_t i = 0; i < ARRAY_LEN(holds); i++) {
		buf_reset(&b);
		ok(passrow_make(&row, "jane", "s\xc3\xa9same: 1", holds[i]) ==
		    NULL && passrow_format(&row, &b) == 0, "a row is made");
		ok(passrow_parse(b.p, b.len - 1, &again) == NULL,
		    "and can be read");
		ok(passrow_fits(&again, "s\xc3\xa9same: 1"),
		    "the password fits");
		ok(!passrow_fits(&again, "s\xc3\xa9same: 2"),
		    "another does not");
		again.pretended = true;
		ok(!passrow_fits(&again, "s\xc3\xa9same: 1"),
		    "nobody's never fits");
	}
	ok(passrow_make(&row, "jane", "", PASSROW_SCRAM) != NULL, "empty");
	ok(passrow_make(&row, "jane", "a\nb", PASSROW_CLEAR) != NULL,
	    "two lines");
	ok(passrow_make(&row, "jane", "a\xff", PASSROW_SCRAM) != NULL,
	    "no UTF-8, and SCRAM");
	buf_free(&b);
}

static void
files(void)
{
	struct passrow row, other;
	char why[300];

	write_file("# ours\n\nuser:" RFC7677 "\njoe@example.org:{PLAIN}x\n",
	    0600);
	num(find("user", &row, why), PASSWORDS_FOUND, "the first row");
	num(find("joe@example.org", &row, why), PASSWORDS_FOUND, "the last");
	is(row.clear, "x", "is itself");
	num(find("joe", &row, why), PASSWORDS_NONE, "no prefix of a login");
	num(find("# ours", &row, why), PASSWORDS_NONE, "a comment is none");
	ok(row.pretended, "nobody has a row all the same");
	write_file("user:" RFC7677 "\n", 0600);
	num(find("eve", &row, why), PASSWORDS_NONE, "nobody");
	num(row.scram[SCRAM_SHA256].iterations, 4096, "costs as others do");
	num(row.scram[SCRAM_SHA256].salt_len, 16, "with a salt as long");
	ok(!passrow_fits(&row, "pencil"), "and has nobody's password");
	num(find("eve", &other, why), PASSWORDS_NONE, "asked again");
	ok(memcmp(row.scram, other.scram, sizeof(row.scram)) == 0,
	    "nobody is the same");
	num(find("adam", &other, why), PASSWORDS_NONE, "somebody else");
	ok(memcmp(row.scram[0].salt, other.scram[0].salt, 16) != 0,
	    "has another salt");
	write_file("user:" RFC7677 "\n" "joe:{CRYPT\nlast:{PLAIN}x\n", 0600);
	num(find("user", &row, why), PASSWORDS_FOUND,
	    "another's damage is no matter");
	num(find("last", &row, why), PASSWORDS_FOUND, "behind it neither");
	num(find("joe", &row, why), PASSWORDS_LATER, "its own row's is");
	ok(strstr(why, ":2: ") != NULL, "the line is named");
	write_file("user:" RFC7677 "\njane {CRYPT}\nlast:{PLAIN}x\n", 0600);
	num(find("eve", &row, why), PASSWORDS_LATER, "who is not there may "
	    "be in the damaged one");
	write_file("user:" RFC7677 "\nuser:{PLAIN}x\n", 0600);
	num(find("user", &row, why), PASSWORDS_LATER, "two rows");
	write_file("user:" RFC7677 "\nlast:{PLAIN}cut of", 0600);
	num(find("last", &row, why), PASSWORDS_LATER, "a row that is cut");
	num(find("user", &row, why), PASSWORDS_FOUND, "the one before it");
	num(find("eve", &row, why), PASSWORDS_LATER, "one that may be gone");
}

static void
modes(void)
{
	struct passrow row;
	char why[300], missing[300];

	write_file("user:" RFC7677 "\n", 0640);
	num(find("user", &row, why), PASSWORDS_FOUND, "its group may read");
	write_file("user:" RFC7677 "\n", 0644);
	num(find("user", &row, why), PASSWORDS_LATER, "everybody may not");
	write_file("user:" RFC7677 "\n", 0660);
	num(find("user", &row, why), PASSWORDS_LATER,
	    "its group may not write");
	snprintf(missing, sizeof(missing), "%s.none", path);
	num(passwords_find(missing, "user", &row, why, sizeof(why)),
	    PASSWORDS_LATER, "no file is no answer");
	num(passwords_find("/tmp", "user", &row, why, sizeof(why)),
	    PASSWORDS_LATER, "nor is a folder");
	write_file("", 0600);
	num(find("user", &row, why), PASSWORDS_NONE, "an empty file");
	num(row.scram[SCRAM_SHA256].iterations, PASSROW_ITERATIONS,
	    "nobody costs as a new row does");
}

static enum passwords_answer
find_scram(const char *login, enum scram kind, struct scram_secret *s)
{
	char why[300];

	return passwords_find_scram(path, login, kind, s, why, sizeof(why));
}

/* Nobody, and who has no such secret, have one that is like the others'. */
static void
scrams(void)
{
	struct scram_secret s, again;

	write_file("crypted:" CRYPTED "x\nuser:" RFC7677 "\n"
	    "odd:{PLAIN}:{SCRAM-SHA-256}\n", 0600);
	num(find_scram("user", SCRAM_SHA256, &s), PASSWORDS_FOUND, "its own");
	num(s.iterations, 4096, "as the row has it");
	num(find_scram("user", SCRAM_SHA1, &s), PASSWORDS_NONE,
	    "not of another kind");
	num(s.iterations, PASSROW_ITERATIONS, "of which there is none here");
	for (int i = 0; i < 40; i++) {
		char name[20];

		snprintf(name, sizeof(name), "nobody%d", i);
		if (find_scram(name, SCRAM_SHA256, &s) != PASSWORDS_NONE ||
		    s.iterations != 4096 || s.salt_len != 16)
			ok(false, "nobody's is like the one that there is");
	}
	num(find_scram("crypted", SCRAM_SHA256, &s), PASSWORDS_NONE,
	    "who has another one");
	num(s.iterations, 4096, "costs the same");
	num(find_scram("odd", SCRAM_SHA256, &s), PASSWORDS_NONE,
	    "a password that looks like one");
	num(s.iterations, 4096, "is none to be like");
	find_scram("odd", SCRAM_SHA256, &again);
	ok(memcmp(&s, &again, sizeof(s)) == 0, "it is the same each time");
}

int
main(void)
{
	int fd = mkstemp(path);

	if (fd == -1) {
		puts("Bail out! no file");
		return 1;
	}
	close(fd);
	rows();
	makes();
	files();
	scrams();
	modes();
	(void)!unlink(path);
	return done();
}
