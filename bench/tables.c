/*
 * tables - what tables cost: to open, to have at a fork, to ask.
 *
 *	bench/tables none | KIND FILE [KEY...]
 *
 * Keys are asked in turn, as a session would; for each fork the child asks
 * the first key once.  Prints microseconds, and KiB of memory of our own and
 * of a child's that has asked; "none" is what all of it costs without a table.
 */
#include "config.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "tables/tb.h"

#define FORKS 2000
#define FINDS 1000000

static struct tb *
open_table(const char *kind, const char *path)
{
	struct conf *c = conf_new();
	struct origin here = { "command line", 0 };
	struct section *s;
	char text[256];
	struct buf why;
	struct tb *t;

	if (conf_add(c, TABLE, "table", here, &s, text, sizeof(text)) == -1 ||
	    conf_set(s, "type", &kind, 1, here, text, sizeof(text)) == -1 ||
	    conf_set(s, "file", &path, 1, here, text, sizeof(text)) == -1)
		errx(EX_USAGE, "%s", text);
	buf_init(&why, 4096);
	t = tb_open(c, s, &why);
	if (t == NULL)
		errx(EX_NOINPUT, "%s", buf_str(&why));
	buf_free(&why);
	conf_free(c);
	return t;
}

/*
 * KiB that this process shares with nobody, pages of shared mappings not
 * counted: they are there once, whoever looks at them.  -1 if nobody says.
 */
static int
private_now(void)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[512], mode[8] = "";
	int kib = -1, n;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
		(void)sscanf(line, "%*x-%*x %7s", mode);
		if (mode[3] != 's' &&
		    (sscanf(line, "Private_Clean: %d", &n) == 1 ||
		    sscanf(line, "Private_Dirty: %d", &n) == 1))
			kib = (kib == -1 ? 0 : kib) + n;
	}
	if (f != NULL)
		(void)fclose(f);
	return kib;
}

/* What the children say of themselves. */
static struct {
	int64_t ask[FORKS];	/* ns until the first answer */
	int private;
} *told;

static int64_t
now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* A child's life: one question, if there is a key. */
static int
child(struct tb *t, const char *key, int i)
{
	int64_t start = now_ns();
	struct netaddr a;
	enum tb_answer answer;

	if (key == NULL)
		return 0;
	answer = net_parse(key, &a) == 0 ? tb_find_address(t, &a, NULL, NULL) :
	    tb_find_name(t, key, NULL, NULL);
	told->ask[i] = now_ns() - start;
	if (i == FORKS - 1)
		told->private = private_now();
	return answer == TB_LATER;
}

/* Forks, waits; the child asks for key unless it is null. */
static double
time_forks(struct tb *t, const char *key)
{
	int64_t start = clock_wall_us();
	int i;

	for (i = 0; i < FORKS; i++) {
		pid_t pid = fork();

		if (pid == -1)
			err(EX_OSERR, "fork");
		if (pid == 0)
			_exit(child(t, key, i));
		(void)waitpid(pid, NULL, 0);
	}
	return (double)(clock_wall_us() - start) / FORKS;
}

static double
time_finds(struct tb *t, char *keys[], int n)
{
	int64_t start = clock_wall_us();
	int i;

	for (i = 0; i < FINDS; i++)
		if (tb_find(t, keys[i % n], NULL, NULL) == TB_LATER)
			errx(EX_DATAERR, "%s: later", keys[i % n]);
	return (double)(clock_wall_us() - start) / FINDS;
}

static int
by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
tell_first(void)
{
	qsort(told->ask, FORKS, sizeof(told->ask[0]), by_value);
	printf("first answer    %10.1f\n99 of 100       %10.1f\n",
	    (double)told->ask[FORKS / 2] / 1000,
	    (double)told->ask[FORKS - FORKS / 100] / 1000);
	printf("child's KiB     %10d\n", told->private);
}

int
main(int argc, char *argv[])
{
	int64_t start = clock_wall_us();
	struct tb *t = NULL;

	if (argc != 2 && argc < 4) {
		fprintf(stderr, "usage: tables none | kind file key...\n");
		return EX_USAGE;
	}
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		err(EX_OSERR, "mmap");
	if (argc > 3) {
		t = open_table(argv[1], argv[2]);
		printf("open            %10" PRId64 "\n",
		    clock_wall_us() - start);
	}
	printf("our KiB         %10d\n", private_now());
	printf("fork            %10.1f\n", time_forks(t, NULL));
	if (t != NULL) {
		printf("fork and ask    %10.1f\n", time_forks(t, argv[3]));
		tell_first();
		printf("ask             %10.3f\n",
		    time_finds(t, argv + 3, argc - 3));
	}
	tb_close(t);
	return 0;
}
