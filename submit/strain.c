/*
 * strain - see strain.h.
 */
#include "config.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "submit/strain.h"

#define EVERY_MS 1000
#define RELIEF 75	/* percent of a setting */

int64_t
strain_percent(const char *text)
{
	static const char begins[] = "some avg10=";
	size_t n = sizeof(begins) - 1;
	int64_t percent = 0;

	if (strncmp(text, begins, n) != 0 || text[n] < '0' || text[n] > '9')
		return -1;
	for (; text[n] >= '0' && text[n] <= '9' && percent <= 100; n++)
		percent = 10 * percent + text[n] - '0';
	return percent > 100 || text[n] != '.' ? -1 : percent;
}

static bool
reaches(int64_t value, int64_t most, bool on)
{
	return most > 0 && 100 * value >= (on ? RELIEF : 100) * most;
}

bool
strain_is_on(const struct settings *set, const struct stress *s)
{
	return reaches(s->slots, set->stress_sessions, s->on) ||
	    reaches(s->cpu, set->stress_processor, s->on) ||
	    reaches(s->memory, set->stress_memory, s->on) ||
	    reaches(s->io, set->stress_disk, s->on);
}

void
strain_init(struct strain *s_r, const struct settings *set,
    const struct row *rows, uint32_t nrows, struct counts *counts)
{
	static const char *const files[] = { [STRAIN_CPU] =
	    "/proc/pressure/cpu", [STRAIN_MEMORY] = "/proc/pressure/memory",
	    [STRAIN_IO] = "/proc/pressure/io" };

	*s_r = (struct strain){ .set = set, .rows = rows, .nrows = nrows,
		.counts = counts, .looked = INT64_MIN / 2 };
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		s_r->file[i] = counts == NULL ? -1 : open(files[i],
		    O_RDONLY | O_CLOEXEC);
}

static int64_t
waited(const struct strain *s, enum strain_of of)
{
	char text[128];
	ssize_t n;

	if (s->file[of] == -1)
		return -1;
	n = pread(s->file[of], text, sizeof(text) - 1, 0);
	if (n <= 0)
		return -1;
	text[n] = '\0';
	return strain_percent(text);
}

static int64_t
sessions(const struct strain *s)
{
	int64_t n = 0;

	for (uint32_t i = 0; i < s->nrows; i++)
		n += atomic_load_explicit(&s->rows[i].serial,
		    memory_order_relaxed) != 0;
	return 100 * n / s->set->max_connections;
}

static void
log_change(const struct stress *s)
{
	struct logline l;

	log_begin(&l, LEVEL_WARNING, "stress");
	log_word(&l, "is", s->on ? "on" : "off");
	log_num(&l, "sessions", s->slots);
	log_num(&l, "processor", s->cpu);
	log_num(&l, "memory", s->memory);
	log_num(&l, "disk", s->io);
	log_end(&l);
}

void
strain_look(struct strain *s)
{
	int64_t now = clock_ms();
	bool was = s->now.on;

	if (s->counts == NULL || now - s->looked < EVERY_MS)
		return;
	s->looked = now;
	s->now.slots = sessions(s);
	s->now.cpu = waited(s, STRAIN_CPU);
	s->now.memory = waited(s, STRAIN_MEMORY);
	s->now.io = waited(s, STRAIN_IO);
	s->now.on = strain_is_on(s->set, &s->now);
	stress_show(s->counts, &s->now, now);
	if (s->now.on != was)
		log_change(&s->now);
}
