/*
 * stress - see stress.h.
 */
#include "config.h"

#include "lib/stress.h"

void
stress_show(struct counts *c, const struct stress *s, int64_t now)
{
	counts_set(c, COUNTS_STRESS_SLOTS, s->slots);
	counts_set(c, COUNTS_STRESS_CPU, s->cpu);
	counts_set(c, COUNTS_STRESS_MEMORY, s->memory);
	counts_set(c, COUNTS_STRESS_IO, s->io);
	counts_set(c, COUNTS_STRESS, s->on);
	counts_set(c, COUNTS_STRESS_LOOKED, now);
}

bool
stress_seen(const struct counts *c, int64_t now, struct stress *s_r)
{
	int64_t looked = c != NULL ? counts_get(c, COUNTS_STRESS_LOOKED) : 0;

	*s_r = (struct stress){ .on = false };
	if (looked == 0 || now - looked > STRESS_STALE_MS)
		return false;
	*s_r = (struct stress){
		.on = counts_get(c, COUNTS_STRESS) != 0,
		.slots = counts_get(c, COUNTS_STRESS_SLOTS),
		.cpu = counts_get(c, COUNTS_STRESS_CPU),
		.memory = counts_get(c, COUNTS_STRESS_MEMORY),
		.io = counts_get(c, COUNTS_STRESS_IO)
	};
	return true;
}
