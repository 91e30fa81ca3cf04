/*
 * wrap - hosts_access(3) for lookup.
 *
 * libwrap runs commands, changes its caller's user, asks NIS, and is silent
 * (but for syslog) about what it passes over.  It is asked only about rules
 * that wraprules found to be free of that, and in its own dry-run mode: so a
 * file that changes in between still runs nothing.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tables/wrap.h"
#include "tables/wraprules.h"
#ifdef HAVE_LIBWRAP
#include <tcpd.h>
#endif

#define AGAIN 60000	/* ms until the same complaint is made again */

struct wrap {
	char allow[256], deny[256];
	char said[400];		/* the last complaint */
	int64_t said_at;
};

struct wrap *
wrap_new(const char *allow, const char *deny)
{
	struct wrap *w = xcalloc(1, sizeof(*w));

	/* settings.def allows no longer ones. */
	PANIC_IF(text_copy(w->allow, sizeof(w->allow), allow) == -1);
	PANIC_IF(text_copy(w->deny, sizeof(w->deny), deny) == -1);
	return w;
}

static void
complain(struct wrap *w, enum log_level level, const char *what)
{
	int64_t now = clock_ms();

	if (strncmp(what, w->said, sizeof(w->said) - 1) == 0 &&
	    now - w->said_at < AGAIN)
		return;
	(void)snprintf(w->said, sizeof(w->said), "%s", what);
	w->said_at = now;
	log_note(level, "libwrap: %s", what);
}

/* One look at one file, before libwrap's own. */
struct look {
	struct wrap *wrap;
	const struct ask_access_question *q;
	const char *path;
	bool useless;
};

static int
look_at(void *arg, const struct wraprule *r)
{
	struct look *l = arg;
	enum wraprule_verdict v = WRAPRULE_GOOD;
	struct buf why, line;

	if (!wraprules_about(r, l->q->daemon) &&
	    (l->q->channel[0] == '\0' || !wraprules_about(r, l->q->channel)))
		return 0;
	buf_init(&why, 1024);
	buf_init(&line, 2048);
	v = wraprules_judge(r, &why);
	(void)!buf_addf(&line, "%s:%d: %s", l->path, r->line, buf_str(&why));
	if (v != WRAPRULE_GOOD)
		complain(l->wrap, v == WRAPRULE_USELESS ? LEVEL_ERROR :
		    LEVEL_WARNING, buf_str(&line));
	buf_free(&line);
	buf_free(&why);
	l->useless = v == WRAPRULE_USELESS;
	return l->useless;
}

static bool
good_file(struct wrap *w, const struct ask_access_question *q,
    const char *path)
{
	struct look l = { .wrap = w, .q = q, .path = path };
	struct buf why;
	int result;

	buf_init(&why, 1024);
	result = wraprules_walk(path, look_at, &l, &why);
	if (result == -1)
		complain(w, LEVEL_ERROR, buf_str(&why));
	buf_free(&why);
	return result == 0 && !l.useless;
}

#ifdef HAVE_LIBWRAP

/*
 * Where setenv() below puts what it is given.  glibc's keeps every value that
 * it ever had: clients, whose names may be part of one (%h), could make us
 * grow without end.
 */
static struct {
	struct variables *to;	/* null: nobody asks */
	bool failed;
} setting;

int
setenv(const char *name, const char *value, int overwrite)
{
	(void)overwrite;
	if (setting.to == NULL) {
		errno = EPERM;
		return -1;
	}
	if (variables_set(setting.to, name, value) != 0)
		setting.failed = true;
	/* libwrap would not go on. */
	return 0;
}

/* What libwrap hands to its callbacks is the first member. */
struct request {
	struct request_info info;
	const struct ask_answer *name;
	bool wants_name;
};

/* It wants a host's name: ours has one, or is to have one. */
static void
name_wanted(struct host_info *h)
{
	struct request *r = (struct request *)h->request;
	const char *name = unknown;

	if (h == r->info.client && r->name == NULL)
		r->wants_name = true;
	else if (h == r->info.client && r->name->outcome == ASK_FOUND)
		name = r->name->name;
	else if (h == r->info.client && r->name->differs)
		name = paranoid;
	/* Cut, it could end as another domain does. */
	if (snprintf(h->name, sizeof(h->name), "%s", name) >=
	    (int)sizeof(h->name))
		(void)snprintf(h->name, sizeof(h->name), "%s", unknown);
}

static void
address_wanted(struct host_info *h)
{
	(void)snprintf(h->addr, sizeof(h->addr), "%s", unknown);
}

static enum wrap_verdict
ask_as(struct wrap *w, const char *daemon, const struct netaddr *a,
    const struct ask_answer *name, struct variables *set)
{
	struct request r = { .name = name };
	char address[NET_TEXT];
	bool allowed;

	setting.to = set;
	setting.failed = false;

	net_text(a, address);
	/* A user, so that the client is not asked for one (RFC 1413). */
	request_init(&r.info, RQ_DAEMON, daemon, RQ_USER, unknown,
	    RQ_CLIENT_ADDR, a->family == 0 ? unknown : address, 0);
	r.info.hostname = name_wanted;
	r.info.hostaddr = address_wanted;
	hosts_allow_table = w->allow;
	hosts_deny_table = w->deny;
	dry_run = 1;
	allowed = hosts_access(&r.info) != 0;
	setting.to = NULL;
	/* In the place of what it would have become, twist clears it. */
	if (dry_run == 0)
		allowed = false;
	if (r.wants_name)
		return WRAP_WANTS_NAME;
	if (allowed && setting.failed) {
		complain(w, LEVEL_ERROR, "setenv: too much, or other than "
		    "printable ASCII characters");
		return WRAP_UNSURE;
	}
	return allowed ? WRAP_ALLOWED : WRAP_DENIED;
}

#else

/* Only a session of another build asks. */
static enum wrap_verdict
ask_as(struct wrap *w, const char *daemon, const struct netaddr *a,
    const struct ask_answer *name, struct variables *set)
{
	(void)w, (void)daemon, (void)a, (void)name, (void)set;
	log_note(LEVEL_ERROR, "libwrap: built without it");
	return WRAP_UNSURE;
}

#endif

enum wrap_verdict
wrap_ask(struct wrap *w, const struct ask_access_question *q,
    const struct ask_answer *name, bool *channel_r, struct variables *set_r)
{
	enum wrap_verdict v;

	*channel_r = false;
	memset(set_r, 0, sizeof(*set_r));
	if (!good_file(w, q, w->allow) || !good_file(w, q, w->deny))
		return WRAP_UNSURE;
	v = ask_as(w, q->daemon, &q->q.address, name, set_r);
	if (v != WRAP_ALLOWED || q->channel[0] == '\0')
		return v;
	*channel_r = true;
	return ask_as(w, q->channel, &q->q.address, name, set_r);
}
