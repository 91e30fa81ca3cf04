/*
 * cmd_tls - inlet tls: the certificates, whom they are for, how long they
 * hold, and what others must know of them (RFC 6698).
 *
 * Reads the files as whoever calls it; the keys are not among them.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "smtpsrvr/certs.h"
#include "smtpsrvr/expiry.h"
#include "tools/command.h"
#include "tools/configured.h"
#include "tools/show.h"

#define EXPIRED 1		/* exit code: one of them has */

struct facts {
	const struct cert_files *files;
	struct cert cert;
	long days;
	unsigned char whole[KEY_DIGEST];	/* SHA-256 of the certificate */
};

static const char *
hex(const unsigned char p[KEY_DIGEST], char dst[2 * KEY_DIGEST + 1])
{
	for (size_t i = 0; i < KEY_DIGEST; i++)
		snprintf(dst + 2 * i, 3, "%02x", p[i]);
	return dst;
}

/* In j, or as words. */
static void
show_names(X509 *x, struct show_json *j)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name,
	    NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);
		const char *p;
		size_t len;

		if (g->type != GEN_DNS)
			continue;
		p = (const char *)ASN1_STRING_get0_data(g->d.dNSName);
		len = (size_t)ASN1_STRING_length(g->d.dNSName);
		if (j != NULL) {
			show_json_bytes(j, p, len);
			continue;
		}
		putchar(' ');
		show_lines(stdout, p, len);
	}
	GENERAL_NAMES_free(names);
}

static void
show_as_text(const struct facts *f)
{
	char digits[2 * KEY_DIGEST + 1];

	printf("%s\nnames    ", f->files->chain);
	show_names(f->cert.leaf, NULL);
	printf("\ndays left %ld\nsha256    %s\n", f->days,
	    hex(f->whole, digits));
	printf("TLSA      3 1 1 %s\n", hex(f->cert.digest, digits));
}

static void
show_as_json(const struct facts *f, struct show_json *j)
{
	char digits[2 * KEY_DIGEST + 1], tlsa[sizeof digits + 8];

	show_json_open(j, '{');
	show_json_pair(j, "file", f->files->chain);
	show_json_key(j, "names");
	show_json_open(j, '[');
	show_names(f->cert.leaf, j);
	show_json_close(j, ']');
	show_json_count(j, "days", f->days);
	show_json_pair(j, "sha256", hex(f->whole, digits));
	snprintf(tlsa, sizeof tlsa, "3 1 1 %s", hex(f->cert.digest, digits));
	show_json_pair(j, "tlsa", tlsa);
	show_json_close(j, '}');
}

/* One certificate; the exit code. */
static int
one(const char *element, struct show_json *j)
{
	struct cert_files files;
	struct facts f = { .files = &files };
	unsigned int len = 0;
	struct buf why;
	int code = EX_OK;

	buf_init(&why, 1024);
	if (cert_files(element, &files, &why) != 0 ||
	    cert_read(&files, &f.cert, &why) != 0) {
		fprintf(stderr, "inlet tls: %s\n", buf_str(&why));
		buf_free(&why);
		return EX_NOINPUT;
	}
	f.days = expiry_days(f.cert.leaf);
	if (X509_digest(f.cert.leaf, EVP_sha256(), f.whole, &len) != 1)
		code = EX_SOFTWARE;
	if (j != NULL)
		show_as_json(&f, j);
	else
		show_as_text(&f);
	if (f.days < 0)
		code = EXPIRED;
	cert_free(&f.cert);
	buf_free(&why);
	return code;
}

int
cmd_tls(const struct request *r)
{
	struct configured c;
	int code = configured_open(&c, &r->tailor);
	const struct strings *l;
	struct show_json j;

	if (code != EX_OK)
		return code;
	l = &c.conf->server.v.certificates;
	if (r->json) {
		show_json_begin(&j, stdout);
		show_json_open(&j, '[');
	} else if (l->n == 0) {
		printf("no certificates: no TLS\n");
	}
	for (size_t i = 0; i < l->n; i++) {
		int now = one(l->at[i], r->json ? &j : NULL);

		if (code == EX_OK || now > EXPIRED)
			code = now;
	}
	if (r->json) {
		show_json_close(&j, ']');
		show_json_end(&j);
	}
	configured_close(&c);
	return code;
}
