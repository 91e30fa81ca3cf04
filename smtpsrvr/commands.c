/*
 * commands - from a line to a handler: the table decides what is taken when.
 */
#include "config.h"

#include <string.h>

#include "lib/text.h"
#include "smtpsrvr/attributes.h"
#include "smtpsrvr/commands.h"
#include "smtpsrvr/consult.h"

#define CHUNK_MOST (UINT64_C(1) << 56)

/* So that a column's word names either a reply or this. */
enum { REPLY_TAKEN = COMMAND_TAKEN };

const struct command commands[] = {
#define COMMAND(verb, handler, start, ready, mail, refused, rcpt, chunks, \
    failed, argument, group, counts, offered, keyword, spoken, help) \
	{ #verb, handler, { REPLY_##start, REPLY_##ready, REPLY_##mail, \
	    REPLY_##refused, REPLY_##rcpt, REPLY_##chunks, REPLY_##failed }, \
	    argument, group, counts, spoken, help },
#include "smtpsrvr/commands.def"
#undef COMMAND
};
const size_t commands_count = ARRAY_LEN(commands);

static bool (*const keywords[])(const struct session *s,
    char argument_r[KEYWORD_ARGUMENT]) = {
#define KEYWORD(name, word, function, text) function,
#include "smtpsrvr/keywords.def"
#undef KEYWORD
};

bool
keyword_offered(const struct session *s, enum keyword k,
    char argument_r[KEYWORD_ARGUMENT])
{
	return offer_keyword(&s->offer, k) && keywords[k](s, argument_r);
}

static size_t
word_length(const char *text)
{
	size_t n = 0;

	while (text[n] != '\0' && text[n] != ' ')
		n++;
	return n;
}

static const char *
behind_blanks(const char *text)
{
	while (*text == ' ')
		text++;
	return text;
}

/* Other protocols speak in these; browsers can be made to (ALPACA). */
static const char *const foreign[] = { "GET", "POST", "PUT", "HEAD",
    "OPTIONS", "CONNECT", "TRACE", "PATCH", "DELETE" };

static bool
is_verb(const char *known, const char *verb, size_t len)
{
	return strlen(known) == len && text_begins(verb, known);
}

bool
command_spoken(const struct session *s, const struct command *c)
{
	return c->spoken != (s->lmtp ? SMTP : LMTP);
}

static const struct command *
find(const struct session *s, const char *verb, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (command_spoken(s, &commands[i]) &&
		    is_verb(commands[i].verb, verb, len))
			return &commands[i];
	return NULL;
}

static bool
is_foreign(const char *verb, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		if (is_verb(foreign[i], verb, len))
			return true;
	return false;
}

/*
 * What the parser let stand alone gets our domain; but a recipient postmaster
 * is our own without one.
 */
static void
complete(const struct session *s, bool sender, struct mailbox *m)
{
	if (m->domain[0] != '\0' || m->local[0] == '\0' ||
	    (!sender && text_same(m->local, "postmaster")))
		return;
	if (text_copy(m->domain, sizeof m->domain,
	    settings_domain(s->set)) == 0)
		text_lower(m->domain);
}

int
command_utf8(struct session *s, bool asked, enum reply_name bad,
    struct mailbox *m, struct reply *r)
{
	if (path_is_ascii(m->local) && path_is_ascii(m->domain))
		return 0;
	if (asked)
		return consult_domain(s, m, bad, r);
	reply_set(r, REPLY_NOT_ASCII);
	return -1;
}

/*
 * Whether SMTPUTF8 is asked for, only the parameters behind the path tell.
 * What is not even UTF-8 is wrong without it and with it.
 */
static enum path_error
parse_utf8(const struct session *s, const char *text, enum path_kind kind,
    struct mailbox *m_r, size_t *end_r)
{
	size_t len = strlen(text);
	enum path_error e = PATH_SYNTAX;

	if (offer_keyword(&s->offer, KEYWORD_SMTPUTF8))
		e = path_parse(text, len, (enum path_kind)(kind | PATH_UTF8),
		    m_r, end_r);
	return e != PATH_SYNTAX ? e : path_parse(text, len, kind, m_r, end_r);
}

/* "FROM:<...> params"; RFC 5321 has no blank there, but many send one. */
static int
parse_path(const struct session *s, const char *text, bool sender,
    struct argument *a, struct reply *r)
{
	const char *word = sender ? "FROM:" : "TO:";
	enum path_kind kind = sender ? PATH_REVERSE : PATH_FORWARD;
	size_t end;

	if (!text_begins(text, word))
		return -1;
	text += strlen(word);
	text = behind_blanks(text);
	if (s->set->unqualified == UNQUALIFIED_COMPLETE)
		kind = sender ? PATH_REVERSE_USER : PATH_FORWARD_USER;
	switch (parse_utf8(s, text, kind, &a->path, &end)) {
	case PATH_OK:
		break;
	case PATH_NOT_ASCII:
		reply_set(r, REPLY_NOT_ASCII);
		return 1;
	case PATH_SYNTAX:
	case PATH_LOCAL_LONG:
	case PATH_DOMAIN_LONG:
		reply_set(r, sender ? REPLY_BAD_SENDER_SYNTAX :
		    REPLY_BAD_RCPT_SYNTAX);
		return 1;
	}
	complete(s, sender, &a->path);
	a->params = text + end;
	return 0;
}

/* "octets [LAST]"; CHUNK_MOST and above are more than any message has. */
static int
parse_chunk(const char *text, struct argument *a)
{
	size_t n = strspn(text, "0123456789");

	if (n == 0 || (text[n] != ' ' && text[n] != '\0'))
		return -1;
	for (const char *p = text; p < text + n; p++) {
		unsigned digit = (unsigned)(*p - '0');

		if (a->octets < CHUNK_MOST)
			a->octets = a->octets * 10 + digit;
	}
	text = behind_blanks(text + n);
	a->last = text_same(text, "LAST");
	return a->last || *text == '\0' ? 0 : -1;
}

/* 0 good, 1 the reply is set, -1 the command's syntax is to be shown. */
static int
parse_argument(const struct session *s, const struct command *c,
    const char *text, struct argument *a, struct reply *r)
{
	a->text = text;
	switch (c->argument) {
	case NONE:
		return *text == '\0' ? 0 : -1;
	case OPTIONAL:
		return 0;
	case REQUIRED:
		return *text != '\0' ? 0 : -1;
	case FROM_PATH:
		return parse_path(s, text, true, a, r);
	case TO_PATH:
		return parse_path(s, text, false, a, r);
	case CHUNK:
		return parse_chunk(text, a);
	case ATTRIBUTES:
		return attributes_begin(text) ? 0 : -1;
	}
	return -1;
}

static void
unknown(struct session *s, const char *verb, size_t len, struct reply *r)
{
	if (is_foreign(verb, len)) {
		reply_set(r, REPLY_HTTP);
		reply_because(r, "foreign-protocol");
		s->over = true;
		return;
	}
	reply_set(r, REPLY_UNKNOWN_COMMAND);
	s->trouble.unknown++;
	if (++s->unknown >= s->set->max_unknown_commands) {
		reply_set(r, REPLY_TOO_MANY_ERRORS, "unknown commands");
		reply_limit(r, "max-unknown-commands", s->unknown,
		    s->set->max_unknown_commands);
		s->over = true;
	}
}

bool
command_idle(struct session *s, struct reply *r)
{
	if (++s->idle <= s->set->max_idle_commands)
		return false;
	reply_set(r, REPLY_SESSION_OVER, "too many commands without a message");
	reply_limit(r, "max-idle-commands", s->idle,
	    s->set->max_idle_commands);
	s->over = true;
	return true;
}

/* A column's reply, as LMTP has it: RFC 2033 4.1 and 4.2. */
static enum reply_name
reply_there(const struct session *s, int name)
{
	if (s->lmtp && name == REPLY_NEED_HELLO)
		return REPLY_NEED_LHLO;
	if (s->lmtp && name == REPLY_NO_VALID_RCPTS)
		return REPLY_NEED_RCPT;
	return (enum reply_name)name;
}

/* Is it for now?  Else r says what there is to say. */
static bool
for_now(struct session *s, const struct command *c, struct reply *r)
{
	int to = c->in_state[s->state];

	if (c->counts == IDLE && command_idle(s, r))
		return false;
	if (!offer_verb(&s->offer, (enum verb)(c - commands))) {
		reply_set(r, REPLY_VERB_OFF, c->verb);
		reply_because(r, "verbs-off");
		return false;
	}
	if (to != COMMAND_TAKEN)
		reply_set(r, reply_there(s, to));
	return to == COMMAND_TAKEN;
}

static void
dispatch(struct session *s, const struct command *c, const char *text,
    struct reply *r)
{
	struct argument a = { 0 };
	bool now = for_now(s, c, r);
	int bad = 0;

	/* Of a chunk it must be known in any case. */
	if (now || c->argument == CHUNK)
		bad = parse_argument(s, c, text, &a, r);
	if (bad < 0) {
		reply_set(r, REPLY_SYNTAX, c->help);
		s->over |= c->argument == CHUNK;
	} else if (bad == 0 && now) {
		c->handler(s, &a, r);
	} else if (bad == 0 && c->argument == CHUNK) {
		bdat_refused(s, &a, r);
	}
}

bool
command_early(struct session *s, struct reply *r)
{
	if (offer_keyword(&s->offer, KEYWORD_PIPELINING) ||
	    !wire_pending(&s->wire))
		return false;
	reply_set(r, REPLY_EARLY_TALKER);
	reply_because(r, "pipelining");
	s->over = true;
	return true;
}

static bool
has_control(const char *p, size_t len, bool eight_bit)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c < 0x20 || c == 0x7f || (c >= 0x80 && !eight_bit))
			return true;
	}
	return false;
}

/* Without its CRLF, and more than this verb's parameters account for. */
static bool
line_too_long(const struct session *s, const struct command *c, size_t len)
{
	size_t most = (size_t)s->set->max_command_line;

	if (len + 2 <= most)
		return false;
	return c == NULL || len + 2 > most + params_growth(&s->offer,
	    (enum verb)(c - commands));
}

/* RFC 6531 3.6: VRFY and EXPN with a parameter of their own. */
static bool
asks_utf8(const struct session *s, const struct command *c, const char *line,
    size_t len)
{
	static const char word[] = " SMTPUTF8";
	size_t n = sizeof word - 1;

	return c != NULL && offer_keyword(&s->offer, KEYWORD_SMTPUTF8) &&
	    (c->handler == cmd_vrfy || c->handler == cmd_expn) && len > n &&
	    text_same(line + len - n, word);
}

void
command_run(struct session *s, char *line, size_t len)
{
	size_t verb = word_length(line);
	const struct command *c = find(s, line, verb);
	const char *text = behind_blanks(line + verb);
	struct reply r = { 0 };
	bool path = c != NULL && (c->argument == FROM_PATH ||
	    c->argument == TO_PATH);
	bool chunk = c != NULL && c->argument == CHUNK;

	if (line_too_long(s, c, len)) {
		session_line_too_long(s);
		s->over |= chunk;
		return;
	}
	/* Blanks at the end are common and harmless. */
	while (len > 0 && line[len - 1] == ' ')
		line[--len] = '\0';
	if (!chunk && command_early(s, &r)) {
		;
	} else if (has_control(line, len, path ||
	    asks_utf8(s, c, line, len))) {
		reply_set(&r, REPLY_BAD_CHARACTER);
		s->over |= chunk;
	} else if (c == NULL) {
		unknown(s, line, verb, &r);
	} else {
		dispatch(s, c, text, &r);
	}
	if (!s->lost && c != NULL && s->lmtp && s->tx.each_hears &&
	    r.code != 421)
		session_say_each(s, &r, c->verb);
	else if (!s->lost && r.code != 0)
		session_say(s, &r, c != NULL ? c->verb : "-");
	if (s->tx.done)
		session_reset(s);
}
