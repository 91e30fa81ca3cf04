/*
 * log - one line an event; bytes that a client sent are escaped.
 *
 * Runs in every program, in sessions behind the last filter: nothing here
 * allocates, opens, or asks for the time or the locale; the only calls are
 * sendto(2) and write(2), and poll(2) for those who asked for patience.
 *
 * A datagram to the logger is the level's digit, then "program: event ...".
 * On standard error it is "program[pid]: event ...\n" in one write.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/log.h"
#include "lib/net.h"

/* Kept free for "...", " lost=" with its number, and the newline. */
#define TAIL 32
/* One value takes no more, so that a long one does not hide the others. */
#define VALUE_MOST 600

static struct {
	const char *program;
	int sock;
	enum log_level most;
	pid_t pid;
	bool watching_forks;
	int patience;		/* ms */
	bool in_vain;		/* the last wait */
	atomic_ulong lost;
} out = { .program = "inlet", .sock = -1, .most = LEVEL_INFO };

/* A page that nobody writes to stays shared. */
unsigned long
log_untold(void)
{
	return atomic_load(&out.lost) == 0 ? 0 : atomic_exchange(&out.lost, 0);
}

/*
 * A session may not call getpid(2) behind its filter, and what the parent
 * lost the parent reports.
 */
void
log_forked(void)
{
	if (out.sock == -1)
		out.pid = getpid();
	(void)log_untold();
}

void
log_lose(unsigned long lines)
{
	atomic_fetch_add(&out.lost, lines);
}

void
log_open(const char *program, int sock, enum log_level most)
{
	out.program = program;
	out.sock = sock;
	out.most = most;
	out.pid = getpid();
	if (!out.watching_forks)
		out.watching_forks = pthread_atfork(NULL, NULL,
		    log_forked) == 0;
}

void
log_level_set(enum log_level most)
{
	if (out.most != most)
		out.most = most;
}

void
log_patience(int ms)
{
	out.patience = ms;
}

int
log_connect(const char *path)
{
	return net_unix_connect(path, SOCK_DGRAM);
}

static void
put(struct logline *l, char c)
{
	l->p[l->len++] = c;
}

static void
puts_all(struct logline *l, const char *s)
{
	while (*s != '\0' && l->len < LOG_LINE - TAIL)
		put(l, *s++);
}

/* Into what is kept free. */
static void
put_tail(struct logline *l, const char *s)
{
	while (*s != '\0')
		put(l, *s++);
}

static void
put_num(struct logline *l, uint64_t n)
{
	char d[20];
	size_t i = sizeof(d);

	do
		d[--i] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	while (i < sizeof(d))
		put(l, d[i++]);
}

static void
put_pid(struct logline *l)
{
	put(l, '[');
	put_num(l, (uint64_t)out.pid);
	put(l, ']');
}

/*
 * Begins " key=" if at least room more bytes fit behind it.  An event that
 * is not wanted has no length, and nothing is added to it.
 */
static bool
put_key(struct logline *l, const char *key, size_t room)
{
	if (l->len == 0)
		return false;
	if (l->len + strlen(key) + 2 + room > LOG_LINE - TAIL) {
		l->cut = 1;
		return false;
	}
	put(l, ' ');
	puts_all(l, key);
	put(l, '=');
	return true;
}

/* Where a value that begins now must end. */
static size_t
value_end(const struct logline *l)
{
	size_t end = l->len + VALUE_MOST;

	return end < LOG_LINE - TAIL ? end : LOG_LINE - TAIL;
}

void
log_begin(struct logline *l, enum log_level level, const char *event)
{
	log_begin_within(l, level, out.most, event);
}

void
log_begin_within(struct logline *l, enum log_level level, enum log_level most,
    const char *event)
{
	l->len = 0;
	l->level = level;
	l->cut = 0;
	if (level > most)
		return;
	if (out.sock != -1)
		put(l, (char)('0' + (int)level));
	puts_all(l, out.program);
	if (out.sock == -1)
		put_pid(l);
	puts_all(l, ": ");
	puts_all(l, event);
}

static bool
is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') ||
	    (c != '\0' && strchr("._:/+-[]@", c) != NULL);
}

void
log_word(struct logline *l, const char *key, const char *word)
{
	size_t end;

	if (word == NULL || *word == '\0')
		word = "-";
	if (!put_key(l, key, 4))
		return;
	for (end = value_end(l) - 3; *word != '\0' && l->len < end; word++)
		put(l, is_word(*word) ? *word : '?');
	if (*word != '\0')
		puts_all(l, "...");
}

void
log_num(struct logline *l, const char *key, int64_t n)
{
	if (!put_key(l, key, 20))
		return;
	if (n < 0)
		put(l, '-');
	put_num(l, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

void
log_text(struct logline *l, const char *key, const char *text)
{
	log_textn(l, key, text, strlen(text));
}

void
log_textn(struct logline *l, const char *key, const char *p, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t end;

	if (!put_key(l, key, 9))
		return;
	/* Behind the end there is room for one escape, the quote, the dots. */
	end = value_end(l) - 8;
	put(l, '"');
	for (; len > 0 && l->len <= end; p++, len--) {
		unsigned char c = (unsigned char)*p;

		if (c == '"' || c == '\\') {
			put(l, '\\');
			put(l, (char)c);
		} else if (c >= 0x20 && c <= 0x7e) {
			put(l, (char)c);
		} else {
			put(l, '\\');
			put(l, 'x');
			put(l, hex[c >> 4]);
			put(l, hex[c & 15]);
		}
	}
	put(l, '"');
	/* Outside the quotes, where no client can write them. */
	if (len > 0)
		puts_all(l, "...");
}

static ssize_t
send_line(const struct logline *l)
{
	struct pollfd p = { .fd = out.sock, .events = POLLOUT };
	ssize_t n;

	n = send(out.sock, l->p, l->len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n == -1 && errno == EAGAIN && out.patience > 0 && !out.in_vain &&
	    poll(&p, 1, out.patience) == 1)
		n = send(out.sock, l->p, l->len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (out.patience > 0)
		out.in_vain = n == -1;
	return n;
}

void
log_end(struct logline *l)
{
	unsigned long lost;
	ssize_t n;

	if (l->len == 0)
		return;
	if (l->cut)
		put_tail(l, "...");
	lost = log_untold();
	if (lost > 0) {
		put_tail(l, " lost=");
		put_num(l, lost);
	}
	if (out.sock == -1)
		put(l, '\n');
	do {
		if (out.sock == -1)
			n = write(STDERR_FILENO, l->p, l->len);
		else
			n = send_line(l);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		log_lose(lost + 1);
	l->len = 0;
}

static void
note(enum log_level level, const char *fmt, va_list ap) MM_PRINTF(2, 0);

static void
note(enum log_level level, const char *fmt, va_list ap)
{
	struct logline l;
	char text[LOG_LINE];

	log_begin(&l, level, "note");
	if (l.len == 0)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	log_text(&l, "text", text);
	log_end(&l);
}

void
log_note(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(level, fmt, ap);
	va_end(ap);
}

void
fatal(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	note(LEVEL_ERROR, fmt, ap);
	va_end(ap);
	exit(code);
}

void
panic_at(const char *file, int line, const char *what)
{
	struct logline l;

	log_begin(&l, LEVEL_ERROR, "panic");
	log_word(&l, "file", file);
	log_num(&l, "line", line);
	log_text(&l, "what", what);
	log_end(&l);
	abort();
}
