/*
 * check_proxy - the header that comes before all else at listeners that are
 * for proxies (lib/proxy.h).
 *
 * Runs in the session, which alone reads what comes from outside.  Whoever is
 * no listed proxy, or sends no good header, is closed without a word: what
 * the one would hear is none of its business, and the other is no client.
 */
#include "config.h"

#include <stdio.h>

#include "lib/networks.h"
#include "lib/proxy.h"
#include "smtpsrvr/told.h"

#define VALUE_MOST 128		/* of a TLV, in the log */

static void
log_refused(struct session *s, const char *reason, const char *detail)
{
	struct logline l;

	log_begin(&l, LEVEL_NOTICE, "refuse");
	session_log(s, &l, "PROXY");
	log_word(&l, "code", "-");
	log_word(&l, "reason", reason);
	if (detail[0] != '\0')
		log_word(&l, "detail", detail);
	log_end(&l);
}

/* A health check of the simplest kind is no event. */
static enum check_verdict
refuse(struct session *s, struct reply *r, const char *reason,
    const char *detail)
{
	s->mute = true;
	reply_set(r, REPLY_ACCESS_DENIED, s->ip);
	reply_because(r, reason);
	reply_detail(r, "%s", detail);
	if (reason[0] != '-')
		log_refused(s, reason, detail);
	return REFUSE;
}

/* How the log calls what is text; the rest has its number. */
static const struct {
	uint8_t type;
	const char *key;
} texts[] = {
	{ PROXY_ALPN, "alpn" },
	{ PROXY_AUTHORITY, "authority" },
	{ PROXY_UNIQUE_ID, "unique-id" },
	{ PROXY_SSL_VERSION, "ssl-version" },
	{ PROXY_SSL_CN, "ssl-cn" },
	{ PROXY_SSL_CIPHER, "ssl-cipher" },
	{ PROXY_SSL_SIG, "ssl-sig" },
	{ PROXY_SSL_KEY, "ssl-key" },
	{ PROXY_NETNS, "netns" }
};

static void
log_tlv(struct logline *l, const struct proxy_tlv *t)
{
	size_t len = t->len < VALUE_MOST ? t->len : VALUE_MOST;
	const char *key = NULL;
	char number[8];

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i].type == t->type)
			key = texts[i].key;
	if (key == NULL) {
		snprintf(number, sizeof number, "tlv-%02x", t->type);
		key = number;
	}
	log_textn(l, key, (const char *)t->value, len);
}

/* TLS with the proxy: what it was, and whether a certificate was good. */
static void
log_ssl(struct logline *l, const struct proxy_tlv *t)
{
	const uint8_t *at = t->value + PROXY_SSL_HEAD;
	size_t left = t->len - PROXY_SSL_HEAD;
	const uint8_t *verify = t->value + 1;
	struct proxy_tlv sub;

	log_num(l, "ssl-client", t->value[0]);
	log_num(l, "ssl-verify", (int64_t)verify[0] << 24 |
	    verify[1] << 16 | verify[2] << 8 | verify[3]);
	while (proxy_next(&at, &left, &sub))
		log_tlv(l, &sub);
}

/* What the proxy says besides. */
static void
log_header(struct session *s, const struct proxy *h)
{
	const uint8_t *at = h->tlvs;
	size_t left = h->tlvs_len;
	struct logline l;
	struct proxy_tlv t;

	log_begin(&l, h->tlvs_len > 0 ? LEVEL_INFO : LEVEL_DEBUG, "proxy");
	session_log(s, &l, "PROXY");
	log_num(&l, "version", h->version);
	log_word(&l, "kind", h->kind);
	while (proxy_next(&at, &left, &t)) {
		if (t.type == PROXY_SSL)
			log_ssl(&l, &t);
		else if (t.type != PROXY_CRC32C && t.type != PROXY_NOOP)
			log_tlv(&l, &t);
	}
	log_end(&l);
}

/*
 * Exactly the header is taken: what follows is for TLS, if that comes first, or
 * else stays for the first command.
 */
static enum check_verdict
hear(struct session *s, struct proxy *h, struct reply *r)
{
	int64_t deadline = clock_ms() + s->set->proxy_timeout;
	struct wire *w = &s->wire;
	enum wire_end end = WIRE_OK;
	const char *why;

	for (;;) {
		switch (proxy_parse(w->buffer + w->at, w->len - w->at, h,
		    &why)) {
		case PROXY_WHOLE:
			return PASS;
		case PROXY_BAD:
			return refuse(s, r, "proxy-header", why);
		case PROXY_MORE:
			end = wire_fill_most(w, h->missing, true, deadline);
			break;
		}
		if (end == WIRE_STOPPING ||
		    (end == WIRE_CLOSED && !wire_pending(w)))
			return refuse(s, r, "-", "");
		if (end != WIRE_OK)
			return refuse(s, r, "proxy-header",
			    end == WIRE_TIMEOUT ? "timeout" : "cut");
	}
}

enum check_verdict
check_proxy(struct session *s, const struct check_subject *x,
    struct reply *r)
{
	struct proxy h;

	(void)x;
	if (!s->set->proxy_protocol || s->headed)
		return PASS;
	s->headed = true;
	if (!networks_hold(&s->set->proxies, &s->peer))
		return refuse(s, r, "no-proxy", "");
	if (hear(s, &h, r) == REFUSE)
		return REFUSE;
	s->look = h.local;
	s->by_header = !h.silent;
	if (s->by_header &&
	    told_client(s, &h.client, &h.server, r) == REFUSE)
		return REFUSE;
	log_header(s, &h);
	/* Not before: the values were read where they stand. */
	s->wire.at += h.len;
	return PASS;
}
