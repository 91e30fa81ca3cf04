#!/usr/bin/env python3
"""Slow attackers in every phase of a session, with honest clients beside them:
under stress each is cut soon, and the others notice little (scorecard G35).

    70-slow-attackers.py [ATTACKERS [SECONDS]]

The full form is 70-slow-attackers.py 8000 240: a byte every ten seconds, the
stress-timeout as delivered, and all come back until the time is over."""
import datetime
import sys
import os
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from attackers import *
from authpeer import row, write_passwords
from secured import certificates

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 176
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 0
LARGE = SECONDS > 0
EVERY = 10 if LARGE else 0.5        # seconds between two bytes
STRESS = 10 if LARGE else 2         # stress-timeout
RATE = 20                           # honest clients a second
MOST = 30                           # seconds an attacker may stay in stress
LEFT = 3        # of a process, when it is no stress any more
PROCESSES = 2
# Percent.  In the small form nobody knows how much else the machine does: one
# who is not let run for stress-timeout is cut, too.
HONEST = 99.9 if LARGE else 90

# What an operator would set who expects this; the rest as delivered.
SETTINGS = {"max-connections": str(COUNT * 11 // 10 if LARGE else COUNT + 200),
            "backlog": "4096", "max-prefix-share": "25"}
if not LARGE:
    SETTINGS.update({"stress-sessions": "1", "stress-timeout": '"2s"'})
CONF = """\
auth-backends = {"file"}
auth-file = "@dir@/passwords"
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "world" { }
listen "smtp" { address = {"127.0.0.1"}  port = @port@
    auth = "offered"  auth-clear = yes }
listen "waits" { address = {"127.0.0.1"}  port = @port2@
    greeting-delay = "1m"  early-talkers = "accept" }
listen "tls" { address = {"127.0.0.1"}  port = @port3@  tls-implicit = yes }
listen "helpful" { address = {"127.0.0.1"}  port = @port4@
    max-idle-commands = 1000000 }
"""
HELLO = b"EHLO a.test\r\n"
MAIL = b"MAIL FROM:<a@b.test>\r\n"
RCPT = b"RCPT TO:<user@example.org>\r\n"
SLOWLY = b"a" * 4000


def plans(s):
    """Of each phase, all as slow."""
    port, waits, tls = (s.ports[p] for p in "123")
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500)
    return [
        Plan("silent", port, [b""]),
        Plan("before-the-greeting", waits),
        Plan("ehlo", port, [b""], b"EHLO " + SLOWLY),
        Plan("tls-from-the-start", tls, drip=hello),
        Plan("handshake", port, [HELLO, b"STARTTLS\r\n", b""], hello),
        Plan("auth", port, [HELLO, b"AUTH LOGIN\r\n", b""], SLOWLY),
        Plan("mail", port, [HELLO, b""], b"MAIL FROM:<" + SLOWLY),
        Plan("rcpt", port, [HELLO, MAIL, b""], b"RCPT TO:<" + SLOWLY),
        Plan("data", port, [HELLO, MAIL, RCPT, b"DATA\r\n", b""],
             b"Subject: " + SLOWLY),
        Plan("bdat", port, [HELLO, MAIL, RCPT, b"BDAT 100000 LAST\r\n"],
             b"Subject: " + SLOWLY),
        Plan("unread", s.ports["4"], [HELLO, b""], deaf=True),
    ]


def started():
    c = certificates()
    s = Server(CONF, deliver=False, settings={
        **SETTINGS, "log-level": '"info"', "certificates": c.setting("ec")})
    write_passwords(s.scratch.at("passwords"), [row("anna", "secret")],
                    AUTH if ROOT else None)
    return s


def stressed(s):
    """When there was stress, as time.monotonic() has it."""
    shift = time.time() - time.monotonic()
    found, on = [], None
    for line in s.scratch.log_lines("stress"):
        at = datetime.datetime.fromisoformat(
            line.split()[0]).timestamp() - shift
        if " is=on " in line:
            on = at
        elif on is not None:
            found.append((on, at))
            on = None
    return found + ([(on, time.monotonic())] if on is not None else [])


def stayed(times, begin, end):
    """The longest that a connection lived in one time of stress."""
    return max([min(end, b) - max(begin, a) for a, b in times
                if min(end, b) > max(begin, a)] or [0])


def told(name, found):
    took = [t for _at, t, why in found if not why]
    diag("%s: %d clients, %d served, median %.1f ms, p99 %.1f ms, most %.1f"
         % (name, len(found), len(took), percentile(took, 50) * 1000,
            percentile(took, 99) * 1000, max(took) * 1000))
    return percentile(took, 50), percentile(took, 99)


def judge_attackers(s, found, kinds, end):
    """How long one stayed in stress at most."""
    times = stressed(s)
    diag("%d connections of attackers, %d cut; stress %s" % (
        len(found), len([f for f in found if f[2] is not None]), " ".join(
            "%.0f-%.0f s" % (a - times[0][0], b - times[0][0])
            for a, b in times)))
    worst = {}
    for kind, begin, until, _there, _words in found:
        worst[kind] = max(worst.get(kind, 0), stayed(
            times, begin, end if until is None else until))
    for kind in kinds:
        there = [f for f in found if f[0] == kind and f[3]]
        cut = [f for f in there if f[2] is not None]
        diag("%s: %d got there, %d are cut, %.1f s of stress at most"
             % (kind, len(there), len(cut), worst.get(kind, -1)))
        if LARGE:
            ok(cut and worst[kind] <= MOST,
               "%s: none stays longer than %d s in stress" % (kind, MOST))
        else:
            ok(len(there) - len(cut) <= LEFT * PROCESSES < len(there),
               "%s: they are cut" % kind)
    return max(worst.values())


def crowds(s, every):
    """The attackers, and with them honest clients: what became of each."""
    them = [Apart(attack, every, range(i, COUNT, PROCESSES),
                  COUNT / (40 if LARGE else 2) / PROCESSES, EVERY,
                  SECONDS + 120 if LARGE else slow(PATIENCE),
                  3 * STRESS if LARGE else None, -1 if LARGE else LEFT)
            for i in range(PROCESSES)]
    beside = Apart(honest, s.port, RATE, 10000)
    if LARGE:
        wait_for(lambda: s.scratch.log_lines("stress"), 120, "stress")
        time.sleep(SECONDS)
        end = time.monotonic()
        found = [f for c in them for f in c.end()]
    else:
        found = [f for c in them for f in c.value()]
        end = time.monotonic()
    return found, end, beside.end()


def slowly():
    with started() as s:
        every = plans(s)
        before = Apart(honest, s.port, RATE, SECONDS if LARGE else 2).value()
        found, end, during = crowds(s, every)
        most = judge_attackers(s, found, [p.kind for p in every], end)
        _median, was = told("without attackers", before)
        _median, is_ = told("with them", during)
        good = 100 * sum(not why for _a, _t, why in during) / len(during)
        for why in {why for _a, _t, why in during if why}:
            diag(why)
        ok(good >= HONEST, "%.2f %% of honest clients are served" % good)
        diag("figure G35: %d slow attackers, honest success %.2f %%, p99 "
             "%.1f times the unloaded, the last cut after %.1f s of stress" %
             (COUNT, good, is_ / was, most))
        if LARGE:
            ok(is_ <= 2 * was, "p99 is at most twice as long")
        wait_for(lambda: not s.role("session"), 60, "the end of all sessions")


need_built("smtpd", "smtpsrvr-tls", "submit", "authsrvr")
need("openssl")
if not files(COUNT * 2 + 1000):
    skip_all("too few open files")
run(slowly, seconds=240 + 3 * SECONDS)
