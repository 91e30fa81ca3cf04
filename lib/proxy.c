/*
 * proxy - the header of the PROXY protocol, versions 1 and 2.
 */
#include "config.h"

#include <netinet/in.h>
#include <string.h>

#include "lib/crc32c.h"
#include "lib/proxy.h"
#include "lib/text.h"

#define HEAD 16			/* of version 2, before the addresses */
#define SHORTEST 15		/* "PROXY UNKNOWN\r\n": of any header */
#define SHORTEST_TCP 22		/* "PROXY TCP6 :: :: 1 1\r\n" */
#define UNIQUE_MOST 128

static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";

static enum proxy_end
bad(const char **why_r, const char *why)
{
	*why_r = why;
	return PROXY_BAD;
}

static int
take_port(const char *text, struct netaddr *a)
{
	int64_t n;

	if ((text[0] == '0' && text[1] != '\0') ||
	    text_number(text, 0, 65535, &n) != 0)
		return -1;
	a->port = (uint16_t)n;
	return 0;
}

/* An address of IPv6 that holds one of IPv4 is one of IPv4 for us. */
static int
take_address(const char *text, bool six, struct netaddr *a_r)
{
	return (strchr(text, ':') != NULL) == six ? net_parse(text, a_r) : -1;
}

/* Source, destination, and their ports, one blank between two. */
static enum proxy_end
words(char *text, bool six, struct proxy *x, const char **why_r)
{
	char *w[4] = { text };

	for (size_t i = 1; i < ARRAY_LEN(w); i++) {
		w[i] = strchr(w[i - 1], ' ');
		if (w[i] == NULL)
			return bad(why_r, "words");
		*w[i]++ = '\0';
	}
	if (strchr(w[ARRAY_LEN(w) - 1], ' ') != NULL)
		return bad(why_r, "words");
	if (take_address(w[0], six, &x->client) != 0 ||
	    take_address(w[1], six, &x->server) != 0)
		return bad(why_r, "address");
	if (take_port(w[2], &x->client) != 0 ||
	    take_port(w[3], &x->server) != 0)
		return bad(why_r, "port");
	x->kind = six ? "tcp6" : "tcp4";
	return PROXY_WHOLE;
}

static enum proxy_end
more(struct proxy *x, size_t len, size_t least)
{
	x->missing = least > len ? least - len : 1;
	return PROXY_MORE;
}

/* So that a reader who takes no more than that ends at the line's. */
static enum proxy_end
more_of_line(struct proxy *x, const char *p, size_t len)
{
	size_t rest = len > 0 && p[len - 1] == '\r' ? 1 : 2;
	size_t least = len + rest;

	if (len < SHORTEST)
		least = SHORTEST;
	else if (p[6] == 'T' && len + rest < SHORTEST_TCP)
		least = SHORTEST_TCP;
	return more(x, len, least < PROXY_LINE ? least : PROXY_LINE);
}

static enum proxy_end
version1(const char *p, size_t len, struct proxy *x, const char **why_r)
{
	static const char begin[] = "PROXY ";
	size_t most = len < PROXY_LINE ? len : PROXY_LINE;
	size_t known = most < sizeof(begin) - 1 ? most : sizeof(begin) - 1;
	const char *lf = memchr(p, '\n', most);
	char line[PROXY_LINE + 1], *rest;

	if (memcmp(p, begin, known) != 0)
		return bad(why_r, "signature");
	if (lf == NULL)
		return most == PROXY_LINE ? bad(why_r, "too-long") :
		    more_of_line(x, p, len);
	x->len = (size_t)(lf + 1 - p);
	memcpy(line, p, x->len);
	line[x->len] = '\0';
	if (line[x->len - 2] != '\r' || strlen(line) != x->len ||
	    strchr(line, '\r') != line + x->len - 2)
		return bad(why_r, "line");
	line[x->len - 2] = '\0';
	rest = line + sizeof(begin) - 1;
	if (strncmp(rest, "TCP4 ", 5) == 0)
		return words(rest + 5, false, x, why_r);
	if (strncmp(rest, "TCP6 ", 5) == 0)
		return words(rest + 5, true, x, why_r);
	if (strncmp(rest, "UNKNOWN", 7) != 0 ||
	    (rest[7] != '\0' && rest[7] != ' '))
		return bad(why_r, "family");
	x->silent = x->local = true;
	x->kind = "unknown";
	return PROXY_WHOLE;
}

bool
proxy_next(const uint8_t **at, size_t *left, struct proxy_tlv *t_r)
{
	const uint8_t *p = *at;
	size_t len;

	if (*left < 3)
		return false;
	len = (size_t)p[1] << 8 | p[2];
	if (len > *left - 3)
		return false;
	*t_r = (struct proxy_tlv){ p[0], p + 3, len };
	*at = p + 3 + len;
	*left -= 3 + len;
	return true;
}

/* They fill what they are in, to the last byte. */
static bool
well_formed(const uint8_t *at, size_t left, bool within)
{
	struct proxy_tlv t;

	while (proxy_next(&at, &left, &t)) {
		if (within)
			continue;
		if ((t.type == PROXY_CRC32C && t.len != 4) ||
		    (t.type == PROXY_UNIQUE_ID && t.len > UNIQUE_MOST))
			return false;
		if (t.type == PROXY_SSL && (t.len < PROXY_SSL_HEAD ||
		    !well_formed(t.value + PROXY_SSL_HEAD,
		    t.len - PROXY_SSL_HEAD, true)))
			return false;
	}
	return left == 0;
}

/* The checksum is of the whole header, with zeros where it stands itself. */
static bool
sum_good(const uint8_t *p, const struct proxy *x)
{
	static const uint8_t zero[4];
	const uint8_t *at = x->tlvs, *found = NULL;
	size_t left = x->tlvs_len;
	struct proxy_tlv t;
	uint32_t sum;

	while (proxy_next(&at, &left, &t)) {
		if (t.type != PROXY_CRC32C)
			continue;
		if (found != NULL)
			return false;
		found = t.value;
	}
	if (found == NULL)
		return true;
	sum = crc32c(0, p, (size_t)(found - p));
	sum = crc32c(sum, zero, sizeof(zero));
	sum = crc32c(sum, found + 4, (size_t)(p + x->len - (found + 4)));
	return sum == ((uint32_t)found[0] << 24 | (uint32_t)found[1] << 16 |
	    (uint32_t)found[2] << 8 | found[3]);
}

static uint16_t
port_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
four(const uint8_t *p, struct proxy *x)
{
	x->client.family = x->server.family = 4;
	memcpy(x->client.ip, p, 4);
	memcpy(x->server.ip, p + 4, 4);
	x->client.port = port_at(p + 8);
	x->server.port = port_at(p + 10);
}

static struct netaddr
six_at(const uint8_t *ip, const uint8_t *port)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
	    .sin6_port = htons(port_at(port)) };
	struct netaddr a;

	memcpy(&in6.sin6_addr, ip, 16);
	net_from_sockaddr(&a, (struct sockaddr *)&in6);
	return a;
}

static void
six(const uint8_t *p, struct proxy *x)
{
	x->client = six_at(p, p + 32);
	x->server = six_at(p + 16, p + 34);
}

/* Datagrams carry no SMTP; what is not listed has no meaning. */
static const struct {
	uint8_t byte;
	const char *kind;
	size_t len;
	void (*take)(const uint8_t *, struct proxy *);
} families[] = {
	{ 0x00, "unknown", 0, NULL },
	{ 0x11, "tcp4", 12, four },
	{ 0x21, "tcp6", 36, six },
	{ 0x31, "unix", 216, NULL }
};

static enum proxy_end
addresses(const uint8_t *p, struct proxy *x, const char **why_r)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		if (families[i].byte != p[13])
			continue;
		if (x->len - HEAD < families[i].len)
			return bad(why_r, "too-short");
		x->kind = families[i].kind;
		x->silent = families[i].take == NULL;
		if (!x->silent)
			families[i].take(p + HEAD, x);
		x->tlvs = p + HEAD + families[i].len;
		x->tlvs_len = x->len - HEAD - families[i].len;
		if (!well_formed(x->tlvs, x->tlvs_len, false))
			return bad(why_r, "tlv");
		return sum_good(p, x) ? PROXY_WHOLE : bad(why_r, "checksum");
	}
	return bad(why_r, (p[13] & 0x0f) == 2 ? "transport" : "family");
}

static enum proxy_end
version2(const uint8_t *p, size_t len, struct proxy *x, const char **why_r)
{
	size_t known = len < sizeof(signature) ? len : sizeof(signature);

	if (memcmp(p, signature, known) != 0)
		return bad(why_r, "signature");
	if (len > 12 && p[12] >> 4 != 2)
		return bad(why_r, "version");
	if (len > 12 && (p[12] & 0x0f) > 1)
		return bad(why_r, "command");
	if (len < HEAD)
		return more(x, len, HEAD);
	x->len = HEAD + (size_t)port_at(p + 14);
	if (x->len > PROXY_MOST)
		return bad(why_r, "too-long");
	if (len < x->len)
		return more(x, len, x->len);
	if ((p[12] & 0x0f) == 1)
		return addresses(p, x, why_r);
	/* LOCAL: whatever else it says is to be passed over. */
	x->silent = x->local = true;
	x->kind = "local";
	return PROXY_WHOLE;
}

enum proxy_end
proxy_parse(const void *p, size_t len, struct proxy *x_r, const char **why_r)
{
	const uint8_t *byte = p;

	memset(x_r, 0, sizeof(*x_r));
	*why_r = "";
	if (len == 0)
		return more(x_r, len, SHORTEST);
	x_r->version = byte[0] == signature[0] ? 2 : 1;
	return x_r->version == 2 ? version2(p, len, x_r, why_r) :
	    version1(p, len, x_r, why_r);
}
