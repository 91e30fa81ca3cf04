/*
 * show - text that strangers wrote, for a terminal; ages; and JSON.
 *
 * Nothing but printable ASCII gets through: other bytes are \xNN (and the
 * backslash is doubled), in JSON \u00NN.
 */
#ifndef TOOLS_SHOW_H
#define TOOLS_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

void show_text(FILE *f, const char *s);
/* As above, but for line feeds and tabs. */
void show_lines(FILE *f, const char *p, size_t len);
/* "0s", "59s", "12m", "3h12m", "4d3h": two units at most. */
const char *show_age(int64_t seconds, char *dst, size_t size);

#define SHOW_DEPTH 8

/* A JSON text that is being written; a value follows each key. */
struct show_json {
	FILE *f;
	int depth;
	bool more[SHOW_DEPTH];	/* something stands there already */
	bool keyed;		/* a key was just written */
};

void show_json_begin(struct show_json *j, FILE *f);
void show_json_open(struct show_json *j, char bracket);	/* '{' or '[' */
void show_json_close(struct show_json *j, char bracket);
void show_json_key(struct show_json *j, const char *key);
void show_json_text(struct show_json *j, const char *s);
/* The same of bytes, NUL among them. */
void show_json_bytes(struct show_json *j, const char *p, size_t len);
void show_json_number(struct show_json *j, int64_t n);
void show_json_bool(struct show_json *j, bool b);
/* A key with its value. */
void show_json_pair(struct show_json *j, const char *key, const char *s);
void show_json_count(struct show_json *j, const char *key, int64_t n);
/* Ends it with a line feed. */
void show_json_end(struct show_json *j);

#endif
