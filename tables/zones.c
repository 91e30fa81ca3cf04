/*
 * zones - a row for each zone that was in trouble; see zones.h.
 *
 * Runs in lookup.  The zones are the configuration's, as sessions name them:
 * one that lies makes others' rows forgotten, no more.
 */
#include "config.h"

#include <string.h>

#include "lib/log.h"
#include "lib/mm.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tables/zones.h"

#define ROWS 32

struct zone {
	char name[RECORDS_NAME];	/* "": the row is free */
	int silent;		/* questions in a row without an answer */
	int64_t rest;		/* it is not asked before then */
	int64_t quiet;		/* the next alarm not before then */
	int64_t used;
	uint32_t unanswered, errors;	/* since the last alarm */
};

struct zones {
	struct zone at[ROWS];
};

struct zones *
zones_new(void)
{
	return xcalloc(1, sizeof(struct zones));
}

static struct zone *
find(struct zones *z, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(z->at); i++)
		if (strcmp(z->at[i].name, name) == 0)
			return &z->at[i];
	return NULL;
}

/* A new one in the place of that which was in trouble longest ago. */
static struct zone *
make(struct zones *z, const char *name)
{
	struct zone *v = &z->at[0];

	for (size_t i = 1; i < ARRAY_LEN(z->at); i++)
		if (z->at[i].used < v->used)
			v = &z->at[i];
	memset(v, 0, sizeof(*v));
	(void)!text_copy(v->name, sizeof(v->name), name);
	return v;
}

bool
zones_rests(struct zones *z, const char *zone, int64_t now)
{
	const struct zone *v = find(z, zone);

	return v != NULL && now < v->rest;
}

static void
alarm_of(struct zone *v, int64_t now)
{
	struct logline l;

	if (now < v->quiet)
		return;
	log_begin(&l, LEVEL_WARNING, "dns-list");
	log_text(&l, "zone", v->name);
	log_num(&l, "errors", v->errors);
	log_num(&l, "unanswered", v->unanswered);
	log_word(&l, "asked", now < v->rest ? "no" : "yes");
	log_end(&l);
	v->quiet = now + ZONES_ALARM;
	v->errors = v->unanswered = 0;
}

void
zones_said(struct zones *z, const char *zone, enum records_outcome outcome,
    int64_t now)
{
	struct zone *v = find(z, zone);

	if (outcome != RECORDS_LATER && v != NULL)
		v->silent = 0;
	if (outcome != RECORDS_LATER && outcome != RECORDS_ERROR)
		return;
	if (v == NULL)
		v = make(z, zone);
	v->used = now;
	if (outcome == RECORDS_ERROR) {
		v->errors++;
	} else {
		v->unanswered++;
		if (++v->silent >= ZONES_SILENT)
			v->rest = now + ZONES_REST;
	}
	alarm_of(v, now);
}
