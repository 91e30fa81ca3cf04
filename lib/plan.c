/*
 * plan - what smtpd must know, as one fixed record in a memory file.
 *
 * tailor writes it, unprivileged; smtpd, which is root, reads it.  The digest
 * shows damage; the bounds that smtpd's loops rely on are checked besides.
 */
#include "config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "lib/digest.h"
#include "lib/fdio.h"
#include "lib/plan.h"

static bool
ends(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

static bool
socket_good(const struct plan_socket *s)
{
	bool at = s->at.family == 4 || s->at.family == 6;

	return ends(s->path, sizeof(s->path)) && at == (s->path[0] == '\0') &&
	    s->listener >= 0 && s->listener < CONF_LISTENERS &&
	    ends(s->name, sizeof(s->name));
}

static bool
section_good(const struct plan_section *s)
{
	return ends(s->name, sizeof(s->name)) && s->most >= 0 &&
	    s->per_address >= 0 && s->per_prefix >= 0 && s->rule >= 0 &&
	    s->rules >= 0 && s->rules <= PLAN_RULES &&
	    s->rule <= PLAN_RULES - s->rules;
}

static bool
rule_good(const struct plan_rule *r)
{
	/* An unused one is all zero. */
	return r->rate.what < RATE_WHATS && r->rate.by < RATE_BYS &&
	    r->rate.period_ms >= 0 && ends(r->text, sizeof(r->text));
}

/* What limits.h and admission.h rely on. */
static bool
limits_good(const struct plan *p)
{
	for (int i = 0; i < PLAN_SECTIONS; i++)
		if (!section_good(&p->sections[i]))
			return false;
	for (int i = 0; i < PLAN_RULES; i++)
		if (!rule_good(&p->rules[i]))
			return false;
	if (p->nreserved < 0 || p->nreserved > PLAN_RESERVED)
		return false;
	for (int i = 0; i < p->nreserved; i++)
		if (p->reserved_peers[i].bits < 0 ||
		    p->reserved_peers[i].bits > 128)
			return false;
	for (int i = 0; i < PENALTIES; i++)
		if (p->points[i] < 0)
			return false;
	return p->sections[0].most > 0 && p->max_share > 0 &&
	    p->max_share <= 100 && p->reserved >= 0 && p->penalty_limit >= 0 &&
	    p->half_life_ms > 0 && p->counter_rows > 0;
}

static bool
good(const struct plan *p)
{
	if (p->magic != PLAN_MAGIC || p->size != sizeof(*p) ||
	    p->digest != digest_of(p, offsetof(struct plan, digest)))
		return false;
	if (p->conf_at < sizeof(*p) || p->nsockets < 1 ||
	    p->nsockets > PLAN_SOCKETS)
		return false;
	for (int i = 0; i < p->nsockets; i++) {
		if (!socket_good(&p->sockets[i]))
			return false;
	}
	return limits_good(p) && p->prefix4 >= 0 && p->prefix4 <= 32 &&
	    p->prefix6 >= 0 && p->prefix6 <= 128 && p->backlog > 0 &&
	    p->template_connections > 0 && p->template_age_ms > 0 &&
	    p->start_ms > 0 && p->drain_ms >= 0 &&
	    ends(p->hostname, sizeof(p->hostname)) &&
	    ends(p->run_directory, sizeof(p->run_directory)) &&
	    ends(p->program_directory, sizeof(p->program_directory));
}

const char *
plan_place(const struct plan_socket *s, char dst[PLAN_PLACE])
{
	char text[NET_TEXT];

	if (s->path[0] != '\0')
		snprintf(dst, PLAN_PLACE, "%s", s->path);
	else
		snprintf(dst, PLAN_PLACE, "%s port %d",
		    net_text(&s->at, text), s->at.port);
	return dst;
}

int
plan_read(int fd, struct plan *p_r)
{
	char *to = (char *)p_r;
	size_t done = 0;

	while (done < sizeof(*p_r)) {
		ssize_t n = pread(fd, to + done, sizeof(*p_r) - done,
		    (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return good(p_r) ? 0 : -1;
}

int
plan_write(int fd, struct plan *p)
{
	p->magic = PLAN_MAGIC;
	p->size = sizeof(*p);
	p->digest = digest_of(p, offsetof(struct plan, digest));
	if (!good(p)) {
		errno = EINVAL;
		return -1;
	}
	return fd_pwrite(fd, p, sizeof(*p), 0);
}
