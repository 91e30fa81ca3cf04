/*
 * load - an SMTP client that keeps a server busy and measures it.
 *
 * One process, one loop, any number of sessions at once; all messages are
 * alike.  Bounded by a count and by a time.  Prints one line of JSON; exit
 * status 1 if anything went wrong.  It knows nothing of the server but RFC
 * 5321, so that all servers are measured with the same client.
 */
#include "config.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "lib/clock.h"
#include "lib/xalloc.h"

#define REPLY_MOST 4096
#define OPENING 20

enum what {
	MESSAGES,		/* a message a connection */
	PERSISTENT,		/* as many as there are on one connection */
	GREETINGS,		/* connect, EHLO, QUIT */
	IDLE			/* connect, EHLO, and stay */
};

enum step {
	AT_GREETING, AT_EHLO, AT_STARTTLS, AT_HANDSHAKE, AT_MAIL, AT_RCPT, AT_DATA, AT_TEXT, AT_QUIT
};

struct run {
	enum what what;
	const char *from, *to;
	struct sockaddr_storage server;
	socklen_t server_len;
	long clients, count, size, recipients, each;
	bool pipelining, hurried;	/* hurried: no wait for QUIT's reply */
	bool starttls;
	SSL_CTX *tls;			/* nothing verified, nothing resumed */
	int64_t until;
	char *text;			/* a message with its final dot */
	size_t text_len;
	char *envelope;			/* the pipelined group */
	size_t envelope_len;

	int ep;
	struct client *client;
	long begun, done, errors, open;
	int64_t *latency;		/* of each operation, microseconds */
	char first[256];		/* error */
};

struct client {
	int fd;
	SSL *ssl;		/* null: in the clear */
	enum step step;
	long recipients;	/* that are still to be named */
	long replies;		/* awaited before the next step */
	long sent;		/* messages on this connection */
	char want;		/* first digit of the last of them */
	int64_t since;		/* of this operation */
	const char *out;
	size_t out_len;
	bool writing;		/* armed for it */
	char line[512];
	char in[REPLY_MOST];
	size_t in_len;
};

static void
usage(void)
{
	fprintf(stderr, "usage: load [-gikqPS] [-c clients] [-n count] "
	    "[-m messages-each] [-s size] [-r recipients]\n"
	    "            [-f sender] [-t recipient] [-T seconds] "
	    "host port\n");
	exit(EX_USAGE);
}

static long
number(const char *text, long least, long most)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || *text == '\0' || *end != '\0' || n < least ||
	    n > most)
		errx(EX_USAGE, "%s: not a number from %ld to %ld", text,
		    least, most);
	return n;
}

static void
make_text(struct run *r)
{
	static const char head[] = "From: <s@client.example>\r\n"
	    "Subject: a message of the benchmark\r\n\r\n";
	size_t size = (size_t)r->size, at = sizeof head - 1;

	r->text = xmalloc(size + sizeof head + 80);
	memcpy(r->text, head, at);
	while (at < size) {
		size_t n = size - at < 72 ? size - at : 72;

		memset(r->text + at, 'x', n);
		memcpy(r->text + at + n, "\r\n", 2);
		at += n + 2;
	}
	memcpy(r->text + at, ".\r\n", 3);
	r->text_len = at + 3;
}

static void
make_envelope(struct run *r)
{
	size_t room = 64 + strlen(r->from) +
	    (size_t)r->recipients * (16 + strlen(r->to));
	int n;

	r->envelope = xmalloc(room);
	n = snprintf(r->envelope, room, "MAIL FROM:<%s>\r\n", r->from);
	for (long i = 0; i < r->recipients; i++)
		n += snprintf(r->envelope + n, room - (size_t)n,
		    "RCPT TO:<%s>\r\n", r->to);
	n += snprintf(r->envelope + n, room - (size_t)n, "DATA\r\n");
	r->envelope_len = (size_t)n;
}

static void arm(struct run *r, struct client *c);
static void begin(struct run *r, struct client *c);

static void
finish(struct run *r, struct client *c)
{
	if (c->ssl != NULL && c->step == AT_QUIT)
		(void)SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	c->ssl = NULL;
	close(c->fd);
	c->fd = -1;
	r->open--;
	begin(r, c);
}

static void
failed(struct run *r, struct client *c, const char *why)
{
	if (r->errors++ == 0)
		snprintf(r->first, sizeof r->first, "%.255s", why);
	finish(r, c);
}

static void
counted(struct run *r, const struct client *c)
{
	r->latency[r->done++] = clock_us() - c->since;
}

static void
say(struct client *c, const char *text, size_t len, long replies, char want)
{
	c->out = text;
	c->out_len = len;
	c->replies = replies;
	c->want = want;
}

static void
say_line(struct client *c, const char *verb, const char *rest, char want)
{
	int n = snprintf(c->line, sizeof c->line, "%s%s\r\n", verb, rest);

	say(c, c->line, (size_t)n, 1, want);
}

static void
quit(struct run *r, struct client *c)
{
	c->step = AT_QUIT;
	say_line(c, "QUIT", "", '2');
	if (r->what == GREETINGS && r->hurried)
		counted(r, c);
}

static void
mail(struct run *r, struct client *c)
{
	char path[300];

	if (r->what == PERSISTENT)
		c->since = clock_us();
	c->recipients = r->recipients;
	if (r->pipelining) {
		c->step = AT_DATA;
		say(c, r->envelope, r->envelope_len, r->recipients + 2, '3');
		return;
	}
	c->step = AT_MAIL;
	snprintf(path, sizeof path, "<%s>", r->from);
	say_line(c, "MAIL FROM:", path, '2');
}

/* After a message on a persistent connection: one more, or the end. */
static void
another(struct run *r, struct client *c)
{
	counted(r, c);
	if (r->what == PERSISTENT && r->begun < r->count &&
	    ++c->sent < r->each) {
		r->begun++;
		mail(r, c);
	} else {
		quit(r, c);
	}
}

static void
ehlo(struct client *c)
{
	c->step = AT_EHLO;
	say_line(c, "EHLO ", "client.example", '2');
}

/* As far as it goes now; the server's certificate is nobody's business. */
static void
shake(struct run *r, struct client *c)
{
	int result;

	c->step = AT_HANDSHAKE;
	c->replies = 0;
	result = SSL_do_handshake(c->ssl);
	if (result == 1)
		ehlo(c);
	else if (SSL_get_error(c->ssl, result) != SSL_ERROR_WANT_READ)
		failed(r, c, "TLS handshake");
}

static void
starttls(struct run *r, struct client *c)
{
	c->ssl = SSL_new(r->tls);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1)
		errx(EX_OSERR, "no memory for TLS");
	SSL_set_connect_state(c->ssl);
	shake(r, c);
}

/* The awaited reply came; what comes next. */
static void
step(struct run *r, struct client *c)
{
	char path[300];

	switch (c->step) {
	case AT_GREETING:
		ehlo(c);
		return;
	case AT_STARTTLS:
		starttls(r, c);
		return;
	case AT_HANDSHAKE:
		shake(r, c);
		return;
	case AT_EHLO:
		if (r->starttls && c->ssl == NULL) {
			c->step = AT_STARTTLS;
			say_line(c, "STARTTLS", "", '2');
		} else if (r->what == GREETINGS) {
			quit(r, c);
		} else if (r->what == IDLE) {
			counted(r, c);
			c->replies = 0;
			begin(r, &r->client[r->begun]);
		} else {
			mail(r, c);
		}
		return;
	case AT_MAIL:
	case AT_RCPT:
		if (c->recipients-- > 0) {
			c->step = AT_RCPT;
			snprintf(path, sizeof path, "<%s>", r->to);
			say_line(c, "RCPT TO:", path, '2');
		} else {
			c->step = AT_DATA;
			say_line(c, "DATA", "", '3');
		}
		return;
	case AT_DATA:
		c->step = AT_TEXT;
		say(c, r->text, r->text_len, 1, '2');
		return;
	case AT_TEXT:
		another(r, c);
		return;
	case AT_QUIT:
		if (r->what == GREETINGS && !r->hurried)
			counted(r, c);
		finish(r, c);
		return;
	}
}

/* As send() and recv() have it. */
static ssize_t
outcome(struct client *c, int n)
{
	int e;

	if (n > 0)
		return n;
	e = SSL_get_error(c->ssl, n);
	if (e == SSL_ERROR_ZERO_RETURN)
		return 0;
	errno = e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ?
	    EAGAIN : ECONNRESET;
	return -1;
}

static ssize_t
put(struct client *c)
{
	if (c->ssl == NULL)
		return send(c->fd, c->out, c->out_len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
	return outcome(c, SSL_write(c->ssl, c->out, (int)c->out_len));
}

static ssize_t
get(struct client *c, char *p, size_t size)
{
	if (c->ssl == NULL)
		return recv(c->fd, p, size, MSG_DONTWAIT);
	return outcome(c, SSL_read(c->ssl, p, (int)size));
}

/* Sends what it can; false when the client is finished. */
static bool
flush(struct run *r, struct client *c)
{
	while (c->out_len > 0) {
		ssize_t n = put(c);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			failed(r, c, strerror(errno));
			return false;
		}
		c->out += n;
		c->out_len -= (size_t)n;
	}
	if (c->out_len == 0 && c->step == AT_QUIT && r->hurried) {
		finish(r, c);
		return false;
	}
	arm(r, c);
	return true;
}

/*
 * Takes whole replies from what has come; true when the awaited one is there.
 * A last line has a blank behind its code, or nothing.
 */
static bool
replied(struct client *c, bool *bad_r)
{
	char *end, *line = c->in;
	size_t left = c->in_len;

	*bad_r = false;
	while (c->replies > 0 && (end = memchr(line, '\n', left)) != NULL) {
		size_t len = (size_t)(end - line) + 1;

		if (len < 5 || line[3] != '-') {
			char want = --c->replies > 0 ? '2' : c->want;

			if (line[0] != want) {
				*bad_r = true;
				return false;
			}
		}
		line += len;
		left -= len;
	}
	memmove(c->in, line, left);
	c->in_len = left;
	return c->replies == 0;
}

static void
next(struct run *r, struct client *c)
{
	int fd = c->fd;

	step(r, c);
	if (c->fd == fd && c->out_len > 0)
		flush(r, c);
}

static void
readable(struct run *r, struct client *c)
{
	ssize_t n;
	bool bad;

	if (c->step == AT_HANDSHAKE) {
		next(r, c);
		return;
	}
	n = get(c, c->in + c->in_len, sizeof c->in - c->in_len - 1);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		failed(r, c, n < 0 ? strerror(errno) : "closed by the server");
		return;
	}
	c->in_len += (size_t)n;
	if (replied(c, &bad)) {
		next(r, c);
	} else if (bad || c->in_len == sizeof c->in - 1) {
		c->in[c->in_len] = '\0';
		c->in[strcspn(c->in, "\r\n")] = '\0';
		failed(r, c, c->in);
	}
}

static void
arm(struct run *r, struct client *c)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };

	if (c->writing == (c->out_len > 0))
		return;
	c->writing = c->out_len > 0;
	if (c->writing)
		e.events |= EPOLLOUT;
	if (epoll_ctl(r->ep, EPOLL_CTL_MOD, c->fd, &e) != 0)
		err(EX_OSERR, "epoll_ctl");
}

/* Opens the next connection, unless enough were begun. */
static void
begin(struct run *r, struct client *c)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
	int on = 1;

	if (r->begun >= r->count || clock_ms() >= r->until)
		return;
	r->begun++;
	*c = (struct client){ .since = clock_us(), .step = AT_GREETING,
	    .replies = 1, .want = '2' };
	/* TLS must not wait either; connect() may. */
	c->fd = socket(r->server.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		err(EX_OSERR, "socket");
	if (connect(c->fd, (struct sockaddr *)&r->server,
	    r->server_len) != 0)
		err(EX_UNAVAILABLE, "connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (r->starttls && fcntl(c->fd, F_SETFL, O_NONBLOCK) == -1)
		err(EX_OSERR, "fcntl");
	r->open++;
	if (epoll_ctl(r->ep, EPOLL_CTL_ADD, c->fd, &e) != 0)
		err(EX_OSERR, "epoll_ctl");
}

static void
serve(struct run *r)
{
	struct epoll_event e[64];

	/* Idle ones are opened a few at a time: each opens the next. */
	for (long i = 0; i < r->clients; i++)
		if (r->what != IDLE || i < OPENING)
			begin(r, &r->client[i]);
	while (r->open > 0 && clock_ms() < r->until) {
		int n = epoll_wait(r->ep, e, 64, 100);

		for (int i = 0; i < n; i++) {
			struct client *c = e[i].data.ptr;

			if (c->fd >= 0 && (e[i].events & EPOLLOUT) != 0 &&
			    !flush(r, c))
				continue;
			if (c->fd >= 0 && (e[i].events & ~EPOLLOUT) != 0)
				readable(r, c);
			/* What the library holds, no poll shows. */
			while (c->fd >= 0 && c->ssl != NULL &&
			    SSL_pending(c->ssl) > 0)
				readable(r, c);
		}
		if (r->what == IDLE && r->done + r->errors >= r->count)
			return;
	}
	if (r->open > 0 && r->errors++ == 0)
		snprintf(r->first, sizeof r->first, "out of time");
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void
report(const struct run *r, int64_t us)
{
	int64_t p50 = 0, p99 = 0;

	if (r->done > 0) {
		qsort(r->latency, (size_t)r->done, sizeof *r->latency,
		    compare);
		p50 = r->latency[r->done / 2];
		p99 = r->latency[r->done * 99 / 100];
	}
	for (const char *p = r->first; *p != '\0'; p++)
		if (*p == '"' || *p == '\\' || (unsigned char)*p < ' ')
			*(char *)(intptr_t)p = ' ';
	printf("{\"done\":%ld,\"secs\":%.6f,\"rate\":%.1f,\"p50_us\":%" PRId64
	    ",\"p99_us\":%" PRId64 ",\"errors\":%ld,\"first\":\"%s\"}\n",
	    r->done, (double)us / 1e6,
	    us > 0 ? (double)r->done * 1e6 / (double)us : 0.0, p50, p99,
	    r->errors, r->first);
	fflush(stdout);
}

static void
resolve(struct run *r, const char *host, const char *port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV }, *found;
	int e = getaddrinfo(host, port, &hints, &found);

	if (e != 0)
		errx(EX_USAGE, "%s %s: %s", host, port, gai_strerror(e));
	memcpy(&r->server, found->ai_addr, found->ai_addrlen);
	r->server_len = found->ai_addrlen;
	freeaddrinfo(found);
}

static void
options(struct run *r, int argc, char **argv)
{
	long seconds = 120;
	int c;

	while ((c = getopt(argc, argv, "gikqPSc:m:n:s:r:f:t:T:")) != -1)
		switch (c) {
		case 'g': r->what = GREETINGS; break;
		case 'i': r->what = IDLE; break;
		case 'k': r->what = PERSISTENT; break;
		case 'q': r->hurried = true; break;
		case 'P': r->pipelining = true; break;
		case 'S': r->starttls = true; break;
		case 'c': r->clients = number(optarg, 1, 20000); break;
		case 'm': r->each = number(optarg, 1, 10000000); break;
		case 'n': r->count = number(optarg, 1, 10000000); break;
		case 's': r->size = number(optarg, 1, 1 << 30); break;
		case 'r': r->recipients = number(optarg, 1, 1000); break;
		case 'f': r->from = optarg; break;
		case 't': r->to = optarg; break;
		case 'T': seconds = number(optarg, 1, 3600); break;
		default: usage();
		}
	if (argc - optind != 2 || strlen(r->from) > 256 ||
	    strlen(r->to) > 256)
		usage();
	resolve(r, argv[optind], argv[optind + 1]);
	r->until = clock_ms() + seconds * 1000;
}

static void
make_tls(struct run *r)
{
	r->tls = SSL_CTX_new(TLS_client_method());
	if (r->tls == NULL)
		errx(EX_OSERR, "no memory for TLS");
	SSL_CTX_set_options(r->tls, SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(r->tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(r->tls, SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	signal(SIGPIPE, SIG_IGN);
}

int
main(int argc, char **argv)
{
	struct run r = { .from = "s@client.example", .to = "u@test.example",
	    .clients = 20, .count = 1000, .size = 4096, .recipients = 1,
	    .each = 1000 };
	struct rlimit files;
	int64_t start;

	options(&r, argc, argv);
	if (r.what == IDLE)
		r.clients = r.count;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	make_text(&r);
	make_envelope(&r);
	if (r.starttls)
		make_tls(&r);
	r.client = xcalloc((size_t)r.clients + 1, sizeof *r.client);
	r.latency = xcalloc((size_t)r.count, sizeof *r.latency);
	r.ep = epoll_create1(EPOLL_CLOEXEC);
	if (r.ep < 0)
		err(EX_OSERR, "epoll_create1");
	start = clock_us();
	serve(&r);
	report(&r, clock_us() - start);
	/* They stay until whoever started us has measured. */
	if (r.what == IDLE)
		while (getchar() != EOF)
			;
	return r.errors > 0;
}
