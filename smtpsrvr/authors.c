/*
 * authors - who a message says that it is from; see authors.h.
 *
 * Runs in the session, on what a client sent.
 */
#include "config.h"

#include <stdio.h>

#include "lib/mm.h"
#include "smtpsrvr/authors.h"

#define SEVERAL "From: several mailboxes need a Sender"

void
authors_add(struct authors *a, enum authors_field f,
    struct addresses *mailboxes)
{
	if (a->fields[f]++ > 0) {
		addresses_free(mailboxes);
		return;
	}
	a->of[f] = *mailboxes;
	*mailboxes = (struct addresses){ .n = 0 };
}

void
authors_unread(struct authors *a, enum authors_field f, const char *why)
{
	static const char *const names[AUTHORS_FIELDS] = { "From", "Sender",
		"Resent-From", "Resent-Sender" };

	a->fields[f]++;
	if (a->unread[0] == '\0')
		snprintf(a->unread, sizeof(a->unread), "%s: %s", names[f],
		    why);
}

const char *
authors_wrong(const struct authors *a, bool added)
{
	if (a->unread[0] != '\0')
		return a->unread;
	if (a->fields[AUTHORS_FROM] > 1)
		return "From: there is more than one";
	if (a->fields[AUTHORS_SENDER] > 1)
		return "Sender: there is more than one";
	if (a->fields[AUTHORS_FROM] == 0 && !added)
		return "From: it is missing";
	for (int f = 0; f < AUTHORS_FIELDS; f++)
		if (a->fields[f] > 0 && a->of[f].n == 0)
			return f % 2 == 0 ? "From: it names nobody" :
			    "Sender: it names nobody";
	if (a->of[AUTHORS_FROM].n > 1 && a->fields[AUTHORS_SENDER] == 0)
		return SEVERAL;
	return NULL;
}

const struct addresses *
authors_sender(const struct authors *a, const char **why_r)
{
	static const enum authors_field order[] = { AUTHORS_RESENT_SENDER,
		AUTHORS_RESENT_FROM, AUTHORS_SENDER, AUTHORS_FROM };
	const struct addresses *of = &a->of[AUTHORS_FROM];

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		if (a->fields[order[i]] == 0)
			continue;
		of = &a->of[order[i]];
		break;
	}
	if (of->n <= 1)
		return of;
	*why_r = SEVERAL;
	return NULL;
}

void
authors_free(struct authors *a)
{
	for (int f = 0; f < AUTHORS_FIELDS; f++)
		addresses_free(&a->of[f]);
	*a = (struct authors){ .fields = { 0 } };
}
