#!/usr/bin/env python3
"""What clients wait for: the greeting's delay and who cannot wait for it, the
tarpit's arithmetic, recipients from TARPITCOUNT on; and none of it under
stress, when they get less time themselves."""
import json
import os
import re
import subprocess
import sys
import time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

HASTY = 'listen "hasty" { address = {"127.0.0.1"}  port = @port@\n' \
    '  early-talkers = "refuse"  greeting-delay = "1s" }\n' \
    'listen "now" { address = {"127.0.0.1"}  port = @port2@\n' \
    '  early-talkers = "refuse" }\n' \
    'listen "patient" { address = {"127.0.0.1"}  port = @port3@ }\n'


def refusals(server, **fields):
    return [l for l in server.scratch.log_lines("refuse", **fields)]


def early(s, port, text, what):
    """A client that says all at once is cut off, behind a whole greeting."""
    before = len(refusals(s, reason="early"))
    with s.client(port=s.ports[port], greet=False) as c:
        c.send(text)
        eq(c.reply().code, 220, what + ": the greeting")
        r = c.reply()
        says(r, "EARLY_TALKER", what + ": it spoke too early")
        eq(c.rest(), b"", what + ": no more is said")
    wait_for(lambda: len(refusals(s, reason="early")) > before, 10,
             what + ": the log")


def talkers():
    with Server(deliver=False, listen=HASTY) as s:
        early(s, "1", "EHLO a.test\r\n", "before the greeting")
        with s.client() as c:
            lines = c.greeting.lines
            eq(len(lines), 2, "a part of the greeting comes first")
            eq(lines[0], "inlet.example", "its domain alone")
            like(lines[1], "^inlet.example ESMTP", "then all of it")
            eq(c.message("text\n").code, 250, "who waits is served")
        with s.client(greet=False) as c:
            eq(c.sock.recv(1), b"2", "who leaves after the first part")
        wait_for(lambda: s.scratch.log_lines("end", how="closed"), 10,
                 "the end of who left meanwhile")
        for port in "1", "2":
            with s.client(port=s.ports[port]) as c:
                c.send("EHLO a.test\r\nMAIL FROM:<a@b.test>\r\n")
                says(c.reply(), "EARLY_TALKER",
                     "more behind the first EHLO, listener " + port)
                eq(c.rest(), b"", "and that was that")
            with s.client(port=s.ports[port]) as c:
                c.hello()
                c.send("MAIL FROM:<a@b.test>\r\nRCPT TO:<user@example.org>"
                       "\r\nRSET\r\nEHLO a.test\r\nNOOP\r\n")
                eq([c.reply().code for _ in range(5)], [250] * 5,
                   "later it may")
        with s.client(port=s.ports["3"], greet=False) as c:
            c.send("EHLO a.test\r\nNOOP\r\n")
            eq([c.reply().code for _ in range(3)], [220, 250, 250],
               "early-talkers = accept")


def tarpit():
    with Server(deliver=False, settings={
            "tarpit": '"60ms"', "tarpit-growth": "2",
            "tarpit-most": '"400ms"'}) as s:
        with s.client() as c:
            c.hello()
            began = time.monotonic()
            for _ in range(4):
                eq(c.cmd("RCPT TO:<x@elsewhere.test>").code, 503, "refused")
            ok(time.monotonic() - began >= 0.06 + 0.18 + 0.4 + 0.4,
               "60, 180, 400, 400 ms")
            c.envelope()
            c.cmd("DATA")
            c.send(b"a\nb\r\n.\r\n")
            eq(c.reply().code, 550, "what is said of a message")
        lines = wait_for(lambda: len(refusals(s)) == 5 and refusals(s), 10,
                         "the log")
        eq([re.findall(r" tarpit=(\d+) ", l) for l in lines],
           [["60"], ["180"], ["400"], ["400"], []], "each and its time")
        with s.client() as c:
            c.hello()
            for _ in range(3):
                c.line("RCPT TO:<x@elsewhere.test>")
            eq(c.reply().code, 503, "the first of three is said")
        wait_for(lambda: len(refusals(s)) >= 7, 10, "who left is not kept")


def recipients():
    with Server(deliver=False, env={"TARPITCOUNT": "2", "TARPITDELAY": "1"}
                ) as s, s.client() as c:
        c.hello()
        eq(c.cmd("MAIL FROM:<a@b.test>").code, 250, "MAIL")
        eq(c.cmd("RCPT TO:<user@example.org>").code, 250, "one")
        began = time.monotonic()
        eq(c.cmd("RCPT TO:<other@example.org>").code, 250, "two")
        ok(time.monotonic() - began >= 1, "waits as long as TARPITDELAY says")
    with Server(deliver=False, settings={
            "tarpit-count": "3", "tarpit-delay": '"1s"'}
                ) as s, s.client() as c:
        c.hello()
        eq(c.envelope("user@example.org")[-1].code, 250, "the first of three")
        eq(c.cmd("RCPT TO:<a@elsewhere.test>").code, 550,
           "one that is not ours does not count")
        eq(c.cmd("RCPT TO:<nobody@example.org>").code, 550,
           "the second, who is nobody, does")
        began = time.monotonic()
        eq(c.cmd("RCPT TO:<user@example.org>").code, 250, "the third")
        ok(time.monotonic() - began >= 1, "waits")
    with Server(deliver=False, settings={
            "tarpit-count": "1", "tarpit-delay": '"200ms"'}
                ) as s, s.client() as c:
        c.hello()
        began = time.monotonic()
        eq([r.code for r in c.envelope(["user@example.org"] * 3)], [250] * 4,
           "from the first one on")
        ok(time.monotonic() - began >= 0.6, "each as long as the file says")


def explained():
    """Each wait, and what ends a session, with the settings."""
    s = Server(deliver=False, settings={
        "tarpit": '"20s"', "tarpit-growth": "2", "tarpit-count": "1",
        "tarpit-delay": '"7s"', "greeting-delay": '"3s"', "max-errors": "6"})

    def shown(to):
        return s.inlet(*s.where(), "explain", "192.0.2.1", "a@b.test",
                       to).stdout
    out = shown("user@example.org")
    like(out, r"\n  wait +the greeting waits 3000 ms, unless there is stress"
         r"\n +greeting-delay = 3s +# \S+inlet.conf:\d+\n", "the greeting")
    like(out, r"\n  check +early: passed .*\n +early-talkers = ", "early talk")
    like(out, r"\n  wait +the recipient waits 7000 ms, .*\n +tarpit-count = 1 ",
         "a recipient")
    like(out, r"\n  budget +what would end the session .*\n +max-errors = 6 +"
         r"# \S+inlet.conf:\d+\n +max-refused-recipients = 100 ", "budgets")
    like(shown("nobody@example.org"), r"(?s)\n  wait +the refusal waits 20000 "
         r"ms, .*\n +tarpit-growth = 2 .*\nrefused: 550", "a refusal")
    out = s.inlet(*s.where(), "explain", "--json", "192.0.2.1", "a@b.test",
                  "user@example.org").stdout
    eq([(e["what"], e["ms"]) for e in json.loads(out)["events"]
        if e["event"] == "wait"], [("the greeting", 3000),
                                   ("the recipient", 7000)], "as JSON")


def stress():
    with Server(deliver=False, settings={
            "max-connections": "100", "stress-sessions": "2",
            "stress-timeout": '"2s"', "stress-rate": '"100K"',
            "tarpit": '"60s"', "greeting-delay": '"60s"'},
            listen=HASTY.replace('"1s"', '"0s"').replace(
                "@port2@", '@port2@  greeting-delay = "0s"\n'
                '  stress-timeout = "10m"')) as s:
        # They are waited for, and are what the stress is.
        old = [s.client(port=s.ports["2"]) for _ in range(2)]
        on = wait_for(lambda: s.scratch.log_lines("stress"), 20, "stress")[0]
        like(on, r"stress is=on sessions=2 processor=-?\d+ memory=-?\d+ "
             r"disk=-?\d+$", "the log says so, and why")
        shown = json.loads(subprocess.run(
            s.command("inlet", *s.where(), "limits", "--json"),
            capture_output=True, check=True).stdout)["stress"]
        ok(shown["on"] and shown["sessions-percent"] == 2,
           "and inlet limits: %s" % shown)
        p = subprocess.run(s.command("inlet", *s.where(), "status"),
                           capture_output=True, text=True)
        eq(p.returncode, 1, "and inlet status, by its exit status")
        like(p.stdout, r"^stress +yes; sessions 2 %", "and in words")
        with s.client(port=s.ports["3"]) as c:
            c.hello()
            eq(c.cmd("RCPT TO:<a@b.test>").code, 503, "no tarpit, no delay")
            says(c.reply(), "TIMEOUT", "and not much time")
        with s.client(port=s.ports["3"]) as c:
            c.hello()
            c.envelope()
            c.cmd("DATA")
            c.send(b"x\r\n")
            says(c.reply(), "SLOW_TRANSFER", "nor for a message")
        limits = wait_for(lambda: [
            l for l in refusals(s) if "limit=stress-" in l][1:] and [
                re.search(r"limit=(\S+)", l).group(1) for l in refusals(s)
                if "limit=" in l], 10, "the log")
        eq(set(limits), {"stress-rate", "stress-timeout"}, "by name")
        for c in old:
            c.close()
        off = wait_for(lambda: s.scratch.log_lines("stress")[1:], 20, "off")
        like(off[0], "stress is=off sessions=[01] ", "its end is logged, too")


run(talkers, tarpit, recipients, explained, stress)
