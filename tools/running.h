/*
 * running - the running server, for the commands that show what it does.
 */
#ifndef TOOLS_RUNNING_H
#define TOOLS_RUNNING_H

#include "tools/limits.h"
#include "tools/request.h"

/*
 * Finds the server of the configuration, has its memory, and becomes the
 * submit user where it can.  An exit status; what is wrong was said, in the
 * name of that command.  conf_free(v_r->conf) in any case.
 */
int running_open(const struct request *r, const char *command,
    struct limits_view *v_r);

#endif
