/*
 * relay_hosts - from relay-hosts, or from a domain's MX records, to places.
 *
 * Runs in channel programs.  Of the name service only lookup's answers are
 * seen (lib/ask.h), checked there.  This host is never its own next one: of
 * MX hosts those that are not better are dropped (RFC 5321 5.1).
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "chans/chan.h"
#include "chans/relay_hosts.h"
#include "lib/ask.h"
#include "lib/clock.h"
#include "lib/relayhost.h"
#include "lib/text.h"
#include "tables/resolver.h"

#define SPARE_MS 1000	/* lookup's answer may come so late */

struct finding {
	const struct settings *s;
	int lookup;		/* the connection, or -1 */
	struct relay_hosts *hosts;
	bool unsure;		/* something could not be found out */
	bool self;		/* this host was met */
};

static unsigned
chance(unsigned most)
{
	unsigned n = 0;

	(void)!getrandom(&n, sizeof n, GRND_NONBLOCK);
	return n % most;
}

static uint16_t
port_of(const struct finding *f, const struct relayhost *r)
{
	return r->port != 0 ? r->port : (uint16_t)f->s->relay_port;
}

static struct relay_host *
add(struct finding *f, const char *name)
{
	struct relay_host *h;

	if (f->hosts->n == RELAY_HOSTS_MOST)
		return NULL;
	h = &f->hosts->at[f->hosts->n];
	memset(h, 0, sizeof *h);
	if (text_copy(h->name, sizeof h->name, name) == -1)
		return NULL;
	f->hosts->n++;
	return h;
}

static void
add_address(struct finding *f, const char *name, const struct netaddr *a,
    uint16_t port, const char *domain)
{
	struct relay_host *h = add(f, name);

	if (h == NULL)
		return;
	h->place.address = *a;
	h->place.address.port = port;
	(void)!text_copy(h->domain, sizeof h->domain, domain);
}

/* false: it could not be asked, or not found out. */
static bool
ask(struct finding *f, enum ask_kind kind, const char *name,
    struct ask_list *l)
{
	char jail[256];

	memset(l, 0, sizeof *l);
	l->outcome = ASK_HOST_LATER;
	chan_working();
	if (f->lookup == -1) {
		snprintf(jail, sizeof jail, "%s/jail", f->s->run_directory);
		f->lookup = resolver_connect(jail);
	}
	if (f->lookup == -1)
		return false;
	if (ask_list(f->lookup, kind, name, clock_ms() + f->s->dns_timeout +
	    SPARE_MS, l) == -1) {
		close(f->lookup);
		f->lookup = -1;
	}
	return l->outcome != ASK_HOST_LATER;
}

static bool
own_name(const struct settings *s, const char *name)
{
	size_t i;

	if (text_same(name, s->hostname))
		return true;
	for (i = 0; i < s->local_names.n; i++) {
		if (text_same(name, s->local_names.at[i]))
			return true;
	}
	return false;
}

static bool
own_address(const struct settings *s, const struct netaddr *a)
{
	struct netaddr own;
	size_t i;

	for (i = 0; i < s->local_names.n; i++) {
		if (net_parse(s->local_names.at[i], &own) == 0 &&
		    net_same_host(&own, a))
			return true;
	}
	return false;
}

/* By chance within a family; the families by turns, IPv6 first. */
static void
order_addresses(struct ask_list *l)
{
	struct netaddr mixed[ASK_LIST], swap;
	size_t i, k, n = 0, at[2] = { 0, 0 };

	for (i = l->n; i > 1; i--) {
		k = chance((unsigned)i);
		swap = l->address[i - 1];
		l->address[i - 1] = l->address[k];
		l->address[k] = swap;
	}
	for (k = 0; n < l->n; k ^= 1) {
		i = at[k];
		while (i < l->n && (l->address[i].family == 6) != (k == 0))
			i++;
		if (i < l->n)
			mixed[n++] = l->address[i++];
		at[k] = i;
	}
	memcpy(l->address, mixed, n * sizeof mixed[0]);
}

/*
 * The addresses of a host.  domain: whose MX it is, or "".  false: one of
 * them is this host's.
 */
static bool
add_named(struct finding *f, const char *name, uint16_t port,
    const char *domain)
{
	struct ask_list l;
	size_t i;

	if (!ask(f, ASK_ADDRESSES, name, &l))
		f->unsure = true;
	for (i = 0; i < l.n && domain[0] != '\0'; i++) {
		if (own_address(f->s, &l.address[i]))
			return false;
	}
	order_addresses(&l);
	for (i = 0; i < l.n; i++)
		add_address(f, name, &l.address[i], port, domain);
	return true;
}

/* Hosts of equal preference in the order of chance. */
static void
spread(struct ask_list *l)
{
	char swap[sizeof l->name[0]];
	size_t first, end, i, k;

	for (first = 0; first < l->n; first = end) {
		for (end = first; end < l->n &&
		    l->preference[end] == l->preference[first]; end++)
			;
		for (i = end; i > first + 1; i--) {
			k = first + chance((unsigned)(i - first));
			memcpy(swap, l->name[i - 1], sizeof swap);
			memcpy(l->name[i - 1], l->name[k], sizeof swap);
			memcpy(l->name[k], swap, sizeof swap);
		}
	}
}

/* Drops this host and all that are not better. */
static void
drop_self(struct finding *f, struct ask_list *l)
{
	size_t i, k;

	for (i = 0; i < l->n && !own_name(f->s, l->name[i]); i++)
		;
	if (i == l->n)
		return;
	f->self = true;
	for (k = 0; l->preference[k] < l->preference[i]; k++)
		;
	l->n = (uint8_t)k;
}

static void
add_mx_hosts(struct finding *f, struct ask_list *l, uint16_t port,
    const char *domain)
{
	size_t i, start = f->hosts->n;

	drop_self(f, l);
	spread(l);
	for (i = 0; i < l->n; i++) {
		if (i == 0 || l->preference[i] != l->preference[i - 1])
			start = f->hosts->n;
		if (add_named(f, l->name[i], port, domain))
			continue;
		f->self = true;
		f->hosts->n = start;
		return;
	}
}

/* Those of domain; -1 where it is certain that there are none. */
static int
add_mx(struct finding *f, const char *domain, uint16_t port,
    struct chan_answer *a)
{
	struct ask_list l;
	size_t before = f->hosts->n;

	if (!ask(f, ASK_MX, domain, &l)) {
		f->unsure = true;
		return 0;
	}
	if (l.outcome == ASK_HOST_NULL) {
		chanproto_fill(a, CHAN_NEVER, "5.1.10", "%.150s takes no mail "
		    "(its MX record says so)", domain);
		return -1;
	}
	if (l.outcome == ASK_HOST_FOUND)
		add_mx_hosts(f, &l, port, domain);
	else if (own_name(f->s, domain) || !add_named(f, domain, port, domain))
		f->self = true;
	if (f->hosts->n > before || f->unsure)
		return 0;
	if (f->self)
		chanproto_fill(a, CHAN_NEVER, "5.4.6", "mail for %.130s would "
		    "come back to this host", domain);
	else if (l.outcome == ASK_HOST_FOUND)
		chanproto_fill(a, CHAN_NEVER, "5.4.4", "no MX host of %.130s "
		    "has an address", domain);
	else
		chanproto_fill(a, CHAN_NEVER, "5.1.2", "there is no domain "
		    "%.150s", domain);
	return -1;
}

/* "[192.0.2.1]" and "[IPv6:...]" are a recipient's own host. */
static int
add_domain(struct finding *f, const struct relayhost *r, const char *domain,
    struct chan_answer *a)
{
	struct relayhost literal;

	if (r->name[0] != '\0')
		return add_mx(f, r->name, port_of(f, r), a);
	if (domain[0] != '[')
		return add_mx(f, domain, port_of(f, r), a);
	if (relayhost_parse(domain, &literal) == -1) {
		chanproto_fill(a, CHAN_NEVER, "5.1.2", "%.150s is no address",
		    domain);
		return -1;
	}
	if (own_address(f->s, &literal.address)) {
		chanproto_fill(a, CHAN_NEVER, "5.4.6", "mail for %.130s would "
		    "come back to this host", domain);
		return -1;
	}
	add_address(f, domain, &literal.address, port_of(f, r), domain);
	return 0;
}

static void
add_name(struct finding *f, const struct relayhost *r)
{
	struct netaddr a;

	/* The name service need not know it, nor be there. */
	if (!text_same(r->name, "localhost")) {
		(void)add_named(f, r->name, port_of(f, r), "");
		return;
	}
	if (net_parse("127.0.0.1", &a) == 0)
		add_address(f, r->name, &a, port_of(f, r), "");
	if (net_parse("::1", &a) == 0)
		add_address(f, r->name, &a, port_of(f, r), "");
}

static int
add_element(struct finding *f, const char *text, const char *domain,
    struct chan_answer *a)
{
	struct relay_host *h;
	struct relayhost r;

	if (relayhost_parse(text, &r) == -1)
		return 0;	/* no configuration has such */
	switch (r.kind) {
	case RELAYHOST_MX:
		return add_domain(f, &r, domain, a);
	case RELAYHOST_NAME:
		add_name(f, &r);
		return 0;
	case RELAYHOST_ADDRESS:
		add_address(f, r.name, &r.address, port_of(f, &r), "");
		return 0;
	case RELAYHOST_UNIX:
	default:
		h = add(f, r.name);
		if (h != NULL)
			memcpy(h->place.path, r.name, sizeof h->place.path);
		return 0;
	}
}

bool
relay_hosts_by_domain(const struct settings *s)
{
	struct relayhost r;
	size_t i;

	for (i = 0; i < s->relay_hosts.n; i++) {
		if (relayhost_parse(s->relay_hosts.at[i], &r) == 0 &&
		    r.kind == RELAYHOST_MX && r.name[0] == '\0')
			return true;
	}
	return false;
}

int
relay_hosts_find(const struct settings *s, const char *domain,
    struct relay_hosts *h_r, struct chan_answer *fault_r)
{
	struct finding f = { .s = s, .lookup = -1, .hosts = h_r };
	bool none = false;
	size_t i;

	h_r->n = 0;
	for (i = 0; i < s->relay_hosts.n; i++) {
		if (add_element(&f, s->relay_hosts.at[i], domain,
		    fault_r) == -1)
			none = true;
	}
	if (f.lookup != -1)
		close(f.lookup);
	if (h_r->n > 0)
		return 0;
	if (f.unsure || !none)
		chanproto_fill(fault_r, CHAN_LATER, "4.4.3", f.unsure ?
		    "the name service does not say where the mail goes" :
		    "no host of relay-hosts has an address");
	return -1;
}
