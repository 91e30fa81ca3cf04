/*
 * jfile - the queue's journal: formats of its files, and reading them.
 *
 * journal/sNN, a segment, made full of zeros and never grown:
 *	block 0 (4096 bytes): "INLETJS1", number, generation, size, a random
 *	    number, XXH3 of these; zeros
 *	records: a head of 96 bytes, then one entry as qfile.h has it, zeros
 *	    up to the next record; the first of each batch begins a block, so
 *	    that what was synced is never written to again
 *	a head: "INLETJR1", generation, its own place, length of the entry,
 *	    place of the next record, sum of the head before it, digest of the
 *	    entry without its trailer, identifier (24, NULs behind), XXH3 of
 *	    these
 * journal/ends, submit's: 32 bytes a segment, how far it is durable:
 *	generation, end, 1 if nothing more is added, XXH3 of number and these
 * journal/freed, deliver's: the same; the generation that is finished
 *
 * Numbers are 8 bytes, little endian.  A segment is used again and again,
 * each time with a higher generation, and each head names the sum of the one
 * before: nothing of an earlier use, or of a batch that was cut, is taken for
 * a record.  Nothing here is trusted without its sum.
 */
#ifndef LIB_JFILE_H
#define LIB_JFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/mm.h"
#include "lib/trace.h"

#define JFILE_SEGMENTS 8
#define JFILE_BLOCK 4096
#define JFILE_HEAD 96		/* of a record */
#define JFILE_ALIGN 32		/* where heads may begin */
#define JFILE_SLOT 32		/* in ends and freed */
#define JFILE_NAME 8
#define JFILE_ENDS "ends"
#define JFILE_FREED "freed"

struct jsegment {
	uint64_t number, generation, size, random;
	uint64_t sum;		/* the first record names it */
};

struct jrecord {
	uint64_t generation, at, length, next, before, digest;
	char id[TRACE_ID];
	uint64_t sum;
};

struct jslot {
	uint64_t generation;	/* 0: never used */
	uint64_t end;
	bool closed;
};

/* "s07" */
void jfile_segment_name(char name_r[JFILE_NAME], size_t number);

/* Both fill in the sum; the buffers are of the sizes above. */
void jfile_put_segment(unsigned char *p, struct jsegment *s);
void jfile_put_record(unsigned char *p, struct jrecord *r);
/* Where the record behind one of that many bytes may begin. */
uint64_t jfile_after(uint64_t at, uint64_t length);
uint64_t jfile_next_block(uint64_t at);

/*
 * The segment's block 0.  1 good; 0 all zeros, never used; -1 with errno, 0
 * for damage.
 */
MM_MUST_USE int jfile_get_segment(int fd, size_t number,
    struct jsegment *s_r);

/*
 * A slot.  One that is damaged, torn or not there has generation 0.  -1 with
 * errno if it cannot be read or written.
 */
MM_MUST_USE int jfile_get_slot(int fd, size_t number, struct jslot *s_r);
MM_MUST_USE int jfile_put_slot(int fd, size_t number,
    const struct jslot *s);

/* A walk through a segment's records. */
struct jwalk {
	int fd;
	uint64_t generation;
	uint64_t at;		/* of the next record */
	uint64_t sum;		/* of the head before it */
	uint64_t end;		/* what is before is durable; then nothing */
	uint64_t size;		/* of the segment */
};

enum jstep {
	JSTEP_RECORD,
	JSTEP_END,
	JSTEP_DAMAGED,	/* no record from r_r->at to r_r->next */
	JSTEP_ERROR	/* errno: nothing was skipped */
};

/* Begins at the first record of s. */
void jfile_walk(struct jwalk *w_r, int fd, const struct jsegment *s,
    uint64_t end);
/* Before the end each record is there, or it is damage. */
enum jstep jfile_step(struct jwalk *w, struct jrecord *r_r);
/*
 * Behind the end: true if one more whole record, its entry too, follows the
 * last one; then the end is behind it.  False, errno 0: none does.
 */
bool jfile_more(struct jwalk *w, struct jrecord *r_r);

/* Whether a batch that was cut stands behind the end. */
bool jfile_torn(const struct jwalk *w);

/*
 * The record's entry in memory of its own, unchecked (qfile_parse checks it);
 * null with errno.
 */
void *jfile_read(int fd, uint64_t at, uint64_t length);

#endif
