/*
 * resolver - questions to lookup whose answers are waited for.
 *
 * Each has its own connection: few sessions ask more than one, and none keeps
 * a place there that others could want.
 */
#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include "lib/clock.h"
#include "tables/resolver.h"

enum tb_answer
resolver_answer(int outcome)
{
	switch (outcome) {
	case ASK_HOST_FOUND:
		return TB_FOUND;
	case ASK_HOST_NONE:
	case ASK_HOST_NULL:
	case ASK_HOST_SELF:
		return TB_NOT_FOUND;
	default:
		return TB_LATER;
	}
}

int
resolver_connect(const char *jail)
{
	char path[256];
	int len = snprintf(path, sizeof(path), "%s/lookup", jail);

	if (len < 0 || (size_t)len >= sizeof(path))
		return -1;
	return net_unix_connect(path, SOCK_SEQPACKET);
}

static enum tb_answer
away(struct resolver *r, const char *name)
{
	struct resolver_wait *w = (struct resolver_wait *)(void *)r;
	struct ask_answer answer = { .outcome = ASK_HOST_LATER };
	int64_t began = w->heard != NULL ? clock_us() : 0;
	int sock = w->jail == NULL ? -1 : resolver_connect(w->jail);

	if (sock != -1) {
		(void)!ask_host(sock, ASK_AWAY, name, NULL, clock_ms() +
		    w->timeout, &answer);
		close(sock);
	}
	if (w->heard != NULL)
		w->heard(w, name, answer.outcome, clock_us() - began);
	return resolver_answer(answer.outcome);
}

void
resolver_wait_init(struct resolver_wait *w, int64_t timeout_ms)
{
	*w = (struct resolver_wait){ .r = { away }, .timeout = timeout_ms };
}
