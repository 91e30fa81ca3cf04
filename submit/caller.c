/*
 * caller - see caller.h.
 */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/mechanism.h"
#include "lib/networks.h"
#include "lib/text.h"
#include "submit/caller.h"

static int
find_user(const char *word, uid_t *uid_r)
{
	const struct passwd *pw;
	int64_t n;

	if (text_number(word, 0, INT32_MAX, &n) == 0) {
		*uid_r = (uid_t)n;
		return 0;
	}
	pw = getpwnam(word);
	if (pw == NULL)
		return -1;
	*uid_r = pw->pw_uid;
	return 0;
}

int
rights_init(struct rights *r_r, const struct conf *c, const struct row *rows,
    uint32_t nrows, struct buf *why_r)
{
	const struct settings *v = &c->server.v;
	uid_t uid;

	*r_r = (struct rights){ .own = geteuid(), .session = -1,
		.rows = rows, .nrows = nrows, .conf = c };
	/* Without privileges all programs have one uid, and the user need not
	 * exist. */
	if (find_user(v->session_user, &uid) == 0)
		r_r->session = uid;
	for (size_t i = 0; i < v->trusted_users.n; i++) {
		const char *word = v->trusted_users.at[i];

		if (r_r->ntrusted == CALLER_TRUSTED ||
		    find_user(word, &r_r->trusted[r_r->ntrusted]) != 0) {
			(void)!buf_addf(why_r,
			    "trusted-users: no user \"%s\"", word);
			return -1;
		}
		r_r->ntrusted++;
	}
	return 0;
}

bool
rights_trusted(const struct rights *r, int64_t uid)
{
	if (uid == 0 || uid == (int64_t)r->own)
		return true;
	for (int i = 0; i < r->ntrusted; i++)
		if (uid == (int64_t)r->trusted[i])
			return true;
	return false;
}

bool
caller_admitted(const struct rights *r, enum door door, int64_t uid)
{
	if (uid < 0)
		return false;
	return door != DOOR_JAIL || uid == r->session ||
	    uid == (int64_t)r->own;
}

/*
 * The login of a uid, from /etc/passwd alone: other name services would be
 * asked over sockets, and could keep everybody else waiting.
 */
static void
find_login(int64_t uid, char *dst, size_t size)
{
	FILE *f = fopen("/etc/passwd", "re");
	struct passwd pw, *found = NULL;
	char line[1024];

	while (f != NULL &&
	    fgetpwent_r(f, &pw, line, sizeof(line), &found) == 0)
		if ((int64_t)pw.pw_uid == uid)
			break;
		else
			found = NULL;
	if (f != NULL)
		fclose(f);
	if (found == NULL || pw.pw_name[0] == '\0' ||
	    !text_printable(pw.pw_name, strlen(pw.pw_name)) ||
	    text_copy(dst, size, pw.pw_name) != 0)
		snprintf(dst, size, "uid%lld", (long long)uid);
}

/*
 * A client's address in place of the connection's own.  Where the listener
 * knows its proxies is the same for both programs, but not who says so.
 */
static int
take_told(const struct rights *r, struct caller *c,
    const struct sub_hello *h, const char **why_r)
{
	bool headed, named;
	struct settings v;

	if (c->row.listener >= r->conf->nlisteners) {
		*why_r = "no such listener";
		return -1;
	}
	conf_effective(r->conf, c->row.listener, -1, &v);
	headed = v.proxy_protocol && networks_hold(&v.proxies, &c->row.peer);
	named = networks_hold(&v.xclient, &c->row.peer);
	if (!headed && !named) {
		*why_r = "its peer may not name a client";
		return -1;
	}
	if (h->login[0] != '\0' && h->mechanism[0] == '\0' && !named) {
		*why_r = "its peer may not name a login";
		return -1;
	}
	c->told = true;
	c->proxy = c->row.peer;
	c->row.peer = h->peer;
	c->row.local = h->local;
	return h->mechanism[0] != '\0' ? 0 : text_copy(c->login,
	    sizeof(c->login), h->login);
}

/* What authsrvr gave this session, and no other, for this login. */
static int
take_receipt(const struct rights *r, struct caller *c,
    const struct sub_hello *h, const char **why_r)
{
	const struct receipt_of of = { .serial = h->serial, .row = h->row,
	    .mechanism = h->mechanism, .login = h->login };

	if (h->login[0] == '\0' || !r->receipts ||
	    !receipt_good(r->key, &of, h->receipt)) {
		*why_r = CALLER_FORGED;
		return -1;
	}
	memcpy(c->login, h->login, sizeof(c->login));
	memcpy(c->mechanism, h->mechanism, sizeof(c->mechanism));
	return 0;
}

static int
hello_session(const struct rights *r, struct caller *c,
    const struct sub_hello *h, const char **why_r)
{
	if (!rows_check(r->rows, r->nrows, h->row, h->serial, h->token,
	    &c->row)) {
		*why_r = "no session has that row, serial and token";
		return -1;
	}
	if (c->row.listener >= 0) {
		/* Its number may be another's since a reload. */
		c->row.listener = atomic_load(&c->row.counted_listener);
		if (c->row.listener < 0) {
			*why_r = "its listener is no more";
			return -1;
		}
	}
	c->told = false;
	c->login[0] = c->mechanism[0] = '\0';
	memcpy(c->certificate, h->certificate, sizeof(c->certificate));
	c->number = h->row;
	c->serial = h->serial;
	if ((h->flags & SUB_TOLD) != 0 && take_told(r, c, h, why_r) != 0)
		return -1;
	if ((h->mechanism[0] != '\0' ||
	    (h->login[0] != '\0' && !c->told)) &&
	    take_receipt(r, c, h, why_r) != 0)
		return -1;
	net_text(&c->row.peer, c->ip);
	return 0;
}

static int
hello_declared(const struct rights *r, struct caller *c,
    const struct sub_hello *h, const char **why_r)
{
	if (!rights_trusted(r, c->uid)) {
		*why_r = "may not name a source host";
		return -1;
	}
	c->row.peer = h->peer;
	c->row.local = h->local;
	c->row.listener = h->listener;
	c->row.finicky = h->finicky;
	if (text_copy(c->row.channels, sizeof(c->row.channels),
	    h->channels) != 0) {
		*why_r = "the list of channels is too long";
		return -1;
	}
	c->variables = h->variables;
	memcpy(c->certificate, h->certificate, sizeof(c->certificate));
	if (text_copy(c->login, sizeof(c->login), h->login) != 0) {
		*why_r = "the login is too long";
		return -1;
	}
	net_text(&c->row.peer, c->ip);
	return 0;
}

/* The doors at which each kind of caller is expected. */
static const struct {
	enum sub_kind kind;
	int doors;
} kinds[] = {
	{ SUB_SESSION, 1 << DOOR_JAIL | 1 << DOOR_CHILD },
	{ SUB_DECLARED, 1 << DOOR_USERS },
	{ SUB_LOCAL, 1 << DOOR_USERS },
	{ SUB_NOTICE, 1 << DOOR_USERS }
};

static bool
expected(enum sub_kind kind, enum door door)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].kind == kind)
			return (kinds[i].doors & 1 << door) != 0;
	return false;
}

int
caller_hello(const struct rights *r, struct caller *c,
    const struct sub_hello *h, const char **why_r)
{
	enum sub_kind kind = (enum sub_kind)h->kind;

	if (h->version != SUB_VERSION) {
		*why_r = "another version of the protocol";
		return -1;
	}
	if (!expected(kind, c->door)) {
		*why_r = "not that kind of caller at this socket";
		return -1;
	}
	if (kind == SUB_SESSION && hello_session(r, c, h, why_r) != 0)
		return -1;
	if (kind == SUB_DECLARED && hello_declared(r, c, h, why_r) != 0)
		return -1;
	if (kind == SUB_NOTICE && c->uid != 0 && c->uid != (int64_t)r->own) {
		*why_r = "may not send notices";
		return -1;
	}
	if (kind == SUB_LOCAL) {
		c->trusted = rights_trusted(r, c->uid);
		find_login(c->uid, c->login, sizeof(c->login));
	}
	if (kind == SUB_LOCAL || kind == SUB_NOTICE)
		c->row.listener = -1;
	c->kind = kind;
	c->each = (h->flags & SUB_EACH) != 0;
	return 0;
}

bool
caller_logged_in(const struct caller *c)
{
	return c->login[0] != '\0' &&
	    (c->kind == SUB_SESSION || c->kind == SUB_DECLARED);
}

bool
caller_login_allowed(const struct caller *c, const struct settings *set)
{
	const struct strings *l = &set->auth_mechanisms;
	int m = mechanism_find(c->mechanism);

	if (c->mechanism[0] == '\0')
		return true;
	for (size_t i = 0; m >= 0 && set->auth != AUTH_OFF && i < l->n; i++)
		if (mechanism_find(l->at[i]) == m)
			return true;
	return false;
}

bool
caller_holds(const struct rights *r, const struct caller *c)
{
	struct row now;

	return c->kind != SUB_SESSION || rows_check(r->rows, r->nrows,
	    c->number, c->serial, c->row.token, &now);
}
