/* life: reports, a question and its answer, and what is neither. */
#include "config.h"

#include <sys/socket.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/life.h"
#include "tests/tap.h"

int
main(void)
{
	struct life_report r = { .kind = LIFE_TROUBLE, .errors = 3,
	    .garbage = 2 }, got;
	struct life_answer a = { .refused = 1, .value = 7, .most = 7,
	    .free_ms = 9, .limit = "max-connections" }, answer;
	const struct life_report ask = { .kind = LIFE_ASK, .channel = 5 };
	char junk[200] = { 0 };
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
		return 1;
	num(life_hear(pair[0], &got), -1, "nothing yet");
	num(life_tell(pair[1], &r), 0, "a report");
	num(life_tell(pair[1], &r), 0, "and another");
	ok(life_hear(pair[0], &got) == 1 && memcmp(&got, &r, sizeof(r)) == 0,
	    "comes as it was");
	num(life_hear(pair[0], &got), 1, "so does the next");
	ok(write(pair[1], junk, 1) == 1 && life_hear(pair[0], &got) == 1 &&
	    got.kind == 0, "a byte is none");
	ok(write(pair[1], junk, sizeof(junk)) == sizeof(junk) &&
	    life_hear(pair[0], &got) == 1 && got.kind == 0,
	    "nor is what is too long");
	life_reply(pair[0], &a);
	ok(life_ask(pair[1], &ask, clock_ms() + 1000, &answer) == 0 &&
	    answer.refused == 1 && answer.value == 7 && answer.free_ms == 9,
	    "a question has its answer");
	ok(life_hear(pair[0], &got) == 1 && got.kind == LIFE_ASK &&
	    got.channel == 5, "it is about a channel");
	num(life_ask(pair[1], &ask, clock_ms() + 20, &answer), -1,
	    "or none in time");
	ok(write(pair[0], junk, 3) == 3 &&
	    life_ask(pair[1], &ask, clock_ms() + 1000, &answer) == -1,
	    "or one that is none");
	close(pair[1]);
	while (life_hear(pair[0], &got) == 1)
		;
	num(life_hear(pair[0], &got), 0, "the end");
	close(pair[0]);
	num(life_tell(pair[0], &r), -1, "nobody hears");
	return done();
}
