/*
 * dumpconf - the plan and the record on standard input, as a file that tailor
 * would read; with -o the origins and the plan, too.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "lib/conf.h"
#include "lib/plan.h"

static void
dump_section(const struct section *s, bool origins)
{
	const char *indent = s->scope == SERVER ? "" : "\t";
	char place[300];
	struct buf b;

	buf_init(&b, 1 << 20);
	if (s->scope != SERVER)
		printf("%s \"%s\" {\n", conf_scope_name(s->scope), s->title);
	for (int i = 0; i < SETTING_COUNT; i++) {
		enum setting_id id = (enum setting_id)i;

		if (s->from[i].file == NULL)
			continue;
		buf_reset(&b);
		if (setting_print(&s->v, id, &b) != 0)
			continue;
		printf("%s%s = %s", indent, setting_name(id), buf_str(&b));
		if (origins)
			printf("\t# %s", conf_origin_text(s->from[i], place,
			    sizeof(place)));
		putchar('\n');
	}
	if (s->scope != SERVER)
		printf("}\n");
	buf_free(&b);
}

static void
dump_plan(const struct plan *p)
{
	char text[NET_TEXT];

	printf("# most %d%s %d %d, prefixes %d %d, mode %o, %s, %s\n",
	    p->sections[0].most, p->max_connections_set ? " (set)" : "",
	    p->sections[0].per_address, p->sections[0].per_prefix,
	    p->prefix4, p->prefix6,
	    (unsigned int)p->submit_socket_mode, p->run_directory,
	    p->program_directory);
	for (int i = 0; i < p->nsockets; i++) {
		const struct plan_socket *s = &p->sockets[i];

		printf("# %s %s %d, most %d%s\n", s->name,
		    s->path[0] != '\0' ? s->path : net_text(&s->at, text),
		    s->at.port,
		    p->sections[PLAN_LISTENER(s->listener)].most,
		    s->optional ? ", optional" : "");
	}
	for (int i = 0; i < PLAN_USERS; i++)
		printf("# user %d %d:%d\n", i, (int)p->users[i].uid,
		    (int)p->users[i].gid);
}

int
main(int argc, char *argv[])
{
	bool origins = argc > 1 && strcmp(argv[1], "-o") == 0;
	struct plan p;
	struct conf *c;

	if (plan_read(0, &p) != 0) {
		fprintf(stderr, "no plan\n");
		return 1;
	}
	c = conf_from_fd(0, (int64_t)p.conf_at);
	if (c == NULL) {
		fprintf(stderr, "no record\n");
		return 1;
	}
	if (origins)
		dump_plan(&p);
	dump_section(&c->server, origins);
	for (int i = 0; i < c->nlisteners; i++)
		dump_section(&c->listeners[i], origins);
	for (int i = 0; i < c->nchannels; i++)
		dump_section(&c->channels[i], origins);
	for (int i = 0; i < c->ntables; i++)
		dump_section(&c->tables[i], origins);
	conf_free(c);
	return 0;
}
