/*
 * datetime - see datetime.h.
 */
#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "lib/datetime.h"

#define DAY 86400

static bool
is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
month_days(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
	    30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* From 1970-01-01 to that year's first. */
static int64_t
days_before(int64_t year)
{
	int64_t y = year - 1;

	return 365 * (year - 1970) + y / 4 - y / 100 + y / 400 - 477;
}

/* So many digits, and the character behind them; -1 if it is not so. */
static int
number(const char **s, int digits, const char *behind)
{
	int n = 0;

	for (; digits > 0; digits--, (*s)++) {
		if (**s < '0' || **s > '9')
			return -1;
		n = 10 * n + (**s - '0');
	}
	if (*behind == '\0')
		return n;
	if (**s == '\0' || strchr(behind, **s) == NULL)
		return -1;
	(*s)++;
	return n;
}

/* "Z" or "+01:30", to the end; in *seconds_r how far it is ahead of UTC. */
static int
zone(const char *s, int64_t *seconds_r)
{
	int sign = *s == '-' ? -1 : 1, hours, minutes;

	*seconds_r = 0;
	if (*s == 'Z' || *s == 'z')
		return s[1] == '\0' ? 0 : -1;
	if (*s != '+' && *s != '-')
		return -1;
	s++;
	hours = number(&s, 2, ":");
	minutes = hours == -1 ? -1 : number(&s, 2, "");
	if (minutes == -1 || hours > 23 || minutes > 59 || *s != '\0')
		return -1;
	*seconds_r = sign * (hours * 3600 + minutes * 60);
	return 0;
}

int
datetime_parse(const char *s, int64_t *seconds_r)
{
	static const struct {
		int digits, least, most;
		const char *behind;
	} parts[] = {
		{ 4, 1970, 9999, "-" }, { 2, 1, 12, "-" }, { 2, 1, 31, "Tt" },
		{ 2, 0, 23, ":" }, { 2, 0, 59, ":" }, { 2, 0, 60, "" }
	};
	int v[ARRAY_LEN(parts)];
	int64_t days, ahead;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		v[i] = number(&s, parts[i].digits, parts[i].behind);
		if (v[i] < parts[i].least || v[i] > parts[i].most)
			return -1;
	}
	if (v[2] > month_days(v[0], v[1]))
		return -1;
	if (*s == '.') {
		size_t n = strspn(s + 1, "0123456789");

		if (n == 0)
			return -1;
		s += 1 + n;
	}
	if (zone(s, &ahead) != 0)
		return -1;
	days = days_before(v[0]) + v[2] - 1;
	for (int m = 1; m < v[1]; m++)
		days += month_days(v[0], m);
	*seconds_r = days * DAY + v[3] * 3600 + v[4] * 60 + v[5] - ahead;
	return *seconds_r < 0 ? -1 : 0;
}

static char *
put(char *dst, int64_t n, int digits, char behind)
{
	for (int i = digits - 1; i >= 0; i--, n /= 10)
		dst[i] = (char)('0' + n % 10);
	dst[digits] = behind;
	return dst + digits + 1;
}

const char *
datetime_text(int64_t seconds, char dst[DATETIME_TEXT])
{
	int64_t days = seconds / DAY, of_day = seconds % DAY;
	int64_t year = 1970 + days / 366;	/* or a little later */
	char *d = dst;
	int month = 1;

	while (days_before(year + 1) <= days)
		year++;
	days -= days_before(year);
	for (; days >= month_days(year, month); month++)
		days -= month_days(year, month);
	d = put(d, year, 4, '-');
	d = put(d, month, 2, '-');
	d = put(d, days + 1, 2, 'T');
	d = put(d, of_day / 3600, 2, ':');
	d = put(d, of_day / 60 % 60, 2, ':');
	d = put(d, of_day % 60, 2, 'Z');
	*d = '\0';
	return dst;
}
