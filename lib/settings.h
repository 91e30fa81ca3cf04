/*
 * settings - struct, defaults, set, print: all from settings.def.
 */
#ifndef LIB_SETTINGS_H
#define LIB_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/buf.h"
#include "lib/mm.h"

enum setting_type {
	SETTING_BOOL, SETTING_INT, SETTING_DURATION, SETTING_SIZE,
	SETTING_STRING, SETTING_LIST, SETTING_CHOICE
};

enum setting_scope {
	SERVER = 1, LISTENER = 2, CHANNEL = 4, TABLE = 8,
	HOST = 16,	/* a row of host-settings */
	VARIABLE = 32	/* the environment, by its qmail name */
};

/* A list of strings; both the array and the strings are shared, never freed. */
struct strings {
	size_t n;
	const char *const *at;
};

#define SETTING_C_BOOL bool
#define SETTING_C_INT int64_t
#define SETTING_C_DURATION int64_t
#define SETTING_C_SIZE int64_t
#define SETTING_C_STRING const char *
#define SETTING_C_LIST struct strings
#define SETTING_C_CHOICE int

/* One value for each setting, always complete. */
struct settings {
#define SETTING(name, type, ...) SETTING_C_##type name;
#include "lib/settings.def"
#undef SETTING
};

enum setting_id {
#define SETTING(name, ...) SETTING_##name,
#include "lib/settings.def"
#undef SETTING
	SETTING_COUNT
};

/* Words of the CHOICE settings, in the order of the table. */
enum { GREYLIST_OFF, GREYLIST_ON };
enum { EARLY_TALKERS_ACCEPT, EARLY_TALKERS_REFUSE };
enum { BARE_NEWLINE_REJECT, BARE_NEWLINE_DEFER };
enum { PROTOCOL_SMTP, PROTOCOL_LMTP };
enum { TLS_OFF, TLS_OFFERED, TLS_REQUIRED };
enum { TLS_PROFILE_DEFAULT, TLS_PROFILE_LEGACY, TLS_PROFILE_MODERN };
enum { TLS_CLIENT_OFF, TLS_CLIENT_ASKED, TLS_CLIENT_REQUIRED };
enum { TLS_LEAST_1_0, TLS_LEAST_1_1, TLS_LEAST_1_2, TLS_LEAST_1_3 };
enum { AUTH_OFF, AUTH_OFFERED, AUTH_REQUIRED };
enum { QUEUE_FILES, QUEUE_JOURNAL };
enum { GROUP_AUTO, GROUP_CHANNEL, GROUP_HOST,
    GROUP_DOMAIN };
enum { LIBWRAP_AUTO, LIBWRAP_ON, LIBWRAP_OFF };
enum { LIBWRAP_DENIAL_REJECT, LIBWRAP_DENIAL_DEFER };
enum { LOOKUP_NAMES_AUTO, LOOKUP_NAMES_ALWAYS, LOOKUP_NAMES_NEVER };
enum { HELO_LOOSE, HELO_STRICT, HELO_FULL };
enum { HELO_OWN_ACCEPT, HELO_OWN_REFUSE };
enum { HELO_RESOLVE_NO, HELO_RESOLVE_EXISTS, HELO_RESOLVE_MATCH };
enum { HELO_LITERAL_ANY, HELO_LITERAL_OWN, HELO_LITERAL_NONE };
enum { UNQUALIFIED_REFUSE, UNQUALIFIED_COMPLETE };
enum { MT_PRIORITY_OFF, MT_PRIORITY_ON };	/* the rest: policies' names */
enum { SENDER_NULL_ACCEPT, SENDER_NULL_REFUSE };
enum { SENDER_LITERAL_ACCEPT, SENDER_LITERAL_REFUSE };
enum { SENDER_ANY, SENDER_FULL, SENDER_RESOLVES };
enum { CHECK_SPF_OFF, CHECK_SPF_SENDER, CHECK_SPF_BOTH };
enum { SENDER_OWN_ACCEPT, SENDER_OWN_EXISTS, SENDER_OWN_REFUSE };
enum { SENDER_UNLISTED_ANY, SENDER_UNLISTED_OWN, SENDER_UNLISTED_NONE };
enum { HEADER_FROM_ANY, HEADER_FROM_SENDER, HEADER_FROM_ALL };
enum { HEADER_ADDRESSES_LEAVE, HEADER_ADDRESSES_COMPLETE,
    HEADER_ADDRESSES_STRICT };
enum { MEND_FOR_LOGINS, MEND_FOR_RELAYS };
enum { OVER_LOGIN_REFUSE, OVER_LOGIN_HOLD };
enum { PIPE_PER_RECIPIENT, PIPE_PER_MESSAGE };
enum { RELAY_TLS_OFF, RELAY_TLS_OPPORTUNISTIC, RELAY_TLS_REQUIRED,
    RELAY_TLS_VERIFIED };
enum { TABLE_TEXT, TABLE_GDBM, TABLE_CIDR, TABLE_LIST, TABLE_CDB, TABLE_PCRE,
    TABLE_GLOB, TABLE_NAMESERVER };

struct setting_row {
	enum setting_type type;
	const char *fallback;	/* the default as text */
	int64_t least, most;
	const char *words;	/* CHOICE: "a|b|c" */
	int scope;		/* enum setting_scope, or-ed */
	const char *zmailer, *qmail, *text;
	size_t offset;		/* of the field in struct settings */
};
extern const struct setting_row setting_rows[SETTING_COUNT];

void settings_defaults(struct settings *s_r);
/* -1 if there is none. */
int setting_find(const char *name);
/* The nearest name within scope, or null. */
const char *setting_nearest(const char *name, int scope);

/*
 * Sets one value from text (LIST: n texts; others: n is 1).  The texts of a
 * STRING or LIST, and a LIST's array, are kept by reference and must outlive
 * s (conf_set copies them).  -1 with a reason a person can act on.
 */
MM_MUST_USE int setting_set(struct settings *s, enum setting_id id,
    const char *const *texts, size_t n, char *why_r, size_t size);
/* Copies one value of from to to. */
void setting_copy(struct settings *to, const struct settings *from,
    enum setting_id id);
/* The value as the configuration file would have it. */
MM_MUST_USE int setting_print(const struct settings *s, enum setting_id id,
    struct buf *b);
/* The value of a type that is no STRING or LIST, without quotes; 0 or -1. */
MM_MUST_USE int setting_text(const struct settings *s, enum setting_id id,
    char *dst, size_t size);
/* default-domain, or hostname where that is empty. */
const char *settings_domain(const struct settings *s);
/* The value of a LIST, or that of a STRING as a list of one. */
struct strings setting_strings(const struct settings *s, enum setting_id id);

/* As the file spells it: "max-connections" from max_connections. */
const char *setting_name(enum setting_id id);
/*
 * text in double quotes for a message: cut where it is long, all but
 * printable ASCII as \xNN.  dst has SETTING_SHOWN bytes; gives dst.
 */
#define SETTING_SHOWN 96
const char *setting_show(const char *text, char dst[SETTING_SHOWN]);
/* The mdoc rows of inlet.conf(5): settings whose widest scope that is. */
MM_MUST_USE int settings_mdoc(int scope, struct buf *b);
/* And those of the variables that are settings. */
MM_MUST_USE int settings_mdoc_variables(struct buf *b);

#endif
