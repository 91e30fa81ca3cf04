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
channel(const struct explained *x, struct show_json *j, int i)
{
	if (i >= 0)
		show_json_pair(j, "channel", x->by->c.conf->channels[i].title);
}

static void
reply(struct show_json *j, const struct reply *r)
{
	show_json_count(j, "code", r->code);
	show_json_pair(j, "enhanced", r->enhanced);
	show_json_pair(j, "text", r->text);
	if (r->code < 400)
		return;
	show_json_pair(j, "reason", r->reason);
	if (r->detail[0] != '\0')
		show_json_pair(j, "detail", r->detail);
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
		show_json_pair(j, "name", setting_name(by[i].id));
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

	show_json_pair(j, "table", tb_name(e->table));
	channel(x, j, e->channel);
	show_json_pair(j, "key", e->text);
	show_json_pair(j, "answer", answers[e->answer]);
	if (e->answer != TB_FOUND && e->answer != TB_NEGATED)
		return;
	show_json_pair(j, "row", e->hit != NULL ? e->hit : e->text);
	if (e->place.file != NULL)
		show_json_pair(j, "file", e->place.file);
	if (e->place.line > 0)
		show_json_count(j, "line", e->place.line);
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
		[EXPLAIN_PACED] = "wait", [EXPLAIN_BUDGET] = "budget",
		[EXPLAIN_CHECKED] = "check", [EXPLAIN_LOGGED] = "log",
		[EXPLAIN_REPLIED] = "reply" };
	static const char *const outcomes[] = { [ASK_FOUND] = "found",
	    [ASK_NONE] = "none", [ASK_LATER] = "later" };

	show_json_pair(j, "event", words[e->kind]);
	show_json_pair(j, "step", e->step);
	switch (e->kind) {
	case EXPLAIN_ASKED:
		show_json_pair(j, "outcome", outcomes[e->outcome]);
		show_json_pair(j, "name", e->text);
		if (e->hit != NULL)
			show_json_pair(j, "remark", e->hit);
		show_json_count(j, "us", e->us);
		return;
	case EXPLAIN_CONSULTED:
		show_json_pair(j, "question", e->text);
		show_json_pair(j, "answer", e->hit);
		show_json_count(j, "us", e->us);
		return;
	case EXPLAIN_LOOKUP:
		looked_up(x, j, e);
		return;
	case EXPLAIN_PASSED:
	case EXPLAIN_CHOSEN:
		channel(x, j, e->channel);
		if (e->text != NULL)
			show_json_pair(j, "why", e->text);
		return;
	case EXPLAIN_TARGET:
	case EXPLAIN_NOWHERE:
		show_json_pair(j, "address", e->text);
		if (e->hit != NULL)
			show_json_pair(j, "why", e->hit);
		return;
	case EXPLAIN_CHECKED:
		show_json_pair(j, "check", e->check->name);
		show_json_pair(j, "verdict",
		    e->verdict == PASS ? "pass" :
		    e->verdict == REHEARSED ? "would-refuse" : "refuse");
		show_json_count(j, "us", e->us);
		if (e->verdict != PASS)
			reply(j, &e->reply);
		settings(x, j, e);
		return;
	case EXPLAIN_PACED:
		show_json_pair(j, "what", e->text);
		show_json_count(j, "ms", e->us / 1000);
		settings(x, j, e);
		return;
	case EXPLAIN_BUDGET:
		settings(x, j, e);
		return;
	case EXPLAIN_LOGGED:
		show_json_pair(j, "line", e->text);
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
		show_json_pair(j, "host", r->host);
		show_json_pair(j, "address", r->address);
		show_json_pair(j, "mailbox", r->mailbox);
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
	show_json_pair(j, "name", x->name);
	show_json_close(j, '}');
}

void
explain_json(const struct explained *x, struct show_json *j)
{
	char address[NET_TEXT];

	show_json_open(j, '{');
	show_json_pair(j, "address", net_text(&x->what->address, address));
	if (x->what->proxy.family != 0)
		show_json_pair(j, "proxy", net_text(&x->what->proxy,
		    address));
	show_json_pair(j, "from", x->what->from);
	show_json_pair(j, "to", x->what->to);
	show_json_pair(j, "helo", x->helo);
	if (x->what->listener >= 0)
		show_json_pair(j, "listener",
		    x->by->c.conf->listeners[x->what->listener].title);
	show_json_pair(j, "verdict", reply_good(&x->final) ? "accept" :
	    reply_temporary(&x->final) ? "defer" : "refuse");
	show_json_pair(j, "step", x->final_step);
	if (x->mute)
		show_json_pair(j, "said", "nothing");
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
	show_json_count(j, "us", x->us);
	show_json_close(j, '}');
}
