/*
 * layered - see layered.h.
 *
 * Runs in smtpsrvr and again in submit.  A row is the operator's, a variable
 * that of whoever may set the environment: both are checked like the file,
 * and what cannot be meant is refused, never left out.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include "lib/layered.h"
#include "lib/path.h"
#include "lib/text.h"

#define BLANKS " \t"
#define NAME_MOST 64

static int
refuse(char *why_r, const char *what, const char *word)
{
	char shown[SETTING_SHOWN];

	(void)snprintf(why_r, LAYERED_WHY, "%s %s", what,
	    setting_show(word, shown));
	return -1;
}

/* Keeps len bytes and a NUL. */
static const char *
keep(struct layered *l, const char *p, size_t len)
{
	char *at = l->text + l->used;

	if (len >= sizeof(l->text) - l->used)
		return NULL;
	memcpy(at, p, len);
	at[len] = '\0';
	l->used += len + 1;
	return at;
}

/* What cannot be checked by type and bounds alone. */
static int
check_value(const struct settings *v, enum setting_id id, char *why_r)
{
	struct mailbox m = { .local = "user", .domain = "example.org" };

	if (id == SETTING_relay_suffix && v->relay_suffix[0] != '\0' &&
	    path_append(&m, v->relay_suffix) != 0)
		return refuse(why_r, "relay-suffix: no address has, behind "
		    "user@example.org,", v->relay_suffix);
	return 0;
}

static int
set(struct layered *l, enum setting_id id, enum layer layer,
    const char *const *texts, size_t n, char *why_r)
{
	if (setting_set(&l->v, id, texts, n, why_r, LAYERED_WHY) != 0 ||
	    check_value(&l->v, id, why_r) != 0)
		return -1;
	l->by[id] = (uint8_t)layer;
	return 0;
}

/* One element of a value, in quotes or up to a comma or blank; or null. */
static const char *
take_element(struct layered *l, const char **p)
{
	bool quoted = **p == '"';
	const char *start = *p + quoted;
	size_t len = strcspn(start, quoted ? "\"" : BLANKS ",");

	if (quoted && start[len] != '"')
		return NULL;
	*p = start + len + quoted;
	if (strchr(BLANKS ",", **p) == NULL)
		return NULL;
	return keep(l, start, len);
}

/*
 * "value", "value,value": a comma before a blank only ends it, for that is
 * how the values of a repeated key come.
 */
static int
take_value(struct layered *l, enum setting_id id, const char **p, char *why_r)
{
	const char *start = *p, **texts = l->list + l->listed;
	size_t n = 0;

	do {
		if (n > 0)
			++*p;
		if (l->listed == LAYERED_LIST)
			return refuse(why_r, "too many elements, from", start);
		texts[n] = take_element(l, p);
		if (texts[n++] == NULL)
			return refuse(why_r, "quotes that do not belong "
			    "together:", start);
		l->listed++;
	} while (**p == ',' && (*p)[1] != '\0' &&
	    strchr(BLANKS, (*p)[1]) == NULL);
	if (l->by[id] == LAYER_HOST) {
		(void)snprintf(why_r, LAYERED_WHY, "%s is there twice",
		    setting_name(id));
		return -1;
	}
	return set(l, id, LAYER_HOST, texts, n, why_r);
}

static int
refuse_name(const char *name, int id, char *why_r)
{
	const char *near = setting_nearest(name, HOST);

	if (id >= 0) {
		(void)snprintf(why_r, LAYERED_WHY, "%s cannot be set for a "
		    "single host", name);
		return -1;
	}
	(void)refuse(why_r, "unknown setting", name);
	if (near != NULL)
		(void)snprintf(why_r + strlen(why_r),
		    LAYERED_WHY - strlen(why_r), " (did you mean %s?)", near);
	return -1;
}

static int
take_setting(struct layered *l, const char **p, char *why_r)
{
	size_t len = strcspn(*p, BLANKS ",=");
	char name[NAME_MOST];
	int id;

	(void)snprintf(name, sizeof(name), "%.*s", (int)len, *p);
	if ((*p)[len] != '=')
		return refuse(why_r, "setting=value is expected, not", name);
	id = setting_find(name);
	if (id < 0 || (setting_rows[id].scope & HOST) == 0)
		return refuse_name(name, id, why_r);
	*p += len + 1;
	return take_value(l, (enum setting_id)id, p, why_r);
}

static int
take_row(struct layered *l, const char *row, char *why_r)
{
	l->wrong = LAYER_HOST;
	if (strlen(row) >= LAYERED_ROW) {
		(void)snprintf(why_r, LAYERED_WHY, "longer than %d bytes",
		    LAYERED_ROW - 1);
		return -1;
	}
	if (row[strspn(row, BLANKS ",")] == '\0') {
		(void)snprintf(why_r, LAYERED_WHY,
		    "setting=value is expected");
		return -1;
	}
	while (*(row += strspn(row, BLANKS ",")) != '\0')
		if (take_setting(l, &row, why_r) != 0)
			return -1;
	return 0;
}

/* The nth word of "a|b|c", or the last. */
static void
nth_word(const char *words, int64_t n, char *dst, size_t size)
{
	const char *next;

	for (; n > 0 && (next = strchr(words, '|')) != NULL; n--)
		words = next + 1;
	(void)snprintf(dst, size, "%.*s", (int)strcspn(words, "|"), words);
}

/* What else SENDERCHECK can be is not what sender-own does. */
static bool
unsupported(enum setting_id id, const char *value)
{
	return id == SETTING_sender_own && (text_same(value, "LOOSE") ||
	    text_same(value, "STRICT"));
}

/*
 * How qmail writes it is not how the file does: a switch is on if it is
 * there, levels and limits are digits, and none is as many as there can be.
 * behind: what stands behind the variable's name in settings.def.
 */
static int
translate(enum setting_id id, const char *behind, const char *value,
    char *dst, size_t size)
{
	const struct setting_row *row = &setting_rows[id];
	int64_t n;

	if (unsupported(id, value))
		return -1;
	if (*behind == '=') {
		(void)snprintf(dst, size, "%.*s", (int)strcspn(behind + 1,
		    ","), behind + 1);
		return 0;
	}
	if (row->type == SETTING_BOOL)
		return text_copy(dst, size, "yes");
	if (row->type == SETTING_STRING)
		return text_copy(dst, size, value);
	if (text_number(value, 0, INT64_MAX / 1000, &n) != 0)
		return -1;
	if (row->type == SETTING_CHOICE)
		nth_word(row->words, n, dst, size);
	else if (row->type == SETTING_DURATION)
		(void)snprintf(dst, size, "%llds", (long long)n);
	else
		(void)snprintf(dst, size, "%lld", (long long)(n > 0 ? n :
		    row->most));
	return 0;
}

static int
take_variable(struct layered *l, enum setting_id id, enum layer layer,
    const char *name, int len, const char *value, char *why_r)
{
	char text[VARIABLES_ROOM], reason[LAYERED_WHY / 2];
	char shown[SETTING_SHOWN];
	const char *as = text;

	if (translate(id, name + len, value, text, sizeof(text)) != 0) {
		(void)snprintf(why_r, LAYERED_WHY, "%.*s %s, not %s", len,
		    name, unsupported(id, value) ? "may be empty here" :
		    "must be a whole number", setting_show(value, shown));
		return -1;
	}
	/* A string is kept by reference. */
	if (setting_rows[id].type == SETTING_STRING)
		as = value;
	if (set(l, id, layer, &as, 1, why_r) == 0)
		return 0;
	(void)snprintf(reason, sizeof(reason), "%s", why_r);
	(void)snprintf(why_r, LAYERED_WHY, "%.*s=%s: %s", len, name,
	    setting_show(value, shown), reason);
	return -1;
}

const char *
layered_variable(const struct variables *v, enum setting_id id, size_t *len_r,
    const char **value_r)
{
	const char *names = setting_rows[id].qmail;

	if ((setting_rows[id].scope & VARIABLE) == 0)
		return NULL;
	for (size_t n; *names != '\0'; names += n + strspn(names + n, ", ")) {
		n = strcspn(names, ",");
		*len_r = strcspn(names, "=,");
		*value_r = variables_get(v, names, *len_r);
		if (*value_r != NULL)
			return names;
	}
	return NULL;
}

static int
take_variables(struct layered *l, enum layer layer, const struct variables *v,
    char *why_r)
{
	const char *name, *value;
	size_t len;

	l->wrong = layer;
	for (int i = 0; v != NULL && i < SETTING_COUNT; i++) {
		enum setting_id id = (enum setting_id)i;

		name = layered_variable(v, id, &len, &value);
		if (name != NULL && take_variable(l, id, layer, name,
		    (int)len, value, why_r) != 0)
			return -1;
	}
	return 0;
}

int
layered_make(struct layered *l, const struct conf *c, int listener,
    int channel, const char *row, const struct variables *environment,
    const struct variables *rules, char why_r[LAYERED_WHY])
{
	memset(l->by, LAYER_CONF, sizeof(l->by));
	l->used = l->listed = 0;
	l->wrong = LAYER_CONF;
	conf_effective(c, listener, channel, &l->v);
	if (row != NULL && take_row(l, row, why_r) != 0)
		return -1;
	if (take_variables(l, LAYER_ENVIRONMENT, environment, why_r) != 0)
		return -1;
	return take_variables(l, LAYER_RULES, rules, why_r);
}

void
layered_section(const struct layered *l, struct origin at,
    struct section *s_r)
{
	memset(s_r, 0, sizeof(*s_r));
	s_r->scope = CHANNEL;
	s_r->title = "";
	s_r->where = at;
	s_r->v = l->v;
	for (int i = 0; i < SETTING_COUNT; i++)
		if (l->by[i] == LAYER_HOST)
			s_r->from[i] = at;
}
