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

#define WRONG 1			/* exit code: a list is not as it should be */

struct testing {
	const struct request *r;
	struct configured c;
	struct ownlookup lookup;
	int sock;
	int64_t time;
	struct strings done[1024];	/* lists whose elements were tried */
	size_t ndone;
	int code;
	struct records records;
};

/* What is wrong with one answer; null: nothing. */
static const char *
wrong(const struct dnslist *l, const struct records_got *g, bool listed,
    char *dst, size_t size)
{
	const uint8_t *ip;
	size_t at = 0, len;

	switch ((enum records_outcome)g->outcome) {
	case RECORDS_LATER:
		return "no answer in time";
	case RECORDS_ERROR:
		return "answers with an error: an address outside 127.0.0.0/8,"
		    " or in 127.255.255.0/24";
	case RECORDS_NONE:
		return listed ? "does not list it" : NULL;
	case RECORDS_FOUND:
		break;
	}
	if (!listed)
		return "lists it: it would list everybody";
	if (dnslist_lists(l, g) || !records_next(g, &at, &ip, &len) ||
	    len != 4)
		return NULL;
	snprintf(dst, size, "answers %u.%u.%u.%u, which is in none of its "
	    "answers", ip[0], ip[1], ip[2], ip[3]);
	return dst;
}

/* The point that is listed, then the one that is not. */
static void
try_list(struct testing *t, const struct dnslist *l)
{
	static const char *const hosts[] = { "2.0.0.127", "1.0.0.127" };
	static const char *const names[] = { "test", "invalid" };
	const char *const *points = l->of == DNSLIST_CLIENT ? hosts : names;
	char name[RECORDS_NAME + 16], text[128];
	const char *what;
	bool good = true;

	records_begin(&t->records, t->time);
	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "%s.%s", points[i], l->zone);
		if (records_add(&t->records, RECORDS_LISTED, name,
		    l->zone) != 0)
			return;
	}
	(void)records_ask(&t->records, t->sock);
	for (int i = 0; i < 2; i++) {
		what = wrong(l, &t->records.got[i], i == 0, text,
		    sizeof(text));
		if (what == NULL)
			continue;
		printf("%s of %s: %s: %s\n", l->zone,
		    dnslist_of_text(l->of), t->records.asked[i].name, what);
		good = false;
		t->code = WRONG;
	}
	if (good)
		printf("%s of %s: good\n", l->zone, dnslist_of_text(l->of));
}

static bool
is_wanted(const struct testing *t, const struct dnslist *l)
{
	for (int i = 1; i < t->r->noperands; i++)
		if (text_same(t->r->operands[i], l->zone))
			return true;
	return t->r->noperands == 1;
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
	code = configured_open(&t->c, &r->tailor);
	if (code != EX_OK) {
		free(t);
		return code;
	}
	t->time = t->c.conf->server.v.dns_timeout;
	ownlookup_find(&t->lookup, &t->c.plan, t->c.record);
	t->sock = t->lookup.who == LOOKUP_NOBODY ? -1 :
	    resolver_connect(t->lookup.jail);
	try_all(t);
	if (t->sock >= 0)
		close(t->sock);
	ownlookup_end(&t->lookup);
	configured_close(&t->c);
	code = t->code;
	free(t);
	return code;
}
