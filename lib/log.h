/*
 * log - one line an event; bytes that a client sent are escaped.
 *
 *	smtpsrvr[4711]: refuse ip=192.0.2.7 chan=mx ... helo="a b"
 *
 * A line is built in a fixed buffer and cut (marked "...") rather than grown.
 * Where it goes is decided once: the logger's datagram socket (never blocks;
 * lines that do not fit are counted and reported with the next one that
 * does), or standard error.  The logger adds the process id from the kernel.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stddef.h>
#include <stdint.h>
#include "lib/mm.h"

enum log_level {
	LEVEL_ERROR,	/* somebody must act */
	LEVEL_WARNING,	/* somebody should look */
	LEVEL_NOTICE,	/* refusals, starts and stops */
	LEVEL_INFO,	/* accepted, delivered, connections */
	LEVEL_DEBUG
};

#define LOG_LINE 2048

struct logline {
	size_t len;
	enum log_level level;
	int cut;
	char p[LOG_LINE];
};

/*
 * program is kept by reference.  sock is the logger's socket or -1 for
 * standard error; events above most are not written.
 */
void log_open(const char *program, int sock, enum log_level most);
void log_level_set(enum log_level most);
/*
 * How long a line may wait for room at the logger: 0, as it is at first, for
 * who must never block.  Once it waited in vain, none waits until one went.
 */
void log_patience(int ms);
/* How many lines were lost since they were last told of; they count as told. */
unsigned long log_untold(void);
/* Somebody else lost so many: they are told with our next line. */
void log_lose(unsigned long lines);
/* In a child: fork(3) calls it by itself, _Fork(3) does not. */
void log_forked(void);
/* Connects to the logger's socket at path; -1 if nobody listens there. */
int log_connect(const char *path);

void log_begin(struct logline *l, enum log_level level, const char *event);
/* The same, but most decides whether this one is written. */
void log_begin_within(struct logline *l, enum log_level level,
    enum log_level most, const char *event);
/* A word of ours: letters, digits and ._:/+-[]@ ; anything else becomes '?'. */
void log_word(struct logline *l, const char *key, const char *word);
void log_num(struct logline *l, const char *key, int64_t n);
/* Untrusted text: quoted; " and \ and all but printable ASCII escaped \xNN. */
void log_text(struct logline *l, const char *key, const char *text);
void log_textn(struct logline *l, const char *key, const char *p, size_t len);
void log_end(struct logline *l);

/* A note for people: event "note", one text. */
void log_note(enum log_level level, const char *fmt, ...) MM_PRINTF(2, 3);

/* The world is broken: log, exit with a sysexits code. */
_Noreturn void fatal(int code, const char *fmt, ...) MM_PRINTF(2, 3);
/* We are wrong: log, abort. */
_Noreturn void panic_at(const char *file, int line, const char *what);
#define PANIC_IF(cond) \
	do { if (cond) panic_at(__FILE__, __LINE__, #cond); } while (0)

#endif
