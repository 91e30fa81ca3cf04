/*
 * variables - see variables.h.
 *
 * Nothing here interprets a value.
 */
#include "config.h"

#include <string.h>
#include "lib/settings.h"
#include "lib/text.h"
#include "lib/variables.h"

static const struct {
	int scope;
	const char *names;
} rows[] = {
#define SETTING(name, type, fallback, least, most, scope, zmailer, qmail, \
    text) { scope, qmail },
#include "lib/settings.def"
#undef SETTING
};

bool
variables_listed(const char *names, const char *name, size_t len)
{
	size_t n;

	for (; *names != '\0'; names += n + strspn(names + n, ", ")) {
		n = strcspn(names, ",");
		if (strcspn(names, "=,") == len &&
		    memcmp(names, name, len) == 0)
			return true;
	}
	return false;
}

bool
variables_known(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if ((rows[i].scope & VARIABLE) != 0 &&
		    variables_listed(rows[i].names, name, len))
			return true;
	return false;
}

/* The entry of that name, or the end. */
static char *
find(const struct variables *v, const char *name, size_t len)
{
	const char *p = v->text;

	while (*p != '\0' && !(strncmp(p, name, len) == 0 && p[len] == '='))
		p += strlen(p) + 1;
	return (char *)(uintptr_t)p;
}

int
variables_set(struct variables *v, const char *name, const char *value)
{
	size_t len = strlen(name), more = strlen(value), used;
	char *at, *next, *end;

	if (!variables_known(name, len))
		return 0;
	if (!text_printable(value, more))
		return -1;
	at = find(v, name, len);
	if (*at != '\0') {
		next = at + strlen(at) + 1;
		memmove(at, next, (size_t)(v->text + sizeof(v->text) - next));
	}
	for (end = v->text; *end != '\0';)
		end += strlen(end) + 1;
	used = (size_t)(end - v->text);
	/* With '=', its NUL and the empty one. */
	if (used + len + more + 3 > sizeof(v->text))
		return -1;
	memcpy(end, name, len);
	end[len] = '=';
	memcpy(end + len + 1, value, more + 1);
	end[len + 1 + more + 1] = '\0';
	return 0;
}

const char *
variables_get(const struct variables *v, const char *name, size_t len)
{
	const char *at = find(v, name, len);

	return *at != '\0' ? at + len + 1 : NULL;
}

bool
variables_any(const struct variables *v)
{
	return v->text[0] != '\0';
}

bool
variables_good(const struct variables *v)
{
	const char *p = v->text, *end = v->text + sizeof(v->text);
	size_t len, name;

	for (; p < end && *p != '\0'; p += len + 1) {
		len = strnlen(p, (size_t)(end - p));
		if (p + len == end)
			return false;
		name = strcspn(p, "=");
		if (p[name] != '=' || !variables_known(p, name) ||
		    !text_printable(p, len) || find(v, p, name) != p)
			return false;
	}
	return p < end;
}

int
variables_take(struct variables *v_r, char *const *environment,
    const char **name_r)
{
	char *picked[VARIABLES_MOST + 1];
	char name[64];

	memset(v_r, 0, sizeof(*v_r));
	variables_pick(environment, picked);
	for (size_t i = 0; picked[i] != NULL; i++) {
		size_t len = strcspn(picked[i], "=");

		*name_r = picked[i];
		if (len >= sizeof(name))
			return -1;
		memcpy(name, picked[i], len);
		name[len] = '\0';
		if (variables_set(v_r, name, picked[i] + len + 1) != 0)
			return -1;
	}
	return 0;
}

void
variables_pick(char *const *environment, char *picked_r[VARIABLES_MOST + 1])
{
	size_t n = 0;

	for (; *environment != NULL && n < VARIABLES_MOST; environment++) {
		size_t len = strcspn(*environment, "=");

		if ((*environment)[len] == '=' &&
		    variables_known(*environment, len))
			picked_r[n++] = *environment;
	}
	picked_r[n] = NULL;
}
