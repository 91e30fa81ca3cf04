/*
 * spool: what is refused as a queue.
 */
#include "config.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#include "submit/spool.h"
#include "tests/submit/stage.h"
#include "tests/tap.h"

static char scratch[256], path[512], other[600];

static int
try(const char *what, int want)
{
	struct spool s;
	struct buf why;
	int result;

	buf_init(&why, 1024);
	result = spool_open(&s, path, &why);
	num(result, want, what);
	if (result != 0)
		printf("# %s\n", buf_str(&why));
	ok(result == 0 || why.len > 0, "it says why");
	buf_free(&why);
	if (result == 0)
		spool_close(&s);
	return result;
}

static void
permissions(void)
{
	snprintf(path, sizeof(path), "%s/spool", scratch);
	try("a missing one is made", 0);
	try("and opened again", 0);
	num(chmod(path, 0770), 0, "the group may write");
	try("that is refused", -1);
	num(chmod(path, 0755), 0, "others may read");
	try("that is not", 0);
	snprintf(other, sizeof(other), "%s/queue", path);
	num(chmod(other, 0702), 0, "others may write to queue/");
	try("that is refused", -1);
	num(chmod(other, 0700), 0, "now not");
	num(rename(path, "/nonexistent/x"), -1, "(it stays)");
}

static void
links(void)
{
	struct stat st;

	snprintf(path, sizeof(path), "%s/link", scratch);
	snprintf(other, sizeof(other), "%s/spool", scratch);
	num(symlink(other, path), 0, "a link to it");
	try("a link is refused", -1);
	snprintf(path, sizeof(path), "%s/up", scratch);
	num(symlink(scratch, path), 0, "a link to what is above it");
	snprintf(path, sizeof(path), "%s/up/spool", scratch);
	try("a link on the way too", -1);
	snprintf(path, sizeof(path), "%s/spool", scratch);
	snprintf(other, sizeof(other), "%s/spool/tmp", scratch);
	num(rmdir(other), 0, "without tmp/");
	num(symlink("/tmp", other), 0, "but with a link there");
	try("it is refused", -1);
	num(unlink(other), 0, "without it");
	try("tmp/ is made", 0);
	num(stat(other, &st), 0, "there it is");
	num(st.st_mode & 07777, 0700, "for us alone");
	snprintf(path, sizeof(path), "%s/not/there", scratch);
	try("what is above it is not made", -1);
	snprintf(path, sizeof(path), "%s/file", scratch);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	try("a file is refused", -1);
}

static void
foreign(void)
{
	if (geteuid() != 0) {
		skip("another's directory: needs root");
		return;
	}
	snprintf(path, sizeof(path), "%s/foreign", scratch);
	num(mkdir(path, 0700), 0, "a directory");
	num(chown(path, 65534, 65534), 0, "of another user");
	try("is refused", -1);
}

int
main(void)
{
	umask(022);
	stage_scratch(scratch, sizeof(scratch));
	permissions();
	links();
	foreign();
	stage_clean(scratch);
	return done();
}
