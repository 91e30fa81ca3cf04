/*
 * mechanism - see mechanism.h.
 */
#include "config.h"

#include "lib/mechanism.h"
#include "lib/mm.h"
#include "lib/text.h"

static const char *const names[MECHANISMS] = {
	[MECHANISM_PLAIN] = "PLAIN",	/* RFC 4616 */
	[MECHANISM_LOGIN] = "LOGIN",	/* what never became an RFC */
};

static const bool sends[MECHANISMS] = {
	[MECHANISM_PLAIN] = true, [MECHANISM_LOGIN] = true,
};

int
mechanism_find(const char *name)
{
	for (int i = 0; i < MECHANISMS; i++)
		if (text_same(name, names[i]))
			return i;
	return -1;
}

const char *
mechanism_name(enum mechanism m)
{
	return names[m];
}

bool
mechanism_sends_secret(enum mechanism m)
{
	return sends[m];
}

const char *
mechanism_nearest(const char *name)
{
	return text_nearest(name, names, MECHANISMS);
}
