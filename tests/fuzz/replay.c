/*
 * replay - runs a fuzz target over a corpus, without libFuzzer.
 *
 *	fuzz_path.t [directory...]
 *
 * Without directories: the target's own corpus.  One line of TAP a file; a
 * broken promise or a sanitizer's report ends the program without its plan.
 */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include "lib/xalloc.h"
#include "tests/fuzz/fuzz.h"
#include "tests/tap.h"

#define INPUT_MOST (1024 * 1024)

static void
replay_file(const char *path, const char *name)
{
	char *p = xmalloc(INPUT_MOST), *exact;
	FILE *f = fopen(path, "rb");
	size_t len;

	if (f == NULL) {
		ok(false, path);
		free(p);
		return;
	}
	len = fread(p, 1, INPUT_MOST, f);
	fclose(f);
	/* Exactly as long as it is, so that a sanitizer sees one byte more. */
	exact = xmalloc(len);
	memcpy(exact, p, len);
	free(p);
	LLVMFuzzerTestOneInput((const uint8_t *)exact, len);
	free(exact);
	ok(true, name);
}

static int
plain(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static void
replay_directory(const char *directory)
{
	struct dirent **names = NULL;
	char path[4096];
	int i, n = scandir(directory, &names, plain, alphasort);

	if (!ok(n > 0, "a corpus"))
		printf("# %s: %s\n", directory,
		    n == -1 ? strerror(errno) : "empty");
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory,
		    names[i]->d_name);
		replay_file(path, names[i]->d_name);
		free(names[i]);
	}
	free(names);
}

int
main(int argc, char **argv)
{
	const char *source = getenv("top_srcdir");
	char own[4096];
	int i;

	for (i = 1; i < argc; i++)
		replay_directory(argv[i]);
	if (argc == 1) {
		snprintf(own, sizeof(own), "%s/tests/fuzz/corpus/%s",
		    source != NULL ? source : FUZZ_SOURCE, FUZZ_CORPUS);
		replay_directory(own);
	}
	return done();
}
