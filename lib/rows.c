/*
 * rows - the session table: shared memory that smtpd writes and submit reads.
 *
 * The seals make two promises to the reader: the memory stays as long as it
 * was mapped (no SIGBUS), and nobody but the maker's own mapping, which does
 * not outlive an exec, can write to it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/rows.h"

#define ROWS_MOST (1U << 20)
#define ROWS_SEALS (F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE)

/* Two programs share the layout: no holes, and a serial without a lock. */
_Static_assert(sizeof(struct row) == sizeof(uint64_t) + ROWS_TOKEN +
    3 * sizeof(struct netaddr) + 5 * sizeof(int32_t) + sizeof(int64_t) +
    512 + 256,
    "a hole in struct row");
_Static_assert(sizeof(struct row) % sizeof(uint64_t) == 0,
    "rows in a row stay aligned");
_Static_assert(sizeof(struct row_pass) == 2 * sizeof(uint32_t) +
    sizeof(uint64_t) + ROWS_TOKEN + 2 * sizeof(struct netaddr) +
    2 * sizeof(int32_t), "a hole in struct row_pass");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "serials need a lock");

struct row *
rows_make(uint32_t n, int *fd_r)
{
	size_t size = (size_t)n * sizeof(struct row);
	void *p = MAP_FAILED;
	int fd, saved;

	*fd_r = -1;
	if (n == 0 || n > ROWS_MOST) {
		errno = EINVAL;
		return NULL;
	}
	fd = memfd_create("inlet-rows", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1)
		return NULL;
	if (ftruncate(fd, (off_t)size) == 0)
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	/* The mapping comes first: afterwards not even we get another one. */
	if (p != MAP_FAILED &&
	    fcntl(fd, F_ADD_SEALS, ROWS_SEALS | F_SEAL_SEAL) == 0) {
		*fd_r = fd;
		return p;
	}
	saved = errno;
	if (p != MAP_FAILED)
		munmap(p, size);
	close(fd);
	errno = saved;
	return NULL;
}

const struct row *
rows_map(int fd, uint32_t *n_r)
{
	struct stat st;
	void *p;
	int seals;

	*n_r = 0;
	if (fstat(fd, &st) == -1 || (seals = fcntl(fd, F_GET_SEALS)) == -1)
		return NULL;
	if ((seals & ROWS_SEALS) != ROWS_SEALS || st.st_size <= 0 ||
	    (uint64_t)st.st_size > (uint64_t)ROWS_MOST * sizeof(struct row) ||
	    (size_t)st.st_size % sizeof(struct row) != 0) {
		errno = EINVAL;
		return NULL;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	*n_r = (uint32_t)((size_t)st.st_size / sizeof(struct row));
	return p;
}

/* Takes the same time whichever byte differs. */
static bool
same_token(const uint8_t *a, const uint8_t *b)
{
	unsigned int differ = 0;
	size_t i;

	for (i = 0; i < ROWS_TOKEN; i++)
		differ |= (unsigned int)(a[i] ^ b[i]);
	return differ == 0;
}

static int32_t
number(const _Atomic int32_t *from)
{
	return atomic_load_explicit(from, memory_order_relaxed);
}

void
rows_tell(struct row *r, const struct netaddr *client)
{
	uint32_t n = atomic_load_explicit(&r->told, memory_order_relaxed) | 1;

	atomic_store_explicit(&r->told, n, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	r->client = *client;
	atomic_store_explicit(&r->told, n + 1, memory_order_release);
}

/* What is being written now is not known yet. */
static void
copy_client(const struct row *r, struct row *copy_r)
{
	uint32_t n = atomic_load_explicit(&r->told, memory_order_acquire);

	copy_r->client = r->client;
	atomic_thread_fence(memory_order_acquire);
	if (atomic_load_explicit(&r->told, memory_order_relaxed) != n)
		n |= 1;
	atomic_init(&copy_r->told, n);
}

/* False if it was not that connection's all the while; copy_r is mixed then. */
static bool
copy(const struct row *r, uint64_t serial, struct row *copy_r)
{
	if (atomic_load_explicit(&r->serial, memory_order_acquire) != serial)
		return false;
	memcpy(copy_r->token, r->token, sizeof(copy_r->token));
	copy_r->peer = r->peer;
	copy_r->local = r->local;
	copy_r->listener = r->listener;
	copy_r->finicky = r->finicky;
	copy_r->since = r->since;
	atomic_init(&copy_r->counted_listener, number(&r->counted_listener));
	atomic_init(&copy_r->counted_channel, number(&r->counted_channel));
	copy_client(r, copy_r);
	memcpy(copy_r->channels, r->channels, sizeof(copy_r->channels));
	memcpy(copy_r->name, r->name, sizeof(copy_r->name));
	/*
	 * smtpd may have given the slot to the next connection meanwhile; a
	 * serial is never used again, so the same one means an unmixed copy.
	 */
	atomic_thread_fence(memory_order_acquire);
	atomic_init(&copy_r->serial, serial);
	return atomic_load_explicit(&r->serial, memory_order_relaxed) ==
	    serial;
}

bool
rows_see(const struct row *rows, uint32_t n, uint32_t row,
    struct row *copy_r)
{
	uint64_t serial = row < n ? atomic_load_explicit(&rows[row].serial,
	    memory_order_acquire) : 0;

	memset(copy_r, 0, sizeof(*copy_r));
	if (serial == 0 || !copy(&rows[row], serial, copy_r))
		return false;
	memset(copy_r->token, 0, sizeof(copy_r->token));
	copy_r->channels[sizeof(copy_r->channels) - 1] = '\0';
	copy_r->name[sizeof(copy_r->name) - 1] = '\0';
	return true;
}

bool
rows_check(const struct row *rows, uint32_t n, uint32_t row,
    uint64_t serial, const uint8_t token[ROWS_TOKEN], struct row *copy_r)
{
	memset(copy_r, 0, sizeof(*copy_r));
	if (row >= n || serial == 0)
		return false;
	if (copy(&rows[row], serial, copy_r) &&
	    same_token(copy_r->token, token) &&
	    copy_r->channels[sizeof(copy_r->channels) - 1] == '\0' &&
	    copy_r->name[sizeof(copy_r->name) - 1] == '\0')
		return true;
	memset(copy_r, 0, sizeof(*copy_r));
	return false;
}
