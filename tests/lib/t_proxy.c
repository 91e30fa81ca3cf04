/* proxy: headers of both versions; what is cut, what is wrong, TLVs. */
#include "config.h"

#include <stdlib.h>

#include "lib/crc32c.h"
#include "lib/proxy.h"
#include "tests/tap.h"

static struct proxy x;
static const char *why;

/* In memory of exactly that size, so that a sanitizer sees what is behind. */
static enum proxy_end
parse(const void *p, size_t len)
{
	static uint8_t *copy;
	enum proxy_end end;

	free(copy);
	copy = malloc(len + (len == 0));
	if (copy == NULL)
		exit(1);
	memcpy(copy, p, len);
	end = proxy_parse(copy, len, &x, &why);
	return end;
}

/* The whole is whole, and every beginning of it is good so far. */
static bool
whole(const void *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (parse(p, i) != PROXY_MORE || x.missing == 0 ||
		    x.missing > len - i)
			return false;
	return parse(p, len) == PROXY_WHOLE && x.len == len;
}

static bool
line(const char *text)
{
	return whole(text, strlen(text));
}

static bool
wrong(const char *text, const char *because)
{
	return parse(text, strlen(text)) == PROXY_BAD &&
	    strcmp(why, because) == 0;
}

static bool
is_at(const struct netaddr *a, const char *text, int port)
{
	char shown[NET_TEXT];

	return strcmp(net_text(a, shown), text) == 0 && a->port == port;
}

static void
lines(void)
{
	char most[200];

	ok(line("PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\r\n"), "TCP4");
	ok(is_at(&x.client, "192.0.2.7", 56324) &&
	    is_at(&x.server, "198.51.100.1", 25) && !x.silent && !x.local &&
	    x.version == 1, "both ends");
	is(x.kind, "tcp4", "and its kind");
	ok(line("PROXY TCP6 2001:db8::7 ::1 0 65535\r\n"), "TCP6");
	ok(is_at(&x.client, "2001:db8::7", 0) &&
	    is_at(&x.server, "::1", 65535), "ports may be 0 and 65535");
	ok(line("PROXY TCP6 :: :: 1 1\r\n") &&
	    line("PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\n"), "the shortest");
	ok(line("PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 1 2\r\n") &&
	    is_at(&x.client, "192.0.2.7", 1), "one of IPv4 in IPv6");
	ok(line("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"),
	    "the longest of TCP6");
	ok(line("PROXY UNKNOWN\r\n") && x.silent && x.local, "UNKNOWN");
	ok(line("PROXY UNKNOWN ffff::1 anything it likes\r\n") && x.silent,
	    "with whatever behind it");
	memset(most, 'x', sizeof(most));
	memcpy(most, "PROXY UNKNOWN ", 14);
	memcpy(most + 105, "\r\n", 2);
	ok(whole(most, 107), "107 bytes");
	memcpy(most + 105, "x\r\n", 3);
	ok(parse(most, 106) == PROXY_MORE && parse(most, 107) == PROXY_BAD &&
	    parse(most, 108) == PROXY_BAD, "and no more");
	is(why, "too-long", "which is said");
	ok(parse("PROXY UNKNOWN\r\nEHLO x\r\n", 23) == PROXY_WHOLE &&
	    x.len == 15, "what follows is the client's");
}

static void
wrong_lines(void)
{
	ok(wrong("EHLO x\r\n", "signature") && wrong("p", "signature") &&
	    wrong("PROXY\t", "signature") && wrong("PRO\r\n", "signature"),
	    "no header at all");
	ok(wrong("PROXY \r\n", "family") && wrong("PROXY TCP5 1.2.3.4 1.2.3.4 "
	    "1 1\r\n", "family") && wrong("PROXY tcp4 1.2.3.4 1.2.3.4 1 1\r\n",
	    "family") && wrong("PROXY UNKNOWNX\r\n", "family") &&
	    wrong("PROXY  TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "family"),
	    "families that are none");
	ok(wrong("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", "words") &&
	    wrong("PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n", "words") &&
	    wrong("PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n", "words"),
	    "too few, too many");
	ok(wrong("PROXY TCP4 1.2.3.4  1.2.3.4 1 1\r\n", "words") &&
	    wrong("PROXY TCP4 01.2.3.4 1.2.3.4 1 1\r\n", "address") &&
	    wrong("PROXY TCP4 1.2.3 1.2.3.4 1 1\r\n", "address") &&
	    wrong("PROXY TCP4 ::1 ::1 1 1\r\n", "address") &&
	    wrong("PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n", "address") &&
	    wrong("PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n", "address") &&
	    wrong("PROXY TCP4 1.2.3.4 a.example 1 1\r\n", "address"),
	    "addresses that are none");
	ok(wrong("PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n", "port") &&
	    wrong("PROXY TCP4 1.2.3.4 1.2.3.4 1 -1\r\n", "port") &&
	    wrong("PROXY TCP4 1.2.3.4 1.2.3.4 1 025\r\n", "port") &&
	    wrong("PROXY TCP4 1.2.3.4 1.2.3.4 00 25\r\n", "port") &&
	    wrong("PROXY TCP4 1.2.3.4 1.2.3.4 +1 25\r\n", "port") &&
	    wrong("PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n", "port"),
	    "ports that are none");
	ok(wrong("PROXY UNKNOWN\n", "line") &&
	    wrong("PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n", "line") &&
	    wrong("PROXY UNKNOWN a\rb\r\n", "line") &&
	    wrong("PROXY UNKNOWN\r\r\n", "line"), "lines that end otherwise");
	ok(parse("PROXY UNKNOWN\0\r\n", 16) == PROXY_BAD, "a NUL");
}

/* A header of version 2 in the making. */
static uint8_t h[70000];
static size_t hlen;

static void
bytes(const void *p, size_t len)
{
	if (len > 0)
		memcpy(h + hlen, p, len);
	hlen += len;
	h[14] = (uint8_t)((hlen - 16) >> 8);
	h[15] = (uint8_t)(hlen - 16);
}

static void
begin(uint8_t command, uint8_t family)
{
	memcpy(h, "\r\n\r\n\0\r\nQUIT\n", 12);
	h[12] = command;
	h[13] = family;
	hlen = 16;
	bytes(NULL, 0);
}

static void
tlv(uint8_t type, const void *value, size_t len)
{
	const uint8_t head[3] = { type, (uint8_t)(len >> 8), (uint8_t)len };

	bytes(head, 3);
	bytes(value, len);
}

static const uint8_t pair4[] = { 192, 0, 2, 7, 198, 51, 100, 1, 0xdc, 0x04,
    0, 25 };
static const uint8_t pair6[36] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 7,
    [31] = 1, [32] = 0xff, [33] = 0xff, [35] = 25 };

static bool
bad(const char *because)
{
	return parse(h, hlen) == PROXY_BAD && strcmp(why, because) == 0;
}

static void
binary(void)
{
	static const uint8_t path[216] = "/run/client";

	begin(0x21, 0x11);
	bytes(pair4, sizeof(pair4));
	ok(whole(h, hlen) && is_at(&x.client, "192.0.2.7", 56324) &&
	    is_at(&x.server, "198.51.100.1", 25) && x.version == 2,
	    "TCP over IPv4");
	begin(0x21, 0x21);
	bytes(pair6, sizeof(pair6));
	ok(whole(h, hlen) && is_at(&x.client, "2001:db8::7", 65535) &&
	    is_at(&x.server, "::1", 25), "over IPv6");
	begin(0x21, 0x31);
	bytes(path, sizeof(path));
	ok(whole(h, hlen) && x.silent && !x.local, "a unix socket");
	is(x.kind, "unix", "is no address");
	begin(0x21, 0x00);
	ok(whole(h, hlen) && x.silent && !x.local, "no family");
	begin(0x20, 0x00);
	ok(whole(h, hlen) && x.silent && x.local, "LOCAL");
	begin(0x20, 0xff);
	bytes("anything", 8);
	ok(whole(h, hlen) && x.silent && x.tlvs_len == 0,
	    "whatever it says besides");
	begin(0x31, 0x11);
	bytes(pair4, sizeof(pair4));
	ok(bad("version"), "another version");
	h[12] = 0x22;
	ok(bad("command"), "another command");
	h[12] = 0x21;
	h[13] = 0x12;
	ok(bad("transport"), "datagrams");
	h[13] = 0x10;
	ok(bad("family"), "no transport");
	h[13] = 0x41;
	ok(bad("family"), "a family that is none");
	h[13] = 0x21;
	ok(bad("too-short"), "half an address");
	h[13] = 0x11;
	h[5] ^= 1;
	ok(bad("signature"), "nearly the signature");
	begin(0x21, 0x11);
	bytes(pair4, 11);
	ok(bad("too-short"), "a byte too short");
	begin(0x20, 0x00);
	h[14] = (PROXY_MOST - 16 + 1) >> 8;
	h[15] = (PROXY_MOST - 16 + 1) & 0xff;
	ok(bad("too-long"), "longer than what we take");
	h[14] = (PROXY_MOST - 16) >> 8;
	h[15] = (PROXY_MOST - 16) & 0xff;
	ok(parse(h, PROXY_MOST - 1) == PROXY_MORE &&
	    parse(h, PROXY_MOST) == PROXY_WHOLE, "as long as that");
}

static void
put_sum(size_t at)
{
	uint32_t sum;

	memset(h + at, 0, 4);
	sum = crc32c(0, h, hlen);
	for (int i = 0; i < 4; i++)
		h[at + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
}

static void
with_tlvs(void)
{
	static const uint8_t zero[200];
	static const uint8_t ssl[] = "\x07\0\0\0\0\x21\0\7TLSv1.3\x22\0\1x";
	const uint8_t *at;
	struct proxy_tlv t;
	size_t left, sum;
	bool good = true;

	begin(0x21, 0x11);
	bytes(pair4, sizeof(pair4));
	tlv(PROXY_AUTHORITY, "mx.example", 10);
	sum = hlen + 3;
	tlv(PROXY_CRC32C, zero, 4);
	tlv(PROXY_SSL, ssl, sizeof(ssl) - 1);
	tlv(PROXY_NOOP, "", 0);
	put_sum(sum);
	ok(whole(h, hlen), "with a checksum");
	at = x.tlvs;
	left = x.tlvs_len;
	ok(proxy_next(&at, &left, &t) && t.type == PROXY_AUTHORITY &&
	    t.len == 10 && memcmp(t.value, "mx.example", 10) == 0, "a name");
	ok(proxy_next(&at, &left, &t) && t.type == PROXY_CRC32C &&
	    proxy_next(&at, &left, &t) && t.type == PROXY_SSL &&
	    proxy_next(&at, &left, &t) && t.type == PROXY_NOOP && t.len == 0 &&
	    !proxy_next(&at, &left, &t), "and the others, in order");
	for (size_t i = 16; i < 16 + sizeof(pair4) && good; i++) {
		h[i] ^= 0x20;
		good = bad("checksum");
		h[i] ^= 0x20;
	}
	ok(good, "each byte of the addresses counts");
	h[20] ^= 1;
	ok(bad("checksum"), "one bit is wrong");
	h[20] ^= 1;
	tlv(PROXY_CRC32C, zero, 4);
	put_sum(sum);
	ok(bad("checksum"), "two checksums");

	begin(0x21, 0x00);
	tlv(PROXY_UNIQUE_ID, zero, 128);
	ok(whole(h, hlen) && x.tlvs_len == 131, "TLVs without an address");
	begin(0x21, 0x00);
	tlv(PROXY_UNIQUE_ID, zero, 129);
	ok(bad("tlv"), "too long an identifier");
	begin(0x21, 0x00);
	tlv(PROXY_CRC32C, zero, 3);
	ok(bad("tlv"), "a checksum of three bytes");
	begin(0x21, 0x00);
	tlv(PROXY_SSL, ssl, 4);
	ok(bad("tlv"), "SSL without its head");
	begin(0x21, 0x00);
	tlv(PROXY_SSL, ssl, sizeof(ssl) - 2);
	ok(bad("tlv"), "SSL that is cut");
	begin(0x21, 0x00);
	tlv(PROXY_ALPN, "smtp", 4);
	h[18] = 5;
	ok(bad("tlv"), "one that is longer than the header");
	begin(0x21, 0x00);
	bytes("\1", 1);
	ok(bad("tlv"), "half a TLV");
}

int
main(void)
{
	num(parse("", 0), PROXY_MORE, "nothing yet");
	lines();
	wrong_lines();
	binary();
	with_tlvs();
	return done();
}
