/*
 * conf_check - what must be right between the settings of a configuration.
 *
 * All of it is looked at, and every mistake gets its line: nobody should have
 * to start a server five times to find five of them.  Nothing is opened or
 * looked up here but what stands in the configuration.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "lib/authmode.h"
#include "lib/conf_check.h"
#include "lib/mendmode.h"
#include "lib/net.h"
#include "lib/networks.h"
#include "lib/path.h"
#include "lib/reply.h"
#include "lib/tags.h"
#include "lib/penalty.h"
#include "lib/rate.h"
#include "lib/text.h"
#include "lib/trace.h"

#define CONF_SOCKETS (CONF_LISTENERS * 16)

void
conf_wrong(struct conf_wrong *w, struct origin at, const char *fmt, ...)
{
	char place[300], text[700];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	conf_origin_text(at, place, sizeof(place));
	w->n++;
	/* Past the buffer's end there are errors enough to begin with. */
	(void)!buf_addf(w->text, "%s: %s\n", place, text);
}

/* Where a setting was set, or else where its section is. */
static struct origin
at(const struct section *s, enum setting_id id)
{
	return s->from[id].file != NULL ? s->from[id] : s->where;
}

static const char *
nearest(const struct section *among, int n, const char *name)
{
	const char *titles[CONF_TABLES];

	for (int i = 0; i < n; i++)
		titles[i] = among[i].title;
	return text_nearest(name, titles, (size_t)n);
}

/* "no channel "lann" (did you mean lan?)" */
static void
wrong_name(struct conf_wrong *w, struct origin o, const char *where,
    const char *kind, const struct section *among, int n, const char *name)
{
	const char *near = nearest(among, n, name);
	char shown[SETTING_SHOWN];

	conf_wrong(w, o, "%s: there is no %s %s%s%s%s", where, kind,
	    setting_show(name, shown), near != NULL ? " (did you mean " : "",
	    near != NULL ? near : "", near != NULL ? "?)" : "");
}

/* Neither empty, nor with blanks, nor there before. */
static bool
name_good(const struct strings *l, size_t i, const char *where,
    struct origin o, struct conf_wrong *w)
{
	const char *name = l->at[i];
	char shown[SETTING_SHOWN];

	if (name[0] == '\0') {
		conf_wrong(w, o, "%s: an empty name", where);
		return false;
	}
	if (strpbrk(name, " \t") != NULL) {
		conf_wrong(w, o, "%s: a blank in the name %s", where,
		    setting_show(name, shown));
		return false;
	}
	for (size_t j = 0; j < i; j++) {
		if (strcmp(l->at[j], name) == 0) {
			conf_wrong(w, o, "%s: %s is there twice", where,
			    setting_show(name, shown));
			return false;
		}
	}
	return true;
}

/* Every name of the list is there once, and a channel. */
static void
check_channels(const struct conf *c, const struct strings *names,
    const char *where, struct origin o, struct conf_wrong *w)
{
	for (size_t i = 0; i < names->n; i++) {
		if (name_good(names, i, where, o, w) &&
		    conf_channel(c, names->at[i]) < 0)
			wrong_name(w, o, where, "channel", c->channels,
			    c->nchannels, names->at[i]);
	}
}

/* A number, or a name without odd characters. */
static bool
user_good(const char *s)
{
	int64_t n;

	if (s[0] >= '0' && s[0] <= '9')
		return text_number(s, 0, INT32_MAX, &n) == 0;
	return s[0] != '\0' && s[0] != '-' &&
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyz"
			"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0';
}

static void
check_user(const struct section *s, enum setting_id id, const char *user,
    struct conf_wrong *w)
{
	char shown[SETTING_SHOWN];

	if (!user_good(user))
		conf_wrong(w, at(s, id), "%s: %s cannot be a user's name or "
		    "number", setting_name(id), setting_show(user, shown));
}

static void
check_directory(const struct section *s, enum setting_id id, const char *dir,
    struct conf_wrong *w)
{
	char shown[SETTING_SHOWN];

	if (dir[0] != '/')
		conf_wrong(w, at(s, id), "%s must be an absolute path, not %s",
		    setting_name(id), setting_show(dir, shown));
}

/* "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]:53" */
static bool
server_good(const char *text)
{
	char copy[80];
	char *host = copy, *port = NULL, *end;
	struct netaddr a;
	int64_t n;

	if (net_parse(text, &a) == 0)
		return true;
	if (text_copy(copy, sizeof(copy), text) != 0)
		return false;
	if (copy[0] == '[') {
		end = strchr(copy, ']');
		if (end == NULL || end[1] != ':')
			return false;
		host = copy + 1;
		*end = '\0';
		port = end + 2;
	} else {
		end = strchr(copy, ':');
		if (end == NULL)
			return false;
		*end = '\0';
		port = end + 1;
	}
	return net_parse(host, &a) == 0 &&
	    a.family == (host == copy ? 4 : 6) &&
	    text_number(port, 1, 65535, &n) == 0;
}

/* Rules that can be read, and none that says the same of the same twice. */
static void
check_rates(const struct section *s, struct conf_wrong *w)
{
	const struct strings *l = &s->v.rates;
	struct rate r[RATES_MOST];
	char why[300];

	if (s->from[SETTING_rates].file == NULL)
		return;
	for (size_t i = 0; i < l->n; i++) {
		if (rate_parse(l->at[i], &r[i], why, sizeof(why)) != 0) {
			conf_wrong(w, at(s, SETTING_rates), "rates: %s", why);
			r[i].period_ms = 0;
			continue;
		}
		for (size_t j = 0; j < i; j++)
			if (r[j].what == r[i].what && r[j].by == r[i].by &&
			    r[j].period_ms == r[i].period_ms)
				conf_wrong(w, at(s, SETTING_rates), "rates: "
				    "two rules of %s per %s for the same time",
				    rate_what_text(r[i].what),
				    rate_by_text(r[i].by));
	}
}

static void
check_penalties(const struct section *s, struct conf_wrong *w)
{
	const struct strings *l = &s->v.penalty_points;
	bool seen[PENALTIES] = { false };
	enum penalty what;
	int32_t points;
	char why[300];

	for (size_t i = 0; i < l->n; i++) {
		if (penalty_parse(l->at[i], &what, &points, why,
		    sizeof(why)) != 0)
			conf_wrong(w, at(s, SETTING_penalty_points),
			    "penalty-points: %s", why);
		else if (seen[what])
			conf_wrong(w, at(s, SETTING_penalty_points),
			    "penalty-points: \"%s\" is the second of its "
			    "word", l->at[i]);
		else
			seen[what] = true;
	}
}

static void
check_networks(const struct section *s, enum setting_id id,
    struct conf_wrong *w)
{
	const struct strings l = setting_strings(&s->v, id);
	char shown[SETTING_SHOWN];
	struct netaddr a;
	int bits;

	for (size_t i = 0; s->from[id].file != NULL && i < l.n; i++)
		if (networks_parse(l.at[i], &a, &bits) != 0)
			conf_wrong(w, at(s, id),
			    "%s: %s is not an address or prefix",
			    setting_name(id), setting_show(l.at[i], shown));
}

static void
check_told(const struct section *s, struct conf_wrong *w)
{
	check_networks(s, SETTING_proxies, w);
	check_networks(s, SETTING_xclient, w);
	check_networks(s, SETTING_xforward, w);
}

static void
check_reserved(const struct section *s, struct conf_wrong *w)
{
	const struct settings *v = &s->v;

	check_networks(s, SETTING_reserved_peers, w);
	if (v->reserved_connections > 0 && v->reserved_peers.n == 0)
		conf_wrong(w, at(s, SETTING_reserved_connections),
		    "reserved-connections: there are no reserved-peers");
	if (v->reserved_connections >= v->max_connections)
		conf_wrong(w, at(s, SETTING_reserved_connections),
		    "reserved-connections: nothing of max-connections is left "
		    "for others");
}

/* A name of a daemon in hosts.allow, not a pattern or two of them. */
static void
check_libwrap(const struct section *s, const struct settings *v,
    struct conf_wrong *w)
{
	char shown[SETTING_SHOWN];

	if (s->from[SETTING_libwrap_daemon].file != NULL &&
	    v->libwrap_daemon[strspn(v->libwrap_daemon,
	    "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] != '\0')
		conf_wrong(w, at(s, SETTING_libwrap_daemon), "libwrap-daemon: "
		    "%s is not made of letters, digits, - and _",
		    setting_show(v->libwrap_daemon, shown));
#ifndef HAVE_LIBWRAP
	if (s->from[SETTING_libwrap].file != NULL && v->libwrap == LIBWRAP_ON)
		conf_wrong(w, at(s, SETTING_libwrap), "libwrap: this Inlet was "
		    "built without libwrap");
#endif
}

/*
 * The shortest that it can become: a client's name or a session's may have
 * one character.
 */
static void
check_greeting(const struct section *s, const struct settings *v,
    struct conf_wrong *w)
{
	struct tag_values x = { .of = {
		[TAG_HOST] = v->hostname, [TAG_CHANNEL] = "x",
		[TAG_TIME] = "Fri, 20 Nov 2026 20:50:00 +0000",
		[TAG_VERSION] = PACKAGE_VERSION, [TAG_ADDRESS] = "::",
		[TAG_LISTENER] = "x", [TAG_NAME] = "x", [TAG_PORT] = "1",
		[TAG_SESSION] = "x" } };
	const struct strings *l = &v->greeting;
	struct origin o = s->from[SETTING_greeting];
	char none[1], shown[SETTING_SHOWN];

	for (size_t i = 0; i < l->n && o.file != NULL; i++) {
		const char *bad = tags_wrong(l->at[i]);
		size_t len = tags_expand(l->at[i], &x, none, sizeof(none));

		if (bad != NULL)
			conf_wrong(w, o, "greeting: %.2s in %s is no tag; "
			    "tags are %s", bad,
			    setting_show(l->at[i], shown), tags_known);
		if (i == 0 && strncmp(l->at[i], "%H", 2) != 0)
			len += strlen(v->hostname) + 1;
		if (len >= SMTP_LINE_TEXT)
			conf_wrong(w, o, "greeting: a line of at least %zu "
			    "characters, more than %d: %s", len,
			    SMTP_LINE_TEXT - 1, setting_show(l->at[i], shown));
	}
}

static void
check_help(const struct section *s, struct conf_wrong *w)
{
	struct origin o = s->from[SETTING_help];
	char shown[SETTING_SHOWN];

	for (size_t i = 0; i < s->v.help.n && o.file != NULL; i++)
		if (strlen(s->v.help.at[i]) >= REPLY_TEXT)
			conf_wrong(w, o, "help: a line of %zu characters, "
			    "more than %d: %s", strlen(s->v.help.at[i]),
			    REPLY_TEXT - 1,
			    setting_show(s->v.help.at[i], shown));
}

static void
check_received(const struct section *s, struct conf_wrong *w)
{
	const struct strings *l = &s->v.received;
	struct origin o = s->from[SETTING_received];
	char shown[SETTING_SHOWN];

	for (size_t i = 0; i < l->n && o.file != NULL; i++) {
		const char *near = trace_nearest(l->at[i]);

		if (!name_good(l, i, "received", o, w) ||
		    trace_bit(l->at[i]) != 0)
			continue;
		conf_wrong(w, o, "received: there is nothing called %s%s%s%s",
		    setting_show(l->at[i], shown),
		    near != NULL ? " (did you mean " : "",
		    near != NULL ? near : "", near != NULL ? "?)" : "");
	}
}

static void
check_mend(const struct section *s, struct conf_wrong *w)
{
	const struct strings *l = &s->v.mend_header;
	struct origin o = s->from[SETTING_mend_header];
	char shown[SETTING_SHOWN];

	for (size_t i = 0; i < l->n && o.file != NULL; i++) {
		const char *near = mendmode_nearest(l->at[i]);

		if (!name_good(l, i, "mend-header", o, w) ||
		    mendmode_bit(l->at[i]) != 0)
			continue;
		conf_wrong(w, o, "mend-header: there is nothing called "
		    "%s%s%s%s", setting_show(l->at[i], shown),
		    near != NULL ? " (did you mean " : "",
		    near != NULL ? near : "", near != NULL ? "?)" : "");
	}
}

void
conf_check_seen(const struct section *s, const struct settings *v,
    struct conf_wrong *w)
{
	char shown[SETTING_SHOWN];

	/* The server's, if empty, was complained about when completed. */
	if ((s->scope == SERVER ? v->hostname[0] != '\0' :
	    s->from[SETTING_hostname].file != NULL) &&
	    !path_is_domain(v->hostname, strlen(v->hostname)))
		conf_wrong(w, at(s, SETTING_hostname),
		    "hostname: %s is not a domain name",
		    setting_show(v->hostname, shown));
	if (s->from[SETTING_default_domain].file != NULL &&
	    v->default_domain[0] != '\0' && !path_is_domain(
	    v->default_domain, strlen(v->default_domain)))
		conf_wrong(w, at(s, SETTING_default_domain),
		    "default-domain: %s is not a domain name",
		    setting_show(v->default_domain, shown));
	check_greeting(s, v, w);
	check_help(s, w);
	check_received(s, w);
	check_mend(s, w);
	conf_check_mechanisms(s, w);
}

static void
check_log(const struct section *s, struct conf_wrong *w)
{
	const char *log = s->v.log;
	char shown[SETTING_SHOWN];

	if (strcmp(log, "syslog") != 0 && strcmp(log, "stderr") != 0 &&
	    log[0] != '/')
		conf_wrong(w, at(s, SETTING_log), "log must be syslog, stderr "
		    "or an absolute file name, not %s",
		    setting_show(log, shown));
}

static void
check_mode(const struct section *s, enum setting_id id, int64_t mode,
    struct conf_wrong *w)
{
	for (int64_t n = mode; n > 0; n /= 10) {
		if (n % 10 > 7) {
			conf_wrong(w, at(s, id), "%s: %d is not made of the "
			    "octal digits 0 to 7", setting_name(id),
			    (int)mode);
			return;
		}
	}
}

static void
check_server(const struct conf *c, struct conf_wrong *w)
{
	const struct section *s = &c->server;
	const struct settings *v = &s->v;
	char shown[SETTING_SHOWN];

	check_directory(s, SETTING_spool_directory, v->spool_directory, w);
	check_directory(s, SETTING_run_directory, v->run_directory, w);
	if (v->table_directory[0] != '\0')
		check_directory(s, SETTING_table_directory,
		    v->table_directory, w);
	if (v->program_directory[0] != '\0')
		check_directory(s, SETTING_program_directory,
		    v->program_directory, w);
	check_user(s, SETTING_submit_user, v->submit_user, w);
	check_user(s, SETTING_session_user, v->session_user, w);
	check_user(s, SETTING_lookup_user, v->lookup_user, w);
	check_user(s, SETTING_logger_user, v->logger_user, w);
	check_user(s, SETTING_key_user, v->key_user, w);
	check_user(s, SETTING_auth_user, v->auth_user, w);
	for (size_t i = 0; i < v->trusted_users.n; i++) {
		if (name_good(&v->trusted_users, i, "trusted-users",
		    at(s, SETTING_trusted_users), w))
			check_user(s, SETTING_trusted_users,
			    v->trusted_users.at[i], w);
	}
	check_directory(s, SETTING_hosts_allow, v->hosts_allow, w);
	check_directory(s, SETTING_hosts_deny, v->hosts_deny, w);
	check_libwrap(s, v, w);
	check_rates(s, w);
	conf_check_gate(s, w);
	check_penalties(s, w);
	check_reserved(s, w);
	check_told(s, w);
	check_log(s, w);
	check_mode(s, SETTING_submit_socket_mode, s->v.submit_socket_mode, w);
	for (size_t i = 0; i < v->dns_servers.n; i++) {
		if (!server_good(v->dns_servers.at[i]))
			conf_wrong(w, at(s, SETTING_dns_servers),
			    "dns-servers: %s is not an address or "
			    "address:port",
			    setting_show(v->dns_servers.at[i], shown));
	}
	for (size_t i = 0; i < v->local_names.n; i++) {
		const char *name = v->local_names.at[i];
		struct netaddr a;

		if (net_parse(name, &a) != 0 &&
		    !path_is_domain(name, strlen(name)))
			conf_wrong(w, at(s, SETTING_local_names),
			    "local-names: %s is neither a name nor an "
			    "address", setting_show(name, shown));
	}
	if (v->local_channel[0] != '\0' &&
	    conf_channel(c, v->local_channel) < 0)
		wrong_name(w, at(s, SETTING_local_channel), "local-channel",
		    "channel", c->channels, c->nchannels, v->local_channel);
}

/* A socket that somebody wants. */
struct wanted {
	struct netaddr a;
	const struct section *by;
};

static bool
wildcard(const struct netaddr *a)
{
	static const uint8_t none[sizeof(a->ip)];

	return memcmp(a->ip, none, sizeof(none)) == 0;
}

/* The kernel would refuse the second of them. */
static bool
clash(const struct netaddr *a, const struct netaddr *b)
{
	return a->family == b->family && a->port == b->port &&
	    (net_same_host(a, b) || wildcard(a) || wildcard(b));
}

/* A listener that is for proxies knows some. */
static void
check_proxied(const struct conf *c, const struct section *s,
    struct conf_wrong *w)
{
	bool own = s->from[SETTING_proxy_protocol].file != NULL;
	const struct section *by = own ? s : &c->server;
	const struct section *names = s->from[SETTING_proxies].file != NULL ?
	    s : &c->server;

	if (by->v.proxy_protocol && names->v.proxies.n == 0)
		conf_wrong(w, at(by, SETTING_proxy_protocol),
		    "proxy-protocol: listen \"%s\" has no proxies, so that "
		    "nobody could connect", s->title);
}

/* A unix socket of its own, at a place of its own. */
static void
check_socket(const struct conf *c, const struct section *s,
    struct conf_wrong *w)
{
	struct origin o = at(s, SETTING_socket);
	char shown[SETTING_SHOWN];

	check_mode(s, SETTING_socket_mode, s->v.socket_mode, w);
	if (s->v.socket[0] == '\0')
		return;
	if (s->v.socket[0] != '/')
		conf_wrong(w, o, "socket: %s is no absolute file name",
		    setting_show(s->v.socket, shown));
	for (const struct section *x = c->listeners; x < s; x++) {
		if (strcmp(x->v.socket, s->v.socket) == 0)
			conf_wrong(w, o, "socket: %s is that of listen \"%s\", "
			    "too", setting_show(s->v.socket, shown), x->title);
	}
}

static void
check_listener(const struct conf *c, const struct section *s,
    struct wanted *sockets, int *n_io, struct conf_wrong *w)
{
	struct origin o = at(s, SETTING_address);
	char shown[SETTING_SHOWN], other[300];

	check_channels(c, &s->v.channels, "channels",
	    at(s, SETTING_channels), w);
	check_libwrap(s, &s->v, w);
	check_rates(s, w);
	conf_check_gate(s, w);
	check_told(s, w);
	check_proxied(c, s, w);
	check_socket(c, s, w);
	if (!conf_listens(s))
		return;
	if (s->v.protocol == PROTOCOL_LMTP && s->v.port == 25)
		conf_wrong(w, at(s, SETTING_protocol), "listen \"%s\": "
		    "protocol = \"lmtp\" may not be on port 25 (RFC 2033 5)",
		    s->title);
	for (size_t i = 0; i < s->v.address.n; i++) {
		struct wanted *x = &sockets[*n_io];
		int j;

		if (net_parse(s->v.address.at[i], &x->a) != 0) {
			conf_wrong(w, o, "address: %s is not an IPv4 or IPv6 "
			    "address",
			    setting_show(s->v.address.at[i], shown));
			continue;
		}
		x->a.port = (uint16_t)s->v.port;
		x->by = s;
		for (j = 0; j < *n_io; j++) {
			if (clash(&sockets[j].a, &x->a))
				break;
		}
		if (j == *n_io) {
			(*n_io)++;
			continue;
		}
		conf_wrong(w, o, "listen \"%s\": port %d of %s is taken "
		    "already, by listen \"%s\" at %s", s->title,
		    (int)s->v.port, s->v.address.at[i], sockets[j].by->title,
		    conf_origin_text(sockets[j].by->where, other,
			sizeof(other)));
	}
}

/*
 * What a table is asked for: addresses and names; the same, but for values;
 * names; other texts.
 */
enum keys { HOSTS, ROWS, NAMES, TEXTS };

/* A setting that names a table. */
static void
check_table_name(const struct conf *c, const struct section *s,
    enum setting_id id, const char *name, enum keys keys,
    struct conf_wrong *w)
{
	int i;

	if (name[0] == '\0')
		return;
	i = conf_table(c, name);
	if (i < 0)
		wrong_name(w, at(s, id), setting_name(id), "table", c->tables,
		    c->ntables, name);
	else if ((keys == NAMES || keys == TEXTS) &&
	    c->tables[i].v.type == TABLE_CIDR)
		conf_wrong(w, at(s, id), "%s: table \"%s\" is of type cidr, "
		    "which holds addresses only", setting_name(id), name);
	else if ((keys == ROWS || keys == TEXTS) &&
	    c->tables[i].v.type == TABLE_NAMESERVER)
		conf_wrong(w, at(s, id), "%s: table \"%s\" is of type "
		    "nameserver, which holds hosts and domains only%s",
		    setting_name(id), name,
		    keys == ROWS ? ", without values" : "");
}

static void
check_suffix(const struct section *s, struct conf_wrong *w)
{
	struct mailbox m = { .local = "user", .domain = "example.org" };
	char shown[SETTING_SHOWN];

	if (path_append(&m, s->v.relay_suffix) != 0)
		conf_wrong(w, at(s, SETTING_relay_suffix), "relay-suffix: no "
		    "address has, behind user@example.org, %s",
		    setting_show(s->v.relay_suffix, shown));
}

/* Two settings, or words of authorise, of which only one can be meant. */
static const struct {
	int one, other;
	const char *names;
} contraries[] = {
	{ AUTH_FREE, AUTH_IN_BLOCK, "free and in-block" },
	{ AUTH_FREE, AUTH_OUT_BLOCK, "free and out-block" },
};

static void
check_contraries(const struct section *s, int bits, struct conf_wrong *w)
{
	const struct origin o = at(s, SETTING_authorise);

	for (size_t i = 0; i < ARRAY_LEN(contraries); i++)
		if ((bits & contraries[i].one) != 0 &&
		    (bits & contraries[i].other) != 0)
			conf_wrong(w, o, "authorise: %s contradict each other",
			    contraries[i].names);
	if ((bits & AUTH_IN_BLOCK) != 0 && s->v.relay)
		conf_wrong(w, o, "authorise: in-block contradicts relay = yes");
	if ((bits & AUTH_FREE) != 0 && s->v.accept_from.n > 0)
		conf_wrong(w, o, "authorise: free contradicts accept-from");
	if ((bits & AUTH_HOST_AND_USER) == 0)
		return;
	if ((bits & (AUTH_IN | AUTH_OUT)) == 0)
		conf_wrong(w, o, "authorise: host-and-user means nothing "
		    "without one of in-log, in-warn, in-block, out-log, "
		    "out-warn, out-block");
	if (s->v.authorise_table[0] == '\0')
		conf_wrong(w, o, "authorise: host-and-user needs an "
		    "authorise-table: without one nobody is an "
		    "authorised user");
}

static void
check_auth(const struct section *s, struct conf_wrong *w)
{
	const struct strings *words = &s->v.authorise;
	const struct origin o = at(s, SETTING_authorise);
	char shown[SETTING_SHOWN];

	for (size_t i = 0; i < words->n; i++) {
		const char *near = authmode_nearest(words->at[i]);

		if (!name_good(words, i, "authorise", o, w) ||
		    authmode_bit(words->at[i]) != 0)
			continue;
		conf_wrong(w, o, "authorise: there is no mode %s%s%s%s",
		    setting_show(words->at[i], shown),
		    near != NULL ? " (did you mean " : "",
		    near != NULL ? near : "", near != NULL ? "?)" : "");
	}
	check_contraries(s, authmode_bits(words), w);
}

static void
check_channel(const struct conf *c, const struct section *s,
    struct conf_wrong *w)
{
	const struct settings *v = &s->v;
	const char *x = v->extension;
	char shown[SETTING_SHOWN];

	check_table_name(c, s, SETTING_table, v->table, HOSTS, w);
	check_libwrap(s, v, w);
	check_rates(s, w);
	conf_check_gate(s, w);
	check_table_name(c, s, SETTING_mailboxes, v->mailboxes, TEXTS, w);
	check_table_name(c, s, SETTING_aliases, v->aliases, TEXTS, w);
	check_table_name(c, s, SETTING_insrc, v->insrc, HOSTS, w);
	check_table_name(c, s, SETTING_indest, v->indest, NAMES, w);
	check_table_name(c, s, SETTING_outsrc, v->outsrc, NAMES, w);
	check_table_name(c, s, SETTING_outdest, v->outdest, HOSTS, w);
	check_table_name(c, s, SETTING_authorise_table, v->authorise_table,
	    TEXTS, w);
	check_table_name(c, s, SETTING_etrn, v->etrn, TEXTS, w);
	check_suffix(s, w);
	check_auth(s, w);
	conf_check_pipe(s, w);
	conf_check_relay(s, w);
	check_channels(c, &v->accept_from, "accept-from",
	    at(s, SETTING_accept_from), w);
	if (v->program[strspn(v->program, "abcdefghijklmnopqrstuvwxyz"
					  "0123456789_-")] != '\0')
		conf_wrong(w, at(s, SETTING_program), "program: %s cannot be "
		    "a channel program; it must be a name of a-z, 0-9, - and "
		    "_, such as local", setting_show(v->program, shown));
	if (x[0] != '\0' && strchr("+-=_.#~!%&*/^|", x[0]) == NULL)
		conf_wrong(w, at(s, SETTING_extension), "extension: %s cannot "
		    "separate a user from an extension",
		    setting_show(x, shown));
}

static void
check_table(const struct section *s, struct conf_wrong *w)
{
	const struct settings *v = &s->v;
	bool list = v->type == TABLE_LIST;

	if (list && v->file[0] != '\0')
		conf_wrong(w, at(s, SETTING_file), "table \"%s\" is of type "
		    "list: it has rows, and no file", s->title);
	if (list && v->rows.n == 0)
		conf_wrong(w, s->where, "table \"%s\" is of type list and has "
		    "no rows", s->title);
	if (v->type == TABLE_NAMESERVER) {
		if (v->file[0] != '\0')
			conf_wrong(w, at(s, SETTING_file), "table \"%s\" is "
			    "of type nameserver and has no file", s->title);
	} else if (!list && v->file[0] == '\0')
		conf_wrong(w, s->where, "table \"%s\" has no file", s->title);
	else if (!list && v->file[0] != '/')
		conf_wrong(w, at(s, SETTING_file), "table \"%s\": the file %s "
		    "is relative, and there is no table-directory", s->title,
		    v->file);
	if (!list && v->rows.n > 0)
		conf_wrong(w, at(s, SETTING_rows), "table \"%s\": only a table "
		    "of type list has rows", s->title);
}

/* Tables that are named by the server, a listener, or a channel. */
static void
check_lists(const struct conf *c, const struct section *s,
    struct conf_wrong *w)
{
	const struct settings *v = &s->v;

	check_table_name(c, s, SETTING_helo_refuse, v->helo_refuse, TEXTS, w);
	check_table_name(c, s, SETTING_sender_refuse, v->sender_refuse, TEXTS,
	    w);
	check_table_name(c, s, SETTING_recipient_refuse, v->recipient_refuse,
	    TEXTS, w);
	check_table_name(c, s, SETTING_sender_logins, v->sender_logins, TEXTS,
	    w);
	check_table_name(c, s, SETTING_tls_clients, v->tls_clients, TEXTS, w);
	check_table_name(c, s, SETTING_auth_certificates,
	    v->auth_certificates, TEXTS, w);
}

/*
 * What a section that may be overridden says: once for the server, and for
 * each channel that says it otherwise.
 */
static void
check_shared(const struct conf *c, const struct section *s, int channel,
    struct conf_wrong *w)
{
	bool first = s->from[SETTING_retry_first].file != NULL,
	     most = s->from[SETTING_retry_most].file != NULL;
	struct settings v;

	conf_effective(c, -1, channel, &v);
	if (channel < 0 || s->from[SETTING_mail_directory].file != NULL)
		check_directory(s, SETTING_mail_directory, v.mail_directory,
		    w);
	check_lists(c, s, w);
	if (v.retry_first > v.retry_most && (first || most))
		conf_wrong(w, at(s, first ? SETTING_retry_first
					  : SETTING_retry_most),
		    "retry-first is longer than retry-most");
}

static void
check_hosts(const struct conf *c, const struct section *s,
    struct conf_wrong *w)
{
	check_table_name(c, s, SETTING_host_settings, s->v.host_settings,
	    ROWS, w);
}

void
conf_check(const struct conf *c, struct conf_wrong *w)
{
	struct wanted sockets[CONF_SOCKETS];
	struct settings v;
	int n = 0;

	conf_check_seen(&c->server, &c->server.v, w);
	check_server(c, w);
	check_hosts(c, &c->server, w);
	conf_check_backends(&c->server, w);
	check_shared(c, &c->server, -1, w);
	for (int i = 0; i < c->nlisteners; i++) {
		conf_effective(c, i, -1, &v);
		conf_check_seen(&c->listeners[i], &v, w);
		check_listener(c, &c->listeners[i], sockets, &n, w);
		check_lists(c, &c->listeners[i], w);
		check_hosts(c, &c->listeners[i], w);
	}
	for (int i = 0; i < c->nchannels; i++) {
		conf_effective(c, -1, i, &v);
		conf_check_seen(&c->channels[i], &v, w);
		check_channel(c, &c->channels[i], w);
		check_hosts(c, &c->channels[i], w);
		check_shared(c, &c->channels[i], i, w);
	}
	for (int i = 0; i < c->ntables; i++)
		check_table(&c->tables[i], w);
	conf_check_auth(c, w);
}
