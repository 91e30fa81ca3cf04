/*
 * by_saslauthd - Cyrus's saslauthd: login, password, service and realm, each
 * with its length before it (16 bits), to a unix socket; the answer is such a
 * text too, and begins with OK or NO.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "authsrvr/backend.h"
#include "lib/buf.h"
#include "lib/fdio.h"

#define ANSWER 1024

static int
add_text(struct buf *b, const char *p, size_t len)
{
	const char size[2] = { (char)(len >> 8), (char)len };

	return buf_add(b, size, sizeof(size)) == -1 ? -1 :
	    buf_add(b, p, len);
}

/* As Cyrus's library has it, a realm is what is behind the last @. */
static int
compose(const struct inquiry *i, struct buf *b)
{
	const char *at = strrchr(i->login, '@'), *service =
	    i->s->auth_saslauthd_service;
	size_t len = at != NULL ? (size_t)(at - i->login) :
	    strlen(i->login);
	const char *realm = at != NULL ? at + 1 : "";

	if (add_text(b, i->login, len) == -1 ||
	    add_text(b, i->q->secret, i->q->secret_len) == -1 ||
	    add_text(b, service, strlen(service)) == -1 ||
	    add_text(b, realm, strlen(realm)) == -1)
		return -1;
	return 0;
}

static enum backend_says
converse(struct inquiry *i, int fd, const struct buf *b)
{
	unsigned char size[2];
	char said[ANSWER];
	size_t len;

	if (fd_write(fd, b->p, b->len, i->deadline) == -1 ||
	    fd_read(fd, size, sizeof(size), i->deadline) == -1)
		return backend_later(i, "%s: %s", i->s->auth_saslauthd,
		    errno != 0 ? strerror(errno) : "no answer");
	len = (size_t)size[0] << 8 | size[1];
	if (len < 2 || len > sizeof(said) ||
	    fd_read(fd, said, len, i->deadline) == -1)
		return backend_later(i, "%s: not an answer",
		    i->s->auth_saslauthd);
	if (memcmp(said, "OK", 2) == 0)
		return SAYS_YES;
	if (memcmp(said, "NO", 2) == 0)
		return SAYS_UNKNOWN;
	return backend_later(i, "%s: neither OK nor NO",
	    i->s->auth_saslauthd);
}

enum backend_says
by_saslauthd(struct inquiry *i)
{
	char room[sizeof(i->q->secret) + 1024];
	int fd = net_unix_connect(i->s->auth_saslauthd, SOCK_STREAM);
	struct buf b;
	enum backend_says says;

	if (fd == -1)
		return backend_later(i, "%s: %s", i->s->auth_saslauthd,
		    strerror(errno));
	buf_fixed(&b, room, sizeof(room));
	says = compose(i, &b) == -1 ? SAYS_UNKNOWN : converse(i, fd, &b);
	explicit_bzero(room, sizeof(room));
	close(fd);
	return says;
}
