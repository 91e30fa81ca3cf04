/*
 * cmd_settings - inlet settings: every setting, its value, and where it was
 * set.
 *
 * The text is itself a configuration file: what is not a setting stands
 * behind "#".  An error never hides behind a default that way: it can be read
 * back and compared.
 */
#include "config.h"

#include <stdio.h>
#include <sysexits.h>
#include "tools/command.h"
#include "tools/configured.h"
#include "tools/inforce.h"
#include "tools/show.h"

#define VALUE_MOST (1024 * 1024)
#define PLACE 1100
#define COLUMN 44		/* where the origins begin */

/* What is shown of one section, or of a listener and a channel together. */
struct view {
	const struct conf *conf;
	int scope;		/* settings shown: one of these bits */
	int listener, channel;	/* index, or -1 */
	const struct section *table;	/* or null */
	bool changed;		/* only what is set */
	bool own;		/* only what is set in the section itself */
	struct settings v;	/* in force */
	struct show_json *json;	/* null: text */
};

static void
view_fill(struct view *w)
{
	if (w->table != NULL)
		w->v = w->table->v;
	else
		conf_effective(w->conf, w->listener, w->channel, &w->v);
}

/* Where the value in force comes from: the strongest place that sets it. */
static struct origin
place(const struct view *w, enum setting_id id)
{
	if (w->table != NULL)
		return w->table->from[id];
	return inforce_origin(w->conf, w->listener, w->channel, id);
}

/* Set in the section that is shown, not above it? */
static bool
set_here(const struct view *w, enum setting_id id)
{
	const struct conf *c = w->conf;

	if (w->table != NULL)
		return w->table->from[id].file != NULL;
	if (w->channel >= 0)
		return c->channels[w->channel].from[id].file != NULL;
	if (w->listener >= 0)
		return c->listeners[w->listener].from[id].file != NULL;
	return c->server.from[id].file != NULL;
}

static bool
shown(const struct view *w, enum setting_id id)
{
	if ((setting_rows[id].scope & w->scope) == 0)
		return false;
	if (w->changed)
		return w->own ? set_here(w, id) : place(w, id).file != NULL;
	/* What a section only inherits stands where it was set. */
	return !w->own || set_here(w, id) ||
	    (setting_rows[id].scope & SERVER) == 0 || w->scope == SERVER;
}

static void
json_setting(const struct view *w, enum setting_id id)
{
	struct origin from = place(w, id);
	struct show_json *j = w->json;

	show_json_key(j, setting_name(id));
	show_json_open(j, '{');
	show_json_key(j, "value");
	inforce_json(j, &w->v, id);
	inforce_json_origin(j, from);
	show_json_close(j, '}');
}

static void
text_setting(const struct view *w, enum setting_id id, const char *indent)
{
	char where[PLACE];
	struct buf b;

	buf_init(&b, VALUE_MOST);
	if (buf_addf(&b, "%s%s = ", indent, setting_name(id)) != 0 ||
	    setting_print(&w->v, id, &b) != 0)
		buf_reset(&b);
	printf("%-*s  # %s\n", COLUMN, buf_str(&b),
	    conf_origin_text(place(w, id), where, sizeof(where)));
	buf_free(&b);
}

/* kind null: the server's, which have no braces around them. */
static void
print_view(struct view *w, const struct section *s, const char *kind)
{
	char where[PLACE];

	view_fill(w);
	if (w->json != NULL) {
		show_json_key(w->json, kind != NULL ? s->title : "server");
		show_json_open(w->json, '{');
	} else if (kind != NULL) {
		printf("\n%s \"%s\" {  # %s\n", kind, s->title,
		    conf_origin_text(s->where, where, sizeof(where)));
	}
	for (int i = 0; i < SETTING_COUNT; i++) {
		if (!shown(w, (enum setting_id)i))
			continue;
		if (w->json != NULL)
			json_setting(w, (enum setting_id)i);
		else
			text_setting(w, (enum setting_id)i,
			    kind != NULL ? "    " : "");
	}
	if (w->json != NULL)
		show_json_close(w->json, '}');
	else if (kind != NULL)
		printf("}\n");
}

static void
print_sections(const struct conf *c, struct view w, enum setting_scope scope)
{
	int n = scope == LISTENER ? c->nlisteners :
	    scope == CHANNEL ? c->nchannels : c->ntables;
	const struct section *at = scope == LISTENER ? c->listeners :
	    scope == CHANNEL ? c->channels : c->tables;
	const char *kind = conf_scope_name(scope);

	w.scope = scope;
	w.own = true;
	if (w.json != NULL) {
		show_json_key(w.json, kind);
		show_json_open(w.json, '{');
	}
	for (int i = 0; i < n; i++) {
		w.listener = scope == LISTENER ? i : -1;
		w.channel = scope == CHANNEL ? i : -1;
		w.table = scope == TABLE ? &at[i] : NULL;
		print_view(&w, &at[i], kind);
	}
	if (w.json != NULL)
		show_json_close(w.json, '}');
}

static void
print_all(const struct conf *c, struct view w)
{
	w.scope = SERVER;
	w.own = true;
	if (w.json == NULL)
		printf("# %s\n", c->path[0] != '\0' ? c->path : CONF_EMBEDDED);
	print_view(&w, &c->server, NULL);
	print_sections(c, w, LISTENER);
	print_sections(c, w, CHANNEL);
	print_sections(c, w, TABLE);
}

/* What a session through that listener, from that channel's hosts, has. */
static void
print_effective(const struct conf *c, struct view w)
{
	w.scope = (w.listener >= 0 ? LISTENER : 0) |
	    (w.channel >= 0 ? CHANNEL : 0);
	if (w.json == NULL) {
		printf("# in force");
		if (w.listener >= 0)
			printf(", listen \"%s\"",
			    c->listeners[w.listener].title);
		if (w.channel >= 0)
			printf(", channel \"%s\"",
			    c->channels[w.channel].title);
		printf("\n");
	}
	if (w.json != NULL) {
		show_json_key(w.json, "settings");
		show_json_open(w.json, '{');
	}
	view_fill(&w);
	for (int i = 0; i < SETTING_COUNT; i++) {
		if (!shown(&w, (enum setting_id)i))
			continue;
		if (w.json != NULL)
			json_setting(&w, (enum setting_id)i);
		else
			text_setting(&w, (enum setting_id)i, "");
	}
	if (w.json != NULL)
		show_json_close(w.json, '}');
}

static int
named(const struct conf *c, const struct request *r, struct view *w)
{
	if (r->listener != NULL) {
		w->listener = conf_listener(c, r->listener);
		if (w->listener < 0) {
			fprintf(stderr, "inlet settings: no listener is "
			    "called \"%s\"\n", r->listener);
			return -1;
		}
	}
	if (r->channel != NULL) {
		w->channel = conf_channel(c, r->channel);
		if (w->channel < 0) {
			fprintf(stderr, "inlet settings: no channel is "
			    "called \"%s\"\n", r->channel);
			return -1;
		}
	}
	return 0;
}

static void
print(const struct request *r, const struct conf *c, struct view w)
{
	struct show_json j;

	if (r->json) {
		show_json_begin(&j, stdout);
		show_json_open(&j, '{');
		show_json_key(&j, "configuration");
		show_json_text(&j, c->path);
		w.json = &j;
	}
	if (r->listener == NULL && r->channel == NULL)
		print_all(c, w);
	else
		print_effective(c, w);
	if (r->json) {
		show_json_close(&j, '}');
		show_json_end(&j);
	}
}

int
cmd_settings(const struct request *r)
{
	struct configured c;
	struct view w = { .listener = -1, .channel = -1,
	    .changed = r->changed };
	int code = configured_open(&c, &r->tailor);

	if (code != EX_OK)
		return code;
	w.conf = c.conf;
	if (named(c.conf, r, &w) != 0)
		code = EX_USAGE;
	else
		print(r, c.conf, w);
	configured_close(&c);
	return code;
}
