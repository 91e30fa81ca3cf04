/*
 * dialogue: any frame in any order: only the table's orders work, and what
 * is out of order, damaged or random ends that dialogue and leaves nothing.
 */
#include "config.h"

#include <stdlib.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/qfile.h"
#include "tests/submit/stage.h"
#include "tests/tap.h"

static struct desk desk;

/* The next verdict in out; its code, or 0. */
static int
verdict(struct dialogue *d, struct sub_verdict *v_r)
{
	struct sub_header h;
	size_t whole;

	if (d->out.len < sizeof(h) || sub_get_header(d->out.p, &h) != 0 ||
	    h.type != SUB_VERDICT || sub_get_verdict(d->out.p + sizeof(h),
	    h.len, v_r) != 0)
		return 0;
	whole = sizeof(h) + h.len;
	buf_drop(&d->out, whole);
	return v_r->reply.code;
}

static int
run(struct dialogue *d)
{
	struct sub_verdict v;

	dialogue_run(&desk, d);
	return verdict(d, &v);
}

static void
begin(struct dialogue *d, enum door door, int64_t uid, enum sub_kind kind,
    int flags)
{
	dialogue_init(d, door, uid);
	stage_hello(&d->in, kind, flags);
}

static int
send_one(const char *channel, const char *to, const char *text,
    struct sub_verdict *v_r)
{
	struct dialogue d;

	begin(&d, DOOR_JAIL, (int64_t)geteuid(), SUB_SESSION, 0);
	stage_envelope(&d.in, "a@example.net", channel, "");
	stage_recipient(&d.in, to);
	stage_text(&d.in, text);
	memset(v_r, 0, sizeof(*v_r));
	dialogue_run(&desk, &d);
	verdict(&d, v_r);
	dialogue_free(&desk, &d);
	return v_r->reply.code;
}

static void
message(void)
{
	struct sub_verdict v;
	struct buf b;
	struct qfile q;
	const char *text;

	num(send_one("lan", "user@example.org", "Subject: x\n\nbody\n", &v),
	    250, "a message");
	num(strlen(v.id), TRACE_ID - 1, "with its identifier");
	ok(stage_entry(&desk.spool, v.id, &b, &q), "is whole in queue/");
	is(q.channel, "lan", "its channel");
	is(q.sender, "a@example.net", "its sender");
	is(q.address, "192.0.2.7", "its address");
	is(q.helo, "client.test", "its greeting");
	is(q.with, "ESMTP", "its protocol");
	num(q.nrecipients, 1, "its recipient");
	is(q.recipients[0].mailbox, "example.org/user", "routed");
	is(q.recipients[0].original, "user@example.org", "as said");
	text = b.p + q.message_at;
	ok(strncmp(text, "Received: from client.test ", 26) == 0,
	    "the trace line comes first");
	ok(strstr(text, v.id) != NULL, "and has the identifier");
	ok(memcmp(text + q.message_len - 17, "Subject: x\n\nbody\n", 17) == 0,
	    "then the text as it was");
	qfile_free(&q);
	buf_free(&b);
	num(send_one("lan", "both@example.org", "", &v), 250, "an empty one");
	ok(stage_entry(&desk.spool, v.id, &b, &q), "whole too");
	num(q.nrecipients, 2, "an alias has its recipients");
	qfile_free(&q);
	buf_free(&b);
}

/* A session that lets more through than it should. */
static void
bounce(int recipients, int code, const char *what)
{
	struct sub_verdict v;
	struct dialogue d;

	begin(&d, DOOR_JAIL, (int64_t)geteuid(), SUB_SESSION, 0);
	stage_envelope(&d.in, "", "lan", "");
	for (int i = 0; i < recipients; i++)
		stage_recipient(&d.in, i == 0 ? "user@example.org" :
		    "other@example.org");
	stage_text(&d.in, "x\n");
	memset(&v, 0, sizeof(v));
	dialogue_run(&desk, &d);
	num(verdict(&d, &v), code, what);
	dialogue_free(&desk, &d);
}

static void
bounces(void)
{
	bounce(2, 250, "a bounce to two");
	stage_set(desk.conf, "max-bounce-recipients=1");
	bounce(1, 250, "a bounce to as many as it may");
	bounce(2, 550, "and to one more");
}

/* What a caller of that kind hears of the node; v_r has all of it. */
static int
starts_one(enum sub_kind kind, const char *node, struct sub_verdict *v_r)
{
	struct dialogue d;
	int code;

	memset(v_r, 0, sizeof(*v_r));
	begin(&d, kind == SUB_SESSION ? DOOR_JAIL : DOOR_USERS,
	    (int64_t)geteuid(), kind, 0);
	if (sub_put_start(&d.in, node) != 0)
		exit(1);
	dialogue_run(&desk, &d);
	code = d.over ? -1 : verdict(&d, v_r);
	dialogue_free(&desk, &d);
	return code;
}

static void
starts(void)
{
	struct sub_verdict v;

	num(starts_one(SUB_SESSION, "example.org", &v), 253, "a domain");
	is(v.reply.text, "11 messages for example.org are tried now",
	    "what deliver said");
	num(starts_one(SUB_SESSION, "@example.org", &v), 253,
	    "with what is below it");
	is(v.reply.text, "1011 messages for @example.org are tried now",
	    "which deliver was told");
	num(starts_one(SUB_SESSION, "none.example", &v), 251, "none");
	num(starts_one(SUB_SESSION, "busy.example", &v), 458,
	    "deliver does not answer");
	num(starts_one(SUB_SESSION, "a.example.org", &v), 459,
	    "a session that lies");
	num(starts_one(SUB_LOCAL, "example.org", &v), 459,
	    "a user of this machine");
	num(starts_one(SUB_NOTICE, "example.org", &v), 459, "ourselves");
	num(starts_one(SUB_SESSION, "example..org", &v), -1, "no domain");
	num(starts_one(SUB_SESSION, "", &v), -1, "nothing");
	num(starts_one(SUB_SESSION, "@", &v), -1, "nearly nothing");
}

static void
refusals(void)
{
	struct sub_verdict v;
	struct buf big;
	int before = stage_count(desk.spool.queue);

	num(send_one("lan", "nobody@example.org", "x\n", &v), 451,
	    "a recipient that the session should have refused");
	num(v.reply.name, REPLY_DISAGREE, "is a disagreement");
	num(send_one("world", "user@example.org", "x\n", &v), 451,
	    "so is another channel");
	num(v.reply.name, REPLY_DISAGREE, "DISAGREE");
	buf_init(&big, 1024 * 1024);
	for (int i = 0; i < 99; i++)
		ok(buf_adds(&big, "Received: x\n") == 0, "a hop");
	num(send_one("lan", "user@example.org", buf_str(&big), &v), 250,
	    "99 hops are far");
	ok(buf_adds(&big, "Delivered-To: x\n") == 0, "one more");
	num(send_one("lan", "user@example.org", buf_str(&big), &v), 554,
	    "100 are a loop");
	is(v.reply.enhanced, "5.4.6", "of this kind");
	buf_free(&big);
	num(stage_count(desk.spool.queue), before + 1, "nothing else queued");
	num(stage_count(desk.spool.tmp), 0, "nothing left in tmp/");
}

static void
each(void)
{
	struct dialogue d;
	struct sub_verdict v;
	struct buf b;
	struct qfile q;

	begin(&d, DOOR_USERS, 0, SUB_LOCAL, SUB_EACH);
	/* Root may be somebody else, and then is not itself. */
	stage_envelope(&d.in, SUB_MYSELF, "", "");
	num(run(&d), 250, "the sender has its answer");
	stage_recipient(&d.in, "nobody@example.org");
	num(run(&d), 550, "so has each recipient");
	stage_recipient(&d.in, "x@client.example.net");
	num(run(&d), 550, "a user may not relay");
	stage_recipient(&d.in, "user@example.org");
	stage_recipient(&d.in, "user@example.org");
	stage_recipient(&d.in, "both@example.org");
	num(run(&d), 250, "one after the other");
	num(run(&d), 250, "when it reads them");
	num(run(&d), 250, "all");
	stage_text(&d.in, "Subject: y\n\n");
	dialogue_run(&desk, &d);
	num(verdict(&d, &v), 250, "and the message");
	ok(stage_entry(&desk.spool, v.id, &b, &q), "is whole");
	is(q.sender, "root@mx.example.org", "the sender is stamped");
	is(q.login, "root", "the login recorded");
	is(q.channel, "local", "the channel is the local one");
	is(q.address, "", "no address");
	is(q.helo, "client.test", "what it called itself is kept");
	num(q.nrecipients, 2, "the same route is one");
	qfile_free(&q);
	buf_free(&b);
	stage_envelope(&d.in, "", "", "");
	num(run(&d), 250, "the null sender");
	stage_recipient(&d.in, "nobody@example.org");
	num(run(&d), 550, "nobody");
	stage_text(&d.in, "x\n");
	num(run(&d), 554, "no recipient left");
	stage_envelope(&d.in, "", "", "");
	num(run(&d), 250, "another");
	stage_frame(&d.in, SUB_ABORT);
	stage_envelope(&d.in, "", "", "");
	num(run(&d), 250, "aborted, and one more");
	ok(!d.over, "all that is in order");
	dialogue_free(&desk, &d);
}

/* Without SUB_EACH one bad address refuses the message, with its reply. */
static void
whole(void)
{
	struct dialogue d;

	begin(&d, DOOR_USERS, 0, SUB_LOCAL, 0);
	stage_envelope(&d.in, "", "", "");
	stage_recipient(&d.in, "user@example.org");
	stage_recipient(&d.in, "nobody@example.org");
	stage_text(&d.in, "x\n");
	num(run(&d), 550, "one of two is bad");
	stage_envelope(&d.in, "", "", "");
	stage_recipient(&d.in, "user@example.org");
	stage_text(&d.in, "x\n");
	num(run(&d), 250, "the next message is good");
	dialogue_free(&desk, &d);
}

static int
send_notice(const char *id)
{
	struct dialogue d;
	int code;

	begin(&d, DOOR_USERS, (int64_t)geteuid(), SUB_NOTICE, 0);
	stage_envelope(&d.in, "", "", id);
	stage_recipient(&d.in, "x@client.example.net");
	stage_text(&d.in, "Subject: bad news\n\n");
	code = run(&d);
	if (d.over)
		code = -1;
	dialogue_free(&desk, &d);
	return code;
}

static void
notices(void)
{
	int before = stage_count(desk.spool.queue);

	num(send_notice("dsn-1"), 250, "a notice may go anywhere");
	num(send_notice("dsn-1"), 250, "the same again is good");
	num(stage_count(desk.spool.queue), before + 1, "and no second one");
	num(send_notice("../dsn"), -1, "a path is no identifier");
	num(send_notice(""), -1, "nor is nothing");
}

static void
sources(void)
{
	struct dialogue d;
	struct sub_hello h = { .version = SUB_VERSION, .kind = SUB_DECLARED };
	struct sub_verdict v;
	static const struct {
		const char *ip, *channel;
	} all[] = {
		{ "192.0.2.7", "lan" },		/* by its address */
		{ "192.0.2.8", "lan" },		/* by its name */
		{ "192.0.2.9", "world" },	/* the name is not known now */
		{ "192.0.2.10", "world" }
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		dialogue_init(&d, DOOR_USERS, 0);
		ok(net_parse(all[i].ip, &h.peer) == 0 &&
		    sub_put_hello(&d.in, &h) == 0, all[i].ip);
		stage_envelope(&d.in, "a@example.net", all[i].channel, "");
		stage_recipient(&d.in, "user@example.org");
		stage_text(&d.in, "x\n");
		dialogue_run(&desk, &d);
		num(verdict(&d, &v), 250, all[i].channel);
		dialogue_free(&desk, &d);
	}
}

/* Larger than what is held in memory; cut in the middle nothing is left. */
static void
large(void)
{
	struct dialogue d;
	struct sub_verdict v;
	struct buf b;
	struct qfile q;
	static char block[SUB_FRAME_MOST];
	const int blocks = 40;

	memset(block, 'x', sizeof(block));
	for (int cut = 0; cut < 2; cut++) {
		int before = stage_count(desk.spool.queue);
		bool good = true;

		begin(&d, DOOR_JAIL, (int64_t)geteuid(), SUB_SESSION, 0);
		stage_envelope(&d.in, "a@example.net", "lan", "");
		stage_recipient(&d.in, "user@example.org");
		for (int i = 0; i < blocks; i++) {
			good &= sub_put_frame(&d.in, SUB_DATA, block,
			    sizeof(block)) == 0;
			dialogue_run(&desk, &d);
			good &= d.message->held.len <= 2 * MESSAGE_HELD;
		}
		ok(good, "it is streamed");
		num(stage_count(desk.spool.tmp), 1, "into tmp/");
		if (cut == 0) {
			ok(sub_put_commit(&d.in, (uint64_t)blocks *
			    sizeof(block)) == 0, "the end");
			dialogue_run(&desk, &d);
			num(verdict(&d, &v), 250, "queued");
			ok(stage_entry(&desk.spool, v.id, &b, &q), "whole");
			ok(q.message_len > blocks * sizeof(block), "all of it");
			qfile_free(&q);
			buf_free(&b);
			before++;
		}
		dialogue_free(&desk, &d);
		num(stage_count(desk.spool.tmp), 0, "tmp/ is empty");
		num(stage_count(desk.spool.queue), before, "queue/ is right");
	}
}

static void
put_request(struct dialogue *d, int which)
{
	switch (which) {
	case 0:
		stage_hello(&d->in, SUB_SESSION, 0);
		break;
	case 1:
		stage_envelope(&d->in, "a@example.net", "lan", "");
		break;
	case 2:
		stage_recipient(&d->in, "user@example.org");
		break;
	case 3:
		ok(sub_put_frame(&d->in, SUB_DATA, "x\n", 2) == 0, "data");
		break;
	case 4:
		ok(sub_put_commit(&d->in, d->message != NULL ?
		    d->message->length : 0) == 0, "commit");
		break;
	case 5:
		stage_frame(&d->in, SUB_ABORT);
		break;
	case 6:
		ok(sub_put_start(&d->in, "example.org") == 0, "start");
		break;
	default:
		stage_frame(&d->in, SUB_VERDICT);
		break;
	}
}

/* Every request in every state, against the order as subproto.h has it. */
static void
orders(void)
{
	static const char *const allowed[DIALOGUE_STATES] = {
		[DIALOGUE_HELLO] = "10000000",
		[DIALOGUE_READY] = "11000110",
		[DIALOGUE_ENVELOPE] = "00111100",
		[DIALOGUE_TEXT] = "00011100"
	};
	/* How to come to each state. */
	static const int way[DIALOGUE_STATES] = { 0, 1, 3, 4 };

	for (int state = 0; state < DIALOGUE_STATES; state++) {
		for (int which = 0; which < 8; which++) {
			struct dialogue d;
			char what[80];

			dialogue_init(&d, DOOR_JAIL, (int64_t)geteuid());
			for (int i = 0; i < way[state]; i++) {
				put_request(&d, i);
				(void)run(&d);
			}
			snprintf(what, sizeof(what), "state %d", state);
			num(d.state, state, what);
			put_request(&d, which);
			(void)run(&d);
			snprintf(what, sizeof(what), "state %d request %d",
			    state, which);
			num(!d.over, allowed[state][which] == '1', what);
			dialogue_free(&desk, &d);
		}
	}
	num(stage_count(desk.spool.tmp), 0, "nothing is left in tmp/");
}

/* A session that says it brings more than anybody may. */
static void
too_large(void)
{
	struct sub_envelope e = { .sender = "a@example.net",
	    .helo = "client.test", .with = "ESMTP", .body = "8BITMIME",
	    .sid = "s1", .channel = "lan", .id = "", .size = INT64_MAX };
	struct dialogue d;

	begin(&d, DOOR_JAIL, (int64_t)geteuid(), SUB_SESSION, 0);
	ok(sub_put_envelope(&d.in, &e) == 0, "SIZE= of all there is");
	(void)run(&d);
	num(desk.room.messages, 0, "has no share of the room");
	stage_recipient(&d.in, "user@example.org");
	stage_text(&d.in, "x\n");
	num(run(&d), 552, "and is refused");
	num(desk.room.bytes, 0, "nothing is held");
	dialogue_free(&desk, &d);
}

/* Values that no session of ours lets pass. */
static void
not_checked(void)
{
	struct sub_envelope e = { .sender = "a@example.net",
	    .helo = "client.test", .with = "ESMTP", .channel = "lan",
	    .sid = "s1", .size = -1, .envid = "a+0Ab" };
	struct sub_recipient r = { "user@example.org", "NEVER,DELAY", "" };
	struct dialogue d;

	begin(&d, DOOR_JAIL, (int64_t)geteuid(), SUB_SESSION, 0);
	ok(sub_put_envelope(&d.in, &e) == 0, "a newline in ENVID");
	num(run(&d), 0, "no answer");
	ok(d.over, "the end");
	dialogue_free(&desk, &d);
	begin(&d, DOOR_JAIL, (int64_t)geteuid(), SUB_SESSION, 0);
	e.envid = "a+2Bb";
	ok(sub_put_envelope(&d.in, &e) == 0 &&
	    sub_put_recipient(&d.in, &r) == 0, "NEVER and DELAY");
	num(run(&d), 0, "no answer");
	ok(d.over, "the end");
	dialogue_free(&desk, &d);
}

/* Good values, but for what the settings do not let a client ask for. */
static void
not_offered(void)
{
	struct sub_envelope e = { .sender = "a@example.net",
	    .helo = "client.test", .with = "ESMTP", .channel = "lan",
	    .sid = "s1", .size = -1, .hold = clock_wall_us() + 1000000 };
	struct dialogue d;

	begin(&d, DOOR_JAIL, (int64_t)geteuid(), SUB_SESSION, 0);
	ok(sub_put_envelope(&d.in, &e) == 0, "to be held");
	stage_recipient(&d.in, "user@example.org");
	stage_text(&d.in, "x\n");
	num(run(&d), 451, "a session that was not to offer it is not believed");
	e.hold = 0;
	e.priority = 1;
	ok(sub_put_envelope(&d.in, &e) == 0, "a priority");
	stage_recipient(&d.in, "user@example.org");
	stage_text(&d.in, "x\n");
	num(run(&d), 451, "neither");
	dialogue_free(&desk, &d);
}

static void
cut_length(void)
{
	struct dialogue d;

	begin(&d, DOOR_JAIL, (int64_t)geteuid(), SUB_SESSION, 0);
	stage_envelope(&d.in, "a@example.net", "lan", "");
	stage_recipient(&d.in, "user@example.org");
	ok(sub_put_frame(&d.in, SUB_DATA, "x\n", 2) == 0 &&
	    sub_put_commit(&d.in, 3) == 0, "one byte is missing");
	num(run(&d), 0, "no answer");
	ok(d.over, "the end");
	dialogue_free(&desk, &d);
}

/* Good dialogues with bytes changed, cut and inserted; and only noise. */
static void
noise(void)
{
	struct buf good;
	int n = stage_count(desk.spool.queue), ended = 0;

	buf_init(&good, 4096);
	stage_hello(&good, SUB_SESSION, 0);
	stage_envelope(&good, "a@example.net", "lan", "");
	stage_recipient(&good, "user@example.org");
	stage_text(&good, "Subject: x\n\n");
	srand(7);
	for (int i = 0; i < 5000; i++) {
		struct dialogue d;
		size_t len = good.len - (i % 3 == 0 ?
		    (size_t)rand() % good.len : 0);

		dialogue_init(&d, DOOR_JAIL, (int64_t)geteuid());
		if (buf_add(&d.in, good.p, len) != 0)
			ok(false, "a copy");
		for (int flips = rand() % 4; flips > 0 && len > 0; flips--)
			d.in.p[(size_t)rand() % len] = (char)rand();
		if (i % 7 == 0)
			for (size_t at = 0; at < len; at++)
				d.in.p[at] = (char)rand();
		(void)run(&d);
		ended += d.over;
		dialogue_free(&desk, &d);
	}
	ok(ended > 100, "noise ends dialogues");
	num(stage_count(desk.spool.tmp), 0, "and leaves nothing");
	ok(stage_count(desk.spool.queue) > n, "what was good was queued");
	buf_free(&good);
}

int
main(void)
{
	char scratch[256];

	stage_scratch(scratch, sizeof(scratch));
	log_open("t_dialogue", -1, LEVEL_ERROR);
	stage_desk(&desk, scratch, "192.0.2.7");
	message();
	refusals();
	starts();
	bounces();
	each();
	whole();
	notices();
	sources();
	large();
	orders();
	too_large();
	not_checked();
	not_offered();
	cut_length();
	noise();
	stage_desk_end(&desk);
	stage_clean(scratch);
	return done();
}
