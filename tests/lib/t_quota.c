/*
 * t_quota - rules of messages and recipients: who they are about, all or none
 * counts, and the session's question agrees with submit's answer.
 */
#include "config.h"

#include "lib/quota.h"
#include "tests/tap.h"

static struct counts *counts;
static struct conf *conf;
static struct quota q;
static struct reply reply;

static void
rules(struct section *s, const char *const *texts, size_t n)
{
	char why[300];

	if (conf_set(s, "rates", texts, n, (struct origin){ "t", 1 }, why,
	    sizeof(why)) != 0)
		printf("Bail out! %s\n", why);
}

static void
begin(const char *const *texts, size_t n)
{
	int w, r;

	if (counts_make("test", COUNTS_LEAST, &w, &r) != 0)
		printf("Bail out! no counts\n");
	counts = counts_open(w, true);
	conf = conf_new();
	rules(&conf->server, texts, n);
}

static void
who(const char *address, const char *login)
{
	struct quota_who x = { .login = login };

	if (address[0] != '\0' && net_parse(address, &x.peer) != 0)
		printf("Bail out! %s\n", address);
	quota_init(&q, conf, -1, -1, &x);
}

static bool
take(uint32_t recipients)
{
	return quota_take(&q, counts, recipients, &reply);
}

static bool
ask(enum rate_what what, uint32_t n)
{
	return quota_allows(&q, counts, what, n, &reply);
}

static void
addresses(void)
{
	static const char *const texts[] = { "messages per address 3/1h" };

	begin(texts, 1);
	who("192.0.2.7", "");
	for (int i = 0; i < 3; i++)
		ok(ask(RATE_MESSAGES, 1) && take(1), "one of three");
	ok(!ask(RATE_MESSAGES, 1), "the fourth is not allowed");
	ok(!take(1), "nor taken");
	num(reply.code, 450, "for now");
	is(reply.text, "Too much for now (messages per address 3/1h), try "
	    "again later", "the client hears which rule");
	is(reply.detail, "limit=messages-per-address key=192.0.2.7 value=3 "
	    "most=3", "and the log all of it");
	ok(ask(RATE_RECIPIENTS, 1000), "recipients have no rule");
	who("192.0.2.8", "");
	ok(take(1), "another address has its own");
	who("", "");
	for (int i = 0; i < 5; i++)
		ok(take(1), "who has no address has no such rule");
}

static void
all_or_none(void)
{
	static const char *const texts[] = { "messages per prefix 10/1m",
		"recipients per prefix 5/1m" };

	begin(texts, 2);
	who("192.0.2.7", "");
	ok(take(3), "three recipients");
	ok(!ask(RATE_RECIPIENTS, 3), "three more are too many");
	ok(ask(RATE_RECIPIENTS, 2), "two are not");
	ok(!take(3), "they are not taken");
	is(reply.detail, "limit=recipients-per-prefix key=192.0.2.0/24 "
	    "value=3 most=5", "the log says of which prefix");
	who("192.0.2.99", "");
	ok(take(2), "another of the prefix has the rest");
	ok(!take(1), "and no more");
	quota_give_back(&q, counts, 2);
	for (int i = 0; i < 2; i++)
		ok(take(1), "what was given back is there again");
	ok(!take(1), "but no more");
	who("192.0.3.7", "");
	for (int i = 0; i < 5; i++)
		ok(take(1), "what was refused did not count as a message");
}

/* A client at RCPT may send the others later; a user's message is as it is. */
static void
never(void)
{
	static const char *const texts[] = { "recipients per channel 5/1h" };

	begin(texts, 1);
	who("192.0.2.7", "");
	ok(!ask(RATE_RECIPIENTS, 6) && !take(6), "six may not come");
	num(reply.code, 450, "now");
	ok(!quota_allows(&q, NULL, RATE_RECIPIENTS, 6, &reply),
	    "without a table six may not come at once");
	ok(quota_allows(&q, NULL, RATE_RECIPIENTS, 5, &reply), "five may");
	who("", "ann");
	ok(!take(6), "nor may a user's");
	num(reply.name, REPLY_NEVER_SO_MANY, "at any time");
	is(reply.detail, "limit=recipients-per-channel key=all value=6 "
	    "most=5", "the log says why");
	ok(take(5), "five are taken");
	ok(!take(5), "five more are not");
	num(reply.code, 450, "for now");
}

static void
sections(void)
{
	static const char *const server[] = { "messages per channel 2/1m" };
	static const char *const lan[] = { "messages per login 1/1m" };
	struct section *s;
	char why[300];

	begin(server, 1);
	ok(conf_add(conf, CHANNEL, "lan", (struct origin){ "t", 1 }, &s, why,
	    sizeof(why)) == 0, "a channel");
	rules(s, lan, 1);
	who("192.0.2.7", "ann");
	ok(take(1), "one of all");
	who("2001:db8::1", "ben");
	ok(take(1), "two of all");
	ok(!take(1), "all are one key");
	is(reply.detail, "limit=messages-per-channel key=all value=2 most=2",
	    "it says so");
	quota_init(&q, conf, -1, 0, &(struct quota_who){ .login = "ann" });
	ok(take(1), "the channel's rules stand in place of the server's");
	ok(!take(1), "one a login");
	is(reply.detail, "limit=messages-per-login key=ann value=1 most=1",
	    "it says whose");
	quota_init(&q, conf, -1, 0, &(struct quota_who){ .login = "" });
	ok(take(1) && take(1), "who has no login has no such rule");
}

/* Rules of logins that only note what is over them. */
static void
lenient(void)
{
	static const char *const texts[] = { "messages per login 2/1h",
	    "recipients per login 5/1h", "messages per address 4/1h" };

	begin(texts, ARRAY_LEN(texts));
	for (int i = 0; i < 4; i++) {
		who("192.0.2.7", "ann");
		q.lenient = true;
		ok(take(1), "it is let through");
		num(q.over, i >= 2, "over the rule from the third on");
		num(q.first, i == 2, "which is the first");
	}
	is(q.rule, texts[0], "which rule");
	who("192.0.2.7", "ann");
	q.lenient = true;
	ok(!take(1), "rules of addresses refuse all the same");
	who("", "bob");
	q.lenient = true;
	ok(take(100) && q.over && q.first, "more than can ever be");
	is(q.rule, texts[1], "by that rule");
	quota_forgive(conf, counts, "ann");
	who("", "ann");
	ok(take(1) && take(1) && !take(1), "what is forgiven begins anew");
	who("", "bob");
	ok(!take(1), "for that login alone");
}

static void
nothing(void)
{
	begin(NULL, 0);
	who("192.0.2.7", "");
	ok(take(1000000), "without rules everything may come");
	ok(quota_take(&q, NULL, 1, &reply) && quota_allows(&q, NULL,
	    RATE_MESSAGES, 1, &reply), "and without a table");
}

int
main(void)
{
	addresses();
	all_or_none();
	never();
	sections();
	lenient();
	nothing();
	return done();
}
