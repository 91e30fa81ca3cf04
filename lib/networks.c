/*
 * networks - lists of addresses and prefixes, as settings have them.
 *
 * They are short, and looked in once a connection: read as they are.
 */
#include "config.h"

#include "lib/networks.h"

int
networks_parse(const char *text, struct netaddr *a_r, int *bits_r)
{
	if (net_parse(text, a_r) != 0)
		return net_parse_prefix(text, a_r, bits_r);
	*bits_r = net_bits(a_r);
	return 0;
}

bool
networks_hold(const struct strings *l, const struct netaddr *host)
{
	for (size_t i = 0; i < l->n; i++) {
		struct netaddr at, in;
		int bits;

		if (networks_parse(l->at[i], &at, &bits) != 0 ||
		    at.family != host->family)
			continue;
		in = net_prefix(host, bits);
		at.port = 0;
		if (net_same_host(&in, &at))
			return true;
	}
	return false;
}
