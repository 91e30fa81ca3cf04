/*
 * commands - the handlers that commands.def names, and the dispatcher.
 */
#ifndef SMTPSRVR_COMMANDS_H
#define SMTPSRVR_COMMANDS_H

#include "smtpsrvr/session.h"

enum command_argument { NONE, OPTIONAL, REQUIRED, FROM_PATH, TO_PATH,
	CHUNK, ATTRIBUTES };
enum command_group { MIDDLE, LAST };
enum command_counts { IDLE, WORK };
enum command_spoken { BOTH, SMTP, LMTP };

#define COMMAND_TAKEN (-1)	/* in a state's column */

struct command {
	const char *verb;
	void (*handler)(struct session *s, const struct argument *a,
	    struct reply *r);
	int in_state[STATE_COUNT];	/* COMMAND_TAKEN or a reply's name */
	enum command_argument argument;
	enum command_group group;
	enum command_counts counts;
	enum command_spoken spoken;
	const char *help;
};

#define COMMAND(verb, handler, ...) \
	void handler(struct session *s, const struct argument *a, \
	    struct reply *r);
#include "smtpsrvr/commands.def"
#undef COMMAND

extern const struct command commands[VERB_COUNT];	/* by enum verb */
extern const size_t commands_count;

/*
 * What keywords.def names: is it offered now?  Then argument_r is what follows
 * the word, or "".
 */
#define KEYWORD_ARGUMENT 160
#define KEYWORD(name, word, function, text) \
	bool function(const struct session *s, \
	    char argument_r[KEYWORD_ARGUMENT]);
#include "smtpsrvr/keywords.def"
#undef KEYWORD

/* The same of a keyword that may be off besides. */
bool keyword_offered(const struct session *s, enum keyword k,
    char argument_r[KEYWORD_ARGUMENT]);

/* Is there such a verb in this session's protocol? */
bool command_spoken(const struct session *s, const struct command *c);
/*
 * One more command that brings no message nearer (a message pays it back);
 * true if that is too many: r is set, and the session over.
 */
bool command_idle(struct session *s, struct reply *r);
/* More is there than was asked for, where PIPELINING is off: the same. */
bool command_early(struct session *s, struct reply *r);
/*
 * BDAT is not taken, for the reason that r gives: its octets are dropped, and
 * with them the transaction.
 */
void bdat_refused(struct session *s, const struct argument *a,
    struct reply *r);

/*
 * Is an address beyond ASCII where SMTPUTF8 was asked for?  Then its domain
 * gets A-labels.  -1 with the refusal, bad where it is no domain.
 */
MM_MUST_USE int command_utf8(struct session *s, bool asked,
    enum reply_name bad, struct mailbox *m, struct reply *r);

/*
 * Carries one command line out (NUL-ended, len bytes) and says its reply.
 */
void command_run(struct session *s, char *line, size_t len);

#endif
