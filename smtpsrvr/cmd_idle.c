/*
 * RSET, NOOP, QUIT, HELP, VRFY, EXPN (RFC 5321 4.1.1.5 to 4.1.1.10): the
 * commands that bring no message nearer.
 */
#include "config.h"

#include <string.h>

#include "lib/text.h"
#include "smtpsrvr/commands.h"

void
cmd_rset(struct session *s, const struct argument *a, struct reply *r)
{
	(void)a;
	session_reset(s);
	reply_set(r, REPLY_OK);
}

void
cmd_noop(struct session *s, const struct argument *a, struct reply *r)
{
	(void)s;
	(void)a;
	reply_set(r, REPLY_OK);
}

void
cmd_quit(struct session *s, const struct argument *a, struct reply *r)
{
	(void)a;
	s->over = s->quit = true;
	reply_set(r, REPLY_CLOSING, s->set->hostname);
}

static void
help_line(struct session *s, const char *text)
{
	struct reply r;

	reply_set(&r, REPLY_HELP, text);
	if (wire_reply_line(&s->wire, r.code, r.enhanced, r.text, true) !=
	    WIRE_OK)
		s->lost = true;
}

void
cmd_help(struct session *s, const struct argument *a, struct reply *r)
{
	const struct strings *own = &s->set->help;

	for (size_t i = 0; a->text[0] != '\0' && i < commands_count; i++) {
		if (!text_same(a->text, commands[i].verb) ||
		    !command_spoken(s, &commands[i]) ||
		    !offer_verb(&s->offer, (enum verb)i))
			continue;
		reply_set(r, REPLY_HELP, commands[i].help);
		return;
	}
	for (size_t i = 0; i < commands_count; i++)
		if (command_spoken(s, &commands[i]) &&
		    offer_verb(&s->offer, (enum verb)i))
			help_line(s, commands[i].help);
	for (size_t i = 0; i < own->n; i++)
		help_line(s, own->at[i]);
	reply_set(r, REPLY_HELP, "End of help");
}

/* RFC 5321 3.5.3: who exists is not told, but the mail would be taken. */
void
cmd_vrfy(struct session *s, const struct argument *a, struct reply *r)
{
	(void)s;
	(void)a;
	reply_set(r, REPLY_CANNOT_VRFY);
}

void
cmd_expn(struct session *s, const struct argument *a, struct reply *r)
{
	(void)s;
	(void)a;
	reply_set(r, REPLY_NO_LISTS);
}
