/*
 * tb_text - the plain file kind: key and value a line, inlet-tables(5).
 *
 * The file is read whole when the table is opened; later changes to it, even
 * a cut, are seen only by who opens it again.
 */
#include "config.h"

#include "tables/snap.h"

static int
text_open(const struct section *s, const char *path, void **state_r,
    struct buf *why_r)
{
	struct snap_maker *m;
	struct tbfile f;
	struct tbrow r;
	struct buf why;
	int rc;

	(void)s;
	if (tbfile_open(&f, path, why_r) == -1)
		return -1;
	m = snap_new();
	tbrow_init(&r);
	buf_init(&why, 256);
	while ((rc = tbfile_next(&f, &r, why_r)) == 1)
		if (snap_add(m, &r, f.line, &why) == -1) {
			tb_why(why_r, "%s:%d: %s", path, f.line, buf_str(&why));
			rc = -1;
			break;
		}
	buf_free(&why);
	tbrow_free(&r);
	tbfile_close(&f);
	if (rc == -1) {
		snap_drop(m);
		return -1;
	}
	*state_r = snap_finish(m, why_r);
	return *state_r == NULL ? -1 : 0;
}

const struct tb_kind tb_text = {
	.name = "text",
	.open = text_open,
	.find = snap_find,
	.find_address = snap_find_address,
	.walk = snap_walk,
	.holds = snap_holds,
	.close = snap_close,
};
