/*
 * keysrvr - has the private keys, and signs handshakes with them, and the keys
 * of session tickets (ticket_keys.h); sessions, which speak TLS, never see
 * one.
 *
 * The template starts it (keys.h), with what it was started with itself: as
 * root it reads the files and becomes the key user for good.  It has no
 * file, no network, no client.  Whoever asks may be a session that a client
 * has taken over: it can have things signed as long as it lives, and nothing
 * else; a block that could be something to decrypt is not touched.  It ends
 * when the template and all sessions of it are gone.
 *
 * Descriptors: 3 the configuration record, 4 one end of a pair: it says R
 * there when the keys are read, and hears the end of the template and of all
 * its sessions; 5 the log, 6 the listening socket.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "lib/clock.h"
#include "lib/conf.h"
#include "lib/log.h"
#include "lib/plan.h"
#include "lib/priv.h"
#include "lib/xalloc.h"
#include "smtpsrvr/certs.h"
#include "smtpsrvr/ticket_keys.h"

enum { RECORD = 3, CONTROL = 4, LOG = 5, LISTEN = 6 };

#define ASKERS 1024		/* connections at once; others wait */

struct key {
	EVP_PKEY *key;
	unsigned char digest[KEY_DIGEST];
};

struct keys {
	struct key *at;
	size_t n;
	struct ticket_keys tickets;
	struct pollfd *p;	/* CONTROL, LISTEN, then who asks */
	nfds_t np;
};

static void
read_keys(struct keys *k, const struct strings *elements)
{
	struct cert_files f;
	struct buf why;

	buf_init(&why, 1024);
	k->at = xcalloc(elements->n, sizeof *k->at);
	for (; k->n < elements->n; k->n++) {
		struct key *x = &k->at[k->n];

		if (cert_files(elements->at[k->n], &f, &why) != 0 ||
		    (x->key = cert_read_key(&f, &why)) == NULL)
			fatal(EX_CONFIG, "certificates: %s", buf_str(&why));
		if (cert_key_digest(x->key, x->digest) != 0)
			fatal(EX_SOFTWARE, "%s: no digest", f.key);
	}
	buf_free(&why);
}

static void
load(struct keys *k)
{
	struct plan *plan = xcalloc(1, sizeof *plan);
	struct conf *c;

	if (plan_read(RECORD, plan) != 0 ||
	    (c = conf_from_fd(RECORD, (int64_t)plan->conf_at)) == NULL)
		fatal(EX_OSERR, "no configuration record");
	log_level_set((enum log_level)c->server.v.log_level);
	read_keys(k, &c->server.v.certificates);
	k->tickets.life = c->server.v.tls_ticket_time;
	if (geteuid() == 0 && priv_drop(plan->users[PLAN_KEYS].uid,
	    plan->users[PLAN_KEYS].gid) != 0)
		fatal(EX_OSERR, "cannot become the key user");
	conf_free(c);
	free(plan);
	close(RECORD);
}

/* Never swapped where that is allowed, never dumped. */
static void
confine(void)
{
	(void)!mlockall(MCL_CURRENT);
	if (priv_limit(RLIMIT_CORE, 0) != 0 ||
	    priv_limit(RLIMIT_FSIZE, 0) != 0 || priv_no_new() != 0)
		fatal(EX_OSERR, "cannot give up privileges");
	if (priv_filter(&filter_keysrvr) != 0)
		fatal(EX_OSERR, "cannot enter the filter");
}

static void
mask(unsigned char *p, size_t n, const unsigned char *seed, size_t len,
    const EVP_MD *md)
{
	unsigned char in[EVP_MAX_MD_SIZE + 4], out[EVP_MAX_MD_SIZE];
	unsigned int size = 0;

	memcpy(in, seed, len);
	for (uint32_t i = 0; n > 0; i++) {
		in[len] = (unsigned char)(i >> 24);
		in[len + 1] = (unsigned char)(i >> 16);
		in[len + 2] = (unsigned char)(i >> 8);
		in[len + 3] = (unsigned char)i;
		if (EVP_Digest(in, len + 4, out, &size, md, NULL) != 1)
			return;
		for (size_t j = 0; j < size && n > 0; j++, n--)
			*p++ ^= out[j];
	}
}

/*
 * Is it a block that PSS made (RFC 8017 9.1.1), with a salt as long as the
 * digest, as TLS wants it?  What somebody encrypted to this key never is.
 */
static bool
is_pss(const unsigned char *block, size_t len, int bits, const EVP_MD *md)
{
	unsigned char b[KEY_MOST];
	size_t h = (size_t)EVP_MD_get_size(md), db = len - h - 1, i;
	unsigned top = (unsigned)(bits - 1) % 8;

	if (top == 0 || len != (size_t)(bits + 7) / 8 || len < 2 * h + 2 ||
	    block[len - 1] != 0xbc || block[0] >> top != 0)
		return false;
	memcpy(b, block, db);
	mask(b, db, block + db, h, md);
	b[0] &= (unsigned char)((1U << top) - 1);
	for (i = 0; i < db - h - 1; i++)
		if (b[i] != 0)
			return false;
	return b[i] == 1;
}

static bool
is_pss_of_any(const struct key_question *q, EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key);

	return is_pss(q->data, q->len, bits, EVP_sha256()) ||
	    is_pss(q->data, q->len, bits, EVP_sha384()) ||
	    is_pss(q->data, q->len, bits, EVP_sha512());
}

/* What op does to a context; 0, or -1 if that key or that data may not. */
static int
choose(EVP_PKEY_CTX *ctx, const struct key_question *q, EVP_PKEY *key)
{
	bool rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;

	switch ((enum key_op)q->op) {
	case KEY_RSA_PADDED:
		return rsa && EVP_PKEY_CTX_set_rsa_padding(ctx,
		    RSA_PKCS1_PADDING) == 1 ? 0 : -1;
	case KEY_RSA_PSS:
		return rsa && is_pss_of_any(q, key) &&
		    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) == 1 ?
		    0 : -1;
	case KEY_ECDSA:
		return !rsa && q->len <= EVP_MAX_MD_SIZE ? 0 : -1;
	case KEY_SEAL:
	case KEY_OPEN:
		break;
	}
	return -1;
}

static void
sign(const struct keys *k, const struct key_question *q,
    struct key_answer *a_r)
{
	EVP_PKEY_CTX *ctx;
	size_t len = sizeof a_r->data, i;

	for (i = 0; i < k->n; i++)
		if (memcmp(k->at[i].digest, q->key, KEY_DIGEST) == 0)
			break;
	if (i == k->n)
		return;
	ctx = EVP_PKEY_CTX_new(k->at[i].key, NULL);
	if (ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	    choose(ctx, q, k->at[i].key) == 0 &&
	    EVP_PKEY_sign(ctx, a_r->data, &len, q->data, q->len) == 1)
		a_r->len = (uint32_t)len;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
}

/* A ticket of another binding gets keys that do not open it. */
static void
seal(struct keys *k, const struct key_question *q, struct key_answer *a_r)
{
	struct ticket_sealing s;
	int64_t now = clock_ms();
	int bad;

	if (q->len != TICKET_BOUND + TICKET_NAME)
		return;
	memcpy(s.name, q->data + TICKET_BOUND, sizeof s.name);
	bad = q->op == KEY_SEAL ?
	    ticket_keys_seal(&k->tickets, now, q->data, &s) :
	    ticket_keys_open(&k->tickets, now, q->data, &s);
	if (bad != 0)
		return;
	memcpy(a_r->data, &s, sizeof s);
	a_r->len = sizeof s;
}

/* False: the connection is over. */
static bool
serve(struct keys *k, int fd)
{
	struct key_question q;
	struct key_answer a = { .len = 0 };
	ssize_t n = recv(fd, &q, sizeof q, MSG_DONTWAIT | MSG_TRUNC);
	size_t front = offsetof(struct key_question, data), size;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n < (ssize_t)front || (size_t)n != front + q.len ||
	    q.len > KEY_MOST || q.version != KEY_VERSION)
		return false;
	if (q.op == KEY_SEAL || q.op == KEY_OPEN)
		seal(k, &q, &a);
	else
		sign(k, &q, &a);
	size = offsetof(struct key_answer, data) + a.len;
	return send(fd, &a, size, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	    (ssize_t)size;
}

static void
take(struct keys *k)
{
	int fd;

	while (k->np < ASKERS + 2 && (fd = accept4(LISTEN, NULL, NULL,
	    SOCK_CLOEXEC)) >= 0)
		k->p[k->np++] = (struct pollfd){ fd, POLLIN, 0 };
}

static void
run(struct keys *k)
{
	for (;;) {
		int64_t then = ticket_keys_roll(&k->tickets, clock_ms());

		k->p[1].events = k->np < ASKERS + 2 ? POLLIN : 0;
		if (poll(k->p, k->np, clock_left(then)) < 0 && errno != EINTR)
			fatal(EX_OSERR, "poll: %s", strerror(errno));
		for (nfds_t i = k->np; i-- > 2;) {
			if (k->p[i].revents == 0 || serve(k, k->p[i].fd))
				continue;
			close(k->p[i].fd);
			k->p[i] = k->p[--k->np];
		}
		if (k->p[1].revents != 0)
			take(k);
		if (k->p[0].revents != 0)
			return;
	}
}

int
main(void)
{
	struct keys k = { 0 };

	log_open("keysrvr", LOG, LEVEL_INFO);
	load(&k);
	k.p = xcalloc(ASKERS + 2, sizeof *k.p);
	/* Only its end is waited for: sessions could write there. */
	k.p[k.np++] = (struct pollfd){ CONTROL, 0, 0 };
	k.p[k.np++] = (struct pollfd){ LISTEN, POLLIN, 0 };
	if (fcntl(LISTEN, F_SETFL, O_NONBLOCK) != 0)
		fatal(EX_OSERR, "fcntl: %s", strerror(errno));
	confine();
	if (send(CONTROL, "R", 1, MSG_NOSIGNAL) != 1)
		return EX_OSERR;
	run(&k);
	return EX_OK;
}
