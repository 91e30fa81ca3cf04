/*
 * tls_check - what is wrong with the settings of TLS, without their files.
 */
#ifndef SMTPSRVR_TLS_CHECK_H
#define SMTPSRVR_TLS_CHECK_H

#include "lib/conf_check.h"

void tls_check(const struct conf *c, struct conf_wrong *w);

#endif
