/*
 * mechanism - see mechanism.h.
 */
#include "config.h"

#include "lib/mechanism.h"
#include "lib/mm.h"
#include "lib/text.h"

static const struct {
	const char *name;
	bool sends, binds;
	const char *backend;
} facts[MECHANISMS] = {
	[MECHANISM_SCRAM_SHA_256_PLUS] = { "SCRAM-SHA-256-PLUS", false, true,
	    "file" },	/* RFC 7677 */
	[MECHANISM_SCRAM_SHA_256] = { "SCRAM-SHA-256", false, false, "file" },
	[MECHANISM_SCRAM_SHA_1] = { "SCRAM-SHA-1", false, false, "file" },
	[MECHANISM_CRAM_MD5] = { "CRAM-MD5", false, false,
	    "file" },	/* RFC 2195 */
	[MECHANISM_PLAIN] = { "PLAIN", true, false, NULL },	/* RFC 4616 */
	/* What never became an RFC. */
	[MECHANISM_LOGIN] = { "LOGIN", true, false, NULL },
	[MECHANISM_XOAUTH2] = { "XOAUTH2", true, false, "dovecot" },
	[MECHANISM_OAUTHBEARER] = { "OAUTHBEARER", true, false,
	    "dovecot" },	/* RFC 7628 */
	[MECHANISM_EXTERNAL] = { "EXTERNAL", false, false,
	    NULL },	/* RFC 4422 A */
};

int
mechanism_find(const char *name)
{
	for (int i = 0; i < MECHANISMS; i++)
		if (text_same(name, facts[i].name))
			return i;
	return -1;
}

const char *
mechanism_name(enum mechanism m)
{
	return facts[m].name;
}

bool
mechanism_sends_secret(enum mechanism m)
{
	return facts[m].sends;
}

bool
mechanism_binds(enum mechanism m)
{
	return facts[m].binds;
}

const char *
mechanism_backend(enum mechanism m)
{
	return facts[m].backend;
}

const char *
mechanism_nearest(const char *name)
{
	const char *names[MECHANISMS];

	for (int i = 0; i < MECHANISMS; i++)
		names[i] = facts[i].name;
	return text_nearest(name, names, MECHANISMS);
}
