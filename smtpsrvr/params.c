/*
 * params - ESMTP parameters of MAIL and RCPT (RFC 5321 4.1.2, RFC 1870,
 * RFC 6152).
 */
#include "config.h"

#include <string.h>

#include "lib/text.h"
#include "smtpsrvr/params.h"

#define PARAM_MOST 64		/* longest keyword or value we know */

/* keyword: letters, digits, inner hyphens; value: printable but "=". */
struct param {
	char keyword[PARAM_MOST + 1];
	char value[PARAM_MOST + 1];
	bool valued;
};

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "abcdefghijklmnopqrstuvwxyz0123456789";

static int
ill_formed(const char *at, size_t len, struct reply *reply_r)
{
	char shown[PARAM_MOST + 1];

	if (len > PARAM_MOST)
		len = PARAM_MOST;
	memcpy(shown, at, len);
	shown[len] = '\0';
	reply_set(reply_r, REPLY_BAD_PARAMETER, shown);
	return -1;
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
	if (start == s || len == 0) {
		*at = start + len;
		if (len == 0)
			return 0;	/* blanks at the end of the line */
		return ill_formed(start, len, reply_r);
	}
	*at = start + len;
	eq = memchr(start, '=', len);
	key = eq != NULL ? (size_t)(eq - start) : len;
	p_r->valued = eq != NULL;
	if (key == 0 || strspn(start, letters) == 0 ||
	    memchr(start, '\0', len) != NULL)
		return ill_formed(start, len, reply_r);
	for (size_t i = 0; i < key; i++)
		if (strchr(letters, start[i]) == NULL && start[i] != '-')
			return ill_formed(start, len, reply_r);
	if (eq != NULL && (len - key - 1 == 0 ||
	    memchr(eq + 1, '=', len - key - 1) != NULL))
		return ill_formed(start, len, reply_r);
	/* Longer than any that we know: cut, it will not match. */
	memcpy(p_r->keyword, start, key < PARAM_MOST ? key : PARAM_MOST);
	p_r->keyword[key < PARAM_MOST ? key : PARAM_MOST] = '\0';
	p_r->value[0] = '\0';
	if (eq != NULL) {
		size_t n = len - key - 1;

		if (n > PARAM_MOST)
			n = PARAM_MOST;
		memcpy(p_r->value, eq + 1, n);
		p_r->value[n] = '\0';
	}
	return 1;
}

/* RFC 1870: 1*20DIGIT. */
static int
take_size(const char *value, struct mail_params *p_r)
{
	int64_t *size_r = &p_r->size;
	size_t len = strlen(value);

	if (len < 1 || len > 20 || strspn(value, "0123456789") != len)
		return -1;
	if (text_number(value, 0, INT64_MAX, size_r) != 0)
		*size_r = INT64_MAX;
	return 0;
}

static int
take_body(const char *value, struct mail_params *p_r)
{
	if (text_same(value, "7BIT"))
		p_r->body = "7BIT";
	else if (text_same(value, "8BITMIME"))
		p_r->body = "8BITMIME";
	else
		return -1;
	return 0;
}

/* The parameters of MAIL, and the keywords that they belong to. */
static const struct {
	const char *keyword;
	enum keyword of;
	int (*take)(const char *value, struct mail_params *p_r);
} mail[] = {
	{ "SIZE", KEYWORD_SIZE, take_size },
	{ "BODY", KEYWORD_8BITMIME, take_body },
};

static size_t
find(const char *keyword, const struct offer *o)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(mail); i++)
		if (text_same(keyword, mail[i].keyword) &&
		    offer_keyword(o, mail[i].of))
			break;
	return i;
}

int
params_mail(const char *text, const struct offer *o, struct mail_params *p_r,
    struct reply *reply_r)
{
	bool seen[ARRAY_LEN(mail)] = { false };
	struct param p;
	size_t i;
	int got;

	*p_r = (struct mail_params){ .size = -1, .body = "" };
	while ((got = next_param(&text, &p, reply_r)) > 0) {
		i = find(p.keyword, o);
		if (i == ARRAY_LEN(mail)) {
			reply_set(reply_r, REPLY_UNSUPPORTED_PARAMETER,
			    p.keyword);
			return -1;
		}
		if (seen[i] || mail[i].take(p.value, p_r) != 0) {
			reply_set(reply_r, REPLY_BAD_PARAMETER, p.keyword);
			return -1;
		}
		seen[i] = true;
	}
	return got;
}

int
params_rcpt(const char *text, struct reply *reply_r)
{
	struct param p;
	int got = next_param(&text, &p, reply_r);

	if (got > 0) {
		reply_set(reply_r, REPLY_UNSUPPORTED_PARAMETER, p.keyword);
		return -1;
	}
	return got;
}
