/*
 * inforce - a setting as it is in force for a listener, a channel and perhaps
 * one client, and what said so.
 */
#ifndef TOOLS_INFORCE_H
#define TOOLS_INFORCE_H

#include "tables/forhost.h"
#include "tools/show.h"

struct inforce {
	const struct conf *conf;
	int listener, channel;	/* -1: none */
	const struct forhost *own;	/* the client's; null: it has none */
	const struct layered *in;	/* the values are in->v */
	struct layered base;	/* in, where own is null */
};

/* What said it: the strongest layer that does. */
struct inforce_from {
	enum layer layer;
	struct origin at;	/* of the setting, or of the row */
	const char *table, *key;	/* LAYER_HOST */
	char variable[64 + VARIABLES_ROOM];	/* NAME=value */
};

/* own must outlive f. */
void inforce_make(struct inforce *f, const struct conf *c, int listener,
    int channel, const struct forhost *own);
void inforce_from(const struct inforce *f, enum setting_id id,
    struct inforce_from *from_r);
/* "inlet.conf:12", "environment, DATABYTES=5000"; gives dst. */
#define INFORCE_TEXT 1200
const char *inforce_from_text(const struct inforce_from *from,
    char dst[INFORCE_TEXT]);

/* Is it one that only channels, and single hosts, have? */
bool inforce_of_channel(enum setting_id id);
/* Where the configuration says it, strongest first. */
struct origin inforce_origin(const struct conf *c, int listener, int channel,
    enum setting_id id);

/* The value of one setting of s; and an origin's keys: default, file, line. */
void inforce_json(struct show_json *j, const struct settings *s,
    enum setting_id id);
void inforce_json_origin(struct show_json *j, struct origin from);
/* All keys: layer, table, key and variable, too, where there are any. */
void inforce_json_from(struct show_json *j, const struct inforce_from *from);

#endif
