/*
 * t_tb_cdb - constant databases: answers, readers that were forked, and each
 * byte of structure that can be damaged.
 */
#include "config.h"

#include <sys/wait.h>
#include "lib/buf.h"
#include "lib/xalloc.h"
#include "tests/tables/fixture.h"

#define MOST 20000
#define HEAD 2048

static struct conf *conf;
static struct section *section;
static char why_text[1024];

/* A file that is being made: records first, tables at the end. */
static struct buf bytes;
static struct {
	uint32_t hash, at;
} made[MOST];
static size_t nmade;

static void
put_number(size_t at, uint32_t n)
{
	int i;

	for (i = 0; i < 4; i++)
		bytes.p[at + (size_t)i] = (char)(n >> (8 * i));
}

static void
grow(const void *p, size_t len)
{
	static const char zeros[HEAD];

	if (buf_add(&bytes, p != NULL ? p : zeros, len) == -1)
		errx(1, "too much");
}

static void
add(const char *key, const char *value)
{
	size_t at = bytes.len, i;
	uint32_t h = 5381;

	for (i = 0; key[i] != '\0'; i++)
		h = ((h << 5) + h) ^ (unsigned char)key[i];
	if (nmade == MOST)
		errx(1, "too many");
	made[nmade].hash = h;
	made[nmade++].at = (uint32_t)at;
	grow(NULL, 8);
	put_number(at, (uint32_t)strlen(key));
	put_number(at + 4, (uint32_t)strlen(value));
	grow(key, strlen(key));
	grow(value, strlen(value));
}

static void
begin(void)
{
	buf_free(&bytes);
	buf_init(&bytes, 64 << 20);
	nmade = 0;
	grow(NULL, HEAD);
}

static void
add_table(uint32_t t)
{
	size_t at = bytes.len, i, slot;
	uint32_t n = 0;

	for (i = 0; i < nmade; i++)
		n += made[i].hash % 256 == t;
	n *= 2;
	put_number(t * 8, (uint32_t)at);
	put_number(t * 8 + 4, n);
	for (i = 0; i < n; i++)
		grow(NULL, 8);
	for (i = 0; i < nmade; i++) {
		if (made[i].hash % 256 != t)
			continue;
		slot = made[i].hash / 256 % n;
		while (memcmp(bytes.p + at + slot * 8 + 4, "\0\0\0\0", 4) != 0)
			slot = (slot + 1) % n;
		put_number(at + slot * 8, made[i].hash);
		put_number(at + slot * 8 + 4, made[i].at);
	}
}

static void
store(const char *p, size_t len)
{
	FILE *f = fopen(scratch_path("t.cdb"), "w");

	if (f == NULL || fwrite(p, 1, len, f) != len || fclose(f) == EOF)
		err(1, "t.cdb");
}

static void
finish(void)
{
	uint32_t t;

	for (t = 0; t < 256; t++)
		add_table(t);
	store(bytes.p, bytes.len);
}

static struct tb *
opened(void)
{
	struct buf why;
	struct tb *t;

	buf_init(&why, sizeof(why_text) - 1);
	t = tb_open(conf, section, &why);
	(void)snprintf(why_text, sizeof(why_text), "%s", buf_str(&why));
	buf_free(&why);
	return t;
}

static int
count(void *arg, const char *key, size_t klen, const char *value, size_t vlen,
    int line)
{
	(void)key, (void)klen, (void)value, (void)vlen, (void)line;
	++*(int *)arg;
	return 0;
}

static void
make_some(void)
{
	begin();
	add("example.org", "one");
	add(".example.org", "");
	add("again", "one");
	add("192.0.2.1", "host");
	add("192.0.2.0/24", "lan");
	add("10.0.0.0/8", "ten");
	add("2001:db8::/32", "doc");
	add("again", "");
	add("user@example.org", "a@b");
	add("again", "two");
	add("!192.0.2.16/28", "");
	add("!bad.example.org", "");
	add("[ipv6:2001:db9::1]", "literal");
	finish();
}

static void
test_find(void)
{
	struct tb *t;
	int n = 0, line = 1;

	make_some();
	t = opened();
	if (t == NULL)
		errx(1, "%s", why_text);
	is(found(t, "EXAMPLE.ORG"), "one", "a name");
	is(found(t, ".example.org"), "", "without a value");
	is(found(t, "again"), "one, two", "a repeated key");
	is(found(t, "user@example.org"), "a@b", "a mailbox");
	is(found(t, "nobody@example.org"), "(none)", "not there");
	is(found_address(t, "192.0.2.1"), "host", "an address");
	is(found_address(t, "192.0.2.2"), "lan", "its prefix");
	is(found_address(t, "192.0.2.17"), "(negated)", "a negated prefix");
	is(found_address(t, "10.200.0.1"), "ten", "a shorter one");
	is(found_address(t, "172.16.0.1"), "(none)", "in none");
	is(found_address(t, "2001:db8:1::1"), "doc", "IPv6 prefix");
	is(found_name(t, "a.example.org"), "", "a parent");
	is(found_name(t, "bad.example.org"), "(negated)", "a negated name");
	is(found_name(t, "[IPv6:2001:db9:0::1]"), "literal", "a literal");
	num(tb_holds(t), TB_ADDRESSES | TB_NAMES | TB_NEGATIONS,
	    "it holds all sorts");
	num(tb_walk(t, count, &n), 0, "a walk");
	num(n, 13, "over all rows");
	num(tb_find(t, "example.org", NULL, &line), TB_FOUND, "no line");
	num(line, 0, "is known");
	tb_close(t);
	begin();
	finish();
	t = opened();
	is(t == NULL ? why_text : found(t, "a"), "(none)", "no rows");
	tb_close(t);
}

/* Wrong answers of one reader, of which every fourth key is not there. */
static int
read_many(struct tb *t)
{
	char key[64], want[64];
	int n, bad = 0;

	for (n = 0; n < 2 * MOST; n++) {
		(void)snprintf(key, sizeof(key), "%shost%d.example.org",
		    n % 4 == 0 ? "no" : "", n % MOST);
		(void)snprintf(want, sizeof(want), "value of %d", n % MOST);
		if (strcmp(found(t, key), n % 4 == 0 ? "(none)" : want) != 0)
			bad++;
	}
	return bad;
}

/* Whoever has it open depends on the file no more. */
static void
test_many(void)
{
	char key[64], value[64];
	int i, status;
	struct tb *t;
	pid_t pid;

	begin();
	for (i = 0; i < MOST; i++) {
		(void)snprintf(key, sizeof(key), "host%d.example.org", i);
		(void)snprintf(value, sizeof(value), "value of %d", i);
		add(key, value);
	}
	finish();
	t = opened();
	if (t == NULL)
		errx(1, "%s", why_text);
	num(read_many(t), 0, "many rows");
	store("", 0);
	pid = fork();
	if (pid == 0)
		_exit(read_many(t) != 0);
	ok(waitpid(pid, &status, 0) == pid && status == 0,
	    "a reader that was forked, of a file that was cut");
	tb_close(t);
}

static void
refused(const char *reason)
{
	struct tb *t = opened();

	ok(t == NULL && strstr(why_text, reason) != NULL, reason);
	if (t != NULL || strstr(why_text, reason) == NULL)
		printf("# %s\n", why_text);
	tb_close(t);
}

static void
bad_key(const char *key, const char *value, const char *reason)
{
	begin();
	add("example.org", "one");
	add(key, value);
	finish();
	refused(reason);
}

static void
test_keys(void)
{
	bad_key("Example.ORG", "", "t.cdb: the key \"Example.ORG\" must be "
	    "written \"example.org\" (table \"t\")");
	bad_key("2001:db8:0::1", "", "must be written \"2001:db8::1\"");
	bad_key("192.0.2.1/32", "", "must be written \"192.0.2.1\"");
	bad_key("192.0.2.1/24", "", "bad address or prefix");
	bad_key("a\nb", "", "control character 0x0a");
	bad_key("", "", "a key of 0 bytes");
	bad_key("!a", "b", "the value of \"!a\" has 1 bytes");
	bad_key("!example.org", "", "\"!example.org\" is there, and its "
	    "opposite");
	bad_key("!!example.org", "", "two marks before");
}

#define DAMAGED "no constant database, or a damaged one"

/*
 * Bytes of the header, of records' lengths and of slots, each changed: the
 * file does not open, or every row is still found.
 */
static void
test_damage(void)
{
	size_t i, len, opens = 0, wrong = 0;
	char *copy;
	struct tb *t;

	make_some();
	len = bytes.len;
	copy = xmemdup0(bytes.p, len);
	for (i = 0; i < len; i += 3) {
		store(copy, i);
		t = opened();
		opens += t != NULL;
		tb_close(t);
	}
	num((long)opens, 0, "cut anywhere, it does not open");
	for (i = 0; i < len; i++) {
		copy[i] ^= 0x11;
		store(copy, len);
		copy[i] ^= 0x11;
		t = opened();
		if (t == NULL)
			continue;
		opens++;
		if (strcmp(found(t, "user@example.org"), "(none)") == 0 ||
		    strcmp(found(t, ".example.org"), "(none)") == 0 ||
		    strcmp(found_address(t, "192.0.2.17"), "(negated)") != 0)
			wrong++;
		tb_close(t);
	}
	num((long)wrong, 0, "what opens with a byte changed misses no row");
	printf("# %zu of %zu opened: bytes of values, of empty tables\n",
	    opens, len);
	ok(opens < len / 2, "and most does not open");
	free(copy);
	store("key: value\n", 11);
	refused(DAMAGED);
	store("", 0);
	refused(DAMAGED);
	begin();
	finish();
	grow("x", 1);
	store(bytes.p, bytes.len);
	refused(DAMAGED);
	(void)unlink(scratch_path("t.cdb"));
	refused("No such file");
}

int
main(void)
{
	static const char *const names[] = { "t.cdb" };

	scratch_make();
	conf = conf_new();
	section = conf_file_table(conf, "t", "cdb", scratch_path("t.cdb"));
	test_find();
	test_many();
	test_keys();
	test_damage();
	buf_free(&bytes);
	conf_free(conf);
	scratch_remove(names, ARRAY_LEN(names));
	return done();
}
