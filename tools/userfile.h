/*
 * userfile - changes the password file: one row, with all others as they are.
 *
 * The new file takes the old one's place in one step and survives a power cut;
 * who reads meanwhile has one or the other.  It keeps owner, group and mode.
 * Two who change it wait for each other (a lock of its folder).
 */
#ifndef TOOLS_USERFILE_H
#define TOOLS_USERFILE_H

#include <stddef.h>
#include "authsrvr/passwords.h"
#include "lib/proc.h"

enum userfile_change {
	USERFILE_ADD,		/* there may be none */
	USERFILE_REPLACE,	/* there must be one */
	USERFILE_REMOVE
};

enum userfile_result {
	USERFILE_DONE,
	USERFILE_THERE,		/* ADD: there is one already */
	USERFILE_NOT_THERE,
	USERFILE_FAILED		/* for the reason given */
};

/*
 * row's login says which row.  A file that is not there yet is made by an ADD,
 * for owner (uid -1: ourselves).
 */
enum userfile_result userfile_change(const char *path,
    enum userfile_change change, const struct passrow *row,
    const struct proc_user *owner, char *why_r, size_t size);

#endif
