/*
 * t_tb_gdbm - GDBM tables: answers, readers that were forked, readers behind
 * a filter, and every damage refused.
 */
#include "config.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "lib/digest.h"
#include "lib/text.h"
#include "tables/maketable.h"
#include "tests/tables/fixture.h"

#define ROWS 30000

static struct conf *conf;
static struct section *section;
static char why_text[1024];

static struct tb *
opened(void)
{
	struct buf why;
	struct tb *t;

	buf_init(&why, sizeof(why_text) - 1);
	t = tb_open(conf, section, &why);
	(void)snprintf(why_text, sizeof(why_text), "%s", buf_str(&why));
	buf_free(&why);
	return t;
}

static void
make(const char *text)
{
	struct buf why;

	buf_init(&why, 1000);
	if (maketable(scratch_file("in", text), scratch_path("t.db"), false,
	    &why) != 0)
		errx(1, "%s", buf_str(&why));
	buf_free(&why);
}

static int
count(void *arg, const char *key, size_t klen, const char *value, size_t vlen,
    int line)
{
	(void)key, (void)klen, (void)value, (void)vlen, (void)line;
	++*(int *)arg;
	return 0;
}

static void
test_find(void)
{
	struct tb *t;
	int n = 0, line = 1;

	make("Example.org: one\n.example.org\n192.0.2.1: host\n"
	    "192.0.2.0/24: lan\n10.0.0.0/8: ten\n0.0.0.0/0: all\n"
	    "2001:DB8::/32: doc\n::1: six\nuser@example.org: a@b\n");
	t = opened();
	if (t == NULL)
		errx(1, "%s", why_text);
	is(found(t, "EXAMPLE.ORG"), "one", "a name");
	is(found(t, ".example.org"), "", "without a value");
	is(found(t, "user@example.org"), "a@b", "a mailbox");
	is(found(t, "nobody@example.org"), "(none)", "not there");
	is(found_address(t, "192.0.2.1"), "host", "an address");
	is(found_address(t, "192.0.2.2"), "lan", "its prefix");
	is(found_address(t, "10.200.0.1"), "ten", "a shorter one");
	is(found_address(t, "172.16.0.1"), "all", "the shortest");
	is(found_address(t, "2001:db8:1::1"), "doc", "IPv6 prefix");
	is(found_address(t, "::1"), "six", "IPv6 address");
	is(found_address(t, "2001:db9::1"), "(none)", "not there");
	num(tb_holds(t), TB_ADDRESSES | TB_NAMES, "it holds both");
	num(tb_walk(t, count, &n), 0, "a walk");
	num(n, 9, "over all rows");
	num(tb_find(t, "example.org", NULL, &line), TB_FOUND, "no line");
	num(line, 0, "is known");
	tb_close(t);
	make("192.0.2.1\n");
	t = opened();
	num(tb_holds(t), TB_ADDRESSES, "it holds addresses");
	tb_close(t);
	make("example.org\n");
	t = opened();
	num(tb_holds(t), TB_NAMES, "it holds names");
	tb_close(t);
}

static void
test_negated(void)
{
	struct tb *t;

	make("192.0.2.0/24: lan\n!192.0.2.16/28\n192.0.2.17: host\n"
	    ".example.org: sub\n!bad.example.org\n");
	t = opened();
	if (t == NULL)
		errx(1, "%s", why_text);
	num(tb_holds(t), TB_ADDRESSES | TB_NAMES | TB_NEGATIONS,
	    "the sidecar says that some are negated");
	is(found_address(t, "192.0.2.1"), "lan", "not negated");
	is(found_address(t, "192.0.2.18"), "(negated)", "a negated prefix");
	is(found_address(t, "192.0.2.17"), "host", "more specific");
	is(found_name(t, "a.example.org"), "sub", "a name");
	is(found_name(t, "bad.example.org"), "(negated)", "a negated name");
	tb_close(t);
}

static void
make_many(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int i;

	for (i = 0; i < ROWS; i++)
		(void)fprintf(f, "host%d.example.org: value of %d\n", i, i);
	(void)fclose(f);
	make(text);
	free(text);
}

/* Wrong answers of one reader, of which every fourth key is not there. */
static int
read_many(struct tb *t, unsigned seed)
{
	char key[64], want[64];
	int n, bad = 0;

	for (n = 0; n < 40000; n++) {
		unsigned i;

		seed = seed * 1664525u + 1013904223u;
		i = (seed >> 8) % ROWS;
		(void)snprintf(key, sizeof(key), "%shost%u.example.org",
		    n % 4 == 0 ? "no" : "", i);
		(void)snprintf(want, sizeof(want), "value of %u", i);
		if (strcmp(found(t, key), n % 4 == 0 ? "(none)" : want) != 0)
			bad++;
	}
	return bad;
}

static void
test_forked(struct tb *t)
{
	pid_t pids[8];
	int i, status, bad = 0;

	for (i = 0; i < 8; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(read_many(t, (unsigned)i) != 0);
	}
	for (i = 0; i < 8; i++)
		if (waitpid(pids[i], &status, 0) != pids[i] || status != 0)
			bad++;
	num(bad, 0, "eight forked readers, no wrong answer");
}

#define CALL_ENDS(name) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)

/* Ends the process at any call that has to do with a file. */
static int
forbid_files(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		CALL_ENDS(read), CALL_ENDS(pread64), CALL_ENDS(readv),
		CALL_ENDS(lseek), CALL_ENDS(openat), CALL_ENDS(newfstatat),
#ifdef SYS_open
		CALL_ENDS(open), CALL_ENDS(fstat), CALL_ENDS(stat),
#endif
		CALL_ENDS(flock), CALL_ENDS(fcntl), CALL_ENDS(close),
		CALL_ENDS(write),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	};
	struct sock_fprog prog = { ARRAY_LEN(code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

static void
test_filter(struct tb *t)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (forbid_files() == -1)
			_exit(99);
		_exit(read_many(t, 1) != 0);
	}
	(void)waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		skip("no filter can be had here");
	else
		num(status, 0, "a reader that may touch no file");
}

/* cp over a table that is open cuts it in place. */
static void
test_cut(struct tb *t)
{
	int status;
	pid_t pid;

	if (truncate(scratch_path("t.db"), 0) == -1)
		err(1, "truncate");
	pid = fork();
	if (pid == 0)
		_exit(read_many(t, 5) != 0);
	(void)waitpid(pid, &status, 0);
	num(status, 0, "who has it open does not mind");
	ok(opened() == NULL && strstr(why_text, "it is empty") != NULL,
	    "who opens it does");
}

/* Opening while dbmbuild puts one table after another in its place. */
static void
test_replaced(void)
{
	int status, n = 0, bad = 0, i;
	struct tb *t;
	pid_t pid;

	make("which: 0\n");
	pid = fork();
	if (pid == 0) {
		char text[32];

		for (i = 1; i <= 50; i++) {
			(void)snprintf(text, sizeof(text), "which: %d\n", i);
			make(text);
		}
		_exit(0);
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		t = opened();
		if (t == NULL || found(t, "which")[0] == '(') {
			printf("# %s\n", why_text);
			bad++;
		}
		tb_close(t);
		n++;
	}
	ok(status == 0 && n > 0 && bad == 0, "tables that are being replaced");
	printf("# opened %d times\n", n);
	t = opened();
	is(t != NULL ? found(t, "which") : why_text, "50", "the last");
	tb_close(t);
}

static void
refused(const char *reason, const char *what)
{
	struct tb *t = opened();

	ok(t == NULL && strstr(why_text, reason) != NULL, what);
	if (t != NULL || strstr(why_text, reason) == NULL)
		printf("# %s\n", why_text);
	tb_close(t);
}

static void
patch(const char *name, off_t at, const char *p, size_t len)
{
	int fd = open(scratch_path(name), O_RDWR);
	off_t end = lseek(fd, 0, SEEK_END);

	if (fd == -1 || pwrite(fd, p, len, at < 0 ? end : at) != (ssize_t)len)
		err(1, "%s", name);
	close(fd);
}

/* What a table of these rows says of each of them, and of others. */
static bool
all_right(struct tb *t)
{
	char key[64], value[16];
	bool good = true;

	for (int i = 0; i < 40; i++) {
		(void)snprintf(key, sizeof(key), "host%d.example.org", i);
		(void)snprintf(value, sizeof(value), "value%d", i);
		good = good && strcmp(found(t, key), value) == 0;
	}
	return good && strcmp(found_address(t, "192.0.2.77"), "lan") == 0 &&
	    strcmp(found_address(t, "2001:db8::7"), "doc") == 0 &&
	    strcmp(found_address(t, "192.0.3.77"), "(none)") == 0 &&
	    strcmp(found(t, "nobody.example.org"), "(none)") == 0;
}

/* A file of the table, as it was made. */
struct kept {
	const char *name;
	char p[65536];
	size_t len;
};

static void
keep(struct kept *k, const char *name)
{
	int fd = open(scratch_path(name), O_RDONLY);
	ssize_t n = fd == -1 ? -1 : read(fd, k->p, sizeof(k->p));

	if (n <= 0 || n == (ssize_t)sizeof(k->p))
		err(1, "%s", name);
	k->name = name;
	k->len = (size_t)n;
	close(fd);
}

static void
put_back(const struct kept *k, size_t len)
{
	int fd = open(scratch_path(k->name), O_WRONLY | O_TRUNC);

	if (fd == -1 || write(fd, k->p, len) != (ssize_t)len)
		err(1, "%s", k->name);
	close(fd);
}

/* A bit flipped, or the end cut off. */
static void
damage(struct kept *k, unsigned bits)
{
	size_t at = bits % k->len;

	if (bits >> 8 & 3) {
		k->p[at] = (char)(k->p[at] ^ 1 << (bits >> 24 & 7));
		put_back(k, k->len);
		k->p[at] = (char)(k->p[at] ^ 1 << (bits >> 24 & 7));
	} else {
		put_back(k, at);
	}
}

/*
 * So many flipped bits and cuts, in the table and in what stands beside it:
 * it opens no more, or says what it said.
 */
static void
test_bit_rot(int n)
{
	static struct kept table, sidecar;
	char rows[4096];
	int at, wrong = 0, open_ = 0;

	at = snprintf(rows, sizeof(rows), "192.0.2.0/24: lan\n"
	    "2001:db8::/32: doc\n");
	for (int i = 0; i < 40; i++)
		at += snprintf(rows + at, sizeof(rows) - (size_t)at,
		    "host%d.example.org: value%d\n", i, i);
	make(rows);
	keep(&table, "t.db");
	keep(&sidecar, "t.db.sum");
	for (int i = 0; i < n; i++) {
		unsigned bits = (unsigned)rand();
		struct kept *k = i % 4 == 0 ? &sidecar : &table;
		struct tb *t;

		damage(k, bits);
		t = opened();
		open_ += t != NULL;
		if (t != NULL && !all_right(t)) {
			printf("# %s, %u: another answer\n", k->name, bits);
			wrong++;
		}
		tb_close(t);
		put_back(k, k->len);
	}
	num(wrong, 0, "no damage makes it say something else");
	printf("# figure G9: %d damages of tables, %d opened, %d wrong "
	    "answers\n", n, open_, wrong);
	(void)unlink(scratch_path("t.db.sum"));
	(void)unlink(scratch_path("t.db"));
}

static void
test_damage(void)
{
	char name[256];

	make("example.org: one\n");
	patch("t.db", 5000, "x", 1);
	refused("damaged: its digest is not in ", "a byte changed");
	make("example.org: one\n");
	patch("t.db", -1, "x", 1);
	refused("damaged: its digest is not in ", "a byte behind");
	make("example.org: one\n");
	if (truncate(scratch_path("t.db"), 4096) == -1)
		err(1, "truncate");
	refused("damaged: its digest is not in ", "cut");

	make("example.org: one\n");
	scratch_sidecar("t.db.sum", "inlet-table 2\n");
	refused("t.db.sum: damaged", "a sidecar without lines");
	(void)scratch_file("t.db.sum", "something else\n");
	refused("t.db.sum: damaged", "another's sidecar");
	(void)snprintf(name, sizeof(name), "inlet-table 2\nnew %032d 1 nonsense"
	    "\n", 0);
	scratch_sidecar("t.db.sum", name);
	refused("t.db.sum: damaged", "an unknown word");
	(void)snprintf(name, sizeof(name), "inlet-table 2\nnew %032d 1\n", 0);
	scratch_sidecar("t.db.sum", name);
	refused("damaged: its digest is not in ", "another's digest");
	(void)unlink(scratch_path("t.db.sum"));
	refused("make the table with dbmbuild(8)", "no sidecar");
	(void)unlink(scratch_path("t.db"));
	refused("No such file", "no table");
}

/* A good digest of what is no GDBM file. */
static void
test_other(void)
{
	char digest[DIGEST_HEX], text[128];
	int fd;

	(void)scratch_file("t.db", "This is not a GDBM file at all.\n");
	fd = open(scratch_path("t.db"), O_RDONLY);
	if (digest_file(fd, digest) == -1)
		err(1, "digest");
	close(fd);
	(void)snprintf(text, sizeof(text), "inlet-table 2\nnew %s 1\n",
	    digest);
	scratch_sidecar("t.db.sum", text);
	ok(opened() == NULL, "no GDBM file");
	printf("# %s\n", why_text);
}

/* An argument: how many damages. */
int
main(int argc, char **argv)
{
	static const char *const names[] = { "in", "t.db", "t.db.sum" };
	const char *full = getenv("INLET_FULL");
	int64_t damages = full != NULL && *full != '\0' ? 10000 : 500;
	struct tb *t;

	if (argc > 1 && text_number(argv[1], 1, INT32_MAX, &damages) != 0)
		errx(64, "how many damages?");

	scratch_make();
	conf = conf_new();
	section = conf_file_table(conf, "t", "gdbm", scratch_path("t.db"));
	test_find();
	test_negated();
	make_many();
	t = opened();
	if (t == NULL)
		errx(1, "%s", why_text);
	num(read_many(t, 3), 0, "many rows");
	test_forked(t);
	test_filter(t);
	test_cut(t);
	tb_close(t);
	test_replaced();
	test_damage();
	test_bit_rot((int)damages);
	test_other();
	conf_free(conf);
	scratch_remove(names, ARRAY_LEN(names));
	return done();
}
