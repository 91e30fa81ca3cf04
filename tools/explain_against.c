/*
 * explain_against - what another configuration would change: the source, the
 * settings in force for it, the checks' verdicts, the replies and the routes;
 * not times, lines and tables.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/xalloc.h"
#include "tools/explain.h"
#include "tools/show.h"

#define FACT_MOST 4096
#define VALUE_MOST (1024 * 1024)

/* What was decided, as text: label and value alternate. */
struct facts {
	size_t n;
	char **at;
};

static void
add(struct facts *f, const char *label, const char *name, const char *value)
{
	char text[128];

	snprintf(text, sizeof(text), "%s%s%s", label,
	    name[0] != '\0' ? " " : "", name);
	f->at = xresize(f->at, f->n + 2, sizeof(*f->at));
	f->at[f->n++] = xstrdup(text);
	f->at[f->n++] = xstrdup(value);
}

static void
gather_routes(struct facts *f, const struct explained *x)
{
	char text[FACT_MOST], number[24];

	for (size_t i = 0; i < x->routes.n; i++) {
		const struct route *r = &x->routes.at[i];

		snprintf(number, sizeof(number), "%zu", i + 1);
		snprintf(text, sizeof(text), "channel \"%s\", %s, %s %s",
		    x->by->c.conf->channels[r->channel].title, r->address,
		    r->mailbox[0] != '\0' ? "mailbox" : "host",
		    r->mailbox[0] != '\0' ? r->mailbox : r->host);
		add(f, "route", number, text);
	}
}

/* Those that a listener or host may override: they hold for a session. */
static void
gather_settings(struct facts *f, const struct explained *x)
{
	struct inforce in;
	struct buf b;

	explain_inforce(x, x->source.channel, &in);
	buf_init(&b, VALUE_MOST);
	for (int id = 0; id < SETTING_COUNT; id++) {
		int scope = setting_rows[id].scope;

		if ((scope & (LISTENER | HOST)) == 0 || scope == LISTENER)
			continue;
		buf_reset(&b);
		if (setting_print(&in.in->v, (enum setting_id)id, &b) == 0)
			add(f, "setting", setting_name((enum setting_id)id),
			    buf_str(&b));
	}
	buf_free(&b);
}

static struct facts
gather(const struct explained *x)
{
	struct facts f = { 0 };
	char text[FACT_MOST];

	if (x->source.channel < 0)
		add(&f, "source", "", "not let in");
	else {
		snprintf(text, sizeof(text), "channel \"%s\"%s%s",
		    x->by->c.conf->channels[x->source.channel].title,
		    x->source.found ? ", in its table" : ", in no table",
		    x->source.uncertain ? ", not certain" : "");
		add(&f, "source", "", text);
	}
	gather_settings(&f, x);
	for (size_t i = 0; i < x->n; i++) {
		const struct explain_event *e = &x->at[i];

		if (e->kind == EXPLAIN_CHECKED) {
			add(&f, "check", e->check->name, e->verdict == REFUSE ?
			    e->reply.reason : "passed");
		} else if (e->kind == EXPLAIN_REPLIED) {
			snprintf(text, sizeof(text), "%d %s%s%s",
			    e->reply.code, e->reply.enhanced,
			    e->reply.enhanced[0] != '\0' ? " " : "",
			    e->reply.text);
			add(&f, "reply", e->step, text);
		}
	}
	if (x->asked)
		add(&f, "submit", "", x->agrees ? "agrees" : "disagrees");
	gather_routes(&f, x);
	return f;
}

static void
drop(struct facts *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->at[i]);
	free(f->at);
}

/* The value of a label, or null. */
static const char *
value(const struct facts *f, const char *label)
{
	for (size_t i = 0; i < f->n; i += 2)
		if (strcmp(f->at[i], label) == 0)
			return f->at[i + 1];
	return NULL;
}

static void
line(char sign, const char *label, const char *text)
{
	if (text == NULL)
		return;
	printf("%c %s: ", sign, label);
	show_text(stdout, text);
	putchar('\n');
}

/* now or then is null where there is no such thing. */
static void
change(const char *label, const char *now, const char *then,
    struct show_json *j)
{
	if (j == NULL) {
		line('-', label, now);
		line('+', label, then);
		return;
	}
	show_json_open(j, '{');
	show_json_key(j, "what");
	show_json_text(j, label);
	if (now != NULL) {
		show_json_key(j, "now");
		show_json_text(j, now);
	}
	if (then != NULL) {
		show_json_key(j, "then");
		show_json_text(j, then);
	}
	show_json_close(j, '}');
}

static bool
same(const struct facts *a, const struct facts *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->at[i], b->at[i]) != 0)
			return false;
	return true;
}

static void
changes(const struct facts *now, const struct facts *then,
    struct show_json *j)
{
	for (size_t i = 0; i < now->n; i += 2) {
		const char *other = value(then, now->at[i]);

		if (other == NULL || strcmp(other, now->at[i + 1]) != 0)
			change(now->at[i], now->at[i + 1], other, j);
	}
	for (size_t i = 0; i < then->n; i += 2)
		if (value(now, then->at[i]) == NULL)
			change(then->at[i], NULL, then->at[i + 1], j);
}

static void
heading(const struct explained *x, struct show_json *j)
{
	char address[NET_TEXT];

	net_text(&x->what->address, address);
	if (j == NULL) {
		printf("%s ", address);
		show_text(stdout, x->what->from);
		putchar(' ');
		show_text(stdout, x->what->to);
		printf(" %s\n", x->helo);
		return;
	}
	show_json_key(j, "address");
	show_json_text(j, address);
	show_json_key(j, "from");
	show_json_text(j, x->what->from);
	show_json_key(j, "to");
	show_json_text(j, x->what->to);
	show_json_key(j, "helo");
	show_json_text(j, x->helo);
}

bool
explain_against(const struct explained *now, const struct explained *then,
    bool head, struct show_json *j)
{
	struct facts a = gather(now), b = gather(then);
	bool differ = !same(&a, &b);

	if (j != NULL) {
		show_json_open(j, '{');
		heading(now, j);
		show_json_key(j, "changes");
		show_json_open(j, '[');
	} else if (differ && head) {
		heading(now, NULL);
	}
	if (differ)
		changes(&a, &b, j);
	if (j != NULL) {
		show_json_close(j, ']');
		show_json_close(j, '}');
	}
	drop(&a);
	drop(&b);
	return differ;
}
