/*
 * space - what the queue's file system has left.
 */
#include "config.h"

#include "lib/space.h"

void
space_show(struct counts *c, const struct space *s, int64_t now)
{
	counts_set(c, COUNTS_FREE_BYTES, s->bytes);
	counts_set(c, COUNTS_FREE_INODES, s->inodes);
	counts_set(c, COUNTS_FLIGHT_BYTES, s->flight_bytes);
	counts_set(c, COUNTS_FLIGHT_MESSAGES, s->flight_messages);
	counts_set(c, COUNTS_LOOKED, now);
}

bool
space_seen(const struct counts *c, int64_t now, struct space *s_r)
{
	int64_t looked = c != NULL ? counts_get(c, COUNTS_LOOKED) : 0;

	if (looked == 0 || now - looked > SPACE_STALE_MS)
		return false;
	*s_r = (struct space){
		.bytes = counts_get(c, COUNTS_FREE_BYTES),
		.inodes = counts_get(c, COUNTS_FREE_INODES),
		.flight_bytes = counts_get(c, COUNTS_FLIGHT_BYTES),
		.flight_messages = counts_get(c, COUNTS_FLIGHT_MESSAGES)
	};
	return true;
}

static bool
lacks(struct space_lack *lack_r, const char *setting, int64_t value,
    int64_t least)
{
	if (least == 0 || value >= least)
		return false;
	*lack_r = (struct space_lack){ setting, value, least };
	return true;
}

int64_t
space_cost(int64_t bytes)
{
	if (bytes > SPACE_MOST)
		bytes = SPACE_MOST;
	return SPACE_EACH + (bytes > 0 ? bytes : 0);
}

bool
space_fits(const struct space *s, int64_t bytes, int64_t least_bytes,
    int64_t least_inodes, struct space_lack *lack_r)
{
	return !lacks(lack_r, "min-free-space", s->bytes == -1 ? -1 :
	    s->bytes - s->flight_bytes - space_cost(bytes), least_bytes) &&
	    (s->inodes == -1 || !lacks(lack_r, "min-free-inodes",
	    s->inodes - s->flight_messages - 1, least_inodes));
}
