/*
 * explain_text - an explanation for people, in the order of what happened.
 *
 * What a client, a name server or a table says is escaped (show.h).
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "tools/explain.h"
#include "tools/inforce.h"
#include "tools/show.h"

#define VALUE_MOST (1024 * 1024)
#define PLACE 1100
#define COLUMN 40		/* where a setting's origin begins */

static const char *
title(const struct explained *x, int channel)
{
	return channel < 0 ? "-" : x->by->c.conf->channels[channel].title;
}

static const char *
place(struct origin o, char *dst)
{
	return conf_origin_text(o, dst, PLACE);
}

/* A label, and what follows it stands in one column. */
static void
label(const char *word)
{
	printf("  %-9s", word);
}

static void
quoted(const char *text)
{
	putchar('"');
	show_text(stdout, text);
	putchar('"');
}

static void
setting(const struct explained *x, int channel, enum setting_id id)
{
	char where[INFORCE_TEXT];
	struct inforce_from from;
	struct inforce f;
	struct buf b;

	explain_inforce(x, channel, &f);
	inforce_from(&f, id, &from);
	buf_init(&b, VALUE_MOST);
	if (buf_addf(&b, "%s = ", setting_name(id)) != 0 ||
	    setting_print(&f.in->v, id, &b) != 0)
		buf_reset(&b);
	label("");
	printf("  %-*s  # ", COLUMN, buf_str(&b));
	if (channel >= 0 && inforce_of_channel(id) && from.layer == LAYER_CONF)
		printf("channel \"%s\", ", title(x, channel));
	show_text(stdout, inforce_from_text(&from, where));
	putchar('\n');
	buf_free(&b);
}

static const char *
who_answers(const struct explained *x)
{
	return x->by->lookup.who == LOOKUP_RESIDENT ? "lookup" :
	    x->by->lookup.who == LOOKUP_OWN ? "a lookup of our own" :
	    "no lookup";
}

static void
asked(const struct explained *x, const struct explain_event *e)
{
	label("name");
	if (x->by->lookup.who == LOOKUP_NOBODY)
		printf("unknown: nobody can look it up");
	else if (e->outcome == ASK_FOUND)
		quoted(e->text);
	else
		printf("%s", e->outcome == ASK_NONE ?
		    "none that points back to the address" :
		    "could not be found out in time");
	if (e->hit != NULL)
		printf(": %s", e->hit);
	printf(" (%s, %" PRId64 " us)\n", who_answers(x), e->us);
}

static void
consulted(const struct explained *x, const struct explain_event *e)
{
	label("lookup");
	show_text(stdout, e->text);
	printf(": ");
	show_text(stdout, e->hit);
	printf(" (%s, %" PRId64 " us)\n", who_answers(x), e->us);
}

static void
looked_up(const struct explained *x, const struct explain_event *e)
{
	char where[PLACE];

	label("table");
	printf("\"%s\" of channel \"%s\": ", tb_name(e->table),
	    title(x, e->channel));
	quoted(e->text);
	switch (e->answer) {
	case TB_FOUND:
		printf(" found");
		if (e->hit != NULL && strcmp(e->hit, e->text) != 0) {
			printf(" as ");
			quoted(e->hit);
		}
		printf(", %s\n", place(e->place, where));
		return;
	case TB_NEGATED:
		printf(" not found, because of ");
		quoted(e->hit != NULL ? e->hit : e->text);
		printf(", %s\n", place(e->place, where));
		return;
	case TB_NOT_FOUND:
		printf(" not found\n");
		return;
	case TB_LATER:
		printf(" cannot be looked up: the table cannot be read, or is "
		    "damaged\n");
		return;
	}
}

static void
settings(const struct explained *x, const struct explain_event *e)
{
	struct explain_setting by[EXPLAIN_SETTINGS];
	size_t n = explain_settings(x, e, by);

	for (size_t i = 0; i < n; i++)
		setting(x, by[i].channel, by[i].id);
}

static void
checked(const struct explained *x, const struct explain_event *e)
{
	label("check");
	printf("%s: ", e->check->name);
	if (e->verdict == PASS)
		printf("passed");
	else
		printf("%s, %s%s%s", e->verdict == REHEARSED ?
		    "passed, would be refused (rehearse)" : "refused",
		    e->reply.reason,
		    e->reply.detail[0] != '\0' ? ", " : "", e->reply.detail);
	printf(" (%" PRId64 " us)\n", e->us);
	settings(x, e);
}

static void
event(const struct explained *x, const struct explain_event *e)
{
	switch (e->kind) {
	case EXPLAIN_ASKED:
		asked(x, e);
		return;
	case EXPLAIN_CONSULTED:
		consulted(x, e);
		return;
	case EXPLAIN_LOOKUP:
		looked_up(x, e);
		return;
	case EXPLAIN_PASSED:
		label("channel");
		printf("\"%s\" is passed over: %s\n", title(x, e->channel),
		    e->text != NULL ? e->text :
		    "mail from this source may not go there");
		return;
	case EXPLAIN_CHOSEN:
		label("channel");
		printf("\"%s\" is the destination%s%s\n", title(x, e->channel),
		    e->text != NULL ? ": " : "",
		    e->text != NULL ? e->text : "");
		return;
	case EXPLAIN_TARGET:
	case EXPLAIN_NOWHERE:
		label("alias");
		quoted(e->text);
		if (e->kind == EXPLAIN_NOWHERE) {
			printf(" is left out: ");
			show_text(stdout, e->hit != NULL ? e->hit : "");
		}
		putchar('\n');
		return;
	case EXPLAIN_CHECKED:
		checked(x, e);
		return;
	case EXPLAIN_PACED:
		label("wait");
		printf("%s waits %" PRId64 " ms, unless there is stress\n",
		    e->text, e->us / 1000);
		settings(x, e);
		return;
	case EXPLAIN_BUDGET:
		label("budget");
		printf("what would end the session with 421 later\n");
		settings(x, e);
		return;
	case EXPLAIN_LOGGED:
		label("log");
		show_text(stdout, e->text);
		putchar('\n');
		return;
	case EXPLAIN_REPLIED:
		if (x->mute)
			return;
		label("reply");
		printf("%d %s%s%s\n", e->reply.code, e->reply.enhanced,
		    e->reply.enhanced[0] != '\0' ? " " : "", e->reply.text);
		return;
	}
}

/* After the greeting's checks it is known where the mail comes from. */
static void
source(const struct explained *x)
{
	label("source");
	if (x->source.channel < 0)
		printf("not let in\n");
	else
		printf("channel \"%s\", %s%s\n", title(x, x->source.channel),
		    x->source.found ? "whose table holds the host" :
		    "the last of the list: no table holds the host",
		    x->source.uncertain ? "; not certain: a look-up failed" :
		    "");
}

/* What a command was, as far as it is of interest. */
static void
step(const struct explained *x, const char *name)
{
	const struct explain_case *k = x->what;
	const char *text = strcmp(name, "EHLO") == 0 ||
	    strcmp(name, "LHLO") == 0 ? x->helo :
	    strcmp(name, "MAIL") == 0 ? k->from :
	    strcmp(name, "RCPT") == 0 ? k->to : NULL;

	printf("\n%s", name);
	if (text != NULL) {
		putchar(' ');
		show_text(stdout, text);
	}
	putchar('\n');
}

/* Where submit would put it.  Its look-ups are those of the session. */
static void
submitted(const struct explained *x)
{
	if (!x->asked)
		return;
	step(x, "submit");
	label("decides");
	printf("%s\n", x->agrees ? "the same" : "otherwise");
	for (size_t i = 0; i < x->routes.n; i++) {
		const struct route *r = &x->routes.at[i];

		label("route");
		printf("channel \"%s\", ", title(x, r->channel));
		show_text(stdout, r->address);
		if (r->mailbox[0] != '\0') {
			printf(", mailbox ");
			show_text(stdout, r->mailbox);
		} else {
			printf(", host ");
			show_text(stdout, r->host);
		}
		putchar('\n');
	}
}

void
explain_text(const struct explained *x)
{
	const struct conf *c = x->by->c.conf;
	char text[NET_TEXT], where[PLACE];
	const char *at = "";

	printf("client %s", net_text(&x->what->address, text));
	if (x->what->proxy.family != 0)
		printf(", as the proxy %s says",
		    net_text(&x->what->proxy, text));
	if (x->what->listener >= 0)
		printf(", listener \"%s\" (%s)",
		    c->listeners[x->what->listener].title,
		    place(c->listeners[x->what->listener].where, where));
	putchar('\n');
	for (size_t i = 0; i < x->n; i++) {
		const struct explain_event *e = &x->at[i];

		if (strcmp(e->step, "submit") == 0 && x->agrees)
			break;
		if (strcmp(e->step, at) != 0)
			step(x, at = e->step);
		event(x, e);
		if (e->kind == EXPLAIN_CHECKED && e->check->stage == CONNECT &&
		    strcmp(e->check->name, "source") == 0)
			source(x);
	}
	submitted(x);
	if (x->mute) {
		printf("\nrefused: closed without a reply (%" PRId64
		    " us)\n", x->us);
		return;
	}
	printf("\n%s: %d %s %s (%" PRId64 " us)\n",
	    reply_good(&x->final) ? "accepted" :
	    reply_temporary(&x->final) ? "refused for now" : "refused",
	    x->final.code, x->final.enhanced, x->final.text, x->us);
}
