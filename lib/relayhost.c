/*
 * relayhost - parses one element of relay-hosts.
 */
#include "config.h"

#include <string.h>

#include "lib/path.h"
#include "lib/relayhost.h"
#include "lib/text.h"

/* ":587" or nothing; text is what is behind the host. */
static int
parse_port(const char *text, uint16_t *port_r)
{
	int64_t n = 0;

	if (*text != '\0' && (*text != ':' ||
	    text_number(text + 1, 1, 65535, &n) == -1))
		return -1;
	*port_r = (uint16_t)n;
	return 0;
}

static int
parse_address(const char *text, struct relayhost *r)
{
	/* As in RFC 5321 4.1.3, or plain. */
	if (text_begins(text, "IPv6:"))
		text += 5;
	if (net_parse(text, &r->address) == -1)
		return -1;
	r->kind = RELAYHOST_ADDRESS;
	return text_copy(r->name, sizeof r->name, text);
}

static int
parse_bracketed(const char *text, struct relayhost *r)
{
	const char *end = strchr(text, ']');
	char inner[64];
	size_t len;

	if (end == NULL || parse_port(end + 1, &r->port) == -1)
		return -1;
	len = (size_t)(end - text) - 1;
	if (len >= sizeof inner)
		return -1;
	memcpy(inner, text + 1, len);
	inner[len] = '\0';
	return parse_address(inner, r);
}

static int
parse_host(const char *text, struct relayhost *r)
{
	size_t len = strcspn(text, ":");

	if (len >= sizeof r->name || parse_port(text + len, &r->port) == -1)
		return -1;
	memcpy(r->name, text, len);
	r->name[len] = '\0';
	if (net_parse(r->name, &r->address) == 0) {
		r->kind = RELAYHOST_ADDRESS;
		return 0;
	}
	text_lower(r->name);
	r->kind = RELAYHOST_NAME;
	/* A last label of digits is an address that is none. */
	len = strspn(r->name, "0123456789.");
	return r->name[len] != '\0' &&
	    path_is_domain(r->name, strlen(r->name)) ? 0 : -1;
}

int
relayhost_parse(const char *text, struct relayhost *r_r)
{
	memset(r_r, 0, sizeof *r_r);
	if (text_begins(text, "unix:")) {
		r_r->kind = RELAYHOST_UNIX;
		return text[5] == '/' && strlen(text + 5) < RELAYHOST_PATH ?
		    text_copy(r_r->name, sizeof r_r->name, text + 5) : -1;
	}
	if (text_begins(text, "mx:")) {
		if (text[3] != '\0' && parse_host(text + 3, r_r) == -1)
			return -1;
		if (r_r->kind == RELAYHOST_ADDRESS)
			return -1;
		r_r->kind = RELAYHOST_MX;
		return 0;
	}
	/* IPv6 without brackets: nothing can follow it. */
	if (net_parse(text, &r_r->address) == 0)
		return parse_address(text, r_r);
	return text[0] == '[' ? parse_bracketed(text, r_r) :
	    parse_host(text, r_r);
}
