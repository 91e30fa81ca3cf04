/*
 * stage - see stage.h.
 */
#include "config.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/text.h"
#include "lib/xalloc.h"
#include "tests/submit/stage.h"

static void
die(const char *what, const char *why)
{
	printf("Bail out! %s: %s\n", what, why);
	exit(1);
}

static void
set(struct section *s, const char *name, const char *const *texts, size_t n)
{
	struct origin from = { "stage", 1 };
	char why[512];

	if (conf_set(s, name, texts, n, from, why, sizeof(why)) != 0)
		die(name, why);
}

static void
set1(struct section *s, const char *name, const char *text)
{
	set(s, name, &text, 1);
}

static struct section *
add(struct conf *c, enum setting_scope scope, const char *title)
{
	struct origin from = { "stage", 1 };
	struct section *s;
	char why[512];

	if (conf_add(c, scope, title, from, &s, why, sizeof(why)) != 0)
		die(title, why);
	return s;
}

static void
add_table(struct conf *c, const char *title, const char *const *rows, size_t n)
{
	struct section *s = add(c, TABLE, title);

	set1(s, "type", "list");
	set(s, "rows", rows, n);
}

static void
add_tables(struct conf *c)
{
	static const char *const local[] = { "example.org", "127.0.0.1" };
	static const char *const lan[] = { "192.0.2.7", "client.example.net",
		"inside.example.net" };
	static const char *const nodes[] = { "example.org", "@example.org",
		"none.example", "busy.example" };
	static const char *const boxes[] = { "user@example.org",
		"other@example.org" };
	static const char *const aliases[] = {
		"both@example.org: user@example.org, other@example.org" };

	static const char *const logins[] = { "jo: news@example.net" };

	add_table(c, "logins", logins, ARRAY_LEN(logins));
	set1(&c->server, "sender-logins", "logins");
	add_table(c, "local-hosts", local, ARRAY_LEN(local));
	add_table(c, "lan-hosts", lan, ARRAY_LEN(lan));
	add_table(c, "nodes", nodes, ARRAY_LEN(nodes));
	add_table(c, "boxes", boxes, ARRAY_LEN(boxes));
	add_table(c, "aliases", aliases, ARRAY_LEN(aliases));
}

struct conf *
stage_conf(const char *spool, const char *run)
{
	struct conf *c = conf_new();
	struct section *s;

	set1(&c->server, "hostname", "mx.example.org");
	set1(&c->server, "spool-directory", spool);
	set1(&c->server, "run-directory", run);
	set1(&c->server, "min-free-space", "1");
	set1(&c->server, "min-free-inodes", "1");
	add_tables(c);
	s = add(c, LISTENER, "smtp");
	set1(s, "port", "25");
	s = add(c, CHANNEL, "local");
	set1(s, "table", "local-hosts");
	set1(s, "program", "local");
	set1(s, "mailboxes", "boxes");
	set1(s, "aliases", "aliases");
	s = add(c, CHANNEL, "lan");
	set1(s, "table", "lan-hosts");
	set1(s, "program", "smtp");
	set1(s, "relay", "yes");
	set1(s, "etrn", "nodes");
	add(c, CHANNEL, "world");
	return c;
}

void
stage_set(struct conf *c, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	char name[64];

	if (equals == NULL || (size_t)(equals - assignment) >= sizeof(name))
		die(assignment, "not NAME=VALUE");
	memcpy(name, assignment, (size_t)(equals - assignment));
	name[equals - assignment] = '\0';
	set1(&c->server, name, equals + 1);
}

void
stage_token(uint8_t token_r[ROWS_TOKEN])
{
	for (size_t i = 0; i < ROWS_TOKEN; i++)
		token_r[i] = (uint8_t)(17 * i + 1);
}

struct row *
stage_rows(const char *peer, int *fd_r)
{
	struct row *rows = rows_make(STAGE_ROWS, fd_r);

	if (rows == NULL)
		die("rows_make", strerror(errno));
	for (int i = 0; i < STAGE_ROWS; i++) {
		struct row *r = &rows[i];

		stage_token(r->token);
		if (net_parse(peer, &r->peer) != 0 ||
		    net_parse("192.0.2.25", &r->local) != 0)
			die("net_parse", peer);
		r->peer.port = 4711;
		r->local.port = 25;
		r->serial = (uint64_t)(STAGE_SERIAL + i - STAGE_ROW);
	}
	return rows;
}

void
stage_scratch(char *path_r, size_t size)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(path_r, size, "%s/inlet-submit.XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(path_r) == NULL)
		die("mkdtemp", strerror(errno));
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void
stage_clean(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* At once, as a desk with nobody else at it would have it. */
static void
give(struct desk *k, struct dialogue *d, struct job *j)
{
	struct store s = { .spool = &k->spool, .syncers = syncers_start(0) };

	store_batch(&s, j);
	syncers_stop(s.syncers);
	dialogue_committed(k, d, j);
}

static bool
admit(struct desk *k, const struct dialogue *d)
{
	(void)k;
	(void)d;
	return true;
}

static void
ask(struct desk *k, struct dialogue *d, struct ask_question *q, size_t size)
{
	struct ask_answer a = { .outcome = ASK_NONE };
	struct netaddr known;

	(void)size;
	if (net_parse("192.0.2.8", &known) == 0 &&
	    net_same_host(&known, &q->address)) {
		a.outcome = ASK_FOUND;
		snprintf(a.name, sizeof(a.name), "client.example.net");
	}
	dialogue_answered(k, d, q->address.ip[3] == 9 ? NULL : &a);
}

/* As deliver would: as many as the domain has characters. */
static void
start(struct desk *k, struct dialogue *d, const struct control_request *q)
{
	struct control_answer a = { .result = CONTROL_DONE,
	    .count = (uint32_t)strlen(q->name) };

	if (q->version != CONTROL_VERSION || q->verb != CONTROL_START)
		die("start", "no such request");
	if ((q->flags & CONTROL_SUBDOMAINS) != 0)
		a.count += 1000;
	if (strcmp(q->name, "none.example") == 0)
		a.count = 0;
	dialogue_started(k, d, strcmp(q->name, "busy.example") == 0 ? NULL :
	    &a);
}

void
stage_desk(struct desk *k, const char *scratch, const char *peer)
{
	char spool[512];
	struct buf why;
	int fd = -1;

	memset(k, 0, sizeof(*k));
	snprintf(spool, sizeof(spool), "%s/spool", scratch);
	k->conf = stage_conf(spool, scratch);
	buf_init(&why, 4096);
	if (site_open(&k->site, k->conf, &why) != 0 ||
	    spool_open(&k->spool, spool, &why) != 0 ||
	    rights_init(&k->rights, k->conf, stage_rows(peer, &fd),
	    STAGE_ROWS, &why) != 0)
		die("stage", buf_str(&why));
	close(fd);
	buf_free(&why);
	room_init(&k->room, k->spool.queue, 0, 0, NULL);
	enquirer_init(&k->enquirer);
	site_resolve(&k->site, &k->enquirer.r);
	trace_source_init(&k->ids);
	k->admit = admit;
	k->ask = ask;
	k->give = give;
	k->start = start;
}

void
stage_desk_end(struct desk *k)
{
	site_close(&k->site);
	spool_close(&k->spool);
	conf_free(k->conf);
}

static void
must(int result, const char *what)
{
	if (result != 0)
		die(what, "a frame that cannot be made");
}

void
stage_hello(struct buf *b, enum sub_kind kind, int flags)
{
	struct sub_hello h = { .version = SUB_VERSION, .kind = (uint8_t)kind,
		.flags = (uint8_t)flags, .row = STAGE_ROW,
		.serial = STAGE_SERIAL };

	stage_token(h.token);
	if (kind == SUB_DECLARED)
		must(net_parse("192.0.2.7", &h.peer), "address");
	must(sub_put_hello(b, &h), "hello");
}

void
stage_envelope(struct buf *b, const char *sender, const char *channel,
    const char *id)
{
	struct sub_envelope e = { .sender = sender, .helo = "client.test",
		.with = "ESMTP", .tls = "", .body = "8BITMIME", .sid = "s1",
		.channel = channel, .id = id, .size = -1 };

	must(sub_put_envelope(b, &e), "envelope");
}

void
stage_recipient(struct buf *b, const char *address)
{
	struct sub_recipient r = { .address = address };

	must(sub_put_recipient(b, &r), "recipient");
}

void
stage_text(struct buf *b, const char *text)
{
	must(sub_put_frame(b, SUB_DATA, text, strlen(text)), "data");
	must(sub_put_commit(b, strlen(text)), "commit");
}

void
stage_frame(struct buf *b, enum sub_type type)
{
	must(sub_put_frame(b, type, NULL, 0), "frame");
}

int
stage_count(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	int n = -2;

	if (d == NULL)
		die("stage_count", strerror(errno));
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

bool
stage_entry(struct spool *s, const char *id, struct buf *b_r,
    struct qfile *q_r)
{
	int fd = openat(s->queue, id, O_RDONLY);
	const char *why;
	char bytes[4096];
	ssize_t n;

	buf_init(b_r, 64 * 1024 * 1024);
	while (fd != -1 && (n = read(fd, bytes, sizeof(bytes))) > 0)
		must(buf_add(b_r, bytes, (size_t)n), "entry");
	if (fd != -1)
		close(fd);
	if (qfile_parse(b_r->p, b_r->len, q_r, &why) == 0)
		return true;
	printf("# %s: %s\n", id, why);
	return false;
}
