/*
 * t_alike - who is not there costs what a wrong password costs: the same
 * functions are called, with the same parameters, for every kind of row.
 *
 * What takes time is counted, not measured: the linker puts us between our
 * code and the two functions that derive a secret from a password.
 */
#include "config.h"

#include <crypt.h>
#include <gsasl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "authsrvr/cram.h"
#include "authsrvr/verify.h"
#include "lib/conf.h"
#include "lib/text.h"
#include "tests/tap.h"

#define LOG 2000

static char path[] = "/tmp/t_alike.XXXXXX";
static char work[LOG];		/* what was called, in its order */

char *__real_crypt_r(const char *, const char *, struct crypt_data *);
char *__wrap_crypt_r(const char *, const char *, struct crypt_data *);
int __real_gsasl_scram_secrets_from_password(Gsasl_hash, const char *,
    unsigned, const char *, size_t, char *, char *, char *, char *);
int __wrap_gsasl_scram_secrets_from_password(Gsasl_hash, const char *,
    unsigned, const char *, size_t, char *, char *, char *, char *);

static void
note(const char *text)
{
	size_t len = strlen(work);

	(void)text_add(work, sizeof(work), &len, text);
}

/* Method and cost of a hash: all before its salt. */
char *
__wrap_crypt_r(const char *password, const char *hash, struct crypt_data *d)
{
	char text[100];
	int n = 0;

	for (int dollars = 0; dollars < 3 && hash[n] != '\0'; n++)
		dollars += hash[n] == '$';
	snprintf(text, sizeof(text), " crypt %.*s %zu %zu", n, hash,
	    strlen(hash), strlen(password));
	note(text);
	return __real_crypt_r(password, hash, d);
}

int
__wrap_gsasl_scram_secrets_from_password(Gsasl_hash hash,
    const char *password, unsigned iterations, const char *salt,
    size_t salt_len, char *salted, char *client, char *server, char *stored)
{
	char text[100];

	/* Of a pretended row what is derived is its name's, in one round. */
	snprintf(text, sizeof(text), " scram-%d %u %zu %zu", (int)hash,
	    iterations, salt_len, iterations > 1 ? strlen(password) : 0);
	note(text);
	return __real_gsasl_scram_secrets_from_password(hash, password,
	    iterations, salt, salt_len, salted, client, server, stored);
}

/* Three rows that hold the same kinds. */
static bool
write_rows(unsigned holds)
{
	static const char *const names[] = { "anna", "bert", "carl" };
	FILE *f = fopen(path, "w");
	bool good = f != NULL;
	struct passrow row;
	struct buf b;

	buf_init(&b, 3 * PASSROW_LINE);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		good = good && passrow_make(&row, names[i], "a secret of some",
		    holds) == NULL && passrow_format(&row, &b) == 0;
	good = good && fputs(buf_str(&b), f) >= 0;
	if (f != NULL && fclose(f) != 0)
		good = false;
	buf_free(&b);
	return good;
}

static void
ask(const struct settings *s, enum verify_kind kind, const char *mechanism,
    const char *login, const char *secret, struct verify_result *r)
{
	struct verify_question q = { .kind = (uint8_t)kind };

	work[0] = '\0';
	(void)!text_copy(q.mechanism, sizeof(q.mechanism), mechanism);
	(void)!text_copy(q.login, sizeof(q.login), login);
	(void)!text_copy(q.secret, sizeof(q.secret), secret);
	q.secret_len = (uint16_t)strlen(secret);
	verify(s, &q, INT64_MAX, r);
}

static void
compare(const struct settings *s, enum verify_kind kind,
    const char *mechanism, const char *secret, const char *what)
{
	struct verify_result there, nobody;
	char known[LOG];

	ask(s, kind, mechanism, "anna", secret, &there);
	memcpy(known, work, sizeof(known));
	ask(s, kind, mechanism, "nobody", secret, &nobody);
	is(work, known, what);
	ok(kind == VERIFY_SCRAM || there.answer == VERIFY_NO,
	    "a wrong password is one");
	num(nobody.answer, VERIFY_NO, "and who nobody is has none");
	num(nobody.scram.iterations, there.scram.iterations, "as many rounds");
	num(nobody.scram.salt_len, there.scram.salt_len, "a salt as long");
}

static const struct {
	unsigned holds;
	const char *what, *has;
} files[] = {
	{ PASSROW_SCRAM, "SCRAM secrets", " 10000 16 5" },
	{ PASSROW_CRYPT, "yescrypt", " crypt $y$j9T$ " },
	{ PASSROW_CLEAR, "in the clear", NULL },
	{ PASSROW_SCRAM | PASSROW_CRYPT | PASSROW_CLEAR, "all of them",
	    " 10000 16 5" },
};

int
main(void)
{
	static const char *const backend[] = { "file" };
	const char *file = path;
	struct conf *c = conf_new();
	int fd = mkstemp(path);
	char why[200];

	if (fd == -1 || conf_set(&c->server, "auth-backends", backend, 1,
	    (struct origin){ "test", 1 }, why, sizeof(why)) != 0 ||
	    conf_set(&c->server, "auth-file", &file, 1,
	    (struct origin){ "test", 1 }, why, sizeof(why)) != 0) {
		puts("Bail out! no file");
		return 1;
	}
	close(fd);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		ok(write_rows(files[i].holds), files[i].what);
		compare(&c->server.v, VERIFY_PASSWORD, "PLAIN", "wrong",
		    "a password");
		ok(files[i].has == NULL || strstr(work, files[i].has) != NULL,
		    "what takes the time was counted");
		compare(&c->server.v, VERIFY_SCRAM, "SCRAM-SHA-256", "",
		    "SCRAM-SHA-256");
		compare(&c->server.v, VERIFY_SCRAM, "SCRAM-SHA-1", "",
		    "SCRAM-SHA-1");
		compare(&c->server.v, VERIFY_DIGEST, "CRAM-MD5",
		    "<1@x> 00000000000000000000000000000000", "CRAM-MD5");
	}
	(void)!unlink(path);
	return done();
}
