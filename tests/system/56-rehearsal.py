#!/usr/bin/env python3
"""Checks that are tried: what they would refuse passes, submit agrees, the log
and inlet rehearsal tell of it, and the line that inlet rehearsal prints puts
them in force."""
import json
import os
import re
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

OFFICE = "127.0.0.9"
CONF = """\
sender-refuse = "bad"
sender-null = "refuse"
recipient-refuse = "never"
helo-refuse = "names"
early-talkers = "refuse"
delay-refusals = no
%s
table "here" { type = "list"  rows = {"example.org"} }
table "bad" { type = "list"  rows = {"bad.test: Go away", "@bad.test: Go away"} }
table "never" { type = "list"  rows = {"never@example.org"} }
table "names" { type = "list"  rows = {"evil.test"} }
table "office" { type = "list"  rows = {"127.0.0.9"} }
channel "local" { table = "here"  program = "local"
    mailboxes = "people" }
table "people" { type = "list"  rows = {"user", "never"} }
channel "office" { table = "office"  rehearse = {"all"} }
channel "world" { }
"""
TRIED = 'rehearse = {"sender-refuse", "early"}'


def inlet(s, *args, **more):
    return subprocess.run(s.command("inlet", *s.where(), "rehearsal", *args),
                          capture_output=True, text=True,
                          timeout=slow(30), **more)


def events(s, n):
    return wait_for(lambda: len(s.scratch.log_lines("rehearse")) >= n and
                    s.scratch.log_lines("rehearse"), 10, "%d events" % n)


def passes(s):
    eq(s.send("text\n", sender="a@bad.test").code, 250,
       "what a tried check would refuse is taken, by submit, too")
    like(events(s, 1)[0], r"rehearse ip=127\.0\.0\.1 chan=world verb=MAIL "
         r"sid=\S+ check=sender_refuse code=550 enh=5\.7\.1 "
         r"reason=sender_refuse tls=- detail=\"table=bad row=\d+\" "
         r'helo="client.test" from="a@bad.test"', "and logged, with why")
    with s.client(greet=False) as c:
        c.send("EHLO a.test\r\nNOOP\r\n")
        eq([c.reply().code for _ in range(3)], [220, 250, 250],
           "so does another")
    with s.client() as c:
        eq(c.hello("evil.test").code, 550, "what is not tried is refused")
        c.hello()
        eq([r.code for r in c.envelope("never@example.org")], [250, 550],
           "a recipient")
        eq(c.envelope(sender="")[0].code, 503, "(one at a time)")


def whole_channel(s):
    with s.client(source=OFFICE) as c:
        eq(c.hello("evil.test").code, 250, "all of a channel: EHLO")
        eq(c.message("text\n", sender="", hello=False).code, 250, "a sender")
        eq(c.message("text\n", to="never@example.org", hello=False).code, 250,
           "a recipient")
        eq(c.message("text\n", to="a@elsewhere.test", hello=False).code, 550,
           "but nothing goes where no channel takes it")
    lines = [l for l in events(s, 5) if OFFICE in l]
    eq([re.search(r" check=(\S+)", l).group(1) for l in lines],
       ["helo_refuse", "sender_null", "recipient_refuse", "helo_refuse",
        "sender_null"][:len(lines)], "each is logged")
    eq(s.scratch.log_lines("disagree"), [], "submit agrees with all")


def report(s):
    got = inlet(s)
    like(got.stdout, r"(?m)^sender_refuse: 1 would have been refused, of 1 "
         r"host$\n +1  127\.0\.0\.1  the last: rehearse ip=127", "by check")
    rows = json.loads(inlet(s, "--json").stdout)
    eq({(r["check"], r["ip"], r["count"]) for r in rows},
       {("sender_refuse", "127.0.0.1", 1), ("early", "127.0.0.1", 1),
        ("helo_refuse", OFFICE, 1), ("sender_null", OFFICE, 1),
        ("recipient_refuse", OFFICE, 1)}, "as JSON, by check and host")
    with open(s.scratch.log) as f:
        eq(inlet(s, "-", stdin=f).stdout, got.stdout, "from standard input")
    forged = 'x smtpsrvr[1]: refuse helo="y: rehearse ip=1.2.3.4 check=z "\n'
    eq(inlet(s, "-", input=forged).stdout, "nothing would have been refused\n",
       "a client's words are no event")
    eq(inlet(s, s.scratch.at("absent")).returncode, 66, "no such log")


def enforced(s):
    got = inlet(s, "--enforce", "sender-refuse")
    line = re.match(r'\S+:\d+: server: (rehearse = {"early"})\n', got.stdout)
    ok(line, "the line that puts it in force: " + got.stdout)
    like(got.stdout, r'(?m)^\S+:\d+: channel "office": rehearse = \{.*"helo-'
         r'own", .*"sender-null", "sender-literal"', "and of all, all others")
    eq(inlet(s, "--enforce", "route").returncode, 64, "not one that may be")
    like(inlet(s, "--enforce", "spam").stderr, "no check spam", "nor any")
    old = s.scratch.log_text().count("new settings")
    s.reload(text=CONF % line.group(1))
    wait_for(lambda: s.scratch.log_text().count("new settings") > old, 20,
             "the new settings")
    with s.client() as c:
        c.hello()
        says(c.envelope(sender="a@bad.test")[0], "LISTED", "now it is")
    eq(inlet(s, "--enforce", "helo-refuse").returncode, 0, "in a channel")


def mistakes(s):
    s.write_conf(CONF % 'rehearse = {"sender-refuse", "route"}')
    got = subprocess.run(s.command("inlet", *s.where(), "check"),
                         capture_output=True, text=True)
    like(got.stdout, r'(?m)^error +\S+:\d+: rehearse: there is no check '
         r'"route" that may be tried', "inlet check names a wrong word")
    like(got.stdout, r"(?m)^note +\S+:\d+: sender-refuse is tried and not in "
         "force", "and notes the others")
    s.reload()
    wait_for(lambda: "there is no check \\\"route\\\"" in
             s.scratch.log_text(), 20, "the reason")
    wait_for(lambda: "the old one stays" in s.scratch.log_text(), 20, "that")
    with s.client() as c:
        eq(c.hello().code, 250, "the old settings stay")


def rehearsal():
    with Server(CONF % TRIED, deliver=False) as s:
        passes(s)
        whole_channel(s)
        report(s)
        enforced(s)
        mistakes(s)


run(rehearsal)
