/*
 * session - one SMTP session: what it knows, its loop, its states.
 *
 * Runs as the session user inside the sandbox (sandbox.h) and trusts nothing
 * of its client.  Session and transaction are apart, each with one reset.
 */
#ifndef SMTPSRVR_SESSION_H
#define SMTPSRVR_SESSION_H

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/counts.h"
#include "lib/life.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/rows.h"
#include "lib/sid.h"
#include "lib/subproto.h"
#include "smtpsrvr/chunk_lines.h"
#include "smtpsrvr/completion.h"
#include "smtpsrvr/forged.h"
#include "smtpsrvr/offer.h"
#include "smtpsrvr/params.h"
#include "smtpsrvr/tls.h"
#include "smtpsrvr/wire.h"
#include "tables/forhost.h"
#include "tables/resolver.h"
#include "tables/site.h"
#include "tables/source.h"

#define SESSION_TLS 512
#define SESSION_TEXT 65536	/* message bytes held before they stream */

/* What all sessions share: made once, never changed. */
struct server {
	const struct conf *conf;
	struct site site;
	const char *jail;	/* folder of the helpers' sockets; "" inside */
	struct resolver_wait names;	/* for tables that ask lookup */
	/* by listener + 1, then channel + 1: see server_settings() */
	struct settings *settings;
	bool lmtp;		/* without a listener: the option -P */
	bool auth;		/* there is somebody who knows passwords */
	bool wrap_rules;	/* hosts.allow or hosts.deny has any */
	const struct counts *counts;	/* submit's, to read; or null */
	struct tls_service *tls;	/* null: not here */
};

struct session_watcher;
enum check_verdict { PASS, REFUSE, REHEARSED };

enum session_state {
	STATE_START,	/* nothing but the greeting so far */
	STATE_READY,	/* EHLO or HELO came; no transaction */
	STATE_MAIL,	/* a sender is given */
	STATE_REFUSED,	/* recipients were given, all were refused */
	STATE_RCPT,	/* at least one recipient is accepted */
	STATE_CHUNKS,	/* BDAT brought a part of the message */
	STATE_FAILED,	/* a chunk was refused */
	STATE_COUNT
};

/* From MAIL to the end of the message, RSET, EHLO, HELO. */
struct transaction {
	struct mailbox sender;
	struct mail_params params;
	uint32_t accepted;	/* recipients */
	uint32_t nobody;	/* those that would be ours, but do not exist */
	struct buf recipients;	/* their submit frames */
	struct mailbox recipient;	/* the last one named, for the log */
	bool judged;		/* HELO and sender, at a recipient */
	uint8_t spf;		/* enum spf_result that is to be told */
	bool spf_pass;		/* whatever is told of it */
	uint32_t listed;	/* by which dnslists, a bit each */
	int32_t score;		/* what their weights come to */
	struct reply *refusal;	/* which that gave; or null */
	uint64_t size;		/* of the message as sent */
	uint64_t stored;	/* of the text that submit gets */
	int64_t began, until;	/* when it must be here; 0: none of it came */
	uint64_t came;		/* octets since then */
	struct chunk_lines lines;	/* of BDAT */
	struct completion *completion;	/* of its header; or null */
	bool bare;		/* its text is void: a bare newline */
	bool streaming;		/* the envelope went out before the commit */
	bool broken;		/* the way to submit failed; text is dropped */
	bool done;		/* it ends with the reply to this command */
	/* LMTP */
	bool each_hears;	/* the reply is one for each recipient */
	struct reply **own;	/* null, or of each: its refusal, or null */
};

struct session {
	const struct server *server;
	const struct settings *set;	/* in force for this client */
	struct offer offer;	/* what of EHLO and verbs they leave */
	size_t longest_line;	/* of any command, with its parameters */
	struct row_pass who;	/* the client, as far as we know */
	struct netaddr peer;	/* the other end of the connection */
	bool told;		/* who.peer, who.local: as a proxy says */
	bool headed;		/* its header was waited for */
	bool by_header;		/* and names a client */
	bool look;		/* it said that it connects for itself */
	bool mute;		/* closed without a reply */

	/* from the source host to the channel */
	struct source_list list;
	struct source source;
	char name[256];		/* the confirmed name, or "" */
	struct forhost *own;	/* where set is not its channel's; or null */
	char ip[NET_TEXT];
	char sid[SID];

	/* who has logged in, or ""; by AUTH, with the receipt of it */
	char login[AUTH_LOGIN];
	char mechanism[AUTH_MECHANISM];	/* "": as one of xclient says */
	uint8_t receipt[RECEIPT];
	int auth;		/* connection given to us for AUTH, or -1 */
	int lookup;		/* connection for one command's checks, or -1 */

	enum session_state state;
	bool esmtp;
	bool lmtp;		/* RFC 2033 */
	char helo[256];
	uint8_t spf_helo;	/* enum spf_result of that name */
	struct transaction tx;

	struct tls *tls;	/* begun, or null */
	struct tls_facts *secured;	/* and done, or null */
	bool bound;		/* the next is there */
	uint8_t exporter[TLS_EXPORTER];	/* what binds a login to it */

	/* budgets */
	uint32_t messages, errors, unknown, idle, refused;
	uint32_t begun;		/* transactions since a message was taken */
	int64_t tarpit;		/* the next delay, ms; 0: the first */
	struct life_report trouble;	/* not told yet: trouble.h */
	int life;		/* smtpd's lifetime socket, or -1 */
	bool greeted;
	int64_t until;		/* when the whole session must end */
	bool over;		/* close after the reply */
	bool early;		/* it spoke before its turn */
	bool quit;		/* as the client asked us to */
	bool lost;		/* the connection is gone: no reply */

	const struct session_watcher *watcher;	/* checks.h; null: nobody */

	/* the way to submit */
	int submit;		/* connection, or -1 */
	bool submit_kept;	/* was given to us: never opened anew */
	struct sub_hello *hello;	/* null: nothing but who we are */
	bool said_hello;
	size_t text_len;
	/* Last, for the buffers: above them and the first replies is one page,
	 * which with that of the input is all that an idle session has. */
	struct wire wire;
	/* Touched with a message: its text begins on the same page. */
	struct forged forged;	/* what of its header is */
	char few[512];		/* where the first tx.recipients go */
	char text[SESSION_TEXT];
};

/* The argument of a command, as far as the table says it must parse. */
struct argument {
	const char *text;	/* behind the verb, blanks taken off */
	struct mailbox path;	/* FROM_PATH, TO_PATH */
	const char *params;	/* what follows the path */
	uint64_t octets;	/* CHUNK */
	bool last;
};

/*
 * Settings in force for a listener and a channel, -1 for none, with the
 * environment that the server was started in: for clients that have none of
 * their own.
 */
const struct settings *server_settings(const struct server *v, int listener,
    int channel);
/* Opens the tables and works the settings out; 0 or -1 with why. */
MM_MUST_USE int server_init(struct server *v, const struct conf *c,
    struct buf *why_r);

/* Where the helpers are from now on. */
void server_reach(struct server *v, const char *jail);

void session_init(struct session *s, const struct server *v,
    const struct row_pass *who, const char *channels, int in, int out,
    int life);
/*
 * Puts the settings in force that the listener and, once they are known, the
 * channel (source.channel) and own give.
 */
void session_settle(struct session *s);
/* What submit will be told, to be changed. */
struct sub_hello *session_hello(struct session *s);
/* As session_hello() makes it. */
void session_introduce(const struct session *s, struct sub_hello *h_r);
/* From the greeting to the end.  The caller exits afterwards. */
void session_run(struct session *s);
/* The parts of it: all before the first command; one command. */
void session_greet(struct session *s);
/* May the client come in?  Not yet greeted; REFUSE with the reply. */
enum check_verdict session_admit(struct session *s, struct reply *r);
void session_step(struct session *s);
/* The certificate that it is known by (tables/clients.h), or "". */
void session_certificate(const struct session *s, char dst[SUB_CERTIFICATE]);
/* Forgets the transaction; the state goes back to READY (or stays START). */
void session_reset(struct session *s);

/* Says a reply by name and, when it is a refusal, logs it. */
void session_say(struct session *s, const struct reply *r, const char *verb);
/* What there is to say where no line came until then; the end is not OK. */
void session_no_line(struct session *s, enum wire_end end, int64_t deadline);
/* Nobody has logged in, whatever was before. */
void session_forget_login(struct session *s);
/* A command's line was; how long nobody knows: its rest was not kept. */
void session_line_too_long(struct session *s);
/*
 * The reply to the end of a message in LMTP: for each accepted recipient its
 * own, or r; none if there is no recipient (RFC 2033 4.2, 4.3).
 */
void session_say_each(struct session *s, const struct reply *r,
    const char *verb);
/* Adds the fields that every event of a session has. */
void session_log(struct session *s, struct logline *l, const char *verb);

#endif
