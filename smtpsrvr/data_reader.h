/*
 * data_reader - the text of DATA: finds its end, takes the dots and the CRs
 * away, refuses bare CR, bare LF and NUL (RFC 5321 4.5.2, 2.3.8).
 *
 * Pure: bytes in, bytes out, any split of the input gives the same result.
 * Only CRLF.CRLF ends the text (a dot line right at the start too).
 */
#ifndef SMTPSRVR_DATA_READER_H
#define SMTPSRVR_DATA_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum data_result {
	DATA_MORE,	/* all that can be used was: give more input */
	DATA_FULL,	/* out is full: empty it and call again */
	DATA_END,	/* the end; what follows is the next command */
	DATA_BARE	/* a bare CR, a bare LF or a NUL: the text is void */
};

struct data_reader {
	bool inside;	/* within a line, not at its start */
	uint64_t size;	/* octets as sent, dots and the end not counted */
};

void data_reader_init(struct data_reader *d);
/*
 * Takes *used_r of the len bytes at in (the rest must be given again, with
 * more behind it) and writes *made_r bytes to out, at most room, which is at
 * least 3.  DATA_MORE with len >= 3 always takes something.
 */
enum data_result data_read(struct data_reader *d, const char *in, size_t len,
    size_t *used_r, char *out, size_t room, size_t *made_r);

#endif
