/*
 * zones: who is left alone, since when and how long.
 */
#include "config.h"

#include "lib/log.h"
#include "tables/zones.h"
#include "tests/tap.h"

int
main(void)
{
	struct zones *z = zones_new();
	char name[32];
	int i;

	log_open("t_zones", -1, LEVEL_ERROR);
	ok(!zones_rests(z, "bl.test", 1000), "one that nothing is known of");
	for (i = 1; i < ZONES_SILENT; i++)
		zones_said(z, "bl.test", RECORDS_LATER, 1000);
	ok(!zones_rests(z, "bl.test", 1000), "silent, but not long");
	zones_said(z, "bl.test", RECORDS_NONE, 1000);
	for (i = 1; i < ZONES_SILENT; i++)
		zones_said(z, "bl.test", RECORDS_LATER, 1000);
	ok(!zones_rests(z, "bl.test", 1000), "an answer between");
	zones_said(z, "bl.test", RECORDS_LATER, 2000);
	ok(zones_rests(z, "bl.test", 2000), "once more: it rests");
	ok(!zones_rests(z, "wl.test", 2000), "others do not");
	ok(zones_rests(z, "bl.test", 1999 + ZONES_REST), "so long");
	ok(!zones_rests(z, "bl.test", 2000 + ZONES_REST), "and no longer");
	zones_said(z, "bl.test", RECORDS_LATER, 2000 + ZONES_REST);
	ok(zones_rests(z, "bl.test", 2000 + ZONES_REST), "still silent");
	zones_said(z, "bl.test", RECORDS_FOUND, 3000 + 2 * ZONES_REST);
	zones_said(z, "bl.test", RECORDS_LATER, 3000 + 2 * ZONES_REST);
	ok(!zones_rests(z, "bl.test", 3000 + 2 * ZONES_REST), "it is back");
	for (i = 0; i < 3 * ZONES_SILENT; i++)
		zones_said(z, "er.test", RECORDS_ERROR, 1);
	ok(!zones_rests(z, "er.test", 1), "an error is an answer");
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "z%d.test", i);
		zones_said(z, name, RECORDS_LATER, 100000 + i);
	}
	ok(!zones_rests(z, "bl.test", 0), "there are not too many");
	return done();
}
