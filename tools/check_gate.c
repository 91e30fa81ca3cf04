/*
 * check_gate - settings of lists, SPF and greylisting that come to nothing
 * together.
 */
#include "config.h"

#include <string.h>

#include "lib/dnslist.h"
#include "tools/check.h"

/* What those that list anything can come to at most. */
static long long
weight_of_all(const struct strings *l)
{
	long long sum = 0;
	struct dnslist one;
	char why[160];

	for (size_t i = 0; i < l->n; i++)
		if (dnslist_parse(l->at[i], &one, why, sizeof(why)) == 0 &&
		    !one.allow)
			sum += one.weight;
	return sum;
}

/* v is in force in the section, or may be: a listener's may be above it. */
static void
check_section(const struct check *k, const struct section *s,
    const struct settings *v)
{
	const struct origin *from = s->from;
	long long all = weight_of_all(&v->dnslists);

	if (from[SETTING_dnslist_greylist].file != NULL &&
	    v->dnslist_refuse > 0 && v->dnslist_greylist >= v->dnslist_refuse)
		finding(k->f, FINDING_WARNING, from[SETTING_dnslist_greylist],
		    "dnslist-greylist = %lld is for nobody: dnslist-refuse = "
		    "%lld comes before it", (long long)v->dnslist_greylist,
		    (long long)v->dnslist_refuse);
	if (from[SETTING_dnslists].file != NULL && v->dnslists.n > 0 &&
	    all < v->dnslist_refuse)
		finding(k->f, FINDING_WARNING, from[SETTING_dnslists],
		    "dnslists: all of them come to %lld, and dnslist-refuse "
		    "is %lld: nobody is refused", all,
		    (long long)v->dnslist_refuse);
}

/* Spared by something that is asked about nowhere. */
static void
check_spared(const struct check *k, const struct section *s, bool spf,
    bool lists)
{
	const struct strings *l = &s->v.greylist_spare;

	for (size_t i = 0; s->from[SETTING_greylist_spare].file != NULL &&
	    i < l->n; i++)
		if (strcmp(l->at[i], "spf") == 0 ? !spf : !lists)
			finding(k->f, FINDING_WARNING,
			    s->from[SETTING_greylist_spare], "greylist-spare: "
			    "%s spares nobody, for it is off everywhere",
			    l->at[i]);
}

void
check_gate(const struct check *k)
{
	const struct conf *c = k->conf;
	const struct section *s;
	bool spf = false, lists = false;
	struct settings v;

	for (int i = 0; (s = conf_section_at(c, i)) != NULL; i++) {
		conf_effective(c, i > 0 && i <= c->nlisteners ? i - 1 : -1,
		    i > c->nlisteners ? i - 1 - c->nlisteners : -1, &v);
		check_section(k, s, &v);
		spf |= v.spf != CHECK_SPF_OFF;
		lists |= v.dnslists.n > 0;
	}
	for (int i = 0; (s = conf_section_at(c, i)) != NULL; i++)
		check_spared(k, s, spf, lists);
}
