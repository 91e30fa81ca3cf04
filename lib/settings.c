/*
 * settings - defaults, set, print, manual rows: all from settings.def.
 *
 * Every function here is a walk over the rows, or one case a type.  Nothing
 * knows a setting by name.  Text that comes in is a person's: every refusal
 * says what would have been right.
 */
#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "lib/log.h"
#include "lib/settings.h"
#include "lib/text.h"
#include "lib/xalloc.h"

#define NAME_ROOM 40
#define ELEMENT_MOST 1000	/* characters of one element of a list */

/* The fourth and fifth column mean another thing for CHOICE. */
#define BOUNDS_BOOL(least, most) (least), (most), NULL
#define BOUNDS_INT(least, most) (least), (most), NULL
#define BOUNDS_DURATION(least, most) (least), (most), NULL
#define BOUNDS_SIZE(least, most) (least), (most), NULL
#define BOUNDS_STRING(least, most) (least), (most), NULL
#define BOUNDS_LIST(least, most) (least), (most), NULL
#define BOUNDS_CHOICE(words, most) 0, (most), (words)

const struct setting_row setting_rows[SETTING_COUNT] = {
#define SETTING(name, type, fallback, least, most, scope, zmailer, qmail,      \
    text)                                                                      \
	[SETTING_##name] = { SETTING_##type, fallback,                         \
		BOUNDS_##type(least, most), scope, zmailer, qmail, text,       \
		offsetof(struct settings, name) },
#include "lib/settings.def"
#undef SETTING
};

static const char *const c_names[SETTING_COUNT] = {
#define SETTING(name, ...) [SETTING_##name] = #name,
#include "lib/settings.def"
#undef SETTING
};

#define SETTING(name, ...)                                                     \
	static_assert(sizeof(#name) <= NAME_ROOM, "name too long: " #name);
#include "lib/settings.def"
#undef SETTING

static void *
field(struct settings *s, enum setting_id id)
{
	return (char *)s + setting_rows[id].offset;
}

static const void *
field_of(const struct settings *s, enum setting_id id)
{
	return (const char *)s + setting_rows[id].offset;
}

const char *
setting_name(enum setting_id id)
{
	static char names[SETTING_COUNT][NAME_ROOM];
	char *name = names[id];

	for (size_t i = 0; name[i] != c_names[id][i]; i++)
		name[i] = c_names[id][i] == '_' ? '-' : c_names[id][i];
	return name;
}

int
setting_find(const char *name)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		if (strcmp(setting_name((enum setting_id)i), name) == 0)
			return i;
	}
	return -1;
}

const char *
setting_nearest(const char *name, int scope)
{
	const char *known[SETTING_COUNT];
	size_t n = 0;

	for (int i = 0; i < SETTING_COUNT; i++) {
		if ((setting_rows[i].scope & scope) != 0)
			known[n++] = setting_name((enum setting_id)i);
	}
	return text_nearest(name, known, n);
}

const char *
setting_show(const char *text, char dst[SETTING_SHOWN])
{
	size_t n = 0;

	dst[n++] = '"';
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		/* Room for one escape, the dots, the quote and the NUL. */
		if (n + 4 + 3 + 2 > SETTING_SHOWN) {
			memcpy(dst + n, "...", 3);
			n += 3;
			break;
		}
		if (c >= 0x20 && c < 0x7f)
			dst[n++] = (char)c;
		else
			n += (size_t)snprintf(dst + n, 5, "\\x%02x", c);
	}
	dst[n++] = '"';
	dst[n] = '\0';
	return dst;
}

/* The nth word of "a|b|c", or false behind the last. */
static bool
choice_word(const char *words, int n, const char **word_r, size_t *len_r)
{
	while (n > 0) {
		words = strchr(words, '|');
		if (words == NULL)
			return false;
		words++;
		n--;
	}
	*word_r = words;
	*len_r = strcspn(words, "|");
	return true;
}

static int
set_bool(bool *b, enum setting_id id, const char *text, char *why_r,
    size_t size)
{
	static const char *const words[] = { "no", "false", "off", "yes",
		"true", "on" };
	char shown[SETTING_SHOWN];

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (text_same(text, words[i])) {
			*b = i >= 3;
			return 0;
		}
	}
	snprintf(why_r, size, "%s must be yes or no, not %s", setting_name(id),
	    setting_show(text, shown));
	return -1;
}

/* A number of one of the three kinds, as text of that kind. */
static void
number_text(enum setting_type type, int64_t n, char *dst, size_t size)
{
	if (type == SETTING_DURATION)
		text_from_duration(dst, size, n);
	else if (type == SETTING_SIZE)
		text_from_size(dst, size, n);
	else
		snprintf(dst, size, "%" PRId64, n);
}

static int
set_number(int64_t *n_r, enum setting_id id, const char *text, char *why_r,
    size_t size)
{
	const struct setting_row *row = &setting_rows[id];
	const char *kind, *such;
	char shown[SETTING_SHOWN], least[32], most[32];
	int64_t n;
	int bad;

	if (row->type == SETTING_DURATION) {
		kind = "a time";
		such = ", such as 90s or 5m";
		bad = text_duration(text, &n);
	} else if (row->type == SETTING_SIZE) {
		kind = "a size";
		such = ", such as 512K or 10M";
		bad = text_size(text, &n);
	} else {
		kind = "a whole number";
		such = "";
		bad = text_number(text, INT64_MIN, INT64_MAX, &n);
	}
	if (bad != 0 || n < row->least || n > row->most) {
		number_text(row->type, row->least, least, sizeof(least));
		number_text(row->type, row->most, most, sizeof(most));
		snprintf(why_r, size, "%s must be %s from %s to %s%s, not %s",
		    setting_name(id), kind, least, most, such,
		    setting_show(text, shown));
		return -1;
	}
	*n_r = n;
	return 0;
}

static int
set_string(const char **s_r, enum setting_id id, const char *text, char *why_r,
    size_t size)
{
	const struct setting_row *row = &setting_rows[id];
	size_t len = strlen(text);
	char shown[SETTING_SHOWN];

	if (!text_printable(text, len)) {
		snprintf(why_r, size,
		    "%s must have printable ASCII characters only, not %s",
		    setting_name(id), setting_show(text, shown));
		return -1;
	}
	if (len < (size_t)row->least || len > (size_t)row->most) {
		snprintf(why_r, size,
		    "%s must have %" PRId64 " to %" PRId64
		    " characters, not %zu",
		    setting_name(id), row->least, row->most, len);
		return -1;
	}
	*s_r = text;
	return 0;
}

static int
set_list(struct strings *l, enum setting_id id, const char *const *texts,
    size_t n, char *why_r, size_t size)
{
	const struct setting_row *row = &setting_rows[id];
	char shown[SETTING_SHOWN];

	if (n < (size_t)row->least || n > (size_t)row->most) {
		snprintf(why_r, size,
		    "%s must have %" PRId64 " to %" PRId64 " elements, not %zu",
		    setting_name(id), row->least, row->most, n);
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(texts[i]);

		if (len > ELEMENT_MOST) {
			snprintf(why_r, size,
			    "an element of %s has %zu characters; at most %d "
			    "may be: %s",
			    setting_name(id), len, ELEMENT_MOST,
			    setting_show(texts[i], shown));
			return -1;
		}
		if (!text_printable(texts[i], len)) {
			snprintf(why_r, size,
			    "%s must have printable ASCII characters only, "
			    "not %s",
			    setting_name(id), setting_show(texts[i], shown));
			return -1;
		}
	}
	l->n = n;
	l->at = texts;
	return 0;
}

#define CHOICES 16

/* The one of list ("a b c") that is meant by text, or null; cuts list up. */
static const char *
nearest_word(char *list, const char *text)
{
	const char *known[CHOICES];
	size_t n = 0;

	while (n < ARRAY_LEN(known) && *list != '\0') {
		known[n++] = list;
		list += strcspn(list, " ");
		if (*list != '\0')
			*list++ = '\0';
	}
	return text_nearest(text, known, n);
}

static int
set_choice(int *c, enum setting_id id, const char *text, char *why_r,
    size_t size)
{
	const char *words = setting_rows[id].words, *word, *near;
	char list[SETTING_SHOWN], shown[SETTING_SHOWN];
	char cut[SETTING_SHOWN];
	size_t len;

	for (int i = 0; choice_word(words, i, &word, &len); i++) {
		if (strlen(text) == len && memcmp(text, word, len) == 0) {
			*c = i;
			return 0;
		}
	}
	snprintf(list, sizeof(list), "%s", words);
	for (char *p = list; (p = strchr(p, '|')) != NULL;)
		*p = ' ';
	memcpy(cut, list, sizeof(cut));
	near = nearest_word(cut, text);
	snprintf(why_r, size, "%s must be one of: %s; not %s%s%s%s",
	    setting_name(id), list, setting_show(text, shown),
	    near != NULL ? " (did you mean " : "", near != NULL ? near : "",
	    near != NULL ? "?)" : "");
	return -1;
}

int
setting_set(struct settings *s, enum setting_id id, const char *const *texts,
    size_t n, char *why_r, size_t size)
{
	enum setting_type type = setting_rows[id].type;
	void *f = field(s, id);

	if (type != SETTING_LIST && n != 1) {
		snprintf(why_r, size, "%s takes one value, not a list",
		    setting_name(id));
		return -1;
	}
	switch (type) {
	case SETTING_BOOL:
		return set_bool(f, id, texts[0], why_r, size);
	case SETTING_INT:
	case SETTING_DURATION:
	case SETTING_SIZE:
		return set_number(f, id, texts[0], why_r, size);
	case SETTING_STRING:
		return set_string(f, id, texts[0], why_r, size);
	case SETTING_LIST:
		return set_list(f, id, texts, n, why_r, size);
	case SETTING_CHOICE:
		return set_choice(f, id, texts[0], why_r, size);
	}
	return -1;
}

/* The default of a LIST is one text with commas. */
static const char *const *
split(const char *fallback, size_t *n_r)
{
	char *copy = xstrdup(fallback);
	const char **at = xcalloc(strlen(fallback) + 1, sizeof(*at));
	size_t n = 0;

	for (char *p = copy; *p != '\0';) {
		size_t len = strcspn(p, ",");
		bool last = p[len] == '\0';

		p[len] = '\0';
		at[n++] = p;
		p += len + (last ? 0 : 1);
	}
	*n_r = n;
	return at;
}

void
settings_defaults(struct settings *s_r)
{
	static struct settings made;
	static bool ready;
	char why[256];

	for (int i = 0; !ready && i < SETTING_COUNT; i++) {
		const char *const *texts = &setting_rows[i].fallback;
		size_t n = 1;

		if (setting_rows[i].type == SETTING_LIST) {
			if (setting_rows[i].fallback[0] == '\0')
				continue;
			texts = split(setting_rows[i].fallback, &n);
		}
		PANIC_IF(setting_set(&made, (enum setting_id)i, texts, n, why,
		    sizeof(why)) != 0);
	}
	ready = true;
	*s_r = made;
}

void
setting_copy(struct settings *to, const struct settings *from,
    enum setting_id id)
{
	static const size_t sizes[] = {
		[SETTING_BOOL] = sizeof(bool),
		[SETTING_INT] = sizeof(int64_t),
		[SETTING_DURATION] = sizeof(int64_t),
		[SETTING_SIZE] = sizeof(int64_t),
		[SETTING_STRING] = sizeof(const char *),
		[SETTING_LIST] = sizeof(struct strings),
		[SETTING_CHOICE] = sizeof(int),
	};

	memcpy(field(to, id), field_of(from, id),
	    sizes[setting_rows[id].type]);
}

int
setting_text(const struct settings *s, enum setting_id id, char *dst,
    size_t size)
{
	const struct setting_row *row = &setting_rows[id];
	const void *f = field_of(s, id);
	const char *word;
	size_t len;

	switch (row->type) {
	case SETTING_BOOL:
		return text_copy(dst, size, *(const bool *)f ? "yes" : "no");
	case SETTING_INT:
	case SETTING_DURATION:
	case SETTING_SIZE:
		number_text(row->type, *(const int64_t *)f, dst, size);
		return 0;
	case SETTING_CHOICE:
		if (!choice_word(row->words, *(const int *)f, &word, &len))
			return -1;
		snprintf(dst, size, "%.*s", (int)len, word);
		return 0;
	case SETTING_STRING:
	case SETTING_LIST:
		break;
	}
	return -1;
}

const char *
settings_domain(const struct settings *s)
{
	return s->default_domain[0] != '\0' ? s->default_domain :
	    s->hostname;
}

struct strings
setting_strings(const struct settings *s, enum setting_id id)
{
	if (setting_rows[id].type == SETTING_LIST)
		return *(const struct strings *)field_of(s, id);
	return (struct strings){ 1, field_of(s, id) };
}

/*
 * In double quotes.  A dollar sign is escaped too: the reader refuses "${"
 * because its library would put in a variable of the environment.
 */
static int
print_string(struct buf *b, const char *s)
{
	if (buf_addc(b, '"') != 0)
		return -1;
	for (; *s != '\0'; s++) {
		if (strchr("\"\\$", *s) != NULL && buf_addc(b, '\\') != 0)
			return -1;
		if (buf_addc(b, *s) != 0)
			return -1;
	}
	return buf_addc(b, '"');
}

int
setting_print(const struct settings *s, enum setting_id id, struct buf *b)
{
	enum setting_type type = setting_rows[id].type;
	struct strings l;
	char text[64];

	if (type != SETTING_STRING && type != SETTING_LIST) {
		if (setting_text(s, id, text, sizeof(text)) != 0)
			return -1;
		return buf_adds(b, text);
	}
	l = setting_strings(s, id);
	if (type == SETTING_STRING)
		return print_string(b, l.at[0]);
	if (buf_addc(b, '{') != 0)
		return -1;
	for (size_t i = 0; i < l.n; i++) {
		if (i > 0 && buf_adds(b, ", ") != 0)
			return -1;
		if (print_string(b, l.at[i]) != 0)
			return -1;
	}
	return buf_addc(b, '}');
}
