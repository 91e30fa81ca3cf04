/*
 * mdoc_tables commands | keywords | replies | checks | steps - prints those
 * parts of smtpsrvr(8), the last one of inlet-authorise(5), from the tables
 * that the programs are made of, for build-aux/splice.sh.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "lib/mm.h"

#define WIDTH 78	/* of a line of the page's source */

struct reply_row {
	const char *name;
	int code;
	const char *enhanced, *text;
};

static const struct reply_row replies[] = {
#define REPLY(name, code, enhanced, text) { #name, code, enhanced, text },
#include "lib/replies.def"
#undef REPLY
};

struct command_row {
	const char *help, *in_state[7], *group, *counts, *offered;
};

static const struct command_row commands[] = {
#define COMMAND(verb, handler, start, ready, mail, refused, rcpt, chunks, \
    failed, argument, group, counts, offered, keyword, spoken, help) \
	{ help, { #start, #ready, #mail, #refused, #rcpt, #chunks, #failed }, \
	    #group, #counts, #offered },
#include "smtpsrvr/commands.def"
#undef COMMAND
};

static const struct {
	const char *word, *text;
} keywords[] = {
#define KEYWORD(name, word, function, text) { word, text },
#include "smtpsrvr/keywords.def"
#undef KEYWORD
};

struct check_row {
	const char *stage, *weight, *name, *settings, *text;
};

static const struct check_row checks[] = {
#define CHECK(stage, weight, name, function, settings, text) \
	{ #stage, #weight, #name, settings, text },
#include "smtpsrvr/checks.def"
#undef CHECK
};

struct step_row {
	const char *end, *table, *key, *any, *channel, *host;
};

static const struct step_row steps[] = {
#define STEP(end, table, key, any, channel, host) \
	{ #end, #table, #key, any, channel, host },
#include "tables/authorise.def"
#undef STEP
};

static const char *const states[] = { "START", "READY", "MAIL", "REFUSED",
	"RCPT", "CHUNKS", "FAILED" };

/*
 * Broken between words.  What the caller of reply_set() fills in is shown as
 * dots.
 */
static void
print_text(const char *p)
{
	const char *line = p;

	for (; *p != '\0'; p++) {
		if (*p == ' ' && (size_t)(p - line) +
		    strcspn(p + 1, " ") >= WIDTH) {
			putchar('\n');
			line = p + 1;
			continue;
		}
		if (strncmp(p, "%lld", 4) == 0 || strncmp(p, "%s", 2) == 0) {
			fputs("...", stdout);
			p += p[1] == 's' ? 1 : 3;
		} else if (*p == '\\' || *p == '"') {
			fputs(*p == '"' ? "\\(dq" : "\\e", stdout);
		} else {
			putchar(*p);
		}
	}
}

static int
print_reply(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
		const struct reply_row *r = &replies[i];

		if (strcmp(r->name, name) != 0)
			continue;
		printf("%d%s%s \\(dq", r->code,
		    r->enhanced[0] != '\0' ? " " : "", r->enhanced);
		print_text(r->text);
		fputs("\\(dq", stdout);
		return 0;
	}
	return -1;
}

static int
print_states(const struct command_row *c)
{
	int taken = 0;

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		taken += strcmp(c->in_state[i], "TAKEN") == 0;
	if (taken == (int)ARRAY_LEN(states)) {
		puts("Taken in every state.");
		return 0;
	}
	fputs("Taken in", stdout);
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (strcmp(c->in_state[i], "TAKEN") == 0)
			printf(" %s%s", states[i], --taken > 0 ? "," : ".\n");
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (strcmp(c->in_state[i], "TAKEN") == 0)
			continue;
		printf("In %s: ", states[i]);
		if (print_reply(c->in_state[i]) != 0)
			return -1;
		puts(".");
	}
	return 0;
}

static int
print_commands(void)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		const struct command_row *c = &commands[i];

		printf(".It Ic ");
		print_text(c->help);
		putchar('\n');
		if (print_states(c) != 0)
			return -1;
		if (strcmp(c->group, "LAST") == 0)
			puts("Last of a pipelined group.");
		if (strcmp(c->counts, "IDLE") == 0)
			puts("Counts against\n.Cm max-idle-commands .");
		if (strcmp(c->offered, "SWITCH") == 0)
			puts("May be in\n.Cm verbs-off .");
	}
	return 0;
}

static int
print_keywords(void)
{
	for (size_t i = 0; i < ARRAY_LEN(keywords); i++) {
		printf(".It Ic %s\nOff: ", keywords[i].word);
		print_text(keywords[i].text);
		putchar('\n');
	}
	return 0;
}

/* The word that the log has where there is no closer one. */
static void
print_reason(const char *name)
{
	fputs(".Pq Li reason=", stdout);
	for (; *name != '\0'; name++)
		putchar(*name >= 'A' && *name <= 'Z' ? *name - 'A' + 'a' :
		    *name);
	putchar('\n');
}

static int
print_replies(void)
{
	for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
		const struct reply_row *r = &replies[i];

		printf(".It %d%s%s\n\\(dq", r->code,
		    r->enhanced[0] != '\0' ? " " : "", r->enhanced);
		print_text(r->text);
		puts("\\(dq");
		if (r->code >= 400)
			print_reason(r->name);
	}
	return 0;
}

/* "a, b" as a .Cm line each. */
static void
print_settings(const char *list)
{
	for (;;) {
		size_t len = strcspn(list, ",");

		printf(".Cm %.*s%s\n", (int)len, list,
		    list[len] == '\0' ? " ." : " ,");
		if (list[len] == '\0')
			return;
		list += len + 1;
		list += strspn(list, " ");
	}
}

static int
print_checks(void)
{
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		printf(".It %s: Cm %s\n", checks[i].stage, checks[i].name);
		print_text(checks[i].text);
		printf("%s\nSettings:\n", strcmp(checks[i].weight,
		    "POLICY") == 0 ? "\nIt may be rehearsed." : "");
		print_settings(checks[i].settings);
	}
	return 0;
}

/* "DESTINATION_HOST" as "destination host". */
static void
print_words(const char *name)
{
	for (; *name != '\0'; name++)
		putchar(*name == '_' ? ' ' : *name - 'A' + 'a');
}

static void
print_code(const char *other, const char *what, const char *code)
{
	if (code[0] != '\0')
		printf("%s%s%s:\n.Li %s .\n", other, other[0] != '\0' ? " " :
		    "", what, code);
}

static int
print_steps(void)
{
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		const struct step_row *r = &steps[i];
		const char *other = strncmp(r->key, "SOURCE", 6) == 0 ?
		    "The destination" : "The source";

		printf(".It\n.Cm %s\nof the ", r->table);
		print_words(r->end);
		fputs(" channel, by the ", stdout);
		print_words(r->key);
		puts(".");
		print_code("", "No value", r->any);
		print_code(other, "channel", r->channel);
		print_code(other, "host", r->host);
	}
	return 0;
}

static const struct {
	const char *word;
	int (*print)(void);
} parts[] = {
	{ "commands", print_commands },
	{ "keywords", print_keywords },
	{ "replies", print_replies },
	{ "checks", print_checks },
	{ "steps", print_steps },
};

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < ARRAY_LEN(parts); i++)
		if (strcmp(argv[1], parts[i].word) == 0)
			return parts[i].print() == 0 && fflush(stdout) == 0 ?
			    0 : 1;
	fputs("usage: mdoc_tables commands | keywords | replies | checks | "
	    "steps\n", stderr);
	return 64;
}
