/*
 * cmd_user - inlet user: who is in the password file.
 *
 * Passwords come from the terminal or standard input and go into the file as
 * what proves them; none is shown, and none is an argument.
 */
#include "config.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "authsrvr/passwords.h"
#include "lib/poster.h"
#include "lib/priv.h"
#include "tools/askbackends.h"
#include "tools/askpass.h"
#include "tools/command.h"
#include "tools/configured.h"
#include "tools/show.h"
#include "tools/userfile.h"

#define WRONG 1			/* exit code: not that login's password */

struct user {
	const struct request *r;
	const struct conf *conf;
	const struct settings *s;
	struct proc_user owner;		/* auth-user; -1: we are not root */
	char login[AUTH_LOGIN];
};

static int
say(int code, const char *what, const char *why)
{
	fputs("inlet user: ", stderr);
	show_text(stderr, what);
	fprintf(stderr, ": %s\n", why);
	return code;
}

/* "scram,crypt": what a row shall hold; 0 and said why if it is not that. */
static unsigned
holds(const char *words)
{
	static const struct {
		const char *word;
		unsigned bit;
	} kinds[] = {
		{ "scram", PASSROW_SCRAM },
		{ "crypt", PASSROW_CRYPT },
		{ "plain", PASSROW_CLEAR },
	};
	unsigned bits = 0;
	size_t n, k;

	for (const char *p = words; ; p += n + 1) {
		n = strcspn(p, ",");
		for (k = 0; k < ARRAY_LEN(kinds); k++)
			if (strlen(kinds[k].word) == n &&
			    memcmp(p, kinds[k].word, n) == 0)
				break;
		if (k == ARRAY_LEN(kinds)) {
			say(0, words, "a list of scram, crypt and plain is "
			    "meant");
			return 0;
		}
		bits |= kinds[k].bit;
		if (p[n] == '\0')
			return bits;
	}
}

static int
change(const struct user *u, enum userfile_change how,
    const struct passrow *row)
{
	char why[400];

	switch (userfile_change(u->s->auth_file, how, row, &u->owner, why,
	    sizeof(why))) {
	case USERFILE_DONE:
		return EX_OK;
	case USERFILE_THERE:
		return say(EX_CANTCREAT, u->login, "is there already; to give "
		    "a new password: inlet user passwd");
	case USERFILE_NOT_THERE:
		return say(EX_NOUSER, u->login, "there is no such login");
	case USERFILE_FAILED:
		fprintf(stderr, "inlet user: %s\n", why);
		return errno == EACCES || errno == EPERM ? EX_NOPERM :
		    EX_IOERR;
	}
	return EX_SOFTWARE;
}

/* Whose the file may be, besides root's. */
static uid_t
file_user(const struct user *u)
{
	return u->owner.uid == (uid_t)-1 ? geteuid() : u->owner.uid;
}

/* What the login's row holds now, so that a new password is kept so, too. */
static unsigned
holds_now(const struct user *u)
{
	struct passrow row;
	char why[400];
	unsigned bits = PASSROW_SCRAM;

	if (passwords_find_as(file_user(u), u->s->auth_file, u->login, &row,
	    why, sizeof(why)) == PASSWORDS_FOUND)
		bits = (row.scram[SCRAM_SHA256].iterations != 0 ||
		    row.scram[SCRAM_SHA1].iterations != 0 ?
		    PASSROW_SCRAM : 0) |
		    (row.crypt[0] != '\0' ? PASSROW_CRYPT : 0) |
		    (row.clear[0] != '\0' ? PASSROW_CLEAR : 0);
	passrow_wipe(&row);
	return bits;
}

static int
set_password(const struct user *u, enum userfile_change how)
{
	char password[PASSROW_SECRET];
	struct passrow row;
	unsigned bits = u->r->scheme != NULL ? holds(u->r->scheme) :
	    how == USERFILE_REPLACE ? holds_now(u) : PASSROW_SCRAM;
	const char *why;
	int code;

	if (bits == 0)
		return EX_USAGE;
	why = askpass(u->login, password, sizeof(password));
	if (why == NULL)
		why = passrow_make(&row, u->login, password, bits);
	explicit_bzero(password, sizeof(password));
	if (why != NULL)
		return say(EX_DATAERR, "this password", why);
	code = change(u, how, &row);
	passrow_wipe(&row);
	return code;
}

static int
add(const struct user *u)
{
	return set_password(u, USERFILE_ADD);
}

static int
passwd(const struct user *u)
{
	return set_password(u, USERFILE_REPLACE);
}

static int
del(const struct user *u)
{
	struct passrow row = { .pretended = false };

	memcpy(row.login, u->login, sizeof(row.login));
	return change(u, USERFILE_REMOVE, &row);
}

/* Becomes who authsrvr is: root may what that may not. */
static int
become(const struct user *u)
{
	if (u->owner.uid == (uid_t)-1 ||
	    priv_drop(u->owner.uid, u->owner.gid) == 0)
		return EX_OK;
	return say(EX_OSERR, "auth-user", strerror(errno));
}

/* As authsrvr would ask. */
static int
test(const struct user *u)
{
	char password[PASSROW_SECRET];
	struct verify_result r;
	const char *why = askpass(u->login, password, sizeof(password));
	int code = why == NULL ? become(u) :
	    say(EX_DATAERR, "this password", why), asked;

	if (code != EX_OK)
		return code;
	asked = askbackends(u->conf, u->login, password, &r);
	explicit_bzero(password, sizeof(password));
	if (asked == -1)
		return say(EX_OSERR, "authworker", "cannot be asked");
	switch ((enum verify_answer)r.answer) {
	case VERIFY_YES:
		printf("yes, says %s: ", r.backend);
		show_text(stdout, r.login);
		putchar('\n');
		return EX_OK;
	case VERIFY_NO:
		puts("no");
		return WRONG;
	case VERIFY_LATER:
		break;
	}
	printf("%s cannot say: ", r.backend[0] != '\0' ? r.backend :
	    "authworker");
	show_text(stdout, r.why);
	putchar('\n');
	return EX_TEMPFAIL;
}

/* A list that is being printed. */
struct list {
	struct show_json *json;		/* null: text */
	const char *path;
	int damaged;
};

static void
scheme(const struct list *l, bool there, const char *name)
{
	if (!there)
		return;
	if (l->json != NULL)
		show_json_text(l->json, name);
	else
		printf(" %s", name);
}

static void
schemes(const struct list *l, const struct passrow *row)
{
	scheme(l, row->scram[SCRAM_SHA256].iterations != 0, "SCRAM-SHA-256");
	scheme(l, row->scram[SCRAM_SHA1].iterations != 0, "SCRAM-SHA-1");
	scheme(l, row->crypt[0] != '\0', "CRYPT");
	scheme(l, row->clear[0] != '\0', "PLAIN");
}

static void
list_row(void *ctx, int number, const char *p, size_t len, const char *wrong)
{
	struct list *l = ctx;
	struct passrow row;
	const char *why = passrow_parse(p, len, &row);

	if (why == NULL)
		why = wrong;
	if (why != NULL) {
		fprintf(stderr, "inlet user: %s:%d: %s\n", l->path, number,
		    why);
		l->damaged++;
	} else if (l->json != NULL) {
		show_json_open(l->json, '{');
		show_json_pair(l->json, "login", row.login);
		show_json_count(l->json, "line", number);
		show_json_key(l->json, "schemes");
		show_json_open(l->json, '[');
		schemes(l, &row);
		show_json_close(l->json, ']');
		show_json_close(l->json, '}');
	} else {
		show_text(stdout, row.login);
		schemes(l, &row);
		putchar('\n');
	}
	passrow_wipe(&row);
}

static int
list(const struct user *u)
{
	struct show_json json;
	struct list l = { .json = u->r->json ? &json : NULL,
		.path = u->s->auth_file };
	char why[400];
	int fd = passwords_open(l.path, file_user(u), why, sizeof(why)), result;

	if (fd == -1) {
		fprintf(stderr, "inlet user: %s\n", why);
		return EX_NOINPUT;
	}
	if (l.json != NULL) {
		show_json_begin(l.json, stdout);
		show_json_open(l.json, '[');
	}
	result = passwords_walk(fd, list_row, &l);
	close(fd);
	if (l.json != NULL) {
		show_json_close(l.json, ']');
		show_json_end(l.json);
	}
	return result == -1 ? say(EX_IOERR, l.path, strerror(errno)) :
	    l.damaged > 0 ? EX_DATAERR : EX_OK;
}

/*
 * What was held of a login over its rates goes out, and its rates begin anew:
 * first these, or what it sends meanwhile would be held again.
 */
static int
release(const struct user *u)
{
	static char queue[] = "release";
	char socket[PLAN_PATH + 16], *operands[] = { queue, NULL };
	struct request r = *u->r;
	struct poster p;
	int got;

	snprintf(socket, sizeof(socket), "%s/submit", u->s->run_directory);
	if (poster_open(&p, socket) != 0)
		return say(EX_TEMPFAIL, socket, strerror(errno));
	got = poster_forgive(&p, u->login);
	poster_close(&p);
	if (got != 0)
		return say(EX_TEMPFAIL, u->login, "submit does not do it");
	r.operands = operands;
	r.noperands = 1;
	r.login = u->login;
	r.over = true;
	return cmd_queue(&r);
}

static const struct {
	const char *name;
	int (*run)(const struct user *u);
	int operands;			/* besides the verb */
} verbs[] = {
	{ "add", add, 1 },
	{ "passwd", passwd, 1 },
	{ "del", del, 1 },
	{ "list", list, 0 },
	{ "test", test, 1 },
	{ "release", release, 1 },
};

/* tailor resolves it only where somebody can log in; a file may be first. */
static struct proc_user
auth_user(const struct configured *c)
{
	struct proc_user nobody = { (uid_t)-1, (gid_t)-1 };
	const struct passwd *p;

	if (geteuid() != 0)
		return nobody;
	if (c->plan.users[PLAN_AUTH].uid != (uid_t)-1)
		return c->plan.users[PLAN_AUTH];
	p = getpwnam(c->conf->server.v.auth_user);
	return p != NULL ? (struct proc_user){ p->pw_uid, p->pw_gid } :
	    nobody;
}

static int
prepare(struct user *u, const struct configured *c, const char *typed)
{
	u->conf = c->conf;
	u->s = &c->conf->server.v;
	u->owner = auth_user(c);
	if (typed == NULL || login_prepare(u->login, typed,
	    u->s->auth_ignore_case) == 0)
		return EX_OK;
	return say(EX_DATAERR, typed, "nobody can have such a login");
}

int
cmd_user(const struct request *r)
{
	struct user u = { .r = r };
	struct configured c;
	size_t v = 0;
	int code;

	while (v < ARRAY_LEN(verbs) && strcmp(verbs[v].name,
	    r->operands[0]) != 0)
		v++;
	if (v == ARRAY_LEN(verbs) ||
	    r->noperands != 1 + verbs[v].operands) {
		fputs("inlet user: add LOGIN, passwd LOGIN, del LOGIN, "
		    "test LOGIN, release LOGIN or list\n", stderr);
		return EX_USAGE;
	}
	code = configured_open(&c, &r->tailor);
	if (code != EX_OK)
		return code;
	code = prepare(&u, &c, r->noperands > 1 ? r->operands[1] : NULL);
	if (code == EX_OK)
		code = verbs[v].run(&u);
	configured_close(&c);
	return code;
}
