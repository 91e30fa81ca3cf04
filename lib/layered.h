/*
 * layered - the settings in force for one client: what the configuration
 * says, and over it its row in host-settings and the environment.
 *
 * Sessions, submit and inlet make them with this one function.  Who has
 * neither a row nor variables of its own needs no copy: see
 * server_settings().
 */
#ifndef LIB_LAYERED_H
#define LIB_LAYERED_H

#include "lib/conf.h"

#define LAYERED_ROW 2048	/* longest row */
#define LAYERED_LIST 64		/* elements of its lists in all */
#define LAYERED_WHY 512

/* What a value was set by; the later, the stronger. */
enum layer {
	LAYER_CONF,		/* default, file, listener or channel */
	LAYER_HOST,		/* the host's row */
	LAYER_ENVIRONMENT,	/* our own, or the session's */
	LAYER_RULES		/* setenv in hosts.allow */
};

/* Not to be copied: v refers to text and list. */
struct layered {
	struct settings v;
	uint8_t by[SETTING_COUNT];	/* enum layer */
	enum layer wrong;		/* which one failed */
	size_t used, listed;
	char text[LAYERED_ROW];
	const char *list[LAYERED_LIST];
};

/*
 * listener, channel: indexes, or -1.  row: the value in host-settings, or
 * null; environment and rules: or null, and they must outlive l_r->v.
 * 0, or -1 with l_r->wrong and a reason that names the word or the variable.
 */
MM_MUST_USE int layered_make(struct layered *l_r, const struct conf *c,
    int listener, int channel, const char *row,
    const struct variables *environment, const struct variables *rules,
    char why_r[LAYERED_WHY]);

/*
 * What the row sets, as a section that stands at that place: for checks of
 * what stands in sections.  It lives as long as l.
 */
void layered_section(const struct layered *l, struct origin at,
    struct section *s_r);

/*
 * The variable that a VARIABLE setting is set by: its name, not NUL-ended, and
 * the value; null if v has none.
 */
const char *layered_variable(const struct variables *v, enum setting_id id,
    size_t *len_r, const char **value_r);

#endif
