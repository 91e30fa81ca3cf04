/*
 * t_layered - every layer over every weaker one, for every setting that it
 * may set; and what a row and a variable cannot say.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/layered.h"
#include "lib/text.h"
#include "tests/lib/equal.h"
#include "tests/tap.h"

enum place { DEFAULT, FILE_, LISTEN, CHAN, ROW, ENV, RULES, PLACES };

static const char *const place_names[] = { "default", "server", "listener",
	"channel", "row", "environment", "rules" };
static char why[LAYERED_WHY];

/* A value of the setting for that place: another one for each. */
static const char *
value(enum setting_id id, int place)
{
	static char text[PLACES][64];
	const struct setting_row *row = &setting_rows[id];
	const char *p = row->words;
	char *dst = text[place];
	int words = 1;

	switch (row->type) {
	case SETTING_BOOL:
		return place % 2 != 0 ? "yes" : "no";
	case SETTING_INT:
	case SETTING_SIZE:
		snprintf(dst, 64, "%" PRId64, row->least + place);
		return dst;
	case SETTING_DURATION:
		snprintf(dst, 64, "%" PRId64 "ms", row->least + place * 1000);
		return dst;
	case SETTING_STRING:
	case SETTING_LIST:
		if (id == SETTING_relay_suffix)
			snprintf(dst, 64, ".p%d.example", place);
		else
			snprintf(dst, 64, "text%d", place);
		return dst;
	case SETTING_CHOICE:
		break;
	}
	for (; (p = strchr(p, '|')) != NULL; p++)
		words++;
	p = row->words;
	for (int n = place % words; n > 0; n--)
		p = strchr(p, '|') + 1;
	snprintf(dst, 64, "%.*s", (int)strcspn(p, "|"), p);
	return dst;
}

static void
set(struct section *s, enum setting_id id, int place)
{
	const char *text = value(id, place);

	if (conf_set(s, setting_name(id), &text, 1, (struct origin){ "x", 1 },
	    why, sizeof(why)) != 0)
		printf("# %s\n", why);
}

/* As a variable has it; false if that type has no such value. */
static bool
set_variable(struct variables *v, enum setting_id id, int place)
{
	const struct setting_row *row = &setting_rows[id];
	char name[64], number[32];
	const char *text = value(id, place);

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(row->qmail, "=,"),
	    row->qmail);
	if (row->type == SETTING_CHOICE && id == SETTING_log_level) {
		snprintf(number, sizeof(number), "%d", place % 5);
		text = number;
	} else if (row->type == SETTING_DURATION) {
		snprintf(number, sizeof(number), "%" PRId64,
		    row->least / 1000 + place);
		text = number;
	}
	return variables_set(v, name, text) == 0;
}

/* What the strongest of these places says, where they all set it. */
static void
strongest(enum setting_id id, unsigned places)
{
	static const enum setting_scope scopes[] = { [FILE_] = SERVER,
		[LISTEN] = LISTENER, [CHAN] = CHANNEL };
	struct conf *c = conf_new();
	struct layered *l = calloc(1, sizeof(*l));
	struct variables env = { "" }, rules = { "" };
	struct section *s[PLACES] = { NULL };
	struct settings want;
	const char *text, *title = "x";
	char row[128] = "", what[160];
	int top = DEFAULT;

	s[FILE_] = &c->server;
	(void)!conf_add(c, LISTENER, title, (struct origin){ "x", 1 },
	    &s[LISTEN], why, sizeof(why));
	(void)!conf_add(c, CHANNEL, title, (struct origin){ "x", 1 },
	    &s[CHAN], why, sizeof(why));
	for (int p = FILE_; p < PLACES; p++) {
		if ((places & 1U << p) == 0)
			continue;
		if (p <= CHAN && (setting_rows[id].scope & scopes[p]) == 0)
			continue;
		if (p > ROW && (setting_rows[id].scope & VARIABLE) == 0)
			continue;
		if (p <= CHAN)
			set(s[p], id, p);
		else if (p == ROW)
			snprintf(row, sizeof(row), "%s=%s", setting_name(id),
			    value(id, p));
		else
			(void)!set_variable(p == ENV ? &env : &rules, id, p);
		top = p;
	}
	snprintf(what, sizeof(what), "%s: %s wins of %x", setting_name(id),
	    place_names[top], places);
	num(layered_make(l, c, 0, 0, row[0] != '\0' ? row : NULL, &env,
	    &rules, why), 0, what);
	settings_defaults(&want);
	text = value(id, top);
	/* A switch and a choice of two have but one value as a variable. */
	if (top > ROW && setting_rows[id].type == SETTING_BOOL)
		text = "yes";
	if (top > ROW && strchr(setting_rows[id].qmail, '=') != NULL) {
		snprintf(row, sizeof(row), "%s", strchr(
		    setting_rows[id].qmail, '=') + 1);
		row[strcspn(row, ",")] = '\0';
		text = row;
	}
	if (top != DEFAULT && setting_set(&want, id, &text, 1, why,
	    sizeof(why)) != 0)
		printf("# %s\n", why);
	ok(setting_equal(&l->v, &want, id), "its value");
	num(l->by[id], top <= CHAN ? LAYER_CONF : top == ROW ? LAYER_HOST :
	    top == ENV ? LAYER_ENVIRONMENT : LAYER_RULES, "its layer");
	conf_free(c);
	free(l);
}

static void
every_layer(void)
{
	for (int i = 0; i < SETTING_COUNT; i++) {
		enum setting_id id = (enum setting_id)i;

		if ((setting_rows[id].scope & HOST) == 0)
			continue;
		for (int top = FILE_; top < PLACES; top++)
			strongest(id, (1U << (top + 1)) - 1);
		for (int top = FILE_; top < PLACES; top++)
			strongest(id, 1U << top);
	}
}

static int
with_row(struct layered *l, const char *row)
{
	static struct conf *c;

	if (c == NULL)
		c = conf_new();
	why[0] = '\0';
	return layered_make(l, c, -1, -1, row, NULL, NULL, why);
}

static void
bad_row(const char *row, const char *want)
{
	struct layered l;

	num(with_row(&l, row), -1, row);
	if (strstr(why, want) == NULL)
		is(why, want, "because");
	else
		ok(true, want);
	num(l.wrong, LAYER_HOST, "the row it is");
}

static void
rows(void)
{
	struct layered l;
	char big[LAYERED_ROW + 1];

	num(with_row(&l, "relay=yes  max-messages=7, log-level=debug"), 0,
	    "three settings");
	ok(l.v.relay && l.v.max_messages == 7 && l.v.log_level == 4,
	    "are all set");
	num(with_row(&l, "help=\"one, two\",three relay=yes"), 0, "a list");
	ok(l.v.help.n == 2 && strcmp(l.v.help.at[0], "one, two") == 0 &&
	    strcmp(l.v.help.at[1], "three") == 0 && l.v.relay,
	    "has its elements");
	bad_row("", "setting=value is expected");
	bad_row(" , ", "setting=value is expected");
	bad_row("relay", "setting=value is expected, not \"relay\"");
	bad_row("max-mesages=5", "unknown setting \"max-mesages\" (did you "
	    "mean max-messages?)");
	bad_row("table=x", "table cannot be set for a single host");
	bad_row("host-settings=x", "host-settings cannot be set for a single");
	bad_row("relay=maybe", "relay must be yes or no, not \"maybe\"");
	bad_row("relay=yes relay=no", "relay is there twice");
	bad_row("max-messages=5,6", "max-messages takes one value");
	bad_row("max-messages=", "max-messages must be");
	bad_row("relay=\"yes", "quotes that do not belong together");
	bad_row("relay=\"yes\"no", "quotes that do not belong together");
	bad_row("relay-suffix=a..b", "relay-suffix: no address has");
	bad_row("help=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,"
	    "23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41",
	    "help must have 0 to 40 elements");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	bad_row(big, "longer than");
	memcpy(big, "help=", 5);
	big[LAYERED_ROW - 1] = '\0';
	bad_row(big, "an element of help has");
}

static int
with_variable(struct layered *l, const char *name, const char *text)
{
	struct conf *c = conf_new();
	static struct variables v;
	int bad;

	memset(&v, 0, sizeof(v));
	(void)!variables_set(&v, name, text);
	why[0] = '\0';
	bad = layered_make(l, c, -1, -1, NULL, &v, NULL, why);
	conf_free(c);
	return bad;
}

static void
variable(const char *name, const char *text, const char *want)
{
	struct layered l;
	char what[200];

	snprintf(what, sizeof(what), "%s=%s", name, text);
	num(with_variable(&l, name, text), want == NULL ? 0 : -1, what);
	if (want != NULL)
		is(why, want, "because");
}

static void
variables(void)
{
	struct layered l;

	num(with_variable(&l, "RELAYCLIENT", ""), 0, "RELAYCLIENT empty");
	ok(l.v.relay && l.v.relay_suffix[0] == '\0', "is relay");
	num(with_variable(&l, "RELAYCLIENT", "@gw.example"), 0, "and with");
	ok(l.v.relay, "is relay");
	is(l.v.relay_suffix, "@gw.example", "and a suffix");
	num(with_variable(&l, "DATABYTES", "4096"), 0, "DATABYTES");
	num(l.v.max_message_size, 4096, "in bytes");
	num(with_variable(&l, "DATABYTES", "0"), 0, "none");
	num(l.v.max_message_size, 2147483647, "is as many as there can be");
	num(with_variable(&l, "MAXRECIPIENTS", "200"), 0, "one name");
	num(l.v.max_recipients, 200, "of two");
	num(with_variable(&l, "LOGLEVEL", "0"), 0, "LOGLEVEL 0");
	num(l.v.log_level, 0, "is error");
	num(with_variable(&l, "LOGLEVEL", "9"), 0, "LOGLEVEL 9");
	num(l.v.log_level, 4, "is debug");
	num(with_variable(&l, "NOBOUNCE", "0"), 0, "NOBOUNCE=0");
	num(l.v.sender_null, 1, "is on, for it is there");
	num(with_variable(&l, "SANITYCHECK", ""), 0, "SANITYCHECK");
	num(l.v.sender_domain, 1, "is full");
	num(with_variable(&l, "RETURNMXCHECK", ""), 0, "RETURNMXCHECK");
	num(l.v.sender_domain, 2, "is resolves");
	num(with_variable(&l, "SENDERCHECK", ""), 0, "SENDERCHECK");
	num(l.v.sender_own, 1, "asks whether there is such a user");
	variable("DATABYTES", "", "DATABYTES must be a whole number, not "
	    "\"\"");
	variable("DATABYTES", "10M", "DATABYTES must be a whole number, not "
	    "\"10M\"");
	variable("DATABYTES", "-1", "DATABYTES must be a whole number, not "
	    "\"-1\"");
	variable("DATABYTES", "7", "DATABYTES=\"7\": max-message-size must be "
	    "a size from 1K to 2147483647, such as 512K or 10M, not \"7\"");
	variable("LOGLEVEL", "info", "LOGLEVEL must be a whole number, not "
	    "\"info\"");
	variable("SENDERCHECK", "STRICT", "SENDERCHECK may be empty here, not "
	    "\"STRICT\"");
	variable("RELAYCLIENT", "a b", "RELAYCLIENT=\"a b\": relay-suffix: no "
	    "address has, behind user@example.org, \"a b\"");
	variable("PATH", "/bin", NULL);
	(void)with_variable(&l, "DATABYTES", "x");
	num(l.wrong, LAYER_ENVIRONMENT, "the environment it is");
}

int
main(void)
{
	every_layer();
	rows();
	variables();
	return done();
}
