/*
 * cmd_dnslist - inlet dnslist test: are the lists of dnslists there, and do
 * they list what every list lists, and not what none does (RFC 5782 5)?
 *
 * Asks the resident lookup, so it needs no rights; or one of its own.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/dnslist.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tables/resolver.h"
#include "tools/command.h"
#include "tools/configured.h"
#include "tools/ownlookup.h"
#include "tools/show.h"

#define WRONG 1			/* exit code: a list is not as it should be */
#define POINTS 4
#define ANSWERS 8		/* that are shown of one point */
/* ::FFFF:127.0.0.x by its nibbles, behind the first. */
#define MAPPED ".0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0"

/* What every list has, or has not. */
struct point {
	const char *name;	/* below the zone */
	const char *family;	/* "" of names */
	bool listed;
};

struct result {
	char answers[ANSWERS][16];
	int n;
	bool lists;		/* it is in its zone */
	char wrong[128];	/* "": nothing */
};

struct testing {
	const struct request *r;
	struct configured c;
	struct ownlookup lookup;
	int sock;
	int64_t time;
	struct strings done[1024];	/* lists whose elements were tried */
	size_t ndone;
	int code;
	int ntried;
	bool *met;		/* of the operands: some list has that zone */
	struct records records;
	struct result results[POINTS];
	struct show_json json;
};

static const struct point hosts[POINTS] = {
	{ "2.0.0.127", "IPv4", true }, { "1.0.0.127", "IPv4", false },
	{ "2" MAPPED, "IPv6", true }, { "1" MAPPED, "IPv6", false }
};
static const struct point names[] = { { "test", "", true },
	{ "invalid", "", false } };

static void
wrong(struct result *x, const char *what)
{
	snprintf(x->wrong, sizeof(x->wrong), "%s", what);
}

/* What one point's answer is, by itself. */
static void
take(const struct dnslist *l, const struct point *p,
    const struct records_got *g, struct result *x)
{
	const uint8_t *ip;
	size_t at = 0, len;

	*x = (struct result){ .lists = g->outcome == RECORDS_FOUND };
	while (x->lists && x->n < ANSWERS && records_next(g, &at, &ip, &len))
		if (len == 4)
			snprintf(x->answers[x->n++], sizeof(x->answers[0]),
			    "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
	if (g->outcome == RECORDS_LATER)
		wrong(x, "no answer in time");
	else if (g->outcome == RECORDS_ERROR)
		wrong(x, "answers with an error: an address outside "
		    "127.0.0.0/8, or in 127.255.255.0/24");
	else if (x->lists && !p->listed)
		wrong(x, "lists it: it would list everybody");
	else if (x->n > 0 && p->listed && !dnslist_lists(l, g))
		snprintf(x->wrong, sizeof(x->wrong), "answers %s, which is in "
		    "none of its answers", x->answers[0]);
}

/*
 * Which of the points must be listed: those of hosts may be so for one family
 * alone, for few lists have both.
 */
static void
want(const struct point *points, int n, struct result *x)
{
	bool any = false;

	for (int i = 0; i < n; i++)
		any |= points[i].listed && (x[i].lists ||
		    x[i].wrong[0] != '\0');
	if (!any)
		wrong(&x[0], "does not list it");
}

static void
print_text(const struct testing *t, const struct dnslist *l,
    const struct point *points, int n)
{
	const char *between = ", ";
	bool good = true;

	for (int i = 0; i < n; i++) {
		if (t->results[i].wrong[0] == '\0')
			continue;
		printf("%s of %s: %s: %s\n", l->zone,
		    dnslist_of_text(l->of), t->records.asked[i].name,
		    t->results[i].wrong);
		good = false;
	}
	if (!good)
		return;
	printf("%s of %s: good", l->zone, dnslist_of_text(l->of));
	for (int i = 0; i < n; i++) {
		if (!t->results[i].lists || points[i].family[0] == '\0')
			continue;
		printf("%s%s", between, points[i].family);
		between = " and ";
	}
	putchar('\n');
}

static void
print_json(struct testing *t, const struct dnslist *l,
    const struct point *points, int n)
{
	struct show_json *j = &t->json;

	show_json_open(j, '{');
	show_json_pair(j, "zone", l->zone);
	show_json_pair(j, "of", dnslist_of_text(l->of));
	show_json_key(j, "allow");
	show_json_bool(j, l->allow);
	show_json_count(j, "weight", l->weight);
	show_json_key(j, "points");
	show_json_open(j, '[');
	for (int i = 0; i < n; i++) {
		const struct result *x = &t->results[i];

		show_json_open(j, '{');
		show_json_pair(j, "name", t->records.asked[i].name);
		show_json_key(j, "should-be-listed");
		show_json_bool(j, points[i].listed);
		show_json_key(j, "answers");
		show_json_open(j, '[');
		for (int k = 0; k < x->n; k++)
			show_json_text(j, x->answers[k]);
		show_json_close(j, ']');
		if (x->wrong[0] != '\0')
			show_json_pair(j, "wrong", x->wrong);
		show_json_close(j, '}');
	}
	show_json_close(j, ']');
	show_json_close(j, '}');
}

static void
try_list(struct testing *t, const struct dnslist *l)
{
	bool of_hosts = l->of == DNSLIST_CLIENT;
	const struct point *points = of_hosts ? hosts : names;
	int n = of_hosts ? (int)ARRAY_LEN(hosts) : (int)ARRAY_LEN(names);
	char name[RECORDS_NAME + 80];

	t->ntried++;
	records_begin(&t->records, t->time);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s.%s", points[i].name,
		    l->zone);
		/* A zone too long for addresses of IPv6 has none of them. */
		if (records_add(&t->records, RECORDS_LISTED, name,
		    l->zone) != 0)
			n = i;
	}
	(void)records_ask(&t->records, t->sock);
	for (int i = 0; i < n; i++)
		take(l, &points[i], &t->records.got[i], &t->results[i]);
	want(points, n, t->results);
	for (int i = 0; i < n; i++)
		if (t->results[i].wrong[0] != '\0')
			t->code = WRONG;
	if (t->r->json)
		print_json(t, l, points, n);
	else
		print_text(t, l, points, n);
}

static bool
is_wanted(const struct testing *t, const struct dnslist *l)
{
	bool wanted = t->r->noperands == 1;

	for (int i = 1; i < t->r->noperands; i++)
		if (text_same(t->r->operands[i], l->zone))
			wanted = t->met[i] = true;
	return wanted;
}

/* A zone that was mistyped is not good. */
static void
say_unknown(struct testing *t)
{
	for (int i = 1; i < t->r->noperands; i++) {
		if (t->met[i])
			continue;
		fprintf(stderr, "inlet dnslist: no dnslists have \"%s\"\n",
		    t->r->operands[i]);
		t->code = WRONG;
	}
	if (t->r->noperands == 1 && t->ntried == 0)
		fprintf(stderr, "inlet dnslist: there are no dnslists\n");
}

/* The elements of a section, unless another has had the same. */
static void
try_section(struct testing *t, const struct settings *v)
{
	const struct strings *l = &v->dnslists;
	struct dnslist one;
	char why[160];

	for (size_t i = 0; i < l->n; i++) {
		bool again = false;

		for (size_t j = 0; j < t->ndone && !again; j++)
			for (size_t k = 0; k < t->done[j].n && !again; k++)
				again = strcmp(t->done[j].at[k],
				    l->at[i]) == 0;
		if (!again && dnslist_parse(l->at[i], &one, why,
		    sizeof(why)) == 0 && is_wanted(t, &one))
			try_list(t, &one);
	}
	if (t->ndone < ARRAY_LEN(t->done))
		t->done[t->ndone++] = *l;
}

static void
try_all(struct testing *t)
{
	const struct section *s;

	for (int i = 0; (s = conf_section_at(t->c.conf, i)) != NULL; i++)
		try_section(t, &s->v);
}

int
cmd_dnslist(const struct request *r)
{
	struct testing *t;
	int code;

	if (strcmp(r->operands[0], "test") != 0) {
		fprintf(stderr, "inlet dnslist: there is no \"%s\"; test is "
		    "meant\n", r->operands[0]);
		return EX_USAGE;
	}
	t = xcalloc(1, sizeof(*t));
	t->r = r;
	t->met = xcalloc((size_t)r->noperands, sizeof(*t->met));
	code = configured_open(&t->c, &r->tailor);
	if (code != EX_OK) {
		free(t->met);
		free(t);
		return code;
	}
	t->time = t->c.conf->server.v.dns_timeout;
	ownlookup_find(&t->lookup, &t->c.plan, t->c.record);
	t->sock = t->lookup.who == LOOKUP_NOBODY ? -1 :
	    resolver_connect(t->lookup.jail);
	show_json_begin(&t->json, stdout);
	if (r->json)
		show_json_open(&t->json, '[');
	try_all(t);
	if (r->json) {
		show_json_close(&t->json, ']');
		show_json_end(&t->json);
	}
	say_unknown(t);
	if (t->sock >= 0)
		close(t->sock);
	ownlookup_end(&t->lookup);
	configured_close(&t->c);
	code = t->code;
	free(t->met);
	free(t);
	return code;
}
