/*
 * asker - asks the pool of workers, for tests of the back ends.
 *
 *	asker setting=value ...
 *
 * A setting that is there more than once is a list.  Each line of standard
 * input is a question: login, tab, password; or, with a third field, a
 * mechanism whose client says the second.  The answers come in the order of
 * the questions, which are asked one after the other.
 */
#include "config.h"

#include <sys/epoll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "authsrvr/worker.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/text.h"

static void
answered(void *ctx, uint64_t id, const struct verify_result *r)
{
	static const char *const words[] = { "YES", "NO", "LATER" };
	bool *waits = ctx;

	(void)id;
	printf("%s %s %s %s\n", words[r->answer], r->backend,
	    r->answer == VERIFY_YES ? r->login : r->why, r->challenge);
	fflush(stdout);
	*waits = false;
}

static void
set(struct conf *c, int argc, char **argv)
{
	const char *values[32];
	char why[300];
	size_t n;

	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (value == NULL)
			continue;
		*value = '\0';
		values[0] = value + 1;
		n = 1;
		for (int k = i + 1; k < argc; k++) {
			size_t len = strlen(argv[i]);

			if (strncmp(argv[k], argv[i], len) == 0 &&
			    argv[k][len] == '=' && n < 32) {
				values[n++] = argv[k] + len + 1;
				argv[k] += strlen(argv[k]);
			}
		}
		if (conf_set(&c->server, argv[i], values, n,
		    (struct origin){ "asker", i }, why, sizeof(why)) != 0)
			fatal(64, "%s: %s", argv[i], why);
	}
}

static void
ask(struct workers *w, int epoll, char *line, bool *waits)
{
	struct verify_question q = { .client = { .family = 4,
		.ip = { 192, 0, 2, 7 } } };
	char *secret = strchr(line, '\t'), *mechanism;
	struct epoll_event e;

	if (secret == NULL)
		return;
	*secret++ = '\0';
	mechanism = strchr(secret, '\t');
	q.kind = mechanism != NULL ? VERIFY_TOKEN : VERIFY_PASSWORD;
	q.tls = 1;
	if (mechanism != NULL)
		*mechanism++ = '\0';
	if (text_copy(q.login, sizeof(q.login), line) == -1 ||
	    text_copy(q.secret, sizeof(q.secret), secret) == -1 ||
	    text_copy(q.mechanism, sizeof(q.mechanism), mechanism != NULL ?
	    mechanism : "PLAIN") == -1)
		fatal(64, "too long");
	q.secret_len = (uint16_t)strlen(q.secret);
	/* In a token a \1 is written as ^. */
	for (size_t i = 0; mechanism != NULL && i < q.secret_len; i++)
		if (q.secret[i] == '^')
			q.secret[i] = 1;
	*waits = true;
	if (workers_ask(w, 1, &q) == -1)
		fatal(70, "too many questions");
	while (*waits) {
		if (epoll_wait(epoll, &e, 1, workers_wait(w, -1)) == 1)
			workers_event(w, e.data.u64, e.events);
		workers_tick(w, clock_ms());
	}
}

int
main(int argc, char **argv)
{
	struct conf *c = conf_new();
	int epoll = epoll_create1(0);
	bool waits = false;
	struct workers *w;
	char line[16384];
	struct buf why;

	log_open("asker", -1, LEVEL_ERROR);
	buf_init(&why, 65536);
	set(c, argc, argv);
	if (conf_complete(c, &why) != 0)
		fatal(78, "%s", buf_str(&why));
	w = workers_new(c, epoll, 3, answered, &waits);
	if (w == NULL)
		fatal(71, "authworker cannot be started");
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		ask(w, epoll, line, &waits);
	}
	workers_free(w);
	conf_free(c);
	buf_free(&why);
	return 0;
}
