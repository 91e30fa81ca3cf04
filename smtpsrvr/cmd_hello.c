/*
 * EHLO, HELO (RFC 5321 4.1.1.1).
 *
 *	ehlo = "EHLO" SP ( Domain / address-literal ) CRLF
 *	helo = "HELO" SP Domain CRLF
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/text.h"
#include "smtpsrvr/commands.h"

/*
 * What is taken for a name.  Names that do not exist are common and allowed;
 * what could be mistaken for anything else in a header or a log is not.
 */
static int
take_name(struct session *s, const char *name)
{
	size_t len = strlen(name);

	if (len >= sizeof s->helo || strspn(name,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789.-_:[]") != len)
		return -1;
	if (strpbrk(name, "[]:") != NULL && !path_is_literal(name, len))
		return -1;
	return text_copy(s->helo, sizeof s->helo, name);
}

static void
hello(struct session *s, const struct argument *a, bool esmtp,
    struct reply *r)
{
	if (take_name(s, a->text) != 0) {
		reply_set(r, REPLY_SYNTAX, esmtp ? "EHLO hostname" :
		    "HELO hostname");
		return;
	}
	session_reset(s);
	s->esmtp = esmtp;
	s->state = STATE_READY;
	reply_set(r, REPLY_HELLO, s->server->hostname);
}

void
cmd_helo(struct session *s, const struct argument *a, struct reply *r)
{
	hello(s, a, false, r);
}

static void
line(struct session *s, const char *text)
{
	if (wire_reply_line(&s->wire, 250, "", text, true) != WIRE_OK)
		s->lost = true;
}

void
cmd_ehlo(struct session *s, const struct argument *a, struct reply *r)
{
	char size[32];

	hello(s, a, true, r);
	if (!reply_good(r))
		return;
	snprintf(size, sizeof size, "SIZE %lld",
	    (long long)s->set->max_message_size);
	line(s, s->server->hostname);
	line(s, "PIPELINING");
	line(s, size);
	line(s, "8BITMIME");
	for (size_t i = 0; i < commands_count; i++)
		if (commands[i].keyword[0] != '\0')
			line(s, commands[i].keyword);
	reply_set(r, REPLY_HELLO, "ENHANCEDSTATUSCODES");
}
