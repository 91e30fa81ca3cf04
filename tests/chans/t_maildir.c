/*
 * t_maildir - names, paths that are refused, what is on disk afterwards, and
 * that nothing comes twice.
 */
#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chans/maildir.h"
#include "tests/chans/scratch.h"
#include "tests/tap.h"

static char place[SCRATCH_PATH];
static int root;
static struct maildir_batch *batch;

static void
names(void)
{
	char name[MAILDIR_NAME], host[400];

	maildir_name(name, 1700000000999999LL, "0A1B", 7, "mx.example.org");
	is(name, "1700000000.0A1Br7.mx.example.org", "a name");
	maildir_name(name, 0, "0A1B", 7, "a/b:c\n\200d");
	is(name, "0.0A1Br7.a_b_c__d", "nothing dangerous in it");
	memset(host, 'h', sizeof host);
	host[sizeof host - 1] = '\0';
	maildir_name(name, 0, "0A1B", 7, host);
	num(strlen(name), MAILDIR_NAME - 1, "cut to its room");
}

static uint8_t
deliver(const char *mailbox, const char *name, const char *text, bool repeat,
    struct chan_answer *a)
{
	char top[] = "Top: 1\n", body[200];
	struct iovec parts[2] = { { top, strlen(top) }, { body, 0 } };
	struct maildir_mail m = { .root = root, .mailbox = mailbox,
	    .name = name, .repeat = repeat, .parts = parts, .nparts = 2 };

	snprintf(body, sizeof body, "%s", text);
	parts[1].iov_len = strlen(body);
	memset(a, 0, sizeof *a);
	maildir_deliver(batch, &m, a);
	maildir_settle(batch);
	return a->outcome;
}

static void
paths(void)
{
	static const char *const good[] = { "example.org/user", "user",
	    "a/b/c/d", "example.org/a b", "example.org/.hidden",
	    "example.org/..." };
	static const char *const bad[] = { "", "/", "/etc", "a/", "a//b", ".",
	    "..", "a/..", "../a", "a/../b", "a/./b", "a/b\n", "a/\303\244" };
	struct chan_answer a;
	char large[300];
	size_t i;

	for (i = 0; i < ARRAY_LEN(good); i++)
		num(deliver(good[i], "n", "", false, &a), CHAN_DELIVERED,
		    good[i]);
	for (i = 0; i < ARRAY_LEN(bad); i++)
		num(deliver(bad[i], "n", "", false, &a), CHAN_NEVER,
		    "refused");
	is(a.code, "5.3.5", "as 5.3.5");
	memset(large, 'a', sizeof large);
	large[256] = '\0';
	num(deliver(large, "n", "", false, &a), CHAN_NEVER,
	    "a part that no file system takes");
	large[255] = '\0';
	num(deliver(large, "n", "", false, &a), CHAN_DELIVERED,
	    "the longest part");
}

/* How many of our names are in a folder of d/u. */
static int
count(const char *folder)
{
	char name[100];
	struct stat st;
	int i, n = 0;

	for (i = 0; i < 10; i++) {
		snprintf(name, sizeof name, "d/u/%s/n%d", folder, i);
		n += fstatat(root, name, &st, 0) == 0;
	}
	return n;
}

static void
content(const char *path, const char *want)
{
	char got[300] = "";
	int fd = openat(root, path, O_RDONLY);

	ok(fd != -1 && read(fd, got, sizeof got - 1) >= 0, path);
	is(got, want, "what is in it");
	close(fd);
}

static void
once(void)
{
	struct chan_answer a;
	struct stat st;
	int fd;

	num(deliver("d/u", "n0", "text\n", false, &a), CHAN_DELIVERED,
	    "delivered, folders made");
	content("d/u/new/n0", "Top: 1\ntext\n");
	num(fstatat(root, "d/u/new/n0", &st, 0), 0, "stat");
	num(st.st_mode & 07777, 0600, "for the owner alone");
	num(st.st_nlink, 1, "one name");
	num(count("tmp"), 0, "tmp is empty");
	num(deliver("d/u", "n0", "other\n", true, &a), CHAN_DELIVERED,
	    "again: delivered");
	content("d/u/new/n0", "Top: 1\ntext\n");
	num(deliver("d/u", "n0", "other\n", false, &a), CHAN_DELIVERED,
	    "even if nobody said that it is a repeat");
	content("d/u/new/n0", "Top: 1\ntext\n");
	num(count("tmp"), 0, "tmp is empty");
	num(renameat(root, "d/u/new/n0", root, "d/u/cur/n0:2,S"), 0, "read");
	num(deliver("d/u", "n0", "other\n", true, &a), CHAN_DELIVERED,
	    "found in cur, with flags");
	num(count("new"), 0, "not delivered again");
	num(renameat(root, "d/u/cur/n0:2,S", root, "d/u/cur/n0x"), 0,
	    "another one's name");
	num(deliver("d/u", "n0", "text\n", true, &a), CHAN_DELIVERED,
	    "is not taken for it");
	num(count("new"), 1, "delivered");

	fd = openat(root, "d/u/tmp/n1", O_WRONLY | O_CREAT, 0600);
	num(write(fd, "a much longer leftover of a killed one\n", 39), 39,
	    "a leftover in tmp");
	close(fd);
	num(deliver("d/u", "n1", "text\n", true, &a), CHAN_DELIVERED,
	    "is written anew");
	content("d/u/new/n1", "Top: 1\ntext\n");
	num(count("tmp"), 0, "tmp is empty");
}

static void
refused(void)
{
	struct chan_answer a;
	char out[SCRATCH_PATH];

	num(deliver("../x", "n2", "text\n", false, &a), CHAN_NEVER, "..");
	is(a.code, "5.3.5", "5.3.5");
	ok(scratch_open(out) != -1, "a place outside");
	num(symlinkat(out, root, "d/link"), 0, "a symbolic link");
	num(deliver("d/link", "n2", "text\n", false, &a), CHAN_LATER,
	    "is not followed");
	is(a.code, "4.3.5", "4.3.5");
	num(deliver("d/link", "n2", "text\n", true, &a), CHAN_LATER,
	    "nor on a repeat");
	num(deliver("d/link/u", "n2", "text\n", false, &a), CHAN_LATER,
	    "nor inside a path");
	num(rmdir(out), 0, "nothing was made behind it");
	num(mkdirat(root, "d/w", 0700), 0, "a mailbox with");
	num(symlinkat("/tmp", root, "d/w/tmp"), 0, "a symbolic link for tmp");
	num(deliver("d/w", "n2", "text\n", false, &a), CHAN_LATER,
	    "is not followed");
	num(deliver("d/u/new/n1", "n2", "text\n", false, &a), CHAN_LATER,
	    "a file in the way");
}

/* More than fit into a batch, two mailboxes, one message that cannot be. */
static void
together(void)
{
	enum { ALL = MAILDIR_BATCH + 20 };
	static struct chan_answer a[ALL];
	struct iovec part = { (char *)(uintptr_t)"text\n", 5 };
	char name[MAILDIR_NAME];
	int unanswered = 0, delivered = 0;

	memset(a, 0, sizeof a);
	for (int i = 0; i < ALL; i++) {
		struct iovec parts[] = { part };
		struct maildir_mail m = { .root = root, .name = name,
		    .mailbox = i % 2 == 0 ? "t/even" : "t/odd",
		    .parts = parts, .nparts = 1 };

		/* Its name is taken by a directory that is not empty. */
		snprintf(name, sizeof name, "m%d", i);
		if (i == 7) {
			num(mkdirat(root, "t/odd/tmp/m7", 0700), 0, "mkdir");
			num(mkdirat(root, "t/odd/tmp/m7/x", 0700), 0, "mkdir");
		}
		maildir_deliver(batch, &m, &a[i]);
	}
	for (int i = 0; i < ALL; i++)
		unanswered += a[i].outcome == 0;
	num(unanswered, ALL - MAILDIR_BATCH - 1,
	    "a full batch is settled by itself");
	maildir_settle(batch);
	for (int i = 0; i < ALL; i++)
		delivered += a[i].outcome == CHAN_DELIVERED;
	num(delivered, ALL - 1, "all are answered, and all but one delivered");
	num(a[7].outcome, CHAN_LATER, "that one is later");
	content("t/even/new/m0", "text\n");
	content("t/odd/new/m83", "text\n");
	maildir_settle(batch);
	num(delivered, ALL - 1, "settling nothing is nothing");
}

int
main(void)
{
	root = scratch_open(place);
	batch = maildir_open(3);
	names();
	paths();
	once();
	refused();
	together();
	maildir_close(batch);
	scratch_remove(place);
	return done();
}
