/*
 * t_worker - the pool: who is asked when, who is late, who is killed.
 *
 * The back end is a script, whose login says how it behaves.
 */
#include "config.h"

#include <sys/epoll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "authsrvr/worker.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/text.h"
#include "tests/tap.h"

#define SCRIPT "#!/bin/sh\n" \
	"case $1 in\n" \
	"late) sleep 300 & echo $! >$0.pid; wait;;\n" \
	"crash) kill -9 $PPID;;\n" \
	"later) exit 75;;\n" \
	"wait*) while [ ! -e $0.go ]; do sleep 0.01; done;;\n" \
	"esac\n" \
	"read -r password\n" \
	"[ \"$password\" = \"good\" ]\n"

enum { MOST = 64, TRIES = 20 };

static struct {
	int n;			/* answers so far */
	uint64_t order[MOST];
	struct verify_result of[MOST];	/* by id */
} got;

static char folder[] = "/tmp/t_worker.XXXXXX";
static char script[64], pid_file[80], go[80];

static void
answered(void *ctx, uint64_t id, const struct verify_result *r)
{
	(void)ctx;
	if (got.n < MOST && id < MOST) {
		got.order[got.n++] = id;
		got.of[id] = *r;
	}
}

static void
set(struct conf *c, const char *name, const char *value)
{
	char why[200];

	if (conf_set(&c->server, name, &value, 1, (struct origin){ "t", 1 },
	    why, sizeof(why)) != 0)
		printf("Bail out! %s: %s\n", name, why);
}

static struct workers *
begin(int epoll, const char *n, const char *time)
{
	const char *top = getenv("top_builddir");
	struct conf *c = conf_new();
	struct workers *w;
	char bin[400];

	snprintf(bin, sizeof(bin), "%s/tests/bin", top != NULL ? top : ".");
	set(c, "program-directory", bin);
	set(c, "auth-backends", "pipe");
	set(c, "auth-pipe", script);
	set(c, "auth-workers", n);
	set(c, "auth-worker-time", time);
	w = workers_new(c, epoll, 7, answered, NULL);
	conf_free(c);
	memset(&got, 0, sizeof(got));
	return w;
}

static int
ask(struct workers *w, uint64_t id, const char *login, const char *password,
    int host)
{
	struct verify_question q = { .kind = VERIFY_PASSWORD, .client = {
		.family = 4, .ip = { 192, 0, 2, (uint8_t)host } } };

	if (text_copy(q.login, sizeof(q.login), login) == -1 ||
	    text_copy(q.secret, sizeof(q.secret), password) == -1)
		return -1;
	q.secret_len = (uint16_t)strlen(password);
	return workers_ask(w, id, &q);
}

/* Until there are so many answers, or for a minute. */
static void
until(struct workers *w, int epoll, int n)
{
	int64_t end = clock_ms() + 60000;
	struct epoll_event e;

	while (got.n < n && clock_left(end) > 0) {
		if (epoll_wait(epoll, &e, 1, workers_wait(w, 1000)) == 1) {
			if (e.data.u64 >> 32 != 7)
				return;
			workers_event(w, e.data.u64, e.events);
		}
		workers_tick(w, clock_ms());
	}
}

static void
let_go(void)
{
	FILE *f = fopen(go, "w");

	if (f != NULL)
		fclose(f);
}

/* The pool is gone, and its one child ends by itself. */
static void
end(struct workers *w, int epoll)
{
	int status = -1;

	workers_free(w);
	close(epoll);
	ok(waitpid(-1, &status, 0) > 0 && WIFEXITED(status) &&
	    WEXITSTATUS(status) == 0, "authworker ends with the pool");
	(void)!unlink(go);
}

static void
answers(void)
{
	int epoll = epoll_create1(0);
	struct workers *w = begin(epoll, "2", "30s");

	if (!ok(w != NULL, "a pool"))
		return;
	num(ask(w, 1, "jane", "good", 1), 0, "a question");
	num(ask(w, 2, "jane", "bad", 1), 0, "another");
	num(ask(w, 3, "later", "good", 2), 0, "a third");
	num(ask(w, 4, "Jane@X.org", "good", 3), 0, "a fourth");
	num(got.n, 0, "nothing is answered within the asking");
	until(w, epoll, 4);
	num(got.of[1].answer, VERIFY_YES, "yes");
	is(got.of[1].login, "jane", "it is she");
	is(got.of[1].backend, "pipe", "says pipe");
	num(got.of[2].answer, VERIFY_NO, "no");
	num(got.of[3].answer, VERIFY_LATER, "later");
	ok(strstr(got.of[3].why, "exit 75") != NULL, "and why");
	is(got.of[4].login, "jane@x.org", "a login in its one form");
	num(ask(w, 5, "-x", "good", 1), 0, "a login like an option");
	num(ask(w, 6, "jane", "good\ngood", 1), 0, "a password of two lines");
	num(ask(w, 7, "ja:ne", "good", 1), 0, "nobody's login");
	num(ask(w, 8, "jane", "", 1), 0, "no password");
	until(w, epoll, 8);
	for (int i = 5; i <= 8; i++)
		num(got.of[i].answer, VERIFY_NO, "no");
	end(w, epoll);
}

static pid_t
started(void)
{
	FILE *f = fopen(pid_file, "r");
	char line[32] = "";
	int64_t n = 0;

	if (f != NULL) {
		if (fgets(line, sizeof(line), f) == NULL)
			line[0] = '\0';
		fclose(f);
	}
	line[strcspn(line, "\n")] = '\0';
	return text_number(line, 1, INT32_MAX, &n) == 0 ? (pid_t)n : -1;
}

static void
lateness(void)
{
	int epoll = epoll_create1(0);
	struct workers *w = begin(epoll, "1", "1s");
	pid_t child = -1;
	int n = 0;

	/* On a slow machine the script may not have begun by then. */
	do {
		if (ask(w, 1, "late", "good", 1) == -1)
			break;
		until(w, epoll, ++n);
	} while ((child = started()) == -1 && n < TRIES &&
	    got.of[1].answer == VERIFY_LATER);
	num(got.of[1].answer, VERIFY_LATER, "one who is late is answered for");
	ok(child > 0, "a process was left behind");
	for (int i = 0; i < 1000 && kill(child, 0) == 0; i++)
		usleep(10000);
	ok(child > 0 && kill(child, 0) == -1, "and is killed");
	num(ask(w, 2, "crash", "good", 1), 0, "one who dies");
	until(w, epoll, ++n);
	num(got.of[2].answer, VERIFY_LATER, "is answered for, too");
	do {
		if (ask(w, 3, "jane", "good", 1) == -1)
			break;
		until(w, epoll, ++n);
	} while (got.of[3].answer == VERIFY_LATER && n < 2 * TRIES);
	num(got.of[3].answer, VERIFY_YES, "the next one has a worker again");
	num(ask(w, 4, "late", "good", 1), 0, "with one at work");
	num(ask(w, 5, "jane", "good", 1), 0, "who waits too long");
	workers_tick(w, clock_ms() + 1500);
	num(got.of[5].answer, VERIFY_LATER, "hears later");
	is(got.of[5].why, "all workers are busy", "and why");
	until(w, epoll, n + 2);
	num(got.of[4].answer, VERIFY_LATER, "as does who was late");
	end(w, epoll);
}

static void
fairness(void)
{
	int epoll = epoll_create1(0), accepted = 0, at = -1;
	struct workers *w = begin(epoll, "4", "30s");

	for (int i = 0; i < 40; i++)
		accepted += ask(w, (uint64_t)i, "wait", "good", 1) == 0;
	num(accepted, 3 + 4 * 32 / 4, "of one client's questions so many "
	    "wait");
	num(ask(w, 50, "jane", "good", 2), 0, "another client");
	until(w, epoll, 1);
	num(got.order[0], 50, "has its answer before them all");
	workers_forget(w, 4);
	num(ask(w, 51, "wait", "bad", 2), 0, "again");
	num(ask(w, 52, "wait", "bad", 2), 0, "and again");
	let_go();
	until(w, epoll, accepted + 2);
	num(got.n, accepted + 2, "all are answered, but who was forgotten");
	for (int i = 0; i < got.n; i++)
		if (got.order[i] == 52)
			at = i;
	ok(at >= 0 && at < 20, "the other client's are not the last ones");
	num(got.of[51].answer, VERIFY_NO, "and each has its own");
	end(w, epoll);
}

int
main(void)
{
	FILE *f;

	log_open("t_worker", -1, LEVEL_ERROR);
	if (mkdtemp(folder) == NULL) {
		puts("Bail out! no folder");
		return 1;
	}
	snprintf(script, sizeof(script), "%s/check", folder);
	snprintf(pid_file, sizeof(pid_file), "%s.pid", script);
	snprintf(go, sizeof(go), "%s.go", script);
	f = fopen(script, "w");
	if (f == NULL || fputs(SCRIPT, f) == EOF || fclose(f) == EOF ||
	    chmod(script, 0755) == -1) {
		puts("Bail out! no script");
		return 1;
	}
	answers();
	lateness();
	fairness();
	(void)!unlink(script);
	(void)!unlink(pid_file);
	(void)!rmdir(folder);
	return done();
}
