/*
 * t_path - the grammar of RFC 5321 4.1.2 and RFC 6531 3.3 as a table, and its
 * edges.
 */
#include "config.h"

#include "lib/path.h"
#include "tests/tap.h"

static const struct {
	enum path_kind kind;
	const char *text;
	enum path_error want;
	const char *mailbox;	/* path_text form */
} cases[] = {
	{ PATH_REVERSE, "<>", PATH_OK, "" },
	{ PATH_FORWARD, "<>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@b>", PATH_OK, "a@b" },
	{ PATH_REVERSE, "<a@b>", PATH_OK, "a@b" },
	{ PATH_FORWARD, "<First.Last@Example.ORG>", PATH_OK,
	    "First.Last@example.org" },
	{ PATH_FORWARD, "<!#$%&'*+-/=?^_`{|}~@d>", PATH_OK,
	    "!#$%&'*+-/=?^_`{|}~@d" },
	{ PATH_FORWARD, "<postmaster>", PATH_OK, "postmaster" },
	{ PATH_FORWARD, "<PostMaster>", PATH_OK, "PostMaster" },
	{ PATH_FORWARD, "<\"postmaster\">", PATH_SYNTAX, "" },
	{ PATH_REVERSE, "<postmaster>", PATH_SYNTAX, "" },
	{ PATH_REVERSE_USER, "<>", PATH_OK, "" },
	{ PATH_REVERSE_USER, "<postmaster>", PATH_OK, "postmaster" },
	{ PATH_REVERSE_USER, "<user>", PATH_OK, "user" },
	{ PATH_REVERSE_USER, "<u@a_b>", PATH_OK, "u@a_b" },
	{ PATH_FORWARD_USER, "<>", PATH_SYNTAX, "" },
	{ PATH_FORWARD_USER, "<user>", PATH_OK, "user" },
	{ PATH_FORWARD_USER, "<\"a b\">", PATH_OK, "\"a b\"" },
	{ PATH_FORWARD_USER, "<user@>", PATH_SYNTAX, "" },
	{ PATH_FORWARD_USER, "<@r:user>", PATH_SYNTAX, "" },
	{ PATH_FORWARD_USER, "<u@a_b>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<j\303\266rg@d>", PATH_NOT_ASCII, "" },
	{ PATH_FORWARD, "<a@b\303\274cher>", PATH_NOT_ASCII, "" },
	{ PATH_FORWARD | PATH_UTF8, "<j\303\266rg@D>", PATH_OK,
	    "j\303\266rg@d" },
	{ PATH_FORWARD | PATH_UTF8, "<j\303\266rg.\346\227\245@d>", PATH_OK,
	    "j\303\266rg.\346\227\245@d" },
	{ PATH_REVERSE | PATH_UTF8, "<a@B\303\274cher.example>", PATH_OK,
	    "a@b\303\274cher.example" },
	{ PATH_REVERSE | PATH_UTF8, "<a@\303\274>", PATH_OK, "a@\303\274" },
	{ PATH_REVERSE | PATH_UTF8, "<a@x.-\303\274>", PATH_SYNTAX, "" },
	{ PATH_REVERSE | PATH_UTF8, "<a@\303\274->", PATH_SYNTAX, "" },
	{ PATH_REVERSE | PATH_UTF8, "<a@\303\274..x>", PATH_SYNTAX, "" },
	{ PATH_REVERSE | PATH_UTF8, "<>", PATH_OK, "" },
	{ PATH_FORWARD | PATH_UTF8, "<postmaster>", PATH_OK, "postmaster" },
	{ PATH_FORWARD | PATH_UTF8, "<\303\266>", PATH_SYNTAX, "" },
	{ PATH_FORWARD_USER | PATH_UTF8, "<\303\266>", PATH_OK, "\303\266" },
	{ PATH_FORWARD | PATH_UTF8, "<\"j\303\266 rg\"@d>", PATH_OK,
	    "\"j\303\266 rg\"@d" },
	{ PATH_FORWARD | PATH_UTF8, "<\"j\303\266rg\"@d>", PATH_OK,
	    "j\303\266rg@d" },
	{ PATH_FORWARD | PATH_UTF8, "<\"j\\\303\266rg\"@d>", PATH_SYNTAX,
	    "" },
	{ PATH_FORWARD | PATH_UTF8, "<j\303rg@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD | PATH_UTF8, "<j\300\200@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD | PATH_UTF8, "<j\355\240\200@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD | PATH_UTF8, "<j\302\205@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD | PATH_UTF8, "<\"j\302\205\"@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD | PATH_UTF8, "<a@j\302\205>", PATH_SYNTAX, "" },
	{ PATH_FORWARD | PATH_UTF8, "<a@[1.2.3.\303\266]>", PATH_SYNTAX,
	    "" },
	{ PATH_FORWARD, "<postmasters>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<@r:postmaster>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<\"a b\"@d>", PATH_OK, "\"a b\"@d" },
	{ PATH_FORWARD, "<\"a\\\"\\\\b\"@d>", PATH_OK, "\"a\\\"\\\\b\"@d" },
	{ PATH_FORWARD, "<\"abc\"@d>", PATH_OK, "abc@d" },
	{ PATH_FORWARD, "<\"a\\b\\c\"@d>", PATH_OK, "abc@d" },
	{ PATH_FORWARD, "<\"a..b\"@d>", PATH_OK, "\"a..b\"@d" },
	{ PATH_FORWARD, "<\".a\"@d>", PATH_OK, "\".a\"@d" },
	{ PATH_FORWARD, "<\"a@b\"@d>", PATH_OK, "\"a@b\"@d" },
	{ PATH_FORWARD, "<\">\"@d>", PATH_OK, "\">\"@d" },
	{ PATH_FORWARD, "<\"\"@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<\"a@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<\"a\\", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<\"a\tb\"@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<\"a\\\nb\"@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<\"a\177\"@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<@>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<@b>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@b@c>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a\"b@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<\"a\"b@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a b@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "< a@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@d >", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a.@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<.a@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a..b@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@d", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "a@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<<a@d>>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@d.>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@.d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@d..e>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@-d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@d->", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@d-.e>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@d--e>", PATH_OK, "a@d--e" },
	{ PATH_FORWARD, "<a@1.2.3.4>", PATH_OK, "a@1.2.3.4" },
	{ PATH_FORWARD, "<a@d_e>", PATH_SYNTAX, "" },
	{ PATH_REVERSE, "<a@d_e.f>", PATH_OK, "a@d_e.f" },
	{ PATH_REVERSE, "<a@_d>", PATH_OK, "a@_d" },
	{ PATH_FORWARD, "<a@[192.0.2.1]>", PATH_OK, "a@[192.0.2.1]" },
	{ PATH_FORWARD, "<a@[IPv6:2001:DB8::1]>", PATH_OK,
	    "a@[ipv6:2001:db8::1]" },
	{ PATH_FORWARD, "<a@[ipv6:::ffff:1.2.3.4]>", PATH_OK,
	    "a@[ipv6:::ffff:1.2.3.4]" },
	{ PATH_FORWARD, "<a@[IPv6:1.2.3.4]>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@[2001:db8::1]>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@[IPv6:fe80::1%lo]>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@[1.2.3]>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@[1.2.3.256]>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@[]>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@[1.2.3.4>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@[1.2.3.4]x>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<a@[tag:what]>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<@a:c@d>", PATH_OK, "c@d" },
	{ PATH_FORWARD, "<@a.x,@b:c@d>", PATH_OK, "c@d" },
	{ PATH_REVERSE, "<@a,@b:c@d>", PATH_OK, "c@d" },
	{ PATH_FORWARD, "<@a,b:c@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<@a,:c@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<@a c@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<@:c@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<@a:>", PATH_SYNTAX, "" },
	{ PATH_REVERSE, "<@a:>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<@a-:c@d>", PATH_SYNTAX, "" },
	{ PATH_FORWARD, "<j\303\266rg@d>", PATH_NOT_ASCII, "" },
	{ PATH_FORWARD, "<\"j\303\266rg\"@d>", PATH_NOT_ASCII, "" },
	{ PATH_FORWARD, "<a@j\303\266rg>", PATH_NOT_ASCII, "" },
	{ PATH_FORWARD, "<a@d.\303\266>", PATH_NOT_ASCII, "" },
	{ PATH_FORWARD, "<a@[\303\266]>", PATH_NOT_ASCII, "" },
	{ PATH_FORWARD, "<a%b@d>", PATH_OK, "a%b@d" },
	{ PATH_FORWARD, "<a!b@d>", PATH_OK, "a!b@d" },
	{ PATH_FORWARD, "<a@b>x", PATH_OK, "a@b" }
};

/* A case's text as a line of TAP may say it. */
static const char *
label(const char *s, char *dst, size_t size)
{
	size_t i;

	for (i = 0; s[i] != '\0' && i < size - 1; i++)
		dst[i] = s[i] < ' ' || s[i] > '~' || strchr("#\\", s[i]) ?
		    '?' : s[i];
	dst[i] = '\0';
	return dst;
}

static void
table(void)
{
	struct mailbox m, again;
	char text[PATH_TEXT], wire[PATH_TEXT + 2];
	char what[80];
	size_t i, end, want;
	enum path_error e;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		e = path_parse(cases[i].text, strlen(cases[i].text),
		    cases[i].kind, &m, &end);
		num(e, cases[i].want, label(cases[i].text, what, sizeof(what)));
		is(path_text(&m, text), cases[i].mailbox, "  its mailbox");
		want = e == PATH_OK ? strlen(cases[i].text) -
		    (cases[i].text[strlen(cases[i].text) - 1] == 'x') : 0;
		num(end, want, "  its end");
		if (e != PATH_OK)
			continue;
		snprintf(wire, sizeof(wire), "<%s>", text);
		ok(path_parse(wire, strlen(wire), cases[i].kind, &again,
		    &end) == PATH_OK && memcmp(&m, &again, sizeof(m)) == 0,
		    "  and back");
	}
}

/* <local of n bytes @ domain of d bytes>, labels of at most label bytes */
static enum path_error
sized(size_t n, size_t d, size_t label, bool escaped)
{
	char s[1024];
	struct mailbox m;
	size_t at = 0, i, end;

	s[at++] = '<';
	if (escaped)
		s[at++] = '"';
	for (i = 0; i < n; i++) {
		if (escaped)
			s[at++] = '\\';
		s[at++] = 'x';
	}
	if (escaped)
		s[at++] = '"';
	s[at++] = '@';
	for (i = 0; i < d; i++)
		s[at++] = i % (label + 1) == label ? '.' : 'd';
	s[at++] = '>';
	return path_parse(s, at, PATH_FORWARD, &m, &end);
}

static void
sizes(void)
{
	num(sized(64, 10, 63, false), PATH_OK, "64 bytes of local part");
	num(sized(65, 10, 63, false), PATH_LOCAL_LONG, "65 bytes");
	num(sized(64, 10, 63, true), PATH_OK, "64 bytes, each escaped");
	num(sized(65, 10, 63, true), PATH_LOCAL_LONG, "65 bytes, escaped");
	num(sized(64, 255, 63, false), PATH_OK, "255 bytes of domain");
	num(sized(64, 257, 63, false), PATH_DOMAIN_LONG, "257 bytes");
	num(sized(1, 256, 62, false), PATH_DOMAIN_LONG, "256 bytes");
	num(sized(1, 64, 64, false), PATH_DOMAIN_LONG, "a label of 64");
	num(sized(1, 63, 64, false), PATH_OK, "a label of 63");
}

static void
bytes(void)
{
	struct mailbox m;
	char s[] = "<aXb@d>";
	bool good = true;
	size_t end;
	int c;

	for (c = 0; c < 256; c++) {
		enum path_error e;

		s[2] = (char)c;
		e = path_parse(s, sizeof(s) - 1, PATH_FORWARD, &m, &end);
		if (c >= 0x80 ? e != PATH_NOT_ASCII :
		    (c <= ' ' || c == 0x7f) && e != PATH_SYNTAX)
			good = false;
	}
	ok(good, "no control character and no 8-bit byte passes");
	num(path_parse("<a\0@d>", 6, PATH_FORWARD, &m, &end), PATH_SYNTAX,
	    "a NUL");
	num(path_parse("<a@d>", 4, PATH_FORWARD, &m, &end), PATH_SYNTAX,
	    "the length counts, not the NUL");
}

static void
bare(void)
{
	struct mailbox m;

	num(path_parse_bare("A.b@D", &m), PATH_OK, "bare");
	is(m.local, "A.b", "local part keeps its case");
	is(m.domain, "d", "domain in lower case");
	ok(!m.quoted, "no quotes needed");
	num(path_parse_bare("\"a b\"@d", &m), PATH_OK, "bare, quoted");
	is(m.local, "a b", "plain local part");
	ok(m.quoted, "quotes needed");
	num(path_parse_bare("\"ab\"@d", &m), PATH_OK, "needless quotes");
	ok(!m.quoted, "are forgotten");
	num(path_parse_bare("Postmaster", &m), PATH_OK, "bare postmaster");
	is(m.domain, "", "has no domain");
	num(path_parse_bare("user", &m), PATH_SYNTAX, "no domain");
	num(path_parse_bare("", &m), PATH_SYNTAX, "empty");
	num(path_parse_bare("<a@d>", &m), PATH_SYNTAX, "not bare");
	num(path_parse_bare("a@d>", &m), PATH_SYNTAX, "tail");
	num(path_parse_bare("postmaster>", &m), PATH_SYNTAX, "tail, no domain");
	num(path_parse_bare("@r:a@d", &m), PATH_SYNTAX, "route");
	num(path_parse_bare("a@d_e", &m), PATH_SYNTAX, "underscore");
}

static void
domains(void)
{
	ok(path_is_domain("mx.Example.org", 14), "a domain");
	ok(!path_is_domain("example.org.", 12), "trailing dot");
	ok(!path_is_domain("", 0), "empty");
	ok(!path_is_domain("a_b", 3), "underscore");
	ok(!path_is_domain("a b", 3), "blank");
	ok(!path_is_domain("[1.2.3.4]", 9), "literal is no domain");
	ok(path_is_domain("abc!", 3), "length counts");
	ok(path_is_literal("[1.2.3.4]", 9), "a literal");
	ok(path_is_literal("[IPv6:::1]", 10), "an IPv6 literal");
	ok(!path_is_literal("[1.2.3.4]", 8), "cut literal");
	ok(!path_is_literal("[1.2.3.4]x", 10), "literal with a tail");
	ok(!path_is_literal("1.2.3.4", 7), "no brackets");
	ok(!path_is_literal("", 0), "nothing");
}

static void
append(const char *address, const char *suffix, const char *want)
{
	struct mailbox m;
	char text[PATH_TEXT], what[400];

	snprintf(what, sizeof(what), "%s and %s", address, suffix);
	if (path_parse_bare(address, &m) != PATH_OK)
		ok(false, address);
	num(path_append(&m, suffix), want != NULL ? 0 : -1, what);
	is(path_text(&m, text), want != NULL ? want : address,
	    "what it is then");
}

static void
appending(void)
{
	append("user@example.org", ".GW.example",
	    "user@example.org.gw.example");
	append("user@example.org", "x", "user@example.orgx");
	append("user@example.org", "@gw", "\"user@example.org\"@gw");
	append("user@example.org", "%a@b@gw.example",
	    "\"user@example.org%a@b\"@gw.example");
	append("user@example.org", "@[192.0.2.1]",
	    "\"user@example.org\"@[192.0.2.1]");
	append("postmaster", ".gw.example", "postmaster");
	append("user@example.org", ".", NULL);
	append("user@example.org", "@", NULL);
	append("user@example.org", " x", NULL);
	append("user@[192.0.2.1]", ".gw", NULL);
	append("user@example.org",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    NULL);
	append("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aa@b.example", "@gw", NULL);
}

int
main(void)
{
	table();
	sizes();
	bytes();
	bare();
	domains();
	appending();
	return done();
}
