/*
 * settings: every row's default, bounds and printing, looped from the table.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include "lib/settings.h"
#include "lib/text.h"
#include "tests/lib/equal.h"
#include "tests/tap.h"

static char why[512];

static int
set_one(struct settings *s, enum setting_id id, const char *text)
{
	why[0] = '\0';
	return setting_set(s, id, &text, 1, why, sizeof(why));
}

static void
number(char *dst, size_t size, enum setting_type type, int64_t n)
{
	if (type == SETTING_DURATION)
		snprintf(dst, size, "%" PRId64 "ms", n);
	else
		snprintf(dst, size, "%" PRId64, n);
}

/* At a bound it is taken and printed as the same value; beyond, refused. */
static void
bounds(enum setting_id id)
{
	const struct setting_row *row = &setting_rows[id];
	const int64_t good[] = { row->least, row->most };
	const int64_t bad[] = { row->least - 1, row->most + 1 };
	struct settings s, t;
	char text[64], what[128], printed[64];

	settings_defaults(&s);
	settings_defaults(&t);
	for (size_t i = 0; i < 2; i++) {
		number(text, sizeof(text), row->type, good[i]);
		snprintf(what, sizeof(what), "%s takes %s", setting_name(id),
		    text);
		ok(set_one(&s, id, text) == 0, what);
		ok(setting_text(&s, id, printed, sizeof(printed)) == 0 &&
		    set_one(&t, id, printed) == 0 &&
		    setting_equal(&s, &t, id), "and reads back its print");
		number(text, sizeof(text), row->type, bad[i]);
		snprintf(what, sizeof(what), "%s refuses %s", setting_name(id),
		    text);
		ok(set_one(&s, id, text) != 0 && why[0] != '\0', what);
		ok(setting_equal(&s, &t, id), "and keeps its value");
	}
	ok(set_one(&s, id, "x1") != 0 && set_one(&s, id, "") != 0 &&
	    set_one(&s, id, "0x10") != 0 && set_one(&s, id, " 5") != 0,
	    "nothing but a number");
}

static void
lengths(enum setting_id id)
{
	const struct setting_row *row = &setting_rows[id];
	char *text = calloc(1, (size_t)row->most + 2);
	struct settings s;

	settings_defaults(&s);
	memset(text, 'a', (size_t)row->most);
	ok(set_one(&s, id, text) == 0, setting_name(id));
	text[row->most] = 'a';
	ok(set_one(&s, id, text) != 0, "one character too many");
	ok(set_one(&s, id, "a\nb") != 0 && set_one(&s, id, "\x80") != 0 &&
	    set_one(&s, id, "a\033") != 0, "printable characters only");
	if (row->least > 0)
		ok(set_one(&s, id, "") != 0, "and not empty");
	free(text);
}

static void
list(enum setting_id id)
{
	const struct setting_row *row = &setting_rows[id];
	const char **texts = calloc((size_t)row->most + 1, sizeof(*texts));
	const char *bad[] = { "a", "a\tb" };
	struct settings s;

	settings_defaults(&s);
	for (int64_t i = 0; i <= row->most; i++)
		texts[i] = "a";
	ok(setting_set(&s, id, texts, (size_t)row->most, why, sizeof(why)) ==
	    0, setting_name(id));
	ok(setting_set(&s, id, texts, (size_t)row->most + 1, why,
	    sizeof(why)) != 0, "one element too many");
	ok(setting_set(&s, id, bad, 2, why, sizeof(why)) != 0,
	    "a control character in an element");
	if (row->least > 0)
		ok(setting_set(&s, id, texts, 0, why, sizeof(why)) != 0,
		    "and not empty");
	free(texts);
}

static void
choice(enum setting_id id)
{
	const struct setting_row *row = &setting_rows[id];
	struct settings s;
	char words[256], text[64];
	char *p = words, *end;
	int n = 0;

	settings_defaults(&s);
	ok(text_copy(words, sizeof(words), row->words) == 0, row->words);
	do {
		end = strchr(p, '|');
		if (end != NULL)
			*end = '\0';
		ok(set_one(&s, id, p) == 0, p);
		ok(setting_text(&s, id, text, sizeof(text)) == 0 &&
		    strcmp(text, p) == 0, "prints as itself");
		n++;
		p = end != NULL ? end + 1 : NULL;
	} while (p != NULL);
	ok(n >= 2, "words to choose from");
	ok(set_one(&s, id, "nonsense") != 0 && set_one(&s, id, "") != 0 &&
	    set_one(&s, id, row->words) != 0, "no other word");
}

/*
 * What a listener and a channel may say differently may differ for a single
 * host too, but for these; and what has a variable is one of a client.
 */
static void
places(enum setting_id id)
{
	static const enum setting_id others[] = { SETTING_host_settings,
		SETTING_libwrap_daemon, SETTING_hostname, SETTING_finicky,
		SETTING_rehearse,
		SETTING_helo_refuse, SETTING_sender_refuse,
		SETTING_recipient_refuse, SETTING_sender_logins,
		SETTING_tls_clients,
		SETTING_default_domain,
		SETTING_max_connections,
		SETTING_max_connections_per_address,
		SETTING_max_connections_per_prefix, SETTING_rates };
	const int both = LISTENER | CHANNEL;
	int scope = setting_rows[id].scope;
	bool host = (scope & both) == both || id == SETTING_relay ||
	    id == SETTING_relay_suffix;

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		host = host && id != others[i];
	num((scope & HOST) != 0, host, "may it stand in host-settings");
	ok((scope & VARIABLE) == 0 || ((scope & HOST) != 0 &&
	    setting_rows[id].qmail[0] != '\0' &&
	    setting_rows[id].type != SETTING_LIST),
	    "one with a variable has its name, and may stand there");
}

static void
row_good(enum setting_id id)
{
	const struct setting_row *row = &setting_rows[id];
	const char *name = setting_name(id);
	const char *two[] = { row->fallback, row->fallback };
	struct settings s, t;

	settings_defaults(&s);
	settings_defaults(&t);
	ok(setting_find(name) == (int)id && strchr(name, '_') == NULL, name);
	ok(row->scope > 0 && row->scope < 2 * VARIABLE &&
	    row->text[0] != '\0' &&
	    row->text[strlen(row->text) - 1] == '.', "has scope and text");
	ok(row->least <= row->most, "bounds in order");
	places(id);
	if (row->type != SETTING_LIST) {
		ok(set_one(&s, id, row->fallback) == 0 &&
		    setting_equal(&s, &t, id), "its default is its default");
		ok(setting_set(&s, id, two, 2, why, sizeof(why)) != 0,
		    "not a list");
	}
	switch (row->type) {
	case SETTING_BOOL:
		ok(set_one(&s, id, "Yes") == 0 && set_one(&s, id, "on") == 0 &&
		    set_one(&s, id, "TRUE") == 0, "yes");
		setting_copy(&t, &s, id);
		ok(set_one(&s, id, "no") == 0 && set_one(&s, id, "off") == 0 &&
		    set_one(&s, id, "false") == 0 &&
		    !setting_equal(&s, &t, id), "no");
		ok(set_one(&s, id, "1") != 0 && set_one(&s, id, "") != 0,
		    "nothing else");
		break;
	case SETTING_INT:
	case SETTING_DURATION:
	case SETTING_SIZE:
		bounds(id);
		break;
	case SETTING_STRING:
		lengths(id);
		break;
	case SETTING_LIST:
		list(id);
		break;
	case SETTING_CHOICE:
		choice(id);
		break;
	}
}

static void
messages(void)
{
	struct settings s;
	char shown[SETTING_SHOWN];
	char big[300];

	settings_defaults(&s);
	(void)!set_one(&s, SETTING_max_connections, "many");
	is(why, "max-connections must be a whole number from 1 to 16000, "
	    "not \"many\"", "a number");
	(void)!set_one(&s, SETTING_command_timeout, "5x");
	is(why, "command-timeout must be a time from 1s to 1h, such as 90s or "
	    "5m, not \"5x\"", "a time");
	(void)!set_one(&s, SETTING_bare_newline, "accept");
	is(why, "bare-newline must be one of: reject defer; not \"accept\"",
	    "a word");
	ok(set_one(&s, SETTING_max_connections, "010") == 0 &&
	    s.max_connections == 10, "numbers are decimal");
	ok(set_one(&s, SETTING_max_message_size, "10M") == 0 &&
	    s.max_message_size == 10 << 20, "sizes");
	ok(set_one(&s, SETTING_command_timeout, "90s") == 0 &&
	    s.command_timeout == 90000, "times");
	is(setting_show("a\n\"\xff", shown), "\"a\\x0a\"\\xff\"", "shown");
	memset(big, 1, sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	ok(strlen(setting_show(big, shown)) < SETTING_SHOWN, "cut");
	is(setting_nearest("max-conections", SERVER), "max-connections",
	    "nearest");
	ok(setting_nearest("max-conections", TABLE) == NULL,
	    "not out of its scope");
	ok(setting_find("max_connections") == -1 && setting_find("") == -1,
	    "hyphens only");
}

static void
printing(void)
{
	static const char *const rows[] = { "a \"b\" \\ ${HOME}", "" };
	struct settings s;
	struct buf b;

	settings_defaults(&s);
	buf_init(&b, 4096);
	ok(setting_set(&s, SETTING_rows, rows, 2, why, sizeof(why)) == 0 &&
	    setting_print(&s, SETTING_rows, &b) == 0, "a list");
	is(buf_str(&b), "{\"a \\\"b\\\" \\\\ \\${HOME}\", \"\"}", "printed");
	buf_reset(&b);
	ok(setting_print(&s, SETTING_address, &b) == 0, "the default list");
	is(buf_str(&b), "{\"0.0.0.0\", \"::\"}", "of addresses");
	buf_reset(&b);
	ok(setting_print(&s, SETTING_channels, &b) == 0, "an empty list");
	is(buf_str(&b), "{}", "printed");
	buf_reset(&b);
	ok(setting_print(&s, SETTING_log, &b) == 0, "a string");
	is(buf_str(&b), "\"syslog\"", "printed");
	buf_reset(&b);
	ok(settings_mdoc(TABLE, &b) == 0, "manual rows");
	ok(strstr(buf_str(&b), ".It Ic type No = Ar word\n") != NULL &&
	    strstr(buf_str(&b), ".It Ic hostname") == NULL, "of one scope");
	buf_free(&b);
}

int
main(void)
{
	for (int i = 0; i < SETTING_COUNT; i++)
		row_good((enum setting_id)i);
	messages();
	printing();
	return done();
}
