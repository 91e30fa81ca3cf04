/*
 * fuzz_params - any bytes as parameters of MAIL and of RCPT, and as values:
 * what is taken is what submit takes, too, and no control character comes out
 * of it, however it is decoded.
 */
#include "config.h"

#include <string.h>
#include "lib/datetime.h"
#include "lib/text.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"
#include "lib/xtext.h"
#include "smtpsrvr/params.h"
#include "tests/fuzz/fuzz.h"

#define NOW INT64_C(1795194000000000)

static const struct settings bounds = { .hold_most = 86400000,
    .deliver_by_least = 60000, .priority_most = 3 };
static const struct offer all;
static const struct offer none = { UINT64_MAX, 0 };

static void
check_printable(const char *s)
{
	uint32_t code;
	size_t n;

	for (size_t len = strlen(s); len > 0; s += n, len -= n) {
		n = utf8_next(s, len, &code);
		must(n > 0 && !utf8_is_control(code), "printable UTF-8");
	}
}

static void
check_xtext(const char *s, size_t len)
{
	char *out = xmalloc(len + 1);
	bool good = xtext_good(s, len) && strlen(s) == len;

	if (strlen(s) == len)
		must((xtext_decode(s, out, len + 1) == 0) == good,
		    "what is good can be decoded, and nothing else");
	if (good)
		must(text_printable(out, strlen(out)), "printable ASCII");
	free(out);
}

static void
check_mail(const char *text, const struct params_by *by)
{
	struct mail_params p;
	struct reply r = { .code = 0 };

	if (params_mail(text, by, &p, &r) != 0) {
		must(r.code == 501 || r.code == 555, "refused with a reply");
		must(text_printable(r.text, strlen(r.text)), "of ASCII");
		return;
	}
	must(asked_envid_good(p.envid) && asked_ret_good(p.ret), "RFC 3461");
	check_xtext(p.envid, strlen(p.envid));
	must(p.size >= -1, "a size");
	must(p.priority >= -ASKED_PRIORITY_MOST &&
	    p.priority <= bounds.priority_most, "a priority");
	must(p.hold == 0 || (p.hold > NOW &&
	    p.hold <= NOW + bounds.hold_most * 1000), "held within bounds");
	must(p.by == 0 ? p.by_mode == 0 && !p.by_trace :
	    (p.by_mode == 'N' || (p.by_mode == 'R' && p.by >= NOW +
	    bounds.deliver_by_least * 1000)) && p.by > p.hold, "a deadline");
	must(by->offer == &all || (p.size == -1 && p.body[0] == '\0' &&
	    p.ret[0] == '\0' && p.envid[0] == '\0' && !p.utf8 &&
	    p.priority == 0 && p.hold == 0 && p.by == 0),
	    "what is off is not taken");
}

static void
check_rcpt(const char *text, const struct params_by *by)
{
	struct rcpt_params p;
	struct reply r = { .code = 0 };

	if (params_rcpt(text, by, &p, &r) != 0) {
		must(r.code == 501 || r.code == 555, "refused with a reply");
		return;
	}
	must(asked_notify_good(p.notify), "NOTIFY in its one form");
	must(asked_orcpt_good(p.orcpt, by->utf8), "ORCPT");
	must(by->utf8 || text_printable(p.orcpt, strlen(p.orcpt)),
	    "ASCII without SMTPUTF8");
	check_printable(p.orcpt);
	must(by->offer == &all || (p.notify[0] == '\0' &&
	    p.orcpt[0] == '\0'), "what is off is not taken");
}

static void
check_moment(const char *s)
{
	char text[DATETIME_TEXT];
	int64_t t, again;

	if (datetime_parse(s, &t) == 0)
		must(datetime_parse(datetime_text(t, text), &again) == 0 &&
		    again == t, "a moment can be written");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy, so that reading past its end shows. */
	char *text = xmemdup0((const char *)data, size);

	for (int i = 0; i < 4; i++) {
		const struct params_by by = { .offer = i < 2 ? &all : &none,
		    .set = &bounds, .now = NOW, .utf8 = i % 2 == 0 };

		check_mail(text, &by);
		check_rcpt(text, &by);
	}
	check_xtext(text, size);
	(void)asked_auth_good(text);
	check_moment(text);
	free(text);
	return 0;
}
