/*
 * authvalue - see authvalue.h.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/text.h"
#include "tables/authvalue.h"

#define BLANKS " ,\t"

bool
authvalue_word(const char **p, char word[AUTHVALUE_WORD], bool *quoted_r)
{
	const char *start = *p + strspn(*p, BLANKS);
	size_t len;

	if (*start == '\0')
		return false;
	*quoted_r = *start == '"';
	if (*quoted_r) {
		len = strcspn(++start, "\"");
		*p = start + len + (start[len] == '"');
	} else {
		len = strcspn(start, BLANKS);
		*p = start + len;
	}
	if (len >= AUTHVALUE_WORD)
		len = AUTHVALUE_WORD - 1;
	memcpy(word, start, len);
	word[len] = '\0';
	return true;
}

bool
authvalue_host(const char *word, const char *name, const struct netaddr *a)
{
	size_t n = strlen(name), len = strlen(word);
	struct netaddr prefix, cut;
	int bits;

	if (n > 0 && (text_same(word, name) || (word[0] == '.' && n > len &&
	    text_same(name + n - len, word))))
		return true;
	if (a->family == 0)
		return false;
	if (net_parse(word, &prefix) == 0)
		return net_same_host(&prefix, a);
	if (net_parse_prefix(word, &prefix, &bits) == -1 ||
	    prefix.family != a->family)
		return false;
	cut = net_prefix(a, bits);
	return net_same_host(&prefix, &cut);
}

static int
user_word(const char *word)
{
	static const struct {
		const char *word;
		int bits;
	} words[] = {
		{ "send", USER_SEND }, { "recv", USER_RECV },
		{ "both", USER_SEND | USER_RECV },
		{ "list", USER_LIST }, { "expire", USER_BARRED },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i].word) == 0)
			return words[i].bits;
	return 0;
}

/*
 * Several rows of one address come as one, with commas between: each word of
 * user_word() begins the next, and the channels behind it are its own.
 */
int
authvalue_user(const char *value, const char *channel, char *word_r,
    size_t size)
{
	char word[AUTHVALUE_WORD], reason[AUTHVALUE_WORD] = "";
	int all = 0, now = 0, next;
	bool quoted, listed = true;

	word_r[0] = '\0';
	if (value[strspn(value, BLANKS)] == '\0')
		return USER_SEND | USER_RECV;
	for (bool any = false; authvalue_word(&value, word, &quoted);) {
		next = quoted ? USER_BARRED : user_word(word);
		if (next == 0 && now == 0) {
			(void)snprintf(word_r, size, "%s", word);
			return -1;
		}
		if (next == 0) {
			listed = (any && listed) || strcmp(word, channel) == 0;
			any = true;
			continue;
		}
		if (listed)
			all |= now;
		now = next;
		any = false;
		listed = true;
		if (quoted)
			(void)snprintf(reason, sizeof(reason), "%s", word);
	}
	if (listed)
		all |= now;
	if ((all & USER_BARRED) != 0)
		(void)snprintf(word_r, size, "%s", reason);
	return all;
}
