/*
 * zones - how the zones fare that list hosts: whoever runs this server must
 * hear of one that fails, but not of each question to it.
 *
 * One that has left ZONES_SILENT questions in a row without an answer is not
 * asked for ZONES_REST: nobody waits for it meanwhile.
 */
#ifndef TABLES_ZONES_H
#define TABLES_ZONES_H

#include <stdbool.h>
#include <stdint.h>
#include "lib/records.h"

#define ZONES_SILENT 16
#define ZONES_REST 15000	/* ms */
#define ZONES_ALARM 600000	/* ms between two lines about a zone */

struct zones;

struct zones *zones_new(void);
/* Is it left alone at the moment? */
bool zones_rests(struct zones *z, const char *zone, int64_t now);
/* What it said, or that it said nothing; writes the alarm that is due. */
void zones_said(struct zones *z, const char *zone,
    enum records_outcome outcome, int64_t now);

#endif
