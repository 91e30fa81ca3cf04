/*
 * tb_list - the kind whose rows stand in the configuration itself.
 *
 * A row is written as a line of a text table is; its line is that of the
 * setting.
 */
#include "config.h"

#include <string.h>

#include "tables/snap.h"

static int
list_row(struct snap_maker *m, struct tbrow *r, const char *text,
    const struct origin *from, struct buf *why_r)
{
	char why[256] = "no key";	/* a blank row or a comment */
	struct buf more;
	int rc = -1;

	buf_init(&more, 256);
	if (tbrow_parse(r, text, strlen(text), why, sizeof(why)) == 1)
		rc = snap_add(m, r, from->line, &more);
	if (rc == -1)
		tb_why(why_r, "%s:%d: row \"%.100s\": %s", from->file != NULL ?
		    from->file : "built-in", from->line, text,
		    more.len > 0 ? buf_str(&more) : why);
	buf_free(&more);
	return rc;
}

static int
list_open(const struct section *s, const char *path, void **state_r,
    struct buf *why_r)
{
	const struct origin *from = &s->from[SETTING_rows];
	struct snap_maker *m = snap_new();
	struct tbrow r;
	size_t i;
	int rc = 0;

	(void)path;
	tbrow_init(&r);
	for (i = 0; i < s->v.rows.n && rc == 0; i++)
		rc = list_row(m, &r, s->v.rows.at[i], from, why_r);
	tbrow_free(&r);
	if (rc == -1) {
		snap_drop(m);
		return -1;
	}
	*state_r = snap_finish(m, why_r);
	return *state_r == NULL ? -1 : 0;
}

const struct tb_kind tb_list = {
	.name = "list",
	.open = list_open,
	.find = snap_find,
	.find_address = snap_find_address,
	.walk = snap_walk,
	.holds = snap_holds,
	.close = snap_close,
};
