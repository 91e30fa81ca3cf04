/*
 * check_machine - which layers of a session's sandbox this machine offers,
 * found out by entering it; whether we may listen at the ports; and how
 * sessions were linked.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/priv.h"
#include "lib/text.h"
#include "smtpsrvr/sandbox.h"
#include "tools/check.h"

/* What the child that tried tells us, in shared memory: its filter is on. */
struct tried {
	struct sandbox box;
	bool failed, done;
};

static const struct {
	int layer;
	const char *name;
} layers[] = {
	{ SANDBOX_NETWORK, "network namespace" },
	{ SANDBOX_ROOT, "root directory" },
	{ SANDBOX_USER, "user" },
	{ SANDBOX_LIMITS, "limits" },
	{ SANDBOX_LANDLOCK, "landlock" },
	{ SANDBOX_FILTER, "system call filter" },
};

static void
try(const struct check *k, struct tried *t)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		t->failed = sandbox_template(&t->box, SANDBOX_ALL, "/",
		    &k->plan->users[PLAN_SESSION]) != 0;
		t->done = true;
		_exit(0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
}

static void
report(const struct check *k, const struct sandbox *b)
{
	char have[256] = "";
	int abi = 0, rules = priv_landlock_rules(&abi);

	if (rules >= 0)
		close(rules);
	for (size_t i = 0; i < ARRAY_LEN(layers); i++) {
		size_t n = strlen(have);

		if ((b->missing & layers[i].layer) == 0)
			snprintf(have + n, sizeof(have) - n, "%s%s",
			    n > 0 ? ", " : "", layers[i].name);
	}
	finding(k->f, FINDING_OK, FINDING_NOWHERE,
	    "sandbox: %s (landlock version %d)", have, abi);
	if (b->missing != 0)
		finding(k->f, FINDING_WARNING, FINDING_NOWHERE, "sandbox: "
		    "this machine does not give us: %s; sessions do without",
		    b->why);
}

/* Who upgrades a library must know. */
static void
check_build(const struct check *k)
{
#ifdef STATIC_SESSION
	finding(k->f, FINDING_OK, FINDING_NOWHERE, "sessions: linked "
	    "statically: a new libc, GDBM or PCRE2 takes a new build of Inlet");
#else
	finding(k->f, FINDING_OK, FINDING_NOWHERE, "sessions: linked "
	    "dynamically: a new libc, GDBM or PCRE2 takes a restart");
#endif
}

static void
check_sandbox(const struct check *k)
{
	struct tried *t = mmap(NULL, sizeof(*t), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (t == MAP_FAILED) {
		finding(k->f, FINDING_WARNING, FINDING_NOWHERE,
		    "sandbox: it could not be tried: %s", strerror(errno));
		return;
	}
	try(k, t);
	if (!t->done)
		finding(k->f, FINDING_ERROR, FINDING_NOWHERE,
		    "sandbox: a process that enters it dies");
	else if (t->failed)
		finding(k->f, FINDING_ERROR, FINDING_NOWHERE,
		    "sandbox: sessions cannot start: %s", t->box.why);
	else
		report(k, &t->box);
	munmap(t, sizeof(*t));
}

/* The first port that needs no privilege. */
static int64_t
first_free_port(void)
{
	int fd = open("/proc/sys/net/ipv4/ip_unprivileged_port_start",
	    O_RDONLY | O_CLOEXEC);
	char text[16] = "";
	int64_t n = 1024;

	if (fd < 0)
		return n;
	if (read(fd, text, sizeof(text) - 1) <= 0)
		text[0] = '\0';
	close(fd);
	text[strcspn(text, "\n")] = '\0';
	return text_number(text, 0, 65535, &n) == 0 ? n : 1024;
}

static void
check_ports(const struct check *k)
{
	int64_t first = first_free_port();

	for (int i = 0; i < k->conf->nlisteners; i++) {
		const struct section *s = &k->conf->listeners[i];

		if (geteuid() != 0 && s->v.port < first)
			finding(k->f, FINDING_WARNING, s->from[SETTING_port],
			    "listener \"%s\": port %d needs root, or a socket "
			    "that is handed over", s->title, (int)s->v.port);
	}
}

void
check_machine(const struct check *k)
{
	check_build(k);
	check_sandbox(k);
	check_ports(k);
}
