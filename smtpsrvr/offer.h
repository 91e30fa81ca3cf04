/*
 * offer - which EHLO keywords and verbs a client is offered.
 *
 * All that keywords.def and commands.def have, but for what the settings
 * ehlo-keywords-off and verbs-off name, and for what other settings leave
 * nothing of.  Words of both tables only, and pure:
 * tailor, which checks those settings, links it without the session.
 */
#ifndef SMTPSRVR_OFFER_H
#define SMTPSRVR_OFFER_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/conf_check.h"
#include "lib/settings.h"

enum keyword {
	KEYWORD_NONE = -1,	/* of a verb that belongs to none */
#define KEYWORD(name, word, function, text) KEYWORD_##name,
#include "smtpsrvr/keywords.def"
#undef KEYWORD
	KEYWORD_COUNT
};

/* In the order of commands.def: an index of commands[], too. */
enum verb {
#define COMMAND(verb, ...) VERB_##verb,
#include "smtpsrvr/commands.def"
#undef COMMAND
	VERB_COUNT
};

/* What is off, a bit each: all zero is everything. */
struct offer {
	uint64_t keywords_off, verbs_off;
};

/*
 * What the settings leave; words that are none, or of verbs that cannot be
 * off, mean nothing.  A verb is off with its keyword, and a keyword
 * with its verb: what is announced is there (RFC 5321 4.2.4).
 */
struct offer offer_from(const struct settings *s);
/* Takes a keyword away, for a session that cannot have it. */
void offer_drop(struct offer *o, enum keyword k);
bool offer_keyword(const struct offer *o, enum keyword k);
bool offer_verb(const struct offer *o, enum verb v);
const char *offer_word(enum keyword k);

/* Both settings of every section: words that exist, once, and may be off. */
void offer_check(const struct conf *c, struct conf_wrong *w);
/* Of one section. */
void offer_check_section(const struct section *s, struct conf_wrong *w);

#endif
