/*
 * net - addresses as values, and listening sockets.
 *
 * Numbers only: no name is ever looked up here.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "lib/net.h"
#include "lib/text.h"

static void
from_in6(struct netaddr *a, const struct in6_addr *in6)
{
	if (IN6_IS_ADDR_V4MAPPED(in6)) {
		a->family = 4;
		memcpy(a->ip, in6->s6_addr + 12, 4);
	} else {
		a->family = 6;
		memcpy(a->ip, in6->s6_addr, 16);
	}
}

void
net_from_sockaddr(struct netaddr *a, const struct sockaddr *sa)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memset(a, 0, sizeof(*a));
	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		a->family = 4;
		a->port = ntohs(in.sin_port);
		memcpy(a->ip, &in.sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		a->port = ntohs(in6.sin6_port);
		from_in6(a, &in6.sin6_addr);
	}
}

socklen_t
net_to_sockaddr(const struct netaddr *a, struct sockaddr_storage *ss_r)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	memset(ss_r, 0, sizeof(*ss_r));
	if (a->family == 4) {
		in.sin_port = htons(a->port);
		memcpy(&in.sin_addr, a->ip, 4);
		memcpy(ss_r, &in, sizeof(in));
		return sizeof(in);
	}
	if (a->family == 6) {
		in6.sin6_port = htons(a->port);
		memcpy(&in6.sin6_addr, a->ip, 16);
		memcpy(ss_r, &in6, sizeof(in6));
		return sizeof(in6);
	}
	ss_r->ss_family = AF_UNSPEC;
	return 0;
}

int
net_parse(const char *s, struct netaddr *a_r)
{
	struct in6_addr in6;

	memset(a_r, 0, sizeof(*a_r));
	if (inet_pton(AF_INET, s, a_r->ip) == 1) {
		a_r->family = 4;
		return 0;
	}
	memset(a_r->ip, 0, sizeof(a_r->ip));
	if (inet_pton(AF_INET6, s, &in6) != 1)
		return -1;
	from_in6(a_r, &in6);
	return 0;
}

int
net_parse_prefix(const char *s, struct netaddr *a_r, int *bits_r)
{
	const char *slash = strchr(s, '/');
	char address[NET_TEXT];
	struct netaddr kept;
	int64_t bits;

	if (slash == NULL || (size_t)(slash - s) >= sizeof(address))
		return -1;
	memcpy(address, s, (size_t)(slash - s));
	address[slash - s] = '\0';
	if (net_parse(address, a_r) == -1 ||
	    text_number(slash + 1, 0, 128, &bits) == -1)
		return -1;
	/* ::ffff:192.0.2.0/120 is 192.0.2.0/24. */
	if (a_r->family == 4 && strchr(address, ':') != NULL)
		bits -= 96;
	if (bits < 0 || bits > net_bits(a_r))
		return -1;
	kept = net_prefix(a_r, (int)bits);
	if (!net_same_host(&kept, a_r))
		return -1;
	*bits_r = (int)bits;
	return 0;
}

const char *
net_text(const struct netaddr *a, char *dst)
{
	char number[TEXT_DIGITS];
	size_t len = 0;

	if (a->family == 6) {
		inet_ntop(AF_INET6, a->ip, dst, NET_TEXT);
		return dst;
	}
	if (a->family != 4)
		text_add(dst, NET_TEXT, &len, "-");
	for (int i = 0; a->family == 4 && i < 4; i++) {
		if (i > 0)
			text_add(dst, NET_TEXT, &len, ".");
		text_add(dst, NET_TEXT, &len, text_digits(number, a->ip[i]));
	}
	return dst;
}

const char *
net_literal(const struct netaddr *a, char *dst)
{
	char text[NET_TEXT];
	size_t len = 0;

	net_text(a, text);
	if (a->family == 4 || a->family == 6)
		text_add(dst, NET_TEXT, &len, a->family == 6 ? "[IPv6:" : "[");
	text_add(dst, NET_TEXT, &len, text);
	if (a->family == 4 || a->family == 6)
		text_add(dst, NET_TEXT, &len, "]");
	return dst;
}

struct netaddr
net_prefix(const struct netaddr *a, int bits)
{
	struct netaddr p = { .family = a->family };
	int whole = bits / 8;

	memcpy(p.ip, a->ip, sizeof(p.ip));
	if (bits >= net_bits(a))
		return p;
	p.ip[whole] = (uint8_t)(p.ip[whole] & (0xff00 >> bits % 8));
	memset(p.ip + whole + 1, 0, sizeof(p.ip) - (size_t)whole - 1);
	return p;
}

bool
net_same_host(const struct netaddr *a, const struct netaddr *b)
{
	return a->family == b->family && a->family != 0 &&
	    memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

int
net_bits(const struct netaddr *a)
{
	return a->family == 4 ? 32 : a->family == 6 ? 128 : 0;
}

/* Addresses are compared as whole structs: an unused tail must be zero. */
bool
net_good(const struct netaddr *a)
{
	uint8_t rest = a->pad;

	for (size_t i = (size_t)net_bits(a) / 8; i < sizeof(a->ip); i++)
		rest |= a->ip[i];
	return rest == 0 &&
	    (a->family == 0 || a->family == 4 || a->family == 6);
}

/* Closes without losing errno; gives -1. */
static int
give_up(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

int
net_listen(const struct netaddr *a, int backlog)
{
	struct sockaddr_storage ss;
	socklen_t len = net_to_sockaddr(a, &ss);
	const int on = 1;
	int fd;

	if (len == 0) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == -1 ||
	    (a->family == 6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
	    sizeof(on)) == -1) ||
	    bind(fd, (struct sockaddr *)&ss, len) == -1 ||
	    listen(fd, backlog) == -1)
		return give_up(fd);
	return fd;
}

static int
unix_name(struct sockaddr_un *un_r, const char *path)
{
	memset(un_r, 0, sizeof(*un_r));
	un_r->sun_family = AF_UNIX;
	if (*path == '\0' ||
	    text_copy(un_r->sun_path, sizeof(un_r->sun_path), path) == -1) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

int
net_unix_bind(const char *path, int type, int mode)
{
	struct sockaddr_un un;
	struct stat st;
	mode_t mask;
	int fd, bound, saved;

	if (unix_name(&un, path) == -1)
		return -1;
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    unlink(path) == -1)
		return -1;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	/* Nobody connects before the mode is as asked. */
	mask = umask(0777);
	bound = bind(fd, (struct sockaddr *)&un, sizeof(un));
	umask(mask);
	if (bound == -1)
		return give_up(fd);
	if (chmod(path, (mode_t)mode) == -1 ||
	    (type != SOCK_DGRAM && listen(fd, SOMAXCONN) == -1)) {
		saved = errno;
		close(fd);
		unlink(path);
		errno = saved;
		return -1;
	}
	return fd;
}

int
net_unix_folder(const char *path)
{
	struct stat st;
	mode_t mask = umask(022);	/* others pass through it */
	int made = mkdir(path, 0755);

	umask(mask);
	if (made == -1 && errno != EEXIST)
		return -1;
	if (lstat(path, &st) == -1)
		return -1;
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 022) != 0) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

int
net_unix_connect(const char *path, int type)
{
	struct sockaddr_un un;
	int fd;

	if (unix_name(&un, path) == -1)
		return -1;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == -1)
		return give_up(fd);
	return fd;
}

int64_t
net_peer_uid(int sock)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1 ||
	    len != sizeof(cred) || cred.pid == 0)
		return -1;
	return cred.uid;
}
