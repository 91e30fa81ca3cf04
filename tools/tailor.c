/*
 * tailor - reads, completes and checks the configuration, and hands it over.
 *
 * smtpd and inlet start it with a memory file on descriptor 3: there it leaves
 * the plan (plan.h) and the flat record (conf.h).  It needs no privilege, so
 * smtpd, when it is root, starts it as nobody; -r then tells that users must
 * be resolved.  Mistakes go to standard error, one a line.
 *
 * Options win over the file.  -N is MMDF's network: the address to listen at,
 * or the name of one, and then the name to greet as, too.
 *
 * Exits 0, 64 (usage, or an option's value), 71 (descriptor 3) or 78.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/fdio.h"
#include "lib/layered.h"
#include "lib/log.h"
#include "lib/net.h"
#include "lib/path.h"
#include "lib/xalloc.h"
#include "smtpsrvr/offer.h"
#include "smtpsrvr/tls_check.h"
#include "tools/confile.h"
#include "tools/makeplan.h"

#define OUT 3
#define LOG 5
#define ENVIRONMENT_BYTES (1024 * 1024)
#define ENVIRONMENT_MOST 4096
#define ERRORS_MOST (256 * 1024)
#define PARTS 64	/* of a list on the command line; one more is refused */
#define ADDRESSES 16	/* of one name */

/* What the command line says; null where it is silent. */
struct options {
	const char *file, *port, *most, *addresses, *channels, *programs,
	    *network;
	bool finicky, resolve;
};

static int
usage(void)
{
	fprintf(stderr, "usage: tailor [-fr] [-a addresses] [-C file] "
	    "[-c channels] [-L directory]\n"
	    "              [-N network] [-n connections] [-p port]\n");
	return -1;
}

static int
options_parse(int argc, char *argv[], struct options *o)
{
	int c;

	while ((c = getopt(argc, argv, ":a:C:c:fL:N:n:p:r")) != -1) {
		switch (c) {
		case 'a':
			o->addresses = optarg;
			break;
		case 'C':
			o->file = optarg;
			break;
		case 'c':
			o->channels = optarg;
			break;
		case 'f':
			o->finicky = true;
			break;
		case 'L':
			o->programs = optarg;
			break;
		case 'N':
			o->network = optarg;
			break;
		case 'n':
			o->most = optarg;
			break;
		case 'p':
			o->port = optarg;
			break;
		case 'r':
			o->resolve = true;
			break;
		case ':':
			fprintf(stderr, "tailor: -%c needs a value\n", optopt);
			return usage();
		default:
			fprintf(stderr, "tailor: unknown option -%c\n",
			    optopt);
			return usage();
		}
	}
	return optind == argc ? 0 : usage();
}

/* An option wins over the file; its origin is the option itself. */
static int
force(struct section *s, const char *name, const char *option,
    const char *const *texts, size_t n, struct conf_wrong *w)
{
	struct origin from = { option, 0 };
	char why[700];

	if (conf_force(s, name, texts, n, from, why, sizeof(why)) == 0)
		return 0;
	conf_wrong(w, from, "%s", why);
	return -1;
}

static int
force_one(struct section *s, const char *name, const char *option,
    const char *text, struct conf_wrong *w)
{
	return text == NULL ? 0 : force(s, name, option, &text, 1, w);
}

/* "a,b,c": nothing is trimmed, so that an empty or blank one is noticed. */
static int
force_list(struct section *s, const char *name, const char *option,
    const char *text, struct conf_wrong *w)
{
	const char *parts[PARTS + 1];
	char *copy, *p, *comma;
	size_t n = 0;
	int bad;

	if (text == NULL)
		return 0;
	p = copy = xstrdup(text);
	parts[n++] = p;
	while ((comma = strchr(p, ',')) != NULL && n < ARRAY_LEN(parts)) {
		*comma = '\0';
		p = comma + 1;
		parts[n++] = p;
	}
	bad = force(s, name, option, parts, n, w);
	free(copy);
	return bad;
}

/* The addresses of a name, as text; how many, or -1. */
static int
addresses_of(const char *name, char texts[ADDRESSES][NET_TEXT],
    struct conf_wrong *w)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list, *ai;
	struct netaddr a;
	char shown[SETTING_SHOWN];
	int n = 0, same, rc = getaddrinfo(name, NULL, &hints, &list);

	if (rc != 0) {
		conf_wrong(w, (struct origin){ "-N", 0 },
		    "%s has no address: %s", setting_show(name, shown),
		    gai_strerror(rc));
		return -1;
	}
	for (ai = list; ai != NULL && n < ADDRESSES; ai = ai->ai_next) {
		net_from_sockaddr(&a, ai->ai_addr);
		net_text(&a, texts[n]);
		/* The last is found at the latest: a new one is counted. */
		same = 0;
		while (strcmp(texts[same], texts[n]) != 0)
			same++;
		n += same == n;
	}
	freeaddrinfo(list);
	return n;
}

static int
force_network(struct conf *c, struct section *l, const char *network,
    struct conf_wrong *w)
{
	char texts[ADDRESSES][NET_TEXT];
	const char *list[ADDRESSES];
	char shown[SETTING_SHOWN];
	struct netaddr a;
	int n;

	if (network == NULL)
		return 0;
	if (net_parse(network, &a) == 0)
		return force_one(l, "address", "-N", network, w);
	if (!path_is_domain(network, strlen(network))) {
		conf_wrong(w, (struct origin){ "-N", 0 },
		    "%s is neither an address nor a name",
		    setting_show(network, shown));
		return -1;
	}
	n = addresses_of(network, texts, w);
	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++)
		list[i] = texts[i];
	if (force(l, "address", "-N", list, (size_t)n, w) != 0)
		return -1;
	return force_one(&c->server, "hostname", "-N", network, w);
}

/* The option wins over the file, wherever that speaks of it. */
static int
force_finicky(struct conf *c, struct conf_wrong *w)
{
	int bad = force_one(&c->server, "finicky", "-f", "yes", w);

	for (int i = 0; i < c->nlisteners; i++)
		if (c->listeners[i].from[SETTING_finicky].file != NULL)
			bad |= force_one(&c->listeners[i], "finicky", "-f",
			    "yes", w);
	for (int i = 0; i < c->nchannels; i++)
		if (c->channels[i].from[SETTING_finicky].file != NULL)
			bad |= force_one(&c->channels[i], "finicky", "-f",
			    "yes", w);
	return bad;
}

static int
options_apply(struct conf *c, const struct options *o, struct conf_wrong *w)
{
	struct section *l = &c->listeners[0];
	struct origin from = { CONF_EMBEDDED, 0 };
	char why[700];
	bool listener = o->port != NULL || o->addresses != NULL ||
	    o->channels != NULL || o->network != NULL;
	int bad = 0;

	if (c->nlisteners == 0 && listener &&
	    conf_add(c, LISTENER, "smtp", from, &l, why, sizeof(why)) != 0) {
		conf_wrong(w, from, "%s", why);
		return -1;
	}
	bad |= force_one(l, "port", "-p", o->port, w);
	bad |= force_network(c, l, o->network, w);
	bad |= force_list(l, "address", "-a", o->addresses, w);
	bad |= force_list(l, "channels", "-c", o->channels, w);
	bad |= force_one(&c->server, "max-connections", "-n", o->most, w);
	bad |= force_one(&c->server, "program-directory", "-L", o->programs,
	    w);
	if (o->finicky)
		bad |= force_finicky(c, w);
	return bad;
}

/* The file's absolute name: relative names of tables depend on it. */
static int
name_file(struct conf *c, const char *file, struct conf_wrong *w)
{
	char dir[PATH_MAX], path[PATH_MAX + 1024];
	int n;

	if (file[0] == '/') {
		conf_path(c, file);
		return 0;
	}
	if (getcwd(dir, sizeof(dir)) == NULL) {
		conf_wrong(w, (struct origin){ file, 0 },
		    "the current directory is not known: %s", strerror(errno));
		return -1;
	}
	n = snprintf(path, sizeof(path), "%s/%s", dir, file);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		conf_wrong(w, (struct origin){ file, 0 }, "a name too long");
		return -1;
	}
	conf_path(c, path);
	return 0;
}

/* Without -C and without the installed file it is the embedded default. */
static int
read_file(struct conf *c, const char *file, struct conf_wrong *w)
{
	if (file == NULL) {
		file = INLET_SYSCONF "/inlet.conf";
		if (access(file, F_OK) != 0 && errno == ENOENT)
			return 0;
	}
	if (name_file(c, file, w) != 0)
		return -1;
	return confile_read(c, file, w);
}

/* Checked as for any client; its bounds are those of each setting. */
static int
check_environment(struct conf *c, struct conf_wrong *w)
{
	struct layered *l = xcalloc(1, sizeof(*l));
	char why[LAYERED_WHY];
	int bad = layered_make(l, c, -1, -1, NULL, &c->variables, NULL, why);

	if (bad != 0)
		conf_wrong(w, (struct origin){ "environment", 0 }, "%s", why);
	free(l);
	return bad;
}

/*
 * The environment of whoever started the server, entries with their NULs, is
 * what the memory file has in it (tailored.c).
 */
static int
take_environment(struct conf *c, struct conf_wrong *w)
{
	static char *entries[ENVIRONMENT_MOST + 1];
	char *text = xcalloc(1, ENVIRONMENT_BYTES + 1);
	ssize_t len = pread(OUT, text, ENVIRONMENT_BYTES, 0);
	const char *name;
	size_t n = 0;
	int bad = 0;

	for (char *p = text; p - text < len && n < ENVIRONMENT_MOST;
	    p += strlen(p) + 1)
		entries[n++] = p;
	if (len > 0 && ftruncate(OUT, 0) != 0)
		bad = -1;
	else if (variables_take(&c->variables, entries, &name) == 0)
		bad = check_environment(c, w);
	else
		conf_wrong(w, (struct origin){ "environment", 0 }, "%.*s: too "
		    "long, or other than printable ASCII characters",
		    (int)strcspn(name, "="), name);
	free(text);
	return bad != 0 || w->n > 0 ? -1 : 0;
}

/* The plan last: a reader finds none, or the whole of both. */
static int
hand_over(struct conf *c, struct plan *p)
{
	struct buf b;
	int bad;

	buf_init(&b, CONF_RECORD_MOST);
	bad = conf_pack(c, &b);
	if (bad != 0) {
		fprintf(stderr, "tailor: the configuration is too large\n");
		buf_free(&b);
		return EX_CONFIG;
	}
	p->conf_at = (sizeof(*p) + 15) / 16 * 16;
	p->conf_len = b.len;
	bad = fd_pwrite(OUT, b.p, b.len, (off_t)p->conf_at);
	buf_free(&b);
	if (bad == 0)
		bad = plan_write(OUT, p);
	if (bad == 0)
		return 0;
	fprintf(stderr, "tailor: descriptor %d: %s\n", OUT, strerror(errno));
	return EX_OSERR;
}

static int
run(struct conf *c, const struct options *o, struct conf_wrong *w)
{
	static struct plan plan;
	int bad = 0;

	if (read_file(c, o->file, w) != 0)
		return EX_CONFIG;
	if (options_apply(c, o, w) != 0)
		return EX_USAGE;
	/* Both, so that all mistakes come out at once. */
	bad |= conf_complete(c, w->text);
	bad |= take_environment(c, w);
	offer_check(c, w);
	tls_check(c, w);
	bad |= w->n > 0;
	if (bad == 0)
		bad |= makeplan(c, o->resolve, &plan, w);
	return bad != 0 ? EX_CONFIG : hand_over(c, &plan);
}

/* To people, and where we were given a log, there too, a line each. */
static void
say(const char *text)
{
	const char *end;

	fputs(text, stderr);
	if (!fd_is_socket(LOG, NULL, NULL))
		return;
	log_open("tailor", LOG, LEVEL_ERROR);
	for (; (end = strchr(text, '\n')) != NULL; text = end + 1)
		log_note(LEVEL_ERROR, "%.*s", (int)(end - text), text);
}

int
main(int argc, char *argv[])
{
	struct options o = { 0 };
	struct conf_wrong w = { NULL, 0 };
	struct buf text;
	struct conf *c;
	int code;

	if (options_parse(argc, argv, &o) != 0)
		return EX_USAGE;
	if (fcntl(OUT, F_GETFD) < 0) {
		fprintf(stderr, "tailor: descriptor %d is not open; smtpd and "
		    "inlet start this program\n", OUT);
		return EX_OSERR;
	}
	buf_init(&text, ERRORS_MOST);
	w.text = &text;
	c = conf_new();
	code = run(c, &o, &w);
	say(buf_str(&text));
	conf_free(c);
	buf_free(&text);
	return code;
}
