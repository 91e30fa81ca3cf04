/*
 * tables - what tables cost: to open, to have at a fork, to ask.
 *
 *	bench/tables none | KIND FILE [KEY...]
 *
 * Keys are asked in turn, as a session would; for each fork the child asks
 * the first key once.  Prints microseconds.
 */
#include "config.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
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
			_exit(key != NULL &&
			    tb_find(t, key, NULL, NULL) == TB_LATER);
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

int
main(int argc, char *argv[])
{
	int64_t start = clock_wall_us();
	struct tb *t = NULL;

	if (argc != 2 && argc < 4) {
		fprintf(stderr, "usage: tables none | kind file key...\n");
		return EX_USAGE;
	}
	if (argc > 3) {
		t = open_table(argv[1], argv[2]);
		printf("open            %10" PRId64 "\n",
		    clock_wall_us() - start);
	}
	printf("fork            %10.1f\n", time_forks(t, NULL));
	if (t != NULL) {
		printf("fork and ask    %10.1f\n", time_forks(t, argv[3]));
		printf("ask             %10.3f\n",
		    time_finds(t, argv + 3, argc - 3));
	}
	tb_close(t);
	return 0;
}
