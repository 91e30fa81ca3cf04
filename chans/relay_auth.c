/*
 * relay_auth - SCRAM-SHA-256, PLAIN, LOGIN.
 *
 * Runs in ch_smtp.  The file of relay-login is read at the start and must be
 * the submit user's own and nobody else's to read.  A password that others
 * could read on the way is sent only under TLS, or within this machine.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gsasl.h>

#include "chans/relay_auth.h"
#include "lib/clock.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/xalloc.h"

#define FILE_MOST (64 * 1024)
#define STEPS 8			/* no mechanism has more */

struct logins {
	Gsasl *sasl;
	char *text;		/* the file: lines as strings */
	size_t len;
};

/* Best first; those that show the password need a way that hides it. */
static const struct {
	const char *name;
	bool shows;
} mechanisms[] = {
	{ "SCRAM-SHA-256", false },
	{ "PLAIN", true },
	{ "LOGIN", true },
};

static int
read_file(const char *path, struct logins *l)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st = { 0 };
	const char *why = NULL;

	if (fd == -1 || fstat(fd, &st) == -1)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode) || st.st_size > FILE_MOST)
		why = "it is no file of at most 64 KiB";
	else if ((st.st_mode & 077) != 0 || st.st_uid != geteuid())
		why = "it must be the submit user's, and nobody else's to "
		    "read";
	if (why == NULL) {
		l->len = (size_t)st.st_size;
		l->text = xcalloc(1, l->len + 1);
		if (l->len > 0 && fd_read(fd, l->text, l->len,
		    CLOCK_NEVER) == -1)
			why = "it cannot be read";
	}
	if (fd != -1)
		close(fd);
	if (why == NULL)
		return 0;
	log_note(LEVEL_ERROR, "relay-login: %s: %s", path, why);
	return -1;
}

static void
auth_close(void *ctx)
{
	struct logins *l = ctx;

	if (l->sasl != NULL)
		gsasl_done(l->sasl);
	if (l->text != NULL)
		explicit_bzero(l->text, l->len);
	free(l->text);
	free(l);
}

static void *
auth_open(const struct settings *s)
{
	struct logins *l = xcalloc(1, sizeof *l);
	char *p;

	if (read_file(s->relay_login, l) == 0 &&
	    gsasl_init(&l->sasl) == GSASL_OK) {
		for (p = l->text; *p != '\0'; p++) {
			if (*p == '\n')
				*p = '\0';
			if (*p == '\0' && p == l->text + l->len)
				break;
		}
		return l;
	}
	auth_close(l);
	return NULL;
}

/* The next word of *p, cut off there; null at the end. */
static char *
word(char **p)
{
	char *start = *p + strspn(*p, " \t"), *end;

	if (*start == '\0')
		return NULL;
	end = start + strcspn(start, " \t");
	*p = *end == '\0' ? end : end + 1;
	*end = '\0';
	return start;
}

/* "HOST USER PASSWORD" or "* USER PASSWORD": the first line that fits. */
static char *
find_login(const struct logins *l, const char *host, char **user_r,
    char **password_r)
{
	size_t at = 0;
	char *line, *p, *name;

	while (at < l->len) {
		line = p = xstrdup(l->text + at);
		at += strlen(line) + 1;
		name = word(&p);
		if (name != NULL && name[0] != '#' &&
		    (strcmp(name, "*") == 0 || text_same(name, host))) {
			*user_r = word(&p);
			*password_r = p + strspn(p, " \t");
			if (*user_r != NULL && **password_r != '\0')
				return line;
		}
		explicit_bzero(line, strlen(line));
		free(line);
	}
	return NULL;
}

/* Whether c's list of mechanisms has that one. */
static bool
offered(const struct relay_caps *c, const char *name)
{
	const char *p = c->auth;
	size_t n, len = strlen(name);

	for (; *p != '\0'; p += n + strspn(p + n, " ")) {
		n = strcspn(p, " ");
		if (n == len && text_begins(p, name))
			return true;
	}
	return false;
}

static const char *
choose(struct logins *l, const struct relay_caps *c, bool hidden)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(mechanisms); i++) {
		if (offered(c, mechanisms[i].name) &&
		    (hidden || !mechanisms[i].shows) &&
		    gsasl_client_support_p(l->sasl, mechanisms[i].name))
			return mechanisms[i].name;
	}
	return NULL;
}

/*
 * The dialogue.  The first step's answer goes with the command, where the
 * mechanism begins (RFC 4954 4); LOGIN waits for the server.
 */
static int
dialogue(struct relay_talk *t, Gsasl_session *session, const char *mechanism,
    struct relay_reply *r, struct chan_answer *fault_r)
{
	bool begins = strcmp(mechanism, "LOGIN") != 0;
	char command[RELAY_COMMAND_MOST], *out = NULL;
	int state = GSASL_NEEDS_MORE, i;

	if (begins)
		state = gsasl_step64(session, "", &out);
	snprintf(command, sizeof command, "AUTH %s%s%s", mechanism,
	    out != NULL ? " " : "", out == NULL ? "" :
	    out[0] == '\0' ? "=" : out);
	gsasl_free(out);
	if (relay_talk_ask(t, "AUTH", command, r, fault_r) == -1)
		return -1;
	for (i = 0; i < STEPS && r->code == 334; i++) {
		out = NULL;
		if (state != GSASL_OK && state != GSASL_NEEDS_MORE)
			break;
		state = gsasl_step64(session, r->text, &out);
		/* What it says does not prove that it knows the password. */
		snprintf(command, sizeof command, "%s", state == GSASL_OK ||
		    state == GSASL_NEEDS_MORE ? out : "*");
		gsasl_free(out);
		if (relay_talk_ask(t, "AUTH", command, r, fault_r) == -1)
			return -1;
	}
	explicit_bzero(command, sizeof command);
	if (r->code / 100 == 2 && state == GSASL_OK)
		return 0;
	if (r->code / 100 == 2)
		relay_talk_fault(t, fault_r, "4.7.8",
		    "it has not proven that it knows the password");
	else
		relay_talk_said(t, fault_r, CHAN_LATER, "4.7.8", r);
	return -1;
}

static bool
within_machine(const struct netaddr *a)
{
	static const struct netaddr six = { .family = 6, .ip = { [15] = 1 } };

	return a->family == 0 || (a->family == 4 && a->ip[0] == 127) ||
	    net_same_host(a, &six);
}

static int
auth_login(void *ctx, struct relay_talk *t, const struct relay_host *host,
    struct chan_answer *fault_r)
{
	struct logins *l = ctx;
	char *user, *password, *line = find_login(l, host->name, &user,
	    &password);
	const char *mechanism;
	Gsasl_session *session = NULL;
	struct relay_reply r;
	int result = -1;

	if (line == NULL)
		return 0;
	mechanism = choose(l, &t->caps, t->secure ||
	    within_machine(&host->place.address));
	if (mechanism == NULL)
		relay_talk_fault(t, fault_r, "4.7.0", "it offers no way to "
		    "log in that we may use%s", t->secure ? "" :
		    " without TLS");
	else if (gsasl_client_start(l->sasl, mechanism, &session) ==
	    GSASL_OK) {
		gsasl_property_set(session, GSASL_AUTHID, user);
		gsasl_property_set(session, GSASL_PASSWORD, password);
		result = dialogue(t, session, mechanism, &r, fault_r);
		t->known = result == 0;
	}
	if (session != NULL)
		gsasl_finish(session);
	explicit_bzero(password, strlen(password));
	free(line);
	return result;
}

const struct relay_loginer relay_auth = { auth_open, auth_close, auth_login };
