/*
 * stage - what the tests of submit stand on: a configuration, a spool, a
 * session table, made in C.
 */
#ifndef TESTS_SUBMIT_STAGE_H
#define TESTS_SUBMIT_STAGE_H

#include "submit/desk.h"
#include "lib/qfile.h"
#include "submit/dialogue.h"

#define STAGE_ROWS 64
#define STAGE_ROW 3	/* the others' serials go up and down from its */
#define STAGE_SERIAL 77

/*
 * mx.example.org with three channels: local (example.org: user, other, both),
 * lan (192.0.2.7 and client.example.net, may relay), world (everybody else).
 */
struct conf *stage_conf(const char *spool, const char *run);
/* Sets "name=value" of the server; the test ends where it cannot be. */
void stage_set(struct conf *c, const char *assignment);

/* The token of all rows. */
void stage_token(uint8_t token_r[ROWS_TOKEN]);
/* A table of sessions, all from peer; its memory file. */
struct row *stage_rows(const char *peer, int *fd_r);

/* A directory below TMPDIR, and its end. */
void stage_scratch(char *path_r, size_t size);
void stage_clean(const char *path);

/* Spool, tables and rights; commits and questions at once (stage_answer). */
void stage_desk(struct desk *k, const char *scratch, const char *peer);
void stage_desk_end(struct desk *k);

/* Frames as a well-behaved session sends them. */
void stage_hello(struct buf *b, enum sub_kind kind, int flags);
void stage_envelope(struct buf *b, const char *sender, const char *channel,
    const char *id);
void stage_recipient(struct buf *b, const char *address);
void stage_text(struct buf *b, const char *text);
void stage_frame(struct buf *b, enum sub_type type);

/* How many names a directory has. */
int stage_count(int dir);
/* The whole entry queue/ID, parsed; false if it is not good. */
bool stage_entry(struct spool *s, const char *id, struct buf *b_r,
    struct qfile *q_r);

#endif
