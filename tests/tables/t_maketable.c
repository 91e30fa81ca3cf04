/*
 * t_maketable - GDBM tables are made whole or not at all: what is refused,
 * and that the table opens wherever the making is broken off.
 *
 * The functions of durable.h are this file's own: each counts as one step,
 * before and behind which the maker can be stopped.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include "lib/durable.h"
#include "tables/maketable.h"
#include "tests/tables/fixture.h"

enum { STOP_NEVER, STOP_BEFORE, STOP_BEHIND, STOP_FAIL };

static int steps, stop_at, stop_how;

/* -1: this step is to fail. */
static int
step(int how)
{
	if (how == STOP_BEFORE)
		steps++;
	if (steps != stop_at || how != stop_how)
		return how == STOP_BEFORE && steps == stop_at &&
		    stop_how == STOP_FAIL ? -1 : 0;
	_exit(77);
}

#define STEP(call) \
	int rc; \
	if (step(STOP_BEFORE) == -1) { \
		errno = EIO; \
		return -1; \
	} \
	rc = (call); \
	(void)step(STOP_BEHIND); \
	return rc

int
durable_create(int dir, const char *name)
{
	STEP(openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
}

int
durable_sync(int fd)
{
	STEP(fsync(fd));
}

int
durable_sync_dir(int dir)
{
	STEP(fsync(dir));
}

int
durable_replace(int dir, const char *from, const char *to)
{
	STEP(renameat(dir, from, dir, to));
}

int
durable_remove(int dir, const char *name)
{
	STEP(unlinkat(dir, name, 0) == 0 || errno == ENOENT ? 0 : -1);
}

static struct conf *conf;
static struct section *section;

/* The value of "which" in the table that is there, or why it does not open. */
static const char *
which(void)
{
	static char text[1024];
	struct buf why;
	struct tb *t;

	buf_init(&why, 500);
	t = tb_open(conf, section, &why);
	(void)snprintf(text, sizeof(text), "%s", t == NULL ? buf_str(&why) :
	    found(t, "which"));
	tb_close(t);
	buf_free(&why);
	return text;
}

static int
make(const char *text, bool join, const char *why_want)
{
	struct buf why;
	int code;

	buf_init(&why, 4096);
	code = maketable(scratch_file("in", text), scratch_path("t.db"), join,
	    &why);
	if (why_want != NULL && strstr(buf_str(&why), why_want) == NULL) {
		ok(false, "the reason");
		printf("# got  %s# want %s\n", buf_str(&why), why_want);
	}
	buf_free(&why);
	return code;
}

static void
test_make(void)
{
	num(make("which: one\na\nb: x\n", false, ""), 0, "a table is made");
	is(which(), "one", "and opens");
	num(make("which: two\n", false, ""), 0, "another");
	is(which(), "two", "takes its place");
	num(make("", false, ""), 0, "an empty one");
	is(which(), "(none)", "does too");
	num(make("which: one\n", false, ""), 0, "back to the first");
}

static void
test_refused(void)
{
	num(make("which: x\nbad:row\n\nA\na\n1.2.3.4/8\n", false,
	    "/in:2: no blank behind the colon of \"bad:row\"\n"), EX_DATAERR,
	    "a bad line");
	num(make("which: x\nbad:row\n\nA\na\n1.2.3.4/8\n", false,
	    "/in:5: \"a\" is there already, at line 4\n"), EX_DATAERR,
	    "a duplicate as well");
	num(make("which: x\nbad:row\n\nA\na\n1.2.3.4/8\n", true,
	    "/in:6: bad address"), EX_DATAERR, "and all the others");
	is(which(), "one", "the old table is still there");
	num(make("which: x\nwhich: y\n", true, ""), 0, "or they are joined");
	is(which(), "x, y", "as in a text table");
	num(make("which: one\n", false, ""), 0, "back again");
}

static int
at(const char *input, const char *output)
{
	struct buf why;
	int code;

	buf_init(&why, 4096);
	code = maketable(scratch_path(input), scratch_path(output), false,
	    &why);
	ok(strchr(buf_str(&why), '\n') != NULL, "it says why");
	printf("# %s", buf_str(&why));
	buf_free(&why);
	return code;
}

static void
test_places(void)
{
	if (symlink("t.db", scratch_path("link")) == -1)
		err(1, "symlink");
	num(at("missing", "t.db"), EX_NOINPUT, "no text");
	num(at("in", "no/t.db"), EX_CANTCREAT, "no directory");
	num(at("in", ""), EX_CANTCREAT, "no name");
	num(at("in", "in"), EX_USAGE, "over its own text");
	num(at("in", "link"), EX_CANTCREAT, "over a link");
	(void)mkdir(scratch_path("dir"), 0700);
	num(at("in", "dir"), EX_CANTCREAT, "over a directory");
	(void)rmdir(scratch_path("dir"));
	(void)unlink(scratch_path("link"));
	is(which(), "one", "nothing happened");
}

static void
test_mode(void)
{
	struct stat st;

	(void)chmod(scratch_path("in"), 0640);
	num(make("which: one\n", false, ""), 0, "text not for all");
	num(stat(scratch_path("t.db"), &st), 0, "a table");
	num(st.st_mode & 0777, 0640, "that is not for all either");
	(void)chmod(scratch_path("in"), 0644);
}

/* In a child that is stopped at that step; true: it came to its end. */
static bool
stopped(int at_step, int how, const char *text)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		steps = 0;
		stop_at = at_step;
		stop_how = how;
		_exit(make(text, false, NULL) == 0 ? 0 : 1);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		errx(1, "waitpid");
	return WEXITSTATUS(status) == 0;
}

/*
 * Broken off, or failing, at each step: what opens is the old table or the
 * new one, a second try succeeds, and no old name is left behind.
 */
static void
test_broken(int how, const char *what)
{
	bool end = false, good = true, seen_old = false, seen_new = false;
	const char *w;
	int i;

	for (i = 1; !end && i < 100; i++) {
		if (make("which: old\n", false, "") != 0)
			errx(1, "make");
		end = stopped(i, how, "which: new\n");
		w = which();
		seen_old |= strcmp(w, "old") == 0;
		seen_new |= !end && strcmp(w, "new") == 0;
		if (strcmp(w, "old") != 0 && strcmp(w, "new") != 0) {
			printf("# step %d: %s\n", i, w);
			good = false;
		}
		if (!stopped(0, STOP_NEVER, "which: third\n") ||
		    strcmp(which(), "third") != 0) {
			printf("# step %d: no second try\n", i);
			good = false;
		}
	}
	ok(good && end && i > 8 && seen_old && seen_new, what);
	printf("# %d steps\n", i - 2);
}

int
main(void)
{
	static const char *const names[] = { "in", "t.db", "t.db.sum" };

	scratch_make();
	conf = conf_new();
	section = conf_file_table(conf, "t", "gdbm", scratch_path("t.db"));
	test_make();
	test_refused();
	test_places();
	test_mode();
	test_broken(STOP_BEFORE, "killed before each step");
	test_broken(STOP_BEHIND, "killed behind each step");
	test_broken(STOP_FAIL, "each step failing");
	conf_free(conf);
	ok(access(scratch_path("t.db.new"), F_OK) == -1 &&
	    access(scratch_path("t.db.sum.new"), F_OK) == -1,
	    "nothing is left behind");
	scratch_remove(names, ARRAY_LEN(names));
	return done();
}
