/*
 * t_rows - the session table: what a reader sees, and that it cannot write.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib/rows.h"
#include "tests/tap.h"

static const uint8_t token[ROWS_TOKEN] = "0123456789abcde";

static void
fill(struct row *r, uint64_t serial)
{
	memcpy(r->token, token, sizeof(token));
	ok(net_parse("192.0.2.7", &r->peer) == 0, "an address");
	r->peer.port = 40000;
	r->listener = 2;
	r->finicky = 1;
	r->since = 12345;
	memcpy(r->channels, "lan,mx", 7);
	memcpy(r->name, "a.example", 10);
	atomic_store(&r->serial, serial);
}

static void
checks(struct row *w, const struct row *rows, uint32_t n)
{
	uint8_t other[ROWS_TOKEN];
	struct row copy;
	char text[NET_TEXT];
	size_t i;
	bool refused = true;

	memset(other, 0, sizeof(other));
	ok(!rows_check(rows, n, 1, 0, other, &copy), "a free row, all zero");
	fill(&w[1], 77);
	ok(rows_check(rows, n, 1, 77, token, &copy), "the right one");
	is(net_text(&copy.peer, text), "192.0.2.7", "its address");
	ok(copy.peer.port == 40000 && copy.listener == 2 &&
	    copy.finicky == 1 && copy.since == 12345, "its numbers");
	is(copy.channels, "lan,mx", "its channels");
	is(copy.name, "a.example", "its name");
	num(atomic_load(&copy.serial), 77, "its serial");
	for (i = 0; i < ROWS_TOKEN; i++) {
		memcpy(other, token, sizeof(other));
		other[i] ^= 1;
		refused = refused &&
		    !rows_check(rows, n, 1, 77, other, &copy);
	}
	ok(refused, "another token");
	ok(copy.peer.family == 0 && copy.token[0] == 0, "tells nothing");
	ok(!rows_check(rows, n, 1, 78, token, &copy), "another serial");
	ok(!rows_check(rows, n, 0, 77, token, &copy), "another row");
	ok(!rows_check(rows, n, n, 77, token, &copy), "no such row");
	ok(!rows_check(rows, n, UINT32_MAX, 77, token, &copy), "nor that");
	memset(w[1].channels, 'x', sizeof(w[1].channels));
	ok(!rows_check(rows, n, 1, 77, token, &copy), "no NUL in channels");
	w[1].channels[0] = '\0';
	w[1].channels[sizeof(w[1].channels) - 1] = '\0';
	ok(rows_check(rows, n, 1, 77, token, &copy), "good again");
	memset(w[1].name, 'x', sizeof(w[1].name));
	ok(!rows_check(rows, n, 1, 77, token, &copy), "no NUL in the name");
	atomic_store(&w[1].serial, 0);
	ok(!rows_check(rows, n, 1, 77, token, &copy), "a freed row");
	ok(!rows_check(rows, n, 1, 0, token, &copy), "serial 0 is nobody's");
}

int
main(void)
{
	const size_t size = 3 * sizeof(struct row);
	const struct row *rows;
	struct row *w;
	uint32_t n;
	void *p;
	int fd, pipes[2];

	w = rows_make(3, &fd);
	if (!ok(w != NULL && fd != -1, "a table of three"))
		return done();
	ok((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "close on exec");
	rows = rows_map(fd, &n);
	if (!ok(rows != NULL, "mapped"))
		return done();
	num(n, 3, "three rows");
	checks(w, rows, n);

	ok(ftruncate(fd, 0) == -1 && errno == EPERM, "cannot shrink");
	ok(ftruncate(fd, (off_t)(2 * size)) == -1 && errno == EPERM,
	    "cannot grow");
	ok(pwrite(fd, "x", 1, 0) == -1 && errno == EPERM, "cannot be written");
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ok(p == MAP_FAILED && errno == EPERM, "nor mapped to write");
	p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	ok(p != MAP_FAILED && mprotect(p, size, PROT_READ | PROT_WRITE) == -1,
	    "nor changed to it");

	ok(rows_make(0, &fd) == NULL && fd == -1,
	    "a table of none");
	ok(rows_make(UINT32_MAX, &fd) == NULL && fd == -1, "one too big");
	fd = memfd_create("t", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ok(ftruncate(fd, (off_t)size) == 0 && rows_map(fd, &n) == NULL &&
	    n == 0, "a file without seals is no table");
	ok(pipe(pipes) == 0 && rows_map(pipes[0], &n) == NULL, "nor a pipe");
	ok(rows_map(-1, &n) == NULL, "nor nothing");
	return done();
}
