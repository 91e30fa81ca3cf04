/*
 * t_reply - every row of replies.def, and arguments from strangers.
 */
#include "config.h"

#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>
#include "lib/reply.h"
#include "lib/text.h"
#include "tests/tap.h"

static const struct {
	int code;
	const char *enhanced, *text;
} rows[] = {
#define REPLY(name, code, enhanced, text) { code, enhanced, text },
#include "lib/replies.def"
#undef REPLY
};

/* The enhanced code's class is the code's (RFC 2034 4). */
static bool
good_enhanced(int code, const char *e)
{
	const char digits[] = "0123456789";
	size_t n, m;

	if (e[0] == '\0')
		return true;
	if (e[0] - '0' != code / 100 || e[1] != '.')
		return false;
	n = strspn(e + 2, digits);
	if (n < 1 || n > 3 || e[2 + n] != '.')
		return false;
	m = strspn(e + 3 + n, digits);
	return m >= 1 && m <= 3 && e[3 + n + m] == '\0';
}

/* Only %s and %lld; bit i of the result: argument i is a number. */
static int
good_format(const char *t, unsigned int *numbers_r)
{
	int args = 0;

	*numbers_r = 0;
	for (; *t != '\0'; t++) {
		if (*t != '%')
			continue;
		if (strncmp(t, "%lld", 4) == 0)
			*numbers_r |= 1U << args;
		else if (strncmp(t, "%s", 2) != 0)
			return -1;
		args++;
	}
	return args;
}

static void
every_row(void)
{
	struct reply r;
	unsigned int numbers;
	int i, args;

	num(ARRAY_LEN(rows), REPLY_COUNT, "a name a row");
	for (i = 0; i < REPLY_COUNT; i++) {
		args = good_format(rows[i].text, &numbers);
		if (!ok(args >= 0 && args <= 2,
		    reply_name_text((enum reply_name)i)))
			continue;
		if (numbers == 1)
			reply_set(&r, (enum reply_name)i, 7LL, "two");
		else
			reply_set(&r, (enum reply_name)i, "one", "two");
		ok(r.code == rows[i].code && (int)r.name == i, "  its code");
		is(r.enhanced, rows[i].enhanced, "  its enhanced code");
		ok(good_enhanced(r.code, r.enhanced), "  of that class");
		ok(r.text[0] != '\0' && strchr(r.text, '%') == NULL &&
		    text_printable(r.text, strlen(r.text)), "  its text");
		is(r.reason, "-", "  no reason yet");
		is(r.detail, "", "  no detail yet");
	}
}

static void
strangers(void)
{
	struct reply r;
	char big[2000];

	reply_set(&r, REPLY_TOO_BIG, 10485760LL);
	is(r.text, "Message exceeds the maximum of 10485760 bytes", "%lld");
	reply_set(&r, REPLY_BUSY, "mx.example", "per address");
	is(r.text, "mx.example too busy (per address), try again later",
	    "two arguments");
	reply_set(&r, REPLY_UNKNOWN_HOST, "a\r\n250 ok\t\177\303\266%s");
	is(r.text, "Your name, 'a??250 ok????%s', is unknown to us",
	    "nothing of a stranger's ends the line");
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	reply_set(&r, REPLY_UNSUPPORTED_PARAMETER, big);
	num(strlen(r.text), REPLY_TEXT - 1, "cut to fit");
	reply_because(&r, big);
	num(strlen(r.reason), sizeof(r.reason) - 1, "a reason cut to fit");
	reply_because(&r, "relay");
	is(r.reason, "relay", "reason");
	reply_limit(&r, "max-recipients", 101, 100);
	is(r.detail, "limit=max-recipients value=101 most=100", "limit");
	reply_detail(&r, "key=%s", "a\nb");
	is(r.detail, "key=a?b", "any detail");
	reply_limit(&r, big, -1, 2);
	num(strlen(r.detail), sizeof(r.detail) - 1, "a limit cut to fit");
}

/* The compiler lets it pass; its arguments would be read as others. */
static void
wrong_format(void)
{
	int status = 0;
	struct reply r;
	pid_t pid = fork();

	if (pid == 0) {
		close(2);
		reply_detail(&r, "value=%d key=%s", 1, "x");
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
	    "%d is not for it");
}

int
main(void)
{
	struct reply r;

	every_row();
	strangers();
	wrong_format();
	reply_set(&r, REPLY_OK);
	ok(reply_good(&r) && !reply_temporary(&r), "250 is good");
	reply_set(&r, REPLY_GO_AHEAD);
	ok(reply_good(&r) && !reply_temporary(&r), "354 is good");
	reply_set(&r, REPLY_QUEUE_FAILED);
	ok(!reply_good(&r) && reply_temporary(&r), "451 is temporary");
	reply_set(&r, REPLY_SYNTAX, "X");
	ok(!reply_good(&r) && !reply_temporary(&r), "501 is neither");
	is(reply_name_text(REPLY_NO_SUCH_USER), "NO_SUCH_USER", "its name");
	return done();
}
