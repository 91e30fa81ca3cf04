/*
 * sendmail - the command that programs of this machine send mail with.
 *
 * Runs as whoever calls it, without any privilege: it opens the configuration
 * if it may, connects to submit's socket, and writes nothing anywhere.  submit
 * knows from the kernel who it is.
 */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/asked.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/poster.h"
#include "lib/text.h"
#include "tools/bysmtp.h"
#include "tools/configured.h"
#include "tools/outgoing.h"
#include "tools/show.h"

#define MESSAGE_MOST ((size_t)1024 * 1024 * 1024)

struct options {
	struct tailored_options tailor;
	char mode;		/* -b */
	const char *from;	/* null: who we are */
	const char *name;	/* -F */
	const char *body;	/* "7BIT", "8BITMIME"; null: as it is */
	char notify[ASKED_NOTIFY_MOST];
	const char *ret;
	char envid[ASKED_ENVID_MOST + 1];	/* xtext */
	bool extract, dots, verbose;
};

/* Where mail of this machine comes from. */
struct place {
	char socket[PLAN_PATH + 16];
	char host[PATH_DOMAIN_MOST + 1];
};

static int
usage(const char *why)
{
	fprintf(stderr, "sendmail: %s\nusage: sendmail [-itv] [-B body] "
	    "[-C file] [-F name] [-f sender] [-N notify]\n"
	    "    [-R ret] [-V envid] [recipient ...]\n"
	    "       sendmail -bp | -bs\n", why);
	return EX_USAGE;
}

/* The first line of /etc/mailname, or else the machine's own name. */
static void
find_host(char *dst, size_t size)
{
	FILE *f = fopen("/etc/mailname", "re");
	char line[PATH_DOMAIN_MOST + 2] = "";

	if (f != NULL) {
		if (fgets(line, sizeof line, f) != NULL)
			line[strcspn(line, " \t\r\n")] = '\0';
		fclose(f);
	}
	if (!path_is_domain(line, strlen(line)) &&
	    (gethostname(line, sizeof line) == -1 ||
	    !path_is_domain(line, strlen(line))))
		snprintf(line, sizeof line, "localhost");
	text_lower(line);
	if (text_copy(dst, size, line) == -1)
		dst[0] = '\0';
}

/*
 * From the configuration where it can be read; where a service is kept from
 * /etc, things are where they usually are.
 */
static int
find_place(const struct options *o, struct place *p_r)
{
	struct settings usual;
	struct configured c;
	int code;

	settings_defaults(&usual);
	snprintf(p_r->socket, sizeof p_r->socket, "%s/submit",
	    usual.run_directory);
	find_host(p_r->host, sizeof p_r->host);
	if (o->tailor.file == NULL &&
	    access(INLET_SYSCONF "/inlet.conf", R_OK) == -1)
		return EX_OK;
	code = configured_open(&c, &o->tailor);
	if (code != EX_OK)
		return o->tailor.file != NULL ? code : EX_OK;
	snprintf(p_r->socket, sizeof p_r->socket, "%s/submit",
	    c.plan.run_directory);
	if (text_copy(p_r->host, sizeof p_r->host,
	    c.conf->server.v.hostname) == -1)
		find_host(p_r->host, sizeof p_r->host);
	configured_close(&c);
	return EX_OK;
}

/* The exit code of a refusal. */
static int
code_of(const struct reply *r)
{
	if (reply_temporary(r))
		return EX_TEMPFAIL;
	if (strcmp(r->enhanced, "5.1.2") == 0)
		return EX_NOHOST;
	if (strncmp(r->enhanced, "5.1.", 4) == 0)
		return EX_NOUSER;
	if (strncmp(r->enhanced, "5.7.", 4) == 0)
		return EX_NOPERM;
	if (strncmp(r->enhanced, "5.6.", 4) == 0)
		return EX_DATAERR;
	return EX_UNAVAILABLE;
}

static int
refused(const struct poster *p, const char *about)
{
	const struct reply *r = &p->verdict.reply;

	fputs("sendmail: ", stderr);
	show_text(stderr, about);
	fprintf(stderr, ": %d %s %s\n", r->code, r->enhanced, r->text);
	return code_of(r);
}

static int
trouble(void)
{
	fputs("sendmail: the mail system went away; try again later\n",
	    stderr);
	return EX_TEMPFAIL;
}

/* As in cmd_send: who is refused is named, the others get it. */
static int
post_recipients(struct poster *p, const struct options *o,
    const struct addresses *to, size_t *taken_r)
{
	int got, code = EX_OK;

	*taken_r = 0;
	for (size_t i = 0; i < to->n; i++) {
		struct sub_recipient r = { .address = to->at[i],
		    .notify = o->notify };

		got = poster_recipient(p, &r);
		if (got < 0)
			return trouble();
		if (got > 0)
			code = refused(p, to->at[i]);
		else
			++*taken_r;
	}
	return code;
}

static int
post(struct poster *p, const struct options *o, const struct outgoing *m,
    const char *sender, const struct addresses *to)
{
	struct sub_envelope e = { .sender = sender, .envid = o->envid,
	    .ret = o->ret, .body = o->body != NULL ? o->body :
	    m->eight ? "8BITMIME" : "",
	    .size = (int64_t)(m->header.len + m->body_len) };
	int code, got = poster_sender(p, &e);
	size_t taken;

	if (got != 0)
		return got < 0 ? trouble() : refused(p, "sender");
	code = post_recipients(p, o, to, &taken);
	if (taken == 0)
		return code;
	if (poster_text(p, m->header.p, m->header.len) != 0 ||
	    poster_text(p, m->body, m->body_len) != 0 ||
	    (got = poster_commit(p)) < 0)
		return trouble();
	if (got > 0)
		return refused(p, "message");
	if (o->verbose)
		fprintf(stderr, "sendmail: queued as %s\n", p->verdict.id);
	return code;
}

/* "Name,room,phone" of the password file, its & being the login. */
static void
full_name(const struct passwd *pw, char *dst, size_t size)
{
	size_t n = 0;

	dst[0] = '\0';
	for (const char *p = pw->pw_gecos; *p != '\0' && *p != ','; p++) {
		char one[2] = { *p, '\0' };

		(void)!text_add(dst, size, &n, *p == '&' ? pw->pw_name : one);
	}
}

/* The sender; "" where it is nobody.  0, or 64. */
static int
find_sender(const struct options *o, const struct place *at,
    struct addresses *a, const char **sender_r)
{
	const char *why;

	*sender_r = SUB_MYSELF;
	if (o->from == NULL)
		return EX_OK;
	*sender_r = "";
	if (o->from[0] == '\0' || strcmp(o->from, "<>") == 0)
		return EX_OK;
	if (addresses_take(a, o->from, strlen(o->from), at->host, &why) != 0 ||
	    a->n != 1)
		return usage("-f: not an address");
	*sender_r = a->at[0];
	return EX_OK;
}

static int
take_arguments(struct addresses *to, const struct place *at, int n,
    char **words)
{
	const char *why;

	for (int i = 0; i < n; i++) {
		if (addresses_take(to, words[i], strlen(words[i]), at->host,
		    &why) == 0)
			continue;
		fputs("sendmail: ", stderr);
		show_text(stderr, words[i]);
		fprintf(stderr, ": %s\n", why);
		return EX_USAGE;
	}
	return EX_OK;
}

static int
make(const struct options *o, const struct place *at, struct outgoing *m,
    const char *sender, struct addresses *to)
{
	const struct passwd *pw = getpwuid(getuid());
	struct outgoing_facts f = { .name = "", .host = at->host };
	struct addresses named = { .n = 0 };
	char from[PATH_TEXT], name[128] = "", why[300];
	int code = EX_OK;

	snprintf(from, sizeof from, "%s@%s", pw != NULL ? pw->pw_name :
	    "unknown", at->host);
	if (pw != NULL)
		full_name(pw, name, sizeof name);
	f.from = sender[0] != '\0' && strcmp(sender, SUB_MYSELF) != 0 ?
	    sender : from;
	f.name = o->name != NULL ? o->name : name;
	if (outgoing_make(m, &f, o->extract ? &named : NULL, why,
	    sizeof why) != 0) {
		fputs("sendmail: ", stderr);
		show_text(stderr, why);
		putc('\n', stderr);
		code = EX_DATAERR;
	}
	for (size_t i = 0; i < named.n && code == EX_OK; i++) {
		const char *ignored;

		(void)!addresses_take(to, named.at[i], strlen(named.at[i]),
		    at->host, &ignored);
	}
	addresses_free(&named);
	return code;
}

static int
deliver_to(const struct options *o, const struct place *at,
    const struct outgoing *m, const char *sender, const struct addresses *to)
{
	struct poster p;
	int code;

	if (to->n == 0)
		return usage("there is no recipient");
	if (poster_open(&p, at->socket) != 0) {
		fprintf(stderr, "sendmail: %s: %s; try again later\n",
		    at->socket, strerror(errno));
		return EX_TEMPFAIL;
	}
	code = post(&p, o, m, sender, to);
	poster_close(&p);
	return code;
}

static int
send_mail(const struct options *o, int n, char **words)
{
	struct addresses to = { .n = 0 }, own = { .n = 0 };
	const char *sender = "";
	struct outgoing m;
	struct place at;
	int code = find_place(o, &at);

	outgoing_init(&m);
	if (code == EX_OK)
		code = find_sender(o, &at, &own, &sender);
	if (code == EX_OK)
		code = take_arguments(&to, &at, n, words);
	if (code == EX_OK && outgoing_read(&m, stdin,
	    o->dots ? OUTGOING_FILE : OUTGOING_DOT, MESSAGE_MOST) != 0) {
		fprintf(stderr, "sendmail: message: %s\n", strerror(errno));
		code = errno == EFBIG ? EX_DATAERR : EX_IOERR;
	}
	if (code == EX_OK)
		code = make(o, &at, &m, sender, &to);
	if (code == EX_OK)
		code = deliver_to(o, &at, &m, sender, &to);
	outgoing_free(&m);
	addresses_free(&to);
	addresses_free(&own);
	return code;
}

static int
speak_smtp(const struct options *o)
{
	const struct passwd *pw = getpwuid(getuid());
	char from[PATH_TEXT];
	struct place at;
	struct bysmtp s = { .socket = at.socket, .host = at.host,
	    .from = from, .most = MESSAGE_MOST };
	int code = find_place(o, &at);

	if (code != EX_OK)
		return code;
	snprintf(from, sizeof from, "%s@%s", pw != NULL ? pw->pw_name :
	    "unknown", at.host);
	return bysmtp_run(&s);
}

/* mailq and -q: inlet queue does it. */
static int
run_inlet(const struct options *o, const char *verb)
{
	char path[4096];
	const char *argv[8] = { "inlet" };
	int n = 1;

	if (o->tailor.file != NULL) {
		argv[n++] = "-C";
		argv[n++] = o->tailor.file;
	}
	if (o->tailor.programs != NULL) {
		argv[n++] = "-L";
		argv[n++] = o->tailor.programs;
	}
	argv[n++] = "queue";
	argv[n++] = verb;
	snprintf(path, sizeof path, "%s/inlet", o->tailor.programs != NULL ?
	    o->tailor.programs : INLET_SBIN);
	/* execv(3) changes none of them. */
	execv(path, (char *const *)(uintptr_t)argv);
	fprintf(stderr, "sendmail: %s: %s\n", path, strerror(errno));
	return EX_OSERR;
}

/* -N never, or some of success, failure and delay. */
static int
take_notify(struct options *o, const char *text)
{
	unsigned set;

	if (!asked_notify(text, &set))
		return -1;
	asked_notify_text(set, o->notify);
	return 0;
}

static int
take_envid(struct options *o, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c > 0x7e || n + 4 > sizeof o->envid)
			return -1;
		if (c > 0x20 && c != '+' && c != '=') {
			o->envid[n++] = (char)c;
			continue;
		}
		o->envid[n++] = '+';
		o->envid[n++] = hex[c >> 4];
		o->envid[n++] = hex[c & 15];
	}
	o->envid[n] = '\0';
	return 0;
}

static int
take_body(struct options *o, const char *text)
{
	o->body = text_same(text, "8bitmime") ? "8BITMIME" :
	    text_same(text, "7bit") ? "7BIT" : NULL;
	return o->body != NULL ? 0 : -1;
}

static int
take_ret(struct options *o, const char *text)
{
	o->ret = text_same(text, "full") ? "FULL" :
	    text_same(text, "hdrs") ? "HDRS" : NULL;
	return o->ret != NULL ? 0 : -1;
}

/* -oi is -i; the others are for a queue that there is not. */
static void
take_old(struct options *o, const char *text)
{
	if (text[0] == 'i')
		o->dots = true;
}

static void
take_long(struct options *o, const char *text)
{
	static const char programs[] = "ProgramDirectory=";

	if (text_begins(text, programs))
		o->tailor.programs = text + sizeof programs - 1;
}

static int
take_options(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+A:B:C:F:GIL:N:O:R:UV:X:b:d::e:f:h:im"
	    "no:p:q::r:tv")) != -1) {
		switch (c) {
		case 'B':
			if (take_body(o, optarg) != 0)
				return usage("-B is 7BIT or 8BITMIME");
			break;
		case 'C':
			o->tailor.file = optarg;
			break;
		case 'F':
			o->name = optarg;
			break;
		case 'I':
			o->mode = 'i';
			break;
		case 'N':
			if (take_notify(o, optarg) != 0)
				return usage("-N is never, or of success, "
				    "failure and delay");
			break;
		case 'O':
			take_long(o, optarg);
			break;
		case 'R':
			if (take_ret(o, optarg) != 0)
				return usage("-R is full or hdrs");
			break;
		case 'V':
			if (take_envid(o, optarg) != 0)
				return usage("-V is too long or not "
				    "printable");
			break;
		case 'b':
			o->mode = optarg[0];
			break;
		case 'f':
		case 'r':
			o->from = optarg;
			break;
		case 'i':
			o->dots = true;
			break;
		case 'o':
			take_old(o, optarg);
			break;
		case 'q':
			o->mode = 'q';
			break;
		case 't':
			o->extract = true;
			break;
		case 'v':
			o->verbose = true;
			break;
		case '?':
			return usage("there is no such option");
		default:
			break; /* known, and without a meaning here */
		}
	}
	return EX_OK;
}

int
main(int argc, char **argv)
{
	struct options o = { .mode = 'm', .ret = "" };
	const char *name;
	int code;

	if (argc < 1 || fd_standard() != 0)
		return EX_OSERR;
	log_open("sendmail", -1, LEVEL_INFO);
	name = strrchr(argv[0], '/');
	name = name != NULL ? name + 1 : argv[0];
	if (strcmp(name, "mailq") == 0)
		o.mode = 'p';
	else if (strcmp(name, "newaliases") == 0)
		o.mode = 'i';
	code = take_options(&o, argc, argv);
	if (code != EX_OK)
		return code;
	switch (o.mode) {
	case 's':
		return speak_smtp(&o);
	case 'a':
	case 'm':
		return send_mail(&o, argc - optind, argv + optind);
	case 'p':
		return run_inlet(&o, "list");
	case 'q':
		return run_inlet(&o, "retry");
	case 'i':
		return EX_OK; /* aliases are tables, and always up to date */
	default:
		return usage("that is done by inlet(8) and smtpd(8)");
	}
}
