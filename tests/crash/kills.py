#!/usr/bin/env python3
"""kills.py - submit is killed at every system call of a message's way; what
was answered with 250 is in the queue, whole, and a start leaves nothing
half-made.  ARCHITECTURE.md, "Queue"."""

import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import submitter as s                           # noqa: E402
from submitter import ok                        # noqa: E402

KILLAT = os.path.join(s.BUILD, "tests", "crash", "killat")
FULL = bool(os.environ.get("INLET_FULL"))
top = s.scratch()
spool = os.path.join(top, "spool")
stops = os.path.join(top, "stops")


def killed(n, data):
    """The code that the caller saw, and the id."""
    process, sock = s.child(spool, program=(KILLAT, stops, str(n), s.SUBMIT))
    with sock:
        try:
            sock.sendall(s.hello() + s.message(data))
        except (BrokenPipeError, ConnectionResetError):
            pass
        v = s.Verdict(sock)
    process.wait(60)
    return v


def every_stop(data, step, what):
    v = killed(0, data)
    if not ok(v.code == 250, what + ": without a kill: 250"):
        return
    with open(stops) as f:
        total = int(f.read())
    s.note("%s: %d stops" % (what, total))
    if s.sanitized():
        step = max(step, total // 50)
    shutil.rmtree(spool)
    lost, torn, half, answered, left = [], [], 0, 0, 0
    for n in range(1, total + 8, step):
        before = set(s.listing(spool, "queue"))
        v = killed(n, data)
        after = set(s.listing(spool, "queue"))
        half += len(s.listing(spool, "tmp")) > 0
        if v.code == 250:
            answered += 1
            if s.complete(spool, v.id, data):
                lost.append(n)
        # A name in queue/ is a whole entry, answered or not.
        torn += [n for name in after - before if s.complete(spool, name, data)]
        # The next start.
        again = s.once(spool, data)
        if again.code != 250:
            lost.append(-n)
        left += len(s.listing(spool, "tmp"))
    ok(not lost, "%s: no answered message is lost %s" % (what, lost))
    ok(not torn, "%s: nothing in queue/ is torn %s" % (what, torn))
    ok(half > 0 or s.sanitized(), "%s: %d kills left something half-made" % (what, half))
    ok(left == 0, "%s: the next start left none of it" % what)
    ok(answered > 0, "%s: %d kills came after the answer" % (what, answered))
    count = len(s.listing(spool, "queue"))
    r = s.Resident(spool, os.path.join(top, "run"))
    ok(r.ready == b"R" and r.end() == 0, what + ": the resident starts")
    ok(len(s.listing(spool, "queue")) == count and
       not s.listing(spool, "bad"), what + ": and finds no damage")
    shutil.rmtree(spool)


def main():
    try:
        every_stop(b"Subject: x\n\nbody\n", 1, "small")
        every_stop(b"y" * 300000 + b"\n", 1 if FULL else 7, "streamed")
    finally:
        shutil.rmtree(top, ignore_errors=True)
    s.done()


main()
