/*
 * authorise - see authorise.h.
 *
 * Runs in smtpsrvr and, again, in submit.  What comes from the client, the
 * sender above all, is only ever a key that is looked up.
 */
#include "config.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "lib/authmode.h"
#include "tables/authorise.h"
#include "tables/authvalue.h"
#include "tables/watch.h"

enum end { SOURCE, DESTINATION };
enum key {
	SOURCE_CHANNEL, SOURCE_HOST, DESTINATION_CHANNEL, DESTINATION_HOST
};

struct step {
	enum end end;
	size_t table;		/* offset in struct site_channel */
	enum key key;
	char any[3], channel[3], host[3];
};

static const struct step steps[] = {
#define STEP(end, table, ...) \
	{ end, offsetof(struct site_channel, table), __VA_ARGS__ },
#include "tables/authorise.def"
#undef STEP
};

/* The passes for one recipient. */
struct pass {
	const struct site *s;
	const struct sending *from;
	int channel[2];		/* by enum end */
	const struct mailbox *recipient;
	struct netaddr literal;	/* of the recipient's host, or family 0 */
	struct authorised *a;
	struct buf value;
	char memory[AUTHVALUE_MOST + 1];
};

static bool
in_list(const struct strings *l, const char *word)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->at[i], word) == 0)
			return true;
	return false;
}

static bool
is_free(const struct settings *v)
{
	return v->authorise.n > 0 &&
	    (authmode_bits(&v->authorise) & AUTH_FREE) != 0;
}

/* from: who it is, or null for anybody in that channel. */
static bool
relays(const struct conf *c, int source, const struct sending *from)
{
	const struct settings *v = &c->channels[source].v, *set = v;

	if (from != NULL && from->set != NULL)
		set = from->set;
	if (set->relay || is_free(v))
		return true;
	return from != NULL && ((from->proven && set->auth_relay &&
	    set->auth != AUTH_OFF) || (from->certified &&
	    set->tls_client_relay && set->tls_client != TLS_CLIENT_OFF));
}

bool
authorise_relays(const struct conf *c, int source)
{
	return relays(c, source, NULL);
}

bool
authorise_relays_for(const struct conf *c, const struct sending *from)
{
	return relays(c, from->channel, from);
}

static bool
simple(const struct conf *c, int source, const struct sending *from,
    int destination)
{
	const struct settings *to = &c->channels[destination].v;

	if (to->program[0] == '\0')
		return false;
	if (source < 0)
		return true;
	if (to->accept_from.n > 0)
		return in_list(&to->accept_from, c->channels[source].title);
	return strcmp(to->program, "local") == 0 || is_free(to) ||
	    relays(c, source, from);
}

bool
authorise_simple(const struct conf *c, int source, int destination)
{
	return simple(c, source, NULL, destination);
}

/* The modes that a channel has at that end. */
static int
modes_of(const struct site *s, int channel, enum end end)
{
	return s->channels[channel].auth &
	    (end == SOURCE ? AUTH_IN : AUTH_OUT);
}

bool
authorise_by_modes(const struct site *s, int source, int destination)
{
	return s->authorises && source >= 0 &&
	    (modes_of(s, source, SOURCE) != 0 ||
	    modes_of(s, destination, DESTINATION) != 0);
}

static const char *
title(const struct pass *p, enum end end)
{
	return p->s->conf->channels[p->channel[end]].title;
}

static bool
wants_user(const struct pass *p, enum end end)
{
	return modes_of(p->s, p->channel[end], end) != 0 &&
	    (p->s->channels[p->channel[end]].auth & AUTH_HOST_AND_USER) != 0;
}

static bool
is_host_of(const struct pass *p, enum end end, const char *word)
{
	if (end == SOURCE)
		return authvalue_host(word, p->from->name, &p->from->peer);
	return authvalue_host(word, p->recipient->domain, &p->literal);
}

/* The code of the step, for a row with that value; "" if it says nothing. */
static const char *
judge_value(const struct pass *p, const struct step *step, enum end other)
{
	const char *v = buf_str(&p->value);
	char word[AUTHVALUE_WORD];
	bool quoted, any = true;

	while (authvalue_word(&v, word, &quoted)) {
		any = false;
		if (step->channel[0] != '\0' &&
		    strcmp(word, title(p, other)) == 0)
			return step->channel;
		if (is_host_of(p, other, word))
			return step->host;
	}
	return any ? step->any : "";
}

static enum tb_answer
look(struct pass *p, int channel, struct tb *t, bool parents, const char *key)
{
	enum tb_answer answer;
	int line = 0;

	buf_reset(&p->value);
	if (key[0] == '\0')
		return TB_NOT_FOUND;
	answer = (parents ? tb_find_name : tb_find)(t, key, &p->value, &line);
	watch_lookup(p->s, channel, t, key, answer, line);
	if (answer == TB_FOUND || answer == TB_LATER) {
		p->a->table = tb_name(t);
		(void)snprintf(p->a->key, sizeof(p->a->key), "%s", key);
	}
	return answer;
}

static enum tb_answer
look_address(struct pass *p, int channel, struct tb *t)
{
	char text[NET_TEXT];
	enum tb_answer answer;
	int line = 0;

	buf_reset(&p->value);
	if (p->from->peer.family == 0)
		return TB_NOT_FOUND;
	answer = tb_find_address(t, &p->from->peer, &p->value, &line);
	net_text(&p->from->peer, text);
	watch_lookup(p->s, channel, t, text, answer, line);
	if (answer == TB_FOUND || answer == TB_LATER) {
		p->a->table = tb_name(t);
		(void)snprintf(p->a->key, sizeof(p->a->key), "%s", text);
	}
	return answer;
}

/* Does the row that was found allow it?  Then its code is the rule. */
static bool
allows(struct pass *p, const struct step *step, enum tb_answer answer,
    enum end other)
{
	if (answer != TB_FOUND)
		return false;
	(void)snprintf(p->a->rule, sizeof(p->a->rule), "%s",
	    judge_value(p, step, other));
	return p->a->rule[0] != '\0';
}

/* One step: TB_FOUND if it allows the mail. */
static enum tb_answer
take_step(struct pass *p, const struct step *step)
{
	int channel = p->channel[step->end];
	struct tb *t = *(struct tb *const *)(const void *)((const char *)
	    &p->s->channels[channel] + step->table);
	enum end other = step->key == SOURCE_CHANNEL ||
	    step->key == SOURCE_HOST ? DESTINATION : SOURCE;
	enum tb_answer answer = TB_NOT_FOUND;

	if (t == NULL)
		return TB_NOT_FOUND;
	switch (step->key) {
	case SOURCE_CHANNEL:
		answer = look(p, channel, t, false, title(p, SOURCE));
		break;
	case DESTINATION_CHANNEL:
		answer = look(p, channel, t, false, title(p, DESTINATION));
		break;
	case DESTINATION_HOST:
		answer = look(p, channel, t, true, p->recipient->domain);
		break;
	case SOURCE_HOST:
		answer = look_address(p, channel, t);
		if (answer == TB_LATER || allows(p, step, answer, other))
			return answer;
		if (answer == TB_NEGATED)
			break;
		answer = look(p, channel, t, true, p->from->name);
		break;
	}
	return answer == TB_LATER || allows(p, step, answer, other) ? answer :
	    TB_NOT_FOUND;
}

static void
forget_row(struct pass *p)
{
	p->a->table = "-";
	p->a->key[0] = '\0';
}

static enum tb_answer
host_pass(struct pass *p)
{
	enum tb_answer answer;

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		answer = take_step(p, &steps[i]);
		if (answer == TB_FOUND || answer == TB_LATER)
			return answer;
	}
	forget_row(p);
	return TB_NOT_FOUND;
}

/* The row of the address, else that of its domain: its bits in *bits_r. */
static enum tb_answer
find_user(struct pass *p, enum end end, const struct mailbox *m, int *bits_r)
{
	struct tb *t = p->s->channels[p->channel[end]].users;
	char address[PATH_TEXT], reason[sizeof(p->a->text)];
	enum tb_answer answer;
	const char *text = path_text(m, address);

	*bits_r = 0;
	answer = look(p, p->channel[end], t, false, text);
	if (answer == TB_NOT_FOUND && text[0] != '\0') {
		(void)snprintf(address, sizeof(address), "@%s", m->domain);
		answer = look(p, p->channel[end], t, false, address);
	}
	if (answer != TB_FOUND)
		return answer;
	*bits_r = authvalue_user(buf_str(&p->value), title(p, end), reason,
	    sizeof(reason));
	if (*bits_r > 0 && (*bits_r & USER_BARRED) != 0)
		(void)snprintf(p->a->text, sizeof(p->a->text), "%s", reason);
	return *bits_r == -1 ? TB_LATER : TB_FOUND;
}

/* 'L', 'S', 'R' for who is authorised, '*' for nobody; 0: try later. */
static char
user_pass(struct pass *p, enum end end)
{
	static const struct mailbox none;
	const struct mailbox *sender = p->from->sender;
	int to, from;

	if (p->s->channels[p->channel[end]].users == NULL)
		return '*';
	if (find_user(p, end, p->recipient, &to) == TB_LATER)
		return 0;
	if ((to & USER_BARRED) != 0)
		return '*';
	if ((to & USER_LIST) != 0)
		return 'L';
	if (find_user(p, end, sender != NULL ? sender : &none, &from) ==
	    TB_LATER)
		return 0;
	if ((from & USER_BARRED) != 0)
		return '*';
	if ((from & USER_SEND) != 0)
		return 'S';
	if ((to & USER_RECV) == 0) {
		forget_row(p);
		return '*';
	}
	(void)path_text(p->recipient, p->a->key);
	p->a->table = tb_name(p->s->channels[p->channel[end]].users);
	return 'R';
}

static void
add_rule(struct authorised *a, char first, char second)
{
	size_t n = strlen(a->rule);

	(void)snprintf(a->rule + n, sizeof(a->rule) - n, "%s%c%c",
	    n > 0 ? " " : "", first, second);
}

/*
 * One end: true if nothing is to be said against it.  A host that was found
 * is enough for the ends that do not want a user besides; without one, no
 * user will do if any end wants both.
 */
static bool
judge_end(struct pass *p, enum end end, bool host, bool both)
{
	char letter = end == SOURCE ? 'I' : 'O', who;

	if (host && !wants_user(p, end))
		return true;
	who = !host && both ? '*' : user_pass(p, end);
	if (who == 0) {
		p->a->answer = AUTHORISE_LATER;
		return true;
	}
	if (who == '*')
		add_rule(p->a, '*', letter);
	else
		add_rule(p->a, letter, who);
	return who != '*';
}

/* failed: the modes of the ends that no rule allows. */
static void
conclude(struct pass *p, int modes, int failed)
{
	struct authorised *a = p->a;

	if (failed == 0) {
		a->answer = AUTHORISE_YES;
		if ((modes & ~(AUTH_IN_BLOCK | AUTH_OUT_BLOCK)) != 0)
			a->tell = TELL_PASSED;
		return;
	}
	if ((failed & (AUTH_IN_BLOCK | AUTH_OUT_BLOCK)) != 0) {
		a->answer = AUTHORISE_NO;
		return;
	}
	a->answer = simple(p->s->conf, p->channel[SOURCE], p->from,
	    p->channel[DESTINATION]) ? AUTHORISE_YES : AUTHORISE_NO;
	a->tell = (failed & (AUTH_IN_WARN | AUTH_OUT_WARN)) != 0 ? TELL_WARN :
	    TELL_LOG;
}

static void
make_passes(struct pass *p)
{
	static const enum end ends[] = { SOURCE, DESTINATION };
	bool both = wants_user(p, SOURCE) || wants_user(p, DESTINATION), host;
	int modes = 0, failed = 0;
	enum tb_answer answer;

	answer = host_pass(p);
	host = answer == TB_FOUND;
	if (answer == TB_LATER) {
		p->a->answer = AUTHORISE_LATER;
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		int m = modes_of(p->s, p->channel[ends[i]], ends[i]);

		modes |= m;
		if (m != 0 && !judge_end(p, ends[i], host, both))
			failed |= m;
		if (p->a->answer == AUTHORISE_LATER)
			return;
		/* Nothing can save it: the log shows what barred it. */
		if ((failed & (AUTH_IN_BLOCK | AUTH_OUT_BLOCK)) != 0)
			break;
	}
	conclude(p, modes, failed);
}

/* Apart, so that only who needs it pays for its room on the stack. */
static void
authorise_with_modes(const struct site *s, const struct sending *from,
    int to, const struct mailbox *recipient, struct authorised *a)
{
	struct pass p = {
		.s = s,
		.from = from,
		.channel = { from->channel, to },
		.recipient = recipient,
		.a = a,
	};

	a->modes = true;
	a->answer = AUTHORISE_NO;
	if (tb_literal(recipient->domain, &p.literal) == -1)
		p.literal.family = 0;
	buf_fixed(&p.value, p.memory, sizeof(p.memory));
	make_passes(&p);
}

void
authorise(const struct site *s, const struct sending *from, int to,
    const struct mailbox *recipient, struct authorised *a_r)
{
	const struct conf *c = s->conf;
	const struct settings *v = &c->channels[to].v;

	a_r->tell = TELL_NOTHING;
	a_r->modes = false;
	a_r->to = to;
	a_r->table = "-";
	a_r->rule[0] = a_r->key[0] = a_r->text[0] = '\0';
	a_r->answer = AUTHORISE_NO;
	if (!authorise_by_modes(s, from->channel, to)) {
		if (simple(c, from->channel, from, to))
			a_r->answer = AUTHORISE_YES;
		return;
	}
	if (v->program[0] != '\0' && (v->accept_from.n == 0 ||
	    in_list(&v->accept_from, c->channels[from->channel].title)))
		authorise_with_modes(s, from, to, recipient, a_r);
}
