/*
 * reply - an SMTP reply as a value.
 *
 * Arguments may be what a client sent: nothing but printable ASCII gets into
 * a reply, and whatever is too long is cut, so that one reply stays one line.
 */
#include "config.h"

#include <stdarg.h>
#include <string.h>
#include "lib/log.h"
#include "lib/reply.h"
#include "lib/text.h"

struct row {
	const char *name;
	int code;
	const char *enhanced;
	const char *text;
};

static const struct row rows[REPLY_COUNT] = {
#define REPLY(name, code, enhanced, text) \
	[REPLY_##name] = { #name, code, enhanced, text },
#include "lib/replies.def"
#undef REPLY
};

#define REPLY(name, code, enhanced, text) \
	_Static_assert(code >= 200 && code <= 599, #name ": code"); \
	_Static_assert(sizeof(enhanced) <= 12, #name ": enhanced code"); \
	_Static_assert(sizeof(text) <= 128, #name ": text");
#include "lib/replies.def"
#undef REPLY

/* Puts s at *len_io of dst, printable and cut to fit with a NUL. */
static void
put(char *dst, size_t size, size_t *len_io, const char *s)
{
	for (; *s != '\0' && *len_io < size - 1; s++)
		dst[(*len_io)++] = *s >= 0x20 && *s <= 0x7e ? *s : '?';
	dst[*len_io] = '\0';
}

/*
 * %s and %lld, nothing else: the texts are our own (t_reply reads the table's
 * through), and printf cannot be given one that the compiler does not see.
 */
static void
fill(char *dst, size_t size, const char *text, va_list ap)
{
	size_t len = 0;
	char one[TEXT_DIGITS];

	dst[0] = '\0';
	while (*text != '\0') {
		if (text[0] == '%' && text[1] == 's') {
			put(dst, size, &len, va_arg(ap, const char *));
			text += 2;
		} else if (text[0] == '%') {
			PANIC_IF(strncmp(text, "%lld", 4) != 0);
			put(dst, size, &len, text_digits(one,
			    va_arg(ap, long long)));
			text += strlen("%lld");
		} else {
			one[0] = *text++;
			one[1] = '\0';
			put(dst, size, &len, one);
		}
	}
}

void
reply_set(struct reply *r, enum reply_name name, ...)
{
	size_t len = 0;
	va_list ap;

	memset(r, 0, sizeof(*r));
	r->name = name;
	r->code = rows[name].code;
	put(r->enhanced, sizeof(r->enhanced), &len, rows[name].enhanced);
	va_start(ap, name);
	fill(r->text, sizeof(r->text), rows[name].text, ap);
	va_end(ap);
	reply_because(r, "-");
}

void
reply_because(struct reply *r, const char *reason)
{
	size_t len = 0;

	put(r->reason, sizeof(r->reason), &len, reason);
}

void
reply_detail(struct reply *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fill(r->detail, sizeof(r->detail), fmt, ap);
	va_end(ap);
}

void
reply_limit(struct reply *r, const char *limit, long long value,
    long long most)
{
	reply_detail(r, "limit=%s value=%lld most=%lld", limit, value, most);
}

const char *
reply_name_text(enum reply_name name)
{
	return rows[name].name;
}
