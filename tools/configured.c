/*
 * configured - the configuration as tailor hands it over, for one command.
 */
#include "config.h"

#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/log.h"
#include "tools/configured.h"

int
configured_open(struct configured *c_r, const struct tailored_options *o)
{
	int code;

	memset(c_r, 0, sizeof(*c_r));
	c_r->record = tailored_run(o, &c_r->plan, &code);
	if (c_r->record < 0)
		return code;
	c_r->conf = conf_from_fd(c_r->record, (int64_t)c_r->plan.conf_at);
	if (c_r->conf != NULL)
		return EX_OK;
	log_note(LEVEL_ERROR, "tailor is not of the same build as inlet: "
	    "its record cannot be read");
	close(c_r->record);
	return EX_SOFTWARE;
}

void
configured_close(struct configured *c)
{
	conf_free(c->conf);
	close(c->record);
}
