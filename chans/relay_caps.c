/*
 * relay_caps - reads the lines of an answer to EHLO.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "chans/relay_caps.h"
#include "lib/mm.h"
#include "lib/text.h"

#define LINE_MOST 512

static const struct {
	const char *word;
	enum relay_cap cap;
} keywords[] = {
	{ "8BITMIME", RELAY_8BITMIME },
	{ "AUTH", RELAY_AUTH },
	{ "BINARYMIME", RELAY_BINARYMIME },
	{ "CHUNKING", RELAY_CHUNKING },
	{ "DELIVERBY", RELAY_DELIVERBY },
	{ "DSN", RELAY_DSN },
	{ "MT-PRIORITY", RELAY_MT_PRIORITY },
	{ "PIPELINING", RELAY_PIPELINING },
	{ "REQUIRETLS", RELAY_REQUIRETLS },
	{ "SIZE", RELAY_SIZE },
	{ "SMTPUTF8", RELAY_SMTPUTF8 },
	{ "STARTTLS", RELAY_STARTTLS },
};

/* A number, or 0 where it is none that we can use. */
static int64_t
number(const char *s)
{
	int64_t n;

	return text_number(s, 0, INT64_MAX, &n) == 0 ? n : 0;
}

/* The first blank of s becomes its end; what follows. */
static char *
cut(char *s)
{
	char *end = s + strcspn(s, " ");

	if (*end == '\0')
		return end;
	*end++ = '\0';
	return end + strspn(end, " ");
}

static void
add_auth(struct relay_caps *c, const char *words)
{
	size_t len = strlen(c->auth);

	if (words[0] == '\0')
		return;
	if (len > 0)
		(void)text_add(c->auth, sizeof c->auth, &len, " ");
	/* What does not fit is not offered; nor the half of a word. */
	if (strlen(words) < sizeof c->auth - len)
		(void)text_add(c->auth, sizeof c->auth, &len, words);
}

/* RFC 9422: NAME=value, a blank between two. */
static void
take_limits(struct relay_caps *c, char *words)
{
	char *next;

	for (; *words != '\0'; words = next) {
		next = cut(words);
		if (text_begins(words, "RCPTMAX="))
			c->rcpt_most = number(words + 8);
		else if (text_begins(words, "MAILMAX="))
			c->mail_most = number(words + 8);
	}
}

static void
take_keyword(struct relay_caps *c, char *word)
{
	char *rest = cut(word);
	size_t i;

	/* "AUTH=LOGIN" is how some said it before RFC 2554. */
	if (text_begins(word, "AUTH=")) {
		c->has |= RELAY_AUTH;
		add_auth(c, word + 5);
		add_auth(c, rest);
		return;
	}
	if (text_same(word, "LIMITS"))
		take_limits(c, rest);
	for (i = 0; i < ARRAY_LEN(keywords); i++) {
		if (!text_same(word, keywords[i].word))
			continue;
		c->has |= keywords[i].cap;
		if (keywords[i].cap == RELAY_SIZE)
			c->size = number(rest);
		else if (keywords[i].cap == RELAY_DELIVERBY)
			c->by = number(rest);
		else if (keywords[i].cap == RELAY_AUTH)
			add_auth(c, rest);
	}
}

void
relay_caps_line(void *arg, const char *text, size_t len)
{
	struct relay_caps_reading *r = arg;
	char line[LINE_MOST];
	bool first = !r->begun;

	r->begun = true;
	if (len >= sizeof line || !text_printable(text, len))
		return;
	memcpy(line, text, len);
	line[len] = '\0';
	if (!first) {
		take_keyword(r->caps, line);
		return;
	}
	(void)cut(line);
	snprintf(r->caps->name, sizeof r->caps->name, "%.255s", line);
}

bool
relay_caps_has(const struct relay_caps *c, unsigned caps)
{
	return (c->has & caps) == caps;
}
