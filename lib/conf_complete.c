/*
 * conf_complete - what the file left open.
 *
 * The machine's name, the directories that depend on where the file is, and
 * the configuration that is in force where nothing is configured: port 25,
 * this machine as the channel "local", everybody else as "world".  Then
 * conf_check() has the last word.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "lib/conf.h"
#include "lib/conf_check.h"
#include "lib/path.h"
#include "lib/text.h"

static const struct origin embedded = { CONF_EMBEDDED, 0 };

/* Sets what the table of settings allows for sure, or says why not. */
static void
fill(struct section *s, enum setting_id id, const char *const *texts, size_t n,
    struct origin from, struct conf_wrong *w)
{
	char why[512];

	if (conf_force(s, setting_name(id), texts, n, from, why,
	    sizeof(why)) != 0)
		conf_wrong(w, from, "%s", why);
}

static struct section *
add(struct conf *c, enum setting_scope scope, const char *title,
    struct conf_wrong *w)
{
	struct section *s;
	char why[512];

	if (conf_add(c, scope, title, embedded, &s, why, sizeof(why)) == 0)
		return s;
	conf_wrong(w, embedded, "%s", why);
	return NULL;
}

static void
complete_sections(struct conf *c, struct conf_wrong *w)
{
	static const char *const port = "25", *const list = "list",
	    *const table = "local-hosts", *const local = "local",
	    *const rows[] = { "localhost", "127.0.0.1", "::1" };
	const char *own[ARRAY_LEN(rows) + 1] = { c->server.v.hostname };
	size_t n = 1;
	struct section *s;

	if (c->nlisteners == 0 && (s = add(c, LISTENER, "smtp", w)) != NULL)
		fill(s, SETTING_port, &port, 1, embedded, w);
	if (c->nchannels > 0)
		return;
	if (conf_table(c, table) < 0 && (s = add(c, TABLE, table, w)) != NULL) {
		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			if (!text_same(rows[i], own[0]))
				own[n++] = rows[i];
		}
		fill(s, SETTING_type, &list, 1, embedded, w);
		fill(s, SETTING_rows, own, n, embedded, w);
	}
	if ((s = add(c, CHANNEL, local, w)) != NULL) {
		fill(s, SETTING_table, &table, 1, embedded, w);
		fill(s, SETTING_program, &local, 1, embedded, w);
	}
	/* The last one, which has no table: all hosts that are not found. */
	(void)add(c, CHANNEL, "world", w);
}

static void
complete_hostname(struct conf *c, struct conf_wrong *w)
{
	struct origin from = { CONF_MACHINE, 0 };
	char name[256] = "", shown[SETTING_SHOWN];
	const char *text = name;

	if (c->server.v.hostname[0] != '\0')
		return;
	if (gethostname(name, sizeof(name) - 1) != 0) {
		conf_wrong(w, from, "its name cannot be had: %s; set hostname",
		    strerror(errno));
		return;
	}
	if (!path_is_domain(name, strlen(name))) {
		conf_wrong(w, from, "its name %s is not a domain name; "
		    "set hostname", setting_show(name, shown));
		return;
	}
	fill(&c->server, SETTING_hostname, &text, 1, from, w);
}

/* Relative names of tables' files begin at table-directory. */
static void
complete_files(struct conf *c, struct conf_wrong *w)
{
	struct section *s = &c->server;
	const char *slash = strrchr(c->path, '/');
	char path[1024];
	const char *text = path;
	int n;

	if (s->v.table_directory[0] == '\0') {
		if (slash == NULL || slash == c->path)
			n = snprintf(path, sizeof(path), "/");
		else
			n = snprintf(path, sizeof(path), "%.*s",
			    (int)(slash - c->path), c->path);
		if (n < 0 || (size_t)n >= sizeof(path))
			path[0] = '\0';	/* refused by its bounds */
		fill(s, SETTING_table_directory, &text, 1,
		    (struct origin){ c->path, 0 }, w);
	}
	for (int i = 0; i < c->ntables; i++) {
		struct section *t = &c->tables[i];

		if (t->v.file[0] == '\0' || t->v.file[0] == '/')
			continue;
		n = snprintf(path, sizeof(path), "%s/%s",
		    s->v.table_directory, t->v.file);
		if (n < 0 || (size_t)n >= sizeof(path))
			continue;
		fill(t, SETTING_file, &text, 1, t->from[SETTING_file], w);
	}
}

int
conf_complete(struct conf *c, struct buf *why_r)
{
	struct conf_wrong w = { why_r, 0 };

	complete_hostname(c, &w);
	complete_sections(c, &w);
	/* With no file there is nothing that a relative name could refer to. */
	if (c->path[0] != '\0')
		complete_files(c, &w);
	conf_check(c, &w);
	return w.n > 0 ? -1 : 0;
}
