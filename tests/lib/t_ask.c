/*
 * t_ask - a lookup that answers well, late, wrongly, or not at all.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/ask.h"
#include "lib/clock.h"
#include "tests/tap.h"

/* What the other side says; it runs in a child. */
enum manner { WELL, STALE_FIRST, SHORT, LONG, BAD_OUTCOME, BAD_NAME, NO_NAME,
	NO_END, NONE, LATER, HANGS_UP, SILENT };

static const struct {
	enum manner manner;
	int result;
	enum ask_outcome outcome;
	const char *name, *what;
} cases[] = {
	{ WELL, 0, ASK_FOUND, "host_1.example.org", "a name" },
	{ STALE_FIRST, 0, ASK_FOUND, "host_1.example.org",
	    "an answer to an earlier question is passed over" },
	{ NONE, 0, ASK_NONE, "", "no name" },
	{ LATER, 0, ASK_LATER, "", "later" },
	{ SHORT, -1, ASK_LATER, "", "a short answer" },
	{ LONG, -1, ASK_LATER, "", "a long answer" },
	{ BAD_OUTCOME, -1, ASK_LATER, "", "an unknown outcome" },
	{ BAD_NAME, -1, ASK_LATER, "", "a name with a blank" },
	{ NO_NAME, -1, ASK_LATER, "", "found, but no name" },
	{ NO_END, -1, ASK_LATER, "", "a name without its NUL" },
	{ HANGS_UP, -1, ASK_LATER, "", "end of file" },
	{ SILENT, -1, ASK_LATER, "", "silence" }
};

static void
say(int sock, const void *p, size_t len)
{
	if (send(sock, p, len, MSG_NOSIGNAL) != (ssize_t)len)
		_exit(1);
}

static void
answer(int sock, enum manner manner)
{
	struct ask_question q;
	struct ask_answer a = { .outcome = ASK_FOUND,
	    .name = "host_1.example.org" };
	char longer[sizeof(a) + 1] = "";

	if (recv(sock, &q, sizeof(q), 0) != (ssize_t)sizeof(q) ||
	    q.version != ASK_VERSION || q.kind != ASK_NAME ||
	    q.address.family != 4)
		_exit(1);
	a.id = q.id + (manner == STALE_FIRST);
	if (manner == BAD_OUTCOME)
		a.outcome = 9;
	if (manner == NONE || manner == LATER)
		a.outcome = manner == NONE ? ASK_NONE : ASK_LATER;
	if (manner == NONE || manner == LATER || manner == NO_NAME)
		memset(a.name, 0, sizeof(a.name));
	if (manner == BAD_NAME)
		a.name[4] = ' ';
	if (manner == NO_END)
		memset(a.name, 'a', sizeof(a.name));
	if (manner == LONG)
		say(sock, longer, sizeof(longer));
	else if (manner != SILENT && manner != HANGS_UP)
		say(sock, &a, sizeof(a) - (manner == SHORT));
	a.id = q.id;
	if (manner == STALE_FIRST)
		say(sock, &a, sizeof(a));
	/* Stays until the asker hangs up. */
	if (manner != HANGS_UP && recv(sock, &q, sizeof(q), 0) != 0)
		_exit(1);
	_exit(0);
}

/* Answers one question about access as it is told to. */
static void
test_access(int outcome, const char *set, int result, int want,
    const char *what)
{
	struct ask_access_question q = { .daemon = "smtpd", .channel = "mx" };
	struct ask_access_question got;
	struct ask_answer a = { .outcome = (uint8_t)outcome, .channel = 1 };
	int s[2], status;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s) == -1)
		exit(1);
	snprintf(a.set.text, sizeof(a.set.text), "%s", set);
	if (fork() == 0) {
		if (recv(s[1], &got, sizeof(got), 0) != (ssize_t)sizeof(got) ||
		    got.q.version != ASK_VERSION || got.q.kind != ASK_ACCESS ||
		    strcmp(got.daemon, "smtpd") != 0)
			_exit(1);
		a.id = got.q.id;
		say(s[1], &a, sizeof(a));
		_exit(0);
	}
	close(s[1]);
	memset(&a, 0x55, sizeof(a));
	num(ask_access(s[0], &q, clock_ms() + 10000, &a), result, what);
	num(a.outcome, want, "  its outcome");
	num(a.channel, result == 0, "  under the channel's name");
	close(s[0]);
	ok(wait(&status) > 0 && status == 0, "  the other side agrees");
}

/* The same for a host. */
static void
test_host(int kind, int outcome, const char *name, int result, int want,
    const char *what)
{
	struct ask_host_question got;
	struct ask_answer a = { .outcome = (uint8_t)outcome, .differs = 1 };
	struct netaddr peer;
	int s[2], status;

	ok(net_parse("2001:db8::1", &peer) == 0, "an address");
	snprintf(a.name, sizeof(a.name), "%s", name);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s) == -1)
		exit(1);
	if (fork() == 0) {
		if (recv(s[1], &got, sizeof(got), 0) != (ssize_t)sizeof(got) ||
		    got.q.version != ASK_VERSION || got.q.kind != kind ||
		    strcmp(got.name, "a.example") != 0 ||
		    (kind == ASK_HOST ? !net_same_host(&got.q.address, &peer) :
		    got.q.address.family != 0))
			_exit(1);
		a.id = got.q.id;
		say(s[1], &a, sizeof(a));
		_exit(0);
	}
	close(s[1]);
	memset(&a, 0x55, sizeof(a));
	num(ask_host(s[0], (enum ask_kind)kind, "a.example",
	    kind == ASK_HOST ? &peer : NULL, clock_ms() + 10000, &a), result,
	    what);
	num(a.outcome, want, "  its outcome");
	num(a.differs, result == 0, "  and whether the address differs");
	close(s[0]);
	ok(wait(&status) > 0 && status == 0, "  the other side agrees");
}

int
main(void)
{
	struct netaddr peer;
	struct ask_answer a;
	int64_t start;
	size_t i;
	char name[257] = "";
	int s[2], status;

	ok(net_parse("192.0.2.1", &peer) == 0, "an address");
	for (i = 0; i < ARRAY_LEN(cases); i++) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s) == -1)
			return 1;
		if (fork() == 0) {
			close(s[0]);
			answer(s[1], cases[i].manner);
		}
		close(s[1]);
		start = clock_ms();
		memset(&a, 0x55, sizeof(a));
		num(ask_name(s[0], &peer, start +
		    (cases[i].manner == SILENT ? 50 : 10000), &a),
		    cases[i].result, cases[i].what);
		num(a.outcome, cases[i].outcome, "  its outcome");
		is(a.name, cases[i].name, "  its name");
		ok(clock_ms() - start < 5000, "  in time");
		close(s[0]);
		ok(wait(&status) > 0 && status == 0, "  the other side agrees");
	}
	ok(ask_name(-1, &peer, clock_ms() + 100, &a) == -1 &&
	    a.outcome == ASK_LATER, "no socket");
	test_access(ASK_ALLOWED, "", 0, ASK_ALLOWED, "allowed");
	test_access(ASK_ALLOWED, "RELAYCLIENT=", 0, ASK_ALLOWED, "a variable");
	test_access(ASK_ALLOWED, "PATH=/", -1, ASK_UNSURE, "none of ours");
	test_access(ASK_DENIED, "", 0, ASK_DENIED, "denied");
	test_access(ASK_UNNAMED, "", 0, ASK_UNNAMED, "a name is missing");
	test_access(ASK_UNSURE, "", 0, ASK_UNSURE, "nobody knows");
	test_access(ASK_FOUND, "", -1, ASK_UNSURE,
	    "an answer to something else");
	test_access(ASK_UNSURE + 1, "", -1, ASK_UNSURE, "an unknown one");
	test_host(ASK_MAIL, ASK_HOST_NULL, "", 0, ASK_HOST_NULL, "null MX");
	test_host(ASK_AWAY, ASK_HOST_SELF, "", 0, ASK_HOST_SELF, "only us");
	test_host(ASK_HOST, ASK_HOST_LATER, "", 0, ASK_HOST_LATER, "later");
	test_host(ASK_HOST, ASK_FOUND, "", -1, ASK_HOST_LATER,
	    "an answer to something else");
	test_host(ASK_HOST, ASK_HOST_LATER + 1, "", -1, ASK_HOST_LATER,
	    "an unknown one");
	test_host(ASK_MAIL, ASK_HOST_FOUND, "a.example", -1, ASK_HOST_LATER,
	    "a name that was not asked for");
	memset(name, 'a', sizeof(name) - 1);
	ok(ask_host(-1, ASK_MAIL, name, NULL, 0, &a) == 0 &&
	    a.outcome == ASK_HOST_NONE, "a name too long for any host");
	return done();
}
