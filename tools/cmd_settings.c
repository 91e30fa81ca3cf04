/*
 * cmd_settings - inlet settings: every setting, its value, and where it was
 * set.
 *
 * The text is itself a configuration file: what is not a setting stands
 * behind "#".  An error never hides behind a default that way: it can be read
 * back and compared.
 *
 * With an address a session goes as far as its greeting (explain.h), and what
 * is in force for it then is shown.
 */
#include "config.h"

#include <stdio.h>
#include <sysexits.h>
#include "tools/command.h"
#include "tools/configured.h"
#include "tools/explain.h"
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
	const struct explained *client;	/* or null */
	struct settings v;	/* of a section: as the configuration has it */
	struct inforce in;	/* else */
	struct show_json *json;	/* null: text */
};

static void
view_fill(struct view *w)
{
	if (w->table != NULL)
		w->v = w->table->v;
	else if (w->own)
		conf_effective(w->conf, w->listener, w->channel, &w->v);
	else
		inforce_make(&w->in, w->conf, w->listener, w->channel,
		    w->client != NULL ? w->client->own : NULL);
}

static const struct settings *
values(const struct view *w)
{
	return w->table != NULL || w->own ? &w->v : &w->in.in->v;
}

/* Where the value in force comes from: the strongest place that sets it. */
static void
place(const struct view *w, enum setting_id id, struct inforce_from *from)
{
	*from = (struct inforce_from){ .layer = LAYER_CONF };
	if (w->table != NULL)
		from->at = w->table->from[id];
	else if (w->own)
		from->at = inforce_origin(w->conf, w->listener, w->channel,
		    id);
	else
		inforce_from(&w->in, id, from);
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
	struct inforce_from from;

	if ((setting_rows[id].scope & w->scope) == 0)
		return false;
	place(w, id, &from);
	if (w->changed)
		return w->own ? set_here(w, id) : from.at.file != NULL ||
		    from.layer != LAYER_CONF;
	/* What a section only inherits stands where it was set. */
	return !w->own || set_here(w, id) ||
	    (setting_rows[id].scope & SERVER) == 0 || w->scope == SERVER;
}

static void
json_setting(const struct view *w, enum setting_id id)
{
	struct show_json *j = w->json;
	struct inforce_from from;

	place(w, id, &from);
	show_json_key(j, setting_name(id));
	show_json_open(j, '{');
	show_json_key(j, "value");
	inforce_json(j, values(w), id);
	inforce_json_from(j, &from);
	show_json_close(j, '}');
}

static void
text_setting(const struct view *w, enum setting_id id, const char *indent)
{
	struct inforce_from from;
	char where[INFORCE_TEXT];
	struct buf b;

	place(w, id, &from);
	buf_init(&b, VALUE_MOST);
	if (buf_addf(&b, "%s%s = ", indent, setting_name(id)) != 0 ||
	    setting_print(values(w), id, &b) != 0)
		buf_reset(&b);
	printf("%-*s  # ", COLUMN, buf_str(&b));
	show_text(stdout, inforce_from_text(&from, where));
	putchar('\n');
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

/* Whom it is about, and what he would hear instead of a greeting. */
static void
print_client(const struct view *w)
{
	const struct explained *x = w->client;
	char text[NET_TEXT];

	net_text(&x->what->address, text);
	if (w->json == NULL) {
		printf(", host %s", text);
		if (x->name[0] != '\0') {
			printf(" ");
			show_text(stdout, x->name);
		}
		if (!reply_good(&x->final)) {
			printf("\n# not let in: %d %s ", x->final.code,
			    x->final.enhanced);
			show_text(stdout, x->final.text);
		}
		for (size_t i = 0; i < x->n; i++) {
			if (x->at[i].kind != EXPLAIN_LOGGED)
				continue;
			printf("\n# log: ");
			show_text(stdout, x->at[i].text);
		}
		return;
	}
	show_json_key(w->json, "address");
	show_json_text(w->json, text);
	show_json_key(w->json, "name");
	show_json_text(w->json, x->name);
	if (w->channel >= 0) {
		show_json_key(w->json, "channel");
		show_json_text(w->json, w->conf->channels[w->channel].title);
	}
	if (reply_good(&x->final))
		return;
	show_json_key(w->json, "refused");
	show_json_text(w->json, x->final.text);
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
	}
	if (w.client != NULL)
		print_client(&w);
	if (w.json == NULL) {
		printf("\n");
	} else {
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
	if (r->listener == NULL && r->channel == NULL && w.client == NULL)
		print_all(c, w);
	else
		print_effective(c, w);
	if (r->json) {
		show_json_close(&j, '}');
		show_json_end(&j);
	}
}

/* One client's; without a listener it comes through the first one. */
static int
for_address(const struct request *r, struct view w)
{
	struct explain_case k = { .helo = NULL };
	struct explained x;
	struct explainer e;
	int code = explainer_open(&e, &r->tailor);

	if (code != EX_OK)
		return code;
	w.conf = e.c.conf;
	if (named(w.conf, r, &w) != 0) {
		explainer_close(&e);
		return EX_USAGE;
	}
	if (r->listener == NULL && w.conf->nlisteners > 0)
		w.listener = 0;
	k.listener = w.listener;
	if (net_parse(r->address, &k.address) != 0) {
		fprintf(stderr, "inlet settings: --for wants an address, not "
		    "\"");
		show_text(stderr, r->address);
		fprintf(stderr, "\"\n");
		explainer_close(&e);
		return EX_USAGE;
	}
	explain_greet(&e, &k, r->channel != NULL ? r->channel : "", &x);
	if (w.channel < 0)
		w.channel = x.source.channel;
	w.client = &x;
	print(r, w.conf, w);
	explain_free(&x);
	explainer_close(&e);
	return EX_OK;
}

int
cmd_settings(const struct request *r)
{
	struct configured c;
	struct view w = { .listener = -1, .channel = -1,
	    .changed = r->changed };
	int code;

	if (r->address != NULL)
		return for_address(r, w);
	code = configured_open(&c, &r->tailor);
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
