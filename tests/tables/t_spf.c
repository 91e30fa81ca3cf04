/*
 * t_spf - check_host() of RFC 7208 with records of its own: spf.cases.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/text.h"
#include "tables/spf.h"
#include "tests/tap.h"

#define ROWS 200

struct row {
	char name[300];
	char type[8];		/* of the case file */
	char data[600];
};

/* A name service. */
struct served {
	struct spf_resolver r;	/* first */
	struct row at[ROWS];
	int n;
	int asked;
	uint8_t bytes[RECORDS_DATA];
};

static void
add(struct served *z, size_t *len, const void *p, size_t n)
{
	z->bytes[(*len)++] = (uint8_t)n;
	z->bytes[(*len)++] = (uint8_t)(n >> 8);
	memcpy(z->bytes + *len, p, n);
	*len += n;
}

static void
answer(struct spf_resolver *r, enum records_type type, const char *name,
    struct records_got *got_r)
{
	static const char *const types[] = { [RECORDS_A] = "A",
	    [RECORDS_AAAA] = "AAAA", [RECORDS_MX] = "MX",
	    [RECORDS_PTR] = "PTR", [RECORDS_TXT] = "T", [RECORDS_SPF] = "S" };
	struct served *z = (struct served *)r;
	struct netaddr a;
	size_t len = 0;

	z->asked++;
	*got_r = (struct records_got){ .outcome = RECORDS_NONE };
	for (int i = 0; i < z->n; i++) {
		const struct row *row = &z->at[i];

		if (!text_same(row->name, name))
			continue;
		if (strcmp(row->type, "L") == 0 &&
		    strcmp(row->data, types[type]) == 0) {
			got_r->outcome = RECORDS_LATER;
			return;
		}
		if (strcmp(row->type, types[type]) != 0)
			continue;
		if (type != RECORDS_A && type != RECORDS_AAAA)
			add(z, &len, row->data, strlen(row->data));
		else if (net_parse(row->data, &a) == 0)
			add(z, &len, a.ip, a.family == 4 ? 4 : 16);
	}
	if (len == 0)
		return;
	*got_r = (struct records_got){ .outcome = RECORDS_FOUND,
	    .len = (uint16_t)len, .p = z->bytes };
}

/* "NAME TYPE DATA" */
static void
take_row(struct served *z, const char *line)
{
	struct row *row = &z->at[z->n++];
	const char *data = strchr(line, ' ');

	if (z->n == ROWS || data == NULL)
		abort();
	snprintf(row->name, sizeof(row->name), "%.*s", (int)(data - line),
	    line);
	data++;
	snprintf(row->type, sizeof(row->type), "%.*s",
	    (int)strcspn(data, " "), data);
	data += strlen(row->type);
	snprintf(row->data, sizeof(row->data), "%s", data + (*data == ' '));
}

static void
check(struct served *z, const char *section, const char *result,
    const char *client, const char *helo, const char *sender,
    const char *what, struct spf_answer *a_r)
{
	char local[128], name[512];
	const char *at = strrchr(sender, '@');
	struct spf_question q = { .local = "postmaster", .domain = helo,
	    .helo = helo, .receiver = "mx.receiver.test",
	    .now = 1700000000 };

	if (net_parse(client, &q.client) != 0) {
		/* net_parse() makes IPv4 of what is mapped; we do not. */
		abort();
	}
	if (strncmp(client, "::ffff:", 7) == 0 && q.client.family == 4) {
		uint8_t ip[16] = { [10] = 0xff, [11] = 0xff };

		memcpy(ip + 12, q.client.ip, 4);
		memcpy(q.client.ip, ip, 16);
		q.client.family = 6;
	}
	if (at != NULL) {
		snprintf(local, sizeof(local), "%.*s", (int)(at - sender),
		    sender);
		q.local = local;
		q.domain = at + 1;
	}
	z->asked = 0;
	spf_check(&q, &z->r, a_r);
	snprintf(name, sizeof(name), "%s: %s from %s: %s %s", section, client,
	    at != NULL ? sender : helo, result, what);
	if (!is(spf_result_text(a_r->result), result, name))
		printf("# %s\n", a_r->why);
	if ((a_r->result == SPF_PERMERROR || a_r->result == SPF_TEMPERROR) !=
	    (a_r->why[0] != '\0'))
		ok(false, "an error has a reason, nothing else has");
}

/* The next of a line. */
static void
word(const char **p, char *dst, size_t size)
{
	int n = (int)strcspn(*p, " ");

	if (n == 0 || (size_t)n >= size)
		abort();
	snprintf(dst, size, "%.*s", n, *p);
	*p += n + ((*p)[n] == ' ');
}

static void
read_cases(const char *path)
{
	static struct served z = { .r = { answer } };
	char line[1024], section[200] = "", result[16], client[64];
	char helo[300], sender[300], name[600];
	struct spf_answer a;
	FILE *f = fopen(path, "r");
	const char *rest;
	int cases = 0;

	if (f == NULL) {
		ok(false, path);
		return;
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '@') {
			snprintf(section, sizeof(section), "%.190s", line + 2);
			z.n = 0;
		} else if (line[0] == 'r') {
			take_row(&z, line + 2);
		} else if (line[0] == '?') {
			rest = line + 2;
			word(&rest, result, sizeof(result));
			word(&rest, client, sizeof(client));
			word(&rest, helo, sizeof(helo));
			word(&rest, sender, sizeof(sender));
			check(&z, section, result, client, helo, sender,
			    rest, &a);
			cases++;
		} else if (line[0] == '!') {
			snprintf(name, sizeof(name), "%s: what %s says",
			    section, sender);
			is(a.said, line[1] != '\0' ? line + 2 : "", name);
		}
	}
	fclose(f);
	ok(cases >= 150, "150 cases at least");
}

/* The counts themselves, and what is not asked for. */
static void
test_counts(void)
{
	static struct served z = { .r = { answer } };
	struct spf_question q = { .local = "a", .domain = "x.test",
	    .helo = "h.test", .receiver = "r.test" };
	struct spf_answer a;

	if (net_parse("192.0.2.1", &q.client) != 0)
		abort();
	take_row(&z, "x.test S v=spf1 a:1.test a:2.test ip4:192.0.2.1 -all");
	spf_check(&q, &z.r, &a);
	num(a.result, SPF_PASS, "two that find nothing");
	num(a.terms, 2, "two terms asked");
	num(a.voids, 2, "and found nothing");
	num(z.asked, 3, "three questions in all");
	is(a.matched, "ip4:192.0.2.1", "what matched");
	z.n = z.asked = 0;
	take_row(&z, "x.test S v=spf1 a:1.test moo");
	spf_check(&q, &z.r, &a);
	num(a.result, SPF_PERMERROR, "a record that is not well-formed");
	num(z.asked, 1, "nothing of it is asked for");
	ok(strstr(a.why, "moo") != NULL, "the reason names the term");
	z.n = 0;
	q.domain = q.local = "";
	spf_check(&q, &z.r, &a);
	num(a.result, SPF_NONE, "no domain");
}

int
main(void)
{
	char path[1024];
	const char *dir = getenv("srcdir");

	snprintf(path, sizeof(path), "%s/tests/tables/spf.cases",
	    dir != NULL ? dir : "..");
	read_cases(path);
	test_counts();
	return done();
}
