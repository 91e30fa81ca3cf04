/*
 * t_net - addresses as text and as structs, prefixes, and sockets.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "lib/net.h"
#include "tests/tap.h"

static char text[NET_TEXT];

static void
parses(void)
{
	static const char *const bad[] = { "", "1.2.3", "1.2.3.256", "01.2.3.4",
		" 1.2.3.4", "1.2.3.4 ", "[::1]", "::1%lo", "1.2.3.4:25", "g::1",
		"1:2:3:4:5:6:7:8:9" };
	struct netaddr a, b;
	int refused = 0;

	num(net_parse("192.0.2.1", &a), 0, "IPv4");
	is(net_text(&a, text), "192.0.2.1", "and back");
	is(net_literal(&a, text), "[192.0.2.1]", "as a literal");
	num(net_bits(&a), 32, "32 bits");
	num(net_parse("::ffff:192.0.2.1", &b), 0, "IPv4 in IPv6");
	ok(memcmp(&a, &b, sizeof(a)) == 0, "is the same, whole struct");
	num(net_parse("2001:DB8:0:0::1", &a), 0, "IPv6");
	is(net_text(&a, text), "2001:db8::1", "in its short form");
	is(net_literal(&a, text), "[IPv6:2001:db8::1]", "as a literal");
	num(net_bits(&a), 128, "128 bits");
	ok(!net_same_host(&a, &b), "another host");
	b = a;
	b.port = 25;
	ok(net_same_host(&a, &b), "the port does not matter");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused += net_parse(bad[i], &a) == -1;
	num(refused, ARRAY_LEN(bad), "what is no address");
	memset(&a, 0, sizeof(a));
	is(net_text(&a, text), "-", "none");
	num(net_bits(&a), 0, "none has no bits");
	ok(!net_same_host(&a, &a), "none is nobody's host");
	num(net_parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", &a), 0,
	    "the longest");
	ok(strlen(net_literal(&a, text)) == 46, "fits as a literal");
}

static void
prefixes(void)
{
	static const char *const bad[] = { "192.0.2.0", "192.0.2.1/24",
		"192.0.2.0/33", "192.0.2.0/", "/8", "192.0.2.0/-1",
		"192.0.2.0/2x", "2001:db8::1/64", "::/129", "::ffff:1.2.0.0/16",
		"::ffff:1.2.3.0/119", "192.0.2.0/24/24" };
	static const struct {
		const char *text, *address;
		int bits;
	} good[] = { { "0.0.0.0/0", "0.0.0.0", 0 },
		{ "192.0.2.128/25", "192.0.2.128", 25 },
		{ "192.0.2.1/32", "192.0.2.1", 32 }, { "::/0", "::", 0 },
		{ "2001:db8::/33", "2001:db8::", 33 },
		{ "2001:db8::1/128", "2001:db8::1", 128 },
		{ "::ffff:192.0.2.0/120", "192.0.2.0", 24 },
		{ "::ffff:0.0.0.0/96", "0.0.0.0", 0 } };
	struct netaddr a, p;
	int refused = 0, bits;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		ok(net_parse_prefix(good[i].text, &a, &bits) == 0 &&
		    bits == good[i].bits, good[i].text);
		is(net_text(&a, text), good[i].address, "its address");
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		refused += net_parse_prefix(bad[i], &a, &bits) == -1;
	num(refused, ARRAY_LEN(bad), "what is no prefix");
	ok(net_parse("203.0.113.255", &a) == 0, "an address");
	a.port = 25;
	p = net_prefix(&a, 25);
	is(net_text(&p, text), "203.0.113.128", "its /25");
	num(p.port, 0, "without a port");
	p = net_prefix(&a, 0);
	is(net_text(&p, text), "0.0.0.0", "its /0");
	p = net_prefix(&a, 32);
	ok(net_same_host(&p, &a), "its /32");
	ok(net_parse("2001:db8:ffff:ffff::1", &a) == 0, "IPv6");
	p = net_prefix(&a, 47);
	is(net_text(&p, text), "2001:db8:fffe::", "its /47");
}

static void
sockaddrs(void)
{
	struct sockaddr_storage ss;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct netaddr a, b;

	ok(net_parse("2001:db8::7", &a) == 0, "IPv6");
	a.port = 2525;
	num(net_to_sockaddr(&a, &ss), sizeof(struct sockaddr_in6), "its size");
	net_from_sockaddr(&b, (struct sockaddr *)&ss);
	ok(memcmp(&a, &b, sizeof(a)) == 0, "there and back");
	ok(net_parse("192.0.2.7", &a) == 0, "IPv4");
	a.port = 25;
	num(net_to_sockaddr(&a, &ss), sizeof(struct sockaddr_in), "its size");
	net_from_sockaddr(&b, (struct sockaddr *)&ss);
	ok(memcmp(&a, &b, sizeof(a)) == 0, "there and back");
	net_from_sockaddr(&b, (struct sockaddr *)&un);
	num(b.family, 0, "a unix socket has none");
	num(net_to_sockaddr(&b, &ss), 0, "none is no address");
}

static void
listens(const char *address)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss), size = sizeof(int);
	struct netaddr a;
	int fd, c, s, on = 0;

	if (net_parse(address, &a) == -1 || (fd = net_listen(&a, 5)) == -1) {
		skip("no such address here");
		return;
	}
	getsockname(fd, (struct sockaddr *)&ss, &len);
	net_from_sockaddr(&a, (struct sockaddr *)&ss);
	ok(a.port > 0, "listens");
	num(net_listen(&a, 5), -1, "nobody else can");
	num(errno, EADDRINUSE, "and is told so");
	c = socket(ss.ss_family, SOCK_STREAM, 0);
	num(connect(c, (struct sockaddr *)&ss, len), 0, "connects");
	s = accept(fd, NULL, NULL);
	getsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, &size);
	ok(on != 0, "an accepted socket does not wait to fill a segment");
	close(s);
	close(c);
	close(fd);
}

static void
folders(const char *path)
{
	struct stat st;
	mode_t mask = umask(077);

	num(net_unix_folder(path), 0, "a folder for sockets is made");
	umask(mask);
	ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0755,
	    "and is ours alone, but all pass through it");
	num(net_unix_folder(path), 0, "it may be there already");
	ok(chmod(path, 0775) == 0 && net_unix_folder(path) == -1 &&
	    errno == EPERM, "but not so that others change what is in it");
	rmdir(path);
	ok(symlink("/", path) == 0 && net_unix_folder(path) == -1,
	    "nor as a link to another");
	unlink(path);
}

static void
unix_sockets(void)
{
	const char *tmp = getenv("TMPDIR");
	char dir[80], path[100], longer[200];
	struct stat st;
	int fd, c;

	snprintf(dir, sizeof(dir), "%s/t_netXXXXXX", tmp ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL)
		return;
	snprintf(path, sizeof(path), "%s/s", dir);
	folders(path);
	fd = net_unix_bind(path, SOCK_STREAM, 0640);
	ok(fd != -1 && stat(path, &st) == 0 && (st.st_mode & 0777) == 0640,
	    "bound with its mode");
	c = net_unix_connect(path, SOCK_STREAM);
	ok(c != -1, "connected");
	num(net_peer_uid(c), geteuid(), "to us");
	close(c);
	close(fd);
	num(net_unix_connect(path, SOCK_STREAM), -1, "nobody listens now");
	fd = net_unix_bind(path, SOCK_SEQPACKET, 0600);
	ok(fd != -1, "an old socket is replaced");
	close(fd);
	unlink(path);
	fd = net_unix_bind(path, SOCK_DGRAM, 0600);
	ok(fd != -1, "a datagram socket");
	close(fd);
	unlink(path);
	ok(symlink("/etc/passwd", path) == 0 &&
	    net_unix_bind(path, SOCK_STREAM, 0600) == -1 &&
	    lstat(path, &st) == 0 && S_ISLNK(st.st_mode),
	    "what is no socket stays");
	unlink(path);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	num(net_unix_bind(longer, SOCK_STREAM, 0600), -1, "too long a path");
	num(errno, ENAMETOOLONG, "says so");
	num(net_peer_uid(0), -1, "no socket, no uid");
	rmdir(dir);
}

int
main(void)
{
	parses();
	prefixes();
	sockaddrs();
	listens("127.0.0.1");
	listens("::1");
	unix_sockets();
	return done();
}
