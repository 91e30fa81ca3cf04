/*
 * caller: who may say what, at which socket.
 */
#include "config.h"

#include <unistd.h>

#include "lib/text.h"
#include "submit/caller.h"
#include "tests/submit/stage.h"
#include "tests/tap.h"

#define SOMEBODY 54321
#define TRUSTED 54322

static struct rights rights = { .session = 64102, .ntrusted = 1,
	.trusted = { TRUSTED } };

static struct sub_hello
hello(enum sub_kind kind)
{
	struct sub_hello h = { .version = SUB_VERSION, .kind = (uint8_t)kind,
		.row = STAGE_ROW, .serial = STAGE_SERIAL, .listener = -1 };

	stage_token(h.token);
	(void)!net_parse("203.0.113.5", &h.peer);
	return h;
}

static int
call(struct caller *c, enum door door, int64_t uid, struct sub_hello h)
{
	const char *why = NULL;
	int result;

	memset(c, 0, sizeof(*c));
	c->door = door;
	c->uid = uid;
	result = caller_hello(&rights, c, &h, &why);
	if (result != 0 && why == NULL)
		ok(false, "a refusal says why");
	return result;
}

static void
sessions(void)
{
	struct sub_hello h = hello(SUB_SESSION);
	struct caller c;
	int64_t own = (int64_t)geteuid();

	num(call(&c, DOOR_JAIL, own, h), 0, "a session proves its row");
	is(c.ip, "192.0.2.7", "the address is the row's, not the caller's");
	ok(caller_holds(&rights, &c), "it is there");
	num(call(&c, DOOR_CHILD, own, h), 0, "one of its own as well");
	num(call(&c, DOOR_USERS, own, h), -1, "not at the users' socket");
	h.token[ROWS_TOKEN - 1] ^= 1;
	num(call(&c, DOOR_JAIL, own, h), -1, "another token");
	h = hello(SUB_SESSION);
	h.serial++;
	num(call(&c, DOOR_JAIL, own, h), -1, "another serial");
	h = hello(SUB_SESSION);
	h.row = STAGE_ROW + 1;
	num(call(&c, DOOR_JAIL, own, h), -1, "no such row");
	h.row = 0;
	h.serial = 0;
	memset(h.token, 0, sizeof(h.token));
	num(call(&c, DOOR_JAIL, own, h), -1, "a free row");
	h = hello(SUB_SESSION);
	h.version++;
	num(call(&c, DOOR_JAIL, own, h), -1, "another version");
}

/* What a listed proxy's session says of its client, and what others' do. */
static void
told(struct row *rows)
{
	struct sub_hello h = hello(SUB_SESSION);
	int64_t own = (int64_t)geteuid();
	struct conf *c[4];
	struct caller k;

	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		c[i] = stage_conf("/nonexistent", "/nonexistent");
	stage_set(c[1], "proxies=192.0.2.0/24");
	stage_set(c[2], "proxy-protocol=yes");
	stage_set(c[2], "proxies=192.0.2.8");
	stage_set(c[3], "proxy-protocol=yes");
	stage_set(c[3], "proxies=192.0.2.0/24");
	h.flags |= SUB_TOLD;
	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		rights.conf = c[i];
		num(call(&k, DOOR_JAIL, own, h), i == 3 ? 0 : -1, i == 3 ?
		    "a listed proxy's says whose connection it is" :
		    "none other does");
	}
	is(k.ip, "203.0.113.5", "that is the client then");
	ok(k.told && net_same_host(&k.proxy, &rows[STAGE_ROW].peer),
	    "and the peer is remembered");
	ok(text_copy(h.login, sizeof(h.login), "ann") == 0 &&
	    call(&k, DOOR_JAIL, own, h) == -1, "no login by this way");
	h.login[0] = '\0';
	h.flags = 0;
	ok(call(&k, DOOR_JAIL, own, h) == 0 && !k.told, "a proxy for itself");
	is(k.ip, "192.0.2.7", "has its own address");
	for (size_t i = 0; i < ARRAY_LEN(c); i++)
		conf_free(c[i]);
	rights.conf = NULL;
}

static void
others(void)
{
	struct caller c;
	struct sub_hello h = hello(SUB_DECLARED);
	int64_t own = (int64_t)geteuid();

	num(call(&c, DOOR_USERS, TRUSTED, h), 0, "a trusted user declares");
	is(c.ip, "203.0.113.5", "and is believed");
	num(call(&c, DOOR_USERS, 0, h), 0, "root does");
	num(call(&c, DOOR_USERS, own, h), 0, "we do");
	num(call(&c, DOOR_USERS, SOMEBODY, h), -1, "not anybody");
	num(call(&c, DOOR_JAIL, own, h), -1, "and no session");
	num(call(&c, DOOR_CHILD, own, h), -1, "of either kind");

	h = hello(SUB_LOCAL);
	num(call(&c, DOOR_USERS, SOMEBODY, h), 0, "anybody submits");
	is(c.login, "uid54321", "without a login, the number");
	ok(!c.trusted, "who is nobody else");
	num(c.row.peer.family, 0, "and no address, whatever is said");
	num(c.row.listener, -1, "nor a listener");
	num(call(&c, DOOR_USERS, 0, h), 0, "root");
	is(c.login, "root", "has a login");
	ok(c.trusted, "and may be somebody else");
	num(call(&c, DOOR_JAIL, 0, h), -1, "no session does");

	h = hello(SUB_NOTICE);
	num(call(&c, DOOR_USERS, own, h), 0, "our own notices");
	num(call(&c, DOOR_USERS, 0, h), 0, "root's");
	num(call(&c, DOOR_USERS, TRUSTED, h), -1, "not a trusted user's");
	num(call(&c, DOOR_JAIL, own, h), -1, "nor a session's");
	h.kind = 0;
	num(call(&c, DOOR_USERS, own, h), -1, "no kind");
	h.kind = 200;
	num(call(&c, DOOR_USERS, own, h), -1, "no known kind");
}

static void
doors(void)
{
	ok(caller_admitted(&rights, DOOR_JAIL, 64102), "the session user");
	ok(caller_admitted(&rights, DOOR_JAIL, (int64_t)geteuid()), "we");
	ok(!caller_admitted(&rights, DOOR_JAIL, SOMEBODY), "nobody else");
	ok(caller_admitted(&rights, DOOR_USERS, SOMEBODY), "anybody there");
	ok(!caller_admitted(&rights, DOOR_USERS, -1), "but not the unknown");
	ok(rights_trusted(&rights, 0) && rights_trusted(&rights, TRUSTED) &&
	    !rights_trusted(&rights, SOMEBODY) && !rights_trusted(&rights, -1),
	    "who is trusted");
}

/* What a receipt says of is worth no more than the settings let it be. */
static void
mechanisms(void)
{
	struct conf *c = stage_conf("/nonexistent", "/nonexistent");
	struct settings *v = &c->server.v;
	struct caller k = { .kind = SUB_SESSION };

	ok(caller_login_allowed(&k, v), "who has not logged in");
	(void)!text_copy(k.login, sizeof(k.login), "ann");
	ok(caller_login_allowed(&k, v), "nor is what a proxy says asked for");
	(void)!text_copy(k.mechanism, sizeof(k.mechanism), "PLAIN");
	ok(!caller_login_allowed(&k, v), "where there is no auth, nobody has");
	stage_set(c, "auth=offered");
	ok(caller_login_allowed(&k, v), "as delivered: PLAIN");
	(void)!text_copy(k.mechanism, sizeof(k.mechanism), "EXTERNAL");
	ok(!caller_login_allowed(&k, v), "not EXTERNAL");
	stage_set(c, "auth-mechanisms=external");
	ok(caller_login_allowed(&k, v), "unless it is named");
	(void)!text_copy(k.mechanism, sizeof(k.mechanism), "PLAIN");
	ok(!caller_login_allowed(&k, v), "then PLAIN is not");
	(void)!text_copy(k.mechanism, sizeof(k.mechanism), "NONE");
	ok(!caller_login_allowed(&k, v), "nor what there is not");
	conf_free(c);
}

static void
users(void)
{
	struct conf *c = stage_conf("/nonexistent", "/nonexistent");
	struct rights r;
	struct buf why;

	buf_init(&why, 1024);
	stage_set(c, "session-user=64102");
	stage_set(c, "trusted-users=12345");
	num(rights_init(&r, c, NULL, 0, &why), 0, "users by number");
	num(r.session, 64102, "the sessions'");
	ok(rights_trusted(&r, 12345), "the trusted");
	conf_free(c);
	c = stage_conf("/nonexistent", "/nonexistent");
	stage_set(c, "session-user=no-such-user-here");
	stage_set(c, "trusted-users=root");
	num(rights_init(&r, c, NULL, 0, &why), 0, "no session user");
	num(r.session, -1, "is nobody");
	conf_free(c);
	c = stage_conf("/nonexistent", "/nonexistent");
	stage_set(c, "trusted-users=no-such-user-here");
	num(rights_init(&r, c, NULL, 0, &why), -1, "no trusted user");
	ok(strstr(buf_str(&why), "no-such-user-here") != NULL, "is named");
	buf_free(&why);
	conf_free(c);
}

int
main(void)
{
	int fd;
	struct row *rows = stage_rows("192.0.2.7", &fd);
	struct caller c;

	rights.own = geteuid();
	rights.rows = rows;
	rights.nrows = STAGE_ROW + 1;
	sessions();
	told(rows);
	others();
	doors();
	mechanisms();
	users();
	num(call(&c, DOOR_JAIL, (int64_t)geteuid(), hello(SUB_SESSION)), 0,
	    "a session");
	rows[STAGE_ROW].serial = STAGE_SERIAL + 1;
	ok(!caller_holds(&rights, &c), "its row is another's now");
	close(fd);
	return done();
}
