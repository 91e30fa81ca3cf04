/*
 * cmd_explain - inlet explain: why mail is accepted or refused.
 *
 * One case from the command line, or many from standard input, a line each;
 * explained, or compared with what another configuration would do.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "tools/command.h"
#include "tools/explain.h"
#include "tools/show.h"

struct explaining {
	struct explainer now, then;
	bool compare, batch;
	int listener, listener_then;
	struct netaddr proxy;
	struct show_json json, *j;	/* j null: text */
	int worst;		/* exit code so far */
};

/* 64, then 1, then 75, then 0. */
static void
count(struct explaining *x, int code)
{
	if (x->worst == EX_USAGE || code == EX_OK ||
	    (x->worst == 1 && code == EX_TEMPFAIL))
		return;
	x->worst = code;
}

static int
compare(struct explaining *x, const struct explain_case *k,
    const struct explained *now, const char **why_r)
{
	struct explain_case other = *k;
	struct explained then;
	int bad;

	other.listener = x->listener_then;
	bad = explain_run(&x->then, &other, &then, why_r);
	if (bad == 0 && explain_against(now, &then, x->batch, x->j))
		count(x, 1);
	explain_free(&then);
	return bad;
}

static int
one(struct explaining *x, const struct explain_case *k, const char **why_r)
{
	struct explained now;
	int bad = explain_run(&x->now, k, &now, why_r);

	if (bad == 0 && x->compare) {
		bad = compare(x, k, &now, why_r);
	} else if (bad == 0) {
		count(x, explain_code(&now));
		if (x->j != NULL)
			explain_json(&now, x->j);
		else
			explain_text(&now);
	}
	explain_free(&now);
	return bad;
}

/* "address from to [helo]"; tabs where a field has blanks in it. */
static int
case_of_line(char *line, struct explain_case *k, const char **why_r)
{
	const char *between = strchr(line, '\t') != NULL ? "\t" : " ";
	char *field[4] = { NULL }, *p = line;
	int n = 0;

	p[strcspn(p, "\r\n")] = '\0';
	for (; n < 4 && p != NULL; n++) {
		if (between[0] == ' ')
			p += strspn(p, " ");
		if (*p == '\0' && n == 3)
			break;
		field[n] = p;
		p = strpbrk(p, between);
		if (p != NULL)
			*p++ = '\0';
	}
	if (n < 3 || (p != NULL && p[strspn(p, between)] != '\0')) {
		*why_r = "expected: address from to [helo]";
		return -1;
	}
	if (net_parse(field[0], &k->address) != 0) {
		*why_r = "the first word is no address";
		return -1;
	}
	k->from = field[1];
	k->to = field[2];
	if (field[3] != NULL)
		k->helo = field[3];
	return 0;
}

static void
many(struct explaining *x, const struct request *r)
{
	char *line = NULL;
	size_t room = 0;
	int number = 0;
	bool first = true;

	if (x->j != NULL)
		show_json_open(x->j, '[');
	while (getline(&line, &room, stdin) >= 0) {
		struct explain_case k = { .helo = r->helo,
		    .login = r->login, .tls = r->tls,
		    .certificate = r->certificate, .proxy = x->proxy,
		    .listener = x->listener };
		const char *why = "";

		number++;
		if (line[0] == '\n' || line[0] == '#')
			continue;
		if (x->j == NULL && !x->compare && !first)
			printf("\n----\n\n");
		first = false;
		if (case_of_line(line, &k, &why) != 0 ||
		    one(x, &k, &why) != 0) {
			fprintf(stderr, "inlet explain: line %d: %s\n",
			    number, why);
			count(x, EX_USAGE);
		}
	}
	free(line);
	if (x->j != NULL)
		show_json_close(x->j, ']');
}

static void
single(struct explaining *x, const struct request *r)
{
	struct explain_case k = { .from = r->operands[1],
	    .to = r->operands[2], .proxy = x->proxy, .helo = r->helo,
	    .login = r->login, .tls = r->tls,
	    .certificate = r->certificate, .listener = x->listener };
	const char *why = "no such address";

	if (net_parse(r->operands[0], &k.address) == 0 &&
	    one(x, &k, &why) == 0)
		return;
	fprintf(stderr, "inlet explain: ");
	show_text(stderr, r->operands[0]);
	fprintf(stderr, ": %s\n", why);
	count(x, EX_USAGE);
}

/* The one of that name, else the first; -1 with what is wrong. */
static int
listener(const struct conf *c, const char *name, int *listener_r)
{
	*listener_r = name != NULL ? conf_listener(c, name) :
	    c->nlisteners > 0 ? 0 : -1;
	if (name == NULL || *listener_r >= 0)
		return 0;
	fprintf(stderr, "inlet explain: no listener is called \"%s\" in %s\n",
	    name, c->path[0] != '\0' ? c->path : CONF_EMBEDDED);
	return -1;
}

static int
open_other(struct explaining *x, const struct request *r)
{
	struct tailored_options other = r->tailor;
	int code;

	if (r->against == NULL)
		return EX_OK;
	other.file = r->against;
	code = explainer_open(&x->then, &other);
	x->compare = code == EX_OK;
	return code;
}

static int
explain(struct explaining *x, const struct request *r)
{
	if (listener(x->now.c.conf, r->listener, &x->listener) != 0 ||
	    (x->compare && listener(x->then.c.conf, r->listener,
	    &x->listener_then) != 0))
		return EX_USAGE;
	if (r->proxy != NULL && net_parse(r->proxy, &x->proxy) != 0) {
		fprintf(stderr, "inlet explain: --proxy: no such address\n");
		return EX_USAGE;
	}
	if (r->json) {
		show_json_begin(&x->json, stdout);
		x->j = &x->json;
	}
	if (x->batch)
		many(x, r);
	else
		single(x, r);
	if (x->j != NULL)
		show_json_end(x->j);
	return x->worst;
}

int
cmd_explain(const struct request *r)
{
	struct explaining x = { .batch = r->noperands == 1 };
	int code;

	if (x.batch ? strcmp(r->operands[0], "-") != 0 : r->noperands != 3) {
		fprintf(stderr, "usage: inlet explain address from to\n"
		    "       inlet explain -\n");
		return EX_USAGE;
	}
	code = explainer_open(&x.now, &r->tailor);
	if (code != EX_OK)
		return code;
	code = open_other(&x, r);
	if (code == EX_OK)
		code = explain(&x, r);
	if (x.compare)
		explainer_close(&x.then);
	explainer_close(&x.now);
	return code;
}
