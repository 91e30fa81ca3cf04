/*
 * check - the parts of inlet check; each reports what it finds.
 */
#ifndef TOOLS_CHECK_H
#define TOOLS_CHECK_H

#include "tables/site.h"
#include "tools/configured.h"
#include "tools/finding.h"

struct check {
	const struct conf *conf;
	const struct plan *plan;
	const char *programs;	/* -L, or null */
	const struct site *site;	/* null: some table does not open */
	struct findings *f;
};

/* Which users the programs run as, and the configuration's own file. */
void check_users(const struct check *k);
/* Spool, run and mail directories, the log's file. */
void check_places(const struct check *k);
/* Our programs, and those of the channels. */
void check_programs(const struct check *k);
/* Every table: opens, has rows, belongs to the right people. */
void check_tables(const struct check *k);
/* What channels and listeners amount to. */
void check_channels(const struct check *k);
/* Settings that RFC 5321 speaks against. */
void check_rfc(const struct check *k);
/* Checks that are tried, and not in force. */
void check_rehearse(const struct check *k);
/* Lists, SPF and greylisting that come to nothing together. */
void check_gate(const struct check *k);
/* Who may say whose connection it is. */
void check_proxies(const struct check *k);
/* Why such a value of v is one, with the section; null: it is not. */
const char *check_rfc_against(const struct settings *v, enum setting_id id);
/* hosts.allow and hosts.deny, where sessions ask them. */
void check_wrap(const struct check *k);
/* Certificates and keys: their files, whether they fit, how long they hold. */
void check_certificates(const struct check *k);
/* What ch_smtp reads: trusted certificates, logins. */
void check_outward(const struct check *k);
/* Which layers of a session's sandbox this machine offers; ports. */
void check_machine(const struct check *k);
/* Who knows passwords: may auth-user ask them? */
void check_passwords(const struct check *k);
/* Modes of authorisation, and each row of its tables; needs site. */
void check_authorise(const struct check *k);
/* Each row of host-settings, and the environment; needs site. */
void check_hosts(const struct check *k);
/* Does a finicky listener let this machine in? needs site. */
void check_reach(const struct check *k);
/* Simulated strangers try to relay; needs site. */
void check_relay(const struct check *k);

#endif
