/*
 * explain_json - an explanation for programs: one object a case.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include "tools/explain.h"
#include "tools/inforce.h"
#include "tools/show.h"

static void
text(struct show_json *j, const char *key, const char *value)
{
	show_json_key(j, key);
	show_json_text(j, value);
}

static void
number(struct show_json *j, const char *key, int64_t n)
{
	show_json_key(j, key);
	show_json_number(j, n);
}

static void
channel(const struct explained *x, struct show_json *j, int i)
{
	if (i >= 0)
		text(j, "channel", x->by->c.conf->channels[i].title);
}

static void
reply(struct show_json *j, const struct reply *r)
{
	number(j, "code", r->code);
	text(j, "enhanced", r->enhanced);
	text(j, "text", r->text);
	if (r->code < 400)
		return;
	text(j, "reason", r->reason);
	if (r->detail[0] != '\0')
		text(j, "detail", r->detail);
}

static void
settings(const struct explained *x, struct show_json *j,
    const struct explain_event *e)
{
	struct explain_setting by[EXPLAIN_SETTINGS];
	size_t n = explain_settings(x, e, by);
	struct inforce_from from;
	struct inforce f;

	show_json_key(j, "settings");
	show_json_open(j, '[');
	for (size_t i = 0; i < n; i++) {
		explain_inforce(x, by[i].channel, &f);
		inforce_from(&f, by[i].id, &from);
		show_json_open(j, '{');
		text(j, "name", setting_name(by[i].id));
		channel(x, j, by[i].channel);
		show_json_key(j, "value");
		inforce_json(j, &f.in->v, by[i].id);
		inforce_json_from(j, &from);
		show_json_close(j, '}');
	}
	show_json_close(j, ']');
}

static void
looked_up(const struct explained *x, struct show_json *j,
    const struct explain_event *e)
{
	static const char *const answers[] = { [TB_FOUND] = "found",
	    [TB_NOT_FOUND] = "not-found", [TB_LATER] = "later",
	    [TB_NEGATED] = "negated" };

	text(j, "table", tb_name(e->table));
	channel(x, j, e->channel);
	text(j, "key", e->text);
	text(j, "answer", answers[e->answer]);
	if (e->answer != TB_FOUND && e->answer != TB_NEGATED)
		return;
	text(j, "row", e->hit != NULL ? e->hit : e->text);
	if (e->place.file != NULL)
		text(j, "file", e->place.file);
	if (e->place.line > 0)
		number(j, "line", e->place.line);
}

/* What kind of event it is says the first key. */
static void
event(const struct explained *x, struct show_json *j,
    const struct explain_event *e)
{
	static const char *const words[] = {
		[EXPLAIN_ASKED] = "name", [EXPLAIN_CONSULTED] = "lookup",
		[EXPLAIN_LOOKUP] = "table",
		[EXPLAIN_PASSED] = "passed-over", [EXPLAIN_CHOSEN] = "chosen",
		[EXPLAIN_TARGET] = "alias", [EXPLAIN_NOWHERE] = "left-out",
		[EXPLAIN_CHECKED] = "check", [EXPLAIN_LOGGED] = "log",
		[EXPLAIN_REPLIED] = "reply" };
	static const char *const outcomes[] = { [ASK_FOUND] = "found",
	    [ASK_NONE] = "none", [ASK_LATER] = "later" };

	text(j, "event", words[e->kind]);
	text(j, "step", e->step);
	switch (e->kind) {
	case EXPLAIN_ASKED:
		text(j, "outcome", outcomes[e->outcome]);
		text(j, "name", e->text);
		if (e->hit != NULL)
			text(j, "remark", e->hit);
		number(j, "us", e->us);
		return;
	case EXPLAIN_CONSULTED:
		text(j, "question", e->text);
		text(j, "answer", e->hit);
		number(j, "us", e->us);
		return;
	case EXPLAIN_LOOKUP:
		looked_up(x, j, e);
		return;
	case EXPLAIN_PASSED:
	case EXPLAIN_CHOSEN:
		channel(x, j, e->channel);
		if (e->text != NULL)
			text(j, "why", e->text);
		return;
	case EXPLAIN_TARGET:
	case EXPLAIN_NOWHERE:
		text(j, "address", e->text);
		if (e->hit != NULL)
			text(j, "why", e->hit);
		return;
	case EXPLAIN_CHECKED:
		text(j, "check", e->check->name);
		text(j, "verdict", e->verdict == PASS ? "pass" : "refuse");
		number(j, "us", e->us);
		if (e->verdict != PASS)
			reply(j, &e->reply);
		settings(x, j, e);
		return;
	case EXPLAIN_LOGGED:
		text(j, "line", e->text);
		return;
	case EXPLAIN_REPLIED:
		reply(j, &e->reply);
		return;
	}
}

static void
routes(const struct explained *x, struct show_json *j)
{
	show_json_key(j, "routes");
	show_json_open(j, '[');
	for (size_t i = 0; i < x->routes.n; i++) {
		const struct route *r = &x->routes.at[i];

		show_json_open(j, '{');
		channel(x, j, r->channel);
		text(j, "host", r->host);
		text(j, "address", r->address);
		text(j, "mailbox", r->mailbox);
		show_json_close(j, '}');
	}
	show_json_close(j, ']');
}

static void
source(const struct explained *x, struct show_json *j)
{
	show_json_key(j, "source");
	show_json_open(j, '{');
	channel(x, j, x->source.channel);
	show_json_key(j, "found");
	show_json_bool(j, x->source.found);
	show_json_key(j, "uncertain");
	show_json_bool(j, x->source.uncertain);
	text(j, "name", x->name);
	show_json_close(j, '}');
}

void
explain_json(const struct explained *x, struct show_json *j)
{
	char address[NET_TEXT];

	show_json_open(j, '{');
	text(j, "address", net_text(&x->what->address, address));
	text(j, "from", x->what->from);
	text(j, "to", x->what->to);
	text(j, "helo", x->helo);
	if (x->what->listener >= 0)
		text(j, "listener",
		    x->by->c.conf->listeners[x->what->listener].title);
	text(j, "verdict", reply_good(&x->final) ? "accept" :
	    reply_temporary(&x->final) ? "defer" : "refuse");
	text(j, "step", x->final_step);
	reply(j, &x->final);
	source(x, j);
	routes(x, j);
	if (x->asked) {
		show_json_key(j, "submit-agrees");
		show_json_bool(j, x->agrees);
	}
	show_json_key(j, "events");
	show_json_open(j, '[');
	for (size_t i = 0; i < x->n; i++) {
		show_json_open(j, '{');
		event(x, j, &x->at[i]);
		show_json_close(j, '}');
	}
	show_json_close(j, ']');
	number(j, "us", x->us);
	show_json_close(j, '}');
}
