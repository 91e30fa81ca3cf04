/*
 * t_wrap - what libwrap says of rules in real files, and what it must not do.
 */
#include "config.h"

#include <string.h>
#include "lib/log.h"
#include "tables/wrap.h"
#include "tests/tables/fixture.h"

#ifdef HAVE_LIBWRAP

enum known { NOTHING, NAMED, NAMELESS, LIAR };

static struct wrap *w;
static struct variables set;

static const struct {
	const char *allow, *deny, *address;
	enum known known;
	enum wrap_verdict verdict;
	bool channel;
} cases[] = {
	{ "", "", "192.0.2.1", NOTHING, WRAP_ALLOWED, true },
	{ NULL, NULL, "192.0.2.1", NOTHING, WRAP_ALLOWED, true },
	{ "", "ALL: ALL\n", "192.0.2.1", NOTHING, WRAP_DENIED, false },
	{ "", "smtpd: ALL\n", "192.0.2.1", NOTHING, WRAP_DENIED, false },
	{ "", "mx: ALL\n", "192.0.2.1", NOTHING, WRAP_DENIED, true },
	{ "", "lan: ALL\n", "192.0.2.1", NOTHING, WRAP_ALLOWED, true },
	{ "smtpd: ALL\n", "ALL: ALL\n", "192.0.2.1", NOTHING, WRAP_DENIED,
	    true },
	{ "smtpd mx: ALL\n", "ALL: ALL\n", "192.0.2.1", NOTHING,
	    WRAP_ALLOWED, true },
	{ "", "smtpd: 192.0.2.\n", "192.0.2.1", NOTHING, WRAP_DENIED, false },
	{ "", "smtpd: 192.0.2.0/24\n", "192.0.2.1", NOTHING, WRAP_DENIED,
	    false },
	{ "", "smtpd: 192.0.2.0/255.255.255.128\n", "192.0.2.129", NOTHING,
	    WRAP_ALLOWED, true },
	{ "", "smtpd: 192.0.2.0/24 EXCEPT 192.0.2.1\n", "192.0.2.1", NOTHING,
	    WRAP_ALLOWED, true },
	{ "", "ALL EXCEPT smtpd mx: ALL\n", "192.0.2.1", NOTHING,
	    WRAP_ALLOWED, true },
	{ "", "smtpd: [2001:db8::]/32\n", "2001:db8::1", NOTHING, WRAP_DENIED,
	    false },
	{ "", "smtpd: .example.org\n", "192.0.2.1", NOTHING, WRAP_WANTS_NAME,
	    false },
	{ "", "smtpd: .example.org\n", "192.0.2.1", NAMED, WRAP_DENIED,
	    false },
	{ "", "smtpd: .example.org\n", "192.0.2.1", NAMELESS, WRAP_ALLOWED,
	    true },
	{ "", "smtpd: UNKNOWN\n", "192.0.2.1", NAMELESS, WRAP_DENIED, false },
	{ "", "smtpd: PARANOID\n", "192.0.2.1", NAMELESS, WRAP_ALLOWED, true },
	{ "", "smtpd: PARANOID\n", "192.0.2.1", LIAR, WRAP_DENIED, false },
	{ "", "smtpd: KNOWN\n", "192.0.2.1", NAMED, WRAP_DENIED, false },
	{ "", "smtpd: root@ALL\n", "192.0.2.1", NOTHING, WRAP_ALLOWED, true },
	{ "", "smtpd: ALL: allow\n", "192.0.2.1", NOTHING, WRAP_ALLOWED,
	    true },
	{ "smtpd: ALL: deny\n", "", "192.0.2.1", NOTHING, WRAP_DENIED, false },
	{ "smtpd: 192.0.2.1: spawn touch @\n", "smtpd: ALL\n", "192.0.2.1",
	    NOTHING, WRAP_ALLOWED, true },
	{ "", "smtpd: ALL: spawn touch @\n", "192.0.2.1", NOTHING,
	    WRAP_DENIED, false },
	{ "smtpd: ALL: twist touch @\n", "", "192.0.2.1", NOTHING,
	    WRAP_DENIED, false },
	{ "smtpd: ALL: aclexec touch @\n", "", "192.0.2.1", NOTHING,
	    WRAP_UNSURE, false },
	{ "sshd: ALL: aclexec touch @\n", "", "192.0.2.1", NOTHING,
	    WRAP_ALLOWED, true },
	{ "", "smtpd: @staff\n", "192.0.2.1", NOTHING, WRAP_UNSURE, false },
	{ "", "smtpd ALL\n", "192.0.2.1", NOTHING, WRAP_UNSURE, false }
};

static void
rules(const char *name, const char *text)
{
	char whole[600];
	const char *at;

	if (text == NULL) {
		(void)unlink(scratch_path(name));
		return;
	}
	at = strchr(text, '@');
	if (at == NULL || strstr(text, "touch") == NULL)
		(void)snprintf(whole, sizeof(whole), "%s", text);
	else
		(void)snprintf(whole, sizeof(whole), "%.*s%s\n",
		    (int)(at - text), text, scratch_path("touched"));
	scratch_file(name, whole);
}

static enum wrap_verdict
ask(const char *address, const struct ask_answer *name, bool *channel_r)
{
	struct ask_access_question q = { .daemon = "smtpd",
	    .channel = "mx" };

	if (net_parse(address, &q.q.address) == -1)
		errx(1, "%s", address);
	return wrap_ask(w, &q, name, channel_r, &set);
}

static void
test_cases(void)
{
	struct ask_answer names[] = {
		[NAMED] = { .outcome = ASK_FOUND, .name = "a.example.org" },
		[NAMELESS] = { .outcome = ASK_NONE },
		[LIAR] = { .outcome = ASK_NONE, .differs = 1 }
	};
	char what[300];
	bool channel;
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		rules("allow", cases[i].allow);
		rules("deny", cases[i].deny);
		(void)snprintf(what, sizeof(what), "allow %s deny %s: %s",
		    cases[i].allow, cases[i].deny, cases[i].address);
		while (strchr(what, '\n') != NULL)
			*strchr(what, '\n') = ' ';
		num(ask(cases[i].address, cases[i].known == NOTHING ? NULL :
		    &names[cases[i].known], &channel), cases[i].verdict, what);
		num(channel, cases[i].channel, "  as whom");
	}
	ok(access(scratch_path("touched"), F_OK) == -1, "nothing was run");
}

/* The first 127 letters of a stranger's name, which ends as a friend's. */
static void
test_long_name(void)
{
	struct ask_answer name = { .outcome = ASK_FOUND };
	bool channel;

	rules("allow", "smtpd mx: .example.org\n");
	rules("deny", "ALL: ALL\n");
	memset(name.name, 'a', 115);
	(void)snprintf(name.name + 115, sizeof(name.name) - 115,
	    ".example.org.stranger.test");
	num(strcspn(name.name, "g"), 126, "a name to be cut at example.org");
	num(ask("192.0.2.1", &name, &channel), WRAP_DENIED,
	    "a name that libwrap would cut is none");
}

/* The value of a variable that rules set, or null. */
static const char *
value(const char *name)
{
	return variables_get(&set, name, strlen(name));
}

static void
test_setenv(void)
{
	struct ask_answer name = { .outcome = ASK_FOUND,
	    .name = "a.example.org" };
	char big[400] = "smtpd: ALL: setenv RELAYCLIENT ";
	bool channel;

	rules("deny", "");
	rules("allow", "smtpd: ALL: setenv RELAYCLIENT : setenv DATABYTES 5\n"
	    "mx: ALL: setenv DATABYTES  6 : setenv PATH /nowhere\n");
	num(ask("192.0.2.1", NULL, &channel), WRAP_ALLOWED, "setenv");
	is(value("RELAYCLIENT"), "", "without a value");
	is(value("DATABYTES"), "6", "the channel's rule wins");
	ok(value("PATH") == NULL, "others are left out");
	ok(getenv("RELAYCLIENT") == NULL && getenv("DATABYTES") == NULL &&
	    (getenv("PATH") == NULL || strcmp(getenv("PATH"), "/nowhere") !=
	    0), "our own environment stays");
	rules("allow", "smtpd: 192.0.2.2: setenv RELAYCLIENT\n");
	num(ask("192.0.2.2", NULL, &channel), WRAP_ALLOWED, "a rule for one");
	is(value("RELAYCLIENT"), "", "sets it for that one");
	num(ask("192.0.2.1", NULL, &channel), WRAP_ALLOWED, "another client");
	ok(!variables_any(&set), "has nothing of the one before");
	rules("allow", "smtpd: ALL: setenv RELAYCLIENT .%n\n");
	num(ask("192.0.2.1", NULL, &channel), WRAP_WANTS_NAME, "%n");
	num(ask("192.0.2.1", &name, &channel), WRAP_ALLOWED, "with the name");
	is(value("RELAYCLIENT"), ".a.example.org", "is expanded");
	memset(big + strlen(big), 'x', sizeof(big) - strlen(big) - 2);
	big[sizeof(big) - 2] = '\n';
	big[sizeof(big) - 1] = '\0';
	rules("allow", big);
	num(ask("192.0.2.1", NULL, &channel), WRAP_ALLOWED, "a long value");
	ok(strlen(value("RELAYCLIENT")) > 300, "is there");
	rules("allow", "smtpd: ALL: setenv RELAYCLIENT a\001b\n");
	num(ask("192.0.2.1", NULL, &channel), WRAP_UNSURE,
	    "a control character");
}

int
main(void)
{
	static const char *const made[] = { "allow", "deny" };

	log_open("t_wrap", -1, LEVEL_ERROR);
	scratch_make();
	w = wrap_new(scratch_path("allow"), scratch_path("deny"));
	test_cases();
	test_long_name();
	test_setenv();
	free(w);
	scratch_remove(made, ARRAY_LEN(made));
	return done();
}

#else

int
main(void)
{
	printf("1..0 # SKIP built without libwrap\n");
	return 0;
}

#endif
