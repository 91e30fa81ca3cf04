/* What each mechanism makes of what a client sends. */
#include "config.h"

#include "authsrvr/exchange.h"
#include "tests/tap.h"

static struct exchanges *all;
static struct exchange_out out;
static struct verify_question q;

static void
takes(struct exchange *x, const char *p, size_t len, enum exchange_step want,
    const char *what)
{
	memset(&q, 0, sizeof(q));
	num(exchange_take(x, p, len, &out, &q), want, what);
}

static void
asks(struct exchange *x, const char *text)
{
	num(out.len, strlen(text), "a challenge of that length");
	ok(memcmp(out.data, text, strlen(text)) == 0, text);
	is(exchange_login(x), "", "nobody is known yet");
}

static void
proves(struct exchange *x, const char *login, const char *secret)
{
	is(exchange_login(x), login, "who it says it is");
	is(q.login, login, "as the question has it");
	is(q.secret, secret, "with that password");
	num(q.secret_len, strlen(secret), "of that length");
	num(q.kind, VERIFY_PASSWORD, "which is one");
}

/* One message of PLAIN by itself. */
static void
plain(const char *p, size_t len, enum exchange_step want, const char *what)
{
	struct exchange *x = exchange_new(all, MECHANISM_PLAIN, NULL);

	takes(x, p, len, want, what);
	exchange_free(x);
}
#define PLAIN(text, want, what) plain(text, sizeof(text) - 1, want, what)

/* RFC 4616 2. */
static void
plain_messages(void)
{
	struct exchange *x = exchange_new(all, MECHANISM_PLAIN, NULL);

	takes(x, NULL, 0, EXCHANGE_CHALLENGE, "without a response, a prompt");
	asks(x, "");
	takes(x, "\0anna\0secret", 12, EXCHANGE_VERIFY, "a message");
	proves(x, "anna", "secret");
	exchange_free(x);
	PLAIN("anna\0anna\0secret", EXCHANGE_VERIFY, "for oneself");
	PLAIN("otto\0anna\0secret", EXCHANGE_FAILURE, "for somebody else");
	PLAIN("annas\0anna\0secret", EXCHANGE_FAILURE, "nor nearly oneself");
	PLAIN("", EXCHANGE_GARBLED, "nothing");
	PLAIN("anna", EXCHANGE_GARBLED, "no NUL");
	PLAIN("\0anna", EXCHANGE_GARBLED, "one NUL");
	PLAIN("\0anna\0secret\0", EXCHANGE_GARBLED, "three");
	PLAIN("\0\0\0", EXCHANGE_GARBLED, "only NULs");
	PLAIN("\0\0secret", EXCHANGE_FAILURE, "nobody");
	PLAIN("\0anna\0", EXCHANGE_FAILURE, "no password");
	PLAIN("\0an\nna\0secret", EXCHANGE_FAILURE, "a line in a login");
	PLAIN("\0an\x7fna\0secret", EXCHANGE_FAILURE, "DEL in it");
	PLAIN("\0an\xc3na\0secret", EXCHANGE_FAILURE, "no UTF-8");
	PLAIN("\0\xc3\xa4nna\0s\xc3\xbc\xdf", EXCHANGE_VERIFY,
	    "UTF-8; and any password");
}

static void
lengths(void)
{
	char m[AUTH_DATA];

	memset(m, 'x', sizeof(m));
	m[0] = m[AUTH_LOGIN] = '\0';
	plain(m, AUTH_LOGIN + 2, EXCHANGE_VERIFY, "the longest login");
	m[AUTH_LOGIN] = 'x';
	m[AUTH_LOGIN + 1] = '\0';
	plain(m, AUTH_LOGIN + 3, EXCHANGE_FAILURE, "one that is too long");
	m[2] = '\0';
	m[AUTH_LOGIN + 1] = 'x';
	plain(m, sizeof(m), EXCHANGE_VERIFY, "the longest password");
}

static void
login_messages(void)
{
	struct exchange *x = exchange_new(all, MECHANISM_LOGIN, NULL);

	takes(x, NULL, 0, EXCHANGE_CHALLENGE, "a prompt");
	asks(x, "Username:");
	takes(x, "anna", 4, EXCHANGE_CHALLENGE, "another");
	num(out.len, 9, "of its length");
	ok(memcmp(out.data, "Password:", 9) == 0, "for the password");
	takes(x, "secret", 6, EXCHANGE_VERIFY, "which comes");
	proves(x, "anna", "secret");
	exchange_free(x);
	x = exchange_new(all, MECHANISM_LOGIN, NULL);
	takes(x, "anna", 4, EXCHANGE_CHALLENGE, "with the login at once");
	ok(memcmp(out.data, "Password:", 9) == 0, "the password at once");
	takes(x, "", 0, EXCHANGE_FAILURE, "none comes");
	exchange_free(x);
	x = exchange_new(all, MECHANISM_LOGIN, NULL);
	takes(x, "a\nb", 3, EXCHANGE_CHALLENGE, "who nobody can be");
	takes(x, "secret", 6, EXCHANGE_FAILURE, "hears so in the end");
	is(exchange_login(x), "", "and is nobody");
	exchange_free(x);
	x = exchange_new(all, MECHANISM_LOGIN, NULL);
	takes(x, "anna", 4, EXCHANGE_CHALLENGE, "a login");
	takes(x, "se\0cret", 7, EXCHANGE_FAILURE, "a NUL in the password");
	exchange_free(x);
}

/* RFC 5802 5: whose secret it needs it asks for, and goes on with any. */
static void
scram_messages(void)
{
	static const char first[] = "n,,n=anna,r=rOprNGfwEbeRWgbNEkqO";
	struct verify_result r = { .answer = VERIFY_NO,
		.scram = { .iterations = 4096, .salt_len = 3, .salt = "abc" } };
	struct exchange *x = exchange_new(all, MECHANISM_SCRAM_SHA_256, NULL);

	takes(x, NULL, 0, EXCHANGE_CHALLENGE, "it is the client's turn");
	asks(x, "");
	takes(x, first, sizeof(first) - 1, EXCHANGE_VERIFY, "who it is");
	is(exchange_login(x), "anna", "it says");
	is(q.login, "anna", "and so is asked");
	num(q.kind, VERIFY_SCRAM, "for what the file has");
	num(q.secret_len, 0, "without a secret");
	num(exchange_answered(x, &r, &out), EXCHANGE_CHALLENGE,
	    "nobody is told like anybody");
	out.data[out.len] = '\0';
	ok(strncmp((char *)out.data, "r=rOprNGfwEbeRWgbNEkqO", 22) == 0 &&
	    strstr((char *)out.data, ",s=YWJj,i=4096") != NULL,
	    "salt and cost");
	takes(x, "c=biws,r=x,p=AAAA", 17, EXCHANGE_GARBLED, "no proof");
	exchange_free(x);
	x = exchange_new(all, MECHANISM_SCRAM_SHA_1, NULL);
	takes(x, "", 0, EXCHANGE_GARBLED, "nothing is no message");
	exchange_free(x);
	x = exchange_new(all, MECHANISM_SCRAM_SHA_1, NULL);
	takes(x, first, sizeof(first) - 1, EXCHANGE_VERIFY, "another one");
	r.answer = VERIFY_LATER;
	num(exchange_answered(x, &r, &out), EXCHANGE_LATER, "not now");
	exchange_free(x);
	x = exchange_new(all, MECHANISM_SCRAM_SHA_1, NULL);
	takes(x, first, sizeof(first) - 1, EXCHANGE_VERIFY, "and another");
	r = (struct verify_result){ .answer = VERIFY_NO };
	num(exchange_answered(x, &r, &out), EXCHANGE_FAILURE,
	    "nobody has a file");
	exchange_free(x);
	ok(exchange_new(all, MECHANISM_SCRAM_SHA_256_PLUS, NULL) == NULL,
	    "nothing to bind to");
}

/* RFC 2195 2. */
static void
cram_messages(void)
{
	struct verify_result r = { .answer = VERIFY_YES, .login = "anna" };
	struct exchange *x = exchange_new(all, MECHANISM_CRAM_MD5, NULL);
	char challenge[200];

	takes(x, NULL, 0, EXCHANGE_CHALLENGE, "a challenge");
	snprintf(challenge, sizeof(challenge), "%.*s", (int)out.len,
	    (char *)out.data);
	ok(challenge[0] == '<', "in angle brackets");
	takes(x, "Anna B913a602c7eda7a495b4e6e7334d3890", 37, EXCHANGE_VERIFY,
	    "a digest");
	num(q.kind, VERIFY_DIGEST, "is asked about");
	ok(strncmp(q.secret, challenge, strlen(challenge)) == 0,
	    "with its challenge");
	is(q.secret + strlen(challenge), " b913a602c7eda7a495b4e6e7334d3890",
	    "in lower case");
	num(q.secret_len, strlen(q.secret), "all of it");
	num(exchange_answered(x, &r, &out), EXCHANGE_SUCCESS, "it is hers");
	is(exchange_proven(x), "anna", "as the file has her name");
	exchange_free(x);
	x = exchange_new(all, MECHANISM_CRAM_MD5, NULL);
	takes(x, "anna b913a602c7eda7a495b4e6e7334d3890", 37, EXCHANGE_GARBLED,
	    "a digest of nothing");
	exchange_free(x);
	x = exchange_new(all, MECHANISM_CRAM_MD5, NULL);
	takes(x, NULL, 0, EXCHANGE_CHALLENGE, "a challenge");
	takes(x, "anna x913a602c7eda7a495b4e6e7334d3890", 37, EXCHANGE_GARBLED,
	    "no digest");
	exchange_free(x);
}

/* RFC 4422 A. */
static void
external_messages(void)
{
	static const enum exchange_step steps[] = { EXCHANGE_FAILURE,
		EXCHANGE_LATER };
	struct exchange *x = exchange_new(all, MECHANISM_EXTERNAL, NULL);

	takes(x, "", 0, EXCHANGE_FAILURE, "nobody has vouched");
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		exchange_vouch(x, steps[i], "");
		takes(x, "", 0, steps[i], "as the certificate comes to");
	}
	exchange_vouch(x, EXCHANGE_SUCCESS, "a:b");
	takes(x, "", 0, EXCHANGE_FAILURE, "no such login");
	exchange_vouch(x, EXCHANGE_SUCCESS, "Anna");
	takes(x, NULL, 0, EXCHANGE_CHALLENGE, "a prompt");
	takes(x, "otto", 4, EXCHANGE_FAILURE, "as somebody else");
	takes(x, "an\0na", 5, EXCHANGE_FAILURE, "with a NUL");
	takes(x, "ANNA", 4, EXCHANGE_SUCCESS, "as oneself");
	takes(x, "", 0, EXCHANGE_SUCCESS, "or without a word");
	is(exchange_proven(x), "anna", "who that is");
	exchange_free(x);
}

int
main(void)
{
	all = exchanges_new(conf_new());
	plain_messages();
	lengths();
	login_messages();
	scram_messages();
	cram_messages();
	external_messages();
	return done();
}
