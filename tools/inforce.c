/*
 * inforce - a setting as it is in force for a listener, a channel and perhaps
 * one client, and what said so.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include "tools/hit.h"
#include "tools/inforce.h"

void
inforce_make(struct inforce *f, const struct conf *c, int listener,
    int channel, const struct forhost *own)
{
	char why[LAYERED_WHY];

	f->conf = c;
	f->listener = listener;
	f->channel = channel;
	f->own = own;
	f->in = own != NULL ? &own->in : &f->base;
	/* tailor has checked the variables. */
	if (own == NULL)
		(void)!layered_make(&f->base, c, listener, channel, NULL,
		    &c->variables, NULL, why);
}

static void
from_variable(const struct variables *v, enum setting_id id,
    struct inforce_from *from)
{
	const char *name, *value;
	size_t len;

	name = layered_variable(v, id, &len, &value);
	if (name != NULL)
		snprintf(from->variable, sizeof(from->variable), "%.*s=%s",
		    (int)len, name, value);
}

void
inforce_from(const struct inforce *f, enum setting_id id,
    struct inforce_from *from)
{
	const struct forhost *own = f->own;
	int i;

	memset(from, 0, sizeof(*from));
	from->layer = (enum layer)f->in->by[id];
	switch (from->layer) {
	case LAYER_CONF:
		from->at = inforce_origin(f->conf, f->listener, f->channel,
		    id);
		return;
	case LAYER_HOST:
		from->table = tb_name(own->table);
		from->key = own->key;
		i = conf_table(f->conf, from->table);
		from->at = hit_place(own->table, &f->conf->tables[i],
		    own->line);
		return;
	case LAYER_ENVIRONMENT:
		from_variable(&f->conf->variables, id, from);
		return;
	case LAYER_RULES:
		from_variable(&own->rules, id, from);
		return;
	}
}

const char *
inforce_from_text(const struct inforce_from *from, char dst[INFORCE_TEXT])
{
	char where[INFORCE_TEXT / 2];

	switch (from->layer) {
	case LAYER_CONF:
		return conf_origin_text(from->at, dst, INFORCE_TEXT);
	case LAYER_HOST:
		snprintf(dst, INFORCE_TEXT, "table \"%s\", %s, %s",
		    from->table, from->key, conf_origin_text(from->at, where,
		    sizeof(where)));
		return dst;
	case LAYER_ENVIRONMENT:
	case LAYER_RULES:
		break;
	}
	snprintf(dst, INFORCE_TEXT, "%s, %s", from->layer == LAYER_RULES ?
	    "setenv of libwrap" : "environment", from->variable);
	return dst;
}

bool
inforce_of_channel(enum setting_id id)
{
	return (setting_rows[id].scope & (SERVER | LISTENER | CHANNEL)) ==
	    CHANNEL;
}

struct origin
inforce_origin(const struct conf *c, int listener, int channel,
    enum setting_id id)
{
	if (channel >= 0 && c->channels[channel].from[id].file != NULL)
		return c->channels[channel].from[id];
	if (listener >= 0 && c->listeners[listener].from[id].file != NULL)
		return c->listeners[listener].from[id];
	return c->server.from[id];
}

void
inforce_json(struct show_json *j, const struct settings *s, enum setting_id id)
{
	struct strings l;
	char text[64];
	const char *field = (const char *)s + setting_rows[id].offset;

	switch (setting_rows[id].type) {
	case SETTING_BOOL:
		show_json_bool(j, *(const bool *)field);
		return;
	case SETTING_INT:
		show_json_number(j, *(const int64_t *)(const void *)field);
		return;
	case SETTING_DURATION:
	case SETTING_SIZE:
	case SETTING_CHOICE:
		show_json_text(j, setting_text(s, id, text, sizeof(text)) == 0 ?
		    text : "");
		return;
	case SETTING_STRING:
		show_json_text(j, setting_strings(s, id).at[0]);
		return;
	case SETTING_LIST:
		break;
	}
	l = setting_strings(s, id);
	show_json_open(j, '[');
	for (size_t i = 0; i < l.n; i++)
		show_json_text(j, l.at[i]);
	show_json_close(j, ']');
}

void
inforce_json_origin(struct show_json *j, struct origin from)
{
	show_json_key(j, "default");
	show_json_bool(j, from.file == NULL);
	if (from.file != NULL) {
		show_json_key(j, "file");
		show_json_text(j, from.file);
	}
	if (from.line > 0) {
		show_json_key(j, "line");
		show_json_number(j, from.line);
	}
}

void
inforce_json_from(struct show_json *j, const struct inforce_from *from)
{
	static const char *const layers[] = { [LAYER_HOST] = "host",
	    [LAYER_ENVIRONMENT] = "environment", [LAYER_RULES] = "libwrap" };

	if (from->layer == LAYER_CONF || from->layer == LAYER_HOST) {
		inforce_json_origin(j, from->at);
	} else {
		show_json_key(j, "default");
		show_json_bool(j, false);
	}
	if (from->layer == LAYER_CONF)
		return;
	show_json_key(j, "layer");
	show_json_text(j, layers[from->layer]);
	if (from->layer != LAYER_HOST) {
		show_json_key(j, "variable");
		show_json_text(j, from->variable);
		return;
	}
	show_json_key(j, "table");
	show_json_text(j, from->table);
	show_json_key(j, "key");
	show_json_text(j, from->key);
}
