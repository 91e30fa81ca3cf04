/*
 * ETRN (RFC 1985): the mail that waits for a domain is tried now.
 *
 *	etrn = "ETRN" SP [ "@" ] domain CRLF
 *
 * Of hosts whose channel has a table of such domains.  The session has no way
 * to deliver: it asks submit, which looks in the table itself.  "#queue" of
 * the RFC names queues as the server likes: there are none here.
 */
#include "config.h"

#include <string.h>

#include "lib/control.h"
#include "lib/path.h"
#include "lib/text.h"
#include "smtpsrvr/commands.h"
#include "smtpsrvr/submitter.h"
#include "tables/etrn.h"

void
cmd_etrn(struct session *s, const struct argument *a, struct reply *r)
{
	const char *domain = a->text + (a->text[0] == '@');
	char node[CONTROL_NAME];

	if (a->text[0] == '#') {
		reply_set(r, REPLY_ETRN_REFUSED, "#");
		return;
	}
	if (!path_is_domain(domain, strlen(domain)) ||
	    text_copy(node, sizeof node, a->text) != 0) {
		reply_set(r, REPLY_SYNTAX, commands[VERB_ETRN].help);
		return;
	}
	text_lower(node);
	if (etrn_permits(&s->server->site, s->set->etrn, node, r) == 0)
		submitter_start(s, node, r);
}
