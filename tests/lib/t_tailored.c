/* tailored: a tailor that is not there, says no, or writes nonsense. */
#include "config.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/tailored.h"
#include "tests/tap.h"

static char folder[] = "/tmp/t_tailored.XXXXXX";

/* A shell script in tailor's place. */
static int
run(const char *script, int *code_r)
{
	struct tailored_options o = { .programs = folder };
	static struct plan p;
	char path[64];
	FILE *f;

	snprintf(path, sizeof path, "%s/tailor", folder);
	f = fopen(path, "w");
	if (f == NULL)
		exit(1);
	fprintf(f, "#!/bin/sh\n%s\n", script);
	fclose(f);
	chmod(path, 0755);
	return tailored_run(&o, &p, code_r);
}

int
main(void)
{
	struct tailored_options o = { .programs = "/nonexistent" };
	struct plan p;
	int code;

	if (mkdtemp(folder) == NULL || chmod(folder, 0755) != 0)
		return 1;
	num(tailored_run(&o, &p, &code), -1, "no tailor");
	num(code, EX_OSERR, "is the system's fault");
	num(run("exit 78", &code), -1, "a tailor that says no");
	num(code, EX_CONFIG, "is a configuration error");
	num(run("exit 64", &code), -1, "a tailor that is called wrong");
	num(code, EX_USAGE, "is a usage error");
	num(run("kill -9 $$", &code), -1, "a tailor that is killed");
	num(code, EX_CONFIG, "gives no configuration");
	num(run("exit 0", &code), -1, "a tailor that writes nothing");
	num(run("echo nonsense >&3; exit 0", &code), -1, "or nonsense");
	code = chdir(folder) == 0 ? remove("tailor") : -1;
	num(code, 0, "tidied up");
	rmdir(folder);
	return done();
}
