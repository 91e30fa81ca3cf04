/*
 * t_room - shares of the room in the queue: what is in flight counts until it
 * is in the file system, and then once.
 */
#include "config.h"

#include <sys/statfs.h>

#include <fcntl.h>
#include <unistd.h>

#include "submit/room.h"
#include "tests/submit/stage.h"
#include "tests/tap.h"

#define K 1024
#define EACH SPACE_EACH

static struct counts *counts;

static struct space
seen(void)
{
	struct space s = { .bytes = -2 };

	(void)space_seen(counts, counts_get(counts, COUNTS_LOOKED), &s);
	return s;
}

/* As if it had found that, and no second passes. */
static void
pretend(struct room *r, int64_t bytes, int64_t inodes)
{
	r->looked = INT64_MAX / 2;
	r->free = (struct space){ .bytes = bytes, .inodes = inodes };
	r->bytes = r->messages = r->new_bytes = r->new_messages = 0;
}

static void
looks(int dir)
{
	struct room r;
	struct statfs fs;
	struct reply reply;
	struct room_share s;

	num(fstatfs(dir, &fs), 0, "(what there is)");
	room_init(&r, dir, 1, 0, counts);
	ok(r.free.bytes > 0 && r.free.bytes <=
	    (int64_t)(fs.f_blocks * (uint64_t)fs.f_bsize), "free bytes");
	ok(fs.f_files == 0 ? r.free.inodes == -1 : r.free.inodes > 0,
	    "free inodes, if it has a number of them");
	num(seen().bytes, r.free.bytes, "sessions see them");
	num(room_enter(&r, &s, 10, &reply), 0, "one byte must be left: it is");
	room_leave(&r, &s, false);
	room_init(&r, dir, INT64_MAX, 0, NULL);
	num(room_enter(&r, &s, 10, &reply), -1, "all bytes there are: no");
	is(reply.reason, "space", "the reason");
	num(reply.code, 452, "is for now");
	room_init(&r, dir, 0, 0, NULL);
	num(room_enter(&r, &s, 1LL << 50, &reply), 0, "no minimum: all fits");
	room_init(&r, -1, 1, 0, NULL);
	num(room_enter(&r, &s, 10, &reply), -1, "none that can be asked: no");
	room_init(&r, -1, 0, 0, NULL);
	num(room_enter(&r, &s, 10, &reply), 0, "without a minimum it may be");
}

static void
shares(void)
{
	struct room r;
	struct room_share a, b, c;
	struct reply reply;

	room_init(&r, -1, 100 * K, 0, counts);
	pretend(&r, 200 * K + 2 * EACH, -1);
	num(room_enter(&r, &a, 60 * K, &reply), 0, "one message");
	num(room_enter(&r, &b, 50 * K, &reply), -1, "no second one as large");
	is(reply.detail, "limit=min-free-space value=92160 least=102400",
	    "it says what would be left");
	num(room_enter(&r, &b, 40 * K, &reply), 0, "a smaller one fits");
	num(seen().flight_bytes, 100 * K + 2 * EACH, "both are in flight");
	num(seen().flight_messages, 2, "two of them");
	num(room_enter(&r, &c, 0, &reply), -1, "then nothing fits");
	ok(!c.held, "it has no share");
	room_leave(&r, &c, true);
	num(seen().flight_messages, 2, "and gives none back");
	room_leave(&r, &b, false);
	num(seen().flight_bytes, 60 * K + EACH, "one that goes gives it back");
	num(room_grow(&r, &a, 40 * K + EACH + 1, &reply), -1,
	    "one cannot grow beyond what there is");
	num(room_grow(&r, &a, 30 * K, &reply), 0, "but up to it");
	room_wrote(&r, &a, 50 * K);
	num(seen().flight_bytes, 90 * K + EACH,
	    "what is written counts on, as nobody has looked since");
	room_leave(&r, &a, true);
	num(seen().flight_bytes, 90 * K + EACH, "so does all of it");
	num(r.bytes, 0, "but not as what is to come");
	num(r.messages, 0, "nor the message");
	num(seen().flight_messages, 1, "it has its inode");
	r.looked = INT64_MIN / 2;
	room_look(&r);
	num(seen().flight_bytes, 0, "after a look it is no more in flight");
	num(seen().flight_messages, 0, "nor its inode");
}

static void
inodes(void)
{
	struct room r;
	struct room_share s[3];
	struct reply reply;

	room_init(&r, -1, 0, 10, counts);
	pretend(&r, 1 << 30, 12);
	num(room_enter(&r, &s[0], 0, &reply), 0, "one inode");
	num(room_enter(&r, &s[1], 0, &reply), 0, "two");
	num(room_enter(&r, &s[2], 0, &reply), -1, "no third");
	is(reply.detail, "limit=min-free-inodes value=9 least=10",
	    "it says what would be left");
	num(room_grow(&r, &s[1], 5, &reply), 0, "who grows has his inode");
	pretend(&r, 1 << 30, -1);
	num(room_enter(&r, &s[2], 0, &reply), 0,
	    "a file system that counts none never lacks them");
}

int
main(void)
{
	char scratch[256];
	int dir, w, r;

	if (counts_make("test", COUNTS_LEAST, &w, &r) != 0 ||
	    (counts = counts_open(w, true)) == NULL)
		return 1;
	stage_scratch(scratch, sizeof(scratch));
	dir = open(scratch, O_RDONLY | O_DIRECTORY);
	looks(dir);
	shares();
	inodes();
	close(dir);
	stage_clean(scratch);
	return done();
}
