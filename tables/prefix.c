/*
 * prefix - which prefix lengths a table has, and the search through them.
 *
 * A table mostly has a handful of lengths: only those cost a look-up.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "tables/prefix.h"

void
prefix_note(struct prefixes *p, int *holds, const struct tbrow *r)
{
	if (r->key[0] == '!')
		*holds |= TB_NEGATIONS;
	switch (r->kind) {
	case TBROW_PREFIX:
		if (r->address.family == 4)
			p->v4[r->bits] = 1;
		else
			p->v6[r->bits] = 1;
		*holds |= TB_ADDRESSES;
		break;
	case TBROW_ADDRESS:
		*holds |= TB_ADDRESSES;
		break;
	case TBROW_NAME:
		*holds |= TB_NAMES;
		break;
	case TBROW_MAILBOX:
		break;
	}
}

enum tb_answer
prefix_find(const struct prefixes *p, int holds, const struct netaddr *a,
    enum tb_answer (*find)(void *state, const char *key, size_t len,
    struct buf *value_r, int *line_r), void *state, struct buf *value_r,
    int *line_r)
{
	const uint8_t *has = a->family == 4 ? p->v4 : p->v6;
	char key[NET_TEXT + 4], text[NET_TEXT];
	enum tb_answer answer;
	struct netaddr net;
	int bits, n;

	net_text(a, key);
	answer = tb_exact(holds, find, state, key, strlen(key), value_r,
	    line_r);
	for (bits = net_bits(a) - 1; bits >= 0 && answer == TB_NOT_FOUND;
	    bits--) {
		if (!has[bits])
			continue;
		net = net_prefix(a, bits);
		n = snprintf(key, sizeof(key), "%s/%d", net_text(&net, text),
		    bits);
		answer = tb_exact(holds, find, state, key, (size_t)n, value_r,
		    line_r);
	}
	return answer;
}
