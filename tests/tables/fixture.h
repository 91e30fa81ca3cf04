/*
 * fixture - a configuration made in memory, and files in a scratch folder.
 */
#ifndef TESTS_TABLES_FIXTURE_H
#define TESTS_TABLES_FIXTURE_H

#include <err.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/conf.h"
#include "lib/digest.h"
#include "tables/tb.h"
#include "tests/tap.h"

static char scratch[256];

MM_UNUSED static void
scratch_make(void)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(scratch, sizeof(scratch), "%s/inlet-tables-%s",
	    tmp != NULL ? tmp : "/tmp", "XX" "XX" "XX");
	if (mkdtemp(scratch) == NULL)
		err(1, "%s", scratch);
}

/* The name of a file in the scratch folder; the last 64 stay. */
MM_UNUSED static const char *
scratch_path(const char *name)
{
	static char paths[64][512];
	static int next;

	next = (next + 1) % 64;
	(void)snprintf(paths[next], sizeof(paths[next]), "%s/%s", scratch,
	    name);
	return paths[next];
}

MM_UNUSED static const char *
scratch_file(const char *name, const char *text)
{
	const char *path = scratch_path(name);
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) == EOF)
		err(1, "%s", path);
	return path;
}

/* What stands beside a table: with the sum of its lines as the last. */
MM_UNUSED static void
scratch_sidecar(const char *name, const char *text)
{
	char whole[2048];
	int n = snprintf(whole, sizeof(whole), "%ssum %016llx\n", text,
	    (unsigned long long)digest_of(text, strlen(text)));

	if (n < 0 || (size_t)n >= sizeof(whole))
		errx(1, "%s is too long", name);
	(void)scratch_file(name, whole);
}

/* Removes the named files, then the folder. */
MM_UNUSED static void
scratch_remove(const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		(void)unlink(scratch_path(names[i]));
	if (rmdir(scratch) == -1)
		printf("# %s is not empty\n", scratch);
}

MM_UNUSED static struct section *
conf_section(struct conf *c, enum setting_scope scope, const char *title)
{
	static int line;
	struct section *s;
	char why[256];

	if (conf_add(c, scope, title, (struct origin){ "test.conf", ++line },
	    &s, why, sizeof(why)) == -1)
		errx(1, "%s: %s", title, why);
	return s;
}

/* Sets name to the words up to a null. */
MM_UNUSED static void
conf_put(struct section *s, const char *name, ...)
{
	const char *texts[32];
	char why[256];
	size_t n = 0;
	va_list ap;

	va_start(ap, name);
	while (n < ARRAY_LEN(texts) &&
	    (texts[n] = va_arg(ap, const char *)) != NULL)
		n++;
	va_end(ap);
	if (conf_set(s, name, texts, n, (struct origin){ "test.conf", 99 },
	    why, sizeof(why)) == -1)
		errx(1, "%s: %s", name, why);
}

#define put(s, ...) conf_put((s), __VA_ARGS__, (const char *)NULL)

/* A table of that kind with that file. */
MM_UNUSED static struct section *
conf_file_table(struct conf *c, const char *title, const char *type,
    const char *path)
{
	struct section *s = conf_section(c, TABLE, title);

	put(s, "type", type);
	put(s, "file", path);
	return s;
}

/* A table that always has to try later. */
MM_UNUSED static enum tb_answer
broken_find(void *state, const char *key, size_t len, struct buf *value_r,
    int *line_r)
{
	(void)state, (void)key, (void)len, (void)value_r, (void)line_r;
	return TB_LATER;
}

MM_UNUSED static const struct tb_kind broken_kind = {
	.name = "broken", .find = broken_find
};
static char broken_title[] = "broken";
MM_UNUSED static struct tb broken = {
	.kind = &broken_kind, .name = broken_title,
	.holds = TB_ADDRESSES | TB_NAMES
};

MM_UNUSED static const char *
answer_text(enum tb_answer answer, const struct buf *value)
{
	switch (answer) {
	case TB_FOUND:
		return buf_str(value);
	case TB_LATER:
		return "(later)";
	case TB_NEGATED:
		return "(negated)";
	case TB_NOT_FOUND:
		break;
	}
	return "(none)";
}

/* What the table has for key: "value", "(none)", "(later)", "(negated)". */
MM_UNUSED static const char *
found(struct tb *t, const char *key)
{
	static char text[1024];
	struct buf value;
	enum tb_answer answer;

	buf_init(&value, sizeof(text) - 1);
	answer = tb_find(t, key, &value, NULL);
	(void)snprintf(text, sizeof(text), "%s", answer_text(answer, &value));
	buf_free(&value);
	return text;
}

MM_UNUSED static const char *
found_address(struct tb *t, const char *address)
{
	static char text[1024];
	struct buf value;
	struct netaddr a;
	enum tb_answer answer;

	if (net_parse(address, &a) == -1)
		errx(1, "%s", address);
	buf_init(&value, sizeof(text) - 1);
	answer = tb_find_address(t, &a, &value, NULL);
	(void)snprintf(text, sizeof(text), "%s", answer_text(answer, &value));
	buf_free(&value);
	return text;
}

MM_UNUSED static const char *
found_name(struct tb *t, const char *key)
{
	static char text[1024];
	struct buf value;
	enum tb_answer answer;

	buf_init(&value, sizeof(text) - 1);
	answer = tb_find_name(t, key, &value, NULL);
	(void)snprintf(text, sizeof(text), "%s", answer_text(answer, &value));
	buf_free(&value);
	return text;
}

#endif
