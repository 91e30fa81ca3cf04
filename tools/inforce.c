/*
 * inforce - a setting as it is in force for a listener and a channel, and
 * where it was set.
 */
#include "config.h"

#include "tools/inforce.h"

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
