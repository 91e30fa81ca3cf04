/*
 * conf - the whole configuration as sections of settings, and the flat record
 * in which tailor hands it over.
 *
 * Only tailor reads the file.  Everybody else gets the record: sections, and
 * in each the values that were set, as text, with file and line.
 */
#ifndef LIB_CONF_H
#define LIB_CONF_H

#include <stdint.h>
#include "lib/settings.h"
#include "lib/variables.h"

#define CONF_LISTENERS 16
#define CONF_CHANNELS 64
#define CONF_TABLES 128
#define CONF_NAME 32		/* longest title with its NUL */

struct origin {
	const char *file;	/* null: the built-in default */
	int line;
};

struct section {
	struct conf *of;
	enum setting_scope scope;
	const char *title;	/* "" for the server */
	struct origin where;
	struct settings v;	/* defaults where not set */
	struct origin from[SETTING_COUNT];	/* file null: not set here */
};

struct conf {
	const char *path;	/* of the file; "" for the embedded default */
	struct section server;
	int nlisteners, nchannels, ntables;
	struct section *listeners, *channels, *tables;
	struct variables variables;	/* of who started the server */
	struct kept *kept;	/* every string that the sections refer to */
};

/*
 * Origins that are no file (their line is 0): found out from the machine, and
 * of the configuration that is in force where there is no file.
 */
#define CONF_MACHINE "this machine"
#define CONF_EMBEDDED "built in"

struct conf *conf_new(void);
void conf_free(struct conf *c);
/* Names the file; "" is the embedded default. */
void conf_path(struct conf *c, const char *path);
/*
 * Adds a section; -1 with a reason (bad title, twice, too many).  A title is
 * 1 to 31 of a-z, 0-9, hyphen, underscore, beginning with a letter.
 */
MM_MUST_USE int conf_add(struct conf *c, enum setting_scope scope,
    const char *title, struct origin where, struct section **section_r,
    char *why_r, size_t size);
/*
 * Sets one value; refuses a setting out of its scope and a second time.
 * Copies what must be kept, the origin's file name too.
 */
MM_MUST_USE int conf_set(struct section *s, const char *name,
    const char *const *texts, size_t n, struct origin from, char *why_r,
    size_t size);
/* The same for an option of the command line: it wins over the file. */
MM_MUST_USE int conf_force(struct section *s, const char *name,
    const char *const *texts, size_t n, struct origin from, char *why_r,
    size_t size);
/*
 * What the file left open: the machine's name, directories, and the embedded
 * default where there is no listener, channel or table.  Then checks what
 * spans settings: names of tables and channels that exist (nearest one
 * named), blanks and duplicates in lists, a program that can be.  0, or -1
 * with file, line and word in why_r.
 */
MM_MUST_USE int conf_complete(struct conf *c, struct buf *why_r);

/*
 * The flat record (checksum at the end), and back.  A bad record is null;
 * unpacking is safe on any bytes.  What is unpacked is complete: there is no
 * second conf_complete().
 */
#define CONF_RECORD_MOST (16 * 1024 * 1024)
MM_MUST_USE int conf_pack(const struct conf *c, struct buf *b);
struct conf *conf_unpack(const void *p, size_t len);
/* Maps and unpacks the record that begins at offset at of fd. */
struct conf *conf_from_fd(int fd, int64_t at);

/* "server", "listen", "channel", "table". */
const char *conf_scope_name(enum setting_scope scope);
/* "inlet.conf:12", "this machine", or "default"; gives dst. */
const char *conf_origin_text(struct origin o, char *dst, size_t size);
/* -1 if there is none. */
int conf_channel(const struct conf *c, const char *name);
int conf_table(const struct conf *c, const char *name);
int conf_listener(const struct conf *c, const char *name);
/*
 * The sections in which what a session heeds may stand, one after the other:
 * the server's is 0, then listeners and channels; null behind the last.
 */
const struct section *conf_section_at(const struct conf *c, int i);
/* Does that listener listen at addresses, and not at a socket alone? */
bool conf_listens(const struct section *s);

/*
 * What it says itself, weakest first: defaults, server, listener, channel.
 * listener or channel -1: none.  For a client: layered.h.
 */
void conf_effective(const struct conf *c, int listener, int channel,
    struct settings *s_r);

/*
 * Is anybody greylisted?  rows_r: a row of host-settings may say so, too,
 * which nobody knows before.
 */
bool conf_greylists(const struct conf *c, bool *rows_r);

/* Where a program of ours is: program-directory, or its installed place. */
MM_MUST_USE int conf_program(const struct conf *c, const char *name,
    char *path_r, size_t size);

#endif
