/* offer: what the two settings leave, and what tailor says of them. */
#include "config.h"

#include <stdlib.h>
#include "smtpsrvr/offer.h"
#include "tests/tap.h"

static struct offer
made(const char *const *keywords, size_t nk, const char *const *verbs,
    size_t nv)
{
	struct settings v;

	settings_defaults(&v);
	v.ehlo_keywords_off = (struct strings){ nk, keywords };
	v.verbs_off = (struct strings){ nv, verbs };
	return offer_from(&v);
}

static void
leaves(void)
{
	static const char *const words[] = { "size", "PIPELINING" },
	    *const help[] = { "HELP" }, *const vrfy[] = { "vrfy" },
	    *const unknown[] = { "NOSUCH" };
	const uint64_t unset = UINT64_C(1) << KEYWORD_MT_PRIORITY |
	    UINT64_C(1) << KEYWORD_FUTURERELEASE |
	    UINT64_C(1) << KEYWORD_XCLIENT | UINT64_C(1) << KEYWORD_XFORWARD |
	    UINT64_C(1) << KEYWORD_ETRN | UINT64_C(1) << KEYWORD_AUTH;
	const uint64_t unused = UINT64_C(1) << VERB_XCLIENT |
	    UINT64_C(1) << VERB_XFORWARD | UINT64_C(1) << VERB_ETRN |
	    UINT64_C(1) << VERB_AUTH;
	struct offer o = made(NULL, 0, NULL, 0);

	ok(o.keywords_off == unset && o.verbs_off == unused,
	    "by default, all that need no setting");
	o = made(words, 2, vrfy, 1);
	ok(!offer_keyword(&o, KEYWORD_SIZE) &&
	    !offer_keyword(&o, KEYWORD_PIPELINING), "keywords in any case");
	ok(offer_keyword(&o, KEYWORD_8BITMIME) &&
	    offer_keyword(&o, KEYWORD_HELP), "the others are on");
	ok(!offer_verb(&o, VERB_VRFY) && offer_verb(&o, VERB_EXPN),
	    "a verb without a keyword");
	o = made(help, 1, NULL, 0);
	ok(!offer_verb(&o, VERB_HELP), "a verb goes with its keyword");
	o = made(NULL, 0, help, 1);
	ok(!offer_keyword(&o, KEYWORD_HELP), "a keyword with its verb");
	o = made(unknown, 1, unknown, 1);
	ok(o.keywords_off == unset && o.verbs_off == unused,
	    "unknown words are none");
	is(offer_word(KEYWORD_8BITMIME), "8BITMIME", "a word");
}

/* What their own settings switch on. */
static void
by_setting(void)
{
	static const char *const hosts[] = { "192.0.2.7" };
	static const char *const eight = "8BITMIME";
	struct settings v;
	struct offer o;

	settings_defaults(&v);
	v.mt_priority = MT_PRIORITY_ON;
	o = offer_from(&v);
	ok(offer_keyword(&o, KEYWORD_MT_PRIORITY) &&
	    !offer_keyword(&o, KEYWORD_FUTURERELEASE), "mt-priority");
	v.mt_priority = MT_PRIORITY_OFF;
	v.hold_most = 1000;
	o = offer_from(&v);
	ok(!offer_keyword(&o, KEYWORD_MT_PRIORITY) &&
	    offer_keyword(&o, KEYWORD_FUTURERELEASE), "hold-most");
	v.ehlo_keywords_off = (struct strings){ 1, &eight };
	o = offer_from(&v);
	ok(!offer_keyword(&o, KEYWORD_SMTPUTF8), "no UTF-8 without 8 bits");
	v.xclient = (struct strings){ 1, hosts };
	o = offer_from(&v);
	ok(offer_keyword(&o, KEYWORD_XCLIENT) &&
	    offer_verb(&o, VERB_XCLIENT) && !offer_verb(&o, VERB_XFORWARD),
	    "xclient");
	v.xforward = v.xclient;
	v.xclient.n = 0;
	o = offer_from(&v);
	ok(offer_keyword(&o, KEYWORD_XFORWARD) &&
	    offer_verb(&o, VERB_XFORWARD) && !offer_verb(&o, VERB_XCLIENT),
	    "xforward");
	v.etrn = "domains";
	o = offer_from(&v);
	ok(offer_keyword(&o, KEYWORD_ETRN) && offer_verb(&o, VERB_ETRN),
	    "etrn");
}

/* Every row of both tables can be switched, but for those that never can. */
static void
every_row(void)
{
	static const struct {
		const char *verb, *offered;
	} rows[] = {
#define COMMAND(verb, handler, start, ready, mail, refused, rcpt, chunks, \
    failed, argument, group, counts, offered, keyword, spoken, help) \
	{ #verb, #offered },
#include "smtpsrvr/commands.def"
#undef COMMAND
	};
	size_t always = 0;

	for (int k = 0; k < KEYWORD_COUNT; k++) {
		const char *word = offer_word((enum keyword)k);
		struct offer o = made(&word, 1, NULL, 0);

		ok(!offer_keyword(&o, (enum keyword)k), word);
	}
	for (int v = 0; v < VERB_COUNT; v++) {
		struct offer o = made(NULL, 0, &rows[v].verb, 1);

		bool on = strcmp(rows[v].offered, "ALWAYS") == 0;

		always += on;
		ok(offer_verb(&o, (enum verb)v) == on, rows[v].verb);
	}
	num((long long)always, 9, "nine verbs are always offered");
}

/* What is said of one setting of a channel, or "". */
static const char *
said(const char *name, const char *one, const char *two)
{
	static char text[2000];
	const char *words[] = { one, two };
	struct conf *c = conf_new();
	struct section *s;
	struct buf b;
	struct conf_wrong w = { &b, 0 };
	char why[300];

	buf_init(&b, sizeof text - 1);
	if (conf_add(c, CHANNEL, "lan", (struct origin){ "x.conf", 1 }, &s,
	    why, sizeof why) != 0 || conf_set(s, name, words,
	    two != NULL ? 2 : 1, (struct origin){ "x.conf", 7 }, why,
	    sizeof why) != 0)
		exit(1);
	offer_check(c, &w);
	snprintf(text, sizeof text, "%s", b.len > 0 ? buf_str(&b) : "");
	buf_free(&b);
	conf_free(c);
	return text;
}

static void
mistakes(void)
{
	is(said("ehlo-keywords-off", "SIZE", "8bitmime"), "", "good ones");
	is(said("verbs-off", "VRFY", "expn"), "", "good verbs");
	is(said("verbs-off", "RCPT", NULL), "x.conf:7: verbs-off: \"RCPT\" "
	    "can never be switched off\n", "a verb that must be");
	is(said("verbs-off", "vrfi", NULL), "x.conf:7: verbs-off: there is no "
	    "verb \"vrfi\" (did you mean VRFY?)\n", "the nearest verb");
	is(said("ehlo-keywords-off", "PIPELINIGN", NULL), "x.conf:7: "
	    "ehlo-keywords-off: there is no keyword \"PIPELINIGN\" (did you "
	    "mean PIPELINING?)\n", "the nearest keyword");
	is(said("ehlo-keywords-off", "", NULL), "x.conf:7: ehlo-keywords-off: "
	    "there is no keyword \"\"\n", "an empty word");
	is(said("ehlo-keywords-off", "VRFY", NULL), "x.conf:7: "
	    "ehlo-keywords-off: \"VRFY\" is a verb, not a keyword: it belongs "
	    "in verbs-off\n", "a verb among keywords");
	is(said("verbs-off", "SIZE", NULL), "x.conf:7: verbs-off: \"SIZE\" is "
	    "a keyword, not a verb: it belongs in ehlo-keywords-off\n",
	    "a keyword among verbs");
	is(said("ehlo-keywords-off", "SIZE", "size"), "x.conf:7: "
	    "ehlo-keywords-off: \"size\" is there twice\n", "twice");
}

int
main(void)
{
	leaves();
	by_setting();
	every_row();
	mistakes();
	return done();
}
