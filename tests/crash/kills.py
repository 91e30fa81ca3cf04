#!/usr/bin/env python3
"""kills.py - submit is killed at every system call of a message's way; what
was answered with 250 is in the queue, whole, and a start leaves nothing
half-made.  ARCHITECTURE.md, "Queue"."""

import os
import select
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import submitter as s                           # noqa: E402
from submitter import ok                        # noqa: E402

KILLAT = os.path.join(s.BUILD, "tests", "crash", "killat")
FULL = bool(os.environ.get("INLET_FULL"))
# Nothing here is about the disk: only about what a killed process leaves.
top = s.scratch(True)
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


class Base:
    """A spool whose journal has segments, and a message in one."""

    def __init__(self, data):
        self.data, self.run = data, os.path.join(top, "run")
        self.path = os.path.join(top, "base")
        r = s.Resident(self.path, self.run, settings=s.JOURNAL)
        r.wait_journal()
        # The first may come before the segment can be locked.
        for _ in range(50):
            v = r.send(data)
            if v.id in s.journaled(self.path):
                break
        r.wait_journal(("s00", "s01"))
        ok(v.code == 250 and r.end() == 0 and
           v.id in s.journaled(self.path), "a message in the journal")
        self.had = set(s.journaled(self.path)) | set(
            s.listing(self.path, "queue"))

    def fresh(self):
        shutil.rmtree(spool, ignore_errors=True)
        shutil.copytree(self.path, spool)
        if os.geteuid() == 0:
            st = os.stat(self.path)
            os.chown(spool, st.st_uid, st.st_gid)

    def start(self, n):
        return s.Resident(spool, self.run, settings=s.JOURNAL,
                          program=(KILLAT, stops, str(n), s.SUBMIT))

    def ask(self, r):
        """Its verdict, or None if it died first."""
        with r.connect() as sock:
            try:
                sock.sendall(s.hello() + s.message(self.data))
            except OSError:
                return None
            while True:
                dead = r.process.poll() is not None
                if select.select([sock], [], [], 0.02)[0]:
                    return s.Verdict(sock)
                if dead:        # it never accepted: the queue is ours
                    return None

    def one(self, n, send=True):
        """The code and the id; killed at stop n, 0: not."""
        self.fresh()
        r, v = self.start(n), None
        if send and r.ready == b"R":
            v = self.ask(r)
        if v is not None and v.code == 250 and \
                v.id not in s.journaled(spool):
            s.note("kill %d: in a file" % n)
        try:
            r.end()
        finally:
            if r.process.poll() is None:
                r.kill()
        for listener in r.listeners:
            listener.close()
        return v

    def total(self, send):
        self.one(0, send)
        with open(stops) as f:
            return int(f.read())

    def after(self, v):
        """What is wrong once the next submit has started; how many more
        entries than before there are."""
        r = s.Resident(spool, self.run, settings=s.JOURNAL)
        again = r.send(self.data) if r.ready == b"R" else None
        wrong = []
        if again is None or again.code != 250 or r.end() != 0:
            wrong.append("the next submit")
        there = set(s.journaled(spool)) | set(s.listing(spool, "queue"))
        if not self.had <= there:
            wrong.append("what was there before is lost")
        wrong += [w for i in there for w in
                  [s.complete(spool, i, self.data)] if w]
        if v is not None and v.code == 250 and v.id not in there:
            wrong.append("an answered message is lost")
        if s.listing(spool, "tmp") or s.listing(spool, "bad"):
            wrong.append("left over")
        for listener in r.listeners:
            listener.close()
        return wrong, len(there - self.had) - 1


def journal_stops():
    """A resident submit with a journal, killed at each of its system calls
    while it starts and recovers, takes a message, and ends."""
    base = Base(b"Subject: x\n\nbody\n")
    idle, busy = base.total(False), base.total(True)
    s.note("journal: %d stops, %d of them the message's" % (busy, busy - idle))
    if FULL:
        steps = range(1, busy + 10)
    else:
        few = 12 if s.sanitized() else 5
        steps = sorted({*range(1, idle, few * 4),
                        *range(max(1, idle - 60), busy + 10,
                               few if s.sanitized() else 1)})
    wrong, answered, unsaid, none = [], 0, 0, 0
    for n in steps:
        v = base.one(n)
        why, more = base.after(v)
        wrong += ["%d: %s" % (n, w) for w in why]
        said = v is not None and v.code == 250
        answered += said
        unsaid += not said and more == 1
        none += more == 0
        if more not in (0, 1):
            wrong.append("%d: %d entries" % (n, more))
    ok(not wrong, "journal: %d kills, nothing lost, torn or doubled %s" %
       (len(steps), wrong[:5]))
    ok(answered > 0 and none > 0, "journal: %d after the answer, %d before "
       "the sync, %d between" % (answered, none, unsaid))
    shutil.rmtree(spool)


def main():
    try:
        journal_stops()
        every_stop(b"Subject: x\n\nbody\n", 1, "small")
        every_stop(b"y" * 300000 + b"\n", 1 if FULL else 7, "streamed")
    finally:
        shutil.rmtree(top, ignore_errors=True)
    s.done()


main()
