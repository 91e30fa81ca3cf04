/*
 * request - what the command line of inlet asks for.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include "lib/text.h"
#include "tools/request.h"

/* A row has a flag to set or a text to fill, as offset in struct request. */
struct option_row {
	unsigned bit;
	char letter;		/* '\0': it has only a name */
	const char *name;	/* null: only a letter */
	const char *typed;
	bool value;
	size_t offset;
	const char *text;
};

#define AT(field) offsetof(struct request, field)

static const struct option_row rows[] = {
	{ TAKES_FILE, 'C', NULL, "-C file", true, AT(tailor.file),
	    "read this configuration, not the installed one" },
	{ TAKES_PROGRAMS, 'L', NULL, "-L directory", true,
	    AT(tailor.programs), "where all of our programs are" },
	{ TAKES_JSON, '\0', "json", "--json", false, AT(json),
	    "as JSON" },
	{ TAKES_CHANGED, '\0', "changed", "--changed", false, AT(changed),
	    "only what was set" },
	{ TAKES_LISTENER, '\0', "listener", "--listener name", true,
	    AT(listener), "a session through that listener" },
	{ TAKES_CHANNEL, '\0', "channel", "--channel name", true,
	    AT(channel), "values in force for that channel's hosts" },
	{ TAKES_FOREGROUND, '\0', "foreground", "--foreground", false,
	    AT(foreground), "it must be given" },
	{ TAKES_DEBUG, 'd', NULL, "-d", false, AT(debug),
	    "events go to standard error" },
	{ TAKES_FINICKY, 'f', NULL, "-f", false, AT(tailor.finicky),
	    "refuse hosts that no table holds" },
	{ TAKES_MOST, 'n', NULL, "-n connections", true, AT(tailor.most),
	    "how many sessions at once" },
	{ TAKES_PORT, 'p', NULL, "-p port", true, AT(tailor.port),
	    "port of the first listener" },
	{ TAKES_HELO, '\0', "helo", "--helo name", true, AT(helo),
	    "what the client says with EHLO" },
	{ TAKES_AGAINST, '\0', "against", "--against file", true,
	    AT(against), "only what this other configuration would change" },
	{ TAKES_FOR, '\0', "for", "--for address", true, AT(address),
	    "values in force for a client at that address" },
	{ TAKES_PROXY, '\0', "proxy", "--proxy address", true, AT(proxy),
	    "as that proxy says, from which the connection comes" },
	{ TAKES_LOGIN, '\0', "login", "--login name", true, AT(login),
	    "as that login" },
	{ TAKES_TLS, '\0', "tls", "--tls", false, AT(tls),
	    "over TLS" },
	{ TAKES_CERTIFICATE, '\0', "certificate", "--certificate text", true,
	    AT(certificate), "over TLS with the certificate of that "
	    "fingerprint, or a verified one of that subject" },
	{ TAKES_ENFORCE, '\0', "enforce", "--enforce check", true,
	    AT(enforce), "print the lines that would put it in force" },
	{ TAKES_SENDER, '\0', "sender", "--sender pattern", true, AT(sender),
	    "messages from there" },
	{ TAKES_RECIPIENT, '\0', "recipient", "--recipient pattern", true,
	    AT(recipient), "messages to there" },
	{ TAKES_TO_CHANNEL, '\0', "channel", "--channel pattern", true,
	    AT(channel), "messages that go to that channel" },
	{ TAKES_REASON, '\0', "reason", "--reason text", true, AT(reason),
	    "messages that failed with such a text or code" },
	{ TAKES_OLDER, '\0', "older", "--older time", true, AT(older),
	    "messages that arrived before that time" },
	{ TAKES_NEWER, '\0', "newer", "--newer time", true, AT(newer),
	    "messages that arrived since" },
	{ TAKES_ALL, '\0', "all", "--all", false, AT(all),
	    "all messages" },
	{ TAKES_DRY, '\0', "dry-run", "--dry-run", false, AT(dry),
	    "only tell which messages are meant" },
	{ TAKES_WHY, '\0', "why", "--why text", true, AT(why),
	    "what a sender is told" },
	{ TAKES_SCHEME, '\0', "scheme", "--scheme list", true, AT(scheme),
	    "how a password is kept: scram, crypt, plain" },
};

const char *
request_option(unsigned bit, const char **text_r)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (rows[i].bit == bit) {
			*text_r = rows[i].text;
			return rows[i].typed;
		}
	}
	return NULL;
}

static const struct option_row *
find_letter(char letter, unsigned takes)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].letter == letter && (rows[i].bit & takes) != 0)
			return &rows[i];
	return NULL;
}

static const struct option_row *
find_name(const char *name, size_t len, unsigned takes)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].name != NULL && (rows[i].bit & takes) != 0 &&
		    strlen(rows[i].name) == len &&
		    memcmp(rows[i].name, name, len) == 0)
			return &rows[i];
	return NULL;
}

static void
take(struct request *r, const struct option_row *row, const char *value)
{
	char *field = (char *)r + row->offset;

	if (row->value)
		memcpy(field, &value, sizeof(value));
	else
		*(bool *)field = true;
}

static int
refuse(char *why_r, size_t size, const char *what, const char *option)
{
	snprintf(why_r, size, "%s: %s", option, what);
	return -1;
}

static int
unknown(const char *word, unsigned takes, char *why_r, size_t size)
{
	const char *known[ARRAY_LEN(rows)], *near;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].name != NULL && (rows[i].bit & takes) != 0)
			known[n++] = rows[i].name;
	near = word[1] == '-' ? text_nearest(word + 2, known, n) : NULL;
	snprintf(why_r, size, "there is no option %s here%s%s%s", word,
	    near != NULL ? "; is --" : "", near != NULL ? near : "",
	    near != NULL ? " meant?" : "");
	return -1;
}

/* "--name", "--name=value", "--name value"; how many words, or -1. */
static int
long_option(struct request *r, unsigned takes, char **argv, char *why_r,
    size_t size)
{
	const char *name = argv[0] + 2;
	size_t len = strcspn(name, "=");
	const struct option_row *row = find_name(name, len, takes);
	const char *value = name[len] == '=' ? name + len + 1 : NULL;

	if (row == NULL)
		return unknown(argv[0], takes, why_r, size);
	if (!row->value && value != NULL)
		return refuse(why_r, size, "it takes no value", argv[0]);
	if (row->value && value == NULL && argv[1] == NULL)
		return refuse(why_r, size, "a value must follow", argv[0]);
	take(r, row, value != NULL ? value : argv[1]);
	return row->value && value == NULL ? 2 : 1;
}

/* "-df", "-Cfile", "-C file"; how many words, or -1. */
static int
short_options(struct request *r, unsigned takes, char **argv, char *why_r,
    size_t size)
{
	for (const char *p = argv[0] + 1; *p != '\0'; p++) {
		const struct option_row *row = find_letter(*p, takes);

		if (row == NULL)
			return unknown(argv[0], takes, why_r, size);
		if (!row->value) {
			take(r, row, NULL);
			continue;
		}
		if (p[1] == '\0' && argv[1] == NULL)
			return refuse(why_r, size, "a value must follow",
			    argv[0]);
		take(r, row, p[1] != '\0' ? p + 1 : argv[1]);
		return p[1] != '\0' ? 1 : 2;
	}
	return 1;
}

int
request_parse(struct request *r, unsigned takes, bool stop, int argc,
    char **argv, int *used_r, char *why_r, size_t size)
{
	int i = 0, n = 0;

	while (i < argc) {
		int words;

		if (strcmp(argv[i], "--") == 0) {
			for (i++; i < argc; i++)
				argv[n++] = argv[i];
			break;
		}
		if (argv[i][0] != '-' || argv[i][1] == '\0') {
			if (stop)
				break;
			argv[n++] = argv[i++];
			continue;
		}
		words = argv[i][1] == '-' ?
		    long_option(r, takes, argv + i, why_r, size) :
		    short_options(r, takes, argv + i, why_r, size);
		if (words < 0)
			return -1;
		i += words;
	}
	*used_r = i;
	r->noperands = n;
	r->operands = argv;
	return 0;
}
