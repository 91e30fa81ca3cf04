/*
 * authproto - what a session and authsrvr say to each other, over a
 * SOCK_SEQPACKET unix socket: one message a question, one message an answer.
 *
 *	session				authsrvr
 *	BEGIN
 *					CHALLENGE, as often as it takes
 *	RESPONSE
 *					SUCCESS, FAILURE, LATER or BARRED
 *
 * One exchange at a time; CANCEL, or the connection's end, gives it up.  All
 * bytes are as the mechanism has them, without base64.
 */
#ifndef LIB_AUTHPROTO_H
#define LIB_AUTHPROTO_H

#include <stdint.h>
#include "lib/mechanism.h"
#include "lib/receipt.h"
#include "lib/rows.h"

#define AUTH_VERSION 2
#define AUTH_DATA 9216		/* the bytes in a line */
#define AUTH_CHALLENGE_MOST 1024	/* bytes */
#define AUTH_EXPORTER 32	/* RFC 9266 2 */
#define AUTH_FINGERPRINT 65	/* SHA-256 in hexadecimal digits, and NUL */

enum auth_kind {
	AUTH_BEGIN = 1, AUTH_RESPONSE, AUTH_CANCEL
};

/* Flags of a BEGIN. */
#define AUTH_INITIAL 1		/* data is the initial response */
#define AUTH_TLS 2		/* the session is over TLS */
#define AUTH_BINDS 4		/* exporter is there */
#define AUTH_VERIFIED 8		/* somebody we trust stands for the client's
				 * certificate */

/* The message ends with its data. */
struct auth_question {
	uint16_t version;
	uint8_t kind, flags;
	uint32_t row;			/* BEGIN, as all of the following */
	uint64_t serial;
	uint8_t token[ROWS_TOKEN];
	uint8_t exporter[AUTH_EXPORTER];
	/* Of the client's certificate and of its public key, or "". */
	char fingerprint[AUTH_FINGERPRINT];
	char key[AUTH_FINGERPRINT];
	char subject[256];
	char mechanism[AUTH_MECHANISM];
	uint8_t pad[4];
	uint16_t len;			/* of data */
	uint8_t data[AUTH_DATA];
};

enum auth_outcome {
	AUTH_CHALLENGE = 1,
	AUTH_SUCCESS,	/* login and receipt are set */
	AUTH_FAILURE,	/* not with these credentials */
	AUTH_LATER,	/* it could not be found out */
	AUTH_BARRED,	/* too many failures: nothing was tried */
	AUTH_UNABLE,	/* there is no such mechanism */
	AUTH_GARBLED	/* what the client sent is none of its messages */
};

/* The same. */
struct auth_answer {
	uint16_t version;
	uint8_t outcome, pad;
	uint16_t len;			/* CHALLENGE: of data */
	char login[AUTH_LOGIN];
	uint8_t receipt[RECEIPT];
	uint8_t data[AUTH_DATA];
};

#endif
