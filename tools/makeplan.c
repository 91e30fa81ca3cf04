/*
 * makeplan - from a complete configuration to smtpd's plan.
 *
 * Names become numbers here, because smtpd, which is root, looks up nothing.
 */
#include "config.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>
#include "lib/networks.h"
#include "lib/text.h"
#include "tools/makeplan.h"

/* Index in enum plan_user. */
static const enum setting_id user_settings[PLAN_USERS] = {
	[PLAN_SUBMIT] = SETTING_submit_user,
	[PLAN_SESSION] = SETTING_session_user,
	[PLAN_LOOKUP] = SETTING_lookup_user,
	[PLAN_LOGGER] = SETTING_logger_user,
	[PLAN_KEYS] = SETTING_key_user,
	[PLAN_AUTH] = SETTING_auth_user,
};

/* A user by name, or by number whether it has a name or not. */
static int
resolve_user(const char *user, struct proc_user *u_r)
{
	struct passwd *pw;
	int64_t n;

	if (user[0] >= '0' && user[0] <= '9') {
		if (text_number(user, 0, INT32_MAX, &n) != 0)
			return -1;
		pw = getpwuid((uid_t)n);
		u_r->uid = (uid_t)n;
		u_r->gid = pw != NULL ? pw->pw_gid : (gid_t)n;
		return 0;
	}
	pw = getpwnam(user);
	if (pw == NULL)
		return -1;
	u_r->uid = pw->pw_uid;
	u_r->gid = pw->pw_gid;
	return 0;
}

static int
plan_users(const struct section *s, bool auth, struct proc_user *users,
    struct conf_wrong *w)
{
	int bad = 0;

	for (int i = 0; i < PLAN_USERS; i++) {
		enum setting_id id = user_settings[i];
		struct origin o = s->from[id];
		const char *user = setting_strings(&s->v, id).at[0];

		users[i] = (struct proc_user){ (uid_t)-1, (gid_t)-1 };
		if (i == PLAN_AUTH && !auth)
			continue;
		if (resolve_user(user, &users[i]) != 0) {
			conf_wrong(w, o, "%s: there is no user \"%s\"; make it "
			    "with: useradd --system --no-create-home "
			    "--shell /usr/sbin/nologin %s",
			    setting_name(id), user, user);
			bad = -1;
		} else if (users[i].uid == 0 && i != PLAN_AUTH) {
			conf_wrong(w, o, "%s must not be root",
			    setting_name(id));
			bad = -1;
		}
	}
	if (bad == 0 && users[PLAN_SESSION].uid == users[PLAN_SUBMIT].uid) {
		conf_wrong(w, s->from[SETTING_session_user], "session-user "
		    "must be another user than submit-user");
		bad = -1;
	}
	return bad;
}

/* The same for a group; none: as it is. */
static int
resolve_group(const char *group, gid_t *gid_io)
{
	const struct group *gr;
	int64_t n;

	if (group[0] == '\0')
		return 0;
	if (group[0] >= '0' && group[0] <= '9') {
		if (text_number(group, 0, INT32_MAX, &n) != 0)
			return -1;
		*gid_io = (gid_t)n;
		return 0;
	}
	gr = getgrnam(group);
	if (gr == NULL)
		return -1;
	*gid_io = gr->gr_gid;
	return 0;
}

/* Whoever else has the rights of one of our processes could attack it. */
static bool
is_ours(const struct plan *p, uid_t uid)
{
	for (int i = 0; i < PLAN_USERS; i++)
		if (i != PLAN_SUBMIT && p->users[i].uid == uid)
			return true;
	return false;
}

static int
plan_spawn(const struct section *ch, struct plan *p, struct conf_wrong *w)
{
	struct plan_spawn *to = &p->spawns[p->nspawns];
	struct origin o = ch->from[SETTING_pipe_user];
	const char *user = ch->v.pipe_user, *group = ch->v.pipe_group;

	if (user[0] == '\0')
		return 0;
	if (resolve_user(user, &to->user) != 0)
		conf_wrong(w, o, "pipe-user: there is no user \"%s\"", user);
	else if (resolve_group(group, &to->user.gid) != 0)
		conf_wrong(w, ch->from[SETTING_pipe_group],
		    "pipe-group: there is no group \"%s\"", group);
	else if (to->user.uid == 0 || to->user.gid == 0)
		conf_wrong(w, o, "pipe-user must not be root, nor of its "
		    "group");
	else if (is_ours(p, to->user.uid))
		conf_wrong(w, o, "pipe-user must be none of this server's own "
		    "users");
	else if (text_copy(to->channel, sizeof to->channel, ch->title) == 0) {
		p->nspawns++;
		return 0;
	}
	return -1;
}

static int
plan_spawns(const struct conf *c, struct plan *p, struct conf_wrong *w)
{
	int bad = 0;

	for (int i = 0; i < c->nchannels; i++)
		if (plan_spawn(&c->channels[i], p, w) != 0)
			bad = -1;
	return bad;
}

static int
trusted_users(const struct section *s, struct conf_wrong *w)
{
	const struct strings *l = &s->v.trusted_users;
	struct proc_user u;
	int bad = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (resolve_user(l->at[i], &u) != 0) {
			conf_wrong(w, s->from[SETTING_trusted_users],
			    "trusted-users: there is no user \"%s\"",
			    l->at[i]);
			bad = -1;
		}
	}
	return bad;
}

/* Where a machine has no IPv6, both wildcards are still what was meant. */
static bool
optional(const struct strings *addresses, const char *address)
{
	if (strcmp(address, "::") != 0)
		return false;
	for (size_t i = 0; i < addresses->n; i++) {
		if (strcmp(addresses->at[i], "0.0.0.0") == 0)
			return true;
	}
	return false;
}

/* Octal digits, written in decimal. */
static int32_t
mode_bits(int64_t digits)
{
	return (int32_t)(digits / 100 * 64 + digits / 10 % 10 * 8 +
	    digits % 10);
}

static struct plan_socket *
next_socket(const struct section *l, int listener, struct plan *p,
    struct conf_wrong *w)
{
	struct plan_socket *s = &p->sockets[p->nsockets];

	if (p->nsockets == PLAN_SOCKETS) {
		conf_wrong(w, l->where, "more than %d addresses and sockets "
		    "to listen at", PLAN_SOCKETS);
		return NULL;
	}
	if (text_copy(s->name, sizeof(s->name), l->title) != 0)
		return NULL;
	s->listener = listener;
	p->nsockets++;
	return s;
}

static int
plan_sockets(const struct conf *c, int listener, struct plan *p,
    struct conf_wrong *w)
{
	const struct section *l = &c->listeners[listener];
	size_t n = conf_listens(l) ? l->v.address.n : 0;
	struct plan_socket *s;

	for (size_t i = 0; i < n; i++) {
		if ((s = next_socket(l, listener, p, w)) == NULL ||
		    net_parse(l->v.address.at[i], &s->at) != 0)
			return -1;
		s->at.port = (uint16_t)l->v.port;
		s->tls = l->v.tls_implicit;
		s->optional = optional(&l->v.address, l->v.address.at[i]);
	}
	if (l->v.socket[0] == '\0')
		return 0;
	if ((s = next_socket(l, listener, p, w)) == NULL ||
	    text_copy(s->path, sizeof(s->path), l->v.socket) != 0)
		return -1;
	s->mode = mode_bits(l->v.socket_mode);
	return 0;
}

/* What of a list is good for smtpd; conf_check() saw that all are. */
static int
plan_networks(const struct strings *l, struct plan *p, int32_t *used_io,
    struct conf_wrong *w, struct origin o)
{
	for (size_t i = 0; i < l->n; i++) {
		struct plan_prefix *x = &p->proxies[*used_io];

		if (*used_io == PLAN_PROXIES) {
			conf_wrong(w, o, "more than %d networks in "
			    "proxies and xclient of all listeners",
			    PLAN_PROXIES);
			return -1;
		}
		if (networks_parse(l->at[i], &x->at, &x->bits) != 0)
			return -1;
		(*used_io)++;
	}
	return 0;
}

/* Who may say at that listener whose connection it is. */
static int
plan_proxies(const struct conf *c, int listener, struct plan *p,
    int32_t *used_io, struct conf_wrong *w)
{
	struct plan_section *to = &p->sections[PLAN_LISTENER(listener)];
	struct origin o = c->listeners[listener].where;
	struct settings v;

	conf_effective(c, listener, -1, &v);
	to->proxy = *used_io;
	if ((v.proxy_protocol &&
	    plan_networks(&v.proxies, p, used_io, w, o) != 0) ||
	    plan_networks(&v.xclient, p, used_io, w, o) != 0)
		return -1;
	to->proxies = *used_io - to->proxy;
	return 0;
}

/* What a section says itself; what it leaves open others say. */
static int32_t
own(const struct section *s, enum setting_id id, int64_t value)
{
	return s->scope == SERVER || s->from[id].file != NULL ?
	    (int32_t)value : 0;
}

/* The rules that smtpd counts by; messages and recipients are submit's. */
static int
plan_rules(const struct section *s, struct plan *p, int32_t *used_io,
    struct plan_section *to, struct conf_wrong *w)
{
	char why[300];
	struct rate r;

	to->rule = *used_io;
	to->rules_set = s->from[SETTING_rates].file != NULL;
	for (size_t i = 0; to->rules_set && i < s->v.rates.n; i++) {
		if (rate_parse(s->v.rates.at[i], &r, why, sizeof(why)) != 0)
			return -1;
		if (r.what == RATE_MESSAGES || r.what == RATE_RECIPIENTS)
			continue;
		if (*used_io == PLAN_RULES) {
			conf_wrong(w, s->from[SETTING_rates], "more than %d "
			    "rules in rates of all sections", PLAN_RULES);
			return -1;
		}
		p->rules[*used_io].rate = r;
		rate_text(&r, p->rules[(*used_io)++].text);
		to->rules++;
	}
	return 0;
}

static int
plan_section(const struct section *s, struct plan *p, int32_t *used_io,
    struct plan_section *to, struct conf_wrong *w)
{
	const struct settings *v = &s->v;

	to->most = own(s, SETTING_max_connections, v->max_connections);
	to->per_address = own(s, SETTING_max_connections_per_address,
	    v->max_connections_per_address);
	to->per_prefix = own(s, SETTING_max_connections_per_prefix,
	    v->max_connections_per_prefix);
	to->trusted = s->scope == CHANNEL && v->trusted;
	return text_copy(to->name, sizeof(to->name), s->title) != 0 ? -1 :
	    plan_rules(s, p, used_io, to, w);
}

static int
plan_limits(const struct conf *c, struct plan *p, struct conf_wrong *w)
{
	const struct settings *v = &c->server.v;
	int32_t used = 0, listed = 0, points;
	enum penalty what;
	char why[300];
	int bad = plan_section(&c->server, p, &used, &p->sections[0], w);

	for (int i = 0; i < c->nlisteners && bad == 0; i++)
		bad = plan_section(&c->listeners[i], p, &used,
		    &p->sections[PLAN_LISTENER(i)], w);
	for (int i = 0; i < c->nlisteners && bad == 0; i++)
		bad = plan_proxies(c, i, p, &listed, w);
	for (int i = 0; i < c->nchannels && bad == 0; i++)
		bad = plan_section(&c->channels[i], p, &used,
		    &p->sections[PLAN_CHANNEL(i)], w);
	for (size_t i = 0; i < v->penalty_points.n && bad == 0; i++) {
		bad = penalty_parse(v->penalty_points.at[i], &what, &points,
		    why, sizeof(why));
		p->points[what] = points;
	}
	for (size_t i = 0; i < v->reserved_peers.n && bad == 0; i++) {
		struct plan_prefix *x = &p->reserved_peers[p->nreserved++];

		bad = networks_parse(v->reserved_peers.at[i], &x->at,
		    &x->bits);
	}
	return bad;
}

static int
plan_texts(const struct settings *v, struct plan *p)
{
	const char *programs = v->program_directory;

	if (programs[0] == '\0')
		programs = INLET_LIBEXEC;
	if (text_copy(p->hostname, sizeof(p->hostname), v->hostname) != 0 ||
	    text_copy(p->run_directory, sizeof(p->run_directory),
	    v->run_directory) != 0)
		return -1;
	return text_copy(p->program_directory, sizeof(p->program_directory),
	    programs);
}

/* Somebody may log in somewhere; of single hosts nobody knows it yet. */
static bool
auth_wanted(const struct conf *c)
{
	const struct section *s;
	bool wanted = false;

	for (int i = 0; (s = conf_section_at(c, i)) != NULL; i++)
		wanted |= s->v.auth != AUTH_OFF ||
		    s->v.host_settings[0] != '\0';
	return wanted && (c->server.v.auth_backends.n > 0 ||
	    c->server.v.auth_certificates[0] != '\0');
}

int
makeplan(const struct conf *c, bool resolve, struct plan *p_r,
    struct conf_wrong *w)
{
	const struct section *s = &c->server;
	const struct settings *v = &s->v;
	int bad = trusted_users(s, w);

	memset(p_r, 0, sizeof(*p_r));
	p_r->max_share = (int32_t)v->max_prefix_share;
	p_r->reserved = (int32_t)v->reserved_connections;
	p_r->penalty_limit = (int32_t)v->penalty_limit;
	p_r->half_life_ms = v->penalty_half_life;
	p_r->max_load = (int32_t)v->max_load;
	p_r->counter_rows = (int32_t)v->counter_rows;
	p_r->max_connections_set =
	    s->from[SETTING_max_connections].file != NULL;
	p_r->prefix4 = (int32_t)v->prefix_length_ipv4;
	p_r->prefix6 = (int32_t)v->prefix_length_ipv6;
	p_r->backlog = (int32_t)v->backlog;
	p_r->template_connections = (int32_t)v->template_connections;
	p_r->template_age_ms = v->template_age;
	p_r->start_ms = v->start_time;
	p_r->drain_ms = v->drain_time;
	/* The setting's digits are octal ones: conf_check() saw to that. */
	p_r->auth = auth_wanted(c);
	p_r->submit_socket_mode = mode_bits(v->submit_socket_mode);
	if (plan_texts(v, p_r) != 0) {
		conf_wrong(w, s->where, "a name or directory is too long");
		bad = -1;
	}
	if (bad == 0)
		bad = plan_limits(c, p_r, w);
	for (int i = 0; i < c->nlisteners && bad == 0; i++)
		bad = plan_sockets(c, i, p_r, w);
	if (resolve)
		return plan_users(s, p_r->auth, p_r->users, w) != 0 ||
		    plan_spawns(c, p_r, w) != 0 ? -1 : bad;
	for (int i = 0; i < PLAN_USERS; i++)
		p_r->users[i] = (struct proc_user){ getuid(), getgid() };
	return bad;
}
