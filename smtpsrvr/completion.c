/*
 * completion - whose messages are made complete; see completion.h.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/trace.h"
#include "lib/xalloc.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/completion.h"

static bool
submits(const struct session *s)
{
	struct sending from;

	if (s->login[0] != '\0')
		return true;
	checks_sending(s, &from);
	return s->set->mend_for == MEND_FOR_RELAYS &&
	    authorise_relays_for(s->server->conf, &from);
}

static int
asked(const struct settings *v)
{
	int what = mendmode_bits(&v->mend_header);

	if (v->header_addresses != HEADER_ADDRESSES_LEAVE)
		what |= MEND_ADDRESSES;
	if (v->header_addresses == HEADER_ADDRESSES_STRICT)
		what |= MEND_STRICT;
	return what;
}

struct completion *
completion_new(const struct session *s)
{
	int what = (submits(s) ? asked(s->set) : 0) |
	    (s->login[0] != '\0' && s->set->header_from != HEADER_FROM_ANY ?
	    MEND_AUTHORS : 0);
	int64_t now = clock_wall_us();
	struct mend_facts *f;
	struct completion *c;

	if (what == 0)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	buf_init(&c->out, MEND_OUT);
	f = &c->mend.facts;
	f->what = what;
	f->domain = settings_domain(s->set);
	f->crlf = strcmp(s->tx.params.body, "BINARYMIME") == 0;
	f->utf8 = s->tx.params.utf8;
	trace_date((time_t)(now / 1000000), f->date, sizeof(f->date));
	/* Serials are this start's, and it has one message at a time. */
	snprintf(f->id, sizeof(f->id), "<%llx.%s.%u@%s>",
	    (unsigned long long)now, s->sid, s->messages, s->set->hostname);
	if (s->tx.sender.local[0] != '\0')
		path_text(&s->tx.sender, f->from);
	return c;
}

void
completion_free(struct completion *c)
{
	if (c == NULL)
		return;
	mend_free(&c->mend);
	buf_free(&c->out);
	free(c);
}
