/*
 * room - see room.h.
 */
#include "config.h"

#include <sys/statfs.h>

#include "lib/clock.h"
#include "submit/room.h"

void
room_init(struct room *r_r, int dir, int64_t least_bytes,
    int64_t least_inodes, struct counts *counts)
{
	*r_r = (struct room){ .dir = dir, .least_bytes = least_bytes,
		.least_inodes = least_inodes, .counts = counts,
		.looked = INT64_MIN / 2 };
	room_look(r_r);
}

static struct space
now(const struct room *r)
{
	struct space s = r->free;

	s.flight_bytes = r->bytes + r->new_bytes;
	s.flight_messages = r->messages + r->new_messages;
	return s;
}

static void
tell(const struct room *r)
{
	struct space s = now(r);

	if (r->counts != NULL)
		space_show(r->counts, &s, r->looked);
}

void
room_look(struct room *r)
{
	int64_t ms = clock_ms();
	struct statfs fs;

	if (ms - r->looked < SPACE_EVERY_MS)
		return;
	r->looked = ms;
	r->new_bytes = r->new_messages = 0;
	if (fstatfs(r->dir, &fs) != 0)
		r->free = (struct space){ .bytes = -1, .inodes = -1 };
	else
		r->free = (struct space){
			.bytes = (int64_t)(fs.f_bavail *
			    (uint64_t)fs.f_bsize),
			/* btrfs makes them as they are needed. */
			.inodes = fs.f_files == 0 ? -1 : (int64_t)fs.f_ffree
		};
	tell(r);
}

/* counted: what a message takes besides its text has been. */
static int
check(struct room *r, int64_t bytes, bool counted, struct reply *reply_r)
{
	struct space_lack lack;
	struct space s;

	room_look(r);
	s = now(r);
	if (counted) {
		s.flight_bytes -= space_cost(0);
		s.flight_messages--;
	}
	if (space_fits(&s, bytes, r->least_bytes, r->least_inodes, &lack))
		return 0;
	reply_set(reply_r, REPLY_NO_SPACE);
	reply_because(reply_r, "space");
	reply_detail(reply_r, "limit=%s value=%lld least=%lld", lack.setting,
	    (long long)lack.value, (long long)lack.least);
	return -1;
}

int
room_enter(struct room *r, struct room_share *s, int64_t bytes,
    struct reply *reply_r)
{
	*s = (struct room_share){ .held = false };
	if (check(r, bytes, false, reply_r) != 0)
		return -1;
	s->held = true;
	s->bytes = space_cost(bytes);
	r->bytes += s->bytes;
	r->messages++;
	tell(r);
	return 0;
}

int
room_grow(struct room *r, struct room_share *s, int64_t bytes,
    struct reply *reply_r)
{
	if (!s->held)
		return 0;
	if (check(r, bytes, true, reply_r) != 0)
		return -1;
	s->bytes += bytes;
	r->bytes += bytes;
	tell(r);
	return 0;
}

void
room_wrote(struct room *r, struct room_share *s, int64_t bytes)
{
	if (bytes > s->bytes)
		bytes = s->bytes;
	s->bytes -= bytes;
	r->bytes -= bytes;
	r->new_bytes += bytes;
}

void
room_leave(struct room *r, struct room_share *s, bool kept)
{
	if (!s->held)
		return;
	r->bytes -= s->bytes;
	r->messages--;
	if (kept) {
		r->new_bytes += s->bytes;
		r->new_messages++;
	}
	*s = (struct room_share){ .held = false };
	tell(r);
}
