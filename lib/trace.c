/*
 * trace - the Received: line (RFC 5321 4.4), dates (RFC 5322 3.3), queue
 * identifiers.
 *
 * The client's own words stand in the Received: line: what could end a line,
 * a comment or an address there becomes '?', and it is cut.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/text.h"
#include "lib/trace.h"

#define WORD_MOST 255		/* of HELO: a line has 998 bytes at most */
#define RANDOM_BITS 40
#define COUNT_BITS 28

const char *
trace_date(time_t t, char *dst, size_t size)
{
	static const time_t epoch;
	struct tm tm;

	/*
	 * No file is read: TZ was loaded before the sandbox (tzset(3)).  Day
	 * and month are English as long as nobody calls setlocale(3).
	 */
	if (localtime_r(&t, &tm) == NULL)
		gmtime_r(&epoch, &tm);
	if (strftime(dst, size, "%a, %d %b %Y %H:%M:%S %z", &tm) == 0)
		dst[0] = '\0';
	return dst;
}

void
trace_source_init(struct trace_source *s)
{
	uint64_t bits;
	ssize_t n;

	while ((n = getrandom(&bits, sizeof(bits), 0)) == -1 && errno == EINTR)
		continue;
	/* So few bytes come whole, or the sandbox was made wrongly. */
	PANIC_IF(n != (ssize_t)sizeof(bits));
	s->start = (uint64_t)(clock_wall_us() / 1000000) & UINT32_MAX;
	s->random = bits >> (64 - RANDOM_BITS);
	s->count = 0;
}

/* Ten base-32 digits: the low 50 bits, highest first. */
static void
digits(char *dst, uint64_t bits)
{
	static const char digit[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	int i;

	for (i = 9; i >= 0; i--, bits >>= 5)
		dst[i] = digit[bits & 31];
}

void
trace_next_id(struct trace_source *s, char id_r[TRACE_ID])
{
	/* 32, 40 and 28 bits as two halves of 50. */
	digits(id_r, s->start << 18 | s->random >> 22);
	digits(id_r + 10, (s->random & ((1U << 22) - 1)) << COUNT_BITS |
	    s->count);
	id_r[TRACE_ID - 1] = '\0';
	s->count++;
	if (s->count >> COUNT_BITS != 0) {
		s->count = 0;
		s->random = (s->random + 1) & ((1ULL << RANDOM_BITS) - 1);
	}
}

/* The bit of each is its place. */
static const char *const words[] = { "helo", "name", "address", "software",
	"login", "with", "id", "for", "auth" };

int
trace_bit(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(word, words[i]) == 0)
			return 1 << i;
	return 0;
}

int
trace_bits(const struct strings *l)
{
	int bits = 0;

	for (size_t i = 0; i < l->n; i++)
		bits |= trace_bit(l->at[i]);
	return bits;
}

const char *
trace_nearest(const char *word)
{
	return text_nearest(word, words, ARRAY_LEN(words));
}

/* A host name, a literal or one of our own words. */
static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr(".:_[]-", c) != NULL);
}

/*
 * An address in its wire form; in quotes it may hold anything printable, and
 * with SMTPUTF8 what is beyond ASCII (RFC 6531 3.7.3).
 */
static bool
is_printable(char c)
{
	return (c >= 0x20 && c <= 0x7e) || (unsigned char)c >= 0x80;
}

static int
add_clean(struct buf *b, const char *s, size_t most, bool (*good)(char))
{
	size_t i;

	for (i = 0; i < most && s[i] != '\0'; i++)
		if (buf_addc(b, good(s[i]) ? s[i] : '?') == -1)
			return -1;
	return 0;
}

static int
add_word(struct buf *b, const char *before, const char *word)
{
	if (buf_adds(b, before) == -1)
		return -1;
	return add_clean(b, word, WORD_MOST, is_word);
}

/* What may stand of somebody's name in a comment. */
static bool
is_client(char c)
{
	return is_word(c) || (c != '\0' && strchr("=,@/+", c) != NULL);
}

/* "(authenticated as LOGIN)", in a line of its own. */
static int
add_auth(struct buf *b, const struct trace_facts *f)
{
	if ((f->shows & TRACE_AUTH) == 0 || f->login[0] == '\0')
		return 0;
	return buf_adds(b, "(authenticated as ") == -1 ||
	    add_clean(b, f->login, WORD_MOST, is_client) == -1 ? -1 :
	    buf_adds(b, ")\n\t");
}

/*
 * "from HELO (NAME [1.2.3.4])" and the line's end.  Without an address the
 * name alone is a comment, no TCP-info, which is as good there (CFWS).
 */
static int
add_from(struct buf *b, const struct trace_facts *f)
{
	bool helo = (f->shows & TRACE_HELO) != 0 && f->helo[0] != '\0',
	     name = (f->shows & TRACE_NAME) != 0 && f->name[0] != '\0',
	     address = (f->shows & TRACE_ADDRESS) != 0;
	char literal[NET_TEXT];

	if (add_word(b, "from ", helo ? f->helo : "unknown") == -1)
		return -1;
	if (f->peer.family == 0 || (!name && !address))
		return buf_adds(b, "\n\t") == -1 ? -1 : add_auth(b, f);
	if (buf_adds(b, " (") == -1 ||
	    (name && add_word(b, "", f->name) == -1) ||
	    (address && buf_addf(b, "%s%s", name ? " " : "",
	    net_literal(&f->peer, literal)) == -1))
		return -1;
	return buf_adds(b, ")\n\t") == -1 ? -1 : add_auth(b, f);
}

/* "by HOST (Inlet, from userid LOGIN)" */
static int
add_by(struct buf *b, const struct trace_facts *f, bool user)
{
	const char *before = " (";

	if (add_word(b, "by ", f->by) == -1)
		return -1;
	if ((f->shows & TRACE_SOFTWARE) != 0) {
		if (buf_addf(b, "%sInlet", before) == -1)
			return -1;
		before = ", ";
	}
	if (user && (f->shows & TRACE_LOGIN) != 0) {
		if (buf_adds(b, before) == -1 ||
		    add_word(b, "from userid ", f->login) == -1)
			return -1;
		before = ", ";
	}
	return before[0] == ',' ? buf_addc(b, ')') : 0;
}

/* " (client NAME)" after it, if the client is known by its certificate. */
static int
add_client(struct buf *b, const char *tls)
{
	const char *name = strstr(tls, " client=");

	if (name == NULL)
		return 0;
	return buf_adds(b, " (client ") == -1 ||
	    add_clean(b, name + 8, WORD_MOST, is_client) == -1 ? -1 :
	    buf_addc(b, ')');
}

/* " tls CIPHER", the last of the clauses: the second word of what we know. */
static int
add_tls(struct buf *b, const struct trace_facts *f)
{
	const char *cipher = f->tls != NULL ? strchr(f->tls, ' ') : NULL;
	char word[48];

	if (cipher == NULL || (f->shows & TRACE_WITH) == 0)
		return 0;
	cipher++;
	snprintf(word, sizeof(word), "%.*s", (int)strcspn(cipher, " "),
	    cipher);
	return add_word(b, "\n\ttls ", word) == -1 ? -1 :
	    add_client(b, cipher);
}

/* "with ESMTP id X for <a@b> tls C; date", what there is of it. */
static int
add_end(struct buf *b, const struct trace_facts *f, bool user)
{
	bool only = (f->shows & TRACE_FOR) != 0 && f->only_for[0] != '\0';
	char date[40];

	if (!user && (f->shows & TRACE_WITH) != 0 &&
	    add_word(b, " with ", f->with) == -1)
		return -1;
	if ((f->shows & TRACE_QUEUED) != 0 &&
	    add_word(b, user ? "\n\tid " : " id ", f->id) == -1)
		return -1;
	trace_date(f->when, date, sizeof(date));
	if (only && (buf_adds(b, "\n\tfor <") == -1 ||
	    add_clean(b, f->only_for, 2 * WORD_MOST, is_printable) == -1 ||
	    buf_addc(b, '>') == -1))
		return -1;
	if (add_tls(b, f) == -1 || (f->priority != 0 &&
	    (f->shows & TRACE_WITH) != 0 &&
	    buf_addf(b, "\n\tpriority %d", f->priority) == -1))
		return -1;
	return buf_addf(b, only ? "; %s\n" : ";\n\t%s\n", date);
}

/* As the lines of a binary message do. */
static int
with_crlf(struct buf *b, size_t from)
{
	size_t more = 0, i;
	char *p;

	for (i = from; i < b->len; i++)
		more += b->p[i] == '\n';
	for (i = more; i > 0; i--)
		if (buf_addc(b, '\0') == -1)
			return -1;
	p = b->p + b->len;
	for (i = b->len - more; more > 0; ) {
		*--p = b->p[--i];
		if (*p == '\n') {
			*--p = '\r';
			more--;
		}
	}
	return 0;
}

int
trace_received(struct buf *b, const struct trace_facts *f)
{
	bool user = f->peer.family == 0 && f->login[0] != '\0';
	size_t before = b->len;

	if (buf_adds(b, "Received: ") == 0 &&
	    (user || add_from(b, f) == 0) && add_by(b, f, user) == 0 &&
	    add_end(b, f, user) == 0 &&
	    (!f->crlf || with_crlf(b, before) == 0))
		return 0;
	b->len = before;
	if (b->p != NULL)
		b->p[before] = '\0';
	return -1;
}
