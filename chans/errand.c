/*
 * errand - what a command of ch_pipe is told.
 */
#include "config.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "chans/errand.h"
#include "lib/argtags.h"
#include "lib/text.h"
#include "lib/xalloc.h"

/* The kernel takes 128 KiB for one and some MiB for all. */
#define BYTES_MOST ((size_t)1024 * 1024)
#define PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Parts of an address, and the numbers as text. */
struct facts {
	struct argtag_values v;
	char local[512], extension[512], size[TEXT_DIGITS];
};

static const struct qfile_recipient *
recipient(const struct chan_batch *b, size_t at)
{
	return &b->q->recipients[b->answer[at].index];
}

/* "user+x@domain": user, x, domain. */
static void
split(struct facts *f, const char *address, const char *marks)
{
	const char *at = strrchr(address, '@');
	size_t n = at != NULL ? (size_t)(at - address) : strlen(address),
	    base = 0;

	while (base < n && (marks[0] == '\0' ||
	    strchr(marks, address[base]) == NULL))
		base++;
	if (base == 0)
		base = n;
	snprintf(f->local, sizeof f->local, "%.*s", (int)base, address);
	snprintf(f->extension, sizeof f->extension, "%.*s",
	    base < n ? (int)(n - base - 1) : 0, address + base +
	    (base < n ? 1 : 0));
	f->v.of[ARGTAG_LOCAL] = f->local;
	f->v.of[ARGTAG_EXTENSION] = f->extension;
	f->v.of[ARGTAG_DOMAIN] = at != NULL ? at + 1 : "";
}

static void
gather(struct facts *f, const struct chan *c, const struct chan_batch *b,
    size_t at)
{
	const struct qfile_recipient *to = recipient(b, at);

	*f = (struct facts){ .local = "" };
	text_digits(f->size, (int64_t)b->len);
	split(f, to->address, c->s.extension);
	f->v.of[ARGTAG_RECIPIENT] = to->address;
	f->v.of[ARGTAG_ORIGINAL] = to->original;
	f->v.of[ARGTAG_MAILBOX] = to->mailbox;
	f->v.of[ARGTAG_SENDER] = b->q->sender;
	f->v.of[ARGTAG_SIZE] = f->size;
	f->v.of[ARGTAG_QUEUE_ID] = b->q->id;
	f->v.of[ARGTAG_CHANNEL] = c->name;
	f->v.of[ARGTAG_CLIENT] = b->q->address;
}

static void
refuse_option(struct chan_answer *a, const char *text)
{
	chanproto_fill(a, CHAN_NEVER, "5.1.3",
	    "an address begins with a hyphen, and the command would take it "
	    "for an option (%s)", text);
}

/* Adds argument i; dashes: "--" stood before.  Gives false if refused. */
static bool
add_argument(struct buf *to, const char *text, const struct facts *f,
    bool dashes, struct chan_answer *a)
{
	size_t at = to->len;

	if (argtags_expand(text, &f->v, to) == -1) {
		chanproto_fill(a, CHAN_NEVER, "5.1.3",
		    "the arguments are too long");
		return false;
	}
	if (!dashes && argtags_option(text, to->p + at)) {
		to->len = at;
		refuse_option(a, text);
		return false;
	}
	return true;
}

bool
errand_takes(const struct chan *c, const struct chan_batch *b, size_t at,
    struct chan_answer *a)
{
	const char *text;
	bool dashes = false, whole;
	struct facts f;

	gather(&f, c, b, at);
	for (size_t i = 0; i < c->s.pipe_command.n && !dashes; i++) {
		text = c->s.pipe_command.at[i];
		dashes = strcmp(text, "--") == 0;
		if (argtags_personal(text, &whole) && whole &&
		    f.v.of[ARGTAG_RECIPIENT][0] == '-') {
			refuse_option(a, text);
			return false;
		}
	}
	return true;
}

static bool
add_arguments(struct errand *e, const struct chan *c,
    const struct chan_batch *b, size_t first, size_t n,
    struct chan_answer *a, size_t *count_r)
{
	struct chan_answer ignored;
	bool dashes = false, whole;
	const char *text;
	struct facts f;

	*count_r = 0;
	for (size_t i = 0; i < c->s.pipe_command.n; i++) {
		text = c->s.pipe_command.at[i];
		(void)argtags_personal(text, &whole);
		for (size_t k = first; k < first + (whole ? n : 1); k++) {
			if (n > 1 && whole &&
			    !errand_takes(c, b, k, &ignored))
				continue;
			gather(&f, c, b, k);
			if (!add_argument(&e->arguments, text, &f, dashes, a))
				return false;
			++*count_r;
		}
		dashes = dashes || strcmp(text, "--") == 0;
	}
	return true;
}

static int
add_variable(struct buf *b, const char *name, const char *value, size_t *n)
{
	++*n;
	return buf_adds(b, name) == 0 && buf_addc(b, '=') == 0 &&
	    buf_adds(b, value != NULL ? value : "") == 0 &&
	    buf_addc(b, '\0') == 0 ? 0 : -1;
}

/* What a program expects of any environment. */
static int
add_surroundings(struct buf *b, const struct chan *c, size_t *n)
{
	const struct passwd *pw = getpwuid(geteuid());
	const char *user = pw != NULL ? pw->pw_name : "inlet";
	const char *zone = getenv("TZ");

	*n += 1;
	return buf_add(b, PATH, sizeof PATH) == 0 &&
	    add_variable(b, "LANG", "C", n) == 0 &&
	    (zone == NULL || add_variable(b, "TZ", zone, n) == 0) &&
	    add_variable(b, "SHELL", "/bin/sh", n) == 0 &&
	    add_variable(b, "HOME", c->s.pipe_directory, n) == 0 &&
	    add_variable(b, "USER", user, n) == 0 &&
	    add_variable(b, "LOGNAME", user, n) == 0 ? 0 : -1;
}

static int
add_variables(struct errand *e, const struct chan *c,
    const struct chan_batch *b, size_t first, size_t n, size_t *count_r)
{
	const struct qfile *q = b->q;
	struct buf *to = &e->variables;
	struct facts f;
	int bad;

	*count_r = 0;
	gather(&f, c, b, first);
	bad = add_surroundings(to, c, count_r) == -1 ||
	    add_variable(to, "SENDER", q->sender, count_r) == -1 ||
	    add_variable(to, "QUEUE_ID", q->id, count_r) == -1 ||
	    add_variable(to, "CHANNEL", c->name, count_r) == -1 ||
	    add_variable(to, "SIZE", f.size, count_r) == -1 ||
	    add_variable(to, "BODY", q->body, count_r) == -1 ||
	    add_variable(to, "ENVID", q->envid, count_r) == -1 ||
	    add_variable(to, "REPEAT", b->repeat ? "1" : "0", count_r) == -1 ||
	    add_variable(to, "CLIENT_CHANNEL", q->channel, count_r) == -1 ||
	    add_variable(to, "CLIENT_ADDRESS", q->address, count_r) == -1 ||
	    add_variable(to, "CLIENT_NAME", q->name, count_r) == -1 ||
	    add_variable(to, "CLIENT_HELO", q->helo, count_r) == -1 ||
	    add_variable(to, "CLIENT_LOGIN", q->login, count_r) == -1;
	if (bad || n > 1 || c->s.pipe_per == PIPE_PER_MESSAGE)
		return bad ? -1 : 0;
	return add_variable(to, "RECIPIENT", f.v.of[ARGTAG_RECIPIENT],
	    count_r) == -1 ||
	    add_variable(to, "ORIGINAL_RECIPIENT", f.v.of[ARGTAG_ORIGINAL],
	    count_r) == -1 ||
	    add_variable(to, "LOCAL", f.local, count_r) == -1 ||
	    add_variable(to, "EXTENSION", f.extension, count_r) == -1 ||
	    add_variable(to, "DOMAIN", f.v.of[ARGTAG_DOMAIN],
	    count_r) == -1 ||
	    add_variable(to, "MAILBOX", f.v.of[ARGTAG_MAILBOX],
	    count_r) == -1 ? -1 : 0;
}

static bool
wants(const struct chan *c, const char *word)
{
	for (size_t i = 0; i < c->s.pipe_header.n; i++)
		if (text_same(c->s.pipe_header.at[i], word))
			return true;
	return false;
}

/* "From sender Thu Jan  1 00:00:00 1970", as mbox files have it. */
static int
add_from_line(struct buf *to, const struct qfile *q, const char *end)
{
	time_t when = (time_t)(q->time / 1000000);
	char date[64] = "";
	struct tm tm;

	if (gmtime_r(&when, &tm) != NULL)
		(void)strftime(date, sizeof date, "%a %b %e %H:%M:%S %Y", &tm);
	return buf_addf(to, "From %s %s%s", q->sender[0] != '\0' ? q->sender :
	    "MAILER-DAEMON", date, end);
}

static int
add_head(struct errand *e, const struct chan *c, const struct chan_batch *b,
    size_t first)
{
	const struct qfile_recipient *to = recipient(b, first);
	bool one = c->s.pipe_per != PIPE_PER_MESSAGE;
	const char *end = strcmp(b->q->body, "BINARYMIME") == 0 &&
	    !c->s.pipe_seven_bit ? "\r\n" : "\n";

	if (wants(c, "from-line") && add_from_line(&e->head, b->q, end) == -1)
		return -1;
	if (wants(c, "return-path") && buf_addf(&e->head,
	    "Return-Path: <%s>%s", b->q->sender, end) == -1)
		return -1;
	if (one && wants(c, "original-to") && buf_addf(&e->head,
	    "X-Original-To: %s%s", to->original, end) == -1)
		return -1;
	if (one && wants(c, "delivered-to") && buf_addf(&e->head,
	    "Delivered-To: %s%s", to->address, end) == -1)
		return -1;
	return 0;
}

/* Pointers to n texts that follow each other in b. */
static char **
point(struct buf *b, size_t n)
{
	char **at = xcalloc(n + 1, sizeof *at), *p = b->p;

	for (size_t i = 0; i < n; i++) {
		at[i] = p;
		p += strlen(p) + 1;
	}
	return at;
}

int
errand_make(struct errand *e_r, const struct chan *c,
    const struct chan_batch *b, size_t first, size_t n,
    struct chan_answer *a)
{
	size_t arguments, variables;

	*e_r = (struct errand){ .argv = NULL };
	buf_init(&e_r->arguments, BYTES_MOST);
	buf_init(&e_r->variables, BYTES_MOST);
	buf_init(&e_r->head, 8192);
	if (!add_arguments(e_r, c, b, first, n, a, &arguments))
		return -1;
	if (add_variables(e_r, c, b, first, n, &variables) == -1 ||
	    add_head(e_r, c, b, first) == -1) {
		chanproto_fill(a, CHAN_NEVER, "5.1.3",
		    "the envelope is too long");
		return -1;
	}
	e_r->argv = point(&e_r->arguments, arguments);
	e_r->env = point(&e_r->variables, variables);
	return 0;
}

void
errand_free(struct errand *e)
{
	free(e->argv);
	free(e->env);
	buf_free(&e->arguments);
	buf_free(&e->variables);
	buf_free(&e->head);
}
