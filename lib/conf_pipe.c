/*
 * conf_pipe - what must be right in a channel whose program is pipe.
 */
#include "config.h"

#include <string.h>
#include "lib/argtags.h"
#include "lib/conf_check.h"
#include "lib/text.h"

static struct origin
at(const struct section *s, enum setting_id id)
{
	return s->from[id].file != NULL ? s->from[id] : s->where;
}

static void
check_element(const struct section *s, const char *text, struct conf_wrong *w)
{
	struct origin o = at(s, SETTING_pipe_command);
	const char *wrong = argtags_wrong(text);
	char shown[SETTING_SHOWN];
	bool whole;

	if (wrong != NULL)
		conf_wrong(w, o, "pipe-command: there is no such tag: %s; a "
		    "brace alone is {{", setting_show(wrong, shown));
	else if (s->v.pipe_per == PIPE_PER_MESSAGE &&
	    argtags_personal(text, &whole) &&
	    (!whole || strcmp(text, "{recipient}") != 0))
		conf_wrong(w, o, "pipe-command: with pipe-per message there "
		    "may be several recipients, so that only {recipient} may "
		    "stand in it, and by itself, not %s",
		    setting_show(text, shown));
}

static void
check_header(const struct section *s, struct conf_wrong *w)
{
	static const char *const words[] = { "from-line", "return-path",
	    "original-to", "delivered-to" };
	const struct strings *list = &s->v.pipe_header;
	char shown[SETTING_SHOWN];
	size_t k;

	for (size_t i = 0; i < list->n; i++) {
		for (k = 0; k < ARRAY_LEN(words); k++)
			if (text_same(list->at[i], words[k]))
				break;
		if (k == ARRAY_LEN(words))
			conf_wrong(w, at(s, SETTING_pipe_header),
			    "pipe-header: %s is none of from-line, "
			    "return-path, original-to and delivered-to",
			    setting_show(list->at[i], shown));
	}
}

void
conf_check_pipe(const struct section *s, struct conf_wrong *w)
{
	const struct settings *v = &s->v;
	char shown[SETTING_SHOWN];

	check_header(s, w);
	if (v->pipe_directory[0] != '/')
		conf_wrong(w, at(s, SETTING_pipe_directory),
		    "pipe-directory must be an absolute path, not %s",
		    setting_show(v->pipe_directory, shown));
	for (size_t i = 0; i < v->pipe_command.n; i++)
		check_element(s, v->pipe_command.at[i], w);
	if (v->pipe_command.n > 0 && v->pipe_command.at[0][0] != '/')
		conf_wrong(w, at(s, SETTING_pipe_command), "pipe-command must "
		    "begin with the absolute name of a file, not %s",
		    setting_show(v->pipe_command.at[0], shown));
	if (v->pipe_group[0] != '\0' && v->pipe_user[0] == '\0')
		conf_wrong(w, at(s, SETTING_pipe_group), "pipe-group needs a "
		    "pipe-user");
	if (v->pipe_user[0] != '\0' && strcmp(v->program, "pipe") != 0)
		conf_wrong(w, at(s, SETTING_pipe_user), "channel \"%s\": "
		    "pipe-user is for program = \"pipe\" alone", s->title);
	if (strcmp(v->program, "pipe") != 0)
		return;
	if (v->pipe_command.n == 0)
		conf_wrong(w, at(s, SETTING_program), "channel \"%s\": its "
		    "program pipe needs a pipe-command", s->title);
	if (v->pipe_timeout >= v->delivery_timeout)
		conf_wrong(w, at(s, s->from[SETTING_pipe_timeout].file != NULL
		    ? SETTING_pipe_timeout : SETTING_delivery_timeout),
		    "channel \"%s\": pipe-timeout must be shorter than "
		    "delivery-timeout", s->title);
}
