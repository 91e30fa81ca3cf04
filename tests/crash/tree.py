#!/usr/bin/env python3
"""tree.py - all processes at once are killed at a system call, anywhere in a
session, a delivery or the end of all; then they start again.  What was
answered with 250 is delivered, once; what was not, at most once; nothing
half-made is left.  killat.c, -w.

    tree.py [KILLS|all]     so many, at random; all: at each stop
"""

import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *                           # noqa: E402,F403

KILLAT = os.path.join(BUILD, "tests", "crash", "killat")
KILLS = sys.argv[1] if len(sys.argv) > 1 else "120" if FULL else "12"
BIG = b"".join(b"%06d %s\r\n" % (i, b"z" * 70) for i in range(4000))


class Session:
    """One, whose messages have marks; which of them were answered."""

    def __init__(self, server, number):
        self.server, self.number = server, number
        self.answered, self.sent = [], []

    def mark(self):
        self.sent.append("kill-%d-%d" % (self.number, len(self.sent)))
        return self.sent[-1]

    def text(self, more=b"body\r\n"):
        return b"Subject: " + self.mark().encode() + b"\r\n\r\n" + more

    def heard(self, reply):
        if reply.code == 250:
            self.answered.append(self.sent[-1])

    def run(self, kind):
        try:
            with self.server.client(timeout=20) as c:
                if c.greeting.code == 220:
                    kind(self, c)
        except (OSError, EOFError, Late, ValueError, IndexError):
            pass                    # the server is gone: that is the point


def small(s, c):
    c.hello()
    c.envelope()
    c.cmd("DATA")
    c.send(s.text() + b".\r\n")
    s.heard(c.reply())
    c.quit()


def helo(s, c):
    c.hello(verb="HELO")
    s.heard(c.message(s.text()))


def pipelined(s, c):
    c.hello()
    c.send(b"MAIL FROM:<s@elsewhere.test>\r\nRCPT TO:<user@example.org>\r\n"
           b"DATA\r\n")
    c.replies(3)
    c.send(s.text() + b".\r\nQUIT\r\n")
    s.heard(c.reply())


def chunks(s, c):
    c.hello()
    c.envelope()
    text = s.text()
    c.send(b"BDAT 10\r\n" + text[:10])
    c.reply()
    c.send(b"BDAT %d LAST\r\n" % (len(text) - 10) + text[10:])
    s.heard(c.reply())
    c.quit()


def streamed(s, c):
    c.hello()
    c.envelope()
    c.cmd("DATA")
    c.send(s.text(BIG) + b".\r\n")
    s.heard(c.reply())


def streamed_chunk(s, c):
    c.hello()
    c.envelope()
    text = s.text(BIG)
    c.send(b"BDAT %d LAST\r\n" % len(text) + text)
    s.heard(c.reply())


def twice(s, c):
    for _ in range(2):
        s.heard(c.message(s.text()))
    c.quit()


def two_boxes(s, c):
    c.hello()
    c.cmd("MAIL FROM:<s@elsewhere.test>")
    c.cmd("RCPT TO:<user@example.org>")
    c.cmd("RCPT TO:<other@example.org>")
    c.cmd("DATA")
    c.send(s.text() + b".\r\n")
    s.heard(c.reply())


def one_refused(s, c):
    c.hello()
    c.cmd("MAIL FROM:<s@elsewhere.test>")
    c.cmd("RCPT TO:<nobody@elsewhere.test>")
    c.cmd("RCPT TO:<user@example.org>")
    c.cmd("DATA")
    c.send(s.text() + b".\r\n")
    s.heard(c.reply())


def begun_anew(s, c):
    c.hello()
    c.envelope()
    c.cmd("RSET")
    s.heard(c.message(s.text()))


def null_sender(s, c):
    s.heard(c.message(s.text(), sender=""))


def left(s, c):
    c.hello()
    c.envelope()
    c.cmd("DATA")
    c.send(s.text()[:40])
    c.reset()


def left_streaming(s, c):
    c.hello()
    c.envelope()
    c.cmd("DATA")
    c.send(s.text(BIG))
    c.reset()


def bare(s, c):
    c.hello()
    c.envelope()
    c.cmd("DATA")
    c.send(s.text(b"x\n.\r\n"))
    c.reply()


def idle(_s, c):
    c.hello()
    c.cmd("NOOP")
    c.quit()


def wrong(s, c):
    c.hello()
    for verb in ("WHAT", "MAIL", "RCPT TO:<user@example.org>", "DATA"):
        c.cmd(verb)
    s.heard(c.message(s.text()))


KINDS = (small, helo, pipelined, chunks, streamed, streamed_chunk, twice,
         two_boxes, one_refused, begun_anew, null_sender, left,
         left_streaming, bare, idle, wrong)


class Tree:
    """The server below killat, again and again on the same spool."""

    def __init__(self):
        self.server = Server(settings={"log-level": '"error"',
                                       "retry-first": "1s",
                                       "drain-time": "1s"})
        self.stops = self.server.scratch.at("stops")
        self.number = 0
        self.answered, self.sent = set(), set()
        self.killed = self.starts = 0

    def start(self, nth, go):
        """Until it greets: then it is counted, or from the start on."""
        s = self.server
        with open(s.scratch.at("stderr"), "ab") as out:
            p = spawn([KILLAT, *([] if go else ["-w"]), self.stops, nth,
                       *s.command("inlet", *s.where(), "start",
                                  "--foreground")],
                      stdout=out, stderr=out, cwd="/")
        self.starts += 1

        def greets():
            if p.poll() is not None:
                return True
            try:
                with Client(("127.0.0.1", s.port), timeout=20) as c:
                    return c.greeting.code == 220
            except (OSError, Late, EOFError):
                return False
        wait_for(greets, what="a greeting")
        return p

    def once(self, kind, nth, go=False):
        """Killed at the nth stop, or, 0, ended; how many there were."""
        p = self.start(nth, go)
        if not go and p.poll() is None:
            p.send_signal(signal.SIGUSR1)
        self.number += 1
        session = Session(self.server, self.number)
        if p.poll() is None:
            session.run(kind)
        self.answered |= set(session.answered)
        self.sent |= set(session.sent)
        if p.poll() is None:        # delivery, and the end of all
            for child in descendants(p.pid):
                if child.parent == p.pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child.pid, signal.SIGTERM)
        p.wait(slow(60))
        alone()
        with contextlib.suppress(OSError, ValueError):
            with open(self.stops) as f:
                stops = int(f.read())
            os.unlink(self.stops)
            return stops
        self.killed += 1
        return 0

    def judge(self):
        """After one more start: what is wrong."""
        s = self.server
        s.start()
        settled(lambda: (s.scratch.queue(), s.scratch.entries()),
                lambda value: not any(value))
        found = collections.Counter()
        bad = []
        for user in ("user", "other"):
            for mail in s.scratch.maildir(user + "@example.org"):
                m = re.search(rb"^Subject: (kill-\d+-\d+)$", mail, re.M)
                mark = m.group(1).decode() if m else "?"
                found[user, mark] += 1
                if not (mail.endswith(b"body\n") or
                        mail.endswith(BIG.replace(b"\r\n", b"\n"))):
                    bad.append(mark + " is torn")
        for mark in self.answered:
            if not found["user", mark]:
                bad.append(mark + " is lost")
        bad += ["%s is there %d times" % (x, n) for x, n in found.items()
                if n > 1]
        bad += [x[1] + " is nobody's" for x in found if x[1] not in self.sent]
        for folder in ("tmp", "bad"):
            bad += ["%s has %s" % (folder, x)
                    for x in s.scratch.queue(folder)]
        ok(s.stop(), "the last one ends cleanly")
        return bad


def kills():
    tree = Tree()
    begun = time.monotonic()
    totals = {}
    for kind in KINDS:
        totals[kind] = tree.once(kind, 0)
    at_start = tree.once(idle, 0, True)
    diag("stops: %s, start %d" % (", ".join(
        "%s %d" % (k.__name__, n) for k, n in totals.items()), at_start))
    ok(min(totals.values()) > 100 and at_start > 1000,
       "each session was traced to its end")
    if KILLS == "all":
        plan = [(k, n, False) for k in KINDS for n in range(1, totals[k] + 1)]
        plan += [(idle, n, True) for n in range(1, at_start + 1)]
    else:
        chosen = random.Random()
        plan = []
        for i in range(int(KILLS)):
            kind = KINDS[i % len(KINDS)]
            go = i % 10 == 9
            plan.append((idle if go else kind, chosen.randrange(
                1, (at_start if go else totals[kind]) + 1), go))
    tree.killed = 0
    for kind, nth, go in plan:
        tree.once(kind, nth, go)
    bad = tree.judge()
    for line in bad[:20]:
        diag(line)
    ok(not bad, "%d kills, %d messages, %d answered: each of them is there "
       "once" % (tree.killed, len(tree.sent), len(tree.answered)))
    ok(tree.killed > len(plan) / 2, "most kills came before the end")
    diag("figure G4: %d of %d kills left all as it must be, %d of %d "
         "messages answered, %.0f ms each" % (
             tree.killed if not bad else 0, tree.killed, len(tree.answered),
             len(tree.sent), 1000 * (time.monotonic() - begun) /
             max(1, tree.starts)))


if not ROOT:
    skip_all("only root may trace what changes its user")
if os.environ.get("INLET_PREFIX"):
    skip_all("needs a folder of programs, not an installed tree")
if sanitized():
    skip_all("a search for leaks does not like to be traced")
run(kills, seconds=14400 if KILLS == "all" or int(KILLS) > 200 else 240)
