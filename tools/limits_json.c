/*
 * limits_json - what limits.h saw, all of it, for programs.
 */
#include "config.h"

#include <stdio.h>

#include "tools/limits.h"
#include "tools/show.h"

static void
text(struct show_json *j, const char *key, const char *value)
{
	show_json_key(j, key);
	show_json_text(j, value);
}

static void
number(struct show_json *j, const char *key, int64_t value)
{
	show_json_key(j, key);
	show_json_number(j, value);
}

static void
section(struct show_json *j, int scope, const char *title)
{
	text(j, "scope", conf_scope_name((enum setting_scope)scope));
	text(j, "section", title);
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
			text(j, "key", t->key);
		number(j, "value", t->value);
		if (t->most > 0)
			number(j, "most", t->most);
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
	number(j, "value", s->connections);
	number(j, "most", v->shown.most);
	number(j, "reserved", v->conf->server.v.reserved_connections);
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
	struct rate rate = { .what = r->what, .by = r->by, .most = r->most,
		.period_ms = r->period_ms };
	char rule[RATE_TEXT];

	show_json_open(j, '{');
	section(j, r->scope, r->section);
	if (r->what != COUNTS_PENALTY) {
		text(j, "rule", rate_text(&rate, rule));
		text(j, "what", rate_what_text(r->what));
		text(j, "by", rate_by_text(r->by));
	}
	text(j, "key", r->text);
	number(j, "value", c->now.value);
	number(j, "most", c->now.most);
	show_json_key(j, "full");
	show_json_bool(j, c->now.free_ms > 0);
	number(j, "seconds", (c->left_ms + 999) / 1000);
	number(j, "refused", r->refused);
	show_json_close(j, '}');
}

static void
counts(struct show_json *j, const char *key, const struct limits_seen *s,
    bool penalties)
{
	show_json_key(j, key);
	show_json_open(j, '[');
	for (size_t i = 0; i < s->ncounts; i++)
		if ((s->counts[i].row.what == COUNTS_PENALTY) == penalties)
			count(j, &s->counts[i]);
	show_json_close(j, ']');
}

static void
tables(struct show_json *j, const struct limits_view *v,
    const struct limits_seen *s)
{
	static const char *const names[LIMITS_TABLES] = { "smtpd", "submit" };

	show_json_key(j, "tables");
	show_json_open(j, '{');
	for (int i = 0; i < LIMITS_TABLES; i++) {
		show_json_key(j, names[i]);
		show_json_open(j, '{');
		number(j, "value", s->used[i]);
		number(j, "most", counts_room(v->table[i]));
		number(j, "evicted", counts_get(v->table[i],
		    COUNTS_EVICTED));
		number(j, "not-counted", counts_get(v->table[i],
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
		number(j, "free-bytes", s->space.bytes);
	if (s->space_known && s->space.inodes >= 0)
		number(j, "free-inodes", s->space.inodes);
	if (s->space_known) {
		number(j, "flight-bytes", s->space.flight_bytes);
		number(j, "flight-messages", s->space.flight_messages);
	}
	number(j, "min-free-space", c->min_free_space);
	number(j, "min-free-inodes", c->min_free_inodes);
	show_json_close(j, '}');
}

void
limits_json(const struct limits_view *v, const struct limits_seen *s)
{
	struct show_json j;

	show_json_begin(&j, stdout);
	show_json_open(&j, '{');
	connections(&j, v, s);
	counts(&j, "rates", s, false);
	counts(&j, "penalties", s, true);
	tables(&j, v, s);
	space(&j, v, s);
	if (s->load >= 0)
		number(&j, "load-hundredths", (int64_t)(s->load * 100));
	show_json_close(&j, '}');
	show_json_end(&j);
}
