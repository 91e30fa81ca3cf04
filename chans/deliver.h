/*
 * deliver - the daemon's loop: what comes into queue/, what is due, what
 * channel programs answer, signals.
 */
#ifndef CHANS_DELIVER_H
#define CHANS_DELIVER_H

#include <stdbool.h>
#include <sys/stat.h>
#include "chans/ear.h"
#include "chans/pass.h"
#include "lib/conf.h"
#include "lib/plan.h"
#include "lib/tailored.h"

#define DELIVER_SCAN_MS 3600000	/* queue/ is read again, whatever was heard */
#define DELIVER_LOG_MS 60000	/* is the logger still the same? */

struct deliver {
	struct delivery d;
	struct tailored_options options;	/* -C, -L */
	int record;		/* plan and configuration */
	struct plan plan;
	struct conf *conf;
	bool debug;		/* -d */
	bool obey;		/* -q */
	int log_fd;
	struct stat log_at;	/* the socket that log_fd is connected to */
	int signals, watch;
	int journal;		/* the watch on journal/ */
	bool news;		/* ends was changed */
	int64_t scan, log, purge, pressure;	/* the next of each */
	struct ear ear;
	bool late;		/* the start is over: new entries are new */
};

/*
 * Has tailor read the configuration and takes it over; 0, or -1 with the
 * exit code and all as it was (tailor, or this, has said why).
 */
MM_MUST_USE int deliver_configure(struct deliver *v, int *code_r);
/* (Re)connects to the logger; -d or none there: standard error. */
void deliver_log(struct deliver *v);
/* Brings v->conf in force. */
void deliver_settings(struct deliver *v);
/* feed's callback, ctx the deliver: an entry of the journal. */
bool deliver_found(void *ctx, const char *id, const struct place *p,
    struct mark *mark, size_t n);
/*
 * -q: delivers nothing, and does what is asked for (lib/control.h) over the
 * socket that is descriptor 0, until its end; exit code.
 */
int deliver_obey(struct deliver *v);
/* Works until SIGTERM, with -o until each entry had its turn; exit code. */
int deliver_run(struct deliver *v);

#endif
