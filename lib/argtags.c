/*
 * argtags - tags in the arguments of a command.
 *
 * The texts are the configuration's; the values are addresses, a stranger's
 * to choose.
 */
#include "config.h"

#include <string.h>
#include "lib/argtags.h"

static const char *const names[ARGTAG_COUNT] = {
	[ARGTAG_RECIPIENT] = "recipient", [ARGTAG_ORIGINAL] = "original",
	[ARGTAG_LOCAL] = "local", [ARGTAG_EXTENSION] = "extension",
	[ARGTAG_DOMAIN] = "domain", [ARGTAG_MAILBOX] = "mailbox",
	[ARGTAG_SENDER] = "sender", [ARGTAG_SIZE] = "size",
	[ARGTAG_QUEUE_ID] = "queue-id", [ARGTAG_CHANNEL] = "channel",
	[ARGTAG_CLIENT] = "client",
};

/* What a brace at p begins; its length goes to len_r. */
static enum argtag
tag_at(const char *p, size_t *len_r)
{
	size_t n;

	for (int t = 0; t < ARGTAG_COUNT; t++) {
		n = strlen(names[t]);
		if (strncmp(p + 1, names[t], n) == 0 && p[n + 1] == '}') {
			*len_r = n + 2;
			return (enum argtag)t;
		}
	}
	*len_r = p[1] == '{' ? 2 : 1;
	return ARGTAG_COUNT;
}

const char *
argtags_wrong(const char *text)
{
	size_t n;

	while ((text = strchr(text, '{')) != NULL) {
		if (tag_at(text, &n) == ARGTAG_COUNT && n == 1)
			return text;
		text += n;
	}
	return NULL;
}

bool
argtags_personal(const char *text, bool *whole_r)
{
	const char *p = text;
	size_t n;

	*whole_r = false;
	while ((p = strchr(p, '{')) != NULL) {
		if (tag_at(p, &n) < ARGTAG_MESSAGE) {
			*whole_r = p == text && p[n] == '\0';
			return true;
		}
		p += n;
	}
	return false;
}

int
argtags_expand(const char *text, const struct argtag_values *v, struct buf *b)
{
	const char *p = text, *value;
	size_t plain, n;
	enum argtag t;

	for (; *p != '\0'; p += plain + n) {
		plain = strcspn(p, "{");
		value = "";
		n = 0;
		if (p[plain] == '{') {
			t = tag_at(p + plain, &n);
			value = t == ARGTAG_COUNT ? "{" :
			    v->of[t] != NULL ? v->of[t] : "";
		}
		if (buf_add(b, p, plain) == -1 || buf_adds(b, value) == -1)
			return -1;
	}
	return buf_addc(b, '\0');
}

bool
argtags_option(const char *text, const char *expanded)
{
	return text[0] != '-' && expanded[0] == '-';
}
