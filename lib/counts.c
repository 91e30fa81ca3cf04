/*
 * counts - how often something happened: a table of fixed size in shared
 * memory.
 *
 * Its bounds are kept by each mapping for itself: whoever writes to the table
 * can make others see wrong numbers, and no more.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/counts.h"
#include "lib/digest.h"
#include "lib/xalloc.h"

#define WORDS (sizeof(struct counts_row) / sizeof(uint64_t))
#define SECRET 192
#define SEALS (F_SEAL_GROW | F_SEAL_SHRINK)
#define READ_TRIES 1000
#define LOCK_MS 20		/* then whoever holds it is dead */
#define POINT 1000		/* thousandths */

/* Rows are copied by words, so that no access is a race. */
struct bucket {
	_Atomic uint32_t seq;	/* odd while it changes */
	uint32_t pad[15];
	_Atomic uint64_t word[COUNTS_WAYS][WORDS];
};

struct head {
	uint8_t secret[SECRET];
	_Atomic int64_t gauge[COUNTS_GAUGES];
};

#define HEAD 4096		/* a page of its own */

struct counts {
	struct head *head;
	struct bucket *bucket;
	uint32_t buckets;	/* a power of two */
};

_Static_assert(sizeof(struct counts_row) == 4 * sizeof(uint64_t) +
    4 * sizeof(uint32_t) - sizeof(uint64_t) + COUNTS_SECTION + COUNTS_TEXT,
    "a hole in struct counts_row");
_Static_assert(sizeof(struct counts_row) == 128, "two lines a row");
_Static_assert(sizeof(struct bucket) == 64 + COUNTS_WAYS * 128, "a hole");
_Static_assert(sizeof(struct head) <= HEAD, "the head is one page");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "words need a lock");

static size_t
size_of(uint32_t buckets)
{
	return HEAD + (size_t)buckets * sizeof(struct bucket);
}

/* Who has only this one cannot write, whatever it does. */
static int
for_readers(int fd)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int
counts_make(const char *name, uint32_t rows, int *write_r, int *read_r)
{
	uint8_t secret[SECRET];
	uint32_t buckets = 1;
	int saved, fd;

	*write_r = *read_r = -1;
	while (buckets * COUNTS_WAYS < rows && buckets * COUNTS_WAYS <
	    COUNTS_MOST)
		buckets *= 2;
	fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return -1;
	if (fchmod(fd, 0600) == 0 &&
	    getrandom(secret, sizeof(secret), 0) == (ssize_t)sizeof(secret) &&
	    ftruncate(fd, (off_t)size_of(buckets)) == 0 &&
	    pwrite(fd, secret, sizeof(secret), 0) == (ssize_t)sizeof(secret) &&
	    fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) == 0 &&
	    (*read_r = for_readers(fd)) != -1) {
		*write_r = fd;
		return 0;
	}
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

struct counts *
counts_open(int fd, bool write)
{
	struct counts *c;
	struct stat st;
	uint64_t buckets;
	void *p;
	int seals;

	if (fstat(fd, &st) == -1 || (seals = fcntl(fd, F_GET_SEALS)) == -1)
		return NULL;
	buckets = st.st_size < HEAD ? 0 :
	    ((uint64_t)st.st_size - HEAD) / sizeof(struct bucket);
	if ((seals & SEALS) != SEALS || buckets == 0 ||
	    buckets > COUNTS_MOST / COUNTS_WAYS ||
	    (buckets & (buckets - 1)) != 0 ||
	    (uint64_t)st.st_size != size_of((uint32_t)buckets)) {
		errno = EINVAL;
		return NULL;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ | (write ? PROT_WRITE : 0),
	    MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	c = xmalloc(sizeof(*c));
	*c = (struct counts){ .head = p, .buckets = (uint32_t)buckets,
	    .bucket = (void *)((char *)p + HEAD) };
	return c;
}

int64_t
counts_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
load_row(const struct bucket *b, uint32_t way, struct counts_row *r_r)
{
	uint64_t w[WORDS];

	for (size_t i = 0; i < WORDS; i++)
		w[i] = atomic_load_explicit(&b->word[way][i],
		    memory_order_relaxed);
	memcpy(r_r, w, sizeof(w));
	/* Whoever wrote it: these are texts. */
	r_r->section[COUNTS_SECTION - 1] = '\0';
	r_r->text[COUNTS_TEXT - 1] = '\0';
}

static void
store_row(struct bucket *b, uint32_t way, const struct counts_row *r)
{
	uint64_t w[WORDS];

	memcpy(w, r, sizeof(w));
	for (size_t i = 0; i < WORDS; i++)
		atomic_store_explicit(&b->word[way][i], w[i],
		    memory_order_relaxed);
}

static void
lock(struct bucket *b)
{
	int64_t until = 0;
	uint32_t seq;
	bool dead;

	for (;;) {
		seq = atomic_load_explicit(&b->seq, memory_order_relaxed);
		dead = (seq & 1) != 0 && until != 0 && clock_ms() >= until;
		if (((seq & 1) == 0 || dead) &&
		    atomic_compare_exchange_weak_explicit(&b->seq, &seq,
		    seq + (dead ? 2 : 1), memory_order_acquire,
		    memory_order_relaxed))
			break;
		if (until == 0)
			until = clock_ms() + LOCK_MS;
		sched_yield();
	}
	atomic_thread_fence(memory_order_release);
}

static void
unlock(struct bucket *b)
{
	uint32_t seq = atomic_load_explicit(&b->seq, memory_order_relaxed);

	atomic_store_explicit(&b->seq, (seq | 1) + 1, memory_order_release);
}

/* The row as r_r would begin, with its hash. */
static void
row_of(const struct counts *c, const struct counts_key *k, uint32_t most,
    int64_t now, struct counts_row *r_r)
{
	struct { int64_t period; uint8_t what, by, scope; char text[1000]; }
	    whole;
	size_t len;

	memset(&whole, 0, sizeof(whole));
	whole.period = k->period_ms;
	whole.what = k->what;
	whole.by = k->by;
	whole.scope = k->scope;
	len = (size_t)snprintf(whole.text, sizeof(whole.text), "%s/%s",
	    k->section, k->text);
	if (len >= sizeof(whole.text))
		len = sizeof(whole.text) - 1;
	*r_r = (struct counts_row){ .begin_ms = now, .most = most,
	    .period_ms = k->period_ms, .what = k->what, .by = k->by,
	    .scope = k->scope };
	r_r->hash = digest_keyed(&whole,
	    (size_t)(whole.text - (char *)&whole) + len, c->head->secret,
	    SECRET);
	if (r_r->hash == 0)
		r_r->hash = 1;
	snprintf(r_r->section, sizeof(r_r->section), "%s", k->section);
	snprintf(r_r->text, sizeof(r_r->text), "%.*s", COUNTS_TEXT - 1,
	    k->text);
}

static struct bucket *
bucket_of(const struct counts *c, uint64_t hash)
{
	return &c->bucket[hash & (c->buckets - 1)];
}

static bool
same(const struct counts_row *a, const struct counts_row *b)
{
	return a->hash == b->hash && a->what == b->what && a->by == b->by &&
	    a->scope == b->scope && a->period_ms == b->period_ms &&
	    strcmp(a->section, b->section) == 0 &&
	    strcmp(a->text, b->text) == 0;
}

/* Its way, or -1. */
static int
find(const struct bucket *b, const struct counts_row *want,
    struct counts_row *r_r)
{
	for (uint32_t way = 0; way < COUNTS_WAYS; way++) {
		if (atomic_load_explicit(&b->word[way][0],
		    memory_order_relaxed) != want->hash)
			continue;
		load_row(b, way, r_r);
		if (same(r_r, want))
			return (int)way;
	}
	return -1;
}

static int64_t
age(const struct counts_row *r, int64_t now)
{
	return now > r->begin_ms ? now - r->begin_ms : 0;
}

/* A score now: halved so many times, then along a line. */
static uint32_t
score(const struct counts_row *r, int64_t now)
{
	int64_t halves = age(r, now) / r->period_ms;
	int64_t rest = age(r, now) % r->period_ms;
	int64_t n = halves > 31 ? 0 : r->count >> halves;

	return (uint32_t)(n - n * rest / (2 * r->period_ms));
}

/* Until a score is below most points; it is not by now. */
static int64_t
until_below(const struct counts_row *r, int64_t now, uint32_t most)
{
	int64_t below = (int64_t)most * POINT, n = r->count, at = 0, rest;

	for (; n / 2 >= below && n > 0; n /= 2)
		at += r->period_ms;
	/* The least rest with n - n * rest / (2 * period) < below. */
	rest = n > 0 ? ((n - below + 1) * 2 * r->period_ms + n - 1) / n : 0;
	at += rest > r->period_ms ? r->period_ms : rest;
	return at > age(r, now) ? at - age(r, now) : 0;
}

/* Does what it says count no more? */
static bool
over(const struct counts_row *r, int64_t now)
{
	if (r->hash == 0 || r->period_ms <= 0)
		return true;
	return r->what == COUNTS_PENALTY ? score(r, now) < POINT :
	    age(r, now) >= r->period_ms;
}

static uint32_t
value_of(const struct counts_row *r, int64_t now)
{
	if (over(r, now))
		return 0;
	return r->what == COUNTS_PENALTY ? score(r, now) / POINT : r->count;
}

void
counts_read(const struct counts_row *r, int64_t now,
    struct counts_answer *a_r)
{
	*a_r = (struct counts_answer){ .value = value_of(r, now),
	    .most = r->most };
	if (a_r->value >= a_r->most)
		a_r->free_ms = r->what == COUNTS_PENALTY ?
		    until_below(r, now, r->most) :
		    r->period_ms - age(r, now);
}

/* A copy between two changes; false if there was no moment for it. */
static bool
read_row(const struct counts *c, const struct counts_row *want,
    struct counts_row *r_r)
{
	const struct bucket *b = bucket_of(c, want->hash);
	uint32_t seq;
	int way;

	for (int i = 0; i < READ_TRIES; i++) {
		seq = atomic_load_explicit(&b->seq, memory_order_acquire);
		if ((seq & 1) != 0)
			continue;
		way = find(b, want, r_r);
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&b->seq, memory_order_relaxed) == seq)
			return way >= 0;
	}
	return false;
}

bool
counts_ask(const struct counts *c, const struct counts_key *k, uint32_t n,
    uint32_t most, int64_t now, struct counts_answer *a_r)
{
	struct counts_row want, r;

	row_of(c, k, most, now, &want);
	if (!read_row(c, &want, &r))
		r = want;
	r.most = most;
	counts_read(&r, now, a_r);
	if ((uint64_t)a_r->value + n <= most) {
		a_r->free_ms = 0;
		return true;
	}
	/* Where some but not all of n may, they wait for the window's end. */
	if (a_r->free_ms == 0)
		a_r->free_ms = r.period_ms - age(&r, now);
	return false;
}

/* The way that a new row takes, or -1: all are at their maximum. */
static int
victim(struct counts *c, const struct bucket *b, int64_t now)
{
	struct counts_row r, least = { 0 };
	int64_t longest = -1;
	int ended = -1, live = -1;

	for (uint32_t way = 0; way < COUNTS_WAYS; way++) {
		load_row(b, way, &r);
		if (r.hash == 0)
			return (int)way;
		if (over(&r, now)) {
			int64_t since = age(&r, now) - r.period_ms;

			if (since > longest || ended < 0) {
				longest = since;
				ended = (int)way;
			}
		} else if (value_of(&r, now) < r.most && (live < 0 ||
		    value_of(&r, now) < value_of(&least, now) ||
		    (value_of(&r, now) == value_of(&least, now) &&
		    r.begin_ms < least.begin_ms))) {
			least = r;
			live = (int)way;
		}
	}
	if (ended >= 0)
		return ended;
	counts_set(c, live >= 0 ? COUNTS_EVICTED : COUNTS_LOST,
	    counts_get(c, live >= 0 ? COUNTS_EVICTED : COUNTS_LOST) + 1);
	return live;
}

static uint32_t
sum(uint64_t a, uint64_t b)
{
	return a + b > UINT32_MAX ? UINT32_MAX : (uint32_t)(a + b);
}

void
counts_add(struct counts *c, const struct counts_key *k, uint32_t n,
    uint32_t most, int64_t now)
{
	struct counts_row want, r;
	struct bucket *b;
	int way;

	row_of(c, k, most, now, &want);
	b = bucket_of(c, want.hash);
	lock(b);
	way = find(b, &want, &r);
	if (way < 0 || over(&r, now))
		r = want;
	if (way < 0)
		way = victim(c, b, now);
	r.most = most;
	if (r.what == COUNTS_PENALTY) {
		r.count = sum(score(&r, now), (uint64_t)n * POINT);
		r.begin_ms = now;
	} else {
		r.count = sum(r.count, n);
	}
	if (way >= 0)
		store_row(b, (uint32_t)way, &r);
	unlock(b);
}

/* Changes a row that is there. */
static void
change(struct counts *c, const struct counts_key *k, uint32_t less,
    uint32_t refused)
{
	struct counts_row want, r;
	struct bucket *b;
	int way;

	row_of(c, k, 0, 0, &want);
	b = bucket_of(c, want.hash);
	lock(b);
	way = find(b, &want, &r);
	if (way >= 0) {
		r.count -= less < r.count ? less : r.count;
		r.refused = sum(r.refused, refused);
		store_row(b, (uint32_t)way, &r);
	}
	unlock(b);
}

void
counts_give_back(struct counts *c, const struct counts_key *k, uint32_t n)
{
	change(c, k, n, 0);
}

void
counts_refuse(struct counts *c, const struct counts_key *k)
{
	change(c, k, 0, 1);
}

void
counts_set(struct counts *c, enum counts_gauge g, int64_t value)
{
	atomic_store_explicit(&c->head->gauge[g], value, memory_order_relaxed);
}

int64_t
counts_get(const struct counts *c, enum counts_gauge g)
{
	return atomic_load_explicit(&c->head->gauge[g], memory_order_relaxed);
}

uint32_t
counts_room(const struct counts *c)
{
	return c->buckets * COUNTS_WAYS;
}

bool
counts_row(const struct counts *c, uint32_t i, struct counts_row *r_r)
{
	const struct bucket *b;
	uint32_t seq;

	if (i >= counts_room(c))
		return false;
	b = &c->bucket[i / COUNTS_WAYS];
	for (int n = 0; n < READ_TRIES; n++) {
		seq = atomic_load_explicit(&b->seq, memory_order_acquire);
		if ((seq & 1) != 0)
			continue;
		load_row(b, i % COUNTS_WAYS, r_r);
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&b->seq, memory_order_relaxed) == seq)
			return r_r->hash != 0 && r_r->period_ms > 0;
	}
	return false;
}
