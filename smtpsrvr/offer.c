/*
 * offer - which EHLO keywords and verbs a client is offered.
 *
 * Verbs without which no mail comes in (ALWAYS in commands.def) cannot be off.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "lib/text.h"
#include "smtpsrvr/offer.h"

enum offered { ALWAYS, SWITCH };

static const char *const keywords[] = {
#define KEYWORD(name, word, function, text) word,
#include "smtpsrvr/keywords.def"
#undef KEYWORD
};

static const char *const verbs[] = {
#define COMMAND(verb, ...) #verb,
#include "smtpsrvr/commands.def"
#undef COMMAND
};

static const struct {
	enum offered offered;
	enum keyword keyword;
} facts[] = {
#define COMMAND(verb, handler, start, ready, mail, refused, rcpt, chunks, \
    failed, argument, group, counts, offered, keyword, spoken, help) \
	{ offered, KEYWORD_##keyword },
#include "smtpsrvr/commands.def"
#undef COMMAND
};

static_assert(KEYWORD_COUNT <= 64 && VERB_COUNT <= 64, "a bit each");

static int
find(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text_same(word, words[i]))
			return (int)i;
	return -1;
}

static uint64_t
bits(const struct strings *l, const char *const *words, size_t n)
{
	uint64_t b = 0;

	for (size_t i = 0; i < l->n; i++) {
		int at = find(l->at[i], words, n);

		if (at >= 0)
			b |= UINT64_C(1) << at;
	}
	return b;
}

struct offer
offer_from(const struct settings *s)
{
	struct offer o = {
		bits(&s->ehlo_keywords_off, keywords, ARRAY_LEN(keywords)),
		bits(&s->verbs_off, verbs, ARRAY_LEN(verbs))
	};

	/* RFC 6531 3.1 wants both. */
	if (!offer_keyword(&o, KEYWORD_8BITMIME))
		o.keywords_off |= UINT64_C(1) << KEYWORD_SMTPUTF8;
	if (s->mt_priority == MT_PRIORITY_OFF)
		o.keywords_off |= UINT64_C(1) << KEYWORD_MT_PRIORITY;
	if (s->hold_most == 0)
		o.keywords_off |= UINT64_C(1) << KEYWORD_FUTURERELEASE;
	if (s->xclient.n == 0)
		o.keywords_off |= UINT64_C(1) << KEYWORD_XCLIENT;
	if (s->auth == AUTH_OFF)
		o.keywords_off |= UINT64_C(1) << KEYWORD_AUTH;
	if (s->etrn[0] == '\0')
		o.keywords_off |= UINT64_C(1) << KEYWORD_ETRN;
	if (s->xforward.n == 0)
		o.keywords_off |= UINT64_C(1) << KEYWORD_XFORWARD;
	/* Refused as settings; whatever layer they come from, they are on. */
	for (int v = 0; v < VERB_COUNT; v++)
		if (facts[v].offered == ALWAYS)
			o.verbs_off &= ~(UINT64_C(1) << v);
	for (int v = 0; v < VERB_COUNT; v++)
		if (facts[v].keyword != KEYWORD_NONE &&
		    !offer_verb(&o, (enum verb)v))
			o.keywords_off |= UINT64_C(1) << facts[v].keyword;
	for (int v = 0; v < VERB_COUNT; v++)
		if (facts[v].keyword != KEYWORD_NONE &&
		    !offer_keyword(&o, facts[v].keyword))
			o.verbs_off |= UINT64_C(1) << v;
	/* It is a BODY, and comes by BDAT (RFC 3030 section 3). */
	if (!offer_keyword(&o, KEYWORD_CHUNKING) ||
	    !offer_keyword(&o, KEYWORD_8BITMIME))
		o.keywords_off |= UINT64_C(1) << KEYWORD_BINARYMIME;
	return o;
}

void
offer_drop(struct offer *o, enum keyword k)
{
	o->keywords_off |= UINT64_C(1) << k;
}

bool
offer_keyword(const struct offer *o, enum keyword k)
{
	return (o->keywords_off >> k & 1) == 0;
}

bool
offer_verb(const struct offer *o, enum verb v)
{
	return (o->verbs_off >> v & 1) == 0;
}

const char *
offer_word(enum keyword k)
{
	return keywords[k];
}

/* One of the two settings. */
struct kind {
	enum setting_id id;
	const char *what;
	const char *const *words;
	size_t n;
	const struct kind *other;
};

static const struct kind kinds[] = {
	{ SETTING_ehlo_keywords_off, "keyword", keywords, ARRAY_LEN(keywords),
	    &kinds[1] },
	{ SETTING_verbs_off, "verb", verbs, ARRAY_LEN(verbs), &kinds[0] }
};

static void
unknown(const struct kind *k, const char *word, struct origin at,
    struct conf_wrong *w)
{
	const char *near = text_nearest(word, k->words, k->n);
	char shown[SETTING_SHOWN];

	if (find(word, k->other->words, k->other->n) >= 0) {
		conf_wrong(w, at, "%s: %s is a %s, not a %s: it belongs in %s",
		    setting_name(k->id), setting_show(word, shown),
		    k->other->what, k->what, setting_name(k->other->id));
		return;
	}
	conf_wrong(w, at, "%s: there is no %s %s%s%s%s", setting_name(k->id),
	    k->what, setting_show(word, shown),
	    near != NULL ? " (did you mean " : "", near != NULL ? near : "",
	    near != NULL ? "?)" : "");
}

static void
check_words(const struct section *s, const struct kind *k,
    struct conf_wrong *w)
{
	const struct strings l = setting_strings(&s->v, k->id);
	struct origin at = s->from[k->id];
	char shown[SETTING_SHOWN];
	uint64_t seen = 0;

	for (size_t i = 0; i < l.n && at.file != NULL; i++) {
		int found = find(l.at[i], k->words, k->n);

		if (found < 0) {
			unknown(k, l.at[i], at, w);
			continue;
		}
		setting_show(l.at[i], shown);
		if (k->id == SETTING_verbs_off &&
		    facts[found].offered == ALWAYS)
			conf_wrong(w, at, "%s: %s can never be switched off",
			    setting_name(k->id), shown);
		if ((seen >> found & 1) != 0)
			conf_wrong(w, at, "%s: %s is there twice",
			    setting_name(k->id), shown);
		seen |= UINT64_C(1) << found;
	}
}

void
offer_check_section(const struct section *s, struct conf_wrong *w)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		check_words(s, &kinds[i], w);
}

void
offer_check(const struct conf *c, struct conf_wrong *w)
{
	offer_check_section(&c->server, w);
	for (int i = 0; i < c->nlisteners; i++)
		offer_check_section(&c->listeners[i], w);
	for (int i = 0; i < c->nchannels; i++)
		offer_check_section(&c->channels[i], w);
}
