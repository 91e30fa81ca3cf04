/*
 * template - the process that sessions are forked from.
 */
#ifndef SMTPSRVR_TEMPLATE_H
#define SMTPSRVR_TEMPLATE_H

/*
 * Started by smtpd as argv, with the descriptors of ARCHITECTURE.md.  Gives
 * the exit code when smtpd lets go of it; does not come back in a session.
 */
int template_run(char *const argv[]);

#endif
