/* base64, there and back; and what is none. */
#include "config.h"

#include "lib/base64.h"
#include "tests/tap.h"

/* RFC 4648 10. */
static void
vectors(void)
{
	static const char *const texts[][2] = { { "", "" }, { "f", "Zg==" },
	    { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
	    { "fooba", "Zm9vYmE=" }, { "foobar", "Zm9vYmFy" } };
	char text[32], back[32];
	size_t len;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		base64_encode(text, texts[i][0], strlen(texts[i][0]));
		is(text, texts[i][1], "encoded");
		num(base64_decode(back, text, strlen(text), &len), 0, "good");
		back[len] = '\0';
		is(back, texts[i][0], "and back");
	}
}

static void
bytes(void)
{
	unsigned char all[256], back[260];
	char text[BASE64_ROOM(sizeof(all))];
	size_t len, bad = 0;

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (unsigned char)(i * 7);
	for (size_t n = 0; n <= sizeof(all); n++) {
		base64_encode(text, all, n);
		bad += base64_decode(back, text, strlen(text), &len) != 0 ||
		    len != n || memcmp(all, back, n) != 0;
	}
	num(bad, 0, "any bytes, any length");
}

static void
none(void)
{
	static const char *const texts[] = { "Z", "Zg", "Zg=", "Zg=a", "=",
	    "====", "Z===", "Zg==Zg==", "Zm 9", "Zm9-", "Zh==", "Zm9=",
	    "Zm9v\n", "\xc3\xa4Zm" };
	char back[32];
	size_t len;

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		num(base64_decode(back, texts[i], strlen(texts[i]), &len), -1,
		    "is none");
	num(base64_decode(back, "Zg=\0", 4, &len), -1, "nor with a NUL");
}

int
main(void)
{
	vectors();
	bytes();
	none();
	return done();
}
