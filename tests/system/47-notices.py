#!/usr/bin/env python3
"""What the sender is told, and that it is told once: NOTIFY, aliases, relays,
warnings, DELIVERBY (RFC 3461, 3464, 2852); deliver is killed at every step."""

import collections
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, HERE)
from harness import *
from delivery import *

need_built("deliver", "ch_local", "tailor")

MORE = CONF + """\
channel "hosts" { program = "hosts"  destination = "domain" }
"""


def begin(**settings):
    d = Delivery(conf=MORE, settings={
        "retry-first": '"1s"', "retry-most": '"1s"', **settings})
    hosts = Hosts(d)
    return d, hosts, FakeSubmit(d.s)


def told(submit):
    """Each notice's identifier, with what it says of whom."""
    found = {}
    for ident, _, text in submit.got:
        found[ident] = list(zip(
            re.findall(rb"(?m)^Action: (\w+)", text),
            re.findall(rb"(?m)^Final-Recipient: \S+ (\S+)@", text)))
    return found


def said(submit):
    """The same of all together: "failed bad", sorted."""
    return sorted(b"%s %s" % pair for pairs in told(submit).values()
                  for pair in pairs)


def success():
    d, hosts, submit = begin()
    d.start()
    d.local("one", "two", options=["-N", "SUCCESS,FAILURE", "-V", "e+2Bf"])
    d.wait_empty()
    eq(said(submit), [b"delivered one", b"delivered two"], "NOTIFY=SUCCESS")
    eq(len(submit.got), 1, "both in one notice")
    like(submit.got[0][2], r"Original-Envelope-Id: e\+f\n", "with ENVID")
    like(submit.got[0][2], "Subject: Your message was delivered", "it says so")
    submit.got.clear()
    d.local("one", options=["-N", "FAILURE,DELAY"])
    d.local("one")
    d.local("one", options=["-N", "SUCCESS", "-s", ""])
    d.entry("hosts:dsn@a.test:", options=["-N", "SUCCESS"])
    d.wait_empty()
    eq(said(submit), [], "none where it was not asked for, none of bounces, "
       "none of what the next host tells")
    d.entry("hosts:nodsn@a.test:", "hosts:never@a.test:",
            options=["-N", "SUCCESS,FAILURE"])
    d.wait_empty()
    eq(said(submit), [b"failed never", b"relayed nodsn"],
       "relayed to a host without notices; what failed by itself")
    submit.close()
    eq(d.stop(), 0, "exit 0")


def expanded():
    d, hosts, submit = begin()
    d.start()
    box = "local:%s@example.org:example.org/%s:%s@example.org"
    d.entry(box % ("one", "one", "all"), box % ("two", "two", "all"),
            box % ("six", "six", "alias"), "local:bad@example.org:../bad:"
            "all@example.org", options=["-N", "SUCCESS,FAILURE"])
    d.wait_empty()
    eq(said(submit), [b"delivered six", b"expanded all", b"failed bad"],
       "an alias of several is told once, one of one as itself, and what "
       "failed behind either")
    submit.close()
    d.stop()


def warnings():
    d, hosts, submit = begin(**{"warn-after": '{"1s", "3s"}'})
    d.start()
    ident = d.entry("hosts:later@a.test:", "hosts:ok@a.test:")
    quiet = d.entry("hosts:later@b.test:", options=["-N", "FAILURE"])
    never = d.entry("hosts:later@b.test:", options=["-s", ""])
    wait_for(lambda: len(told(submit)) == 2, 30, "two warnings")
    eq(said(submit), 2 * [b"delayed later"], "of what is not delivered")
    like(submit.got[0][2], "^Will-Retry-Until: ", "until when")
    like(submit.got[0][2], r"^Status: 4\.2\.2", "why")
    last = len(hosts.tries())
    wait_for(lambda: len(hosts.tries()) > last + 6, 30, "more tries")
    eq(len(told(submit)), 2, "no third")
    eq({d.s.log_lines("notice", qid=i) != [] for i in (quiet, never)},
       {False}, "none where it was not asked for, none to nobody")
    ok(d.logged("notice qid=%s .*about=delayed" % ident), "logged")
    submit.close()
    d.stop()


def while_down():
    """What never had a try is warned of and given up all the same."""
    d, hosts, submit = begin(**{"warn-after": '"1s"', "pause-first": '"1h"'})
    d.text = d.text.replace('"domain"', '"domain"  expire = "60s"')
    d.write({"warn-after": '"1s"', "pause-first": '"1h"'})
    hosts.down("a.test")
    d.entry("hosts:first@a.test:")
    d.start()
    wait_for(lambda: d.s.log_lines("down"), what="a pause")
    d.entry("hosts:second@a.test:")
    wait_for(lambda: said(submit) == [b"delayed first", b"delayed second"],
             20, "both warnings")
    eq(len(hosts.tries()), 1, "and no try")
    d.entry("hosts:third@a.test:", options=[
        "-t", str(int(time.time()) - 120)])
    wait_for(lambda: b"failed third" in said(submit), 20, "expiry")
    text = next(t for _, _, t in submit.got if b" third@" in t)
    like(text, r"Status: 5\.4\.7", "its time is over")
    like(text, "for a test", "and what is known of the host")
    submit.close()
    d.stop()


def deliver_by():
    d, hosts, submit = begin()
    hosts.down("a.test")
    d.start()
    late = d.entry("hosts:r@a.test:", options=["-D", "R2"])
    d.entry("hosts:n@a.test:", options=["-D", "N2"])
    d.entry("hosts:none@a.test:", options=["-D", "N2", "-N", "NEVER"])
    wait_for(lambda: said(submit) == [b"delayed n", b"failed r"], 30,
             "both notices")
    ok(d.logged("expired qid=%s .*enh=5.4.7 .*in the time that its sender"
                % late), "RFC 2852 4.1.3, R: returned at its time")
    eq(len(d.s.queue()), 2, "N: told, and tried on")
    submit.got.clear()
    d.entry("hosts:dsn@b.test:", options=["-D", "R600", "-T"])
    wait_for(lambda: said(submit), 10, "a notice")
    eq(said(submit), [b"relayed dsn"], "RFC 2852 4.1.4: relayed, by-trace")
    submit.got.clear()
    for to, more in (("dsn@b.test", "N600"), ("noby@b.test", "R600"),
                     ("noby@b.test", "N-5")):
        d.entry("hosts:%s:" % to, options=["-D", more])
    for more in (["-D", "N600"], ["-D", "R600", "-T"]):
        d.entry("hosts:noby@b.test:", options=more + ["-N", "NEVER"])
    d.entry("hosts:noby@b.test:", options=["-D", "N600"])
    wait_for(lambda: submit.got and len(d.s.queue()) == 2, 10, "a notice")
    eq(said(submit), [b"relayed noby"],
       "RFC 2852 4.1.4.2: relayed to where nobody knows of the deadline")
    submit.close()
    d.stop()


SEVERAL = ("local:good@example.org:good/good",
           "local:one@example.org:one/one:all@example.org",
           "local:two@example.org:two/two:all@example.org",
           "local:bad@example.org:../bad",
           "world:late@example.com:")
WANT = [b"delayed late", b"delivered good", b"expanded all", b"failed bad"]


def killed():
    """One entry that owes all kinds; each of them is told once."""
    if not tool("strace") or subprocess.run(
            ["strace", "-o", "/dev/null", "true"],
            stderr=subprocess.DEVNULL).returncode != 0:
        skip("no strace here")
        return
    d = Delivery()
    submit = FakeSubmit(d.s)
    out = d.s.at("trace")

    def entry():
        return d.entry(*SEVERAL, options=[
            "-N", "SUCCESS,FAILURE,DELAY",
            "-t", str(int(time.time()) - 5 * 3600)])

    entry()
    d.once(("strace", "-o", out))
    eq(said(submit), WANT, "one of each kind")
    count, calls, begun = collections.Counter(), [], False
    if os.path.exists(out):
        with open(out) as f:
            for line in f:
                name = re.match(r"(\w+)\(", line)
                if name:
                    name = name.group(1)
                    count[name] += 1
                    begun = begun or "deliver.lock" in line
                    if begun and name in ("pwrite64", "write", "fsync",
                                          "fdatasync", "unlinkat", "sendto",
                                          "sendmsg", "recvfrom", "recvmsg",
                                          "connect", "openat", "renameat2"):
                        calls.append((name, count[name]))
    if not ROOT and not calls:
        skip("only root may read what it says in its calls")
        submit.close()
        return
    wrong, notices = [], 0
    for name, nth in calls[::1 if FULL else 3]:
        for folder in ("queue", "marks", "journal"):
            shutil.rmtree(os.path.join(d.s.spool, folder), True)
        for box in ("good", "one", "two"):
            shutil.rmtree(os.path.join(d.s.mail, box), True)
        submit.got.clear()
        entry()
        d.once(("strace", "-o", "/dev/null", "-e", "trace=" + name, "-e",
                "inject=%s:signal=SIGKILL:when=%d" % (name, nth)))
        alone()     # a channel program may outlive deliver for a moment
        d.once()
        d.once()
        notices += len(submit.got)
        if said(submit) != WANT or len(d.s.maildir("good@good")) != 1:
            wrong.append((name, nth, said(submit)))
    diag("%d calls, %d notices" % (len(calls), notices))
    ok(notices > len(calls[::1 if FULL else 3]) * len(WANT),
       "some were sent again")
    eq(wrong, [], "each is told once, wherever it died")
    submit.close()


run(success, expanded, warnings, while_down, deliver_by, killed,
    seconds=900 if FULL else 240)
