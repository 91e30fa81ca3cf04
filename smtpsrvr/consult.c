/*
 * consult - the way from a session to lookup, for the checks that ask it.
 *
 * Each question has its own connection: few sessions ask more than one, and
 * none keeps a place there that others could want.
 */
#include "config.h"

#include <stdio.h>

#include "smtpsrvr/consult.h"

int
consult_lookup(const struct server *v)
{
	char path[256];
	int len = snprintf(path, sizeof path, "%s/lookup", v->jail);

	if (len < 0 || (size_t)len >= sizeof path)
		return -1;
	return net_unix_connect(path, SOCK_SEQPACKET);
}
