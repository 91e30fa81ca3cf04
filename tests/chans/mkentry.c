/*
 * mkentry - a tool of the tests: makes an entry as submit does, and prints
 * its identifier.
 *
 *	mkentry [-s sender] [-i id] [-t seconds] [-N notify] [-O orcpt]
 *	    [-V envid] [-R ret] [-P priority] [-H hold] [-D by] [-T] [-U]
 *	    [-Q] [-B body] [-n entries] [-m domains] [-u uid] [-x] [-j] spool
 *	    channel:address:mailbox[:original]... <message
 *
 * -u: becomes that user first.  -x: the trailer is damaged.  -j: in the
 * journal, unless it is damaged or large.  -H, -D: seconds from now; -D with R
 * or N in front; -T: by-trace.  -U: SMTPUTF8.  -Q: REQUIRETLS.
 * -n: so many entries; # in an address is the entry's number, modulo -m.
 */
#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/digest.h"
#include "lib/durable.h"
#include "lib/fdio.h"
#include "lib/log.h"
#include "lib/priv.h"
#include "lib/qfile.h"
#include "lib/xalloc.h"
#include "submit/journal.h"

struct entry {
	const char *sender, *id, *notify, *orcpt, *envid, *ret, *body;
	int64_t time, hold, by;
	char by_mode;
	bool by_trace, utf8, requiretls;
	int priority;
	bool damaged;
};

static void
must(bool good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

static void
put_wishes(struct buf *b, const struct entry *e)
{
	must((e->priority == 0 || qfile_put_number(b, QFILE_PRIORITY,
	    e->priority) == 0) &&
	    (e->hold == 0 || qfile_put_number(b, QFILE_HOLD, e->hold) == 0) &&
	    (e->by_mode == 0 || qfile_put_by(b, e->by, e->by_mode,
	    e->by_trace) == 0) &&
	    (!e->utf8 || qfile_put_flag(b, QFILE_UTF8) == 0) &&
	    (!e->requiretls ||
	    qfile_put_flag(b, QFILE_REQUIRETLS) == 0) &&
	    (e->body == NULL || qfile_put(b, QFILE_BODY, e->body) == 0),
	    "envelope");
}

/* The text up to the next colon, with the number in place of #. */
static const char *
field(char **p, unsigned long number)
{
	char *end = *p == NULL ? NULL : strchr(*p, ':'), *hash;
	char *text = xcalloc(1, 600);

	if (*p == NULL)
		return text;
	if (end != NULL)
		*end = '\0';
	hash = strchr(*p, '#');
	if (hash == NULL)
		snprintf(text, 600, "%s", *p);
	else
		snprintf(text, 600, "%.*s%lu%s", (int)(hash - *p), *p, number,
		    hash + 1);
	if (end != NULL)
		*end = ':';
	*p = end == NULL ? NULL : end + 1;
	return text;
}

static void
put_header(struct buf *b, const struct entry *e, int n, char **to,
    unsigned long number)
{
	int i;

	must(qfile_begin(b) == 0 && qfile_put(b, QFILE_ID, e->id) == 0 &&
	    qfile_put_number(b, QFILE_TIME, e->time) == 0 &&
	    qfile_put(b, QFILE_CHANNEL, "world") == 0 &&
	    qfile_put(b, QFILE_SENDER, e->sender) == 0 &&
	    qfile_put(b, QFILE_ENVID, e->envid) == 0 &&
	    qfile_put(b, QFILE_RET, e->ret) == 0, "envelope");
	put_wishes(b, e);
	for (i = 0; i < n; i++) {
		struct qfile_recipient r = { .host = "", .notify = e->notify,
		    .orcpt = e->orcpt };
		char *p = to[i];

		must(strchr(p, ':') != NULL, "channel:address:mailbox");
		r.channel = field(&p, number);
		r.address = r.original = field(&p, number);
		r.mailbox = field(&p, number);
		if (strrchr(r.address, '@') != NULL)
			r.host = strrchr(r.address, '@') + 1;
		if (p != NULL)
			r.original = field(&p, number);
		must(qfile_put_recipient(b, &r) == 0, "recipient");
	}
	must(qfile_end_header(b) == 0, "envelope");
}

static void
read_message(struct buf *b, const struct entry *e)
{
	char part[65536];
	size_t got;

	must(buf_addf(b, "Received: by inlet.example; "
	    "Thu, 1 Jan 1970 00:00:00 +0000%s\n", e->body != NULL &&
	    strcmp(e->body, "BINARYMIME") == 0 ? "\r" : "") == 0, "message");
	while ((got = fread(part, 1, sizeof part, stdin)) > 0)
		must(buf_add(b, part, got) == 0, "message");
}

static void
write_entry(const char *spool, const struct entry *e, const struct buf *b)
{
	int top, tmp, queue, fd;

	umask(077);
	top = open(spool, O_RDONLY | O_DIRECTORY);
	must(top != -1, spool);
	must(durable_mkdir(top, "tmp") == 0 &&
	    durable_mkdir(top, "queue") == 0, "mkdir");
	tmp = openat(top, "tmp", O_RDONLY | O_DIRECTORY);
	queue = openat(top, "queue", O_RDONLY | O_DIRECTORY);
	fd = durable_create(tmp, e->id);
	must(fd != -1 && flock(fd, LOCK_EX) == 0, e->id);
	must(fd_write(fd, b->p, b->len, CLOCK_NEVER) == 0, e->id);
	must(durable_rename(tmp, e->id, queue, e->id) == 0, e->id);
	close(fd);
	close(tmp);
	close(queue);
	close(top);
}

/* As a submit of its own that starts, takes one message and ends. */
static bool
journal_entry(const char *path, const struct entry *e, const struct buf *b,
    size_t header)
{
	struct spool spool;
	struct journal *j;
	const char *step;
	struct buf why;
	bool fits;

	umask(077);
	buf_init(&why, 1024);
	must(spool_open(&spool, path, &why) == 0, path);
	log_level_set(LEVEL_ERROR);
	j = journal_open(&spool, 8 * 1024 * 1024, 0);
	must(j != NULL, "journal");
	journal_start(j);
	fits = journal_holds(j, b->len);
	while (fits && !journal_add(j, e->id, b->p, b->len, header)) {
		if (!journal_turn(j))
			poll(NULL, 0, 1);
	}
	if (fits)
		must(journal_commit(j, &step) == 0, "journal");
	journal_close(j);
	spool_close(&spool);
	return fits;
}

static void
make(const char *spool, struct entry *e, int n, char **to,
    unsigned long number, const struct buf *message, bool journal)
{
	unsigned char trailer[QFILE_TRAILER];
	struct buf b;
	size_t header;

	buf_init(&b, 256 * 1024 * 1024);
	put_header(&b, e, n, to, number);
	header = b.len;
	must(buf_add(&b, message->p, message->len) == 0, "message");
	if (!journal || e->damaged || !journal_entry(spool, e, &b, header)) {
		qfile_trailer(trailer, header, b.len - header,
		    digest_of(b.p, b.len) ^ (e->damaged ? 1 : 0));
		must(buf_add(&b, (char *)trailer, sizeof trailer) == 0,
		    "trailer");
		write_entry(spool, e, &b);
	}
	puts(e->id);
	buf_free(&b);
}

/* "R60": a minute from now. */
static void
deadline(struct entry *e, const char *s)
{
	e->by_mode = s[0];
	e->by = clock_wall_us() + strtoll(s + 1, NULL, 10) * 1000000;
}

int
main(int argc, char **argv)
{
	struct entry e = { .sender = "sender@example.net", .id = NULL,
	    .notify = "", .orcpt = "", .envid = "", .ret = "",
	    .time = clock_wall_us() };
	unsigned long n = 1, domains = 1;
	struct trace_source ids;
	char id[TRACE_ID];
	struct buf message;
	bool journal = false, given;
	uid_t uid = 0;
	int c;

	while ((c = getopt(argc, argv,
	    "s:i:t:N:O:V:R:P:H:D:TUQB:n:m:u:xj")) != -1) {
		switch (c) {
		case 's': e.sender = optarg; break;
		case 'i': e.id = optarg; break;
		case 't': e.time = strtoll(optarg, NULL, 10) * 1000000; break;
		case 'N': e.notify = optarg; break;
		case 'O': e.orcpt = optarg; break;
		case 'V': e.envid = optarg; break;
		case 'R': e.ret = optarg; break;
		case 'P': e.priority = (int)strtol(optarg, NULL, 10); break;
		case 'H': e.hold = clock_wall_us() +
		    strtoll(optarg, NULL, 10) * 1000000; break;
		case 'D': deadline(&e, optarg); break;
		case 'T': e.by_trace = true; break;
		case 'U': e.utf8 = true; break;
		case 'Q': e.requiretls = true; break;
		case 'B': e.body = optarg; break;
		case 'n': n = strtoul(optarg, NULL, 10); break;
		case 'm': domains = strtoul(optarg, NULL, 10); break;
		case 'u': uid = (uid_t)strtoul(optarg, NULL, 10); break;
		case 'j': journal = true; break;
		case 'x': e.damaged = true; break;
		default: return 64;
		}
	}
	if (argc - optind < 2)
		return 64;
	if (uid != 0)
		must(priv_drop(uid, (gid_t)uid) == 0, "uid");
	trace_source_init(&ids);
	given = e.id != NULL;
	buf_init(&message, 256 * 1024 * 1024);
	read_message(&message, &e);
	for (unsigned long i = 0; i < n; i++) {
		if (!given) {
			trace_next_id(&ids, id);
			e.id = id;
		}
		make(argv[optind], &e, argc - optind - 1, argv + optind + 1,
		    i % domains, &message, journal);
	}
	buf_free(&message);
	return 0;
}
