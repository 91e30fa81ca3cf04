/*
 * clients - who a client is by its certificate: the table tls-clients, or
 * that somebody we trust stands for it.
 *
 * Keys of the table are the SHA-256 of a certificate or of its public key, in
 * 64 digits, and the subject (RFC 4514) of one that is verified; the value is
 * the name that the client gets here.
 */
#ifndef TABLES_CLIENTS_H
#define TABLES_CLIENTS_H

#include "lib/receipt.h"
#include "tables/site.h"

#define CLIENT_NAME 128
#define CLIENT_TEXT 400

struct certificate {
	bool verified;
	const char *fingerprint, *key;	/* 64 digits each, or "" */
	const char *subject;
};

/* What a session tells submit of it. */
void clients_text(const struct certificate *c, char dst[CLIENT_TEXT]);
/* Takes it apart, in place; 0, or -1 if it is none. */
MM_MUST_USE int clients_parse(char text[CLIENT_TEXT],
    struct certificate *c_r);
/*
 * TB_FOUND, with a name (visible ASCII, no parentheses or quotes), where set
 * knows the client; TB_LATER if the table cannot be read.  channel is for who
 * watches.
 */
enum tb_answer clients_find(const struct site *s, const struct settings *set,
    int channel, const struct certificate *c, char name_r[CLIENT_NAME]);
/*
 * The login that the table t (auth-certificates) has for it, as it stands
 * there; a table of null has none.
 */
enum tb_answer clients_login(struct tb *t, const struct certificate *c,
    char login_r[AUTH_LOGIN]);

#endif
