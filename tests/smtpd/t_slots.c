/* slots: taken, passed, passed again, freed; rows follow. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/fdio.h"
#include "smtpd/slots.h"
#include "tests/tap.h"

static struct plan plan = { .prefix4 = 24, .prefix6 = 64 };
static const struct netaddr peer = { .family = 4, .port = 25,
	.ip = { 192, 0, 2, 1 } };

static uint32_t
take(struct slots *s)
{
	const struct limit_subject who = { .peer = peer, .channel = -1 };
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	return slots_take(s, fd, &who, &peer);
}

int
main(void)
{
	static struct slots s;
	int pair[2], fds[FD_PASS_MAX], nfds = FD_PASS_MAX, before;
	struct row_pass pass;
	struct row copy;
	uint32_t a, b, nrows;
	const struct row *rows;
	char c;

	num(slots_init(&s, 3, &plan), 0, "three slots");
	rows = rows_map(s.rows_fd, &nrows);
	ok(rows != NULL && nrows == 3, "the table can be mapped");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
		return 1;
	before = dup(0);
	close(before);
	a = take(&s);
	b = take(&s);
	ok(a != SLOT_NONE && b != SLOT_NONE && a != b, "two are taken");
	num(slots_pass(&s, pair[0]), a, "the first is passed first");
	ok(fd_take(pair[1], &pass, sizeof pass, fds, &nfds, 0) ==
	    sizeof pass && nfds == 2, "with two descriptors");
	ok(rows_check(rows, nrows, pass.row, pass.serial, pass.token, &copy),
	    "its row knows serial and token");
	ok(net_same_host(&copy.peer, &peer), "and the address");
	pass.token[3] ^= 1;
	ok(!rows_check(rows, nrows, pass.row, pass.serial, pass.token, &copy),
	    "another token is refused");
	pass.token[3] ^= 1;

	close(fds[0]);
	close(fds[1]);
	num(recv(s.at[a].life, &c, 1, 0), 0,
	    "the end of the session is seen");
	slots_again(&s, a);
	s.at[a].since = 0;
	num(slots_pass(&s, pair[0]), a, "tried again, before the other");
	ok(s.at[a].since > 0, "its time to begin starts then");
	num(s.at[a].tries, 2, "and counted");
	num(slots_pass(&s, pair[0]), b, "then the other");
	num(slots_pass(&s, pair[0]), SLOT_NONE, "then none waits");

	slots_free(&s, a);
	ok(!rows_check(rows, nrows, pass.row, pass.serial, pass.token, &copy),
	    "a freed row is nobody's");
	slots_free(&s, b);
	num(s.used, 0, "none is used");
	num(s.limits.section[0], 0, "none is counted");
	a = take(&s);
	b = take(&s);
	ok(slots_waiting(&s) == a && slots_waiting(&s) == b,
	    "those that wait can be taken out of the queue, in order");
	num(slots_waiting(&s), SLOT_NONE, "then it is empty");
	slots_free(&s, a);
	slots_free(&s, b);
	ok(take(&s) != SLOT_NONE && take(&s) != SLOT_NONE &&
	    take(&s) != SLOT_NONE, "all three can be taken again");
	num(take(&s), SLOT_NONE, "and no fourth");
	close(pair[1]);
	ok(slots_pass(&s, pair[0]) == -1 && errno != EAGAIN,
	    "a template that is gone takes none");
	return done();
}
