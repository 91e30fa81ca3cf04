/*
 * limits_text - what limits.h saw, for people: the fullest of each kind.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/text.h"
#include "tools/limits.h"

#define SHOWN_MOST 20	/* of one kind, unless it is asked for */
#define KEY_WIDTH 40

static bool
narrow(const struct limits_seen *s)
{
	return s->filter.channel != NULL || s->filter.net.family != 0;
}

static size_t
most_of(const struct limits_seen *s, size_t n)
{
	return narrow(s) || n <= SHOWN_MOST ? n : SHOWN_MOST;
}

static void
and_more(size_t shown, size_t n, int indent)
{
	if (n > shown)
		printf("%*sand %zu more\n", indent, "", n - shown);
}

/* " in channel lan"; nothing of the server's. */
static const char *
where(int scope, const char *section, char *dst, size_t size)
{
	dst[0] = '\0';
	if (scope != SERVER)
		snprintf(dst, size, " in %s %s", scope == CHANNEL ?
		    "channel" : "listener", section);
	return dst;
}

/* The key in its column, which shares the line with what follows. */
static void
key(int indent, const char *kind, const char *text, const char *more)
{
	char line[300];

	snprintf(line, sizeof(line), "%s%s%s", kind, text, more);
	printf("%*s", indent, "");
	show_text(stdout, line);
	printf("%*s ", KEY_WIDTH - indent > (int)strlen(line) ?
	    KEY_WIDTH - indent - (int)strlen(line) : 0, "");
}

static void
tally(const struct limits_tally *t, const char *kind, bool host)
{
	char in[80] = "";

	if (host)
		where((int)t->of->scope, t->of->title, in, sizeof(in));
	key(2, kind, host ? t->key : t->of->title, in);
	printf("%" PRIu32, t->value);
	if (t->most > 0)
		printf(" of %" PRIu32, t->most);
	putchar('\n');
}

static void
tallies(const struct limits_seen *s, const struct limits_list *l,
    const char *kind, bool host)
{
	size_t n = most_of(s, l->n);

	for (size_t i = 0; i < n; i++)
		tally(&l->at[i], kind, host);
	and_more(n, l->n, 2);
}

static void
connections(const struct limits_view *v, const struct limits_seen *s)
{
	key(0, "connections", "", "");
	printf("%" PRIu32, s->connections);
	if (!narrow(s))
		printf(" of %" PRId32, v->shown.most);
	if (!narrow(s) && v->conf->server.v.reserved_connections > 0)
		printf(", %" PRId64 " reserved",
		    v->conf->server.v.reserved_connections);
	putchar('\n');
	tallies(s, &s->listeners, "listener ", false);
	tallies(s, &s->channels, "channel ", false);
	tallies(s, &s->prefixes, "prefix ", true);
	tallies(s, &s->addresses, "address ", true);
}

static bool
same_rule(const struct counts_row *a, const struct counts_row *b)
{
	return a->what == b->what && a->by == b->by &&
	    a->scope == b->scope && a->period_ms == b->period_ms &&
	    strcmp(a->section, b->section) == 0;
}

/* The rule with the maximum that was last asked for. */
static void
rule(const struct counts_row *r)
{
	char text[RATE_TEXT], in[80];

	if (r->what == COUNTS_PENALTY)
		printf("penalties\n");
	else
		printf("%s%s\n", limits_rule(r, text), where(r->scope,
		    r->section, in, sizeof(in)));
}

static void
count(const struct limits_count *c)
{
	char age[32];

	key(2, c->row.text[0] != '\0' ? c->row.text : "all", "", "");
	printf("%" PRIu32 " of %" PRIu32, c->now.value, c->now.most);
	if (c->row.refused > 0)
		printf(", %" PRIu32 " refused", c->row.refused);
	if (c->row.what != COUNTS_PENALTY || c->now.free_ms > 0)
		printf(", %s %s", c->now.free_ms > 0 ? "free in" :
		    "begins anew in", show_age((c->left_ms + 999) / 1000, age,
		    sizeof(age)));
	putchar('\n');
}

static void
counts(const struct limits_seen *s)
{
	size_t next, end;

	for (size_t i = 0; i < s->ncounts; i = next) {
		for (next = i; next < s->ncounts &&
		    same_rule(&s->counts[i].row, &s->counts[next].row);)
			next++;
		end = i + most_of(s, next - i);
		rule(&s->counts[i].row);
		for (size_t j = i; j < end; j++)
			count(&s->counts[j]);
		and_more(end - i, next - i, 2);
	}
}

static void
tables(const struct limits_view *v, const struct limits_seen *s)
{
	static const char *const names[LIMITS_TABLES] = { "smtpd", "submit",
	    "authsrvr" };

	printf("tables\n");
	for (int i = 0; i < LIMITS_TABLES; i++) {
		const struct counts *t = v->table[i];

		key(2, names[i], "", "");
		printf("%" PRIu32 " of %" PRIu32 ", %" PRId64 " evicted, %"
		    PRId64 " not counted\n", s->used[i], counts_room(t),
		    counts_get(t, COUNTS_EVICTED),
		    counts_get(t, COUNTS_LOST));
	}
}

/* Rounded: the exact number changes while it is read. */
static const char *
size(int64_t bytes, char dst[32])
{
	int64_t unit = 1;

	while (bytes / unit >= 10240 && unit < (1LL << 40))
		unit *= 1024;
	text_from_size(dst, 32, bytes > 0 ? bytes / unit * unit : 0);
	return dst;
}

static void
space(const struct limits_view *v, const struct limits_seen *s)
{
	const struct settings *c = &v->conf->server.v;
	char a[32], b[32];

	printf("queue\n");
	if (!s->space_known) {
		printf("  submit has not looked at its space of late\n");
		return;
	}
	key(2, "free space", "", "");
	printf("%s", s->space.bytes < 0 ? "unknown" : size(s->space.bytes, a));
	if (c->min_free_space > 0)
		printf(", at least %s", size(c->min_free_space, a));
	printf("\n");
	key(2, "free inodes", "", "");
	if (s->space.inodes < 0)
		printf("not counted");
	else
		printf("%" PRId64, s->space.inodes);
	if (s->space.inodes >= 0 && c->min_free_inodes > 0)
		printf(", at least %" PRId64, c->min_free_inodes);
	printf("\n");
	key(2, "in flight", "", "");
	printf("%s, %" PRId64 " message%s\n", size(s->space.flight_bytes, b),
	    s->space.flight_messages,
	    s->space.flight_messages == 1 ? "" : "s");
}

/* What the kernel does not measure is not there. */
static void
percent(const char *of, int64_t value)
{
	if (value >= 0)
		printf(", %s %" PRId64 " %%", of, value);
}

static void
stress(const struct stress *s)
{
	key(0, "stress", "", "");
	printf("%s; sessions %" PRId64 " %%", s->on ? "yes" : "no", s->slots);
	percent("processor", s->cpu);
	percent("memory", s->memory);
	percent("disk", s->io);
	printf("\n");
}

void
limits_text_state(const struct limits_view *v, const struct limits_seen *s)
{
	space(v, s);
	if (s->stress_known)
		stress(&s->stress);
	if (s->load >= 0) {
		key(0, "load", "", "");
		printf("%.2f\n", s->load);
	}
}

void
limits_text(const struct limits_view *v, const struct limits_seen *s)
{
	connections(v, s);
	counts(s);
	if (narrow(s))
		return;
	tables(v, s);
	limits_text_state(v, s);
}
