/*
 * spfresult: elements of spf-actions.
 */
#include "config.h"

#include "lib/spfresult.h"
#include "tests/tap.h"

int
main(void)
{
	static const char *const bad[] = { "", "fail", "fails refuse",
	    "fail refused", "unasked mark", "pass refuse", "fail  refuse",
	    "averyveryveryveryverylongresultword mark" };
	static const char *const at[] = { "softfail refuse", "none ignore" };
	struct strings l = { .at = at, .n = 2 };
	enum spf_result r;
	enum spf_action a;
	char why[200];

	for (int i = SPF_NONE; i < SPF_RESULTS; i++) {
		char text[40];

		snprintf(text, sizeof(text), "%s ignore",
		    spf_result_text((enum spf_result)i));
		ok(spf_action_parse(text, &r, &a, why, sizeof(why)) == 0 &&
		    (int)r == i && a == SPF_IGNORE, text);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		why[0] = '\0';
		ok(spf_action_parse(bad[i], &r, &a, why, sizeof(why)) == -1 &&
		    why[0] != '\0', bad[i]);
	}
	num(spf_action_parse("fial mark", &r, &a, why, sizeof(why)), -1,
	    "a mistake");
	ok(strstr(why, "did you mean fail") != NULL, "and the nearest");
	num(spf_action_of(&l, SPF_SOFTFAIL), SPF_REFUSE, "as it says");
	num(spf_action_of(&l, SPF_NONE), SPF_IGNORE, "as it says");
	num(spf_action_of(&l, SPF_FAIL), SPF_MARK, "what none names");
	return done();
}
