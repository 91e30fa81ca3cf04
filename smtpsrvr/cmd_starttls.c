/*
 * STARTTLS (RFC 3207).
 *
 *	starttls = "STARTTLS" CRLF
 */
#include "config.h"

#include <string.h>

#include "smtpsrvr/commands.h"
#include "smtpsrvr/secure.h"

bool
keyword_starttls(const struct session *s, char argument_r[KEYWORD_ARGUMENT])
{
	argument_r[0] = '\0';
	return secure_possible(s);
}

void
cmd_starttls(struct session *s, const struct argument *a, struct reply *r)
{
	(void)a;
	if (s->secured != NULL) {
		reply_set(r, REPLY_TLS_ALREADY);
		return;
	}
	if (!secure_possible(s)) {
		reply_set(r, REPLY_VERB_OFF, "STARTTLS");
		return;
	}
	if (wire_pending(&s->wire)) {
		/* It would be taken for what came under TLS. */
		s->over = true;
		reply_set(r, REPLY_EARLY_TALKER);
		reply_because(r, "early-tls");
		return;
	}
	if (secure_begin(s) != 0) {
		reply_set(r, REPLY_TLS_FAILED);
		reply_because(r, "keysrvr");
		return;
	}
	reply_set(r, REPLY_READY_TLS);
	session_say(s, r, "STARTTLS");
	memset(r, 0, sizeof *r);
	if (wire_flush(&s->wire) != WIRE_OK)
		s->lost = true;
	if (!s->lost)
		secure_handshake(s);
}
