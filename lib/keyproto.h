/*
 * keyproto - what a session asks of keysrvr, which has the private keys: one
 * message a question, one an answer, over a SOCK_SEQPACKET unix socket.
 *
 * Both ends are on one machine and of one build: numbers are in host order.
 */
#ifndef LIB_KEYPROTO_H
#define LIB_KEYPROTO_H

#include <stdint.h>
#include "lib/mm.h"

#define KEY_VERSION 2
#define KEY_DIGEST 32		/* SHA-256 of a SubjectPublicKeyInfo */
#define KEY_MOST 1024		/* bytes of an RSA key of 8192 bits */

enum key_op {
	KEY_RSA_PADDED = 1,	/* data gets PKCS #1 padding of type 1 */
	KEY_RSA_PSS,		/* data is a whole block, encoded by PSS */
	KEY_ECDSA,		/* data is a digest; the answer is DER */
	/* Of no key: data is what a ticket is bound to, then its name. */
	KEY_SEAL,		/* a new one, the name does not matter */
	KEY_OPEN
};

#define TICKET_NAME 16
#define TICKET_BOUND 32
#define TICKET_KEY 32

/* Answers KEY_SEAL and KEY_OPEN. */
struct ticket_sealing {
	unsigned char name[TICKET_NAME];
	unsigned char cipher[TICKET_KEY], mac[TICKET_KEY];
};

struct key_question {
	uint16_t version, op;
	uint32_t len;
	unsigned char key[KEY_DIGEST];	/* which one */
	unsigned char data[KEY_MOST];
};

struct key_answer {
	uint32_t len;		/* 0: it was not done */
	unsigned char data[KEY_MOST];
};

/*
 * Asks over sock and waits until the deadline (clock.h).  0, or -1 with
 * a_r->len 0 if there is no answer, or it is no.
 */
MM_MUST_USE int key_ask(int sock, const struct key_question *q,
    int64_t deadline, struct key_answer *a_r);

#endif
