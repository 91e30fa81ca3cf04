/*
 * params - see params.h.
 */
#include "config.h"

#include <string.h>

#include "lib/datetime.h"
#include "lib/mechanism.h"
#include "lib/text.h"
#include "smtpsrvr/params.h"

#define KEYWORD_MOST 64		/* longest keyword that we compare */
#define SECOND INT64_C(1000000)

/* keyword: letters, digits, inner hyphens; value: printable but "=". */
struct param {
	char keyword[KEYWORD_MOST + 1];	/* cut if it is longer */
	const char *value;		/* null: none */
	size_t len;			/* of it */
};

/* Where takers put what they find. */
struct taking {
	const struct params_by *by;
	struct mail_params *mail;
	struct rcpt_params *rcpt;
	struct reply *reply;		/* left alone: BAD_PARAMETER */
};

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789";

static int
ill_formed(const char *at, size_t len, struct reply *reply_r)
{
	char shown[KEYWORD_MOST + 1];

	if (len > KEYWORD_MOST)
		len = KEYWORD_MOST;
	memcpy(shown, at, len);
	shown[len] = '\0';
	reply_set(reply_r, REPLY_BAD_PARAMETER, shown);
	return -1;
}

static bool
is_keyword(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr(letters, s[i]) == NULL && (i == 0 || s[i] != '-'))
			return false;
	return len > 0;
}

/* 1 with the next parameter, 0 at the end, -1 with the refusal. */
static int
next_param(const char **at, struct param *p_r, struct reply *reply_r)
{
	const char *s = *at, *eq, *start;
	size_t len, key;

	if (*s == '\0')
		return 0;
	start = s + strspn(s, " ");
	len = strcspn(start, " ");
	*at = start + len;
	if (len == 0)
		return 0;	/* blanks at the end of the line */
	eq = memchr(start, '=', len);
	key = eq != NULL ? (size_t)(eq - start) : len;
	if (start == s || !is_keyword(start, key))
		return ill_formed(start, len, reply_r);
	p_r->value = eq != NULL ? eq + 1 : NULL;
	p_r->len = eq != NULL ? len - key - 1 : 0;
	if (eq != NULL && (p_r->len == 0 ||
	    memchr(p_r->value, '=', p_r->len) != NULL))
		return ill_formed(start, len, reply_r);
	/* Longer than any that we know: cut, it will not match. */
	if (key > KEYWORD_MOST)
		key = KEYWORD_MOST;
	memcpy(p_r->keyword, start, key);
	p_r->keyword[key] = '\0';
	return 1;
}

/* RFC 1870: 1*20DIGIT. */
static int
take_size(const char *value, struct taking *t)
{
	int64_t *size_r = &t->mail->size;

	if (strspn(value, "0123456789") != strlen(value))
		return -1;
	if (text_number(value, 0, INT64_MAX, size_r) != 0)
		*size_r = INT64_MAX;
	return 0;
}

/* The word itself, from a list of those that there are. */
static int
take_word(const char *value, const char *const *words, const char **word_r)
{
	for (; *words != NULL; words++)
		if (text_same(value, *words)) {
			*word_r = *words;
			return 0;
		}
	return -1;
}

static int
take_body(const char *value, struct taking *t)
{
	static const char *const words[] = { "7BIT", "8BITMIME",
	    "BINARYMIME", NULL };
	const char **body = &t->mail->body;

	if (take_word(value, words, body) != 0)
		return -1;
	return strcmp(*body, "BINARYMIME") != 0 ||
	    offer_keyword(t->by->offer, KEYWORD_BINARYMIME) ? 0 : -1;
}

static int
take_ret(const char *value, struct taking *t)
{
	static const char *const words[] = { "FULL", "HDRS", NULL };

	return take_word(value, words, &t->mail->ret);
}

static int
take_envid(const char *value, struct taking *t)
{
	return asked_envid_good(value) ? text_copy(t->mail->envid,
	    sizeof t->mail->envid, value) : -1;
}

static int
take_auth(const char *value, struct taking *t)
{
	return asked_auth_good(value) ? text_copy(t->mail->auth,
	    sizeof t->mail->auth, value) : -1;
}

static int
take_notify(const char *value, struct taking *t)
{
	unsigned set;

	if (!asked_notify(value, &set))
		return -1;
	asked_notify_text(set, t->rcpt->notify);
	return 0;
}

static int
take_orcpt(const char *value, struct taking *t)
{
	if (asked_orcpt_good(value, t->by->utf8))
		return text_copy(t->rcpt->orcpt, sizeof t->rcpt->orcpt,
		    value);
	return t->by->utf8 ? asked_orcpt_mended(value, t->rcpt->orcpt) : -1;
}

static int
take_utf8(const char *value, struct taking *t)
{
	(void)value;
	t->mail->utf8 = true;
	return 0;
}

static int
take_requiretls(const char *value, struct taking *t)
{
	(void)value;
	t->mail->requiretls = true;
	return 0;
}

static int
out_of_range(struct taking *t, const char *what)
{
	reply_set(t->reply, REPLY_OUT_OF_RANGE, what);
	return -1;
}

int64_t
params_by_least(const struct settings *s)
{
	return (s->deliver_by_least + 999) / 1000;
}

/* RFC 2852 4: ["-" / "+"] 1*9DIGIT ";" ( "N" / "R" ) ["T"] */
static int
take_by(const char *value, struct taking *t)
{
	const char *digits = value + (*value == '-' || *value == '+');
	size_t len = strspn(digits, "0123456789");
	const char *mode = digits + len;
	char number[10];
	int64_t n;

	if (len < 1 || len > 9 || mode[0] != ';' || mode[1] == '\0' ||
	    strchr("NRnr", mode[1]) == NULL ||
	    !(mode[2] == '\0' || text_same(mode + 2, "T")))
		return -1;
	memcpy(number, digits, len);
	number[len] = '\0';
	if (text_number(number, 0, 999999999, &n) != 0)
		return -1;
	if (*value == '-')
		n = -n;
	t->mail->by_mode = mode[1] == 'N' || mode[1] == 'n' ? 'N' : 'R';
	t->mail->by_trace = mode[2] != '\0';
	t->mail->by = t->by->now + n * SECOND;
	if (t->mail->by_mode == 'N')
		return 0;
	if (n <= 0)
		return out_of_range(t, "BY");
	if (n < params_by_least(t->by->set)) {
		reply_set(t->reply, REPLY_BY_TOO_SHORT,
		    (long long)params_by_least(t->by->set));
		return -1;
	}
	return 0;
}

/* RFC 6710 3: one digit, or one but 0 behind a minus. */
static int
take_priority(const char *value, struct taking *t)
{
	int64_t most = t->by->set->priority_most, n;

	if (value[0] == '-' ? value[1] < '1' || value[2] != '\0' :
	    value[1] != '\0')
		return -1;
	if (text_number(value, -ASKED_PRIORITY_MOST, ASKED_PRIORITY_MOST,
	    &n) != 0)
		return -1;
	t->mail->lowered = n > most;
	t->mail->priority = (int)(n > most ? most : n);
	return 0;
}

static int
hold_until(int64_t seconds, const char *what, struct taking *t)
{
	int64_t now = t->by->now / SECOND;

	if (t->mail->hold != 0)
		return -1;	/* HOLDFOR and HOLDUNTIL */
	if (seconds <= now || seconds - now > t->by->set->hold_most / 1000)
		return out_of_range(t, what);
	t->mail->hold = seconds * SECOND;
	return 0;
}

/* RFC 4865 4: up to nine digits, the first of them not 0. */
static int
take_holdfor(const char *value, struct taking *t)
{
	int64_t n;

	if (value[0] == '0' || text_number(value, 1, ASKED_HOLD_MOST, &n) != 0)
		return -1;
	t->mail->hold_for = n;
	return hold_until(t->by->now / SECOND + n, "HOLDFOR", t);
}

static int
take_holduntil(const char *value, struct taking *t)
{
	int64_t seconds;

	return datetime_parse(value, &seconds) == 0 ?
	    hold_until(seconds, "HOLDUNTIL", t) : -1;
}

/*
 * verb    whose parameter it is
 * word    its keyword
 * of      the keyword of EHLO that it belongs to
 * most    the longest value; 0: it has none
 * grows   by how much the line may be longer for it
 * take    gives 0, or -1, with the reply where 501 5.5.4 is not the right one
 */
static const struct row {
	enum verb verb;
	const char *word;
	enum keyword of;
	size_t most, grows;
	int (*take)(const char *value, struct taking *t);
} rows[] = {
	{ VERB_MAIL, "SIZE", KEYWORD_SIZE, 20, 26, take_size },
	{ VERB_MAIL, "BODY", KEYWORD_8BITMIME, 10, 17, take_body },
	{ VERB_MAIL, "RET", KEYWORD_DSN, 4, 9, take_ret },
	{ VERB_MAIL, "ENVID", KEYWORD_DSN, ASKED_ENVID_MOST, 107, take_envid },
	{ VERB_MAIL, "AUTH", KEYWORD_AUTH, ASKED_AUTH_MOST, 500, take_auth },
	{ VERB_RCPT, "NOTIFY", KEYWORD_DSN, ASKED_NOTIFY_MOST, 29,
	    take_notify },
	{ VERB_RCPT, "ORCPT", KEYWORD_DSN, ASKED_ORCPT_MOST, 507,
	    take_orcpt },
	{ VERB_MAIL, "SMTPUTF8", KEYWORD_SMTPUTF8, 0, 10, take_utf8 },
	{ VERB_MAIL, "REQUIRETLS", KEYWORD_REQUIRETLS, 0, 11,
	    take_requiretls },
	{ VERB_MAIL, "BY", KEYWORD_DELIVERBY, 13, 17, take_by },
	{ VERB_MAIL, "MT-PRIORITY", KEYWORD_MT_PRIORITY, 2, 15,
	    take_priority },
	{ VERB_MAIL, "HOLDFOR", KEYWORD_FUTURERELEASE, 9, 0, take_holdfor },
	{ VERB_MAIL, "HOLDUNTIL", KEYWORD_FUTURERELEASE, 40, 34,
	    take_holduntil },
};

static size_t
find(enum verb verb, const char *keyword, const struct offer *o)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].verb == verb && text_same(keyword, rows[i].word) &&
		    offer_keyword(o, rows[i].of))
			break;
	return i;
}

static int
take(const struct row *row, const struct param *p, struct taking *t)
{
	char value[ASKED_ORCPT_MOST + 1];

	if ((p->value != NULL) != (row->most > 0) || p->len > row->most ||
	    p->len >= sizeof value)
		return -1;
	memcpy(value, p->value != NULL ? p->value : "", p->len);
	value[p->len] = '\0';
	return row->take(value, t);
}

/* For one extension its RFC wants another code (RFC 6710 4.1). */
static void
bad_value(const struct row *row, struct reply *r)
{
	reply_set(r, row->of == KEYWORD_MT_PRIORITY ? REPLY_BAD_PRIORITY :
	    REPLY_BAD_PARAMETER, row->word);
}

static int
take_all(const char *text, enum verb verb, struct taking *t)
{
	bool seen[ARRAY_LEN(rows)] = { false };
	struct param p;
	size_t i;
	int got;

	while ((got = next_param(&text, &p, t->reply)) > 0) {
		i = find(verb, p.keyword, t->by->offer);
		if (i == ARRAY_LEN(rows)) {
			reply_set(t->reply, REPLY_UNSUPPORTED_PARAMETER,
			    p.keyword);
			return -1;
		}
		t->reply->code = 0;
		if (seen[i] || take(&rows[i], &p, t) != 0) {
			if (t->reply->code == 0)
				bad_value(&rows[i], t->reply);
			return -1;
		}
		seen[i] = true;
	}
	return got;
}

int
params_mail(const char *text, const struct params_by *by,
    struct mail_params *p_r, struct reply *reply_r)
{
	struct taking t = { .by = by, .mail = p_r, .reply = reply_r };

	*p_r = (struct mail_params){ .size = -1, .body = "", .ret = "" };
	if (take_all(text, VERB_MAIL, &t) != 0)
		return -1;
	/* Released when its time is over already? */
	if (p_r->by != 0 && p_r->by <= p_r->hold)
		return out_of_range(&t, "BY");
	return 0;
}

int
params_rcpt(const char *text, const struct params_by *by,
    struct rcpt_params *p_r, struct reply *reply_r)
{
	struct taking t = { .by = by, .rcpt = p_r, .reply = reply_r };

	p_r->notify[0] = p_r->orcpt[0] = '\0';
	return take_all(text, VERB_RCPT, &t);
}

size_t
params_growth(const struct offer *o, enum verb v)
{
	size_t n = 0;

	/* An initial response: longer than RFC 4954 4 has it, for tokens. */
	if (v == VERB_AUTH && offer_verb(o, v))
		return AUTH_LINE;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].verb == v && offer_keyword(o, rows[i].of))
			n += rows[i].grows;
	return n;
}
