/*
 * t_dbmbuild - the programs dbmbuild and dbmlist, as they are called.
 */
#include "config.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include "tests/tables/fixture.h"

static char out[4096];

/* Runs a program of this folder; its output, both kinds, is in out. */
static int
run(const char *program, const char *a, const char *b, const char *c)
{
	const char *top = getenv("top_builddir");
	char path[512];
	ssize_t n;
	int status, fd;
	pid_t pid;

	(void)snprintf(path, sizeof(path), "%s/tables/%s",
	    top != NULL ? top : ".", program);
	fd = open(scratch_path("out"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	pid = fork();
	if (pid == 0) {
		(void)dup2(fd, 1);
		(void)dup2(fd, 2);
		(void)execl(path, program, a, b, c, (char *)NULL);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	n = pread(fd, out, sizeof(out) - 1, 0);
	out[n > 0 ? n : 0] = '\0';
	close(fd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_round(void)
{
	const char *in, *db = scratch_path("t.db");

	in = scratch_file("in", "# aliases\nb: 2\nA\nj\\ doe@x.org: c  d\n"
	    "10.0.0.0/8: \\# y\n2001:DB8:0::1\n");
	num(run("dbmbuild", in, db, NULL), 0, "dbmbuild");
	is(out, "", "is silent");
	num(run("dbmlist", db, NULL, NULL), 0, "dbmlist");
	is(out, "10.0.0.0/8: \\# y\n2001:db8::1\na\nb: 2\n"
	    "j\\ doe@x.org: c d\n", "sorted");
	in = scratch_file("in", out);
	num(run("dbmbuild", in, db, NULL), 0, "its output builds");
	num(run("dbmlist", db, "B", NULL), 0, "one key");
	is(out, "B: 2\n", "is one row");
	num(run("dbmlist", db, "2001:db8:0:0::1", NULL), 0, "an address");
	num(run("dbmlist", db, "c", NULL), 1, "a key that is not there");
	is(out, "", "is silent too");
}

static void
test_errors(void)
{
	const char *in = scratch_file("in", "a: 1\na: 2\nb:c\n");
	const char *db = scratch_path("t.db");

	num(run("dbmbuild", in, db, NULL), EX_DATAERR, "bad text");
	ok(strstr(out, "/in:2: \"a\" is there already, at line 1\n") != NULL &&
	    strstr(out, "/in:3: no blank behind") != NULL,
	    "all that is bad is said");
	num(run("dbmlist", db, "b", NULL), 0, "the old table is there");
	in = scratch_file("in", "a: 1\na: 2\n");
	num(run("dbmbuild", "-k", in, db), 0, "-k");
	num(run("dbmlist", db, "a", NULL), 0, "joins");
	is(out, "a: 1, 2\n", "values");
	num(run("dbmbuild", in, NULL, NULL), EX_USAGE, "one operand");
	num(run("dbmbuild", "-x", in, db), EX_USAGE, "no such option");
	num(run("dbmlist", NULL, NULL, NULL), EX_USAGE, "no operand");
	num(run("dbmlist", db, "a", "b"), EX_USAGE, "three operands");
	num(run("dbmbuild", scratch_path("missing"), db, NULL), EX_NOINPUT,
	    "no text");
	(void)unlink(scratch_path("t.db.sum"));
	num(run("dbmlist", db, NULL, NULL), EX_NOINPUT, "no sidecar");
	ok(strstr(out, "make the table with dbmbuild(8)") != NULL,
	    "and what to do");
}

int
main(void)
{
	static const char *const names[] = { "in", "out", "t.db",
	    "t.db.sum" };

	scratch_make();
	test_round();
	test_errors();
	scratch_remove(names, ARRAY_LEN(names));
	return done();
}
