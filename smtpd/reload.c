/*
 * reload - new settings, or only a new template, without a gap.
 *
 * A template never reloads: tailor makes a new record, a new template starts
 * with it, and only when that one is ready the old one is let go.  On any
 * error the old settings stay, all of them.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "smtpd/daemon.h"

#define RENEW_PAUSE 5000	/* ms after a new template that failed */

struct kit
daemon_kit(const struct daemon *d, bool next)
{
	bool fresh = next && d->next_record >= 0;

	return (struct kit){ .plan = fresh ? &d->next_plan : &d->plan,
	    .smtpsrvr = d->options->smtpsrvr,
	    .record = fresh ? d->next_record : d->record,
	    .rows = d->slots.rows_fd, .counts_write = d->counts_write,
	    .counts_read = d->counts_read, .receipts = d->receipts,
	    .logins = d->logins_write, .debug = d->options->debug,
	    .inner = &d->inner };
}

void
daemon_mmdf_most(const struct daemon *d, struct plan *p)
{
	if (d->options->operands && d->options->tailor.most == NULL &&
	    !p->max_connections_set)
		p->sections[0].most = MMDF_MOST;
}

static void
drop_next(struct daemon *d)
{
	if (d->next_record >= 0)
		close(d->next_record);
	d->next_record = -1;
	if (d->reload_wanted)
		reload_start(d);
}

static void
start_next(struct daemon *d)
{
	struct kit k = daemon_kit(d, true);
	struct child *c = &d->child[CHILD_NEXT];

	if (child_start(c, CHILD_NEXT, &k) != 0 ||
	    daemon_watch(d, c->control, WATCH_CHILD, CHILD_NEXT,
	    EPOLLIN) != 0) {
		log_note(LEVEL_ERROR, "cannot start a new template: %s",
		    strerror(errno));
		d->renew_after = clock_ms() + RENEW_PAUSE;
		drop_next(d);
	}
}

void
reload_start(struct daemon *d)
{
	struct tailored_options o = d->options->tailor;

	if (d->drain_until != 0)
		return;
	if (d->tailored.pid != 0 || d->child[CHILD_NEXT].pid != 0) {
		d->reload_wanted = true;
		return;
	}
	d->reload_wanted = false;
	/* Who reads the log after SIGHUP finds file, line and word there. */
	o.log = d->inner.log_send;
	if (tailored_start(&d->tailored, &o) != 0)
		log_note(LEVEL_ERROR, "cannot start tailor: %s",
		    strerror(errno));
}

/* Null, or what speaks against the settings that tailor has made. */
static const char *
objection(struct daemon *d, int status)
{
	if (tailored_take(&d->tailored, status, &d->next_plan) != 0)
		return "the new configuration is not usable";
	d->next_record = d->tailored.record;
	d->tailored.record = -1;
	/* The sockets of sessions and helpers are there. */
	if (strcmp(d->next_plan.run_directory, d->plan.run_directory) != 0)
		return "another run-directory wants a restart";
	return d->drain_until != 0 ? "smtpd is stopping" : NULL;
}

void
reload_tailored(struct daemon *d, int status)
{
	const char *why = objection(d, status);

	if (why != NULL) {
		log_note(LEVEL_ERROR, "reload: %s, the old one stays", why);
		drop_next(d);
		return;
	}
	daemon_mmdf_most(d, &d->next_plan);
	start_next(d);
}

void
reload_renew(struct daemon *d)
{
	if (d->tailored.pid == 0 && d->child[CHILD_NEXT].pid == 0 &&
	    d->drain_until == 0 && d->renew_after <= clock_ms())
		start_next(d);
}

void
reload_watch(struct daemon *d, int64_t now)
{
	if (d->tailored.pid == 0 ||
	    now - d->tailored.since <= d->plan.start_ms)
		return;
	log_note(LEVEL_ERROR, "tailor does not end");
	kill(d->tailored.pid, SIGKILL);
	d->tailored.since = now;
}

void
reload_failed(struct daemon *d)
{
	log_note(LEVEL_ERROR, "the new template could not start, the old "
	    "one stays");
	d->child[CHILD_NEXT].again = 0;
	d->renew_after = clock_ms() + RENEW_PAUSE;
	drop_next(d);
}

/* Where a section of the old plan is in the new one; -1: nowhere. */
static int16_t
renumber(const struct plan *old, const struct plan *to, int i, int first,
    int n)
{
	for (int j = 0; j < n; j++)
		if (to->sections[first + j].name[0] != '\0' &&
		    strcmp(old->sections[first + i].name,
		    to->sections[first + j].name) == 0)
			return (int16_t)j;
	return -1;
}

/* Sessions keep listener and channel by their names; counts follow. */
static void
recount(struct daemon *d, const struct plan *to)
{
	struct slots *s = &d->slots;
	int16_t listeners[CONF_LISTENERS];

	for (int i = 0; i < CONF_LISTENERS; i++)
		listeners[i] = renumber(&d->plan, to, i, PLAN_LISTENER(0),
		    CONF_LISTENERS);
	for (int i = 0; i < CONF_CHANNELS; i++)
		d->channel_map[i] = renumber(&d->plan, to, i,
		    PLAN_CHANNEL(0), CONF_CHANNELS);
	d->generation++;
	d->asked = false;
	limits_clear(&s->limits, to);
	for (uint32_t i = 0; i < s->room; i++) {
		struct limit_subject *who = &s->at[i].who;

		if (s->at[i].conn < 0 && s->at[i].life < 0)
			continue;
		if (who->listener >= 0)
			who->listener = listeners[who->listener];
		if (who->channel >= 0)
			who->channel = d->channel_map[who->channel];
		who->reserved = limits_reserved(to, &who->peer);
		limits_enter(&s->limits, who);
		slots_tell(s, i);
	}
}

static int
take_settings(struct daemon *d)
{
	struct listeners next = { .adopted = -1 };
	char text[PLAN_PLACE];
	int bad = 0;

	connections_arm(d, false);
	if (d->listeners.adopted >= 0)
		listener_adopt(&d->next_plan, d->listeners.adopted);
	if (listener_open(&next, &d->listeners, &d->next_plan, &bad) != 0) {
		log_note(LEVEL_ERROR, "reload: cannot listen at %s for %s: "
		    "%s", plan_place(&d->next_plan.sockets[bad], text),
		    d->next_plan.sockets[bad].name, strerror(errno));
		return -1;
	}
	listener_close(&d->listeners);
	d->listeners = next;
	recount(d, &d->next_plan);
	d->plan = d->next_plan;
	close(d->record);
	d->record = d->next_record;
	d->next_record = -1;
	return 0;
}

void
reload_ready(struct daemon *d)
{
	struct child *old = &d->child[CHILD_TEMPLATE];
	struct child *next = &d->child[CHILD_NEXT];
	bool fresh = d->next_record >= 0;

	if (fresh && take_settings(d) != 0) {
		connections_arm(d, true);
		child_release(next);
		next->pid = 0;
		drop_next(d);
		return;
	}
	/* The old one serves what is in its socket, then ends by itself. */
	child_release(old);
	*old = *next;
	*next = (struct child){ .control = -1 };
	daemon_watch_change(d, old->control, CHILD_TEMPLATE);
	d->template_served = 0;
	d->crashed = false;
	if (fresh) {
		for (int i = CHILD_LOGGER; i <= CHILD_AUTH; i++)
			daemon_start(d, (enum child_name)i);
		log_note(LEVEL_NOTICE, "new settings are in force");
	}
	connections_arm(d, true);
	connections_flush(d);
	drop_next(d);
}
