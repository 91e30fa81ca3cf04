/*
 * tls_check - what is wrong with the settings of TLS, without their files.
 */
#include "config.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "smtpsrvr/certs.h"
#include "smtpsrvr/tls_check.h"
#include "smtpsrvr/tls_names.h"

static void
check_elements(const struct section *s, struct conf_wrong *w)
{
	const struct strings *l = &s->v.certificates;
	struct cert_files f;
	struct buf why;

	buf_init(&why, 1024);
	for (size_t i = 0; i < l->n; i++) {
		buf_reset(&why);
		if (cert_files(l->at[i], &f, &why) != 0)
			conf_wrong(w, s->from[SETTING_certificates],
			    "certificates: %s", buf_str(&why));
	}
	if (l->n > TLS_CERTS)
		conf_wrong(w, s->from[SETTING_certificates],
		    "certificates: over %d", TLS_CERTS);
	buf_free(&why);
}

/* OpenSSL's own reading of its three lists. */
static void
check_lists(const struct section *s, SSL_CTX *ctx, struct conf_wrong *w)
{
	const struct settings *v = &s->v;
	const struct {
		enum setting_id id;
		int good;
		const char *text;
	} lists[] = {
		{ SETTING_tls_ciphers, SSL_CTX_set_cipher_list(ctx,
		    v->tls_ciphers), v->tls_ciphers },
		{ SETTING_tls_suites, SSL_CTX_set_ciphersuites(ctx,
		    v->tls_suites), v->tls_suites },
		/* OpenSSL takes const away itself. */
		{ SETTING_tls_groups, SSL_CTX_set1_groups_list(ctx,
		    (uintptr_t)v->tls_groups) == 1, v->tls_groups }
	};
	char shown[SETTING_SHOWN];

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (!lists[i].good && s->from[lists[i].id].file != NULL)
			conf_wrong(w, s->from[lists[i].id], "%s: OpenSSL "
			    "cannot use %s", setting_name(lists[i].id),
			    setting_show(lists[i].text, shown));
	ERR_clear_error();
}

/* It could never be kept: every client would be refused. */
static void
check_wanted(const struct conf *c, const struct section *s,
    struct conf_wrong *w)
{
	if (c->server.v.certificates.n > 0)
		return;
	if (s->v.tls == TLS_REQUIRED && s->from[SETTING_tls].file != NULL)
		conf_wrong(w, s->from[SETTING_tls], "tls: required, but there "
		    "are no certificates");
	if (s->v.tls_implicit && s->from[SETTING_tls_implicit].file != NULL)
		conf_wrong(w, s->from[SETTING_tls_implicit], "tls-implicit, "
		    "but there are no certificates");
}

/* What a profile says in its place would not be seen. */
static void
check_profile(const struct section *s, struct conf_wrong *w)
{
	static const enum setting_id ids[] = { SETTING_tls_least,
	    SETTING_tls_ciphers };

	if (s->v.tls_profile == TLS_PROFILE_DEFAULT ||
	    s->from[SETTING_tls_profile].file == NULL)
		return;
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		if (s->from[ids[i]].file != NULL)
			conf_wrong(w, s->from[ids[i]], "%s: tls-profile has "
			    "its own", setting_name(ids[i]));
}

/* Nobody could be known. */
static void
check_clients(const struct conf *c, const struct section *s,
    struct conf_wrong *w)
{
	const struct settings *v = &s->v;

	if (v->tls_client == TLS_CLIENT_REQUIRED &&
	    s->from[SETTING_tls_client].file != NULL &&
	    v->tls_clients[0] == '\0' && c->server.v.tls_client_ca[0] == '\0')
		conf_wrong(w, s->from[SETTING_tls_client], "tls-client: "
		    "required, but there is neither tls-clients nor "
		    "tls-client-ca");
}

void
tls_check(const struct conf *c, struct conf_wrong *w)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	check_elements(&c->server, w);
	if (c->server.v.tls_client_ca[0] != '\0' &&
	    c->server.v.tls_client_ca[0] != '/')
		conf_wrong(w, c->server.from[SETTING_tls_client_ca],
		    "tls-client-ca: %s is no absolute path",
		    c->server.v.tls_client_ca);
	for (int i = -1; ctx != NULL && i < c->nlisteners + c->nchannels;
	    i++) {
		const struct section *s = i < 0 ? &c->server :
		    i < c->nlisteners ? &c->listeners[i] :
		    &c->channels[i - c->nlisteners];

		check_lists(s, ctx, w);
		check_wanted(c, s, w);
		check_clients(c, s, w);
		check_profile(s, w);
	}
	SSL_CTX_free(ctx);
}
