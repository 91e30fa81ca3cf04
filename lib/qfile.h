/*
 * qfile - a queue entry's records: format and parse; no file is opened here.
 *
 *	"INLETQ1\n"
 *	records: type (1 byte), length (4 bytes, little endian), bytes:
 *	    texts, each with its NUL (a recipient has seven), a number of 8
 *	    bytes, or nothing where the record itself says it
 *	the last record is QFILE_MESSAGE, of length 0
 *	the message: trace line, then the text, lines ending in LF; but if the
 *	    body is BINARYMIME, as it came, and the trace line ends in CRLF
 *	trailer: "INLETEND", header length, message length, XXH3 of both;
 *	    each number 8 bytes, little endian
 *
 * Whoever reads an entry refuses one without a good trailer.
 */
#ifndef LIB_QFILE_H
#define LIB_QFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/buf.h"
#include "lib/trace.h"

#define QFILE_MAGIC "INLETQ1\n"
#define QFILE_TRAILER 32
#define QFILE_HEADER_MOST (64 * 1024 * 1024)

enum qfile_record {
	QFILE_ID = 'I', QFILE_TIME = 'T', QFILE_CHANNEL = 'C',
	QFILE_ADDRESS = 'A', QFILE_NAME = 'N', QFILE_HELO = 'H',
	QFILE_WITH = 'W', QFILE_TLS = 'K', QFILE_LOGIN = 'L', QFILE_BODY = 'B',
	QFILE_SENDER = 'S', QFILE_ENVID = 'V', QFILE_RET = 'r',
	QFILE_SID = 's', QFILE_HELD = 'O', QFILE_AUTH = 'a', QFILE_UTF8 = 'U',
	QFILE_REQUIRETLS = 'Q', QFILE_PRIORITY = 'P', QFILE_HOLD = 'h',
	QFILE_HOLD_FOR = 'f', QFILE_BY = 'D', QFILE_RECIPIENT = 'R',
	QFILE_MESSAGE = 'M'
};

/* One recipient as routed: original is what RCPT said. */
struct qfile_recipient {
	const char *channel;	/* destination channel */
	const char *host;	/* its host in that channel's table */
	const char *address;	/* where it goes now (after aliases) */
	const char *mailbox;	/* program local: below mail-directory */
	const char *original;
	const char *notify;	/* asked_notify_text(), or "" */
	const char *orcpt;	/* "type;xtext" as it was given, or "" */
};

/*
 * The envelope of a parsed entry; strings point into the mapped bytes, "" for
 * what was not recorded.
 */
struct qfile {
	const char *id, *channel, *address, *name, *helo, *with, *login, *body;
	const char *sender, *envid, *ret, *sid;
	const char *tls;	/* version, cipher, and the name asked for */
	const char *held;	/* why, until an operator releases it; or "" */
	const char *auth;	/* AUTH= of MAIL: xtext or "<>" */
	int64_t time;		/* arrival, microseconds since 1970 */
	int64_t hold;		/* not before, microseconds; 0: none */
	int64_t hold_for;	/* HOLDFOR as given, seconds; 0: none */
	int64_t by;		/* DELIVERBY, microseconds; 0: none */
	char by_mode;		/* 'R' or 'N'; 0: none */
	bool by_trace;
	bool utf8;		/* SMTPUTF8 */
	bool requiretls;
	int priority;		/* MT-PRIORITY, -9 to 9 */
	size_t nrecipients;
	struct qfile_recipient *recipients;
	size_t message_at, message_len;
};

/*
 * Each gives 0, or -1 with b unchanged if b is full or a text has a newline.
 */
MM_MUST_USE int qfile_begin(struct buf *b);
MM_MUST_USE int qfile_put(struct buf *b, enum qfile_record type,
    const char *text);
MM_MUST_USE int qfile_put_number(struct buf *b, enum qfile_record type,
    int64_t n);
/* A record that says what it says by being there. */
MM_MUST_USE int qfile_put_flag(struct buf *b, enum qfile_record type);
MM_MUST_USE int qfile_put_by(struct buf *b, int64_t by, char mode, bool trace);
MM_MUST_USE int qfile_put_recipient(struct buf *b,
    const struct qfile_recipient *r);
/* Ends the envelope: the message follows. */
MM_MUST_USE int qfile_end_header(struct buf *b);
void qfile_trailer(unsigned char t_r[QFILE_TRAILER], uint64_t header,
    uint64_t message, uint64_t digest);

/*
 * Parses a whole entry of len bytes (the trailer is checked, the digest too).
 * An entry has one identifier, one time, one sender, one recipient or more,
 * and no other record twice.  0, or -1 with *why_r a constant text and *q_r
 * empty.  Free with qfile_free.
 */
MM_MUST_USE int qfile_parse(const void *p, size_t len, struct qfile *q_r,
    const char **why_r);
void qfile_free(struct qfile *q);

#endif
