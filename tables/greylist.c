/*
 * greylist - see greylist.h.
 *
 * LMDB: one small transaction a save, its data synced, its head written
 * behind it; a head that a power cut loses leaves the one before.
 */
#include "config.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <errno.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>

#include "lib/digest.h"
#include "lib/path.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tables/greylist.h"

#define MAP_BYTES ((size_t)512 << 20)	/* of address space, not of disk */
#define KEY 16
#define SECRET 384		/* two halves, one for each half of a key */
#define NEW_MOST 4096
#define OLD_LOOKS 256		/* rows looked at for their age, a save */
#define NAME "secret"

/* A row, in host order: the store never leaves its machine. */
struct seen {
	int64_t first, last;	/* last: when it passed; 0: not yet */
	int64_t passes;		/* of a network */
};

struct fresh {
	uint8_t key[KEY];
	struct seen seen;
};

struct greylist {
	MDB_env *env;
	MDB_dbi rows;
	MDB_txn *reader;
	uint8_t secret[SECRET];
	uint8_t at[KEY];	/* where the look for old ones goes on */
	struct fresh *fresh;	/* by key, open addressing */
	bool *used;
	size_t n;
	bool failed;		/* the last save */
};

static int
failed(struct buf *why_r, const char *what, int rc)
{
	(void)!buf_addf(why_r, "greylist: %s: %s", what, mdb_strerror(rc));
	return -1;
}

/* The store's secret, or a new one in a new store. */
static int
take_secret(struct greylist *g, MDB_txn *t, MDB_dbi dbi)
{
	MDB_val name = { sizeof(NAME) - 1, (void *)(uintptr_t)NAME }, value;
	int rc = mdb_get(t, dbi, &name, &value);

	if (rc == MDB_NOTFOUND) {
		if (getrandom(g->secret, SECRET, 0) != SECRET)
			return errno;
		value = (MDB_val){ SECRET, g->secret };
		return mdb_put(t, dbi, &name, &value, 0);
	}
	if (rc == 0 && value.mv_size != SECRET)
		return MDB_CORRUPTED;
	if (rc == 0)
		memcpy(g->secret, value.mv_data, SECRET);
	return rc;
}

static int
open_rows(struct greylist *g)
{
	MDB_dbi head;
	MDB_txn *t;
	int rc = mdb_txn_begin(g->env, NULL, 0, &t);

	if (rc != 0)
		return rc;
	rc = mdb_dbi_open(t, "head", MDB_CREATE, &head);
	if (rc == 0)
		rc = mdb_dbi_open(t, "rows", MDB_CREATE, &g->rows);
	if (rc == 0)
		rc = take_secret(g, t, head);
	if (rc != 0) {
		mdb_txn_abort(t);
		return rc;
	}
	rc = mdb_txn_commit(t);
	if (rc == 0)
		rc = mdb_txn_begin(g->env, NULL, MDB_RDONLY, &g->reader);
	if (rc == 0)
		mdb_txn_reset(g->reader);
	return rc;
}

struct greylist *
greylist_open(const char *dir, struct buf *why_r)
{
	struct greylist *g = xcalloc(1, sizeof(*g));
	int rc;

	g->fresh = xcalloc(NEW_MOST, sizeof(*g->fresh));
	g->used = xcalloc(NEW_MOST, sizeof(*g->used));
	if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
		(void)failed(why_r, dir, errno);
		greylist_close(g);
		return NULL;
	}
	rc = mdb_env_create(&g->env);
	if (rc == 0)
		rc = mdb_env_set_mapsize(g->env, MAP_BYTES);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(g->env, 2);
	if (rc == 0)
		rc = mdb_env_open(g->env, dir, MDB_NOMETASYNC | MDB_NOTLS,
		    0600);
	if (rc == 0)
		rc = open_rows(g);
	if (rc == 0)
		return g;
	(void)failed(why_r, dir, rc);
	greylist_close(g);
	return NULL;
}

void
greylist_close(struct greylist *g)
{
	if (g->reader != NULL)
		mdb_txn_abort(g->reader);
	if (g->env != NULL)
		mdb_env_close(g->env);
	free(g->fresh);
	free(g->used);
	free(g);
}

/* tag tells networks from those with sender and recipient. */
static void
make_key(const struct greylist *g, char tag, const struct netaddr *net,
    const char *sender, const char *recipient, uint8_t key_r[KEY])
{
	char text[1 + 1 + sizeof(net->ip) + 2 * PATH_TEXT];
	size_t n = 0, a = strnlen(sender, PATH_TEXT - 1);
	size_t b = strnlen(recipient, PATH_TEXT - 1);
	uint64_t half[2];

	text[n++] = tag;
	text[n++] = (char)net->family;
	memcpy(text + n, net->ip, sizeof(net->ip));
	n += sizeof(net->ip);
	memcpy(text + n, sender, a);
	text[n + a] = '\0';
	text_lower(text + n);
	n += a + 1;
	memcpy(text + n, recipient, b);
	text[n + b] = '\0';
	text_lower(text + n);
	n += b;
	half[0] = digest_keyed(text, n, g->secret, SECRET / 2);
	half[1] = digest_keyed(text, n, g->secret + SECRET / 2, SECRET / 2);
	memcpy(key_r, half, KEY);
}

/* Its place among the new ones, or where it would be. */
static size_t
place(const struct greylist *g, const uint8_t key[KEY])
{
	uint64_t h;
	size_t i;

	memcpy(&h, key, sizeof(h));
	for (i = h % NEW_MOST; g->used[i]; i = (i + 1) % NEW_MOST)
		if (memcmp(g->fresh[i].key, key, KEY) == 0)
			break;
	return i;
}

/* 0 with what is known of it, all zero if it is nothing; -1. */
static int
find(struct greylist *g, const uint8_t key[KEY], struct seen *s_r)
{
	size_t i = place(g, key);
	MDB_val k = { KEY, (void *)(uintptr_t)key }, value;
	int rc;

	*s_r = (struct seen){ .first = 0 };
	if (g->used[i]) {
		*s_r = g->fresh[i].seen;
		return 0;
	}
	if (mdb_txn_renew(g->reader) != 0)
		return -1;
	rc = mdb_get(g->reader, g->rows, &k, &value);
	if (rc == 0 && value.mv_size == sizeof(*s_r))
		memcpy(s_r, value.mv_data, sizeof(*s_r));
	mdb_txn_reset(g->reader);
	return rc == 0 || rc == MDB_NOTFOUND ? 0 : -1;
}

/* Where too many are new already, it is not kept: it will be new again. */
static void
keep(struct greylist *g, const uint8_t key[KEY], const struct seen *s)
{
	size_t i = place(g, key);

	if (!g->used[i] && g->n >= NEW_MOST * 3 / 4)
		return;
	g->n += !g->used[i];
	g->used[i] = true;
	memcpy(g->fresh[i].key, key, KEY);
	g->fresh[i].seen = *s;
}

/* A clock that was set back makes nobody wait longer than from now on. */
static bool
is_old(const struct seen *s, const struct greylist_rules *r, int64_t now)
{
	if (s->last != 0)
		return now - s->last > r->keep;
	return s->first > now || now - s->first > r->window;
}

/* One more that came again: its network is known by and by. */
static void
proved(struct greylist *g, const uint8_t key[KEY], struct seen *net,
    const struct greylist_rules *r, int64_t now)
{
	if (r->passes == 0)
		return;
	if (net->last != 0 && now - net->last > r->keep)
		net->passes = 0;
	net->passes++;
	net->last = now;
	keep(g, key, net);
}

/* One question: the keys, and what is known of them. */
struct met {
	uint8_t of_net[KEY], of_all[KEY];
	struct seen net, all;
};

static int
meet(struct greylist *g, const struct netaddr *net, const char *sender,
    const char *recipient, struct met *m)
{
	make_key(g, 'n', net, "", "", m->of_net);
	make_key(g, 't', net, sender, recipient, m->of_all);
	return find(g, m->of_net, &m->net) == 0 &&
	    find(g, m->of_all, &m->all) == 0 ? 0 : -1;
}

/* What to say; one that is new, or is again, begins now. */
static enum grey
judge(const struct greylist *g, struct met *m, const struct greylist_rules *r,
    int64_t now, int64_t *wait_r)
{
	if (r->passes > 0 && m->net.passes >= r->passes &&
	    now - m->net.last <= r->keep)
		return GREY_KNOWN;
	if (m->all.first == 0 || is_old(&m->all, r, now))
		m->all = (struct seen){ .first = now };
	if (m->all.last != 0 || now - m->all.first >= r->delay)
		return GREY_PASS;
	if (g->failed)
		return GREY_BROKEN;
	*wait_r = r->delay - (now - m->all.first);
	return GREY_WAIT;
}

enum grey
greylist_look(struct greylist *g, const struct netaddr *net,
    const char *sender, const char *recipient,
    const struct greylist_rules *r, int64_t now, int64_t *wait_r)
{
	struct met m;

	*wait_r = 0;
	return meet(g, net, sender, recipient, &m) != 0 ? GREY_BROKEN :
	    judge(g, &m, r, now, wait_r);
}

enum grey
greylist_ask(struct greylist *g, const struct netaddr *net,
    const char *sender, const char *recipient,
    const struct greylist_rules *r, int64_t now, int64_t *wait_r)
{
	struct met m;
	enum grey answer;
	bool first;

	*wait_r = 0;
	if (meet(g, net, sender, recipient, &m) != 0)
		return GREY_BROKEN;
	answer = judge(g, &m, r, now, wait_r);
	if (answer == GREY_KNOWN) {
		m.net.last = now;
		keep(g, m.of_net, &m.net);
		return answer;
	}
	first = answer == GREY_PASS && m.all.last == 0;
	if (answer == GREY_PASS)
		m.all.last = now;
	/* One that waits is kept since it was new. */
	if (answer == GREY_PASS || m.all.first == now)
		keep(g, m.of_all, &m.all);
	if (first)
		proved(g, m.of_net, &m.net, r, now);
	return answer;
}

bool
greylist_unsaved(const struct greylist *g)
{
	return g->n > 0;
}

bool
greylist_full(const struct greylist *g)
{
	return g->n >= NEW_MOST / 4;
}

static int
put_fresh(struct greylist *g, MDB_txn *t)
{
	int rc = 0;

	for (size_t i = 0; i < NEW_MOST && rc == 0; i++) {
		MDB_val k = { KEY, g->fresh[i].key };
		MDB_val v = { sizeof(struct seen), &g->fresh[i].seen };

		if (g->used[i])
			rc = mdb_put(t, g->rows, &k, &v, 0);
	}
	return rc;
}

/* Some of them, in turn. */
static int
drop_old(struct greylist *g, MDB_txn *t, const struct greylist_rules *r,
    int64_t now)
{
	MDB_val k = { KEY, g->at }, v;
	MDB_cursor *c;
	struct seen s;
	int rc = mdb_cursor_open(t, g->rows, &c);

	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
	for (int i = 0; i < OLD_LOOKS && rc == 0; i++) {
		memset(&s, 0, sizeof(s));
		if (v.mv_size == sizeof(s))
			memcpy(&s, v.mv_data, sizeof(s));
		if (is_old(&s, r, now))
			rc = mdb_cursor_del(c, 0);
		if (rc == 0)
			rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
	}
	if (rc == 0 && k.mv_size == KEY)
		memcpy(g->at, k.mv_data, KEY);
	else
		memset(g->at, 0, KEY);
	mdb_cursor_close(c);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int
greylist_save(struct greylist *g, const struct greylist_rules *r, int64_t now,
    struct buf *why_r)
{
	MDB_txn *t;
	int rc = mdb_txn_begin(g->env, NULL, 0, &t);

	if (rc == 0) {
		rc = drop_old(g, t, r, now);
		if (rc == 0)
			rc = put_fresh(g, t);
		if (rc == 0)
			rc = mdb_txn_commit(t);
		else
			mdb_txn_abort(t);
	}
	memset(g->used, 0, NEW_MOST * sizeof(*g->used));
	g->n = 0;
	g->failed = rc != 0;
	return rc == 0 ? 0 : failed(why_r, "cannot be saved", rc);
}
