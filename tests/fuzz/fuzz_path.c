/*
 * fuzz_path - any bytes as a path: what is taken can be written and read
 * again, and is within its bounds.
 */
#include "config.h"

#include <string.h>
#include "lib/path.h"
#include "lib/utf8.h"
#include "lib/xalloc.h"
#include "tests/fuzz/fuzz.h"

static void
check_mailbox(const struct mailbox *m, enum path_kind kind)
{
	struct mailbox again;
	char text[PATH_TEXT], wire[PATH_TEXT + 2];
	size_t end, i, len, n;
	uint32_t code;

	len = strlen(path_text(m, text));
	must(len < PATH_TEXT, "path_text() ends within PATH_TEXT");
	snprintf(wire, sizeof(wire), "<%s>", text);
	must(path_parse(wire, len + 2, kind, &again, &end) == PATH_OK,
	    "what path_text() writes is a path");
	must(end == len + 2, "all of it");
	must(memcmp(m, &again, sizeof(again)) == 0, "the same one");
	for (i = 0; i < len; i += n) {
		n = utf8_next(text + i, len - i, &code);
		must(n == 1 || (n > 1 && (kind & PATH_UTF8) != 0), "UTF-8");
		must(!utf8_is_control(code), "printable");
	}
	for (i = 0; m->domain[i] != '\0'; i++)
		must(m->domain[i] < 'A' || m->domain[i] > 'Z', "lower case");
	if ((kind & ~PATH_UTF8) == PATH_FORWARD) {
		must(m->local[0] != '\0', "a recipient has a local part");
		must(!path_is_ascii(m->domain) || m->domain[0] == '\0' ||
		    path_is_domain(m->domain, i) ||
		    path_is_literal(m->domain, i), "and a good domain");
	}
}

static void
check_path(const char *s, size_t size, enum path_kind kind)
{
	struct mailbox m, none = { .local = "" };
	size_t end;
	enum path_error e = path_parse(s, size, kind, &m, &end);

	if (e == PATH_OK) {
		must(end >= 2 && end <= size && s[end - 1] == '>',
		    "a path ends in >");
		check_mailbox(&m, kind);
	} else {
		must(end == 0 && memcmp(&m, &none, sizeof(m)) == 0,
		    "a refused path leaves nothing");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data;
	char *bare = xmemdup0(s, size);
	struct mailbox m;

	check_path(s, size, PATH_REVERSE);
	check_path(s, size, PATH_FORWARD);
	check_path(s, size, PATH_REVERSE | PATH_UTF8);
	check_path(s, size, PATH_FORWARD | PATH_UTF8);
	if (path_parse_bare(bare, &m) == PATH_OK)
		check_mailbox(&m, PATH_FORWARD);
	must(!path_is_domain(s, size) || !path_is_literal(s, size),
	    "no literal is a domain");
	free(bare);
	return 0;
}
