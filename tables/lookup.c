/*
 * lookup - the resident helper that asks the name service, for sessions and
 * submit, with one memory for all.
 *
 * Runs as the lookup user, behind a filter; has no mail, no queue, no keys.
 * Trusts neither the name servers nor those who ask.  Descriptors: 3 the
 * configuration record, 4 smtpd, 5 the log, 6 the listening socket.
 */
#include "config.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/plan.h"
#include "lib/priv.h"
#include "tables/askers.h"

#define RESOLVER_FILE "/etc/resolv.conf"
#define IDLE 60000		/* ms; nothing needs it sooner */
#define SAVE_MS 1000		/* so much of the greylist may be lost */
#define SPARE 128		/* descriptors besides those of connections */

enum { RECORD = 3, CONTROL = 4, LOG = 5, LISTEN = 6 };
/* In the upper half of an event's data, lowest byte. */
enum { OF_CONTROL, OF_DNS, OF_LISTEN, OF_ASKER };

struct lookup {
	int epoll;
	struct dns *dns;
	struct confirms confirms;
	struct askers *askers;
	int64_t time;		/* ms for one question */
	int64_t until;		/* 0, or smtpd is gone: we end then */
	struct greylist *grey;	/* or null */
	struct greylist_rules rules;
	int64_t save;		/* when it is saved next */
};

/* Room for many connections; how many there may be. */
static int
raise_descriptors(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		fatal(EX_OSERR, "getrlimit: %s", strerror(errno));
	if (r.rlim_max > ASKERS_MOST + SPARE)
		r.rlim_max = ASKERS_MOST + SPARE;
	if (r.rlim_max < 2 * SPARE)
		fatal(EX_OSERR, "too few descriptors: %lld",
		    (long long)r.rlim_max);
	r.rlim_cur = r.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &r) == -1)
		fatal(EX_OSERR, "setrlimit: %s", strerror(errno));
	return (int)r.rlim_max - SPARE;
}

static void
confine(void)
{
	if (priv_limit(RLIMIT_CORE, 0) == -1 || priv_no_new() == -1)
		fatal(EX_OSERR, "cannot give up privileges");
	if (priv_filter(&filter_lookup) == -1)
		fatal(EX_OSERR, "cannot enter the filter");
}

static void
prepare(struct lookup *l, const struct conf *conf)
{
	const struct settings *v = &conf->server.v;
	struct askers_limits limits = {
		.connections = raise_descriptors(),
		.timeout = v->dns_timeout,
		.cache_time = v->dns_cache_time
	};
	struct epoll_event e = { .events = EPOLLIN };
	struct buf why;

	l->time = v->dns_timeout;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll == -1 || fcntl(LISTEN, F_SETFL, O_NONBLOCK) == -1)
		fatal(EX_OSERR, "cannot set up descriptors: %s",
		    strerror(errno));
	e.data.u64 = (uint64_t)OF_CONTROL << 32;
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, CONTROL, &e) == -1)
		fatal(EX_OSERR, "epoll_ctl: %s", strerror(errno));
	buf_init(&why, 1024);
	l->dns = dns_new(&v->dns_servers, RESOLVER_FILE, v->dns_timeout,
	    l->epoll, OF_DNS, &why);
	if (l->dns == NULL)
		fatal(EX_CONFIG, "%s", buf_str(&why));
	buf_free(&why);
	l->confirms.dns = l->dns;
	host_self(&l->confirms, v->hostname, &v->local_names);
	l->askers = askers_new(LISTEN, l->epoll, OF_LISTEN, &limits,
	    cache_new((uint32_t)v->dns_cache_size), &l->confirms,
	    wrap_new(v->hosts_allow, v->hosts_deny));
}

/* Without one mail is taken, and it is said so: it is better than none. */
static void
open_greylist(struct lookup *l, const struct conf *conf)
{
	const struct settings *v = &conf->server.v;
	struct buf why;
	bool rows, wanted = conf_greylists(conf, &rows);

	l->rules = (struct greylist_rules){
		.window = v->greylist_window / 1000,
		.keep = v->greylist_keep / 1000,
		.passes = v->greylist_passes
	};
	if (!wanted && !rows)
		return;
	buf_init(&why, 1024);
	l->grey = greylist_open(v->greylist_directory, &why);
	if (l->grey == NULL && wanted)
		log_note(LEVEL_ERROR, "%s: nobody is made to wait",
		    buf_str(&why));
	buf_free(&why);
	askers_grey(l->askers, l->grey, &l->rules);
}

static void
save_greylist(struct lookup *l)
{
	struct buf why;

	l->save = clock_ms() + SAVE_MS;
	buf_init(&why, 1024);
	if (greylist_save(l->grey, &l->rules, clock_wall_us() / 1000000,
	    &why) != 0)
		log_note(LEVEL_ERROR, "%s", buf_str(&why));
	buf_free(&why);
}

static bool
unsaved(const struct lookup *l)
{
	return l->grey != NULL && greylist_unsaved(l->grey);
}

/*
 * Nothing is expected from smtpd but its end, or that another lookup takes our
 * place.  Who asks now has its answer before we go: at a reload it would hear
 * else that nothing can be found out.
 */
static void
control(struct lookup *l)
{
	char byte;
	ssize_t n = recv(CONTROL, &byte, 1, MSG_DONTWAIT);

	if (n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR)))
		return;
	l->until = clock_ms() + l->time;
	askers_leave(l->askers);
	(void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, CONTROL, NULL);
}

static bool
over(const struct lookup *l)
{
	return l->until != 0 && (askers_gone(l->askers) ||
	    clock_left(l->until) == 0);
}

/* How long the loop may sleep. */
static int
sleep_most(const struct lookup *l)
{
	int most = l->until != 0 ? clock_left(l->until) : IDLE;

	if (unsaved(l) && clock_left(l->save) < most)
		most = clock_left(l->save);
	return askers_wait(l->askers, dns_wait(l->dns, most));
}

static void
run(struct lookup *l)
{
	struct epoll_event events[64];
	int i, n;

	while (!over(l)) {
		n = epoll_wait(l->epoll, events, ARRAY_LEN(events),
		    sleep_most(l));
		if (n == -1 && errno != EINTR)
			fatal(EX_OSERR, "epoll_wait: %s", strerror(errno));
		/* First: who asks now asks the servers of now. */
		dns_tick(l->dns, clock_ms());
		for (i = 0; i < n; i++) {
			uint64_t data = events[i].data.u64;

			switch (data >> 32 & 0xff) {
			case OF_CONTROL:
				control(l);
				break;
			case OF_DNS:
				dns_event(l->dns, (uint32_t)data,
				    events[i].events);
				break;
			case OF_LISTEN:
				askers_accept(l->askers);
				break;
			case OF_ASKER:
				askers_event(l->askers, data,
				    events[i].events);
				break;
			}
		}
		askers_tick(l->askers, clock_ms());
		if (unsaved(l) && (clock_left(l->save) == 0 ||
		    greylist_full(l->grey)))
			save_greylist(l);
	}
	if (unsaved(l))
		save_greylist(l);
}

int
main(int argc, char *argv[])
{
	struct lookup l = { 0 };
	struct plan plan;
	struct conf *conf = NULL;
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)argv;
	log_open("lookup", -1, LEVEL_INFO);
	if (argc != 1)
		fatal(EX_USAGE, "usage: lookup; smtpd starts it");
	if (plan_read(RECORD, &plan) == 0)
		conf = conf_from_fd(RECORD, (int64_t)plan.conf_at);
	if (conf == NULL)
		fatal(EX_CONFIG, "no configuration record at descriptor 3");
	log_open("lookup", LOG, (enum log_level)conf->server.v.log_level);
	/* From a terminal or a logout: smtpd decides when we end. */
	sigaction(SIGHUP, &ignore, NULL);
	sigaction(SIGINT, &ignore, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	prepare(&l, conf);
	open_greylist(&l, conf);
	confine();
	log_note(LEVEL_NOTICE, "ready; name servers: %s", dns_servers(l.dns));
	if (send(CONTROL, "R", 1, MSG_NOSIGNAL) != 1)
		_exit(EX_OK);	/* it is gone already */
	run(&l);
	return EX_OK;
}
