/*
 * fuzz_exchange - any bytes as what a client sends in AUTH, by any mechanism,
 * with any answers of the workers: nobody gets in who has not the secret, and
 * nothing of a secret is in memory that is given back.
 *
 * The first byte chooses the mechanism; of the second, bits 0 and 1 are the
 * workers' answer, bit 2 binds to the connection.  Then come messages, each
 * ended by 0xff.  One that begins with 0xfd is SCRAM's final message, made
 * here, by a client that has what follows for its password and continues what
 * the messages before it were; 0xfe is a client that says nothing yet.
 */
#include "config.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/hmac.h>
#include <nettle/pbkdf2.h>

#include "authsrvr/authworker.h"
#include "authsrvr/exchange.h"
#include "lib/base64.h"
#include "lib/text.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"
#include "tests/fuzz/fuzz.h"

#define MOST 30000
#define PASSWORD "pencil of anna"
#define ROUNDS 8
#define HEAP_MOST (256 * 1024)	/* that one exchange may take */
#define BINDING "0123456789abcdef0123456789abcdef"
#define TEXT 2048

/* What the client knows of its SCRAM. */
struct client {
	char gs2[TEXT], bare[TEXT];	/* of its first message */
	char server[TEXT];		/* the server's first */
	bool right;			/* its last proof is that of PASSWORD */
};

struct play {
	struct exchange *x;
	enum mechanism m;
	bool binds;
	enum verify_answer answer;
	struct client c;
	struct exchange_out out;
	struct verify_question q;
};

static struct scram_secret secrets[SCRAM_KINDS];

/* In nothing that is given back may these stand. */
static struct {
	bool on;
	char password[64];
	size_t len;
} watched;

static void
scan(const void *p, size_t size)
{
	must(watched.len == 0 || memmem(p, size, watched.password,
	    watched.len) == NULL, "no password in memory that is given back");
}

#if !defined(SANITIZERS) && defined(__GLIBC__)
void __libc_free(void *p);

void
free(void *p)
{
	if (watched.on && p != NULL)
		scan(p, malloc_usable_size(p));
	__libc_free(p);
}
#endif

/* RFC 5802 3, with nettle alone. */
static void
hmac(bool sha1, const uint8_t *key, size_t key_len, const char *text,
    uint8_t *out_r)
{
	struct hmac_sha256_ctx two;
	struct hmac_sha1_ctx one;

	if (sha1) {
		hmac_sha1_set_key(&one, key_len, key);
		hmac_sha1_update(&one, strlen(text), (const uint8_t *)text);
		hmac_sha1_digest(&one, SHA1_DIGEST_SIZE, out_r);
	} else {
		hmac_sha256_set_key(&two, key_len, key);
		hmac_sha256_update(&two, strlen(text), (const uint8_t *)text);
		hmac_sha256_digest(&two, SHA256_DIGEST_SIZE, out_r);
	}
}

static void
hash(bool sha1, const uint8_t *p, size_t len, uint8_t *out_r)
{
	struct sha256_ctx two;
	struct sha1_ctx one;

	if (sha1) {
		sha1_init(&one);
		sha1_update(&one, len, p);
		sha1_digest(&one, SHA1_DIGEST_SIZE, out_r);
	} else {
		sha256_init(&two);
		sha256_update(&two, len, p);
		sha256_digest(&two, SHA256_DIGEST_SIZE, out_r);
	}
}

static void
salted(bool sha1, const char *password, uint8_t key_r[32])
{
	const struct scram_secret *s = &secrets[sha1 ? SCRAM_SHA1 :
	    SCRAM_SHA256];
	const uint8_t *p = (const uint8_t *)password;

	if (sha1)
		pbkdf2_hmac_sha1(strlen(password), p, ROUNDS, s->salt_len,
		    s->salt, SHA1_DIGEST_SIZE, key_r);
	else
		pbkdf2_hmac_sha256(strlen(password), p, ROUNDS, s->salt_len,
		    s->salt, SHA256_DIGEST_SIZE, key_r);
}

static size_t
bytes(bool sha1)
{
	return sha1 ? SHA1_DIGEST_SIZE : SHA256_DIGEST_SIZE;
}

static void
make_secret(enum scram kind)
{
	struct scram_secret *s = &secrets[kind];
	bool sha1 = kind == SCRAM_SHA1;
	uint8_t key[32], client[32];

	s->iterations = ROUNDS;
	s->salt_len = 8;
	memcpy(s->salt, "saltsalt", 8);
	salted(sha1, PASSWORD, key);
	hmac(sha1, key, bytes(sha1), "Client Key", client);
	hash(sha1, client, bytes(sha1), s->stored);
	hmac(sha1, key, bytes(sha1), "Server Key", s->server);
}

/* The final message of who has that password; its length, or 0. */
static size_t
finish(struct play *y, const char *password, char text_r[2 * TEXT])
{
	static const char binding[] = BINDING;
	bool sha1 = y->m == MECHANISM_SCRAM_SHA_1;
	char bound[TEXT + sizeof(binding)], all[4 * TEXT], b64[2 * TEXT];
	uint8_t key[32], client[32], stored[32], sign[32];
	const char *nonce = strstr(y->c.server, "r=");
	size_t n = strlen(y->c.gs2);
	int len;

	if (nonce != y->c.server || y->c.bare[0] == '\0')
		return 0;
	memcpy(bound, y->c.gs2, n);
	if (y->c.gs2[0] == 'p') {
		memcpy(bound + n, binding, AUTH_EXPORTER);
		n += AUTH_EXPORTER;
	}
	base64_encode(b64, bound, n);
	len = snprintf(text_r, TEXT, "c=%s,%.*s", b64,
	    (int)strcspn(nonce, ","), nonce);
	if (len >= TEXT || (size_t)snprintf(all, sizeof(all), "%s,%s,%s",
	    y->c.bare, y->c.server, text_r) >= sizeof(all))
		return 0;
	salted(sha1, password, key);
	hmac(sha1, key, bytes(sha1), "Client Key", client);
	hash(sha1, client, bytes(sha1), stored);
	hmac(sha1, stored, bytes(sha1), all, sign);
	for (size_t i = 0; i < bytes(sha1); i++)
		client[i] ^= sign[i];
	base64_encode(b64, client, bytes(sha1));
	y->c.right = strcmp(password, PASSWORD) == 0;
	return (size_t)len + (size_t)snprintf(text_r + len, TEXT, ",p=%s",
	    b64);
}

/* What the client said first, if it was SCRAM's. */
static void
remember(struct play *y, const char *p, size_t len)
{
	const char *comma = memchr(p, ',', len), *end = p + len;

	if (y->c.bare[0] != '\0' || comma == NULL || len >= TEXT ||
	    (comma = memchr(comma + 1, ',', (size_t)(end - comma - 1))) ==
	    NULL)
		return;
	comma++;
	memcpy(y->c.gs2, p, (size_t)(comma - p));
	memcpy(y->c.bare, comma, (size_t)(end - comma));
}

static bool
by_scram(const struct play *y)
{
	return y->m == MECHANISM_SCRAM_SHA_256 ||
	    y->m == MECHANISM_SCRAM_SHA_256_PLUS ||
	    y->m == MECHANISM_SCRAM_SHA_1;
}

static void
check_question(const struct play *y)
{
	const struct verify_question *q = &y->q;
	const char *at = q->login;
	uint32_t code;
	size_t n, len = strnlen(q->login, sizeof(q->login));

	must(verify_question_good(q, VERIFY_QUESTION_LEN(q)), "a question");
	must((q->kind == VERIFY_SCRAM) == by_scram(y) &&
	    (q->kind == VERIFY_SCRAM) == (q->secret_len == 0),
	    "of its kind, with a secret");
	must(q->kind == VERIFY_TOKEN || memchr(q->secret, '\0',
	    q->secret_len) == NULL, "without a NUL");
	must(strcmp(q->login, exchange_login(y->x)) == 0, "about that login");
	for (; q->kind != VERIFY_SCRAM && len > 0; at += n, len -= n) {
		n = utf8_next(at, len, &code);
		must(n > 0 && !utf8_is_control(code), "which is text");
	}
}

static enum exchange_step
answer(struct play *y)
{
	struct verify_result r = { .answer = (uint8_t)y->answer,
		.login = "anna" };
	enum exchange_step step;

	check_question(y);
	if (y->q.kind == VERIFY_SCRAM)
		r.scram = secrets[y->m == MECHANISM_SCRAM_SHA_1 ? SCRAM_SHA1 :
		    SCRAM_SHA256];
	step = exchange_answered(y->x, &r, &y->out);
	explicit_bzero(&y->q, sizeof(y->q));
	must(step != EXCHANGE_VERIFY, "one question is enough");
	must(step != EXCHANGE_SUCCESS || (y->answer == VERIFY_YES &&
	    !by_scram(y)), "nobody is let in but by a yes");
	must((step == EXCHANGE_LATER) == (y->answer == VERIFY_LATER),
	    "what cannot be said is neither yes nor no");
	if (step == EXCHANGE_CHALLENGE && y->out.len < TEXT) {
		memcpy(y->c.server, y->out.data, y->out.len);
		y->c.server[y->out.len] = '\0';
	}
	return step;
}

/* The password of a question is watched for, if it is in no name. */
static void
watch(const struct verify_question *q)
{
	watched.len = q->kind == VERIFY_PASSWORD && q->secret_len >= 12 &&
	    q->secret_len < sizeof(watched.password) &&
	    strstr(q->login, q->secret) == NULL ? q->secret_len : 0;
	memcpy(watched.password, q->secret, watched.len);
}

/* False: the exchange is over. */
static bool
say(struct play *y, const char *p, size_t len)
{
	enum exchange_step step;

	step = exchange_take(y->x, p, len, &y->out, &y->q);
	must(y->out.len <= AUTH_CHALLENGE_MOST, "a challenge fits");
	must(step != EXCHANGE_SUCCESS || (by_scram(y) && y->c.right &&
	    y->answer == VERIFY_YES), "who is let in has the secret");
	if (step == EXCHANGE_VERIFY) {
		watch(&y->q);
		scan(y->x, malloc_usable_size(y->x));
		step = answer(y);
	}
	must(step != EXCHANGE_SUCCESS ||
	    strcmp(exchange_proven(y->x), "anna") == 0, "as itself");
	return step == EXCHANGE_CHALLENGE;
}

static bool
message(struct play *y, const uint8_t *data, size_t len)
{
	char text[2 * TEXT], password[TEXT];

	if (len == 1 && data[0] == 0xfe)
		return say(y, NULL, 0);
	if (len == 0 || data[0] != 0xfd) {
		y->c.right = y->c.right && len == 0;
		remember(y, (const char *)data, len);
		return say(y, (const char *)data, len);
	}
	if (len >= TEXT || memchr(data + 1, '\0', len - 1) != NULL)
		return false;
	memcpy(password, data + 1, len - 1);
	password[len - 1] = '\0';
	len = finish(y, password, text);
	return len > 0 && say(y, text, len);
}

static void
play(struct exchanges *all, const uint8_t *data, size_t size)
{
	static const enum verify_answer answers[] = { VERIFY_YES, VERIFY_NO,
		VERIFY_LATER, VERIFY_YES };
	struct play y = { .m = data[0] % MECHANISMS, .binds = (data[1] & 4) !=
	    0, .answer = answers[data[1] & 3] };
	const uint8_t *at = data + 2, *end = data + size, *stop;
	size_t before = mallinfo2().uordblks;

	y.x = exchange_new(all, y.m, y.binds ? (const uint8_t *)BINDING :
	    NULL);
	must(y.x != NULL || (y.m == MECHANISM_SCRAM_SHA_256_PLUS &&
	    !y.binds), "all there are but what cannot bind");
	for (bool on = y.x != NULL; on && at < end; at = stop + 1) {
		stop = memchr(at, 0xff, (size_t)(end - at));
		if (stop == NULL)
			stop = end;
		if (stop - at > AUTH_DATA)
			break;
		on = message(&y, at, (size_t)(stop - at));
		must(mallinfo2().uordblks < before + HEAP_MOST,
		    "it takes a bounded amount of memory");
	}
	exchange_free(y.x);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct exchanges *all;
	static struct conf *conf;	/* theirs, too */

	if (all == NULL) {
		conf = conf_new();
		all = exchanges_new(conf);
		make_secret(SCRAM_SHA256);
		make_secret(SCRAM_SHA1);
	}
	if (size < 2 || size > MOST)
		return 0;
	watched.len = 0;
	watched.on = true;
	play(all, data, size);
	watched.on = false;
	return 0;
}
