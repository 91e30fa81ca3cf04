/*
 * wrapwatch - see wrapwatch.h.
 *
 * Runs in submit, which need not be able to read the files: lookup is.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include "tables/wraprules.h"
#include "tables/wrapwatch.h"

static bool
same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool
file_sets(struct wrapwatch_file *f, const char *path)
{
	struct stat now;

	if (stat(path, &now) != 0) {
		f->known = false;
		return errno != ENOENT;
	}
	if (!f->known || !same(&f->was, &now)) {
		int result = wraprules_set(path);

		f->sets = result != 0;
		f->was = now;
		f->known = result >= 0;
	}
	return f->sets;
}

bool
wrapwatch_sets(struct wrapwatch *w)
{
	const struct settings *v;
	bool allow, deny;

	if (w->conf == NULL || !wraprules_heeded())
		return false;
	v = &w->conf->server.v;
	allow = file_sets(&w->files[0], v->hosts_allow);
	deny = file_sets(&w->files[1], v->hosts_deny);
	return allow || deny;
}

void
wrapwatch_init(struct wrapwatch *w, const struct conf *c)
{
	memset(w, 0, sizeof(*w));
	w->conf = c;
	(void)wrapwatch_sets(w);
}
