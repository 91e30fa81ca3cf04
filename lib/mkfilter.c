/*
 * mkfilter - compiles lib/filters.def and prints it as C.
 *
 * Runs when Inlet is built; the programs contain what it printed and link no
 * library for it.  The filters are for the machine that builds.
 */
#include "config.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/mm.h"
#include "lib/priv.h"

enum {
	SESSION = 1 << 0, TEMPLATE = 1 << 1, SUBMIT = 1 << 2,
	LOOKUP = 1 << 3, LOGGER = 1 << 4, KEYSRVR = 1 << 5,
	AUTHSRVR = 1 << 6,
	ALL = SESSION | TEMPLATE | SUBMIT | LOOKUP | LOGGER | KEYSRVR |
	    AUTHSRVR
};

static const struct {
	const char *name;
	int bit;
} processes[] = {
	{ "session", SESSION }, { "template", TEMPLATE },
	{ "submit", SUBMIT }, { "lookup", LOOKUP }, { "logger", LOGGER },
	{ "keysrvr", KEYSRVR }, { "authsrvr", AUTHSRVR }
};

enum rule {
	ANY,
	UNIX,		/* socket: unix sockets only */
	UNIX_OR_INET,
	NO_CODE,	/* mmap, mprotect: nothing that can be executed */
	FORK,		/* clone: a plain process, no namespace, no sharing */
	THREAD,		/* clone: threads only, no process */
	NOT_THERE,	/* fails with ENOSYS instead */
	OWN_BITS,	/* prctl: giving up rights, and the name */
	OWN,		/* prlimit64: of oneself */
	HOW_MUCH,	/* ioctl: FIONREAD, FIONBIO */
	ADDING,		/* openat: to append */
	UNSHARED	/* a descriptor that nobody else has (priv.h) */
};

/*
 * An allowed call of a rule: the argument with the mask applied must be the
 * value.  A rule with several rows allows each.
 */
static const struct {
	enum rule rule;
	unsigned argument;
	uint64_t mask, value;
} rules[] = {
	{ UNIX, 0, UINT32_MAX, AF_UNIX },
	{ UNIX_OR_INET, 0, UINT32_MAX, AF_UNIX },
	{ UNIX_OR_INET, 0, UINT32_MAX, AF_INET },
	{ UNIX_OR_INET, 0, UINT32_MAX, AF_INET6 },
	{ NO_CODE, 2, PROT_EXEC, 0 },
	/* Beside the signal in the low byte, what glibc's fork sets. */
	{ FORK, 0, ~(uint64_t)(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID |
	    CSIGNAL), 0 },
	{ THREAD, 0, CLONE_THREAD, CLONE_THREAD },
	{ OWN_BITS, 0, UINT32_MAX, PR_SET_NO_NEW_PRIVS },
	{ OWN_BITS, 0, UINT32_MAX, PR_GET_NO_NEW_PRIVS },
	{ OWN_BITS, 0, UINT32_MAX, PR_SET_DUMPABLE },
	{ OWN_BITS, 0, UINT32_MAX, PR_GET_DUMPABLE },
	{ OWN_BITS, 0, UINT32_MAX, PR_SET_SECCOMP },
	{ OWN_BITS, 0, UINT32_MAX, PR_SET_NAME },
	{ OWN, 0, UINT32_MAX, 0 },
	{ HOW_MUCH, 1, UINT32_MAX, FIONREAD },
	{ HOW_MUCH, 1, UINT32_MAX, FIONBIO },
	{ ADDING, 2, O_APPEND | O_TRUNC, O_APPEND },
	{ UNSHARED, 0, UINT32_MAX & ~(uint64_t)(PRIV_SHARED - 1), 0 }
};

static const struct {
	int processes, call;
	const char *name;
	enum rule rule;
} calls[] = {
#define CALL(processes, call, rule) \
	{ processes, SCMP_SYS(call), #call, rule },
#include "lib/filters.def"
#undef CALL
};

static void
must(int result, const char *process, const char *what)
{
	if (result < 0)
		errx(EX_SOFTWARE, "%s: %s: %s", process, what,
		    strerror(-result));
}

static void
add(scmp_filter_ctx ctx, const char *process, size_t i)
{
	const char *name = calls[i].name;
	int call = calls[i].call;

	/* Before others, as in the table; what is far down does not matter. */
	if (i < 200)
		must(seccomp_syscall_priority(ctx, call, (uint8_t)(255 - i)),
		    process, name);
	if (calls[i].rule == ANY)
		must(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0), process,
		    name);
	if (calls[i].rule == NOT_THERE)
		must(seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), call, 0),
		    process, name);
	for (size_t j = 0; j < ARRAY_LEN(rules); j++)
		if (rules[j].rule == calls[i].rule)
			must(seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1,
			    SCMP_CMP(rules[j].argument, SCMP_CMP_MASKED_EQ,
			    rules[j].mask, rules[j].value)), process, name);
}

/* The code by way of a file without a name: libseccomp wants a descriptor. */
static void
print(scmp_filter_ctx ctx, const char *process)
{
	struct sock_filter f;
	FILE *code = tmpfile();

	if (code == NULL)
		err(EX_OSERR, "tmpfile");
	must(seccomp_export_bpf(ctx, fileno(code)), process, "export");
	rewind(code);
	printf("\nstatic const struct sock_filter %s_code[] = {\n", process);
	while (fread(&f, sizeof(f), 1, code) == 1)
		printf("\t{ 0x%04x, %u, %u, 0x%08x },\n", (unsigned)f.code,
		    (unsigned)f.jt, (unsigned)f.jf, (unsigned)f.k);
	printf("};\n");
	fclose(code);
}

int
main(void)
{
	printf("/* Printed by mkfilter from lib/filters.def. */\n");
	for (size_t p = 0; p < ARRAY_LEN(processes); p++) {
		const char *name = processes[p].name;
		scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);

		if (ctx == NULL)
			errx(EX_OSERR, "seccomp_init");
		must(seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
		    SCMP_ACT_KILL_PROCESS), name, "architecture");
		for (size_t i = 0; i < ARRAY_LEN(calls); i++)
			if (calls[i].call >= 0 &&
			    calls[i].processes & processes[p].bit)
				add(ctx, name, i);
		print(ctx, name);
		seccomp_release(ctx);
	}
	if (fflush(stdout) != 0)
		err(EX_IOERR, "standard output");
	return 0;
}
