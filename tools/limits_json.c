/*
 * limits_json - what limits.h saw, all of it, for programs.
 */
#include "config.h"

#include <stdio.h>

#include "tools/limits.h"
#include "tools/show.h"

static void
section(struct show_json *j, int scope, const char *title)
{
	show_json_pair(j, "scope", conf_scope_name((enum setting_scope)scope));
	show_json_pair(j, "section", title);
}

static void
tallies(struct show_json *j, const char *key, const struct limits_list *l)
{
	show_json_key(j, key);
	show_json_open(j, '[');
	for (size_t i = 0; i < l->n; i++) {
		const struct limits_tally *t = &l->at[i];

		show_json_open(j, '{');
		section(j, (int)t->of->scope, t->of->title);
		if (t->key[0] != '\0')
			show_json_pair(j, "key", t->key);
		show_json_count(j, "value", t->value);
		if (t->most > 0)
			show_json_count(j, "most", t->most);
		show_json_close(j, '}');
	}
	show_json_close(j, ']');
}

static void
connections(struct show_json *j, const struct limits_view *v,
    const struct limits_seen *s)
{
	show_json_key(j, "connections");
	show_json_open(j, '{');
	show_json_count(j, "value", s->connections);
	show_json_count(j, "most", v->shown.most);
	show_json_count(j, "reserved", v->conf->server.v.reserved_connections);
	tallies(j, "listeners", &s->listeners);
	tallies(j, "channels", &s->channels);
	tallies(j, "prefixes", &s->prefixes);
	tallies(j, "addresses", &s->addresses);
	show_json_close(j, '}');
}

static void
count(struct show_json *j, const struct limits_count *c)
{
	const struct counts_row *r = &c->row;
	char rule[RATE_TEXT];

	show_json_open(j, '{');
	section(j, r->scope, r->section);
	if (r->what != COUNTS_PENALTY)
		show_json_pair(j, "rule", limits_rule(r, rule));
	if (r->what < RATE_WHATS) {
		show_json_pair(j, "what", rate_what_text(r->what));
		show_json_pair(j, "by", rate_by_text(r->by));
	}
	show_json_pair(j, "key", r->text);
	show_json_count(j, "value", c->now.value);
	show_json_count(j, "most", c->now.most);
	show_json_key(j, "full");
	show_json_bool(j, c->now.free_ms > 0);
	show_json_count(j, "seconds", (c->left_ms + 999) / 1000);
	show_json_count(j, "refused", r->refused);
	show_json_close(j, '}');
}

static void
counts(struct show_json *j, const char *key, const struct limits_seen *s,
    int least, int most)
{
	show_json_key(j, key);
	show_json_open(j, '[');
	for (size_t i = 0; i < s->ncounts; i++)
		if (s->counts[i].row.what >= least &&
		    s->counts[i].row.what <= most)
			count(j, &s->counts[i]);
	show_json_close(j, ']');
}

static void
tables(struct show_json *j, const struct limits_view *v,
    const struct limits_seen *s)
{
	static const char *const names[LIMITS_TABLES] = { "smtpd", "submit",
	    "authsrvr" };

	show_json_key(j, "tables");
	show_json_open(j, '{');
	for (int i = 0; i < LIMITS_TABLES; i++) {
		show_json_key(j, names[i]);
		show_json_open(j, '{');
		show_json_count(j, "value", s->used[i]);
		show_json_count(j, "most", counts_room(v->table[i]));
		show_json_count(j, "evicted", counts_get(v->table[i],
		    COUNTS_EVICTED));
		show_json_count(j, "not-counted", counts_get(v->table[i],
		    COUNTS_LOST));
		show_json_close(j, '}');
	}
	show_json_close(j, '}');
}

/* What is not known is not there. */
static void
space(struct show_json *j, const struct limits_view *v,
    const struct limits_seen *s)
{
	const struct settings *c = &v->conf->server.v;

	show_json_key(j, "queue");
	show_json_open(j, '{');
	if (s->space_known && s->space.bytes >= 0)
		show_json_count(j, "free-bytes", s->space.bytes);
	if (s->space_known && s->space.inodes >= 0)
		show_json_count(j, "free-inodes", s->space.inodes);
	if (s->space_known) {
		show_json_count(j, "flight-bytes", s->space.flight_bytes);
		show_json_count(j, "flight-messages", s->space.flight_messages);
	}
	show_json_count(j, "min-free-space", c->min_free_space);
	show_json_count(j, "min-free-inodes", c->min_free_inodes);
	show_json_close(j, '}');
}

static void
stress(struct show_json *j, const struct stress *s)
{
	show_json_key(j, "stress");
	show_json_open(j, '{');
	show_json_key(j, "on");
	show_json_bool(j, s->on);
	show_json_count(j, "sessions-percent", s->slots);
	if (s->cpu >= 0)
		show_json_count(j, "processor-percent", s->cpu);
	if (s->memory >= 0)
		show_json_count(j, "memory-percent", s->memory);
	if (s->io >= 0)
		show_json_count(j, "disk-percent", s->io);
	show_json_close(j, '}');
}

void
limits_json_state(struct show_json *j, const struct limits_view *v,
    const struct limits_seen *s)
{
	space(j, v, s);
	if (s->stress_known)
		stress(j, &s->stress);
	if (s->load >= 0)
		show_json_count(j, "load-hundredths",
		    (int64_t)(s->load * 100));
}

void
limits_json(const struct limits_view *v, const struct limits_seen *s)
{
	struct show_json j;

	show_json_begin(&j, stdout);
	show_json_open(&j, '{');
	connections(&j, v, s);
	counts(&j, "rates", s, 0, RATE_WHATS - 1);
	counts(&j, "penalties", s, COUNTS_PENALTY, COUNTS_PENALTY);
	counts(&j, "failed-logins", s, COUNTS_LOGINS, COUNTS_LOGINS);
	tables(&j, v, s);
	limits_json_state(&j, v, s);
	show_json_close(&j, '}');
	show_json_end(&j);
}
