/*
 * dns - c-ares channels, one for new questions and those that still wait for
 * answers to old ones.
 *
 * c-ares keeps one UDP port a server for as long as questions are in flight,
 * and a port that is known makes forged answers cheaper.  So a channel gets
 * CHANNEL_QUESTIONS questions and is then replaced; that is also how a changed
 * resolver file is taken up.
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/stat.h>
#include <ares.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "tables/dns.h"

#define CHANNELS 16
#define CHANNEL_QUESTIONS 200
#define TRIES 2
#define EDNS_SIZE 1232		/* never fragmented */
#define COMPLAINT 60000		/* ms between two lines that none answers */
#define RESOLVER_CHECK 5000	/* ms between looks at the resolver file */

struct channel {
	struct dns *dns;
	ares_channel ares;	/* null: the place is free */
	int asked, waiting;
};

struct question {
	struct channel *channel;
	void (*done)(void *arg, const uint8_t *p, size_t len);
	void *arg;
};

struct dns {
	int epoll;
	uint32_t data;
	char *servers;		/* as c-ares takes them, or null */
	char *path;
	int64_t timeout;
	char *used;		/* what the current channel asks */
	struct timespec changed;
	ino_t inode;
	int64_t check;
	int64_t quiet;		/* that nobody answers is told again then */
	struct channel *current;
	struct channel channels[CHANNELS];
};

static void
watch(void *data, ares_socket_t fd, int readable, int writable)
{
	struct channel *c = data;
	struct epoll_event e = { 0 };

	if (!readable && !writable) {
		epoll_ctl(c->dns->epoll, EPOLL_CTL_DEL, fd, NULL);
		return;
	}
	e.events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
	e.data.u64 = (uint64_t)c->dns->data << 32 |
	    (uint64_t)(c - c->dns->channels) << 24 | (unsigned)fd;
	if (epoll_ctl(c->dns->epoll, EPOLL_CTL_MOD, fd, &e) == -1 &&
	    epoll_ctl(c->dns->epoll, EPOLL_CTL_ADD, fd, &e) == -1)
		log_note(LEVEL_ERROR, "epoll_ctl: %s", strerror(errno));
}

static int
parse_server(const char *text, struct netaddr *a_r)
{
	char host[NET_TEXT];
	const char *end, *port = NULL;
	int64_t n = 53;
	size_t len;

	if (text[0] == '[') {
		text++;
		end = strchr(text, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return -1;
		if (end[1] == ':')
			port = end + 2;
	} else {
		end = strchr(text, ':');
		if (end != NULL && strchr(end + 1, ':') == NULL)
			port = end + 1;
		else
			end = text + strlen(text);
	}
	len = (size_t)(end - text);
	if (len >= sizeof(host))
		return -1;
	memcpy(host, text, len);
	host[len] = '\0';
	if (net_parse(host, a_r) == -1 ||
	    (port != NULL && text_number(port, 1, 65535, &n) == -1))
		return -1;
	a_r->port = (uint16_t)n;
	return 0;
}

static int
join_servers(struct dns *d, const struct strings *servers, struct buf *why_r)
{
	struct buf csv;
	struct netaddr a;
	char text[NET_TEXT];
	size_t i;

	if (servers->n == 0)
		return 0;
	buf_init(&csv, 4096);
	for (i = 0; i < servers->n; i++) {
		if (parse_server(servers->at[i], &a) == -1 ||
		    buf_addf(&csv, a.family == 6 ? "%s[%s]:%d" : "%s%s:%d",
		    i == 0 ? "" : ",", net_text(&a, text), a.port) == -1) {
			if (buf_addf(why_r, "dns-servers: \"%s\" is not an "
			    "address or address:port", servers->at[i]) == -1)
				buf_reset(why_r);
			buf_free(&csv);
			return -1;
		}
	}
	d->servers = xstrdup(buf_str(&csv));
	buf_free(&csv);
	return 0;
}

static int
count_servers(ares_channel ares, struct buf *text)
{
	struct ares_addr_port_node *list = NULL, *s;
	struct netaddr a;
	char host[NET_TEXT];
	int n = 0;

	if (ares_get_servers_ports(ares, &list) != ARES_SUCCESS)
		return 0;
	for (s = list; s != NULL; s = s->next, n++) {
		memset(&a, 0, sizeof(a));
		a.family = s->family == AF_INET6 ? 6 : 4;
		memcpy(a.ip, &s->addr, a.family == 6 ? 16 : 4);
		if (buf_addf(text, "%s%s", n == 0 ? "" : ",",
		    net_text(&a, host)) == -1)
			break;
	}
	if (list != NULL)
		ares_free_data(list);
	return n;
}

static int
init_ares(struct dns *d, struct channel *c, int nservers, const char **why_r)
{
	char lookups[] = "b";
	struct ares_options o = { 0 };
	int error;

	o.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS;
	/* Every server is asked twice before the time is up: t + 2t each. */
	o.timeout = (int)(d->timeout / (3 * nservers + 1)) + 1;
	o.tries = TRIES;
	o.ednspsz = EDNS_SIZE;
	o.lookups = lookups;
	o.resolvconf_path = d->path;
	o.sock_state_cb = watch;
	o.sock_state_cb_data = c;
	error = ares_init_options(&c->ares, &o, ARES_OPT_FLAGS |
	    ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
	    ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB);
	if (error == ARES_SUCCESS && d->servers != NULL) {
		error = ares_set_servers_ports_csv(c->ares, d->servers);
		if (error != ARES_SUCCESS)
			ares_destroy(c->ares);
	}
	if (error == ARES_SUCCESS)
		return 0;
	*why_r = ares_strerror(error);
	c->ares = NULL;
	return -1;
}

/* A new channel in a free place; null if there is none, or on an error. */
static struct channel *
channel_new(struct dns *d, const char **why_r)
{
	struct channel *c = NULL;
	struct buf used;
	int i, n;

	for (i = 0; i < CHANNELS && c == NULL; i++)
		if (d->channels[i].ares == NULL)
			c = &d->channels[i];
	*why_r = "too many channels";
	if (c == NULL)
		return NULL;
	c->dns = d;
	c->asked = c->waiting = 0;
	if (init_ares(d, c, 1, why_r) == -1)
		return NULL;
	buf_init(&used, 4096);
	n = count_servers(c->ares, &used);
	if (n > 1) {	/* now that we know how many share the time */
		ares_destroy(c->ares);
		if (init_ares(d, c, n, why_r) == -1) {
			buf_free(&used);
			return NULL;
		}
	}
	free(d->used);
	d->used = xstrdup(d->servers != NULL ? d->servers : buf_str(&used));
	buf_free(&used);
	return c;
}

static void
channel_retire(struct dns *d, struct channel *c)
{
	if (c->waiting == 0 && c->ares != NULL && c != d->current) {
		ares_destroy(c->ares);
		c->ares = NULL;
	}
}

static bool
has_place(const struct dns *d)
{
	int i;

	for (i = 0; i < CHANNELS; i++)
		if (d->channels[i].ares == NULL)
			return true;
	return false;
}

/* Replaces the current channel; on an error the old one stays. */
static void
renew(struct dns *d)
{
	const char *why;
	struct channel *c = channel_new(d, &why), *old = d->current;

	if (c == NULL) {
		log_note(LEVEL_WARNING, "name servers: %s", why);
		old->asked = 0;		/* and try again as many later */
		return;
	}
	d->current = c;
	channel_retire(d, old);
}

/* Has the resolver file changed since the last time? */
static bool
changed(struct dns *d)
{
	struct stat st;

	if (d->servers != NULL || stat(d->path, &st) == -1 ||
	    (st.st_ino == d->inode &&
	    st.st_mtim.tv_sec == d->changed.tv_sec &&
	    st.st_mtim.tv_nsec == d->changed.tv_nsec))
		return false;
	d->inode = st.st_ino;
	d->changed = st.st_mtim;
	return true;
}

static void
discard(struct dns *d)
{
	int i;

	for (i = 0; i < CHANNELS; i++)
		if (d->channels[i].ares != NULL)
			ares_destroy(d->channels[i].ares);
	ares_library_cleanup();
	free(d->servers);
	free(d->path);
	free(d->used);
	free(d);
}

struct dns *
dns_new(const struct strings *servers, const char *path, int64_t timeout_ms,
    int epoll, uint32_t data, struct buf *why_r)
{
	struct dns *d = xcalloc(1, sizeof(*d));
	const char *why = "";

	d->epoll = epoll;
	d->data = data;
	d->timeout = timeout_ms;
	d->path = xstrdup(path);
	d->check = clock_ms() + RESOLVER_CHECK;
	if (ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS &&
	    join_servers(d, servers, why_r) == 0) {
		(void)changed(d);
		d->current = channel_new(d, &why);
		if (d->current != NULL)
			return d;
		if (buf_addf(why_r, "name servers: %s", why) == -1)
			buf_reset(why_r);
	}
	discard(d);
	return NULL;
}

/* Nobody answers, or can be reached; a server that cannot say is heard. */
static void
complain(struct dns *d, int status)
{
	int64_t now = clock_ms();

	if ((status != ARES_ETIMEOUT && status != ARES_ECONNREFUSED) ||
	    now < d->quiet)
		return;
	d->quiet = now + COMPLAINT;
	log_note(LEVEL_WARNING, "no name server answers: %s (%s)", d->used,
	    ares_strerror(status));
}

static void
answered(void *arg, int status, int timeouts, unsigned char *p, int len)
{
	struct question *q = arg;
	bool sure = status == ARES_SUCCESS || status == ARES_ENODATA ||
	    status == ARES_ENOTFOUND;

	(void)timeouts;
	complain(q->channel->dns, status);
	q->channel->waiting--;
	if (sure && p != NULL && len > 0)
		q->done(q->arg, p, (size_t)len);
	else
		q->done(q->arg, NULL, 0);
	free(q);
}

void
dns_ask(struct dns *d, const struct dnsname *name, enum dnsmsg_type type,
    void (*done)(void *arg, const uint8_t *p, size_t len), void *arg)
{
	char text[DNSNAME_TEXT];
	struct question *q;

	if (dnsname_text(name, text) == -1) {
		done(arg, NULL, 0);
		return;
	}
	q = xcalloc(1, sizeof(*q));
	q->channel = d->current;
	q->done = done;
	q->arg = arg;
	d->current->asked++;
	d->current->waiting++;
	ares_query(d->current->ares, text, ns_c_in, (int)type, answered, q);
}

void
dns_event(struct dns *d, uint32_t low, uint32_t events)
{
	struct channel *c = &d->channels[(low >> 24) % CHANNELS];
	int fd = (int)(low & 0xffffff);
	bool in = (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0;
	bool out = (events & EPOLLOUT) != 0;

	/* Events of one batch may speak of a channel that is gone. */
	if (c->ares != NULL)
		ares_process_fd(c->ares, in ? fd : ARES_SOCKET_BAD,
		    out ? fd : ARES_SOCKET_BAD);
}

int
dns_wait(const struct dns *d, int most)
{
	struct timeval tv, *t;
	int i, ms;

	for (i = 0; i < CHANNELS; i++) {
		if (d->channels[i].ares == NULL || d->channels[i].waiting == 0)
			continue;
		t = ares_timeout(d->channels[i].ares, NULL, &tv);
		if (t == NULL)
			continue;
		ms = (int)(t->tv_sec * 1000 + (t->tv_usec + 999) / 1000);
		if (ms < most)
			most = ms;
	}
	return most;
}

void
dns_tick(struct dns *d, int64_t now)
{
	int i;

	for (i = 0; i < CHANNELS; i++) {
		struct channel *c = &d->channels[i];

		if (c->ares != NULL && c->waiting > 0)
			ares_process_fd(c->ares, ARES_SOCKET_BAD,
			    ARES_SOCKET_BAD);
		channel_retire(d, c);
	}
	if (now >= d->check) {
		d->check = now + RESOLVER_CHECK;
		if (changed(d)) {
			renew(d);
			log_note(LEVEL_NOTICE, "name servers now: %s", d->used);
		}
	}
	if (d->current->asked >= CHANNEL_QUESTIONS && has_place(d))
		renew(d);
}

const char *
dns_servers(const struct dns *d)
{
	return d->used;
}
