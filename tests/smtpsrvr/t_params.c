/* params: RFC 1870, RFC 6152, and the edges of T20 and T22. */
#include "config.h"

#include "smtpsrvr/params.h"
#include "tests/tap.h"

struct example {
	const char *text;
	int code;	/* 0: taken */
	int64_t size;
	const char *body;
};

static const struct example mail[] = {
	{ "", 0, -1, "" },
	{ " SIZE=0", 0, 0, "" },
	{ " size=12345 body=8bitmime", 0, 12345, "8BITMIME" },
	{ " BODY=7BIT", 0, -1, "7BIT" },
	{ " SIZE=2147483648", 0, 2147483648LL, "" },
	{ " SIZE=9223372036854775807", 0, INT64_MAX, "" },
	{ " SIZE=18446744073709551616", 0, INT64_MAX, "" },
	{ " SIZE=99999999999999999999", 0, INT64_MAX, "" },
	{ " SIZE=100000000000000000000", 501, 0, NULL },
	{ " SIZE=", 501, 0, NULL },
	{ " SIZE", 501, 0, NULL },
	{ " SIZE=-1", 501, 0, NULL },
	{ " SIZE=+1", 501, 0, NULL },
	{ " SIZE=0x10", 501, 0, NULL },
	{ " SIZE=1 SIZE=1", 501, 0, NULL },
	{ " BODY=7BIT BODY=7BIT", 501, 0, NULL },
	{ " BODY=BINARYMIME", 501, 0, NULL },
	{ " =", 501, 0, NULL },
	{ " =x", 501, 0, NULL },
	{ " X=", 501, 0, NULL },
	{ " X=a=b", 501, 0, NULL },
	{ " -X=1", 501, 0, NULL },
	{ "SIZE=1", 501, 0, NULL },
	{ " X", 555, 0, NULL },
	{ " X=1", 555, 0, NULL },
	{ " AUTH=<>", 555, 0, NULL },
	{ " SIZE=1  BODY=7BIT", 0, 1, "7BIT" },
};

static const struct offer all;

static void
long_ones(void)
{
	char text[20000] = "";
	struct mail_params p;
	struct reply r;

	memset(text, 'A', 5000);
	text[0] = ' ';
	num(params_mail(text, &all, &p, &r), -1, "a keyword of 5,000 letters");
	num(r.code, 555, "is not supported");
	memset(text, 0, sizeof text);
	for (size_t i = 0; i + 4 < sizeof text; i += 4)
		memcpy(text + i, " A=b", 4);
	num(params_mail(text, &all, &p, &r), -1, "thousands of parameters");
	num(r.code, 555, "end at the first");
}

/* What belongs to a keyword that is off is what nobody knows. */
static void
switched_off(void)
{
	const struct offer no_size = { UINT64_C(1) << KEYWORD_SIZE, 0 };
	const struct offer no_body = { UINT64_C(1) << KEYWORD_8BITMIME, 0 };
	struct mail_params p;
	struct reply r;

	num(params_mail(" BODY=7BIT SIZE=1", &no_size, &p, &r), -1,
	    "SIZE off");
	num(r.code, 555, "is not supported");
	num(params_mail(" BODY=7BIT", &no_size, &p, &r), 0, "BODY is on");
	num(params_mail(" SIZE=1 BODY=7BIT", &no_body, &p, &r), -1,
	    "8BITMIME off");
	num(r.code, 555, "is not supported");
	num(params_mail(" SIZE=1", &no_body, &p, &r), 0, "SIZE is on");
	num(p.size, 1, "and taken");
}

int
main(void)
{
	struct mail_params p;
	struct reply r;

	for (size_t i = 0; i < ARRAY_LEN(mail); i++) {
		const struct example *e = &mail[i];
		int got = params_mail(e->text, &all, &p, &r);

		if (e->code != 0)
			ok(got == -1 && r.code == e->code, e->text);
		else
			ok(got == 0 && p.size == e->size &&
			    strcmp(p.body, e->body) == 0, e->text);
	}
	num(params_rcpt("", &r), 0, "RCPT without parameters");
	num(params_rcpt(" NOTIFY=NEVER", &r), -1, "RCPT with one");
	num(r.code, 555, "is not supported");
	num(params_rcpt(" =", &r), -1, "RCPT with an ill-formed one");
	num(r.code, 501, "is a syntax error");
	long_ones();
	switched_off();
	return done();
}
