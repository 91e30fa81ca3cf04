/* rate: rules as people write them, and which are in force where. */
#include "config.h"

#include "lib/rate.h"
#include "tests/tap.h"

static void
good(const char *text, const char *plain)
{
	char why[300] = "", shown[RATE_TEXT];
	struct rate r;

	is(rate_parse(text, &r, why, sizeof(why)) == 0 ?
	    rate_text(&r, shown) : why, plain, text);
}

static void
bad(const char *text, const char *word)
{
	char why[300] = "";
	struct rate r;

	if (!ok(rate_parse(text, &r, why, sizeof(why)) == -1 &&
	    strstr(why, word) != NULL, text))
		printf("# %s\n", why);
}

static void
rules(void)
{
	good("connections per address 60/1m", "connections per address 60/1m");
	good("  messages  per login 500/60m ", "messages per login 500/1h");
	good("recipients per prefix 1/1s", "recipients per prefix 1/1s");
	good("errors per channel 1000000000/31d",
	    "errors per channel 1000000000/31d");
	good("unknown-commands per address 5/1500ms",
	    "unknown-commands per address 5/1500ms");
	bad("", "is no rule");
	bad("connections", "is no rule");
	bad("connections by address 60/1m", "is no rule");
	bad("connections per address 60/1m please", "is no rule");
	bad("connections per address 60 / 1m", "is no rule");
	bad("conections per address 60/1m", "did you mean connections?");
	bad("messages per adress 60/1m", "did you mean address?");
	bad("cows per address 60/1m", "\"cows\"");
	bad("connections per login 60/1m", "only messages and recipients");
	bad("errors per login 60/1m", "only messages and recipients");
	bad("connections per address 0/1m", "\"0/1m\"");
	bad("connections per address 1000000001/1m", "\"1000000001/1m\"");
	bad("connections per address 60/999ms", "\"60/999ms\"");
	bad("connections per address 60/32d", "\"60/32d\"");
	bad("connections per address 60/m", "\"60/m\"");
	bad("connections per address 60", "\"60\"");
	bad("connections per address -1/1m", "\"-1/1m\"");
	bad("connections per address "
	    "00000000000000000000000000000000000000000060/1m", "is no rule");
}

static struct section *
add(struct conf *c, enum setting_scope scope, const char *title,
    const char *rule)
{
	struct origin o = { "test", 1 };
	struct section *s = &c->server;
	char why[200];

	if (scope != SERVER)
		ok(conf_add(c, scope, title, o, &s, why, sizeof(why)) == 0,
		    title);
	if (rule != NULL)
		ok(conf_set(s, "rates", &rule, 1, o, why, sizeof(why)) == 0,
		    rule);
	return s;
}

static void
in_force(const struct conf *c, int listener, int channel, const char *title,
    const char *rule)
{
	char text[RATE_TEXT];
	struct rates r;

	rates_in_force(c, listener, channel, &r);
	is(r.of->title, title, "whose rules are in force");
	is(r.n == 1 ? rate_text(&r.at[0], text) : "none", rule, "and which");
}

int
main(void)
{
	struct conf *c = conf_new();

	rules();
	in_force(c, -1, -1, "", "none");
	add(c, SERVER, "", "errors per address 1/1s");
	add(c, LISTENER, "a", NULL);
	add(c, LISTENER, "b", "errors per address 2/1s");
	add(c, CHANNEL, "x", NULL);
	add(c, CHANNEL, "y", "messages per address 3/1s");
	in_force(c, -1, -1, "", "errors per address 1/1s");
	in_force(c, 0, -1, "", "errors per address 1/1s");
	in_force(c, 1, -1, "b", "errors per address 2/1s");
	in_force(c, 1, 0, "b", "errors per address 2/1s");
	in_force(c, 1, 1, "y", "messages per address 3/1s");
	in_force(c, 0, 1, "y", "messages per address 3/1s");
	conf_free(c);
	return done();
}
