/*
 * greet - what a client is told before its first command.
 *
 *	greeting = "220 " Domain [SP text] CRLF /
 *	    ("220-" Domain [SP text] CRLF *("220-" [text] CRLF) "220" [SP text]
 *	    CRLF)
 *
 * The domain comes first whatever the setting says.  A delay comes before the
 * last line; where that is the only one, a line with the domain alone goes
 * before it.
 */
#include "config.h"

#include <string.h>
#include <time.h>

#include "lib/tags.h"
#include "lib/text.h"
#include "lib/trace.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/greet.h"
#include "smtpsrvr/pace.h"

/* What the tags stand for, with room for those that are made. */
struct values {
	struct tag_values v;
	char date[40], literal[NET_TEXT], port[TEXT_DIGITS];
};

static void
fill(const struct session *s, struct values *x)
{
	const struct conf *c = s->server->conf;
	const char **of = x->v.of;

	memset(x, 0, sizeof *x);
	of[TAG_HOST] = s->set->hostname;
	/* Dearer than all the rest. */
	for (size_t i = 0; i < s->set->greeting.n; i++)
		if (tags_has(s->set->greeting.at[i], TAG_TIME))
			of[TAG_TIME] = trace_date(time(NULL), x->date,
			    sizeof x->date);
	of[TAG_VERSION] = PACKAGE_VERSION;
	of[TAG_CHANNEL] = s->source.channel < 0 ? "-" :
	    c->channels[s->source.channel].title;
	of[TAG_LISTENER] = s->who.listener < 0 ? "-" :
	    c->listeners[s->who.listener].title;
	of[TAG_ADDRESS] = s->ip;
	of[TAG_NAME] = s->name;
	if (s->name[0] == '\0')
		of[TAG_NAME] = s->who.peer.family == 0 ? s->ip :
		    net_literal(&s->who.peer, x->literal);
	of[TAG_PORT] = text_digits(x->port, s->who.peer.port);
	of[TAG_SESSION] = s->sid;
}

/* The first line begins with the domain, in the setting or without it. */
static bool
names_host(const char *text)
{
	return strncmp(text, "%H", 2) == 0 &&
	    (text[2] == '\0' || text[2] == ' ');
}

void
greet_client(struct session *s)
{
	const struct strings *lines = &s->set->greeting;
	char text[SMTP_LINE_TEXT];
	struct values x;
	struct reply r;
	size_t used = 0;

	fill(s, &x);
	if (lines->n == 1 && s->set->greeting_delay > 0 && wire_reply_line(
	    &s->wire, 220, "", s->set->hostname, true) != WIRE_OK)
		s->lost = true;
	for (size_t i = 0; i < lines->n && !s->lost; i++) {
		bool last = i + 1 == lines->n;

		if (last)
			pace_greeting(s);
		if (i == 0 && !names_host(lines->at[0])) {
			text_add(text, sizeof text, &used, s->set->hostname);
			if (lines->at[0][0] != '\0')
				text_add(text, sizeof text, &used, " ");
		}
		(void)tags_expand(lines->at[i], &x.v, text + used,
		    sizeof text - used);
		used = 0;
		reply_set(&r, REPLY_GREETING, text);
		if (last && s->watcher != NULL)
			s->watcher->replied(s, "CONNECT", &r);
		if (wire_reply_line(&s->wire, r.code, "", text, !last) !=
		    WIRE_OK)
			s->lost = true;
	}
}
