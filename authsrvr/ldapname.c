/*
 * ldapname - filters and distinguished names with a login in them.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include "authsrvr/ldapname.h"
#include "lib/buf.h"

/*
 * RFC 4515 3 wants NUL ( ) * \ escaped, RFC 4514 2.4 blanks and # where they
 * stand, and " + , ; < > \ =; both may have any byte as \XX.
 */
static bool
plain(unsigned char c, enum ldapname kind)
{
	if (c < 0x20 || c == 0x7f)
		return false;
	if (kind == LDAPNAME_FILTER)
		return strchr("()*\\", c) == NULL;
	return strchr(" #\"+,;<>\\=", c) == NULL;
}

static int
add(struct buf *b, const char *text, size_t len, enum ldapname kind)
{
	int result = 0;

	for (size_t i = 0; i < len && result == 0; i++) {
		unsigned char c = (unsigned char)text[i];

		result = plain(c, kind) ? buf_addc(b, text[i]) :
		    buf_addf(b, "\\%02x", c);
	}
	return result;
}

/* What stands for a letter behind %. */
static int
add_part(struct buf *b, char letter, const char *login, enum ldapname kind)
{
	const char *at = strrchr(login, '@');
	size_t all = strlen(login);

	switch (letter) {
	case 'u':
		return add(b, login, all, kind);
	case 'n':
		return add(b, login, at != NULL ? (size_t)(at - login) : all,
		    kind);
	case 'd':
		return at == NULL ? -1 : add(b, at + 1, strlen(at + 1), kind);
	case '%':
		return buf_addc(b, '%');
	default:
		return -1;
	}
}

int
ldapname_fill(char *dst, size_t size, const char *pattern, const char *login,
    enum ldapname kind)
{
	struct buf b;
	int result = 0;

	buf_fixed(&b, dst, size);
	for (const char *p = pattern; *p != '\0' && result == 0; p++) {
		if (*p == '%') {
			result = add_part(&b, p[1], login, kind);
			p += p[1] != '\0' ? 1 : 0;
		} else {
			result = buf_addc(&b, *p);
		}
	}
	if (result == -1)
		dst[0] = '\0';
	return result;
}
