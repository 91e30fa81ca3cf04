/*
 * check_certificates - certificates and keys: readable, together, in time.
 */
#include "config.h"

#include <string.h>
#include <sys/stat.h>

#include "smtpsrvr/certs.h"
#include "smtpsrvr/expiry.h"
#include "tools/check.h"

static void
check_key(const struct check *k, struct origin at,
    const struct cert_files *f, const struct cert *c)
{
	unsigned char digest[KEY_DIGEST];
	struct buf why;
	struct stat st;
	EVP_PKEY *key;

	buf_init(&why, 1024);
	key = cert_read_key(f, &why);
	if (key == NULL)
		finding(k->f, FINDING_ERROR, at, "certificates: %s",
		    buf_str(&why));
	else if (cert_key_digest(key, digest) != 0 ||
	    memcmp(digest, c->digest, sizeof digest) != 0)
		finding(k->f, FINDING_ERROR, at, "certificates: %s is not the "
		    "key of %s", f->key, f->chain);
	if (stat(f->key, &st) == 0 && (st.st_mode & S_IRWXO) != 0)
		finding(k->f, FINDING_WARNING, at, "certificates: everybody "
		    "may use %s: chmod o= it", f->key);
	EVP_PKEY_free(key);
	buf_free(&why);
}

static void
check_time(const struct check *k, struct origin at,
    const struct cert_files *f, const struct cert *c)
{
	long days = expiry_days(c->leaf);

	if (days < 0)
		finding(k->f, FINDING_ERROR, at, "certificates: %s has ended",
		    f->chain);
	else if (days <= k->conf->server.v.tls_warn / 86400000)
		finding(k->f, FINDING_WARNING, at, "certificates: %s ends in "
		    "%ld days", f->chain, days);
	else
		finding(k->f, FINDING_OK, FINDING_NOWHERE, "certificate %s: "
		    "%ld days left", f->chain, days);
}

void
check_certificates(const struct check *k)
{
	const struct section *s = &k->conf->server;
	const struct strings *l = &s->v.certificates;
	struct origin at = s->from[SETTING_certificates];
	struct cert_files f;
	struct cert c;
	struct buf why;

	if (l->n == 0)
		finding(k->f, FINDING_NOTE, FINDING_NOWHERE, "no certificates: "
		    "mail comes in the clear, STARTTLS is not offered");
	buf_init(&why, 1024);
	for (size_t i = 0; i < l->n; i++) {
		buf_reset(&why);
		if (cert_files(l->at[i], &f, &why) != 0 ||
		    cert_read(&f, &c, &why) != 0) {
			finding(k->f, FINDING_ERROR, at, "certificates: %s",
			    buf_str(&why));
			continue;
		}
		check_key(k, at, &f, &c);
		check_time(k, at, &f, &c);
		if (cert_ocsp_wrong(&c) != NULL)
			finding(k->f, FINDING_WARNING, at, "certificates: "
			    "%s: %s", f.ocsp, cert_ocsp_wrong(&c));
		cert_free(&c);
	}
	buf_free(&why);
}
