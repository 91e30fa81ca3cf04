/*
 * text - whole numbers, durations, sizes, bounded copies.
 *
 * Nothing here looks at the locale.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "lib/text.h"

/* A number with a unit behind it; units from the largest to the smallest. */
struct unit {
	const char *name;
	int64_t value;
};

static const struct unit durations[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 },
	{ "ms", 1 }
};
static const struct unit sizes[] = {
	{ "G", INT64_C(1) << 30 }, { "M", 1 << 20 }, { "K", 1 << 10 },
	{ "", 1 }
};

/* Longest word that text_nearest measures. */
#define NEAREST_MOST 64

int
text_copy(char *dst, size_t size, const char *src)
{
	size_t len = strlen(src);

	if (len >= size) {
		if (size > 0)
			dst[0] = '\0';
		return -1;
	}
	memcpy(dst, src, len + 1);
	return 0;
}

bool
text_add(char *dst, size_t size, size_t *len_io, const char *src)
{
	for (; *src != '\0' && *len_io + 1 < size; src++)
		dst[(*len_io)++] = *src;
	dst[*len_io] = '\0';
	return *src == '\0';
}

char *
text_digits(char dst[TEXT_DIGITS], int64_t n)
{
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;
	char d[TEXT_DIGITS];
	size_t i = sizeof(d);

	d[--i] = '\0';
	do
		d[--i] = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (n < 0)
		d[--i] = '-';
	memcpy(dst, d + i, sizeof(d) - i);
	return dst;
}

/* The number at s; gives what follows it, or null. */
static const char *
digits(const char *s, int64_t *n_r)
{
	const char *p = s;
	int64_t n = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (n > (INT64_MAX - (*p - '0')) / 10)
			return NULL;
		n = n * 10 + (*p - '0');
	}
	*n_r = n;
	return p == s ? NULL : p;
}

int
text_number(const char *s, int64_t least, int64_t most, int64_t *n_r)
{
	bool minus = least < 0 && *s == '-';
	int64_t n;
	const char *end = digits(minus ? s + 1 : s, &n);

	if (end == NULL || *end != '\0')
		return -1;
	if (minus)
		n = -n;
	if (n < least || n > most)
		return -1;
	*n_r = n;
	return 0;
}

static int
parse_units(const char *s, const struct unit *u, size_t n, int64_t *v_r)
{
	int64_t v;
	const char *end = digits(s, &v);

	if (end == NULL)
		return -1;
	for (; n > 0; u++, n--)
		if (strcmp(end, u->name) == 0) {
			if (v > INT64_MAX / u->value)
				return -1;
			*v_r = v * u->value;
			return 0;
		}
	return -1;
}

static void
print_units(char *dst, size_t size, const struct unit *u, int64_t v)
{
	if (v == 0) {
		snprintf(dst, size, "0");
		return;
	}
	while (v % u->value != 0)
		u++;
	snprintf(dst, size, "%" PRId64 "%s", v / u->value, u->name);
}

int
text_duration(const char *s, int64_t *ms_r)
{
	if (strcmp(s, "0") == 0) {
		*ms_r = 0;
		return 0;
	}
	return parse_units(s, durations, ARRAY_LEN(durations), ms_r);
}

int
text_size(const char *s, int64_t *bytes_r)
{
	return parse_units(s, sizes, ARRAY_LEN(sizes), bytes_r);
}

void
text_from_duration(char *dst, size_t size, int64_t ms)
{
	print_units(dst, size, durations, ms);
}

void
text_from_size(char *dst, size_t size, int64_t bytes)
{
	print_units(dst, size, sizes, bytes);
}

void
text_lower(char *s)
{
	for (; *s != '\0'; s++)
		*s = text_low(*s);
}

bool
text_same(const char *a, const char *b)
{
	for (; text_low(*a) == text_low(*b); a++, b++)
		if (*a == '\0')
			return true;
	return false;
}

bool
text_begins(const char *s, const char *prefix)
{
	for (; *prefix != '\0'; s++, prefix++)
		if (text_low(*s) != text_low(*prefix))
			return false;
	return true;
}

bool
text_printable(const char *s, size_t len)
{
	for (; len > 0; s++, len--)
		if (*s < 0x20 || *s > 0x7e)
			return false;
	return true;
}

static size_t
least_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * How many letters to change, add, drop or swap with their neighbour to get
 * from a to b.  Three rows of the usual table are kept, each at the index of
 * its row modulo three.
 */
static size_t
distance(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t row[3][NEAREST_MOST + 1];

	for (size_t j = 0; j <= blen; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= alen; i++) {
		size_t *now = row[i % 3], *above = row[(i - 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= blen; j++) {
			char x = text_low(a[i - 1]), y = text_low(b[j - 1]);

			now[j] = least_of(above[j - 1] + (x != y),
			    least_of(above[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && x == text_low(b[j - 2]) &&
			    text_low(a[i - 2]) == y)
				now[j] = least_of(now[j],
				    row[(i - 2) % 3][j - 2] + 1);
		}
	}
	return row[alen % 3][blen];
}

const char *
text_nearest(const char *word, const char *const *known, size_t n)
{
	const char *best = NULL;
	size_t len = strlen(word), least = len / 3 + 1;

	if (len > NEAREST_MOST)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t klen = strlen(known[i]), d;

		if (klen > NEAREST_MOST)
			continue;
		d = distance(word, len, known[i], klen);
		if (d < least) {
			least = d;
			best = known[i];
		}
	}
	return best;
}
