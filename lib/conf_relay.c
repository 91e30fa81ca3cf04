/*
 * conf_relay - what must be right in a channel whose program is smtp or lmtp.
 */
#include "config.h"

#include <string.h>
#include "lib/conf_check.h"
#include "lib/path.h"
#include "lib/relayhost.h"

static struct origin
at(const struct section *s, enum setting_id id)
{
	return s->from[id].file != NULL ? s->from[id] : s->where;
}

static void
check_host(const struct section *s, const char *text, bool lmtp,
    struct conf_wrong *w)
{
	struct origin o = at(s, SETTING_relay_hosts);
	char shown[SETTING_SHOWN];
	struct relayhost r;

	if (relayhost_parse(text, &r) == -1)
		conf_wrong(w, o, "relay-hosts: %s is none of mx:, mx:DOMAIN, "
		    "HOST, HOST:PORT, ADDRESS, [ADDRESS]:PORT and unix:PATH",
		    setting_show(text, shown));
	else if (lmtp && r.kind == RELAYHOST_MX)
		conf_wrong(w, o, "relay-hosts: LMTP is for fixed hosts (RFC "
		    "2033 2); name one, or unix:PATH, instead of %s",
		    setting_show(text, shown));
	else if (!lmtp && r.kind == RELAYHOST_UNIX)
		conf_wrong(w, o, "relay-hosts: %s is a socket of this "
		    "machine, which is for the program lmtp",
		    setting_show(text, shown));
}

static void
check_source(const struct section *s, struct conf_wrong *w)
{
	struct origin o = at(s, SETTING_relay_source);
	const struct strings *l = &s->v.relay_source;
	struct netaddr a[2] = { { .family = 0 }, { .family = 0 } };
	char shown[SETTING_SHOWN];
	size_t i;

	for (i = 0; i < l->n && i < ARRAY_LEN(a); i++) {
		if (net_parse(l->at[i], &a[i]) == -1)
			conf_wrong(w, o, "relay-source: %s is no address",
			    setting_show(l->at[i], shown));
	}
	if (a[1].family != 0 && a[0].family == a[1].family)
		conf_wrong(w, o, "relay-source: one of IPv4 and one of IPv6");
}

static void
check_tls(const struct section *s, bool lmtp, struct conf_wrong *w)
{
	const struct settings *v = &s->v;
	char shown[SETTING_SHOWN];

	if (lmtp && v->relay_tls >= RELAY_TLS_REQUIRED)
		conf_wrong(w, at(s, SETTING_relay_tls), "relay-tls: the "
		    "program lmtp has no TLS");
	if (lmtp && v->relay_login[0] != '\0')
		conf_wrong(w, at(s, SETTING_relay_login), "relay-login: the "
		    "program lmtp does not log in");
	if (v->relay_login[0] != '\0' && v->relay_login[0] != '/')
		conf_wrong(w, at(s, SETTING_relay_login), "relay-login: %s "
		    "is no absolute path", setting_show(v->relay_login,
		    shown));
	if (v->relay_tls_ca[0] != '\0' && v->relay_tls_ca[0] != '/')
		conf_wrong(w, at(s, SETTING_relay_tls_ca), "relay-tls-ca: %s "
		    "is no absolute path", setting_show(v->relay_tls_ca,
		    shown));
}

void
conf_check_relay(const struct section *s, struct conf_wrong *w)
{
	const struct settings *v = &s->v;
	bool lmtp = strcmp(v->program, "lmtp") == 0;
	char shown[SETTING_SHOWN];
	size_t i;

	if (!lmtp && strcmp(v->program, "smtp") != 0)
		return;
	for (i = 0; i < v->relay_hosts.n; i++)
		check_host(s, v->relay_hosts.at[i], lmtp, w);
	check_source(s, w);
	check_tls(s, lmtp, w);
	if (v->relay_helo[0] != '\0' &&
	    !path_is_domain(v->relay_helo, strlen(v->relay_helo)) &&
	    !path_is_literal(v->relay_helo, strlen(v->relay_helo)))
		conf_wrong(w, at(s, SETTING_relay_helo), "relay-helo: %s is "
		    "neither a domain nor an address in brackets",
		    setting_show(v->relay_helo, shown));
}
