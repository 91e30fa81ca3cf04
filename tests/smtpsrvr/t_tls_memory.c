/* The memory that OpenSSL is given in a template and in its sessions. */
#include "config.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "smtpsrvr/tls_memory.h"
#include "tests/tap.h"

#define MANY 200

static size_t
size_of(int i)
{
	static const size_t sizes[] = { 1, 16, 17, 300, 1024, 1025, 5000,
	    17000 };

	return sizes[(size_t)i % ARRAY_LEN(sizes)];
}

/* Bytes that are still what was written there. */
static bool
intact(const unsigned char *p, int i)
{
	for (size_t k = 0; k < size_of(i); k++)
		if (p[k] != (unsigned char)i)
			return false;
	return true;
}

static void
test_both(void)
{
	static unsigned char *p[MANY];
	unsigned state = 1;
	bool good = true;

	for (int i = 0; i < 20000; i++) {
		int n;

		state = state * 1103515245 + 12345;
		n = (int)(state >> 16) % MANY;
		if (p[n] == NULL) {
			p[n] = tls_memory_get(size_of(n));
			memset(p[n], n, size_of(n));
		} else {
			good = good && intact(p[n], n) &&
			    (uintptr_t)p[n] % 16 == 0;
			tls_memory_put(p[n]);
			p[n] = NULL;
		}
		if (i % 500 == 0)
			tls_memory_trim();
	}
	for (int n = 0; n < MANY; n++)
		if (p[n] != NULL) {
			good = good && intact(p[n], n);
			tls_memory_put(p[n]);
			p[n] = NULL;
		}
	tls_memory_trim();
	ok(good, "20,000 gets and puts, and nothing is in two hands");
}

static void
test_resize(void)
{
	unsigned char *p = tls_memory_resize(NULL, 40);

	memset(p, 7, 40);
	p = tls_memory_resize(p, 9000);
	ok(p[0] == 7 && p[39] == 7, "what grows keeps its bytes");
	p = tls_memory_resize(p, 10);
	ok(p[9] == 7, "and what shrinks");
	tls_memory_put(p);
	p = tls_memory_get((size_t)8 << 20);
	ok(p != NULL, "what is too large is malloc's");
	p = tls_memory_resize(p, (size_t)9 << 20);
	ok(p != NULL, "and grows there");
	tls_memory_put(p);
}

/* The session may not even read what its template has freed. */
static void
test_shared(unsigned char *shared)
{
	unsigned char *p;

	tls_memory_put(shared);
	ok(shared[0] == 5 && shared[199] == 5,
	    "a session leaves what is the template's as it is");
	p = tls_memory_get(200);
	ok(p != shared, "and takes nothing of it");
	tls_memory_put(p);
}

static void
test_trim(void)
{
	unsigned char *first = tls_memory_get(64), *p = tls_memory_get(60000),
	    *last = tls_memory_get(64);

	memset(first, 1, 64);
	memset(p, 2, 60000);
	memset(last, 3, 64);
	tls_memory_put(p);
	ok(p[30000] == 2, "what is freed stays for a while");
	tls_memory_trim();
	ok(p[30000] == 0, "its pages are given back");
	ok(first[63] == 1 && last[0] == 3 && last[63] == 3,
	    "those beside it are not");
	tls_memory_put(first);
	tls_memory_put(last);
}

static void
test_twice(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		void *p = tls_memory_get(64);

		close(2);
		tls_memory_put(p);
		tls_memory_put(p);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
	    "what is freed twice is the end");
}

int
main(void)
{
	unsigned char *shared;

	tls_memory_begin();
	test_both();
	shared = tls_memory_get(200);
	memset(shared, 5, 200);
	tls_memory_own();
	test_both();
	test_resize();
	test_shared(shared);
	test_trim();
	test_twice();
	return done();
}
