/*
 * by_dovecot - Dovecot's authentication service, by its client protocol 1.2
 * over a unix socket: lines of fields with tabs between.
 *
 * A password is asked with PLAIN.  A token is what the client's mechanism said
 * first, which Dovecot alone understands; what it wants to have said to the
 * client before the end of a bad one (RFC 7628 3.2.3) is handed back.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <gsasl.h>
#include "authsrvr/backend.h"
#include "lib/buf.h"
#include "lib/fdio.h"
#include "lib/text.h"

#define LINE 8192
#define SEEN (64 * 1024)	/* bytes of lines, at most */
#define REQUEST (AUTH_LINE + 1024)

/* One connection: what was read of it, and where the next line begins. */
struct talk {
	int fd;
	struct inquiry *i;
	size_t len, at, seen;
	char p[LINE];
};

static enum backend_says
trouble(struct inquiry *i, const char *what)
{
	return backend_later(i, "%s: %s", i->s->auth_dovecot, what);
}

/* The next line, as a string; null at the end or after too much. */
static char *
next_line(struct talk *t)
{
	char *end, *line;
	size_t n;

	for (;;) {
		line = t->p + t->at;
		end = memchr(line, '\n', t->len - t->at);
		if (end != NULL)
			break;
		memmove(t->p, line, t->len - t->at);
		t->len -= t->at;
		t->at = 0;
		if (t->len == sizeof(t->p) || t->seen > SEEN ||
		    fd_read_answer(t->fd, t->p + t->len, 1,
		    sizeof(t->p) - t->len, &n, t->i->deadline) == -1)
			return NULL;
		t->len += n;
		t->seen += n;
	}
	*end = '\0';
	t->at = (size_t)(end - t->p) + 1;
	return line;
}

/* Cuts the first field off; null at the end. */
static char *
field(char **at)
{
	char *start = *at, *tab;

	if (start == NULL)
		return NULL;
	tab = strchr(start, '\t');
	if (tab != NULL)
		*tab = '\0';
	*at = tab != NULL ? tab + 1 : NULL;
	return start;
}

static bool
greet(struct talk *t)
{
	char hello[64], *line, *word, *major;
	bool version = false;
	int n = snprintf(hello, sizeof(hello), "VERSION\t1\t2\nCPID\t%ld\n",
	    (long)getpid());

	if (fd_write(t->fd, hello, (size_t)n, t->i->deadline) == -1)
		return false;
	while ((line = next_line(t)) != NULL) {
		word = field(&line);
		if (strcmp(word, "VERSION") == 0) {
			major = field(&line);
			version = major != NULL && strcmp(major, "1") == 0;
		}
		if (strcmp(word, "DONE") == 0)
			return version;
	}
	return false;
}

static int
add_base64(struct buf *b, const char *p, size_t len)
{
	char *made = NULL;
	int result = -1;

	if (gsasl_base64_to(p, len, &made, NULL) == GSASL_OK) {
		result = buf_adds(b, made);
		explicit_bzero(made, strlen(made));
	}
	gsasl_free(made);
	return result;
}

/* NUL login NUL password (RFC 4616), or what the client said. */
static int
add_response(struct buf *b, const struct inquiry *i)
{
	char room[AUTH_LOGIN + sizeof(i->q->secret) + 2];
	struct buf plain;
	int result;

	if (i->q->kind == VERIFY_TOKEN)
		return add_base64(b, i->q->secret, i->q->secret_len);
	buf_fixed(&plain, room, sizeof(room));
	result = buf_addc(&plain, '\0') == -1 ||
	    buf_add(&plain, i->login, strlen(i->login) + 1) == -1 ||
	    buf_add(&plain, i->q->secret, i->q->secret_len) == -1 ? -1 :
	    add_base64(b, plain.p, plain.len);
	explicit_bzero(room, sizeof(room));
	return result;
}

/* Whoever guesses is delayed by authsrvr, not by a worker that waits. */
static int
request(struct talk *t)
{
	const struct inquiry *i = t->i;
	char room[REQUEST], host[NET_TEXT];
	struct buf b;
	int result;

	buf_fixed(&b, room, sizeof(room));
	result = buf_addf(&b, "AUTH\t1\t%s\tservice=smtp\trip=%s%s"
	    "\tnologin\tno-penalty\tresp=", i->q->kind == VERIFY_TOKEN ?
	    i->q->mechanism : "PLAIN", net_text(&i->q->client, host),
	    i->q->tls ? "\tsecured" : "");
	if (result == 0)
		result = add_response(&b, i);
	if (result == 0)
		result = buf_addc(&b, '\n');
	if (result == 0)
		result = fd_write(t->fd, b.p, b.len, i->deadline);
	explicit_bzero(room, sizeof(room));
	return result;
}

static enum backend_says
accepted(struct inquiry *i, char *fields)
{
	char *f;

	while ((f = field(&fields)) != NULL)
		if (strncmp(f, "user=", 5) == 0)
			return login_prepare(i->login, f + 5,
			    i->s->auth_ignore_case) == 0 ? SAYS_YES :
			    trouble(i, "a login that nobody can have");
	return i->login[0] != '\0' ? SAYS_YES : trouble(i, "OK, but not who");
}

static enum backend_says
refused(struct inquiry *i, char *fields)
{
	char *f;

	while ((f = field(&fields)) != NULL)
		/* Before Dovecot 2.3 it was a word of its own. */
		if (strcmp(f, "code=temp_fail") == 0 || strcmp(f, "temp") == 0)
			return trouble(i, "temporary failure");
	return SAYS_UNKNOWN;
}

/* The client's answer to an error is one byte that means nothing. */
static bool
challenged(struct talk *t, const char *challenge)
{
	static const char reply[] = "CONT\t1\tAQ==\n";
	struct verify_result *r = t->i->result;
	char *made = NULL;
	size_t len = 0;

	if (t->i->q->kind != VERIFY_TOKEN || r->challenge[0] != '\0' ||
	    challenge == NULL || gsasl_base64_from(challenge,
	    strlen(challenge), &made, &len) != GSASL_OK)
		return false;
	if (len == 0 || memchr(made, '\0', len) != NULL ||
	    len >= sizeof(r->challenge)) {
		gsasl_free(made);
		return false;
	}
	memcpy(r->challenge, made, len);
	gsasl_free(made);
	return fd_write(t->fd, reply, sizeof(reply) - 1,
	    t->i->deadline) == 0;
}

static enum backend_says
converse(struct talk *t)
{
	char *line, *word, *id;

	if (!greet(t))
		return trouble(t->i, "no greeting of protocol 1");
	if (request(t) == -1)
		return trouble(t->i, "the question cannot be sent");
	while ((line = next_line(t)) != NULL) {
		word = field(&line);
		id = field(&line);
		if (id == NULL || strcmp(id, "1") != 0)
			continue;
		if (strcmp(word, "OK") == 0)
			return accepted(t->i, line);
		if (strcmp(word, "FAIL") == 0)
			return refused(t->i, line);
		if (strcmp(word, "CONT") == 0 && !challenged(t, field(&line)))
			return trouble(t->i, "a challenge that we have no "
			    "answer to");
	}
	return trouble(t->i, "no answer");
}

enum backend_says
by_dovecot(struct inquiry *i)
{
	struct talk t = { .i = i, .fd = net_unix_connect(i->s->auth_dovecot,
	    SOCK_STREAM) };
	enum backend_says says;

	if (t.fd == -1)
		return trouble(i, strerror(errno));
	says = converse(&t);
	close(t.fd);
	/* Of a good one there is nothing left to say. */
	if (says != SAYS_UNKNOWN)
		i->result->challenge[0] = '\0';
	return says;
}
