/*
 * inforce - a setting as it is in force for a listener and a channel, and
 * where it was set.
 */
#ifndef TOOLS_INFORCE_H
#define TOOLS_INFORCE_H

#include "lib/conf.h"
#include "tools/show.h"

/* Is it one that only channels have? */
bool inforce_of_channel(enum setting_id id);
/* The strongest place that sets it; listener or channel -1: none. */
struct origin inforce_origin(const struct conf *c, int listener, int channel,
    enum setting_id id);
/* The value of one setting of s, and an origin's keys: default, file, line. */
void inforce_json(struct show_json *j, const struct settings *s,
    enum setting_id id);
void inforce_json_origin(struct show_json *j, struct origin from);

#endif
