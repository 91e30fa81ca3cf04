/*
 * expiry - how long certificates hold, and saying so before they end.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "smtpsrvr/expiry.h"

#define DAY 86400
#define NAME "certificates-told"

long
expiry_days(const X509 *cert)
{
	int days = 0, seconds = 0;

	if (ASN1_TIME_diff(&days, &seconds, NULL,
	    X509_get0_notAfter(cert)) != 1)
		return -1;
	return days > 0 || seconds > 0 ? days : days < 0 ? days : -1;
}

/* -1 if it was told today, else a descriptor to note that it is now. */
static int
due(const char *run_directory)
{
	char path[4096];
	struct stat st;
	time_t now = time(NULL);

	if (snprintf(path, sizeof path, "%s/" NAME, run_directory) >=
	    (int)sizeof path)
		return -1;
	/* A clock that was wrong must not silence us for long. */
	if (lstat(path, &st) == 0 && st.st_mtime <= now &&
	    now - st.st_mtime < DAY)
		return -1;
	return open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static bool
tell(const char *element, const struct cert *c, int64_t warn_ms)
{
	long days = expiry_days(c->leaf);
	bool soon = warn_ms > 0 && days <= warn_ms / 1000 / DAY;
	const char *staple = cert_ocsp_wrong(c);
	struct cert_files f;
	struct logline l;
	struct buf why;

	if (!soon && staple == NULL)
		return false;
	buf_init(&why, 1024);
	if (cert_files(element, &f, &why) == 0) {
		log_begin(&l, days < 0 ? LEVEL_ERROR : LEVEL_WARNING,
		    "certificate");
		log_text(&l, "file", f.chain);
		if (soon)
			log_num(&l, "days-left", days);
		if (staple != NULL)
			log_text(&l, "ocsp", staple);
		log_end(&l);
	}
	buf_free(&why);
	return true;
}

void
expiry_tell(const struct conf *c, const struct cert *certs, size_t n,
    const char *run_directory)
{
	const struct settings *v = &c->server.v;
	int fd = due(run_directory);
	bool told = false;

	if (fd < 0)
		return;
	for (size_t i = 0; i < n; i++)
		told |= tell(v->certificates.at[i], &certs[i], v->tls_warn);
	/* Nothing to say: whoever has something may say it at once. */
	(void)!futimens(fd, told ? NULL : (const struct timespec[2]){
	    { 0, 0 }, { 0, 0 } });
	close(fd);
}
