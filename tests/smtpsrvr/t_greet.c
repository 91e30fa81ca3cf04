/* greet: one to four lines, their tags, the domain first, and the cut. */
#include "config.h"

#include "lib/log.h"
#include "smtpsrvr/greet.h"
#include "tests/smtpsrvr/fixture.h"
#include "tests/tap.h"

/* What is said with these lines. */
static const char *
said(struct fixture *f, const char *const *lines, size_t n)
{
	static char text[WIRE_OUT + 1];
	struct session *s;
	struct settings v;

	fixture_session(f);
	s = f->session;
	s->source.channel = 0;
	session_settle(s);
	v = *s->set;
	v.greeting = (struct strings){ n, lines };
	s->set = &v;
	s->wire.used = 0;
	greet_client(s);
	memcpy(text, s->wire.replies, s->wire.used);
	text[s->wire.used] = '\0';
	session_settle(s);
	fixture_end(f);
	return text;
}

static const char *
one(struct fixture *f, const char *line)
{
	return said(f, &line, 1);
}

int
main(void)
{
	static const char *const four[] = { "ESMTP", "", "%% 2", "end" };
	static struct fixture f;
	const char *got;
	char big[1000];

	log_open("test", -1, LEVEL_ERROR);
	fixture_server(&f.server);
	is(one(&f, "ESMTP Inlet"), "220 mx.test.example ESMTP Inlet\r\n",
	    "the domain, and a text");
	is(one(&f, ""), "220 mx.test.example\r\n", "no text");
	is(one(&f, "%H"), "220 mx.test.example\r\n", "the domain alone");
	is(one(&f, "%H ready"), "220 mx.test.example ready\r\n",
	    "the domain is not said twice");
	is(one(&f, "%H: ready"),
	    "220 mx.test.example mx.test.example: ready\r\n",
	    "unless it would be another word");
	is(one(&f, "%c %l %i %n %p"), "220 mx.test.example local smtp "
	    "192.0.2.7 [192.0.2.7] 0\r\n", "channel, listener, client");
	is(one(&f, "%V %s"), "220 mx.test.example " PACKAGE_VERSION
	    " 15nm7\r\n", "version and session");
	got = one(&f, "at %T");
	ok(strlen(got) == strlen("220 mx.test.example at \r\n") + 31 &&
	    strncmp(got, "220 mx.test.example at ", 23) == 0, "the time");
	is(said(&f, four, 4), "220-mx.test.example ESMTP\r\n220-\r\n"
	    "220-% 2\r\n220 end\r\n", "four lines");
	memset(big, 'x', sizeof big);
	big[sizeof big - 1] = '\0';
	got = one(&f, big);
	num((long long)strlen(got), 512, "cut at 512 octets");
	is(got + 510, "\r\n", "with its end");
	return done();
}
