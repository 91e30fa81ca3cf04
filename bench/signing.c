/*
 * signing - signs handshakes, with the key here or by a keysrvr, and says
 * what that costs this process.
 *
 *	signing CHAIN KEY here N
 *	signing CHAIN KEY keysrvr|session N JAIL NAME
 *
 * keysrvr: each signature as a session has it made; session: before each the
 * look for keysrvr as well that a session does when its client says STARTTLS.
 * NAME is that of the socket below JAIL.  Whoever runs it may read the key.
 */
#include "config.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>

#include <openssl/rsa.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "smtpsrvr/certs.h"
#include "smtpsrvr/tls_key.h"
#include "smtpsrvr/tls_random.h"

struct signer {
	EVP_PKEY *key, *public;
	struct tls_keys *keys;
	const char *jail, *name;	/* null: no look */
};

static int64_t
cpu_us(void)
{
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u) != 0)
		err(EX_OSERR, "getrusage");
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * INT64_C(1000000) +
	    u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

/* What a server signs in TLS 1.3, of its i-th handshake (RFC 8446 4.4.3). */
static size_t
content(unsigned char to[130], int i)
{
	static const char what[] = "TLS 1.3, server CertificateVerify";
	unsigned char *hash = to + 64 + sizeof what;

	memset(to, ' ', 64);
	memcpy(to + 64, what, sizeof what);
	if (EVP_Digest(&i, sizeof i, hash, NULL, EVP_sha256(), NULL) != 1)
		errx(EX_SOFTWARE, "no digest");
	return 64 + sizeof what + 32;
}

static int
pss(EVP_PKEY_CTX *ctx)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static void
check(EVP_PKEY *public, const unsigned char *text, size_t len,
    const unsigned char *sig, size_t size)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx;

	if (md == NULL || EVP_DigestVerifyInit(md, &ctx, EVP_sha256(), NULL,
	    public) != 1 || (EVP_PKEY_get_base_id(public) == EVP_PKEY_RSA &&
	    !pss(ctx)) || EVP_DigestVerify(md, sig, size, text, len) != 1)
		errx(EX_SOFTWARE, "a wrong signature");
	EVP_MD_CTX_free(md);
}

static void
sign(const struct signer *s, int i, bool checked)
{
	unsigned char text[130], sig[KEY_MOST];
	size_t len = content(text, i), size = sizeof sig;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx;

	if (s->name != NULL && tls_keys_reach(s->keys, s->jail, s->name) != 0)
		err(EX_UNAVAILABLE, "%s/%s", s->jail, s->name);
	if (md == NULL || EVP_DigestSignInit(md, &ctx, EVP_sha256(), NULL,
	    s->key) != 1 || (EVP_PKEY_get_base_id(s->key) == EVP_PKEY_RSA &&
	    !pss(ctx)) || EVP_DigestSign(md, sig, &size, text, len) != 1)
		errx(EX_UNAVAILABLE, "nothing signed");
	EVP_MD_CTX_free(md);
	if (checked)
		check(s->public, text, len, sig, size);
}

static void
run(const struct signer *s, int n)
{
	int64_t cpu, start;
	int i;

	sign(s, -1, true);
	cpu = cpu_us();
	start = clock_wall_us();
	for (i = 0; i < n; i++)
		sign(s, i, false);
	start = clock_wall_us() - start;
	printf("{\"n\": %d, \"us\": %" PRId64 ", \"cpu_us\": %" PRId64 "}\n",
	    n, start, cpu_us() - cpu);
}

/* A key that is not here, and where it is. */
static EVP_PKEY *
remote(struct signer *s, const struct cert *c, char *argv[])
{
	s->keys = tls_keys_new();
	if (s->keys == NULL || tls_keys_reach(s->keys, argv[5], argv[6]) != 0)
		err(EX_UNAVAILABLE, "%s/%s", argv[5], argv[6]);
	if (strcmp(argv[3], "session") == 0) {
		s->jail = argv[5];
		s->name = argv[6];
	}
	return tls_key_new(s->keys, c);
}

int
main(int argc, char *argv[])
{
	struct signer s = { .name = NULL };
	struct cert_files f;
	struct cert c;
	struct buf why;
	bool here;

	if (argc != 5 && argc != 7) {
		fprintf(stderr, "usage: signing chain key here n\n"
		    "       signing chain key keysrvr|session n jail name\n");
		return EX_USAGE;
	}
	here = strcmp(argv[3], "here") == 0;
	if (here != (argc == 5))
		errx(EX_USAGE, "%s: what else?", argv[3]);
	buf_init(&why, 1024);
	(void)snprintf(f.chain, sizeof f.chain, "%s", argv[1]);
	(void)snprintf(f.key, sizeof f.key, "%s", argv[2]);
	f.ocsp[0] = '\0';
	if (tls_random() != 0 || cert_read(&f, &c, &why) != 0)
		errx(EX_DATAERR, "%s", buf_str(&why));
	s.public = X509_get0_pubkey(c.leaf);
	s.key = here ? cert_read_key(&f, &why) : remote(&s, &c, argv);
	if (s.key == NULL)
		errx(EX_DATAERR, "no key: %s", buf_str(&why));
	run(&s, (int)strtol(argv[4], NULL, 10));
	return 0;
}
