/*
 * record - writes a configuration record for a test that starts one helper by
 * itself: record [-s session-uid] setting=value...  to standard output.  A
 * list's values are separated by commas.
 */
#include "config.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/conf.h"
#include "lib/plan.h"

#define VALUES 16

static void
set(struct conf *c, char *word)
{
	const char *texts[VALUES];
	char why[256], *value = strchr(word, '='), *comma;
	struct origin from = { .file = "test", .line = 1 };
	size_t n = 0;

	if (value == NULL)
		errx(64, "%s: no value", word);
	for (*value++ = '\0'; n < VALUES; value = comma + 1) {
		comma = strchr(value, ',');
		texts[n++] = value;
		if (comma == NULL)
			break;
		*comma = '\0';
	}
	if (conf_set(&c->server, word, texts, n, from, why, sizeof(why)) == -1)
		errx(78, "%s", why);
}

static struct plan
example(uid_t session)
{
	struct plan p = {
		.conf_at = sizeof(p), .sections = { { .most = 1 } },
		.max_share = 100, .half_life_ms = 1, .counter_rows = 1,
		.prefix4 = 24,
		.prefix6 = 64, .backlog = 1, .template_connections = 1,
		.template_age_ms = 1000, .start_ms = 1000,
		.nsockets = 1,
		.sockets = { { .at = { .family = 4 } } },
		.hostname = "mx.example.org"
	};

	for (int i = 0; i < PLAN_USERS; i++)
		p.users[i].uid = (uid_t)(64000 + i);
	p.users[PLAN_SESSION].uid = session;
	return p;
}

int
main(int argc, char *argv[])
{
	static struct conf *c;	/* static: known to the end, never freed */
	static struct buf b, why;
	struct plan p;
	uid_t session = 65534;
	int i = 1;

	c = conf_new();
	if (argc > 2 && strcmp(argv[1], "-s") == 0) {
		session = (uid_t)strtoul(argv[2], NULL, 10);
		i = 3;
	}
	for (; i < argc; i++)
		set(c, argv[i]);
	buf_init(&why, 4096);
	buf_init(&b, 1 << 20);
	if (conf_complete(c, &why) == -1)
		errx(78, "%s", buf_str(&why));
	p = example(session);
	if (conf_pack(c, &b) == -1)
		errx(70, "the record does not fit");
	p.conf_len = b.len;
	if (plan_write(STDOUT_FILENO, &p) == -1 ||
	    pwrite(STDOUT_FILENO, b.p, b.len, (off_t)p.conf_at) !=
	    (ssize_t)b.len)
		err(71, "standard output");
	return 0;
}
