/*
 * decide: the source channel from row and look-up, senders, recipients.
 */
#include "config.h"

#include "lib/text.h"
#include "submit/decide.h"
#include "tables/wraprules.h"
#include "tests/submit/stage.h"
#include "tests/tap.h"

static struct desk desk;

static struct caller
from(enum sub_kind kind, const char *ip)
{
	struct caller c = { .kind = kind };

	if (ip[0] != '\0')
		(void)!net_parse(ip, &c.row.peer);
	if (kind == SUB_LOCAL || kind == SUB_NOTICE)
		c.row.listener = -1;
	return c;
}

static void
channel(const char *ip, enum ask_outcome outcome, const char *name,
    const char *want, bool uncertain)
{
	struct caller c = from(SUB_SESSION, ip);
	struct whence w;
	struct ask_answer a = { 0 };
	struct buf why;
	char what[120];

	buf_init(&why, 256);
	num(decide_whence(&desk.site, &c, NULL, &w, &why), 0, ip);
	ok(w.need == NEED_NAME && !w.decided,
	    "its name is needed: lan has names");
	a.outcome = (uint8_t)outcome;
	snprintf(a.name, sizeof(a.name), "%s", name);
	decide_answered(&desk.site, &c, NULL, &w, &a);
	ok(w.decided, "decided");
	snprintf(what, sizeof(what), "%s %s is %s", ip, name, want);
	is(decide_channel(&desk.site, &w), want, what);
	num(w.source.uncertain, uncertain, "how certain");
	buf_free(&why);
}

static void
finicky_channel(const char *channel, const char *value)
{
	char why[200];

	num(conf_set(&desk.conf->channels[conf_channel(desk.conf, channel)],
	    "finicky", &value, 1, (struct origin){ "test", 1 }, why,
	    sizeof(why)), 0, why);
}

static void
whence(void)
{
	struct caller c = from(SUB_LOCAL, "");
	struct whence w;
	struct buf why;

	channel("192.0.2.7", ASK_NONE, "", "lan", false);
	channel("198.51.100.1", ASK_NONE, "", "world", false);
	channel("198.51.100.1", ASK_FOUND, "client.example.net", "lan", false);
	channel("198.51.100.1", ASK_NONE, "client.example.net", "world", false);
	channel("198.51.100.1", ASK_LATER, "", "world", true);

	buf_init(&why, 256);
	num(decide_whence(&desk.site, &c, NULL, &w, &why), 0, "a user");
	ok(w.need == NEED_NOTHING && w.decided, "needs no name");
	is(decide_channel(&desk.site, &w), "local", "the first local channel");
	stage_set(desk.conf, "local-channel=world");
	num(decide_whence(&desk.site, &c, NULL, &w, &why), 0, "or");
	is(decide_channel(&desk.site, &w), "world", "local-channel");
	c = from(SUB_NOTICE, "");
	num(decide_whence(&desk.site, &c, NULL, &w, &why), 0, "a notice");
	is(decide_channel(&desk.site, &w), "-", "comes from no channel");
	c = from(SUB_SESSION, "192.0.2.7");
	c.row.listener = 9;
	num(decide_whence(&desk.site, &c, NULL, &w, &why), -1, "no listener");
	c = from(SUB_SESSION, "192.0.2.7");
	(void)!text_copy(c.row.channels, sizeof(c.row.channels), "lan,nope");
	num(decide_whence(&desk.site, &c, NULL, &w, &why), -1, "no channel");
	ok(strstr(buf_str(&why), "nope") != NULL, "which is named");
	(void)!text_copy(c.row.channels, sizeof(c.row.channels), "world");
	num(decide_whence(&desk.site, &c, NULL, &w, &why), 0, "an operand");
	ok(w.need == NEED_NOTHING, "without names");
	is(decide_channel(&desk.site, &w), "world", "wins");
	c.row.finicky = 1;
	num(decide_whence(&desk.site, &c, NULL, &w, &why), 0, "finicky");
	num(w.source.channel, -1, "refuses it");
	ok(!reply_good(&w.source.refusal), "with a reply");
	c = from(SUB_SESSION, "");
	num(decide_whence(&desk.site, &c, NULL, &w, &why), 0, "no address");
	is(decide_channel(&desk.site, &w), "world", "nor name: the last");
	(void)!text_copy(c.row.name, sizeof(c.row.name),
	    "client.example.net");
	num(decide_whence(&desk.site, &c, NULL, &w, &why), 0, "but a name");
	ok(w.need == NEED_NOTHING, "is not asked for");
	is(decide_channel(&desk.site, &w), "lan", "and is looked up");
	is(w.name, "client.example.net", "and kept");
	c.row.name[0] = '\0';
	stage_set(desk.conf, "finicky=yes");
	num(decide_whence(&desk.site, &c, NULL, &w, &why), 0,
	    "finicky by the configuration");
	num(w.source.channel, -1, "refuses who is in no table");
	finicky_channel("world", "no");
	num(decide_whence(&desk.site, &c, NULL, &w, &why), 0,
	    "but not by its last channel");
	is(decide_channel(&desk.site, &w), "world", "which takes it");
	(void)!text_copy(c.row.channels, sizeof(c.row.channels), "world,lan");
	num(decide_whence(&desk.site, &c, NULL, &w, &why), 0, "another order");
	num(w.source.channel, -1, "and the last one is another");
	buf_free(&why);
}

static void
sender(enum sub_kind kind, const char *given, const char *want)
{
	struct caller c = from(kind, "192.0.2.7");
	struct whence w = { .limits = { .sender_logins = "logins",
	    .default_domain = "", .hostname = "x" } };
	char got[PATH_TEXT], what[300];
	struct reply r;

	(void)!text_copy(c.login, sizeof(c.login), "jo");
	snprintf(what, sizeof(what), "<%s>", given);
	if (want == NULL) {
		num(decide_sender(&desk.site, &c, &w, given, got, &r), -1,
		    what);
		ok(!reply_good(&r), "with a reply");
	} else {
		num(decide_sender(&desk.site, &c, &w, given, got, &r), 0,
		    what);
		is(got, want, "is queued");
	}
}

/* Root and the like: anybody, if they say so. */
static void
sender_trusted(const char *given, const char *want)
{
	struct caller c = from(SUB_LOCAL, "");
	char got[PATH_TEXT];
	struct reply r;

	c.trusted = true;
	(void)!text_copy(c.login, sizeof(c.login), "root");
	num(decide_sender(&desk.site, &c, &(struct whence){ .limits = {
	    .sender_logins = "" } }, given, got, &r), 0, given);
	is(got, want, "is the sender of one who is trusted");
}

static const char *said_from = "";
static struct settings policy;

static void
recipient(enum sub_kind kind, int source, const char *to, int code, size_t n)
{
	struct caller c = from(kind, "192.0.2.7");
	struct whence w = { .source = { .channel = source } };
	struct routes rs = { .n = 0 };
	struct authorised why;
	struct reply r;

	conf_effective(desk.conf, -1, source, &w.limits);
	if (policy.sender_refuse != NULL)
		w.limits = policy;
	reply_set(&w.source.refusal, REPLY_UNKNOWN_HOST, "x");
	num(decide_recipient(&desk.site, &c, &w, said_from, to, &rs, &r, &why),
	    code == 250 ? 0 : -1, to);
	num(r.code, code, "its code");
	num(rs.n, n, "its routes");
	routes_free(&rs);
}

/* What a session was to refuse, whatever it says. */
static void
policies(void)
{
	policy = (struct settings){ .sender_refuse = "boxes",
	    .recipient_refuse = "aliases", .delay_refusals = true,
	    .relay_suffix = "" };
	said_from = "user@example.org";
	recipient(SUB_SESSION, 2, "user@example.org", 550, 0);
	recipient(SUB_DECLARED, 2, "user@example.org", 550, 0);
	recipient(SUB_LOCAL, 2, "user@example.org", 250, 1);
	recipient(SUB_SESSION, 2, "postmaster@example.org", 250, 1);
	policy.delay_refusals = false;
	recipient(SUB_SESSION, 2, "postmaster@example.org", 550, 0);
	said_from = "x@example.net";
	recipient(SUB_SESSION, 2, "user@example.org", 250, 1);
	recipient(SUB_SESSION, 2, "both@example.org", 550, 0);
	recipient(SUB_LOCAL, 2, "both@example.org", 250, 2);
}

/* As whom a login may send, whatever the session let pass. */
static void
logins(void)
{
	struct caller c = from(SUB_SESSION, "192.0.2.7");
	struct whence w = { .source = { .channel = 1 } };
	struct routes rs = { .n = 0 };
	struct authorised why;
	struct reply r;

	conf_effective(desk.conf, -1, 1, &w.limits);
	(void)!text_copy(c.login, sizeof(c.login), "jo");
	num(decide_recipient(&desk.site, &c, &w, "news@example.net",
	    "user@example.org", &rs, &r, &why), 0, "a sender of the login");
	num(decide_recipient(&desk.site, &c, &w, "boss@example.net",
	    "postmaster@example.org", &rs, &r, &why), -1, "another");
	num(r.code, 553, "is refused, to whomever");
	c.login[0] = '\0';
	num(decide_recipient(&desk.site, &c, &w, "boss@example.net",
	    "user@example.org", &rs, &r, &why), 0, "without a login it may");
	routes_free(&rs);
}

/* What rules of libwrap set: submit asks for it by itself. */
static void
rules(const char *scratch)
{
	struct caller c = from(SUB_SESSION, "192.0.2.7");
	struct ask_answer none = { .outcome = ASK_NONE };
	struct ask_answer said = { .outcome = ASK_ALLOWED };
	struct ask_access_question q;
	struct wrapwatch watch;
	struct whence w;
	struct buf why;
	char line[400];
	FILE *f;

	if (!wraprules_heeded()) {
		skip("built without libwrap");
		return;
	}
	buf_init(&why, 256);
	snprintf(line, sizeof(line), "hosts-allow=%s/allow", scratch);
	stage_set(desk.conf, line);
	snprintf(line, sizeof(line), "hosts-deny=%s/deny", scratch);
	stage_set(desk.conf, line);
	wrapwatch_init(&watch, desk.conf);
	num(decide_whence(&desk.site, &c, &watch, &w, &why), 0, "no rules");
	decide_answered(&desk.site, &c, &watch, &w, &none);
	ok(w.need == NEED_NOTHING && w.decided, "nothing to ask");
	f = fopen(strchr(line, '=') + 1, "w");
	ok(f != NULL && fputs("ALL: ALL: allow: setenv DATABYTES 2000\n", f) >=
	    0 && fclose(f) == 0, "a rule");
	for (int how = 0; how < 4; how++) {
		num(decide_whence(&desk.site, &c, &watch, &w, &why), 0, "then");
		decide_answered(&desk.site, &c, &watch, &w, &none);
		ok(w.need == NEED_RULES && !w.decided, "lookup is asked");
		decide_question(&desk.site, &c, &w, &q);
		ok(q.q.kind == ASK_ACCESS && strcmp(q.daemon, "smtpd") == 0 &&
		    strcmp(q.channel, "lan") == 0 && net_same_host(
		    &q.q.address, &c.row.peer), "under both names");
		memset(&said.set, 0, sizeof(said.set));
		said.outcome = how == 1 ? ASK_DENIED : ASK_ALLOWED;
		if (variables_set(&said.set, "DATABYTES", how == 3 ? "x" :
		    "2000") != 0)
			ok(false, "room for it");
		decide_answered(&desk.site, &c, &watch, &w, how == 2 ? NULL :
		    &said);
		ok(w.decided, "decided");
		if (how == 0)
			num(w.limits.max_message_size, 2000, "by the rule");
		else
			ok(w.source.channel == -1 && w.wrong[0] != '\0' &&
			    reply_temporary(&w.source.refusal), how == 1 ?
			    "denied now" : how == 2 ? "nobody answers" :
			    "a value that is none");
		whence_free(&w);
	}
	stage_set(desk.conf, "libwrap=off");
	num(decide_whence(&desk.site, &c, &watch, &w, &why), 0, "off");
	decide_answered(&desk.site, &c, &watch, &w, &none);
	ok(w.need == NEED_NOTHING, "asks nothing");
	buf_free(&why);
}

/* A keyword of RFC 3848, and the protocol of the listener. */
static void
with(void)
{
	struct settings *v = &desk.conf->listeners[0].v;
	const char *said = decide_with(desk.conf, 0, false, "ESMTP");

	is(said != NULL ? said : "", "ESMTP", "what the listener speaks");
	ok(decide_with(desk.conf, 0, false, "ESMTPA") == NULL,
	    "nobody proved a password");
	ok(decide_with(desk.conf, 0, false, "HTTP") == NULL &&
	    decide_with(desk.conf, -1, false, "") == NULL, "no others");
	ok(decide_with(desk.conf, 0, false, "LMTP") == NULL &&
	    decide_with(desk.conf, -1, false, "LMTP") != NULL &&
	    decide_with(desk.conf, -1, false, "SMTP") != NULL,
	    "LMTP is not SMTP; without a listener it may be either");
	v->protocol = PROTOCOL_LMTP;
	ok(decide_with(desk.conf, 0, false, "LMTP") != NULL &&
	    decide_with(desk.conf, 0, false, "ESMTP") == NULL, "nor SMTP LMTP");
	v->protocol = PROTOCOL_SMTP;
}

int
main(void)
{
	char scratch[256];

	stage_scratch(scratch, sizeof(scratch));
	stage_desk(&desk, scratch, "192.0.2.7");
	sender(SUB_SESSION, "a@example.net", "a@example.net");
	sender(SUB_SESSION, "", "");
	sender(SUB_SESSION, "\"a b\"@example.net", "\"a b\"@example.net");
	sender(SUB_SESSION, "a@example.net> x", NULL);
	sender(SUB_SESSION, "a b@example.net", NULL);
	sender(SUB_LOCAL, "boss@example.net", "jo@mx.example.org");
	sender(SUB_LOCAL, "jo@mx.example.org", "jo@mx.example.org");
	sender(SUB_LOCAL, "news@example.net", "news@example.net");
	sender(SUB_LOCAL, "", "");
	sender_trusted("boss@example.net", "boss@example.net");
	sender_trusted("me@localhost", "root@mx.example.org");
	sender_trusted("", "");
	recipient(SUB_SESSION, 2, "user@example.org", 250, 1);
	recipient(SUB_SESSION, 2, "both@example.org", 250, 2);
	recipient(SUB_SESSION, 2, "nobody@example.org", 550, 0);
	recipient(SUB_SESSION, 2, "x@client.example.net", 550, 0);
	recipient(SUB_SESSION, 1, "x@client.example.net", 250, 1);
	recipient(SUB_NOTICE, -1, "x@client.example.net", 250, 1);
	recipient(SUB_SESSION, -1, "user@example.org", 554, 0);
	recipient(SUB_SESSION, 2, "", 501, 0);
	recipient(SUB_SESSION, 2, "user@example.org> x", 501, 0);
	recipient(SUB_SESSION, 2, "postmaster", 250, 1);
	policies();
	logins();
	with();
	rules(scratch);
	whence();
	stage_desk_end(&desk);
	stage_clean(scratch);
	return done();
}
