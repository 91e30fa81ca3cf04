/*
 * asked - see asked.h.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/asked.h"
#include "lib/mm.h"
#include "lib/path.h"
#include "lib/text.h"
#include "lib/utf8.h"
#include "lib/xtext.h"

static const struct {
	const char *word;
	unsigned bit;
} words[] = {
	{ "NEVER", ASKED_NEVER }, { "SUCCESS", ASKED_SUCCESS },
	{ "FAILURE", ASKED_FAILURE }, { "DELAY", ASKED_DELAY }
};

bool
asked_envid_good(const char *s)
{
	size_t len = strlen(s);

	return len <= ASKED_ENVID_MOST && xtext_good(s, len);
}

bool
asked_ret_good(const char *s)
{
	return s[0] == '\0' || strcmp(s, "FULL") == 0 ||
	    strcmp(s, "HDRS") == 0;
}

static unsigned
notify_bit(const char *s, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i].word) == len &&
		    text_begins(s, words[i].word))
			return words[i].bit;
	return 0;
}

bool
asked_notify(const char *s, unsigned *set_r)
{
	*set_r = 0;
	if (s[0] == '\0')
		return true;
	for (;; s++) {
		size_t len = strcspn(s, ",");
		unsigned bit = notify_bit(s, len);

		if (bit == 0 || (*set_r & bit) != 0)
			return false;
		*set_r |= bit;
		s += len;
		if (*s == '\0')
			break;
	}
	return (*set_r & ASKED_NEVER) == 0 || *set_r == ASKED_NEVER;
}

void
asked_notify_text(unsigned set, char dst[ASKED_NOTIFY_MOST])
{
	size_t len = 0;

	dst[0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if ((set & words[i].bit) == 0)
			continue;
		if (len > 0)
			(void)text_add(dst, ASKED_NOTIFY_MOST, &len, ",");
		(void)text_add(dst, ASKED_NOTIFY_MOST, &len, words[i].word);
	}
}

bool
asked_notify_good(const char *s)
{
	char text[ASKED_NOTIFY_MOST];
	unsigned set;

	if (!asked_notify(s, &set))
		return false;
	asked_notify_text(set, text);
	return strcmp(s, text) == 0;
}

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

/* "\x{HEX}", two to six capitals; how many bytes, 0 if it is none. */
static size_t
embedded(const char *s, uint32_t *code_r)
{
	size_t n = 3;

	if (strncmp(s, "\\x{", 3) != 0)
		return 0;
	for (*code_r = 0; is_hex(s[n]); n++) {
		uint32_t digit = (uint32_t)(s[n] <= '9' ? s[n] - '0' :
		    s[n] - 'A' + 10);

		if (n == 9)
			return 0;
		*code_r = *code_r << 4 | digit;
	}
	return n >= 5 && s[n] == '}' ? n + 1 : 0;
}

/*
 * HEXPOINT: without zeros in front, of what may not stand there as it is, and
 * what is a character.  The RFC has controls, too; we have not.
 */
static bool
may_be_embedded(const char *hex, uint32_t code)
{
	if (code < 0x80)
		return code == 0x20 || code == '+' || code == '=' ||
		    code == '\\';
	return hex[0] != '0' && code <= 0x10ffff && !utf8_is_control(code) &&
	    (code < 0xd800 || code > 0xdfff);
}

/* utf-8-addr-xtext or utf-8-addr-unitext (RFC 6533 3). */
static bool
utf8_address_good(const char *s, bool utf8)
{
	uint32_t code;
	size_t n;

	if (*s == '\0')
		return false;
	for (; *s != '\0'; s += n) {
		if (*s == '\\') {
			n = embedded(s, &code);
			if (n == 0 || !may_be_embedded(s + 3, code))
				return false;
			continue;
		}
		n = utf8_next(s, strlen(s), &code);
		if (n == 0 || utf8_is_control(code) || code == ' ' ||
		    code == '+' || code == '=' || (n > 1 && !utf8))
			return false;
	}
	return true;
}

/* addr-type: an atom (RFC 3461 4.2). */
static bool
is_type(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (s[i] <= ' ' || !text_printable(s + i, 1) ||
		    strchr("()<>@,;:\\\".[]=", s[i]) != NULL)
			return false;
	return len > 0;
}

bool
asked_orcpt_good(const char *s, bool utf8)
{
	size_t type = strcspn(s, ";"), len = strlen(s);

	if (len == 0)
		return true;
	if (len > ASKED_ORCPT_MOST || s[type] != ';' || !is_type(s, type))
		return false;
	if (text_begins(s, "utf-8;"))
		return utf8_address_good(s + type + 1, utf8);
	return s[type + 1] != '\0' && xtext_good(s + type + 1,
	    len - type - 1);
}

int
asked_orcpt_mended(const char *s, char dst[ASKED_ORCPT_MOST + 1])
{
	char text[ASKED_ORCPT_MOST + 1], one[16];
	size_t len = 0, n;
	uint32_t code;

	if (!text_begins(s, "rfc822;") || s[7] == '\0' ||
	    strlen(s) > ASKED_ORCPT_MOST ||
	    xtext_decode_utf8(s + 7, text, sizeof text) == -1 ||
	    !text_add(dst, ASKED_ORCPT_MOST + 1, &len, "utf-8;"))
		return -1;
	for (const char *p = text; *p != '\0'; p += n) {
		n = utf8_next(p, strlen(p), &code);
		if (code >= 0x80 || may_be_embedded("", code))
			snprintf(one, sizeof one, "\\x{%02X}",
			    (unsigned)code);
		else
			snprintf(one, sizeof one, "%c", (int)code);
		if (!text_add(dst, ASKED_ORCPT_MOST + 1, &len, one))
			return -1;
	}
	return 0;
}

bool
asked_auth_good(const char *s)
{
	char text[ASKED_AUTH_MOST + 1];
	struct mailbox m;

	if (s[0] == '\0' || strcmp(s, "<>") == 0)
		return true;
	return strlen(s) <= ASKED_AUTH_MOST &&
	    xtext_decode(s, text, sizeof(text)) == 0 &&
	    path_parse_bare(text, &m) == PATH_OK;
}
