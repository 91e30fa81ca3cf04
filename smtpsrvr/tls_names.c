/*
 * tls_names - which certificates are for which host names.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "lib/text.h"
#include "lib/xalloc.h"
#include "smtpsrvr/tls_names.h"

static void
add(struct tls_names *t, const ASN1_STRING *s, uint64_t cert)
{
	const char *p = (const char *)ASN1_STRING_get0_data(s);
	size_t len = (size_t)ASN1_STRING_length(s);
	struct tls_name *x;

	if (len > 1 && p[0] == '*' && p[1] == '.') {
		p++;
		len--;
	}
	if (len == 0 || memchr(p, '\0', len) != NULL)
		return;
	if (t->n == t->room) {
		t->room = t->room == 0 ? 16 : t->room * 2;
		t->at = xresize(t->at, t->room, sizeof *t->at);
	}
	x = &t->at[t->n++];
	*x = (struct tls_name){ xmemdup0(p, len), cert };
	text_lower(x->name);
}

void
tls_names_add(struct tls_names *t, X509 *cert, size_t number)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name,
	    NULL, NULL);
	X509_NAME *subject = X509_get_subject_name(cert);
	uint64_t bit = UINT64_C(1) << number;
	size_t before = t->n;
	int at;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

		if (g->type == GEN_DNS)
			add(t, g->d.dNSName, bit);
	}
	GENERAL_NAMES_free(names);
	at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	if (t->n == before && at >= 0)
		add(t, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject,
		    at)), bit);
	if (number == 0)
		t->first = bit;
}

static int
by_name(const void *a, const void *b)
{
	const struct tls_name *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static uint64_t
exact(const struct tls_names *t, const char *name)
{
	struct tls_name key = { (char *)(uintptr_t)name, 0 };
	const struct tls_name *found = t->n == 0 ? NULL :
	    bsearch(&key, t->at, t->n, sizeof key, by_name);

	return found != NULL ? found->certs : 0;
}

void
tls_names_sort(struct tls_names *t)
{
	size_t to = 0;
	char *first = t->n > 0 ? t->at[0].name : NULL;

	if (t->n == 0)
		return;
	first = xstrdup(first);
	qsort(t->at, t->n, sizeof *t->at, by_name);
	for (size_t i = 1; i < t->n; i++) {
		if (strcmp(t->at[i].name, t->at[to].name) != 0) {
			t->at[++to] = t->at[i];
			continue;
		}
		t->at[to].certs |= t->at[i].certs;
		free(t->at[i].name);
	}
	t->n = to + 1;
	/* A first one without any name is alone. */
	if ((exact(t, first) & t->first) != 0)
		t->first = exact(t, first);
	free(first);
}

uint64_t
tls_names_find(const struct tls_names *t, const char *name)
{
	char lower[256];
	const char *dot;
	uint64_t found;

	if (name == NULL || text_copy(lower, sizeof lower, name) != 0)
		return t->first;
	text_lower(lower);
	found = exact(t, lower);
	dot = strchr(lower, '.');
	if (dot != NULL && dot != lower)
		found |= exact(t, dot);
	return found != 0 ? found : t->first;
}
