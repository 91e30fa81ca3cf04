/*
 * rehearsed - see rehearsed.h.
 *
 * A log holds what strangers said, in quotes; what is read here are words that
 * come before the first of them.
 */
#include "config.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "lib/xalloc.h"
#include "tools/rehearsed.h"

static int
by_both(const void *a, const void *b)
{
	const struct rehearsed_host *x = a, *y = b;
	int order = strcmp(x->check, y->check);

	return order != 0 ? order : strcmp(x->ip, y->ip);
}

/* " name=word " in text, of which len bytes are looked at; or false. */
static bool
word(const char *text, size_t len, const char *name, char *dst)
{
	size_t n = strlen(name), w;

	for (const char *p = text; p + n < text + len; p++) {
		if (strncmp(p, name, n) != 0)
			continue;
		w = strcspn(p + n, " \n");
		if (w == 0 || w >= REHEARSED_WORD || p + n + w > text + len)
			return false;
		memcpy(dst, p + n, w);
		dst[w] = '\0';
		return true;
	}
	return false;
}

static struct rehearsed_host *
find(struct rehearsed *r, const struct rehearsed_host *key)
{
	struct rehearsed_host *h, **node;

	node = tsearch(key, &r->tree, by_both);
	if (node == NULL)
		abort();
	if (*node != key)
		return *node;
	h = xcalloc(1, sizeof(*h));
	memcpy(h->check, key->check, sizeof(h->check));
	memcpy(h->ip, key->ip, sizeof(h->ip));
	*node = h;
	r->at = xresize(r->at, r->n + 1, sizeof(struct rehearsed_host *));
	r->at[r->n++] = h;
	return h;
}

void
rehearsed_line(struct rehearsed *r, const char *line)
{
	static const char event[] = ": rehearse ip=";
	const char *text = strstr(line, event), *quote;
	struct rehearsed_host key, *h;
	size_t len;

	if (text == NULL)
		return;
	text += 1;
	quote = strchr(line, '"');
	/* Somebody else's words, in another event. */
	if (quote != NULL && quote < text)
		return;
	len = quote != NULL ? (size_t)(quote - text) : strlen(text);
	if (!word(text, len, " ip=", key.ip) ||
	    !word(text, len, " check=", key.check))
		return;
	h = find(r, &key);
	h->n++;
	len = strcspn(text, "\n");
	if (len >= sizeof(h->said))
		len = sizeof(h->said) - 1;
	memcpy(h->said, text, len);
	h->said[len] = '\0';
}

static int
by_number(const void *a, const void *b)
{
	const struct rehearsed_host *x = *(struct rehearsed_host *const *)a;
	const struct rehearsed_host *y = *(struct rehearsed_host *const *)b;
	int order = strcmp(x->check, y->check);

	if (order == 0 && x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return order != 0 ? order : strcmp(x->ip, y->ip);
}

void
rehearsed_sort(struct rehearsed *r)
{
	if (r->n > 0)
		qsort(r->at, r->n, sizeof(struct rehearsed_host *),
		    by_number);
}

size_t
rehearsed_of_check(const struct rehearsed *r, size_t i, uint64_t *n_r)
{
	size_t first = i;

	for (*n_r = 0; i < r->n && strcmp(r->at[i]->check,
	    r->at[first]->check) == 0; i++)
		*n_r += r->at[i]->n;
	return i - first;
}

void
rehearsed_free(struct rehearsed *r)
{
	for (size_t i = 0; i < r->n; i++) {
		(void)tdelete(r->at[i], &r->tree, by_both);
		free(r->at[i]);
	}
	free(r->at);
	*r = (struct rehearsed){ .n = 0 };
}
