/*
 * deliver - one loop, one thread.
 *
 * Runs as the submit user.  Everything it waits for is a descriptor: the
 * watch on queue/, signals, and the channel programs' sockets.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "chans/deliver.h"
#include "chans/orders.h"
#include "chans/programs.h"
#include "lib/clock.h"
#include "lib/log.h"

#define TURN_ENTRIES 64
#define POLL_MOST 1024
#define LOG_PATIENCE_MS 1000	/* mail can wait for its log */
#define PURGE_MS 600000
#define PRESSURE_MS 250
#define LOCKED_MS 20	/* submit still syncs; the close is heard of, too */

int
deliver_configure(struct deliver *v, int *code_r)
{
	struct conf *conf;
	struct plan plan;
	int record;

	record = tailored_run(&v->options, &plan, code_r);
	if (record == -1)
		return -1;
	conf = conf_from_fd(record, (int64_t)plan.conf_at);
	if (conf == NULL) {
		log_note(LEVEL_ERROR, "tailor gave no good record");
		*code_r = EX_SOFTWARE;
		close(record);
		return -1;
	}
	v->record = record;
	v->plan = plan;
	v->conf = conf;
	return 0;
}

void
deliver_log(struct deliver *v)
{
	const char *run = v->conf->server.v.run_directory;
	enum log_level most = (enum log_level)v->conf->server.v.log_level;
	char path[128];
	struct stat st = { .st_ino = 0 };
	int fd = -1;

	snprintf(path, sizeof path, "%s/log", run);
	if (!v->debug && stat(path, &st) == 0) {
		if (v->log_fd != -1 && st.st_ino == v->log_at.st_ino &&
		    st.st_dev == v->log_at.st_dev) {
			log_level_set(most);
			return;
		}
		fd = log_connect(path);
		if (fd == -1 && v->log_fd != -1)
			return;
	}
	log_open("deliver", fd, most);
	log_patience(LOG_PATIENCE_MS);
	if (v->log_fd != -1)
		close(v->log_fd);
	v->log_fd = fd;
	v->log_at = st;
	v->d.channels.log_fd = fd;
}

void
deliver_settings(struct deliver *v)
{
	const struct settings *s = &v->conf->server.v;

	v->d.tell.hostname = s->hostname;
	v->d.tell.full_most = s->return_size;
	snprintf(v->d.tell.submit, sizeof v->d.tell.submit, "%s/submit",
	    s->run_directory);
	v->d.journal_time = s->journal_time;
	v->d.trash_time = s->trash_time;
	v->d.channels.once = v->d.once;
	channels_settings(&v->d.channels, v->conf, v->record);
}

static void
reload(struct deliver *v)
{
	struct conf *old = v->conf;
	int code, record = v->record;

	if (deliver_configure(v, &code) == -1) {
		log_note(LEVEL_ERROR, "the old configuration stays");
		return;
	}
	if (strcmp(v->conf->server.v.spool_directory,
	    old->server.v.spool_directory) != 0)
		log_note(LEVEL_WARNING,
		    "another spool-directory needs a restart");
	deliver_settings(v);
	deliver_log(v);
	spawner_reload(&v->d.channels.spawner);
	conf_free(old);
	close(record);
	log_note(LEVEL_NOTICE, "new configuration");
}

static void
found_entry(void *ctx, const char *id)
{
	struct deliver *v = ctx;
	struct known *k;

	if (agenda_find(v->d.agenda, id) != NULL)
		return;
	k = agenda_add(v->d.agenda, id);
	k->repeat = !v->late;
	k->since = clock_ms();
	agenda_set(v->d.agenda, k, k->since);
}

bool
deliver_found(void *ctx, const char *id, const struct place *p,
    struct mark *mark, size_t n)
{
	struct deliver *v = ctx;
	struct known *k = agenda_find(v->d.agenda, id);

	if (k != NULL) {
		log_note(LEVEL_ERROR, "journal: %s is there twice", id);
		free(mark);
		return false;
	}
	k = agenda_add(v->d.agenda, id);
	k->place = *p;
	k->kept = mark;
	k->nkept = (uint32_t)n;
	k->since = clock_ms();
	if (!pass_found(&v->d, k, v->late)) {
		agenda_forget(v->d.agenda, k);
		return false;
	}
	agenda_set(v->d.agenda, k, k->since);
	return true;
}

static void
found_marks(void *ctx, const char *id)
{
	struct deliver *v = ctx;

	pass_replay(&v->d, id);
}

static void
scan(struct deliver *v)
{
	feed_look(&v->d.depot.feed);
	if (depot_scan(v->d.depot.queue, found_entry, v) == -1)
		log_note(LEVEL_ERROR, "queue/: %s", strerror(errno));
	v->scan = clock_ms() + DELIVER_SCAN_MS;
}

static void
heard_of(struct deliver *v, const struct inotify_event *ev)
{
	struct known *k;

	if (ev->mask & IN_Q_OVERFLOW) {
		scan(v);
		return;
	}
	if (ev->wd == v->journal) {
		v->news |= ev->len > 0 && strcmp(ev->name, JFILE_ENDS) == 0;
		return;
	}
	if (ev->len == 0 || !depot_is_id(ev->name))
		return;
	k = agenda_find(v->d.agenda, ev->name);
	if (k == NULL) {
		k = agenda_add(v->d.agenda, ev->name);
		k->since = clock_ms();
		agenda_set(v->d.agenda, k, k->since +
		    (ev->mask & IN_CLOSE_WRITE ? 0 : LOCKED_MS));
	} else if (k->at != SIZE_MAX && (k->busy > 0 || !k->handled) &&
	    ev->mask & IN_CLOSE_WRITE)
		agenda_set(v->d.agenda, k, clock_ms());
}

static void
hear_watch(struct deliver *v)
{
	_Alignas(struct inotify_event) char events[16384];
	const struct inotify_event *ev;
	ssize_t got, at;

	while ((got = read(v->watch, events, sizeof events)) > 0) {
		for (at = 0; at < got; at += (ssize_t)sizeof *ev + ev->len) {
			ev = (const void *)(events + at);
			heard_of(v, ev);
		}
	}
	if (v->news)
		feed_look(&v->d.depot.feed);
	v->news = false;
}

static void
reap(struct deliver *v)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		(void)programs_reaped(&v->d.channels, pid, status);
}

static void
hear_signals(struct deliver *v)
{
	struct signalfd_siginfo s;

	while (read(v->signals, &s, sizeof s) == (ssize_t)sizeof s) {
		switch (s.ssi_signo) {
		case SIGCHLD:
			break;	/* see below */
		case SIGHUP:
			reload(v);
			break;
		default:
			if (!v->d.stopping)
				log_note(LEVEL_NOTICE, "stopping");
			v->d.stopping = true;
			channels_drop(&v->d.channels);
			break;
		}
	}
	reap(v);
}

static int
open_watch(struct deliver *v)
{
	sigset_t set;
	char path[40];

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == -1)
		return -1;
	v->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	v->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (v->signals == -1 || v->watch == -1)
		return -1;
	/* The folder itself, whatever its path means by now. */
	snprintf(path, sizeof path, "/proc/self/fd/%d", v->d.depot.journal);
	v->journal = inotify_add_watch(v->watch, path, IN_MODIFY | IN_ONLYDIR);
	if (v->journal == -1)
		return -1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", v->d.depot.queue);
	return inotify_add_watch(v->watch, path, IN_MOVED_TO | IN_CREATE |
	    IN_CLOSE_WRITE | IN_ONLYDIR) == -1 ? -1 : 0;
}

static void
wait_and_hear(struct deliver *v, int64_t until)
{
	struct pollfd p[POLL_MOST];
	size_t n, ears;

	p[0] = (struct pollfd){ .fd = v->signals, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = v->watch, .events = POLLIN };
	ears = 2 + ear_poll(&v->ear, p + 2);
	n = ears + programs_poll(&v->d.channels, p + ears, POLL_MOST - ears);
	if (poll(p, (nfds_t)n, clock_left(until)) == -1 && errno != EINTR)
		fatal(EX_OSERR, "poll: %s", strerror(errno));
	programs_hear(&v->d.channels, p + ears, n - ears);
	if (p[0].revents != 0)
		hear_signals(v);
	if (p[1].revents != 0)
		hear_watch(v);
	if (!v->d.stopping)
		ear_hear(&v->ear, p + 2, ears - 2);
}

/* What is done from time to time. */
static void
routine(struct deliver *v, int64_t now)
{
	if (now >= v->scan)
		scan(v);
	if (now >= v->log) {
		deliver_log(v);
		v->log = now + DELIVER_LOG_MS;
	}
	if (now >= v->purge) {
		orders_purge(&v->d);
		v->purge = now + PURGE_MS;
	}
}

static int64_t
next_routine(const struct deliver *v)
{
	int64_t next = v->scan < v->log ? v->scan : v->log;

	return v->purge < next ? v->purge : next;
}

/* One turn of the loop; when the next must come. */
static int64_t
turn(struct deliver *v)
{
	struct delivery *d = &v->d;
	int64_t now = clock_ms(), next = CLOCK_NEVER, t;
	struct known *k;
	int n = 0;

	if (!d->stopping) {
		if (!d->once)
			routine(v, now);
		if (now >= v->pressure) {
			d->pressed = feed_pressed(&d->depot.feed);
			v->pressure = now + PRESSURE_MS;
		}
		next = pass_feed(d, now);
		/* Answers are heard in between, however long the queue is. */
		while (n++ < TURN_ENTRIES && d->active < d->most &&
		    (k = agenda_pop(d->agenda, now)) != NULL)
			pass_due(d, k);
	}
	t = programs_run(&d->channels, now, d->stopping);
	if (t < next)
		next = t;
	pass_spill(d);
	depot_settle(&d->depot);
	if (d->stopping)
		return next;
	if (pass_ready(d))
		return now;
	t = agenda_next(d->agenda);
	if (t < next && d->active < d->most)
		next = t;
	t = d->once ? CLOCK_NEVER : next_routine(v);
	return t < next ? t : next;
}

static void
ask(void *ctx, const struct control_request *r, struct control_answer *a_r)
{
	struct deliver *v = ctx;

	orders_do(&v->d, r, a_r);
}

static void
look_at_queue(struct deliver *v)
{
	v->ear.ask = ask;
	v->ear.ctx = v;
	feed_look(&v->d.depot.feed);
	if (depot_scan(v->d.depot.marks, found_marks, v) == -1)
		fatal(EX_OSERR, "marks/: %s", strerror(errno));
	scan(v);
	v->late = true;
}

int
deliver_obey(struct deliver *v)
{
	struct pollfd p[EAR_CALLERS + 1];
	size_t n;

	v->d.stopping = true;
	look_at_queue(v);
	ear_take(&v->ear, STDIN_FILENO);
	while ((n = ear_poll(&v->ear, p)) > 0) {
		if (poll(p, (nfds_t)n, -1) == -1 && errno != EINTR)
			fatal(EX_OSERR, "poll: %s", strerror(errno));
		ear_hear(&v->ear, p, n);
		depot_settle(&v->d.depot);
	}
	return 0;
}

int
deliver_run(struct deliver *v)
{
	struct delivery *d = &v->d;
	int64_t next;

	if (open_watch(v) == -1)
		fatal(EX_OSERR, "queue/: %s", strerror(errno));
	look_at_queue(v);
	log_note(LEVEL_NOTICE, "started, %zu entries in the queue",
	    agenda_count(d->agenda));
	for (;;) {
		next = turn(v);
		if (d->stopping && !programs_busy(&d->channels))
			break;
		if (d->once && agenda_count(d->agenda) == 0)
			break;
		wait_and_hear(v, next);
	}
	channels_drop(&d->channels);
	pass_spill(d);
	depot_settle(&d->depot);
	programs_close(&d->channels);
	ear_close(&v->ear);
	log_note(LEVEL_NOTICE, "ended");
	return 0;
}
