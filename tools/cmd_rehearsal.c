/*
 * cmd_rehearsal - inlet rehearsal: what checks that are tried (rehearse) would
 * have refused, as the log has it; and what would put one of them in force.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "smtpsrvr/checks.h"
#include "smtpsrvr/rehearsal.h"
#include "tables/rehearse.h"
#include "tools/command.h"
#include "tools/configured.h"
#include "tools/rehearsed.h"
#include "tools/show.h"

#define HOSTS 10		/* of a check, unless all are wanted */
#define NOTHING 1		/* exit code: there is nothing of it */

static int
read_log(FILE *f, struct rehearsed *r)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, f) != -1)
		rehearsed_line(r, line);
	free(line);
	return ferror(f) ? -1 : 0;
}

static int
read_file(const struct request *q, const struct configured *c,
    struct rehearsed *r)
{
	const char *path = q->noperands > 0 ? q->operands[0] :
	    c->conf->server.v.log;
	FILE *f;
	int bad;

	if (strcmp(path, "-") == 0)
		return read_log(stdin, r);
	if (path[0] != '/') {
		fprintf(stderr, "inlet rehearsal: the log is %s: name a file, "
		    "or - for standard input\n", path);
		return -1;
	}
	f = fopen(path, "re");
	bad = f == NULL ? -1 : read_log(f, r);
	if (bad != 0)
		fprintf(stderr, "inlet rehearsal: %s: %s\n", path,
		    strerror(errno));
	if (f != NULL)
		fclose(f);
	return bad;
}

static void
print_text(const struct request *q, const struct rehearsed *r)
{
	uint64_t events;
	size_t n;

	if (r->n == 0)
		printf("nothing would have been refused\n");
	for (size_t i = 0; i < r->n; i += n) {
		n = rehearsed_of_check(r, i, &events);
		show_text(stdout, r->at[i]->check);
		printf(": %" PRIu64 " would have been refused, of %zu "
		    "host%s\n", events, n, n == 1 ? "" : "s");
		for (size_t k = i; k < i + n; k++) {
			if (k == i + HOSTS && !q->all) {
				printf("  and %zu more hosts (--all)\n",
				    i + n - k);
				break;
			}
			printf("%8" PRIu64 "  ", r->at[k]->n);
			show_text(stdout, r->at[k]->ip);
			printf("  the last:");
			show_lines(stdout, r->at[k]->said,
			    strlen(r->at[k]->said));
			putchar('\n');
		}
	}
}

static void
print_json(const struct rehearsed *r)
{
	struct show_json j;

	show_json_begin(&j, stdout);
	show_json_open(&j, '[');
	for (size_t i = 0; i < r->n; i++) {
		show_json_open(&j, '{');
		show_json_pair(&j, "check", r->at[i]->check);
		show_json_pair(&j, "ip", r->at[i]->ip);
		show_json_count(&j, "count", (int64_t)r->at[i]->n);
		show_json_pair(&j, "last", r->at[i]->said);
		show_json_close(&j, '}');
	}
	show_json_close(&j, ']');
	show_json_end(&j);
}

static int
report(const struct request *q, const struct configured *c)
{
	struct rehearsed r = { .n = 0 };

	if (read_file(q, c, &r) != 0)
		return EX_NOINPUT;
	rehearsed_sort(&r);
	if (q->json)
		print_json(&r);
	else
		print_text(q, &r);
	rehearsed_free(&r);
	return EX_OK;
}

static void
print_word(const char *name, bool *more)
{
	printf("%s\"", *more ? ", " : "");
	for (; *name != '\0'; name++)
		putchar(*name == '_' ? '-' : *name);
	putchar('"');
	*more = true;
}

/* The section's line without that check; names that stand there twice once. */
static bool
print_without(const struct section *s, const char *scope, const char *check)
{
	struct settings one = { .rehearse = { .n = 1, .at = &check } };
	const struct origin *at = &s->from[SETTING_rehearse];
	const struct check *c;
	bool more = false, has = false;

	if (at->file == NULL)
		return false;
	for (size_t i = 0; (c = checks_row(i)) != NULL; i++)
		has |= rehearse_has(&one, c->name) &&
		    rehearse_has(&s->v, c->name);
	if (!has)
		return false;
	printf("%s:%d: %s%s%s%s: rehearse = {", at->file, at->line, scope,
	    s->title[0] != '\0' ? " \"" : "", s->title,
	    s->title[0] != '\0' ? "\"" : "");
	for (size_t i = 0; (c = checks_row(i)) != NULL; i++)
		if (c->weight == POLICY && rehearse_has(&s->v, c->name) &&
		    !rehearse_has(&one, c->name))
			print_word(c->name, &more);
	printf("}\n");
	return true;
}

static int
enforce(const struct conf *c, const char *check)
{
	const struct section *s;
	bool any = false;

	if (!rehearsal_may(check)) {
		fprintf(stderr, "inlet rehearsal: there is no check %s that "
		    "may be tried\n", check);
		return EX_USAGE;
	}
	for (int i = 0; (s = conf_section_at(c, i)) != NULL; i++)
		any |= print_without(s, conf_scope_name(s->scope), check);
	if (any)
		return EX_OK;
	fprintf(stderr, "inlet rehearsal: %s is tried nowhere\n", check);
	return NOTHING;
}

int
cmd_rehearsal(const struct request *r)
{
	struct configured c;
	int code = configured_open(&c, &r->tailor);

	if (code != 0)
		return code;
	code = r->enforce != NULL ? enforce(c.conf, r->enforce) :
	    report(r, &c);
	configured_close(&c);
	return code;
}
