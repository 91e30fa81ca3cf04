/*
 * clients - who a client is by its certificate; see clients.h.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "lib/text.h"
#include "tables/clients.h"
#include "tables/tbrow.h"
#include "tables/watch.h"

/* As log, queue and Received can have it; not too long for them. */
static void
put_name(char to[CLIENT_NAME], const char *from)
{
	size_t n = 0;

	for (; *from != '\0' && n < CLIENT_NAME - 1; from++, n++)
		to[n] = *from > ' ' && *from < 0x7f &&
		    strchr("()<>\"\\", *from) == NULL ? *from : '_';
	to[n] = '\0';
}

void
clients_text(const struct certificate *c, char dst[CLIENT_TEXT])
{
	(void)snprintf(dst, CLIENT_TEXT, "%s %s %c %s", c->fingerprint,
	    c->key, c->verified ? '+' : '-', c->subject);
}

int
clients_parse(char text[CLIENT_TEXT], struct certificate *c_r)
{
	char *key = strchr(text, ' '), *sign, *subject;

	if (key == NULL || (sign = strchr(key + 1, ' ')) == NULL ||
	    (subject = strchr(sign + 1, ' ')) == NULL ||
	    subject != sign + 2 || (sign[1] != '+' && sign[1] != '-'))
		return -1;
	*key++ = *sign++ = *subject++ = '\0';
	*c_r = (struct certificate){ *sign == '+', text, key, subject };
	return 0;
}

enum tb_answer
clients_login(struct tb *t, const struct certificate *c,
    char login_r[AUTH_LOGIN])
{
	const char *const keys[] = { c->fingerprint, c->key,
	    c->verified ? c->subject : "" };
	enum tb_answer answer = TB_NOT_FOUND;
	struct buf value;

	login_r[0] = '\0';
	buf_init(&value, TBROW_VALUE);
	for (size_t i = 0; t != NULL && i < ARRAY_LEN(keys) &&
	    answer == TB_NOT_FOUND; i++)
		if (keys[i][0] != '\0')
			answer = tb_find(t, keys[i], &value, NULL);
	if (answer == TB_FOUND && (value.len == 0 || text_copy(login_r,
	    AUTH_LOGIN, buf_str(&value)) != 0))
		answer = TB_NOT_FOUND;
	buf_free(&value);
	return answer == TB_NEGATED ? TB_NOT_FOUND : answer;
}

enum tb_answer
clients_find(const struct site *s, const struct settings *set, int channel,
    const struct certificate *c, char name_r[CLIENT_NAME])
{
	const char *const keys[] = { c->fingerprint, c->key,
	    c->verified ? c->subject : "" };
	const char *other = c->subject[0] != '\0' ? c->subject :
	    c->fingerprint;
	enum tb_answer answer = TB_NOT_FOUND;
	struct tb *t = site_table(s, set->tls_clients);
	struct buf value;
	int line;

	name_r[0] = '\0';
	if (t == NULL) {
		if (!c->verified)
			return TB_NOT_FOUND;
		put_name(name_r, other);
		return TB_FOUND;
	}
	buf_init(&value, TBROW_VALUE);
	for (size_t i = 0; i < ARRAY_LEN(keys) && answer == TB_NOT_FOUND;
	    i++) {
		if (keys[i][0] == '\0')
			continue;
		line = 0;
		answer = tb_find(t, keys[i], &value, &line);
		watch_lookup(s, channel, t, keys[i], answer, line);
	}
	if (answer == TB_FOUND)
		put_name(name_r, value.len > 0 ? buf_str(&value) : other);
	buf_free(&value);
	return answer == TB_NEGATED ? TB_NOT_FOUND : answer;
}
