/*
 * results - see results.h.
 *
 * HELO and sender are the client's own words: what could end a line, a value
 * or a comment is quoted or becomes '?'.
 */
#include "config.h"

#include <string.h>

#include "lib/dnslist.h"
#include "lib/path.h"
#include "lib/spfresult.h"
#include "lib/text.h"
#include "submit/results.h"

#define FIELDS 8192

static bool
wants(const struct settings *set, const char *word)
{
	for (size_t i = 0; i < set->results.n; i++)
		if (strcmp(set->results.at[i], word) == 0)
			return true;
	return false;
}

static const char *
domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL ? at + 1 : "";
}

static bool
is_domain(const char *s)
{
	return path_is_domain(s, strlen(s));
}

/* A quoted-string (RFC 5322 3.2.4), whatever s is. */
static int
add_quoted(struct buf *b, const char *s)
{
	if (buf_addc(b, '"') == -1)
		return -1;
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c == '"' || c == '\\') && buf_addc(b, '\\') == -1)
			return -1;
		if (buf_addc(b, c >= ' ' && c != 0x7f ? *s : '?') == -1)
			return -1;
	}
	return buf_addc(b, '"');
}

/* Which identities were asked about, by the settings. */
static enum spf_result
of_sender(const struct results *x)
{
	return x->set->spf != CHECK_SPF_OFF ? (enum spf_result)x->env->spf :
	    SPF_UNASKED;
}

static enum spf_result
of_helo(const struct results *x)
{
	return x->set->spf == CHECK_SPF_BOTH ?
	    (enum spf_result)x->env->spf_helo : SPF_UNASKED;
}

/* The element's list, if the session says that it lists the client. */
static bool
listed_by(const struct results *x, size_t i, struct dnslist *l_r)
{
	char why[160];

	return i < x->set->dnslists.n && i < DNSLISTS_MOST &&
	    (x->env->listed >> i & 1) != 0 &&
	    dnslist_parse(x->set->dnslists.at[i], l_r, why, sizeof(why)) == 0;
}

int64_t
results_score(const struct results *x)
{
	struct dnslist l;
	int64_t score = 0;

	for (size_t i = 0; i < x->set->dnslists.n; i++)
		if (listed_by(x, i, &l))
			score += l.allow ? -l.weight : l.weight;
	return score;
}

static int
add_spf(struct buf *b, enum spf_result r, const char *property,
    const char *domain)
{
	if (r == SPF_UNASKED || r >= SPF_RESULTS)
		return 0;
	if (!is_domain(domain))
		return buf_addf(b, ";\n\tspf=%s", spf_result_text(r));
	return buf_addf(b, ";\n\tspf=%s smtp.%s=%s", spf_result_text(r),
	    property, domain);
}

static int
add_authentication(struct buf *b, const struct results *x)
{
	bool null = x->sender[0] == '\0';
	size_t before = b->len, begun;
	struct dnslist l;

	if (buf_addf(b, "Authentication-Results: %s",
	    x->set->authserv_id[0] != '\0' ? x->set->authserv_id :
	    x->set->hostname) == -1)
		return -1;
	begun = b->len;
	if (add_spf(b, of_sender(x), null ? "helo" : "mailfrom", null ?
	    x->env->helo : domain_of(x->sender)) == -1 || (!null &&
	    add_spf(b, of_helo(x), "helo", x->env->helo) == -1))
		return -1;
	for (size_t i = 0; i < x->set->dnslists.n; i++)
		if (listed_by(x, i, &l) && l.allow && buf_addf(b,
		    ";\n\tdnswl=pass dns.zone=%s", l.zone) == -1)
			return -1;
	if (b->len == begun) {
		b->len = before;
		return 0;
	}
	return buf_addc(b, '\n');
}

static int
add_received_spf(struct buf *b, const struct results *x, enum spf_result r,
    const char *identity)
{
	char ip[NET_TEXT];

	if (r == SPF_UNASKED || r >= SPF_RESULTS)
		return 0;
	if (buf_addf(b, "Received-SPF: %s receiver=%s; identity=%s;\n"
	    "\tclient-ip=", spf_result_text(r), x->set->hostname,
	    identity) == -1 ||
	    add_quoted(b, net_text(&x->client, ip)) == -1 ||
	    buf_adds(b, "; helo=") == -1 ||
	    add_quoted(b, x->env->helo) == -1 ||
	    buf_adds(b, ";\n\tenvelope-from=") == -1 ||
	    add_quoted(b, x->sender) == -1)
		return -1;
	return buf_adds(b, ";\n");
}

static int
add_lists(struct buf *b, const struct results *x)
{
	int64_t score = results_score(x);
	struct dnslist l;

	if (x->set->dnslist_mark == 0 || score < x->set->dnslist_mark)
		return 0;
	if (buf_addf(b, "X-DNS-Lists: score=%lld", (long long)score) == -1)
		return -1;
	for (size_t i = 0; i < x->set->dnslists.n; i++)
		if (listed_by(x, i, &l) && !l.allow && buf_addf(b,
		    ";\n\t%s", l.zone) == -1)
			return -1;
	return buf_addc(b, '\n');
}

static int
add_fields(struct buf *b, const struct results *x)
{
	bool null = x->sender[0] == '\0';

	if (wants(x->set, "authentication-results") &&
	    add_authentication(b, x) == -1)
		return -1;
	if (wants(x->set, "received-spf") &&
	    (add_received_spf(b, x, of_sender(x), null ? "helo" :
	    "mailfrom") == -1 || (!null && add_received_spf(b, x, of_helo(x),
	    "helo") == -1)))
		return -1;
	return add_lists(b, x);
}

int
results_add(struct buf *b, const struct results *x)
{
	struct buf fields;
	int bad = -1;

	buf_init(&fields, FIELDS);
	if (add_fields(&fields, x) == 0) {
		bad = 0;
		for (size_t i = 0; i < fields.len && bad == 0; i++)
			bad = (x->crlf && fields.p[i] == '\n' &&
			    buf_addc(b, '\r') == -1) ||
			    buf_addc(b, fields.p[i]) == -1 ? -1 : 0;
	}
	buf_free(&fields);
	return bad;
}
