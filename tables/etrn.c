/*
 * etrn - which domains' mail a channel's hosts may start (RFC 1985).
 *
 * Runs in smtpsrvr on what a client typed, and in submit on what smtpsrvr
 * says.
 */
#include "config.h"

#include "tables/etrn.h"
#include "tables/tb.h"

int
etrn_permits(const struct site *s, const char *table, const char *node,
    struct reply *r)
{
	struct tb *t = site_table(s, table);
	enum tb_answer answer = TB_NOT_FOUND;

	if (t != NULL)
		answer = node[0] == '@' ? tb_find(t, node, NULL, NULL) :
		    tb_find_name(t, node, NULL, NULL);
	if (answer == TB_FOUND)
		return 0;
	if (answer == TB_LATER) {
		reply_set(r, REPLY_ETRN_FAILED, node);
		reply_because(r, "table");
		reply_detail(r, "table=%s", tb_name(t));
	} else {
		reply_set(r, REPLY_ETRN_REFUSED, node);
		reply_because(r, "etrn");
	}
	return -1;
}
