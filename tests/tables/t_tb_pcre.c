/*
 * t_tb_pcre - tables of patterns: the first match, mistakes, and patterns
 * that never end; also behind a filter that allows only memory calls.
 */
#include "config.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "tests/tables/fixture.h"

static struct conf *conf;
static struct section *section;
static char why_text[1024];

static struct tb *
opened(const char *text)
{
	struct buf why;
	struct tb *t;

	(void)scratch_file("p", text);
	buf_init(&why, sizeof(why_text) - 1);
	t = tb_open(conf, section, &why);
	(void)snprintf(why_text, sizeof(why_text), "%s", buf_str(&why));
	buf_free(&why);
	return t;
}

#ifdef HAVE_PCRE2

static int
walked(void *arg, const char *key, size_t klen, const char *value, size_t vlen,
    int line)
{
	struct buf *b = arg;

	return buf_addf(b, "%d %.*s=%.*s;", line, (int)klen, key, (int)vlen,
	    value);
}

static void
test_find(void)
{
	struct tb *t = opened("# some\n"
	    "!/^dyn-/\n"
	    "/^(dyn|mx)-?[0-9]+\\.example\\.org$/ numbered\n"
	    "/\\.EXAMPLE\\.net$/i  net\n"
	    "/^192\\.0\\.2\\./ lan\n"
	    "/^2001:db8:/ six\n"
	    "/^[^@]+@example\\.org$/ a\\ \\ b, c\n"
	    "/^\\[192\\.0\\.9\\./ literal\n");
	struct buf rows;
	int line = 0;

	if (t == NULL)
		errx(1, "%s", why_text);
	is(found_name(t, "MX-1.example.org"), "numbered", "in any case");
	is(found_name(t, "dyn1.example.org"), "numbered", "an alternative");
	is(found_name(t, "dyn-1.example.org"), "(negated)", "the first wins");
	is(found_name(t, "a.mx-1.example.org"), "(none)", "no parents");
	is(found_name(t, "a.example.net"), "net", "capitals with i");
	is(found_name(t, "example.net"), "(none)", "no match");
	is(found_address(t, "192.0.2.7"), "lan", "an address");
	is(found_address(t, "2001:db8:0::1"), "six", "IPv6, in one spelling");
	is(found_address(t, "2001:db9::1"), "(none)", "another");
	is(found_name(t, "[192.0.9.1]"), "literal", "a literal");
	is(found_name(t, "[192.0.2.1]"), "lan", "by its address");
	is(found(t, "Ann@Example.ORG"), "a  b, c", "a mailbox");
	num(tb_find(t, "x.example.net", NULL, &line), TB_FOUND, "its line");
	num(line, 4, "is known");
	num(tb_holds(t), TB_ADDRESSES | TB_NAMES, "it may hold all");
	buf_init(&rows, 4000);
	num(tb_walk(t, walked, &rows), 0, "a walk");
	ok(strstr(buf_str(&rows), "2 !/^dyn-/=;3 /^(dyn") != NULL &&
	    strstr(buf_str(&rows), "4 /\\.EXAMPLE\\.net$/i=net;") != NULL,
	    buf_str(&rows));
	buf_free(&rows);
	tb_close(t);
	t = opened("# nothing\n");
	is(found(t, "a"), "(none)", "no rows");
	num(tb_holds(t), 0, "hold nothing");
	tb_close(t);
}

static void
refused(const char *text, const char *reason)
{
	struct tb *t = opened(text);

	ok(t == NULL && strstr(why_text, reason) != NULL, reason);
	if (t != NULL || strstr(why_text, reason) == NULL)
		printf("# %s\n", why_text);
	tb_close(t);
}

static void
test_bad(void)
{
	char big[200];

	refused("/a/\n\n/(b/ c\n", "/p:3: missing closing parenthesis, behind "
	    "2 bytes of \"(b\" (table \"p\")");
	refused("/[b-a]/\n", "/p:1: range out of order in character class");
	refused("example.org\n", "/p:1: no / before the pattern");
	refused("/(*UTF)a/i\n", "/p:1: using UTF is disabled");
	refused("/(*UCP)a/i\n", "/p:1: using UCP is disabled");
	refused("/a\\C/\n", "/p:1: using \\C is disabled");
	(void)snprintf(big, sizeof(big),
	    "/((((a{1,1000}){1,1000}){1,1000}){1,1000})/\n");
	refused(big, "/p:1: ");
	printf("# %s\n", why_text);
}

#define CALL_IS(name) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* From here on there is memory, and an end. */
static int
only_memory(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		CALL_IS(brk), CALL_IS(mmap), CALL_IS(munmap), CALL_IS(mremap),
		CALL_IS(exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
	};
	struct sock_fprog prog = { ARRAY_LEN(code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

static int
look_up(struct tb *t)
{
	char key[500];

	memset(key, 'a', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	if (strcmp(found(t, key), "long") != 0)
		return 1;
	if (strcmp(found(t, "192.0.2.1"), "lan") != 0)
		return 2;
	key[40] = '!';
	key[41] = '\0';
	return strcmp(found(t, key), "(later)") == 0 ? 0 : 3;
}

static void
test_limits(void)
{
	struct tb *t = opened("/^192\\./ lan\n/^(?:(?:a|b)){400,500}$/ long\n"
	    "/^(a+)+$/ forever\n/./ all\n");
	int status;
	pid_t pid;

	if (t == NULL)
		errx(1, "%s", why_text);
	num(look_up(t), 0, "a pattern that does not end: later");
	is(found(t, "b"), "all", "then the next look-up");
#ifdef SANITIZERS
	skip("sanitizers make calls of their own");
	(void)status;
	(void)pid;
	(void)only_memory;
#else
	pid = fork();
	if (pid == 0) {
		if (only_memory() == -1)
			_exit(99);
		_exit(look_up(t));
	}
	(void)waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		skip("no filter can be had here");
	else
		num(status, 0, "a reader that may only ask for memory");
#endif
	tb_close(t);
}

#endif

int
main(void)
{
	static const char *const names[] = { "p" };

	scratch_make();
	conf = conf_new();
	section = conf_file_table(conf, "p", "pcre", scratch_path("p"));
#ifdef HAVE_PCRE2
	test_find();
	test_limits();
	test_bad();
#else
	ok(opened("/a/\n") == NULL && strstr(why_text, "/p: this Inlet was "
	    "built without PCRE2 (table \"p\")") != NULL, "no PCRE2");
#endif
	conf_free(conf);
	scratch_remove(names, ARRAY_LEN(names));
	return done();
}
