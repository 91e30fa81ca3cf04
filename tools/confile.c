/*
 * confile - reads a configuration file into sections, with libConfuse.
 *
 * The option table is made from settings.def, every option as a string or a
 * list of strings: numbers, times and words are read by setting_set(), never
 * by the library.  A callback hands each value on with file and line, so the
 * library's own values are not used.  What the library would take in silence
 * never reaches it (scan.h).
 */
#include "config.h"

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tools/confile.h"
#include "tools/scan.h"

#define SECTIONS 3
#define OPTIONS (SETTING_COUNT + 3)	/* mark or sections, include, end */

static const enum setting_scope kinds[SECTIONS] = { LISTENER, CHANNEL, TABLE };

/* One run of the reader. */
struct confile {
	struct conf *c;
	struct conf_wrong *w;
	struct section *section;	/* that we are in, or null */
	unsigned int seen;		/* elements of the list so far */
	int list_line;			/* where the list began */
	int before;			/* mistakes that there were */
};

/* libConfuse's callbacks get no pointer of ours. */
static struct confile *running;

static struct origin
here(const cfg_t *cfg)
{
	return (struct origin){ cfg->filename, cfg->line };
}

static struct section *
section_of(const cfg_t *cfg)
{
	return cfg->title == NULL ? &running->c->server : running->section;
}

/* A mistake in one setting does not hide the next one: reading goes on. */
static void
set(cfg_t *cfg, const char *name, const char *const *texts, size_t n, int line)
{
	struct section *s = section_of(cfg);
	struct origin from = here(cfg);
	char why[700];

	from.line = line;
	if (s != NULL &&
	    conf_set(s, name, texts, n, from, why, sizeof(why)) != 0)
		conf_wrong(running->w, from, "%s", why);
}

static int
got_value(cfg_t *cfg, cfg_opt_t *opt)
{
	const char *text = cfg_opt_getstr(opt);

	set(cfg, opt->name, &text, 1, cfg->line);
	return 0;
}

/*
 * Called for every element, and for a list in braces once more at its end:
 * then there is no new one.  The first element of such a list is the mark.
 */
static int
got_element(cfg_t *cfg, cfg_opt_t *opt)
{
	unsigned int n = cfg_opt_size(opt);
	const char *first = cfg_opt_getnstr(opt, 0);
	const char **texts;

	if (strcmp(first, SCAN_MARK) != 0) {
		set(cfg, opt->name, &first, 1, cfg->line);
		return 0;
	}
	if (n == 1 && running->seen == 0)
		running->list_line = cfg->line;
	if (n > running->seen) {
		running->seen = n;
		return 0;
	}
	running->seen = 0;
	texts = xcalloc(n, sizeof(*texts));
	for (unsigned int i = 1; i < n; i++)
		texts[i - 1] = cfg_opt_getnstr(opt, i);
	set(cfg, opt->name, texts, n - 1, running->list_line);
	free(texts);
	return 0;
}

/* The mark: the first thing in every section. */
static int
got_section(cfg_t *cfg, cfg_opt_t *opt)
{
	char why[700];

	(void)opt;
	running->section = NULL;
	for (int i = 0; i < SECTIONS; i++) {
		if (strcmp(cfg->name, conf_scope_name(kinds[i])) == 0 &&
		    conf_add(running->c, kinds[i], cfg->title, here(cfg),
		    &running->section, why, sizeof(why)) != 0)
			conf_wrong(running->w, here(cfg), "%s", why);
	}
	return 0;
}

/* Every file is opened here, relative to the one that includes it. */
static int
got_include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	const char *slash = strrchr(cfg->filename, '/');
	char path[1024], proc[32];
	const char *name = proc;
	int fd, n, rc;

	if (argc != 1 || argv[0][0] == '\0') {
		cfg_error(cfg, "include takes the name of one file");
		return -1;
	}
	if (argv[0][0] == '/' || slash == NULL)
		n = snprintf(path, sizeof(path), "%s", argv[0]);
	else
		n = snprintf(path, sizeof(path), "%.*s/%s",
		    (int)(slash - cfg->filename), cfg->filename, argv[0]);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		cfg_error(cfg, "the name of the file is too long");
		return -1;
	}
	fd = scan_file(path, running->w);
	if (fd < 0) {
		conf_wrong(running->w, here(cfg), "(included from here)");
		return -1;
	}
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	rc = cfg_include(cfg, opt, 1, &name);
	close(fd);
	if (rc != 0)
		return rc;
	/* The library frees this when the file ends, as its own. */
	free(cfg->filename);
	cfg->filename = xstrdup(path);
	return 0;
}

/* What may stand where an unknown name does. */
static void
wrong_option(const cfg_t *cfg, const char *name)
{
	const char *words[SECTIONS + 1] = { "include" };
	const char *near = NULL;
	struct section *s = section_of(cfg);
	enum setting_scope scope = s != NULL ? s->scope : SERVER;
	char shown[SETTING_SHOWN], why[700];

	for (int i = 0; i < SECTIONS; i++)
		words[i + 1] = conf_scope_name(kinds[i]);
	if (cfg->title == NULL && setting_find(name) < 0)
		near = text_nearest(name, words, ARRAY_LEN(words));
	if (near != NULL) {
		conf_wrong(running->w, here(cfg),
		    "unknown word %s (did you mean %s?)",
		    setting_show(name, shown), near);
		return;
	}
	/* It says no as to any setting that is unknown or out of place. */
	if (s != NULL && conf_set(s, name, &near, 0, here(cfg), why,
	    sizeof(why)) != 0)
		conf_wrong(running->w, here(cfg), "%s", why);
	else if (s == NULL)
		conf_wrong(running->w, here(cfg), "unknown setting %s in a %s",
		    setting_show(name, shown), conf_scope_name(scope));
}

static void got_error(cfg_t *cfg, const char *fmt, va_list ap)
    MM_PRINTF(2, 0);

static void
got_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[500], shown[SETTING_SHOWN];

	if (strcmp(fmt, "no such option '%s'") == 0) {
		wrong_option(cfg, va_arg(ap, const char *));
		return;
	}
	vsnprintf(text, sizeof(text), fmt, ap);
	if (text_printable(text, strlen(text)))
		conf_wrong(running->w, here(cfg), "%s", text);
	else
		conf_wrong(running->w, here(cfg), "%s",
		    setting_show(text, shown));
}

/* The options of one scope; the end is all zero. */
static size_t
options(enum setting_scope scope, cfg_opt_t *to)
{
	size_t n = 0;

	for (int i = 0; i < SETTING_COUNT; i++) {
		const char *name = setting_name((enum setting_id)i);
		bool list = setting_rows[i].type == SETTING_LIST;
		cfg_opt_t one = CFG_STR(name, NULL, CFGF_NODEFAULT);
		cfg_opt_t many = CFG_STR_LIST(name, NULL, CFGF_NODEFAULT);

		if ((setting_rows[i].scope & (int)scope) == 0)
			continue;
		to[n] = list ? many : one;
		to[n].validcb = list ? got_element : got_value;
		n++;
	}
	to[n++] = (cfg_opt_t)CFG_FUNC("include", got_include);
	return n;
}

/* Both, the options of the file and of its sections, are copied by init. */
static cfg_t *
init(void)
{
	static const cfg_opt_t end = CFG_END(),
	    first = CFG_STR(SCAN_MARK, NULL, CFGF_NODEFAULT);
	cfg_opt_t server[OPTIONS + SECTIONS], in[SECTIONS][OPTIONS];
	size_t n = options(SERVER, server);

	for (int i = 0; i < SECTIONS; i++) {
		const char *name = conf_scope_name(kinds[i]);
		cfg_opt_t section = CFG_SEC(name, in[i],
		    CFGF_MULTI | CFGF_TITLE);
		size_t m = options(kinds[i], in[i]);

		in[i][m] = first;
		in[i][m++].validcb = got_section;
		in[i][m] = end;
		server[n++] = section;
	}
	server[n] = end;
	return cfg_init(server, CFGF_NONE);
}

int
confile_read(struct conf *c, const char *path, struct conf_wrong *w)
{
	struct confile r = { .c = c, .w = w, .before = w->n };
	cfg_t *cfg;
	FILE *f;
	int fd, rc;

	fd = scan_file(path, w);
	if (fd < 0)
		return -1;
	f = fdopen(fd, "r");
	cfg = init();
	if (f == NULL || cfg == NULL) {
		conf_wrong(w, (struct origin){ path, 0 }, "out of memory");
		if (f != NULL)
			fclose(f);
		else
			close(fd);
		return -1;
	}
	running = &r;
	cfg_set_error_function(cfg, got_error);
	cfg->filename = xstrdup(path);
	rc = cfg_parse_fp(cfg, f);
	running = NULL;
	fclose(f);
	cfg_free(cfg);
	if (rc != CFG_SUCCESS && w->n == r.before)
		conf_wrong(w, (struct origin){ path, 0 }, "cannot be read");
	return rc != CFG_SUCCESS || w->n > r.before ? -1 : 0;
}
