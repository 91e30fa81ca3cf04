/*
 * question - what lookup may be asked, in the form it comes in (lib/ask.h).
 *
 * Whoever asks may be a session that a client has taken over.
 */
#ifndef TABLES_QUESTION_H
#define TABLES_QUESTION_H

#include <sys/types.h>
#include <stdbool.h>
#include <stdint.h>
#include "lib/ask.h"
#include "lib/records.h"

union question {
	struct ask_question q;
	struct ask_access_question access;
	struct ask_host_question host;
	struct ask_grey_question grey;
	uint8_t records[sizeof(((struct records *)0)->room)];
};

/*
 * q holds len bytes, as recv(2) says: is it a question, its texts ended, its
 * address an address?  What is in one for records: records_read().
 */
bool question_good(const union question *q, ssize_t len);

#endif
