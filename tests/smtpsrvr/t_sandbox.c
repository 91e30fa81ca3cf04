/*
 * sandbox: each layer alone forbids what it is there for, and without it the
 * same attempt succeeds; all layers together forbid all of them.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "smtpsrvr/sandbox.h"
#include "tests/tap.h"

static char scratch[] = "/tmp/t_sandbox.XXXXXX";
static char secret[64];
static struct sockaddr_in door;		/* a listening socket of ours */
static const struct proc_user nobody = { 65534, 65534 };

/* What the child answers: done, denied; a signal is denied too. */
enum { DONE, DENIED, BROKEN, MISSING };

static int
connect_out(void)
{
	int s = socket(AF_INET, SOCK_STREAM, 0);

	if (s < 0)
		return DENIED;
	return connect(s, (struct sockaddr *)&door, sizeof door) == 0 ?
	    DONE : DENIED;
}

static int
read_passwd(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0 ? DONE : DENIED;
}

static int
read_secret(void)
{
	return open(secret, O_RDONLY) >= 0 ? DONE : DENIED;
}

static int
become_root(void)
{
	return setuid(0) == 0 ? DONE : DENIED;
}

static int
write_file(void)
{
	char name[96];
	int fd;

	snprintf(name, sizeof name, "%s/written", scratch);
	fd = open(name, O_WRONLY | O_CREAT, 0600);
	return fd >= 0 && write(fd, "x", 1) == 1 ? DONE : DENIED;
}

static int
many_descriptors(void)
{
	for (int i = 0; i < 200; i++)
		if (dup(0) < 0)
			return DENIED;
	return DONE;
}

static int
signal_parent(void)
{
	return kill(getppid(), 0) == 0 ? DONE : DENIED;
}

static int
make_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p != MAP_FAILED ? DONE : DENIED;
}

static int
run_program(void)
{
	char *argv[] = { scratch, NULL };	/* any name */

	execv("/bin/true", argv);
	return DENIED;
}

static int
have_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0 ? DONE : DENIED;
}

static int
attempt(int layers, int (*what)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct sandbox b;

		alarm(20);
		if (layers != 0 && (sandbox_template(&b, layers, scratch,
		    &nobody) != 0 || sandbox_session(&b) != 0))
			_exit(BROKEN);
		if (layers != 0 && (b.missing & layers) == layers)
			_exit(MISSING);
		_exit(what());
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return BROKEN;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ||
		    WTERMSIG(status) == SIGXFSZ ? DENIED : BROKEN;
	return WEXITSTATUS(status);
}

struct layer_case {
	const char *what;
	int layer;
	int (*attempt)(void);
	bool root;	/* only root can do it without the layer */
};

static const struct layer_case cases[] = {
	{ "network: connect out", SANDBOX_NETWORK, connect_out, false },
	{ "root: read /etc/passwd", SANDBOX_ROOT, read_passwd, false },
	{ "user: read root's file", SANDBOX_USER, read_secret, true },
	{ "user: become root", SANDBOX_USER, become_root, true },
	{ "files: write one", SANDBOX_FILES, write_file, false },
	{ "limits: 200 descriptors", SANDBOX_LIMITS, many_descriptors,
	    false },
	{ "limits: memory for code", SANDBOX_LIMITS, make_code, false },
	{ "landlock: read /etc/passwd", SANDBOX_LANDLOCK, read_passwd,
	    false },
	{ "landlock: signal the parent", SANDBOX_LANDLOCK, signal_parent,
	    false },
	{ "filter: connect out", SANDBOX_FILTER, connect_out, false },
	{ "filter: read /etc/passwd", SANDBOX_FILTER, read_passwd, false },
	{ "filter: memory for code", SANDBOX_FILTER, make_code, false },
	{ "filter: run a program", SANDBOX_FILTER, run_program, false },
	{ "filter: fork", SANDBOX_FILTER, have_child, false },
};

static bool
no_filter(int layer)
{
#ifdef SANITIZERS
	/* A sanitizer makes calls of its own: no filter there (priv.h). */
	return layer == SANDBOX_FILTER;
#else
	(void)layer;
	return false;
#endif
}

static void
each_layer(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct layer_case *c = &cases[i];
		char what[96];
		int got;

		if ((c->root && geteuid() != 0) || no_filter(c->layer) ||
		    (c->attempt == make_code && c->layer == SANDBOX_LIMITS &&
		    prctl(66, 0, 0, 0, 0) < 0)) {	/* PR_GET_MDWE */
			skip(c->what);
			skip(c->what);
			continue;
		}
		snprintf(what, sizeof what, "%s: without it", c->what);
		got = attempt(0, c->attempt);
		ok(got == DONE, what);
		got = attempt(c->layer, c->attempt);
		if (got == MISSING) {
			skip(c->what);
			continue;
		}
		ok(got == DENIED, c->what);
		if (got != DENIED)
			printf("# %d\n", got);
	}
}

static void
all_layers(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char what[96];
		int got = attempt(SANDBOX_ALL, cases[i].attempt);

		snprintf(what, sizeof what, "%s: with all", cases[i].what);
		if (no_filter(cases[i].layer) || (cases[i].root &&
		    geteuid() != 0))
			skip(what);
		else
			ok(got == DENIED, what);
	}
}

int
main(void)
{
	socklen_t len = sizeof door;
	int s = socket(AF_INET, SOCK_STREAM, 0), fd;

	door.sin_family = AF_INET;
	door.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (mkdtemp(scratch) == NULL || chmod(scratch, 0755) != 0 ||
	    bind(s, (struct sockaddr *)&door, sizeof door) != 0 ||
	    listen(s, 5) != 0 ||
	    getsockname(s, (struct sockaddr *)&door, &len) != 0)
		return 1;
	snprintf(secret, sizeof secret, "%s/secret", scratch);
	fd = open(secret, O_WRONLY | O_CREAT, 0600);
	each_layer();
	all_layers();
	close(fd);
	unlink(secret);
	snprintf(secret, sizeof secret, "%s/written", scratch);
	unlink(secret);
	rmdir(scratch);
	return done();
}
