/*
 * alarm - a message when a login is held; see alarm.h.
 *
 * The login is what somebody has proved to be, and stands in a header only as
 * printable ASCII.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/poster.h"
#include "lib/text.h"
#include "lib/xalloc.h"
#include "submit/alarm.h"

#define TEXT_MOST 8192

struct errand {
	struct alarms *all;
	char path[256], to[PATH_TEXT];
	struct buf text;
};

/* "user?name": as it may stand in a line of a header. */
static void
plain(char *dst, size_t size, const char *login)
{
	size_t n = 0;

	for (; n < size - 1 && login[n] != '\0'; n++)
		dst[n] = login[n] > 0x20 && login[n] < 0x7f ? login[n] : '?';
	dst[n] = '\0';
}

/*
 * As a shell takes it for one word, which is no option; "" if it does not. Who
 * copies a command from a mail does not look at what a login has in it.
 */
static void
quote(char *dst, size_t size, const char *login)
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._+%-";
	const char *mark = login[strspn(login, bare)] == '\0' ? "" : "'";

	dst[0] = '\0';
	for (const char *p = login; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7e || *p == '\'')
			return;
	if (login[0] != '-' && (size_t)snprintf(dst, size, "%s%s%s", mark,
	    login, mark) >= size)
		dst[0] = '\0';
}

static int
write_commands(struct buf *b, const char *login)
{
	char word[SUB_LOGIN + 2];

	quote(word, sizeof(word), login);
	if (word[0] == '\0')
		return buf_addf(b, "Its name cannot stand in a command here "
		    "as it is: see inlet queue list.\n\n");
	return buf_addf(b,
	    "    inlet queue list --login %s\n"
	    "    inlet user release %s\n\n"
	    "If its password is in the hands of others, change it first:\n\n"
	    "    inlet user passwd %s\n\n", word, word, word);
}

static int
write_text(struct buf *b, const struct conf *c, const struct alarm *a,
    const char *to)
{
	const char *host = c->server.v.hostname;
	char date[40], login[SUB_LOGIN];

	plain(login, sizeof(login), a->login);
	trace_date((time_t)(clock_wall_us() / 1000000), date, sizeof(date));
	if (buf_addf(b, "From: Mail server <MAILER-DAEMON@%s>\n"
	    "To: <%s>\nSubject: Mail of the login %s is held\n"
	    "Date: %s\nMessage-ID: <%s.held@%s>\n"
	    "Auto-Submitted: auto-generated\n\n", host, to, login, date, a->id,
	    host) == -1)
		return -1;
	if (buf_addf(b,
	    "The login %s sends more than this rule lets through:\n\n"
	    "    %s\n\n"
	    "What it sends is taken, and waits in the queue until somebody\n"
	    "releases it.  The first that waits is %s, which came%s%s.\n"
	    "Its sender has not been told.\n\n",
	    login, a->rule, a->id, a->ip[0] != '\0' ? " from " :
	    " from this machine", a->ip) == -1 ||
	    write_commands(b, a->login) == -1)
		return -1;
	return buf_addf(b,
	    "There is no other notice until the rule lets mail pass again.\n");
}

/* committing_r: it may be taken, even if nobody says so. */
static int
post(struct errand *x, struct poster *p, bool *committing_r)
{
	const struct sub_envelope e = { .sender = "", .size = -1 };
	const struct sub_recipient r = { .address = x->to };
	int got = poster_sender(p, &e);

	if (got == 0)
		got = poster_recipient(p, &r);
	if (got == 0)
		got = poster_text(p, x->text.p, x->text.len);
	*committing_r = got == 0;
	return got == 0 ? poster_commit(p) : got;
}

static void *
run(void *arg)
{
	struct errand *x = arg;
	struct alarms *all = x->all;
	struct poster p;
	bool committing = false;
	int got = -1;

	/* A submit that ends may hang up; its successor has the same path. */
	for (int i = 0; i < 2 && got == -1 && !committing; i++) {
		if (i > 0)
			poster_close(&p);
		got = poster_open(&p, x->path);
		if (got == 0)
			got = post(x, &p, &committing);
	}
	if (got != 0)
		log_note(LEVEL_ERROR, "held-notice: %s", got == 1 ?
		    p.verdict.reply.text : strerror(errno));
	poster_close(&p);
	buf_free(&x->text);
	free(x);
	atomic_fetch_sub(&all->n, 1);
	return NULL;
}

static int
begin(struct errand *x)
{
	pthread_attr_t detached;
	pthread_t thread;
	int error = pthread_attr_init(&detached);

	if (error == 0) {
		error = pthread_attr_setdetachstate(&detached,
		    PTHREAD_CREATE_DETACHED);
		if (error == 0)
			error = pthread_create(&thread, &detached, run, x);
		pthread_attr_destroy(&detached);
	}
	errno = error;
	return error == 0 ? 0 : -1;
}

int
alarm_send(struct alarms *all, const struct conf *c, const struct alarm *a)
{
	struct errand *x;

	if (c->server.v.held_notice[0] == '\0')
		return 0;
	if (atomic_fetch_add(&all->n, 1) >= ALARMS_MOST) {
		atomic_fetch_sub(&all->n, 1);
		errno = EAGAIN;
		return -1;
	}
	x = xcalloc(1, sizeof(*x));
	x->all = all;
	buf_init(&x->text, TEXT_MOST);
	if ((size_t)snprintf(x->path, sizeof(x->path), "%s/submit",
	    c->server.v.run_directory) < sizeof(x->path) &&
	    text_copy(x->to, sizeof(x->to), c->server.v.held_notice) == 0 &&
	    write_text(&x->text, c, a, x->to) == 0 && begin(x) == 0)
		return 0;
	atomic_fetch_sub(&all->n, 1);
	buf_free(&x->text);
	free(x);
	return -1;
}
