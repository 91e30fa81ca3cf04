/*
 * asuser - what another user of ours may do with a path, tried by becoming
 * that user in a child: no copy of the kernel's rules is made.
 */
#ifndef TOOLS_ASUSER_H
#define TOOLS_ASUSER_H

#include "lib/proc.h"

/* As access(2); 0, or the error's number (ECHILD: it could not be tried). */
int asuser_access(const struct proc_user *u, const char *path, int mode);

#endif
