/*
 * passwords - the password file.
 *
 * The file is the operator's; the login asked for is a stranger's.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "authsrvr/passwords.h"
#include "lib/clock.h"
#include "lib/digest.h"
#include "lib/fdio.h"
#include "lib/text.h"
#include "lib/xalloc.h"

/* A row of the file, copied. */
struct copy {
	char text[PASSROW_LINE];
	size_t len;			/* 0: none */
};

/* One search. */
struct search {
	const char *login;
	size_t len;
	int kind;			/* enum scram that models must have, or
					 * -1 */
	int line, damaged;		/* where; 0: nowhere */
	const char *why;		/* of the damage */
	struct copy own;
	struct copy model;		/* of who there is not */
	uint64_t nearest;
};

int
passwords_open(const char *path, uid_t user, char *why_r, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	const char *why = NULL;

	if (fd == -1 || fstat(fd, &st) == -1)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		why = "it is no regular file";
	else if (st.st_uid != 0 && st.st_uid != user)
		why = "it belongs to neither root nor auth-user";
	else if ((st.st_mode & 027) != 0)
		why = "its owner alone may write to it, and nobody but its "
		    "group may read it (mode 0600 or 0640)";
	else if (st.st_size > PASSWORDS_MOST)
		why = "it is too large";
	if (why == NULL)
		return fd;
	snprintf(why_r, size, "%s: %s", path, why);
	if (fd != -1)
		close(fd);
	return -1;
}

static int
read_all(int fd, char **text_r, size_t *len_r)
{
	struct stat st;
	char *text;
	size_t len = 0, most;

	if (fstat(fd, &st) == -1)
		return -1;
	/* One more: a file that grows meanwhile is cut within a row. */
	most = (size_t)st.st_size + 1;
	text = xmalloc(most);
	for (;;) {
		ssize_t n = pread(fd, text + len, most - len, (off_t)len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			explicit_bzero(text, len);
			free(text);
			return -1;
		}
		len += (size_t)n;
		if (n == 0 || len == most)
			break;
	}
	*text_r = text;
	*len_r = len;
	return 0;
}

int
passwords_walk(int fd, passwords_each *each, void *ctx)
{
	char *text, *at, *end, *line;
	int number = 0;
	size_t len, n;
	const char *cut;

	if (read_all(fd, &text, &len) == -1)
		return -1;
	for (line = text; line < text + len; line = end + 1) {
		at = memchr(line, '\n', (size_t)(text + len - line));
		end = at != NULL ? at : text + len;
		n = (size_t)(end - line);
		number++;
		cut = at == NULL ? "the last row has no newline" : NULL;
		if (cut != NULL || (n > 0 && line[0] != '#'))
			each(ctx, number, line, n, cut);
	}
	explicit_bzero(text, len);
	free(text);
	return 0;
}

static void
keep(struct copy *c, const char *row, size_t len)
{
	memcpy(c->text, row, len);
	c->len = len;
}

/*
 * The row whose login is nearest to the one asked for, by a sum that nobody
 * can choose: always the same one while the rows are.
 */
static void
keep_model(struct search *s, const char *row, size_t len, size_t login_len)
{
	char both[2 * AUTH_LOGIN];
	uint64_t sum;

	if (s->kind != -1 && !passrow_has(row, len, (enum scram)s->kind))
		return;
	memcpy(both, row, login_len);
	memcpy(both + login_len, s->login, s->len);
	sum = digest_of(both, login_len + s->len);
	if (s->model.len > 0 && sum >= s->nearest)
		return;
	s->nearest = sum;
	keep(&s->model, row, len);
}

static void
look(void *ctx, int number, const char *row, size_t len, const char *wrong)
{
	struct search *s = ctx;
	size_t n = 0;
	const char *why = passrow_glance(row, len, &n);
	bool here = n == s->len && memcmp(row, s->login, n) == 0;

	if (why == NULL)
		why = wrong;
	if (why == NULL && here && s->line != 0)
		why = "a second row of the same login";
	if (why == NULL && here) {
		keep(&s->own, row, len);
		s->line = number;
	}
	if (why == NULL)
		keep_model(s, row, len, n);
	/* The damage that matters most is that of this login's own row. */
	if (why != NULL && (s->damaged == 0 || here)) {
		s->damaged = number;
		s->why = why;
		if (here)
			s->line = number;
	}
}

/* A row like the model; with no row to be like, those of passrow_make(). */
static void
pretend(const struct search *s, struct passrow *row)
{
	memset(row, 0, sizeof(*row));
	if (s->model.len == 0 ||
	    passrow_parse(s->model.text, s->model.len, row) != NULL)
		for (size_t k = 0; k < SCRAM_KINDS; k++)
			row->scram[k] = (struct scram_secret){
				.iterations = PASSROW_ITERATIONS,
				.salt_len = 16 };
	passrow_pretend(row, s->login);
}

/*
 * The login's own row, or another.  Who is there costs as much work as who is
 * not: a row like it is made in any case.
 */
static enum passwords_answer
choose(struct search *s, struct passrow *row_r)
{
	const struct copy *c = s->own.len > 0 ? &s->own : &s->model;
	struct passrow other;
	const char *why = c->len > 0 ? passrow_parse(c->text, c->len, row_r) :
	    NULL;
	bool there = s->own.len > 0 && (s->kind == -1 ||
	    row_r->scram[s->kind].iterations > 0);

	pretend(s, &other);
	if (s->own.len > 0 && why != NULL) {
		s->why = why;
		s->damaged = s->line;
	}
	if (!there)
		*row_r = other;
	passrow_wipe(&other);
	return there ? PASSWORDS_FOUND : PASSWORDS_NONE;
}

static enum passwords_answer
find(uid_t user, const char *path, struct search *s, struct passrow *row_r,
    char *why_r, size_t size)
{
	int fd = passwords_open(path, user, why_r, size);
	enum passwords_answer answer;

	memset(row_r, 0, sizeof(*row_r));
	if (fd == -1)
		return PASSWORDS_LATER;
	s->len = strlen(s->login);
	if (passwords_walk(fd, look, s) == -1) {
		snprintf(why_r, size, "%s: %s", path, strerror(errno));
		answer = PASSWORDS_LATER;
	} else {
		answer = choose(s, row_r);
		if (s->damaged != 0 && (s->line == 0 ||
		    s->line == s->damaged)) {
			snprintf(why_r, size, "%s:%d: %s", path, s->damaged,
			    s->why);
			answer = PASSWORDS_LATER;
		}
	}
	close(fd);
	if (answer == PASSWORDS_LATER)
		passrow_wipe(row_r);
	return answer;
}

static enum passwords_answer
search(uid_t user, const char *path, const char *login, int kind,
    struct passrow *row_r, char *why_r, size_t size)
{
	struct search *s = xcalloc(1, sizeof(*s));
	enum passwords_answer answer;

	s->login = login;
	s->kind = kind;
	answer = find(user, path, s, row_r, why_r, size);
	explicit_bzero(s, sizeof(*s));
	free(s);
	return answer;
}

enum passwords_answer
passwords_find(const char *path, const char *login, struct passrow *row_r,
    char *why_r, size_t size)
{
	return search(geteuid(), path, login, -1, row_r, why_r, size);
}

enum passwords_answer
passwords_find_as(uid_t user, const char *path, const char *login,
    struct passrow *row_r, char *why_r, size_t size)
{
	return search(user, path, login, -1, row_r, why_r, size);
}

enum passwords_answer
passwords_find_scram(const char *path, const char *login, enum scram kind,
    struct scram_secret *secret_r, char *why_r, size_t size)
{
	struct passrow row;
	enum passwords_answer answer = search(geteuid(), path, login,
	    (int)kind, &row, why_r, size);

	*secret_r = row.scram[kind];
	passrow_wipe(&row);
	return answer;
}
