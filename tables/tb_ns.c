/*
 * tb_ns - the kind whose rows are the name service's: a name is in it if mail
 * for it can be sent to another host (lib/ask.h, ASK_AWAY).
 *
 * Only names of hosts and domains are asked for, never an address, a user or a
 * channel; nor a name without a dot, which strangers' name servers would be
 * asked for in vain.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "lib/xalloc.h"
#include "tables/resolver.h"

struct ns {
	struct resolver *resolver;	/* null: nobody can be asked */
};

static int
ns_open(const struct section *s, const char *path, void **state_r,
    struct buf *why_r)
{
	(void)s, (void)path, (void)why_r;
	*state_r = xcalloc(1, sizeof(struct ns));
	return 0;
}

static enum tb_answer
ns_find(void *state, const char *key, size_t len, struct buf *value_r,
    int *line_r)
{
	(void)state, (void)key, (void)len, (void)value_r, (void)line_r;
	return TB_NOT_FOUND;
}

static enum tb_answer
ns_find_name(void *state, const char *name)
{
	struct ns *n = state;

	if (strchr(name, '.') == NULL)
		return TB_NOT_FOUND;
	if (n->resolver == NULL)
		return TB_LATER;
	return n->resolver->away(n->resolver, name);
}

static void
ns_resolve(void *state, struct resolver *r)
{
	struct ns *n = state;

	n->resolver = r;
}

static int
ns_walk(void *state, int (*each)(void *arg, const char *key, size_t klen,
    const char *value, size_t vlen, int line), void *arg)
{
	(void)state, (void)each, (void)arg;
	return 0;
}

static int
ns_holds(void *state)
{
	(void)state;
	return TB_NAMES;
}

const struct tb_kind tb_ns = {
	.name = "nameserver",
	.open = ns_open,
	.find = ns_find,
	.find_name = ns_find_name,
	.resolve = ns_resolve,
	.walk = ns_walk,
	.holds = ns_holds,
	.close = free,
};
