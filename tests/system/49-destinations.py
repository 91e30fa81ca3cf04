#!/usr/bin/env python3
"""Whose turn it is: a queue full of mail for many hosts, some of which cannot
be reached, is delivered fairly, by priority, in little memory, while mail is
accepted.  All of it is counted, not timed."""

import collections
import os
import re
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, HERE)
from harness import *
from delivery import *

need_built("smtpd", "smtpsrvr", "submit", "deliver", "ch_local", "tailor")

MORE = CONF + """\
channel "hosts" { program = "hosts"  destination = "domain"
    delivery-processes = 4 }
"""
LONG = {"retry-first": '"1h"', "retry-most": '"1h"', "pause-first": '"1h"',
        "log-level": '"notice"'}
ENTRIES = 30000 if FULL else 3000
DOMAINS = 100 if FULL else 25


def begin(conf=MORE, **settings):
    d = Delivery(conf=conf, settings={**LONG, **settings})
    return d, Hosts(d)


def many(d, to, n, domains=1, options=()):
    d.entry(to, options=["-n", str(n), "-m", str(domains), *options])


def status(pid, key):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) for line in f
                    if line.startswith(key + ":"))


def full_queue():
    """At the start all of it is for one that is dead, one that is large, and
    many others."""
    d, hosts = begin()
    hosts.down("dead.test")
    many(d, "hosts:x@dead.test:", ENTRIES // 3)
    many(d, "hosts:x@large.test:", ENTRIES // 3)
    many(d, "hosts:x@d#.test:", ENTRIES // 3, DOMAINS)
    d.start()
    late = d.local("user")
    wait_for(lambda: d.box("user"), 60, "what comes in meanwhile")
    ok(True, "what comes in meanwhile is delivered (%s)" % late)
    want = {"d%d.test" % i for i in range(DOMAINS)} | {"large.test"}
    wait_for(lambda: want <= {t[0] for t in hosts.tries()}, 300,
             "each host has mail")
    rows = hosts.tries()
    first = {}
    for i, row in enumerate(rows):
        first.setdefault(row[0], i)
    large = [i for i, row in enumerate(rows) if row[0] == "large.test"]
    before = sum(i < max(first.values()) for i in large)
    diag("%d tries, %d of the large one's, before each host had one" % (
        max(first.values()), before))
    ok(before < ENTRIES // 3 / 2, "before the large one is half done")
    eq(len([r for r in rows if r[0] == "dead.test"]), 1,
       "the dead one is tried once")
    kib = status(d.p.pid, "VmHWM")
    diag("%d KiB for %d entries" % (kib, ENTRIES))
    ok(kib < 6000 + ENTRIES * 0.25 or sanitized(),
       "%d KiB of memory: under 250 bytes an entry" % kib)
    if not FULL:
        wait_for(lambda: len(d.s.queue()) == ENTRIES // 3, 120,
                 "all but the dead one's")
        eq(len(hosts.tries("dead.test")), 1, "which still waits")
        rows = hosts.tries()
        each = collections.Counter(r[0] for r in rows)
        eq({each["d%d.test" % i] for i in range(DOMAINS)},
           {ENTRIES // 3 // DOMAINS}, "each had what was its own")
    eq(d.stop(), 0, "exit 0")


def greets():
    """A start with all of that in the queue: mail is accepted at once."""
    conf = """\
table "here" { type = "list"  rows = {"example.org"} }
table "all" { type = "list"  rows = {"@example.org"} }
channel "local" { table = "here"  program = "local"  mailboxes = "all" }
channel "world" { }
"""
    with Server(conf, settings={"log-level": '"notice"'},
                deliver=False) as s:
        s.stop()
        for name in ("-j",), ():
            subprocess.run(
                [MKENTRY, *name, "-n", str(200 if name else ENTRIES), "-m",
                 "50", *(["-u", str(SUBMIT)] if ROOT else []),
                 s.scratch.spool, "local:u#@example.org:example.org/u#"],
                input=TEXT, check=True, stdout=subprocess.DEVNULL)
        began = time.monotonic()
        s.with_deliver = True
        s.start()
        diag("ready after %.2f s" % (time.monotonic() - began))
        with s.client() as c:
            eq(c.message(b"Subject: new\n\n").code, 250, "new mail is taken")
        left = len(s.scratch.queue())
        diag("accepted after %.2f s, %d are left" % (
            time.monotonic() - began, left))
        ok(left > 0, "before the queue is empty")
        wait_for(lambda: len(s.scratch.queue()) < left, 60, "deliveries")
        ok(True, "which goes on")


def around():
    """While all of them have mail, no host is ahead of another by more than
    the jobs that are made ahead (CHANNEL_QUEUED): at the start these are for
    whoever was read first.  By one program, so that their order is deliver's
    and not the scheduler's."""
    d, hosts = begin(conf=MORE.replace("processes = 4", "processes = 1"))
    d.program("hosts", HOSTS.replace(
        "while True:\n    m,", "import time\nwhile True:\n"
        "    while os.path.exists(folder + '/wait'): time.sleep(0.02)\n"
        "    m,") % hosts.folder)
    with open(hosts.folder + "/wait", "w"):
        pass
    for i in range(4):
        many(d, "hosts:x@d%d.test:" % i, 150)
    d.start()
    many(d, "hosts:last@late.test:", 50)
    # Until it was read nobody knows where an entry goes.
    d.local("user")
    wait_for(lambda: d.box("user"), what="all are read")
    os.unlink(hosts.folder + "/wait")
    d.wait_empty(60)
    rows = [r[0] for r in hosts.tries()]
    eq(len(rows), 650, "all of it")
    worst = 0
    for end in range(40, 450):
        n = collections.Counter(rows[:end])
        worst = max(worst, max(n["d%d.test" % i] for i in range(4)) -
                    min(n["d%d.test" % i] for i in range(4)))
    diag("at most %d ahead" % worst)
    ok(worst <= 64 + 8, "none is far ahead of another")
    ok(rows.index("late.test") < 64 + 16, "nor of one that came later")
    d.stop()


def at_once():
    """delivery-per-destination: one host takes no more of the programs."""
    d, hosts = begin(conf=MORE.replace(
        "delivery-processes = 4",
        "delivery-processes = 4  delivery-per-destination = 2"))
    d.program("hosts", "import os\nwhile os.read(0, 65536): pass\n")
    many(d, "hosts:x@slow.test:", 20)
    d.start()

    def running():
        return [p for p in descendants(d.p.pid)
                if any(a.endswith("/ch_hosts") for a in p.args)]
    wait_for(lambda: len(running()) == 2, what="two at work")
    many(d, "hosts:x@other.test:", 20)
    wait_for(lambda: len(running()) == 4, what="four at work")
    d.local("user")
    wait_for(lambda: d.box("user"), what="other mail")
    eq(len(running()), 4, "two for each")
    d.p.send_signal(signal.SIGTERM)
    for p in running():
        os.kill(p.pid, signal.SIGKILL)


def priorities():
    d, hosts = begin(conf=MORE.replace("processes = 4", "processes = 1"))
    d.program("hosts", HOSTS.replace(
        "while True:\n    m,", "import time\nwhile True:\n"
        "    while os.path.exists(folder + '/wait'): time.sleep(0.02)\n"
        "    m,") % hosts.folder)
    with open(hosts.folder + "/wait", "w"):
        pass
    many(d, "hosts:normal@a.test:", 40)
    many(d, "hosts:low@a.test:", 20, options=["-P", "-4"])
    many(d, "hosts:high@a.test:", 20, options=["-P", "6"])
    d.start()
    # Until it was read nobody knows what an entry's priority is.
    d.local("user")
    wait_for(lambda: d.box("user"), what="all are read")
    os.unlink(hosts.folder + "/wait")
    d.wait_empty(60)
    users = [r[1] for r in hosts.tries()]
    last = max(i for i, u in enumerate(users) if u == "high")
    ok(last < 40, "high before normal: the last is number %d" % last)
    early = users[:56].count("low")     # some begin before all are read
    ok(early <= 4, "low after normal: %d of them are not" % early)
    d.stop()


def down_and_up():
    """A pause ends with one try; then all that waits goes on."""
    d, hosts = begin(**{"pause-first": '"1s"', "pause-most": '"2s"'})
    hosts.down("a.test")
    many(d, "hosts:x@a.test:", 30)
    many(d, "hosts:x@b.test:", 30)
    d.start()
    wait_for(lambda: len(hosts.tries("b.test")) == 30, 30, "the other host")
    wait_for(lambda: len(hosts.tries("a.test")) >= 3, 30, "three tries")
    eq(lambda: len(d.s.log_lines("down")) - len(hosts.tries("a.test")), 0,
       "one try a pause")
    like(d.s.log_lines("down")[1], r"dest=a.test failures=2 pause=\d+ "
         "waiting=", "and a line for each")
    hosts.up("a.test")
    down = len(hosts.tries("a.test"))
    wait_for(lambda: len(d.s.queue()) <= down, 30, "what was not tried")
    ok(happens(lambda: d.s.log_lines("up")), "up is logged")
    eq(len(hosts.tries("a.test")), 30, "each was tried once")
    d.stop()


def one_pass():
    """With -o each has its one try, whatever its host does."""
    d, hosts = begin()
    hosts.down("a.test")
    many(d, "hosts:x@a.test:", 10)
    many(d, "hosts:x@b.test:", 10)
    eq(d.once(), 0, "-o ends")
    eq((len(hosts.tries("a.test")), len(hosts.tries("b.test"))), (10, 10),
       "one try for each")
    eq(len(d.s.queue()), 10, "what failed stays")


BY_CHANNEL = CONF + """\
channel "hosts" { program = "hosts" }
channel "first" { program = "hosts"  pause-first = "20s" }
channel "most" { program = "hosts"  pause-most = "50s" }
channel "notices" { program = "hosts"  expire-notices = "3h" }
channel "warned" { program = "hosts"  warn-after = {} }
"""


def by_channel():
    """What the server says, and what a channel says over it."""
    d, hosts = begin(conf=BY_CHANNEL, **{
        "pause-first": '"100s"', "pause-most": '"100s"',
        "expire-notices": '"1h"', "warn-after": '{"1h"}',
        "log-level": '"info"'})
    submit = FakeSubmit(d.s)
    hosts.down("a.test")
    d.start()
    for name in ("hosts", "first", "most"):
        d.entry("%s:x@a.test:" % name)
        wait_for(lambda: d.s.log_lines("down", chan=name), what="a pause")
    for name, least, most in (("hosts", 87, 100), ("first", 20, 23),
                              ("most", 43, 50)):
        line = d.s.log_lines("down", chan=name)[0]
        pause = int(re.search(r" pause=(\d+)", line).group(1))
        ok(least <= pause <= most, "%s: a pause of %d s" % (name, pause))
    old = ["-t", str(int(time.time()) - 2 * 3600)]
    for name, what in (("warned", "expired"), ("notices", "later")):
        ident = d.entry("%s:later@b.test:" % name,
                        options=[*old, "-s", ""])
        ok(happens(lambda: d.s.log_lines(what, qid=ident)),
           "expire-notices: %s in %s" % (what, name))
    silent = d.entry("warned:later@b.test:", options=old)
    told = d.entry("notices:later@b.test:", options=old)
    ok(happens(lambda: d.s.log_lines("notice", qid=told)),
       "warn-after: the server's")
    wait_for(lambda: d.s.log_lines("later", qid=silent), what="a try")
    eq(d.s.log_lines("notice", qid=silent), [], "and none of the channel's")
    submit.close()
    d.stop()


run(by_channel, full_queue, greets, around, at_once, priorities, down_and_up, one_pass,
    seconds=900 if FULL else 240)
