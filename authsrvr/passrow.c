/*
 * passrow - a row of the password file: what proves a login's password.
 *
 * Whoever wrote the row is trusted to say what a check costs, within bounds;
 * the password and the login are a stranger's.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <crypt.h>
#include <gsasl.h>
#include "authsrvr/passrow.h"
#include "lib/text.h"
#include "lib/xalloc.h"

#define SALT_NEW 16

static const struct {
	const char *scheme;
	Gsasl_hash hash;
	size_t bytes;
} kinds[SCRAM_KINDS] = {
	[SCRAM_SHA256] = { "{SCRAM-SHA-256}", GSASL_HASH_SHA256, 32 },
	[SCRAM_SHA1] = { "{SCRAM-SHA-1}", GSASL_HASH_SHA1, 20 },
};

static const char crypt_scheme[] = "{CRYPT}", clear_scheme[] = "{PLAIN}";

/* How much of text is the comma-separated value that begins it. */
static size_t
value_len(const char *text)
{
	return strcspn(text, ",");
}

/* Base64 of least to most bytes; false if it is not. */
static bool
bytes(const char *text, size_t len, unsigned char *dst, size_t least,
    size_t most, uint32_t *len_r)
{
	char *made = NULL;
	size_t n = 0;
	bool good;

	if (gsasl_base64_from(text, len, &made, &n) != GSASL_OK)
		return false;
	good = n >= least && n <= most;
	if (good) {
		memcpy(dst, made, n);
		*len_r = (uint32_t)n;
	}
	explicit_bzero(made, n);
	gsasl_free(made);
	return good;
}

/* "iterations,salt,stored,server" */
static const char *
parse_scram(char *text, enum scram kind, struct scram_secret *s)
{
	static const char wrong[] =
	    "no {SCRAM-...}iterations,salt,StoredKey,ServerKey";
	size_t n = value_len(text), size = kinds[kind].bytes;
	char *salt = text + n + 1, *stored, *server;
	int64_t iterations;
	uint32_t len;

	if (s->iterations != 0)
		return "the same scheme twice";
	if (text[n] == '\0')
		return wrong;
	text[n] = '\0';
	n = value_len(salt);
	stored = salt + n + 1;
	if (salt[n] == '\0' || !bytes(salt, n, s->salt, 1, PASSROW_SALT,
	    &s->salt_len))
		return wrong;
	n = value_len(stored);
	server = stored + n + 1;
	if (stored[n] == '\0' ||
	    !bytes(stored, n, s->stored, size, size, &len) ||
	    !bytes(server, strlen(server), s->server, size, size, &len))
		return wrong;
	if (text_number(text, 1, PASSROW_ITERATIONS_MOST, &iterations) == -1)
		return "no number of iterations";
	s->iterations = (uint32_t)iterations;
	return NULL;
}

static const char *
parse_crypt(const char *text, struct passrow *row)
{
	int how = crypt_checksalt(text);

	if (row->crypt[0] != '\0')
		return "the same scheme twice";
	if (how == CRYPT_SALT_INVALID || how == CRYPT_SALT_METHOD_DISABLED ||
	    text_copy(row->crypt, sizeof(row->crypt), text) == -1)
		return "{CRYPT} without a hash that this machine knows";
	return NULL;
}

/* One field, cut out of the row; the clear password is the rest of it. */
static const char *
parse_field(char *field, struct passrow *row)
{
	if (text_begins(field, crypt_scheme))
		return parse_crypt(field + strlen(crypt_scheme), row);
	for (size_t k = 0; k < SCRAM_KINDS; k++)
		if (text_begins(field, kinds[k].scheme))
			return parse_scram(field + strlen(kinds[k].scheme),
			    (enum scram)k, &row->scram[k]);
	return "a scheme that is none of {SCRAM-SHA-256}, {SCRAM-SHA-1}, "
	    "{CRYPT} and {PLAIN}";
}

static const char *
parse_fields(char *at, struct passrow *row)
{
	const char *why = NULL;
	size_t n;

	for (; why == NULL && at != NULL; at = at[n] != '\0' ?
	    at + n + 1 : NULL) {
		n = strcspn(at, ":");
		if (text_begins(at, clear_scheme)) {
			at += strlen(clear_scheme);
			if (*at == '\0' || text_copy(row->clear,
			    sizeof(row->clear), at) == -1)
				return "{PLAIN} without a password of at "
				    "most 1024 bytes";
			return NULL;
		}
		if (at[n] == ':') {
			at[n] = '\0';
			why = parse_field(at, row);
			at[n] = ':';
		} else {
			why = parse_field(at, row);
		}
	}
	return why;
}

const char *
passrow_glance(const char *line, size_t len, size_t *login_len_r)
{
	const char *colon = memchr(line, ':', len);

	*login_len_r = colon != NULL ? (size_t)(colon - line) : 0;
	if (len >= PASSROW_LINE)
		return "the row is too long";
	if (memchr(line, '\0', len) != NULL)
		return "a NUL";
	if (*login_len_r == 0 || *login_len_r >= AUTH_LOGIN)
		return "it does not begin with a login and a colon";
	if (*login_len_r + 1 == len || colon[1] != '{')
		return "no {SCHEME} behind the login";
	return NULL;
}

bool
passrow_has(const char *line, size_t len, enum scram kind)
{
	const char *at = line, *end = line + len;

	/* Behind a clear password all is the password's. */
	while ((at = memchr(at, ':', (size_t)(end - at))) != NULL) {
		size_t left = (size_t)(end - ++at);
		size_t clear = strlen(clear_scheme);
		size_t want = strlen(kinds[kind].scheme);

		if (left >= clear && memcmp(at, clear_scheme, clear) == 0)
			return false;
		if (left >= want && memcmp(at, kinds[kind].scheme, want) == 0)
			return true;
	}
	return false;
}

const char *
passrow_parse(const char *line, size_t len, struct passrow *row_r)
{
	char text[PASSROW_LINE];
	size_t n;
	const char *why = passrow_glance(line, len, &n);

	memset(row_r, 0, sizeof(*row_r));
	if (why != NULL)
		return why;
	memcpy(text, line, len);
	text[len] = '\0';
	memcpy(row_r->login, line, n);
	why = parse_fields(text + n + 1, row_r);
	explicit_bzero(text, sizeof(text));
	return why;
}

static int
add_base64(struct buf *b, const unsigned char *p, size_t len)
{
	char *made = NULL;
	int result = -1;

	if (gsasl_base64_to((const char *)p, len, &made, NULL) == GSASL_OK) {
		result = buf_adds(b, made);
		explicit_bzero(made, strlen(made));
	}
	gsasl_free(made);
	return result;
}

static int
add_scram(struct buf *b, enum scram kind, const struct scram_secret *s)
{
	size_t n = kinds[kind].bytes;

	if (s->iterations == 0)
		return 0;
	if (buf_addf(b, ":%s%u,", kinds[kind].scheme, s->iterations) == -1 ||
	    add_base64(b, s->salt, s->salt_len) == -1 ||
	    buf_addc(b, ',') == -1 || add_base64(b, s->stored, n) == -1 ||
	    buf_addc(b, ',') == -1 || add_base64(b, s->server, n) == -1)
		return -1;
	return 0;
}

int
passrow_format(const struct passrow *row, struct buf *b)
{
	size_t at = b->len;

	if (buf_adds(b, row->login) == -1 ||
	    add_scram(b, SCRAM_SHA256, &row->scram[SCRAM_SHA256]) == -1 ||
	    add_scram(b, SCRAM_SHA1, &row->scram[SCRAM_SHA1]) == -1)
		return -1;
	if (row->crypt[0] != '\0' &&
	    buf_addf(b, ":%s%s", crypt_scheme, row->crypt) == -1)
		return -1;
	if (row->clear[0] != '\0' &&
	    buf_addf(b, ":%s%s", clear_scheme, row->clear) == -1)
		return -1;
	if (buf_addc(b, '\n') == -1 || b->len - at >= PASSROW_LINE)
		return -1;
	return 0;
}

/* False only where the password's bytes are none that SCRAM has. */
static bool
derive(enum scram kind, const struct scram_secret *from, const char *password,
    struct scram_secret *to)
{
	char salted[PASSROW_HASH], client[PASSROW_HASH];
	int code;

	*to = *from;
	code = gsasl_scram_secrets_from_password(kinds[kind].hash, password,
	    from->iterations, (const char *)from->salt, from->salt_len,
	    salted, client, (char *)to->server, (char *)to->stored);
	explicit_bzero(salted, sizeof(salted));
	explicit_bzero(client, sizeof(client));
	return code == GSASL_OK;
}

static const char *
make_scram(struct passrow *row, const char *password)
{
	char prepared[PASSROW_SECRET], *made = NULL;
	const char *why = NULL;

	if (gsasl_saslprep(password, 0, &made, NULL) != GSASL_OK)
		return "it is no UTF-8, or has characters that no password "
		    "may have (RFC 4013)";
	if (made[0] == '\0' ||
	    text_copy(prepared, sizeof(prepared), made) == -1)
		why = "it is empty or too long (1024 bytes)";
	explicit_bzero(made, strlen(made));
	gsasl_free(made);
	for (size_t k = 0; why == NULL && k < SCRAM_KINDS; k++) {
		struct scram_secret s = { .iterations = PASSROW_ITERATIONS,
			.salt_len = SALT_NEW };

		/* Not gsasl_nonce(): its bytes are never zero. */
		if (gsasl_random((char *)s.salt, SALT_NEW) != GSASL_OK ||
		    !derive((enum scram)k, &s, prepared, &row->scram[k]))
			why = "its secrets cannot be derived";
	}
	explicit_bzero(prepared, sizeof(prepared));
	return why;
}

static const char *
make_crypt(struct passrow *row, const char *password)
{
	struct crypt_data *d = xcalloc(1, sizeof(*d));
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	const char *made = NULL;

	if (crypt_gensalt_rn("$y$", 0, NULL, 0, setting,
	    sizeof(setting)) != NULL)
		made = crypt_r(password, setting, d);
	if (made == NULL || made[0] == '*' ||
	    text_copy(row->crypt, sizeof(row->crypt), made) == -1)
		made = NULL;
	explicit_bzero(d, sizeof(*d));
	free(d);
	return made != NULL ? NULL : "crypt(3) does not take it";
}

const char *
passrow_make(struct passrow *row_r, const char *login, const char *password,
    unsigned holds)
{
	const char *why = NULL;

	memset(row_r, 0, sizeof(*row_r));
	if (text_copy(row_r->login, sizeof(row_r->login), login) == -1)
		return "the login is too long";
	if (password[0] == '\0' || strlen(password) >= PASSROW_SECRET)
		return "it is empty or too long (1024 bytes)";
	if (strpbrk(password, "\r\n") != NULL)
		return "it has a newline";
	if ((holds & PASSROW_SCRAM) != 0)
		why = make_scram(row_r, password);
	if (why == NULL && (holds & PASSROW_CRYPT) != 0)
		why = make_crypt(row_r, password);
	if (why == NULL && (holds & PASSROW_CLEAR) != 0 &&
	    text_copy(row_r->clear, sizeof(row_r->clear), password) == -1)
		why = "it is too long (1024 bytes)";
	return why;
}

/* Looks at all of both. */
static bool
same(const void *a, const void *b, size_t len)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char differ = 0;

	for (size_t i = 0; i < len; i++)
		differ |= (unsigned char)(x[i] ^ y[i]);
	return differ == 0;
}

static bool
fits_scram(const struct passrow *row, enum scram kind, const char *password)
{
	const struct scram_secret *mine = &row->scram[kind];
	char prepared[PASSROW_SECRET];
	struct scram_secret made;
	bool fits = login_prepare_password(prepared, sizeof(prepared),
	    password) == 0 && derive(kind, mine, prepared, &made) &&
	    same(made.stored, mine->stored, kinds[kind].bytes);

	explicit_bzero(prepared, sizeof(prepared));
	explicit_bzero(&made, sizeof(made));
	return fits;
}

static bool
fits_crypt(const char *hash, const char *password)
{
	struct crypt_data *d = xcalloc(1, sizeof(*d));
	const char *made = crypt_r(password, hash, d);
	bool fits = made != NULL && made[0] != '*' &&
	    strlen(made) == strlen(hash) && same(made, hash, strlen(hash));

	explicit_bzero(d, sizeof(*d));
	free(d);
	return fits;
}

static bool
fits_clear(const char *clear, const char *password)
{
	char a[PASSROW_SECRET] = "", b[PASSROW_SECRET] = "";
	bool fits = text_copy(a, sizeof(a), clear) == 0 &&
	    text_copy(b, sizeof(b), password) == 0 && same(a, b, sizeof(a));

	explicit_bzero(a, sizeof(a));
	explicit_bzero(b, sizeof(b));
	return fits;
}

bool
passrow_fits(const struct passrow *row, const char *password)
{
	bool fits = false;

	if (password[0] == '\0')
		return false;
	if (row->scram[SCRAM_SHA256].iterations != 0)
		fits = fits_scram(row, SCRAM_SHA256, password);
	else if (row->scram[SCRAM_SHA1].iterations != 0)
		fits = fits_scram(row, SCRAM_SHA1, password);
	else if (row->crypt[0] != '\0')
		fits = fits_crypt(row->crypt, password);
	else
		fits = fits_clear(row->clear, password);
	return fits && !row->pretended;
}

/*
 * Salt and keys are made of the row's secret and the login: nobody who has
 * not seen the file can tell them from true ones, and they stay.
 */
static void
pretend_scram(enum scram kind, struct scram_secret *s, const char *login)
{
	struct scram_secret from = { .iterations = 1, .salt_len =
	    sizeof(from.stored) }, made;
	char name[AUTH_LOGIN + 8];

	if (s->iterations == 0)
		return;
	memcpy(from.salt, s->server, sizeof(from.stored));
	if (!text_copy(name, sizeof(name), login) &&
	    derive(kind, &from, name, &made)) {
		memcpy(s->stored, made.stored, sizeof(s->stored));
		memcpy(s->server, made.server, sizeof(s->server));
		memcpy(s->salt, made.server, s->salt_len <
		    kinds[kind].bytes ? s->salt_len : kinds[kind].bytes);
	}
	/* The salt is known to all, so the key must be another one. */
	memcpy(from.salt, s->stored, sizeof(from.stored));
	if (derive(kind, &from, name, &made))
		memcpy(s->server, made.server, sizeof(s->server));
	explicit_bzero(&from, sizeof(from));
}

void
passrow_pretend(struct passrow *row, const char *login)
{
	row->pretended = true;
	(void)!text_copy(row->login, sizeof(row->login), login);
	for (size_t k = 0; k < SCRAM_KINDS; k++)
		pretend_scram((enum scram)k, &row->scram[k], login);
}

void
passrow_wipe(struct passrow *row)
{
	explicit_bzero(row, sizeof(*row));
}
