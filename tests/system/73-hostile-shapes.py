#!/usr/bin/env python3
"""What a client can make of SMTP that is much of one thing: the session needs
no more memory for much than for little, and twice the time for twice as much
(scorecard G38).  The time is that on a processor, by the kernel's own account.

    73-hostile-shapes.py [full]

full: as large as the goal names them."""
import os
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

LARGE = sys.argv[1:] == ["full"]
MOST = 2048             # KiB above a session that has only said EHLO
# Of what is eight times as much, in times as long; the square would be 64.
GROWTH, WORST = 8, 20
TWICE = 2.2             # of twice as much, where it is large
RUNS = 3

SETTINGS = {"max-message-size": '"64M"', "max-recipients": "4000",
            "max-idle-commands": "1000000", "max-messages": "100000",
            "log-level": '"info"', "max-errors": "1000"}
MAIL = b"MAIL FROM:<a@b.test>\r\n"
RCPT = b"RCPT TO:<user@example.org>\r\n"
END = b".\r\n"


def text(size):
    line = b"x" * 76 + b"\r\n"
    return line * (size // len(line))


# Name, how much of it, what is said before and how often it is answered, what
# is measured, how often that is.
def message(n):
    return MAIL + RCPT + b"DATA\r\n", 3, b"A: b\r\n\r\n" + text(n) + END, 1


def recipients(n):
    return MAIL, 1, RCPT * n, n


def chunks(n):
    return MAIL + RCPT, 2, b"BDAT 1\r\nx" * (n - 1) + b"BDAT 1 LAST\r\nx", n


def fields(n):
    return MAIL + RCPT + b"DATA\r\n", 3, b"X-Y: z\r\n" * n + b"\r\n" + END, 1


def line(n):
    return b"", 0, b"N" * n + b"\r\n", 1


def line_of_text(n):
    return MAIL + RCPT + b"DATA\r\n", 3, b"A: b\r\n\r\n" + b"x" * n + \
        b"\r\n" + END, 1


def folded(n):
    return MAIL + RCPT + b"DATA\r\n", 3, b"X: y\r\n" + b" z\r\n" * n + \
        b"\r\n" + END, 1


def noops(n):
    return b"", 0, b"NOOP\r\n" * n, n


SHAPES = [("a message of %d octets", message, 50 << 20, 4 << 20),
          ("%d recipients", recipients, 1000, 3200),
          ("%d chunks of an octet", chunks, 1000000, 24000),
          ("%d header fields", fields, 500000, 80000),
          ("a field of %d lines", folded, 500000, 80000),
          ("a command of %d octets", line, 1 << 20, 8 << 20),
          ("a line of %d octets", line_of_text, 1 << 20, 8 << 20),
          ("%d NOOPs", noops, 999000, 40000)]


def memory(pid, field):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"^%s:\s+(\d+)" % field, f.read(),
                             re.M).group(1))


def on_cpu(pid):
    """Milliseconds on a processor, exactly; None where nobody counts."""
    try:
        with open("/proc/%d/schedstat" % pid) as f:
            return int(f.read().split()[0]) / 1e6
    except OSError:
        return None


def answered(c, count):
    """Waits for so many last lines; the codes that were among them."""
    seen, codes, rest = 0, collections.Counter(), b""
    while seen < count:
        data = c.sock.recv(1 << 16)
        if not data:
            break
        lines = (rest + data).split(b"\r\n")
        rest = lines.pop()
        for l in lines:
            if l[3:4] == b" ":
                codes[l[:3].decode()] += 1
                seen += 1
    return codes


def say(c, data, count):
    if not count:
        return {}
    t = threading.Thread(target=lambda: c.send(data))
    t.start()
    codes = answered(c, count)
    t.join()
    return codes


class Cost:
    """What one shape came to in one session."""

    def __init__(self, s, shape, n):
        before, replies, data, more = shape(n)
        wait_for(lambda: not s.role("session"), 20, "the last one's end")
        with s.client(timeout=300) as c:
            c.hello()
            pid = wait_for(lambda: s.role("session"))[0].pid
            base = memory(pid, "VmHWM")
            self.before = say(c, before, replies)
            start = on_cpu(pid)
            self.codes = say(c, data, more)
            self.ms = on_cpu(pid) - start if start is not None else None
            self.kib = memory(pid, "VmHWM") - base
            c.reset()


def times_of(s, shape, n):
    found = [Cost(s, shape, n) for _ in range(RUNS)]
    return found[0], min(f.ms or 0 for f in found)


def one(s, name, shape, most):
    submit = s.role("submit")[0].pid
    base = memory(submit, "VmHWM")
    part = 2 if LARGE else GROWTH
    small, little = times_of(s, shape, most // part)
    large, much = times_of(s, shape, most)
    what = name % most
    grown = memory(submit, "VmHWM") - base
    diag("%s: %s; session %d KiB, submit %d KiB; %.1f ms for a %s, %.1f ms" % (
        what, dict(large.codes), large.kib, grown, little,
        "half" if part == 2 else "eighth", much))
    if not sanitized():
        ok(large.kib <= MOST, "%s: the session has no more than %d KiB for it"
           % (what, MOST))
    factor = None
    if large.ms is not None and little > 0:
        factor = much / little
        ok(factor <= (TWICE if LARGE else WORST),
           "%s: time grows with it: %.2f" % (what, factor))
    eq(s.send(b"after\n").code, 250, "and another client is served")
    return large.kib, factor


def shapes():
    with Server(deliver=False, settings=SETTINGS) as s:
        s.send(b"before\n")
        found = [one(s, name, shape, full if LARGE else part)
                 for name, shape, full, part in SHAPES]
        factors = [f for _kib, f in found if f is not None]
        diag("figure G38: %d shapes, %d KiB above a session's base at most; "
             "%s as much takes %.2f times as long at most" % (
                 len(found), max(kib for kib, _f in found),
                 "twice" if LARGE else "eight times", max(factors or [0])))


need_built("smtpd", "smtpsrvr", "submit")
run(shapes, seconds=900 if LARGE else 240)
