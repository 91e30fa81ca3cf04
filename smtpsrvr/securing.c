/*
 * securing - how smtpsrvr-tls comes to TLS.
 */
#include "config.h"

#include "smtpsrvr/securing.h"
#include "smtpsrvr/tls_memory.h"
#include "smtpsrvr/tls_service.h"

void
securing_program(const struct conf *c, const struct plan *p,
    char *const argv[])
{
	(void)c;
	(void)p;
	(void)argv;
	tls_memory_begin();
}

struct tls_service *
securing_begin(const struct conf *c, const struct plan *p, const char *jail,
    int record, int log, struct keysrvr *k_r, struct buf *why_r)
{
	struct tls_service *v;

	if (keys_start(k_r, p, jail, record, log) != 0) {
		(void)!buf_adds(why_r, "keysrvr could not start");
		return NULL;
	}
	v = tls_service_new(c, k_r->name, why_r);
	return v != NULL && tls_service_try(v, jail, why_r) == 0 ? v : NULL;
}

void
securing_tell(const struct tls_service *v, const struct conf *c,
    const struct plan *p)
{
	tls_service_tell(v, c, p->run_directory);
}
