/*
 * logins - as whom may send who has logged in; see logins.h.
 *
 * A row's words are compared one after the other: exact addresses, domains,
 * patterns.  What is no such word grants nothing.
 */
#include "config.h"

#include <string.h>

#include "lib/text.h"
#include "tables/glob.h"
#include "tables/logins.h"
#include "tables/tbrow.h"
#include "tables/watch.h"

#define SEPARATORS ", \t"

static bool
is_pattern(const char *word, size_t len)
{
	return memchr(word, '*', len) != NULL ||
	    memchr(word, '?', len) != NULL || memchr(word, '[', len) != NULL;
}

const char *
logins_wrong(const char *word, size_t len)
{
	char text[PATH_TEXT + 2];
	struct mailbox m;

	if (len >= PATH_TEXT)
		return "it is too long";
	memcpy(text, word, len);
	text[len] = '\0';
	if (text_same(text, "own") ||
	    (text[0] == '@' && path_is_domain(text + 1, len - 1)) ||
	    path_parse_bare(text, &m) == PATH_OK)
		return NULL;
	return is_pattern(word, len) ? glob_wrong(word, len) :
	    "it is no address, no @domain, no pattern, and not own";
}

/* The login itself; one without a domain has ours. */
static bool
is_own(const struct envelope *e, const struct mailbox *m, const char *text)
{
	if (strchr(e->from.login, '@') != NULL)
		return text_same(e->from.login, text);
	return text_same(e->from.login, m->local) &&
	    text_same(m->domain, settings_domain(e->set));
}

/* text is m's, in lower case. */
static bool
fits(const struct envelope *e, const char *word, size_t len,
    const struct mailbox *m, const char *text)
{
	char lower[PATH_TEXT];

	if (len >= sizeof(lower))
		return false;
	memcpy(lower, word, len);
	lower[len] = '\0';
	text_lower(lower);
	if (strcmp(lower, "own") == 0)
		return is_own(e, m, text);
	if (strcmp(lower, text) == 0 ||
	    (lower[0] == '@' && strcmp(lower + 1, m->domain) == 0))
		return true;
	return is_pattern(lower, len) && glob_match(lower, len, text,
	    strlen(text));
}

static bool
lists(const struct envelope *e, const char *value, const struct mailbox *m)
{
	char text[PATH_TEXT];
	size_t len;

	path_text(m, text);
	text_lower(text);
	for (const char *p = value; *p != '\0'; p += len) {
		p += strspn(p, SEPARATORS);
		len = strcspn(p, SEPARATORS);
		if (len > 0 && fits(e, p, len, m, text))
			return true;
	}
	return false;
}

static enum tb_answer
look(const struct envelope *e, struct tb *t, const char *key,
    struct buf *value_r)
{
	int line = 0;
	enum tb_answer answer = tb_find(t, key, value_r, &line);

	watch_lookup(e->site, e->from.channel, t, key, answer, line);
	return answer;
}

enum tb_answer
logins_find(const struct envelope *e, const struct mailbox *m,
    struct reply *r)
{
	struct tb *t = site_table(e->site, e->set->sender_logins);
	const char *at = strrchr(e->from.login, '@');
	enum tb_answer answer;
	struct buf value;

	if (t == NULL)
		return TB_NOT_FOUND;
	buf_init(&value, TBROW_VALUE);
	answer = look(e, t, e->from.login, &value);
	if (answer == TB_NOT_FOUND && at != NULL && at != e->from.login)
		answer = look(e, t, at, &value);
	if (answer == TB_LATER) {
		reply_set(r, REPLY_POLICY_FAILED);
		reply_because(r, "table");
		reply_detail(r, "table=%s", tb_name(t));
	} else if (answer == TB_NEGATED) {
		answer = TB_NOT_FOUND;
	} else if (answer == TB_FOUND && !lists(e, buf_str(&value), m)) {
		answer = TB_NEGATED;
	}
	buf_free(&value);
	return answer;
}

/* Those for whom there is no row. */
static bool
unlisted_may(const struct envelope *e, const struct mailbox *m)
{
	char text[PATH_TEXT];

	if (e->set->sender_unlisted == SENDER_UNLISTED_OWN)
		return is_own(e, m, path_text(m, text));
	return e->set->sender_unlisted == SENDER_UNLISTED_ANY;
}

enum tb_answer
logins_may(const struct envelope *e, const struct mailbox *m,
    struct reply *r)
{
	enum tb_answer answer = logins_find(e, m, r);

	if (answer == TB_NOT_FOUND)
		answer = unlisted_may(e, m) ? TB_FOUND : TB_NEGATED;
	return answer;
}

int
logins_sender(const struct envelope *e, struct reply *r)
{
	const struct mailbox *m = e->from.sender;
	char text[PATH_TEXT];

	if (e->from.login == NULL || e->from.login[0] == '\0' || m == NULL ||
	    (m->local[0] == '\0' && m->domain[0] == '\0'))
		return 0;
	switch (logins_may(e, m, r)) {
	case TB_FOUND:
		return 0;
	case TB_LATER:
		return -1;
	case TB_NOT_FOUND:
	case TB_NEGATED:
		break;
	}
	reply_set(r, REPLY_SENDER_NOT_YOURS, path_text(m, text));
	reply_because(r, "sender_login");
	reply_detail(r, "login=%s", e->from.login);
	return -1;
}
