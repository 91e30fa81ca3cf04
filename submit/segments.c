/*
 * segments - see segments.h.
 *
 * A segment is made whole, zeros written and synced, before it gets its name:
 * later a batch changes nothing but data, and one flush of the disk's cache
 * is all that its sync needs.
 */
#include "config.h"

#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "lib/durable.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/xalloc.h"
#include "submit/segments.h"

#define SEGMENTS_NEW "new"
#define SEGMENTS_CHUNK (256 * 1024)
/* One is made only where so many more would fit. */
#define SEGMENTS_SPARE_ROOM 8

enum use {
	USE_NONE,	/* not there */
	USE_BLANK,
	USE_OPEN,
	USE_CLOSED,
	USE_FREE,
	USE_BUSY,	/* somebody's who lives */
	USE_BAD
};

struct segments {
	struct spool *spool;
	uint64_t size;		/* of each; 0: none wanted */
	uint64_t least_free;	/* bytes of the disk that are not for us */
	int ends, freed;
	unsigned failed;	/* bits: could not be begun, not again */
	_Atomic int active;	/* -1: none */
	bool started, wanted, stop;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t look;
};

/* What recovery found in all of them. */
struct found {
	int segments, damaged;
	int64_t entries, unannounced, torn;
};

static void
report(enum log_level level, const char *what, size_t number, const char *why)
{
	struct logline l;

	log_begin(&l, level, what);
	log_word(&l, "in", "journal");
	log_num(&l, "segment", (int64_t)number);
	log_text(&l, "why", why);
	log_end(&l);
}

static int
open_segment(const struct segments *all, size_t number)
{
	char name[JFILE_NAME];

	jfile_segment_name(name, number);
	return openat(all->spool->journal, name,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* What stands in a segment's head, in ends and in freed, taken together. */
static enum use
look(const struct segments *all, int fd, size_t number, struct jsegment *h_r,
    struct jslot *end_r)
{
	struct jslot freed;
	struct stat st;
	int got = jfile_get_segment(fd, number, h_r);

	if (got == -1 || fstat(fd, &st) != 0 ||
	    jfile_get_slot(all->ends, number, end_r) != 0 ||
	    jfile_get_slot(all->freed, number, &freed) != 0 ||
	    (got == 1 && h_r->size != (uint64_t)st.st_size))
		return USE_BAD;
	if (got == 0) {
		/* The next use is later than any before it. */
		h_r->generation = end_r->generation > freed.generation ?
		    end_r->generation : freed.generation;
		h_r->size = (uint64_t)st.st_size;
		h_r->number = number;
		return h_r->size % JFILE_BLOCK == 0 &&
		    h_r->size > JFILE_BLOCK ? USE_BLANK : USE_BAD;
	}
	if (freed.generation == h_r->generation)
		return USE_FREE;
	if (end_r->generation == h_r->generation)
		return end_r->closed ? USE_CLOSED : USE_OPEN;
	return USE_OPEN;	/* ends is of another time */
}

static enum use
peek(const struct segments *all, size_t number)
{
	int fd = open_segment(all, number);
	struct jsegment h;
	struct jslot end;
	enum use use;

	if (fd == -1)
		return errno == ENOENT ? USE_NONE : USE_BAD;
	use = look(all, fd, number, &h, &end);
	close(fd);
	return use;
}

/*
 * To the end that was announced every record is there, or it is damage.
 * Behind it stand, perhaps, records whose sender has its 250 all the same:
 * the power failed, and ends was not written any more.
 */
static int
read_segment(const struct segments *all, struct segment *s, struct jslot *end,
    struct found *f)
{
	struct jrecord r;
	struct jwalk w;
	enum jstep step;
	int64_t more = 0;

	if (end->generation > s->head.generation)
		report(LEVEL_WARNING, "journal", s->head.number,
		    "it is older than it was");
	if (end->generation != s->head.generation)
		*end = (struct jslot){ .end = JFILE_BLOCK };
	jfile_walk(&w, s->fd, &s->head, end->end);
	while ((step = jfile_step(&w, &r)) != JSTEP_END) {
		if (step == JSTEP_ERROR)
			return -1;
		f->entries += step == JSTEP_RECORD;
		f->damaged += step == JSTEP_DAMAGED;
		if (step == JSTEP_DAMAGED) {
			report(LEVEL_ERROR, "damaged", s->head.number,
			    "no record where one must be");
			end->closed = true;
		}
	}
	while (!end->closed && jfile_more(&w, &r))
		more++;
	if (!end->closed && errno != 0)
		return -1;
	f->torn += !end->closed && jfile_torn(&w);
	if (more > 0 && durable_data(s->fd) != 0) {
		end->closed = true;
		w.at = end->end;
		report(LEVEL_ERROR, "recover", s->head.number,
		    strerror(errno));
	} else {
		f->entries += more;
		f->unannounced += more;
	}
	s->at = w.at;
	s->sum = w.sum;
	return segments_publish((struct segments *)(uintptr_t)all, s,
	    end->closed);
}

/* For people to look at; its place is taken by a new one. */
static void
set_aside(const struct segments *all, size_t number)
{
	char name[JFILE_NAME], bad[JFILE_NAME + 24];

	jfile_segment_name(name, number);
	snprintf(bad, sizeof(bad), "%s.%lld", name, (long long)time(NULL));
	report(LEVEL_ERROR, "damaged", number, durable_rename(
	    all->spool->journal, name, all->spool->bad, bad) == 0 ?
	    "its head is not right; moved to bad" : strerror(errno));
}

static void
remove_segment(const struct segments *all, size_t number)
{
	char name[JFILE_NAME];

	jfile_segment_name(name, number);
	if (durable_remove(all->spool->journal, name) != 0)
		report(LEVEL_ERROR, "journal", number, strerror(errno));
}

/*
 * Locks segment number and makes known what is in it.  *s_r has it, unless it
 * is not there, BUSY or BAD.
 */
static enum use
take_one(const struct segments *all, size_t number, struct segment *s_r,
    struct found *f)
{
	struct jslot end;
	enum use use;

	s_r->at = s_r->sum = 0;
	s_r->fd = open_segment(all, number);
	if (s_r->fd == -1)
		return errno == ENOENT ? USE_NONE : USE_BAD;
	use = USE_BUSY;
	if (flock(s_r->fd, LOCK_EX | LOCK_NB) == 0)
		use = look(all, s_r->fd, number, &s_r->head, &end);
	if (use == USE_OPEN) {
		if (read_segment(all, s_r, &end, f) != 0)
			use = USE_BAD;
		else if (end.closed)
			use = USE_CLOSED;
	}
	if (use != USE_BUSY && use != USE_BAD)
		return use;
	close(s_r->fd);
	s_r->fd = -1;
	return use;
}

/* The next use of a free or blank one. */
static void
renew(struct segment *s)
{
	s->head.generation++;
	s->at = 0;
	if (getrandom(&s->head.random, sizeof(s->head.random),
	    GRND_NONBLOCK) != sizeof(s->head.random))
		s->head.random = (uint64_t)time(NULL);
}

static void
recover_one(struct segments *all, size_t number, struct found *f)
{
	struct segment s;
	enum use use = take_one(all, number, &s, f);

	f->segments += use == USE_OPEN || use == USE_CLOSED;
	if (use == USE_BAD && errno == 0)
		set_aside(all, number);
	else if (use == USE_BAD)
		report(LEVEL_ERROR, "recover", number, strerror(errno));
	if ((use == USE_FREE || use == USE_BLANK) && s.head.size != all->size)
		remove_segment(all, number);
	if (s.fd != -1)
		close(s.fd);
}

static void
recover(struct segments *all)
{
	struct found f = { .segments = 0 };
	struct logline l;

	for (size_t i = 0; i < JFILE_SEGMENTS; i++)
		recover_one(all, i, &f);
	if (f.segments == 0 && f.damaged == 0)
		return;
	log_begin(&l, LEVEL_INFO, "recovered");
	log_word(&l, "in", "journal");
	log_num(&l, "segments", f.segments);
	log_num(&l, "entries", f.entries);
	log_num(&l, "unannounced", f.unannounced);
	log_num(&l, "torn", f.torn);
	log_num(&l, "bad", f.damaged);
	log_end(&l);
}

static int
open_board(const struct segments *all, const char *name)
{
	return openat(all->spool->journal, name,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

uint64_t
segments_size(const struct segments *all)
{
	return all->size;
}

int
segments_publish(struct segments *all, const struct segment *s, bool closed)
{
	struct jslot slot = { .generation = s->head.generation,
		.end = s->at, .closed = closed };

	return jfile_put_slot(all->ends, (size_t)s->head.number, &slot);
}

static void
want_more(struct segments *all, int active)
{
	atomic_store(&all->active, active);
	pthread_mutex_lock(&all->lock);
	all->wanted = true;
	pthread_cond_signal(&all->look);
	pthread_mutex_unlock(&all->lock);
}

/* Does it do?  If not, it is given back. */
static bool
usable(struct segments *all, size_t number, struct segment *s, enum use use)
{
	/*
	 * That it is free must be known after a power cut, too: what is in it
	 * will be written over.
	 */
	if ((use == USE_BLANK || use == USE_FREE) &&
	    s->head.size == all->size && durable_data(all->freed) == 0) {
		renew(s);
		return true;
	}
	if (use == USE_OPEN)
		return true;
	if (use == USE_BLANK || use == USE_FREE)
		remove_segment(all, number);
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
	return false;
}

bool
segments_take(struct segments *all, struct segment *s_r)
{
	/* First what was left open: it has room that nobody else fills. */
	static const enum use order[] = { USE_OPEN, USE_FREE, USE_BLANK };
	struct found f = { .segments = 0 };

	for (size_t i = 0; i < ARRAY_LEN(order) * JFILE_SEGMENTS; i++) {
		size_t number = i % JFILE_SEGMENTS;

		if ((all->failed >> number & 1) == 0 &&
		    peek(all, number) == order[i / JFILE_SEGMENTS] &&
		    usable(all, number, s_r,
		    take_one(all, number, s_r, &f))) {
			want_more(all, (int)number);
			return true;
		}
	}
	s_r->fd = -1;
	want_more(all, -1);
	return false;
}

void
segments_abandon(struct segments *all, struct segment *s, uint64_t good)
{
	size_t number = (size_t)s->head.number;

	report(LEVEL_ERROR, "journal", number, "nothing more is written to it");
	if (good == 0)
		all->failed |= 1U << number;
	s->at = good;
	if (good != 0 && segments_publish(all, s, true) != 0)
		report(LEVEL_ERROR, "journal", number, strerror(errno));
	close(s->fd);
	s->fd = -1;
	want_more(all, -1);
}

static int
write_zeros(int fd, uint64_t size)
{
	char *zeros = xcalloc(1, SEGMENTS_CHUNK);
	uint64_t at = 0;
	int result = 0;

	while (result == 0 && at < size) {
		size_t n = size - at < SEGMENTS_CHUNK ? (size_t)(size - at) :
		    SEGMENTS_CHUNK;

		result = fd_pwrite(fd, zeros, n, (off_t)at);
		at += n;
		durable_start(fd);
	}
	free(zeros);
	return result;
}

/* Ours alone, locked; -1 with errno, EBUSY where another submit makes one. */
static int
create_new(const struct segments *all)
{
	int dir = all->spool->journal, fd = durable_create(dir, SEGMENTS_NEW);

	if (fd == -1 && errno == EEXIST) {
		fd = openat(dir, SEGMENTS_NEW, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
		if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			(void)!durable_remove(dir, SEGMENTS_NEW);
		if (fd != -1)
			close(fd);
		fd = durable_create(dir, SEGMENTS_NEW);
	}
	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		close(fd);
		errno = EBUSY;
		return -1;
	}
	if (fd == -1 && errno == EEXIST)
		errno = EBUSY;
	return fd;
}

static void
make(const struct segments *all, size_t number)
{
	int dir = all->spool->journal, fd = create_new(all);
	char name[JFILE_NAME];

	jfile_segment_name(name, number);
	if (fd == -1) {
		if (errno != EBUSY)
			report(LEVEL_WARNING, "journal", number,
			    strerror(errno));
		return;
	}
	if (write_zeros(fd, all->size) != 0 || durable_sync(fd) != 0 ||
	    durable_rename(dir, SEGMENTS_NEW, dir, name) != 0 ||
	    durable_sync_dir(dir) != 0) {
		report(LEVEL_WARNING, "journal", number, strerror(errno));
		(void)!durable_remove(dir, SEGMENTS_NEW);
	}
	close(fd);
}

static bool
has_room(const struct segments *all)
{
	struct statfs fs;

	if (fstatfs(all->spool->journal, &fs) != 0)
		return false;
	return fs.f_bavail * (uint64_t)fs.f_bsize >=
	    all->least_free +
	    SEGMENTS_SPARE_ROOM * all->size;
}

/* One ahead: makes it if none but the active one could be taken. */
static void
make_ahead(const struct segments *all)
{
	int missing = -1;

	for (int i = 0; i < JFILE_SEGMENTS; i++) {
		enum use use = peek(all, (size_t)i);

		if (use == USE_NONE && missing == -1)
			missing = i;
		if ((use == USE_FREE || use == USE_BLANK) &&
		    i != atomic_load(&all->active))
			return;
	}
	if (missing != -1 && has_room(all))
		make(all, (size_t)missing);
}

struct segments *
segments_open(struct spool *s, int64_t size, int64_t least_free)
{
	struct segments *all = xcalloc(1, sizeof(*all));

	all->spool = s;
	all->least_free = (uint64_t)least_free;
	all->size = (uint64_t)size / JFILE_SEGMENTS / JFILE_BLOCK * JFILE_BLOCK;
	all->active = -1;
	all->ends = open_board(all, JFILE_ENDS);
	all->freed = open_board(all, JFILE_FREED);
	pthread_mutex_init(&all->lock, NULL);
	pthread_cond_init(&all->look, NULL);
	if (all->ends != -1 && all->freed != -1) {
		recover(all);
		/* The first mail shall find one, too. */
		if (all->size > 0) {
			make_ahead(all);
			return all;
		}
	} else {
		log_note(LEVEL_WARNING, "no journal: %s", strerror(errno));
	}
	segments_close(all);
	return NULL;
}

static void *
run(void *arg)
{
	struct segments *all = arg;

	pthread_mutex_lock(&all->lock);
	while (!all->stop) {
		if (!all->wanted) {
			pthread_cond_wait(&all->look, &all->lock);
			continue;
		}
		all->wanted = false;
		pthread_mutex_unlock(&all->lock);
		make_ahead(all);
		pthread_mutex_lock(&all->lock);
	}
	pthread_mutex_unlock(&all->lock);
	return NULL;
}

void
segments_start(struct segments *all)
{
	int error = pthread_create(&all->thread, NULL, run, all);

	if (error != 0)
		fatal(EX_OSERR, "cannot start the journal's thread: %s",
		    strerror(error));
	all->started = true;
	want_more(all, -1);
}

void
segments_close(struct segments *all)
{
	pthread_mutex_lock(&all->lock);
	all->stop = true;
	pthread_cond_signal(&all->look);
	pthread_mutex_unlock(&all->lock);
	if (all->started)
		pthread_join(all->thread, NULL);
	pthread_cond_destroy(&all->look);
	pthread_mutex_destroy(&all->lock);
	if (all->ends != -1)
		close(all->ends);
	if (all->freed != -1)
		close(all->freed);
	free(all);
}
