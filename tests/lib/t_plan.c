/*
 * plan: written and read back; anything else is refused.
 */
#include "config.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib/plan.h"
#include "tests/tap.h"

static struct plan
example(void)
{
	struct plan p;

	memset(&p, 0, sizeof(p));
	p.conf_at = sizeof(p);
	p.conf_len = 1;
	p.sections[0].most = p.max_share = p.counter_rows = 4;
	p.half_life_ms = 1;
	p.prefix4 = 24;
	p.prefix6 = 64;
	p.backlog = p.template_connections = 1;
	p.template_age_ms = p.start_ms = 1;
	p.nsockets = 1;
	p.sockets[0].at.family = 4;
	memcpy(p.hostname, "mx.example.org", 15);
	return p;
}

static int
round_trip(struct plan *p, struct plan *p_r)
{
	int fd = memfd_create("plan", MFD_CLOEXEC);
	int rc = plan_write(fd, p);

	if (rc == 0)
		rc = plan_read(fd, p_r);
	close(fd);
	return rc;
}

/* A plan whose digest is right, but which smtpd could not work with. */
static void
refused(struct plan p, const char *what)
{
	struct plan q;

	ok(round_trip(&p, &q) != 0, what);
}

static void
damage(void)
{
	int fd = memfd_create("plan", MFD_CLOEXEC);
	struct plan p = example(), q;
	bool noticed = true;
	char c;

	ok(plan_read(fd, &q) != 0, "an empty file");
	ok(plan_write(fd, &p) == 0 && plan_read(fd, &q) == 0, "written");
	for (off_t at = 0; at < (off_t)sizeof(p); at += 7) {
		noticed = noticed && pread(fd, &c, 1, at) == 1;
		c ^= 0x10;
		noticed = noticed && pwrite(fd, &c, 1, at) == 1;
		noticed = noticed && plan_read(fd, &q) != 0;
		c ^= 0x10;
		noticed = noticed && pwrite(fd, &c, 1, at) == 1;
	}
	ok(noticed, "any changed byte is noticed");
	ok(plan_read(fd, &q) == 0, "put back");
	ok(ftruncate(fd, sizeof(p) - 1) == 0 && plan_read(fd, &q) != 0,
	    "a byte short");
	close(fd);
}

int
main(void)
{
	struct plan p = example(), q;

	ok(round_trip(&p, &q) == 0 && memcmp(&p, &q, sizeof(p)) == 0,
	    "the same comes back");
	damage();
	p = example(), p.nsockets = PLAN_SOCKETS + 1;
	refused(p, "too many sockets");
	p = example(), p.nsockets = 0;
	refused(p, "no socket");
	p = example(), p.sockets[0].at.family = 0;
	refused(p, "a socket without address");
	p = example(), p.sockets[0].listener = CONF_LISTENERS;
	refused(p, "a listener for which there is no counter");
	p = example(), p.prefix4 = 33;
	refused(p, "a prefix too long");
	p = example(), p.sections[0].most = 0;
	refused(p, "no connections");
	p = example(), p.sections[3].rule = PLAN_RULES;
	p.sections[3].rules = 1;
	refused(p, "a rule behind the last one");
	p = example(), p.rules[7].rate.by = RATE_BYS;
	refused(p, "a rule by an unknown key");
	p = example(), p.nreserved = PLAN_RESERVED + 1;
	refused(p, "too many reserved peers");
	p = example(), p.nreserved = 1, p.reserved_peers[0].bits = 129;
	refused(p, "a reserved prefix too long");
	p = example(), p.half_life_ms = 0;
	refused(p, "no half-life");
	p = example(), memset(p.sections[80].name, 'a', CONF_NAME);
	refused(p, "a channel's name without end");
	p = example(), p.conf_at = 8;
	refused(p, "a record inside of the plan");
	p = example(), memset(p.hostname, 'a', sizeof(p.hostname));
	refused(p, "a name without end");
	p = example(), memset(p.sockets[0].name, 'a', 32);
	refused(p, "a listener's name without end");
	return done();
}
