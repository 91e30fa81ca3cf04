/*
 * EHLO, HELO (RFC 5321 4.1.1.1); LHLO (RFC 2033 4.1), which is LMTP's EHLO.
 *
 *	ehlo = "EHLO" SP ( Domain / address-literal ) CRLF
 *	helo = "HELO" SP Domain CRLF
 */
#include "config.h"

#include <string.h>

#include "lib/datetime.h"
#include "lib/text.h"
#include "lib/spfresult.h"
#include "smtpsrvr/checks.h"
#include "smtpsrvr/commands.h"

/*
 * What is taken for a name.  Names that do not exist are common and allowed;
 * what could be mistaken for anything else in a header or a log is not.
 */
static int
take_name(struct session *s, const char *name)
{
	size_t len = strlen(name);

	bool literal = false;

	if (len >= sizeof s->helo)
		return -1;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];

		if (c == '[' || c == ']' || c == ':')
			literal = true;
		else if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') || c == '.' || c == '-' ||
		    c == '_'))
			return -1;
	}
	if (literal && !path_is_literal(name, len))
		return -1;
	return text_copy(s->helo, sizeof s->helo, name);
}

/* Whatever is refused, the state stays as it was (RFC 5321 4.1.1.1). */
static void
hello(struct session *s, const struct argument *a, const char *verb,
    struct reply *r)
{
	char before[sizeof s->helo];

	if (!s->early && s->helo[0] == '\0' && wire_pending(&s->wire)) {
		s->early = true;
		if (checks_run(s, TALK, &(struct check_subject){ 0 }, r) ==
		    REFUSE) {
			s->over = true;
			return;
		}
	}
	memcpy(before, s->helo, sizeof before);
	if (take_name(s, a->text) != 0) {
		char help[32];
		size_t len = 0;

		text_add(help, sizeof help, &len, verb);
		text_add(help, sizeof help, &len, " hostname");
		reply_set(r, REPLY_SYNTAX, help);
		return;
	}
	s->spf_helo = SPF_UNASKED;
	if (!s->set->delay_refusals && checks_run(s, HELO,
	    &(struct check_subject){ 0 }, r) == REFUSE) {
		if (s->state != STATE_START)
			memcpy(s->helo, before, sizeof before);
		return;
	}
	session_reset(s);
	s->esmtp = strcmp(verb, "HELO") != 0;
	s->state = STATE_READY;
	reply_set(r, REPLY_HELLO, s->set->hostname);
}

void
cmd_helo(struct session *s, const struct argument *a, struct reply *r)
{
	hello(s, a, "HELO", r);
}

bool
keyword_plain(const struct session *s, char argument_r[KEYWORD_ARGUMENT])
{
	(void)s;
	argument_r[0] = '\0';
	return true;
}

bool
keyword_size(const struct session *s, char argument_r[KEYWORD_ARGUMENT])
{
	text_digits(argument_r, s->set->max_message_size);
	return true;
}

bool
keyword_limits(const struct session *s, char argument_r[KEYWORD_ARGUMENT])
{
	char number[TEXT_DIGITS];
	size_t len = 0;

	text_add(argument_r, KEYWORD_ARGUMENT, &len, "MAILMAX=");
	text_add(argument_r, KEYWORD_ARGUMENT, &len,
	    text_digits(number, s->set->max_messages));
	text_add(argument_r, KEYWORD_ARGUMENT, &len, " RCPTMAX=");
	text_add(argument_r, KEYWORD_ARGUMENT, &len,
	    text_digits(number, s->set->max_recipients));
	return true;
}

bool
keyword_deliverby(const struct session *s, char argument_r[KEYWORD_ARGUMENT])
{
	argument_r[0] = '\0';
	if (s->set->deliver_by_least != 0)
		text_digits(argument_r, params_by_least(s->set));
	return true;
}

bool
keyword_priority(const struct session *s, char argument_r[KEYWORD_ARGUMENT])
{
	static const char *const policies[] = { "", "", "MIXER", "STANAG4406",
	    "NSEP" };

	return text_copy(argument_r, KEYWORD_ARGUMENT,
	    policies[s->set->mt_priority]) == 0;
}

bool
keyword_futurerelease(const struct session *s,
    char argument_r[KEYWORD_ARGUMENT])
{
	int64_t most = s->set->hold_most / 1000;
	char until[DATETIME_TEXT];
	size_t len;

	text_digits(argument_r, most);
	len = strlen(argument_r);
	text_add(argument_r, KEYWORD_ARGUMENT, &len, " ");
	text_add(argument_r, KEYWORD_ARGUMENT, &len,
	    datetime_text(clock_wall_us() / 1000000 + most, until));
	return true;
}

/* Each line waits in r until it is known whether it is the last one. */
static void
next_line(struct session *s, struct reply *r, const char *word,
    const char *argument)
{
	char text[32 + KEYWORD_ARGUMENT];
	size_t len = 0;

	if (wire_reply_line(&s->wire, r->code, "", r->text, true) != WIRE_OK)
		s->lost = true;
	text_add(text, sizeof text, &len, word);
	if (argument[0] != '\0')
		text_add(text, sizeof text, &len, " ");
	text_add(text, sizeof text, &len, argument);
	reply_set(r, REPLY_HELLO, text);
}

static void
extended(struct session *s, const struct argument *a, const char *verb,
    struct reply *r)
{
	char argument[KEYWORD_ARGUMENT];

	hello(s, a, verb, r);
	if (!reply_good(r))
		return;
	for (int k = 0; k < KEYWORD_COUNT; k++)
		if (keyword_offered(s, (enum keyword)k, argument))
			next_line(s, r, offer_word((enum keyword)k), argument);
}

void
cmd_ehlo(struct session *s, const struct argument *a, struct reply *r)
{
	extended(s, a, "EHLO", r);
}

void
cmd_lhlo(struct session *s, const struct argument *a, struct reply *r)
{
	extended(s, a, "LHLO", r);
}
