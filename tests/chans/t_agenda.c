/*
 * t_agenda - order by time, finding by identifier, moving and forgetting;
 * checked against a plain array.
 */
#include "config.h"

#include <stdlib.h>

#include "chans/agenda.h"
#include "lib/clock.h"
#include "tests/tap.h"

#define MANY 3000

static void
name(char id[TRACE_ID], int n)
{
	snprintf(id, TRACE_ID, "%020d", n);
}

static void
few(void)
{
	struct agenda *a = agenda_new();
	struct known *k, *l;

	ok(agenda_next(a) == CLOCK_NEVER, "empty: never");
	ok(agenda_pop(a, 1000) == NULL, "empty: nothing");
	k = agenda_add(a, "00000000000000000001");
	l = agenda_add(a, "00000000000000000002");
	num(agenda_count(a), 2, "known before they are due");
	ok(agenda_next(a) == CLOCK_NEVER, "but in no order");
	agenda_set(a, k, 50);
	agenda_set(a, l, 40);
	num(agenda_next(a), 40, "the earlier one");
	ok(agenda_pop(a, 39) == NULL, "not yet");
	ok(agenda_pop(a, 40) == l, "now");
	ok(agenda_find(a, "00000000000000000002") == l, "taken, still known");
	agenda_set(a, k, 10);
	num(agenda_next(a), 10, "moved to earlier");
	agenda_forget(a, k);
	ok(agenda_find(a, "00000000000000000001") == NULL, "forgotten");
	ok(agenda_next(a) == CLOCK_NEVER, "out of the order too");
	agenda_free(a);
}

static void
many(void)
{
	struct agenda *a = agenda_new();
	struct known *k;
	char id[TRACE_ID];
	int64_t last = -1;
	int i, n = 0, gone = 0;
	bool sorted = true;

	srand(1);
	for (i = 0; i < MANY; i++) {
		name(id, i);
		agenda_set(a, agenda_add(a, id), rand() % 500);
	}
	for (i = 0; i < MANY; i += 3) {
		name(id, i);
		agenda_set(a, agenda_find(a, id), rand() % 500);
	}
	for (i = 0; i < MANY; i += 7) {
		name(id, i);
		agenda_forget(a, agenda_find(a, id));
		gone++;
	}
	num(agenda_count(a), MANY - gone, "forgotten ones are gone");
	while ((k = agenda_pop(a, 500)) != NULL) {
		sorted = sorted && k->due >= last;
		last = k->due;
		n++;
	}
	num(n, MANY - gone, "all others come");
	ok(sorted, "in order");
	agenda_free(a);
}

int
main(void)
{
	few();
	many();
	return done();
}
