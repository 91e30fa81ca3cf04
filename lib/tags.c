/*
 * tags - text with tags for what is known only later.
 *
 * What a client or its name server says of itself may be among the values.
 */
#include "config.h"

#include <string.h>
#include "lib/tags.h"

static const char letters[TAG_COUNT] = {
	[TAG_HOST] = 'H', [TAG_TIME] = 'T', [TAG_VERSION] = 'V',
	[TAG_CHANNEL] = 'c', [TAG_ADDRESS] = 'i', [TAG_LISTENER] = 'l',
	[TAG_NAME] = 'n', [TAG_PORT] = 'p', [TAG_SESSION] = 's',
};

const char tags_known[] = "%H %T %V %c %i %l %n %p %s %%";

/* The index of a letter, or TAG_COUNT. */
static size_t
find(char letter)
{
	const char *at = letter != '\0' ?
	    memchr(letters, letter, sizeof(letters)) : NULL;

	return at != NULL ? (size_t)(at - letters) : TAG_COUNT;
}

const char *
tags_wrong(const char *text)
{
	while ((text = strchr(text, '%')) != NULL) {
		if (text[1] != '%' && find(text[1]) == TAG_COUNT)
			return text;
		text += 2;
	}
	return NULL;
}

bool
tags_has(const char *text, enum tag tag)
{
	for (; *text != '\0'; text++)
		if (*text == '%' && *++text == letters[tag])
			return true;
		else if (*text == '\0')
			break;
	return false;
}

/* Adds as much as fits; len goes on counting. */
static void
put(char *dst, size_t size, size_t *len, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++, (*len)++)
		if (*len + 1 < size)
			dst[*len] = p[i] >= 0x20 && p[i] <= 0x7e ? p[i] : '?';
}

size_t
tags_expand(const char *text, const struct tag_values *v, char *dst_r,
    size_t size)
{
	size_t len = 0, plain, tag;

	for (; *text != '\0'; text += plain) {
		plain = 0;
		while (text[plain] != '\0' && text[plain] != '%')
			plain++;
		put(dst_r, size, &len, text, plain);
		if (text[plain] == '\0')
			break;
		tag = find(text[plain + 1]);
		if (tag < TAG_COUNT && v->of[tag] != NULL)
			put(dst_r, size, &len, v->of[tag],
			    strlen(v->of[tag]));
		else if (tag == TAG_COUNT)
			put(dst_r, size, &len, "%", 1);
		/* A wrong letter is text again. */
		plain += tag < TAG_COUNT || text[plain + 1] == '%' ? 2 : 1;
	}
	if (size > 0)
		dst_r[len < size ? len : size - 1] = '\0';
	return len;
}
