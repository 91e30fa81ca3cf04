/*
 * conf - sections of settings: add, set, find, merge.
 *
 * A configuration owns every string that its sections refer to, in one list
 * of pieces, and frees them together: sections are filled once and then only
 * read.  Who wrote the text is not trusted; every refusal names the word.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/conf.h"
#include "lib/text.h"
#include "lib/xalloc.h"

/* One piece of memory of a configuration. */
struct kept {
	struct kept *next;
	void *p;
};

static void *
keep(struct conf *c, void *p)
{
	struct kept *k = xmalloc(sizeof(*k));

	k->p = p;
	k->next = c->kept;
	c->kept = k;
	return p;
}

static struct origin
keep_origin(struct conf *c, struct origin o)
{
	if (o.file != NULL)
		o.file = keep(c, xstrdup(o.file));
	return o;
}

static void
section_init(struct section *s, struct conf *c, enum setting_scope scope)
{
	memset(s, 0, sizeof(*s));
	s->of = c;
	s->scope = scope;
	s->title = "";
	settings_defaults(&s->v);
}

struct conf *
conf_new(void)
{
	struct conf *c = xcalloc(1, sizeof(*c));

	c->path = "";
	section_init(&c->server, c, SERVER);
	/* Whole at once, so that pointers to sections stay good. */
	c->listeners = xcalloc(CONF_LISTENERS, sizeof(*c->listeners));
	c->channels = xcalloc(CONF_CHANNELS, sizeof(*c->channels));
	c->tables = xcalloc(CONF_TABLES, sizeof(*c->tables));
	return c;
}

void
conf_free(struct conf *c)
{
	struct kept *k;

	if (c == NULL)
		return;
	while ((k = c->kept) != NULL) {
		c->kept = k->next;
		free(k->p);
		free(k);
	}
	free(c->listeners);
	free(c->channels);
	free(c->tables);
	free(c);
}

void
conf_path(struct conf *c, const char *path)
{
	c->path = keep(c, xstrdup(path));
}

static bool
title_good(const char *title)
{
	size_t len = strspn(title, "abcdefghijklmnopqrstuvwxyz0123456789-_");

	return title[len] == '\0' && len > 0 && len < CONF_NAME &&
	    title[0] >= 'a' && title[0] <= 'z';
}

/* A listener, channel or table by its title. */
static int
find(const struct section *at, int n, const char *title)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(at[i].title, title) == 0)
			return i;
	}
	return -1;
}

int
conf_channel(const struct conf *c, const char *name)
{
	return find(c->channels, c->nchannels, name);
}

int
conf_table(const struct conf *c, const char *name)
{
	return find(c->tables, c->ntables, name);
}

int
conf_listener(const struct conf *c, const char *name)
{
	return find(c->listeners, c->nlisteners, name);
}

const struct section *
conf_section_at(const struct conf *c, int i)
{
	if (i == 0)
		return &c->server;
	i--;
	if (i < c->nlisteners)
		return &c->listeners[i];
	i -= c->nlisteners;
	return i < c->nchannels ? &c->channels[i] : NULL;
}

bool
conf_listens(const struct section *s)
{
	return s->v.socket[0] == '\0' || s->from[SETTING_address].file != NULL;
}

const char *
conf_scope_name(enum setting_scope scope)
{
	switch (scope) {
	case LISTENER:
		return "listen";
	case CHANNEL:
		return "channel";
	case TABLE:
		return "table";
	case HOST:
		return "a row of host-settings";
	case VARIABLE:
		return "the environment";
	case SERVER:
		break;
	}
	return "server";
}

const char *
conf_origin_text(struct origin o, char *dst, size_t size)
{
	if (o.file == NULL)
		o.file = "default";
	if (o.line > 0)
		snprintf(dst, size, "%s:%d", o.file, o.line);
	else
		snprintf(dst, size, "%s", o.file);
	return dst;
}

int
conf_add(struct conf *c, enum setting_scope scope, const char *title,
    struct origin where, struct section **section_r, char *why_r, size_t size)
{
	struct section *at = scope == LISTENER ? c->listeners
	    : scope == CHANNEL		       ? c->channels
					       : c->tables;
	int *n = scope == LISTENER ? &c->nlisteners
	    : scope == CHANNEL	   ? &c->nchannels
				   : &c->ntables;
	int most = scope == LISTENER ? CONF_LISTENERS
	    : scope == CHANNEL	     ? CONF_CHANNELS
				     : CONF_TABLES;
	const char *kind = conf_scope_name(scope);
	char text[SETTING_SHOWN + 300];
	int i;

	if (!title_good(title)) {
		snprintf(why_r, size,
		    "the name of a %s section must be 1 to %d of a-z, 0-9, - "
		    "and _, and begin with a letter, not %s",
		    kind, CONF_NAME - 1, setting_show(title, text));
		return -1;
	}
	i = find(at, *n, title);
	if (i >= 0) {
		snprintf(why_r, size, "%s \"%s\" is already there, at ", kind,
		    title);
		conf_origin_text(at[i].where, why_r + strlen(why_r),
		    size - strlen(why_r));
		return -1;
	}
	if (*n == most) {
		snprintf(why_r, size, "more than %d %s sections", most, kind);
		return -1;
	}
	*section_r = &at[(*n)++];
	section_init(*section_r, c, scope);
	(*section_r)->title = keep(c, xstrdup(title));
	(*section_r)->where = keep_origin(c, where);
	return 0;
}

/* " in channel "lan"", or for the server what instead says. */
static const char *
in_section(const struct section *s, const char *instead, char *dst,
    size_t size)
{
	if (s->scope == SERVER)
		return instead;
	snprintf(dst, size, " in %s \"%s\"", conf_scope_name(s->scope),
	    s->title);
	return dst;
}

/* Where a setting that was found may stand, for a message. */
static void
refuse_scope(const struct section *s, int id, char *why_r, size_t size)
{
	static const enum setting_scope scopes[] = { SERVER, LISTENER, CHANNEL,
		TABLE, HOST };
	char name[64], in[96] = "";

	for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
		size_t len = strlen(in);

		if ((setting_rows[id].scope & (int)scopes[i]) == 0)
			continue;
		snprintf(in + len, sizeof(in) - len, "%s%s",
		    len > 0 ? " or " : "",
		    scopes[i] == SERVER ? "the top level"
					: conf_scope_name(scopes[i]));
	}
	snprintf(why_r, size, "%s has no place%s, only in: %s",
	    setting_name((enum setting_id)id),
	    in_section(s, " outside of sections", name, sizeof(name)), in);
}

static void
refuse_unknown(const struct section *s, const char *name, char *why_r,
    size_t size)
{
	const char *near = setting_nearest(name, (int)s->scope);
	char shown[SETTING_SHOWN], title[64];

	snprintf(why_r, size, "unknown setting %s%s%s%s%s",
	    setting_show(name, shown),
	    in_section(s, "", title, sizeof(title)),
	    near != NULL ? " (did you mean " : "", near != NULL ? near : "",
	    near != NULL ? "?)" : "");
}

static int
set(struct section *s, const char *name, const char *const *texts, size_t n,
    struct origin from, char *why_r, size_t size)
{
	int id = setting_find(name);
	const char **copies;

	if (id < 0) {
		refuse_unknown(s, name, why_r, size);
		return -1;
	}
	if ((setting_rows[id].scope & (int)s->scope) == 0) {
		refuse_scope(s, id, why_r, size);
		return -1;
	}
	if (s->from[id].file != NULL) {
		snprintf(why_r, size, "%s is already set, at ", name);
		conf_origin_text(s->from[id], why_r + strlen(why_r),
		    size - strlen(why_r));
		return -1;
	}
	copies = keep(s->of, xcalloc(n, sizeof(*copies)));
	for (size_t i = 0; i < n; i++)
		copies[i] = keep(s->of, xstrdup(texts[i]));
	if (setting_set(&s->v, (enum setting_id)id, copies, n, why_r, size) !=
	    0)
		return -1;
	s->from[id] = keep_origin(s->of, from);
	return 0;
}

int
conf_set(struct section *s, const char *name, const char *const *texts,
    size_t n, struct origin from, char *why_r, size_t size)
{
	return set(s, name, texts, n, from, why_r, size);
}

int
conf_force(struct section *s, const char *name, const char *const *texts,
    size_t n, struct origin from, char *why_r, size_t size)
{
	int id = setting_find(name);

	if (id >= 0)
		s->from[id].file = NULL;
	return set(s, name, texts, n, from, why_r, size);
}

void
conf_effective(const struct conf *c, int listener, int channel,
    struct settings *s_r)
{
	const struct section *over[2] = {
		listener >= 0 ? &c->listeners[listener] : NULL,
		channel >= 0 ? &c->channels[channel] : NULL,
	};

	*s_r = c->server.v;
	for (size_t i = 0; i < ARRAY_LEN(over); i++) {
		for (int id = 0; over[i] != NULL && id < SETTING_COUNT; id++) {
			if (over[i]->from[id].file != NULL)
				setting_copy(s_r, &over[i]->v,
				    (enum setting_id)id);
		}
	}
}

int
conf_program(const struct conf *c, const char *name, char *path_r, size_t size)
{
	const char *dir = c->server.v.program_directory;
	int n;

	if (dir[0] == '\0')
		dir = INLET_LIBEXEC;
	n = snprintf(path_r, size, "%s/%s", dir, name);
	return n < 0 || (size_t)n >= size ? -1 : 0;
}
