/*
 * options - the command lines of smtpd, today's and MMDF's.
 *
 * Only sorts the words: whether a port, a number or a channel is right is
 * for tailor to say, which knows how to say it.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/text.h"
#include "smtpd/options.h"

static int
usage(void)
{
	fputs("usage: smtpd [-df] [-n maxconnects] [-C file] [-p port] "
	    "[-L directory] [smtpsrvr [channels]]\n"
	    "       smtpd smtpsrvr channels port maxconnects network\n"
	    "       smtpd sourcehost.sourceport\n", stderr);
	return -1;
}

/* "c0000201.1025": inetd of SunOS 3 named the caller so. */
static bool
sun_operand(const char *s)
{
	size_t hex = strspn(s, "0123456789abcdefABCDEF");

	return hex == 8 && s[8] == '.' && s[9] != '\0' &&
	    strspn(s + 9, "0123456789") == strlen(s + 9);
}

/*
 * Our other programs stand beside the smtpsrvr that was named.  A relative
 * path begins here, and the name of the folder must be absolute.
 */
static int
programs_beside(struct options *o)
{
	const char *slash = strrchr(o->smtpsrvr, '/');
	size_t len = slash != NULL ? (size_t)(slash - o->smtpsrvr) : 0;
	size_t at = 0;

	if (o->smtpsrvr[0] != '/') {
		if (getcwd(o->programs, sizeof o->programs - 1) == NULL)
			return -1;
		at = strlen(o->programs);
		if (len > 0 && o->programs[at - 1] != '/')
			o->programs[at++] = '/';
	}
	if (at + len >= sizeof o->programs)
		return -1;
	memcpy(o->programs + at, o->smtpsrvr, len);
	o->programs[at + len] = '\0';
	if (at + len == 0)
		return text_copy(o->programs, sizeof o->programs, "/");
	return 0;
}

static int
operands(struct options *o, int n, char **v, bool connected)
{
	if (n == 1 && connected && sun_operand(v[0])) {
		o->sun = true;
		o->tailor.channels = "smtp";
		return 0;
	}
	if (n != 0 && n != 1 && n != 2 && n != 5)
		return usage();
	o->operands = n > 0;
	o->smtpsrvr = n > 0 ? v[0] : NULL;
	o->tailor.channels = n > 1 ? v[1] : NULL;
	if (n == 5) {
		o->tailor.port = v[2];
		o->tailor.most = v[3];
		o->tailor.network = v[4];
	}
	if (o->smtpsrvr != NULL && o->programs[0] == '\0' &&
	    programs_beside(o) != 0)
		return usage();
	return 0;
}

int
options_parse(struct options *o_r, int argc, char **argv, bool connected)
{
	int c;

	*o_r = (struct options){ 0 };
	while ((c = getopt(argc, argv, "dfn:C:p:L:")) != -1) {
		switch (c) {
		case 'd':
			o_r->debug = true;
			break;
		case 'f':
			o_r->tailor.finicky = true;
			break;
		case 'n':
			o_r->tailor.most = optarg;
			break;
		case 'C':
			o_r->tailor.file = optarg;
			break;
		case 'p':
			o_r->tailor.port = optarg;
			break;
		case 'L':
			if (text_copy(o_r->programs, sizeof o_r->programs,
			    optarg) != 0)
				return usage();
			break;
		default:
			return usage();
		}
	}
	if (operands(o_r, argc - optind, argv + optind, connected) != 0)
		return -1;
	if (o_r->programs[0] != '\0')
		o_r->tailor.programs = o_r->programs;
	return 0;
}
