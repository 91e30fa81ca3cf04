/*
 * certs - certificates and keys as the setting "certificates" names them.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>

#include "lib/text.h"
#include "lib/xalloc.h"
#include "smtpsrvr/certs.h"

#define OCSP_MOST 65536
#define CHAIN_MOST 16

/* OpenSSL's first reason, without its numbers. */
static void
because(struct buf *why, const char *file)
{
	unsigned long e = ERR_peek_error();
	const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;

	(void)!buf_addf(why, "%s: %s", file, reason != NULL ? reason :
	    "not as it must be");
	ERR_clear_error();
}

static FILE *
open_file(const char *file, struct buf *why)
{
	FILE *f = fopen(file, "re");

	if (f == NULL)
		(void)!buf_addf(why, "%s: %s", file, strerror(errno));
	return f;
}

int
cert_files(const char *element, struct cert_files *f_r, struct buf *why)
{
	char *to[] = { f_r->chain, f_r->key, f_r->ocsp };
	size_t n = 0, len;

	memset(f_r, 0, sizeof *f_r);
	for (;;) {
		element += strspn(element, " \t");
		len = strcspn(element, " \t");
		if (len == 0)
			break;
		if (n == ARRAY_LEN(to) || len >= CERT_FILE ||
		    element[0] != '/') {
			(void)!buf_addf(why, "\"%s\": absolute names of two "
			    "or three files, of at most %d characters each",
			    element, CERT_FILE - 1);
			return -1;
		}
		memcpy(to[n++], element, len);
		element += len;
	}
	if (n >= 2)
		return 0;
	(void)!buf_addf(why, "a certificate needs two files: its chain and "
	    "its private key");
	return -1;
}

int
cert_key_digest(EVP_PKEY *key, unsigned char digest_r[KEY_DIGEST])
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der), good;

	if (len <= 0)
		return -1;
	good = EVP_Digest(der, (size_t)len, digest_r, NULL, EVP_sha256(),
	    NULL);
	OPENSSL_free(der);
	return good == 1 ? 0 : -1;
}

static int
read_chain(FILE *f, const char *file, struct cert *c, struct buf *why)
{
	X509 *x;

	c->leaf = PEM_read_X509_AUX(f, NULL, NULL, NULL);
	c->rest = sk_X509_new_null();
	if (c->leaf == NULL || c->rest == NULL) {
		because(why, file);
		return -1;
	}
	while ((x = PEM_read_X509(f, NULL, NULL, NULL)) != NULL) {
		if (sk_X509_num(c->rest) == CHAIN_MOST ||
		    sk_X509_push(c->rest, x) == 0) {
			X509_free(x);
			(void)!buf_addf(why, "%s: over %d certificates",
			    file, CHAIN_MOST);
			return -1;
		}
	}
	/* The end of the file is no error; anything else is. */
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		because(why, file);
		return -1;
	}
	ERR_clear_error();
	if (cert_key_digest(X509_get0_pubkey(c->leaf), c->digest) == 0)
		return 0;
	because(why, file);
	return -1;
}

static time_t
time_of(const ASN1_GENERALIZEDTIME *t)
{
	struct tm tm;

	return t != NULL && ASN1_TIME_to_tm(t, &tm) == 1 ? timegm(&tm) : 0;
}

/* Of whom it speaks is its serial number, under the same issuer. */
static bool
is_about(OCSP_SINGLERESP *one, const X509 *leaf)
{
	ASN1_INTEGER *serial = NULL;

	return OCSP_id_get0_info(NULL, NULL, NULL, &serial,
	    (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(one)) == 1 &&
	    ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(leaf)) == 0;
}

/* Who signed it is for clients to say, who know whom they trust. */
static int
understand_ocsp(struct cert *c)
{
	const unsigned char *p = c->ocsp;
	OCSP_RESPONSE *whole = d2i_OCSP_RESPONSE(NULL, &p, (long)c->ocsp_len);
	OCSP_BASICRESP *basic = whole != NULL && OCSP_response_status(whole) ==
	    OCSP_RESPONSE_STATUS_SUCCESSFUL ?
	    OCSP_response_get1_basic(whole) : NULL;
	int bad = -1, n = basic != NULL ? OCSP_resp_count(basic) : 0;

	for (int i = 0; i < n && bad != 0; i++) {
		OCSP_SINGLERESP *one = OCSP_resp_get0(basic, i);
		ASN1_GENERALIZEDTIME *from, *until;
		int status = OCSP_single_get0_status(one, NULL, NULL, &from,
		    &until);

		if (!is_about(one, c->leaf))
			continue;
		c->ocsp_from = time_of(from);
		c->ocsp_until = time_of(until);
		c->ocsp_revoked = status == V_OCSP_CERTSTATUS_REVOKED;
		bad = 0;
	}
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(whole);
	ERR_clear_error();
	return bad;
}

/* No time of the next one: newer ones are always to be had (RFC 6960 2.4). */
bool
cert_ocsp_good(const struct cert *c)
{
	time_t now = time(NULL);

	return c->ocsp != NULL && c->ocsp_from <= now &&
	    (c->ocsp_until == 0 || now < c->ocsp_until);
}

const char *
cert_ocsp_wrong(const struct cert *c)
{
	if (c->ocsp == NULL)
		return NULL;
	if (!cert_ocsp_good(c))
		return "out of date, not sent";
	return c->ocsp_revoked ? "the certificate is revoked" : NULL;
}

static int
read_ocsp(const char *file, struct cert *c, struct buf *why)
{
	FILE *f = open_file(file, why);

	if (f == NULL)
		return -1;
	c->ocsp = xcalloc(1, OCSP_MOST);
	c->ocsp_len = fread(c->ocsp, 1, OCSP_MOST, f);
	fclose(f);
	if (c->ocsp_len > 0 && c->ocsp_len < OCSP_MOST &&
	    understand_ocsp(c) == 0)
		return 0;
	(void)!buf_addf(why, "%s: no OCSP response about this certificate",
	    file);
	return -1;
}

int
cert_read(const struct cert_files *files, struct cert *c_r, struct buf *why)
{
	FILE *f = open_file(files->chain, why);
	int bad;

	memset(c_r, 0, sizeof *c_r);
	if (f == NULL)
		return -1;
	bad = read_chain(f, files->chain, c_r, why);
	fclose(f);
	if (bad == 0 && files->ocsp[0] != '\0')
		bad = read_ocsp(files->ocsp, c_r, why);
	if (bad != 0)
		cert_free(c_r);
	return bad;
}

void
cert_free(struct cert *c)
{
	X509_free(c->leaf);
	sk_X509_pop_free(c->rest, X509_free);
	free(c->ocsp);
	memset(c, 0, sizeof *c);
}

/* A key with a passphrase: nobody is there to type it. */
static int
no_passphrase(char *p, int size, int write, void *ctx)
{
	(void)p;
	(void)size;
	(void)write;
	(void)ctx;
	return -1;
}

EVP_PKEY *
cert_read_key(const struct cert_files *files, struct buf *why)
{
	FILE *f = open_file(files->key, why);
	EVP_PKEY *key;
	int type;

	if (f == NULL)
		return NULL;
	/* stdio would leave a copy of the key in its buffer. */
	setvbuf(f, NULL, _IONBF, 0);
	key = PEM_read_PrivateKey(f, NULL, no_passphrase, NULL);
	fclose(f);
	if (key == NULL) {
		because(why, files->key);
		return NULL;
	}
	type = EVP_PKEY_get_base_id(key);
	if ((type == EVP_PKEY_RSA || type == EVP_PKEY_EC) &&
	    EVP_PKEY_get_size(key) <= KEY_MOST)
		return key;
	(void)!buf_addf(why, "%s: keys are RSA of up to 8192 bits, or EC",
	    files->key);
	EVP_PKEY_free(key);
	return NULL;
}
