/*
 * by_pam - PAM: authentication, and whether the account may be used.
 *
 * A module that reads /etc/shadow needs root: auth-user says who we are.  How
 * long a failure takes is authsrvr's matter, not the modules'.
 */
#include "config.h"

#ifdef HAVE_PAM

#include <stdlib.h>
#include <string.h>
#include <security/pam_appl.h>
#include "authsrvr/backend.h"
#include "lib/xalloc.h"

/* What a conversation is about. */
struct talk {
	const char *password;
	int asked;		/* how often for it */
};

static void
forget(struct pam_response *answers, int n)
{
	for (int k = 0; k < n; k++) {
		if (answers[k].resp != NULL)
			explicit_bzero(answers[k].resp,
			    strlen(answers[k].resp));
		free(answers[k].resp);
	}
	free(answers);
}

/* PAM frees what it gets with free(3), so it must be malloc's: xalloc's is. */
static bool
reply(struct talk *t, const struct pam_message *m, struct pam_response *a)
{
	switch (m->msg_style) {
	case PAM_PROMPT_ECHO_OFF:
		/* A second secret (a code, a new password) nobody has. */
		if (t->asked++ > 0)
			return false;
		a->resp = xstrdup(t->password);
		return true;
	case PAM_ERROR_MSG:
	case PAM_TEXT_INFO:
		return true;
	default:
		return false;
	}
}

static int
converse(int n, const struct pam_message **messages,
    struct pam_response **answers_r, void *ctx)
{
	struct pam_response *answers;

	if (n <= 0 || n > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	answers = xcalloc((size_t)n, sizeof(*answers));
	for (int k = 0; k < n; k++) {
		if (!reply(ctx, messages[k], &answers[k])) {
			forget(answers, n);
			return PAM_CONV_ERR;
		}
	}
	*answers_r = answers;
	return PAM_SUCCESS;
}

static void
no_delay(int status, unsigned us, void *ctx)
{
	(void)status, (void)us, (void)ctx;
}

/* What is neither is trouble of the machine's, and no verdict. */
static enum backend_says
says(struct inquiry *i, pam_handle_t *pam, int code)
{
	switch (code) {
	case PAM_SUCCESS:
		return SAYS_YES;
	case PAM_USER_UNKNOWN:
		return SAYS_UNKNOWN;
	case PAM_AUTH_ERR:
	case PAM_PERM_DENIED:
	case PAM_MAXTRIES:
	case PAM_ACCT_EXPIRED:
	case PAM_NEW_AUTHTOK_REQD:
	case PAM_CRED_INSUFFICIENT:
	case PAM_CONV_ERR:
		return SAYS_NO;
	default:
		return backend_later(i, "service %s: %s",
		    i->s->auth_pam_service, pam_strerror(pam, code));
	}
}

static int
run(pam_handle_t *pam, const char *host)
{
	union {
		void (*function)(int, unsigned, void *);
		const void *item;
	} delay = { no_delay };
	int code = pam_set_item(pam, PAM_FAIL_DELAY, delay.item);

	if (code == PAM_SUCCESS)
		code = pam_set_item(pam, PAM_RHOST, host);
	if (code == PAM_SUCCESS)
		code = pam_authenticate(pam,
		    PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
	if (code == PAM_SUCCESS)
		code = pam_acct_mgmt(pam,
		    PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
	return code;
}

/* Modules may know the user by another name than was typed. */
static bool
take_name(struct inquiry *i, pam_handle_t *pam)
{
	const void *name = NULL;

	return pam_get_item(pam, PAM_USER, &name) == PAM_SUCCESS &&
	    name != NULL && login_prepare(i->login, name,
	    i->s->auth_ignore_case) == 0;
}

enum backend_says
by_pam(struct inquiry *i)
{
	struct talk t = { .password = i->q->secret };
	const struct pam_conv conv = { converse, &t };
	pam_handle_t *pam = NULL;
	char host[NET_TEXT];
	enum backend_says answer;
	int code;

	if (i->q->secret_len >= PAM_MAX_RESP_SIZE)
		return SAYS_UNKNOWN;
	code = pam_start(i->s->auth_pam_service, i->login, &conv, &pam);
	if (code != PAM_SUCCESS)
		return backend_later(i, "service %s cannot be started",
		    i->s->auth_pam_service);
	code = run(pam, net_text(&i->q->client, host));
	answer = says(i, pam, code);
	if (answer == SAYS_YES && !take_name(i, pam))
		answer = SAYS_NO;
	pam_end(pam, code);
	return answer;
}

#endif
