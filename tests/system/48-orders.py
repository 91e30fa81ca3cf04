#!/usr/bin/env python3
"""What deliver is asked to do with its queue while it runs (lib/control.h):
hold, release, retry, delete, bounce, and the start of a domain."""

import os
import signal
import socket
import struct
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
LONG = {"retry-first": '"1h"', "retry-most": '"1h"', "pause-first": '"1h"',
        "journal-time": '"1s"'}


def begin(**settings):
    d = Delivery(conf=MORE, settings={**LONG, **settings})
    return d, Hosts(d)


def waiting(d, user="later", host="a.test"):
    """An entry that was tried once and is not due for an hour."""
    ident = d.entry("hosts:%s@%s:" % (user, host))
    wait_for(lambda: d.s.log_lines("later", qid=ident), what="a try")
    return ident


def tries(hosts, ident):
    return len([t for t in hosts.tries() if t[2] == ident])


def hold():
    d, hosts = begin()
    d.start()
    ident = waiting(d)
    eq(control(d, "hold", ident), ("done", 1, ""), "hold")
    eq(control(d, "retry", ident)[0], "done", "a retry of it")
    d.p.kill()
    d.p.wait()
    d.start()
    other = waiting(d, host="b.test")
    eq(tries(hosts, ident), 1, "it is held, after a crash, too")
    eq(control(d, "release", ident), ("done", 1, ""), "release")
    eq(control(d, "retry", ident), ("done", 1, ""), "then retry")
    ok(happens(lambda: tries(hosts, ident) == 2), "it is tried again")
    eq(tries(hosts, other), 1, "others are not")
    held = d.entry("hosts:ok@a.test:", options=["-H", "3600"])
    wait_for(lambda: d.local("user") and d.box("user"), what="other mail")
    eq(tries(hosts, held), 0, "one that its sender holds waits")
    eq(control(d, "release", held)[0], "done", "release")
    ok(happens(lambda: held not in d.s.queue() and tries(hosts, held) == 1),
       "ends that as well")
    eq(d.stop(), 0, "exit 0")


def future():
    d, hosts = begin()
    d.start()
    began = time.monotonic()
    ident = d.entry("hosts:ok@a.test:", options=["-H", "2"])
    ok(happens(lambda: tries(hosts, ident) == 1, 20), "held for its sender")
    ok(time.monotonic() - began > 0.9, "but not longer")
    d.wait_empty()
    d.stop()


def delete():
    d, hosts = begin()
    d.start()
    ident = waiting(d)
    eq(control(d, "delete", ident), ("done", 1, ""), "delete")
    d.p.kill()
    d.p.wait()
    d.start()
    eq(d.s.queue(), [], "it is gone, for good")
    eq(sorted(os.listdir(d.s.spool + "/trash")), [ident, ident + ".marks"],
       "the trash has it, and what became of it")
    eq(control(d, "delete", ident)[0], "absent", "not twice")
    eq(d.stop(), 0, "exit 0")
    for name, to in ((ident + ".marks", "marks/"), (ident, "queue/")):
        os.rename(os.path.join(d.s.spool, "trash", name),
                  os.path.join(d.s.spool, to, ident))
    d.start()
    eq(control(d, "retry", ident)[0], "done", "moved back it is mail again")
    ok(happens(lambda: tries(hosts, ident) == 2), "and tried")
    d.write({**LONG, "trash-time": '"0"'})
    d.p.send_signal(signal.SIGHUP)
    wait_for(lambda: d.logged("new configuration"), what="it")
    eq(control(d, "delete", ident)[0], "done", "trash-time = 0")
    eq(d.s.queue() + os.listdir(d.s.spool + "/trash"), [], "nothing is kept")
    d.stop()


def trash_ends():
    d, hosts = begin(**{"trash-time": '"1s"'})
    d.start()
    eq(control(d, "delete", waiting(d))[0], "done", "delete")
    d.stop()
    wait_for(lambda: d.start() and (d.stop(), not os.listdir(
        d.s.spool + "/trash"))[1], 30, "the end of the trash")
    ok(True, "what is older is removed")


def bounce():
    d, hosts = begin()
    submit = FakeSubmit(d.s)
    d.start()
    ident = waiting(d)
    silent = d.entry("hosts:later@a.test:", options=["-N", "NEVER"])
    wait_for(lambda: d.s.log_lines("later", qid=silent), what="a try")
    control(d, "hold", ident)
    eq(control(d, "bounce", ident, "not today"), ("done", 1, ""), "bounce")
    ok(happens(lambda: submit.got), "its sender is told")
    like(submit.got[0][2], r"Status: 5\.0\.0", "that it failed")
    like(submit.got[0][2], "returned by the operator: not today", "and why")
    eq(control(d, "bounce", silent)[0], "done", "one that wants no notice")
    d.wait_empty()
    eq(len(submit.got), 1, "gets none")
    submit.close()
    d.stop()


def bounce_owed():
    """submit is away, and deliver dies: the failure and the notice stay."""
    d, hosts = begin()
    d.start()
    ident = waiting(d)
    eq(control(d, "bounce", ident)[0], "done", "bounce without a submit")
    d.p.kill()
    d.p.wait()
    submit = FakeSubmit(d.s)
    d.start()
    d.wait_empty()
    eq(len(submit.got), 1, "told after all")
    eq(tries(hosts, ident), 1, "and not tried again")
    submit.close()
    d.stop()


def start():
    d, hosts = begin()
    hosts.down("x.a.test")
    d.start()
    first = d.entry("hosts:one@x.a.test:")
    wait_for(lambda: d.s.log_lines("down"), what="a pause")
    second = d.entry("hosts:two@x.a.test:")
    late = waiting(d, host="y.a.test")
    other = waiting(d, host="b.test")
    hosts.up("x.a.test")
    eq(control(d, "start", name="nobody.test"), ("done", 0, ""),
       "nothing waits for that")
    eq(control(d, "start", name="A.TEST", flags=1)[0], "done", "start")
    ok(happens(lambda: tries(hosts, second) == 1 and
               tries(hosts, first) == 2), "a pause is over")
    ok(happens(lambda: tries(hosts, late) == 2), "what waited is due")
    eq(tries(hosts, other), 1, "for that domain")
    d.stop()


def retry_one():
    """One that waits for a host that is down is tried itself."""
    d, hosts = begin()
    hosts.down("a.test")
    d.start()
    d.entry("hosts:one@a.test:")
    wait_for(lambda: d.s.log_lines("down"), what="a pause")
    for _ in range(3):
        d.entry("hosts:two@a.test:")
    last = d.entry("hosts:last@a.test:")
    wait_for(lambda: control(d, "retry", last)[0] == "done", what="it")
    ok(happens(lambda: tries(hosts, last) == 1), "that one is tried")
    eq(len(hosts.tries()), 2, "and no other")
    d.stop()


def nonsense():
    d, hosts = begin()
    d.program("odd", "import time\ntime.sleep(60)\n")
    d.start()
    eq(control(d, "hold", "0123456789ABCDEFGHJK")[0], "absent", "no entry")
    for case in (("hold", "../../etc/passwd"), ("hold", ""), ("start", ""),
                 (0, "0123456789ABCDEFGHJK"), (7, "0123456789ABCDEFGHJK")):
        eq(control(d, *case)[0], "malformed", "%s %s" % case)
    eq(control(d, "hold", "0123456789ABCDEFGHJK", version=9)[0],
       "malformed", "another version")
    eq(control(d, "bounce", "0123456789ABCDEFGHJK", "a\nb")[0],
       "malformed", "a control character")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as c:
        c.settimeout(slow(60))
        c.connect(os.path.join(d.s.run, "deliver"))
        for text in (b"x", b"x" * 5000):
            c.send(text)
            eq(c.recv(4096)[:4], b"\4\0\0\0", "%d bytes" % len(text))
    busy = d.entry("odd:x@a.test:")
    wait_for(lambda: [p for p in descendants(d.p.pid)
                      if "ch_odd" in " ".join(p.args)], what="it works")
    eq(control(d, "delete", busy)[0], "busy", "one that is being delivered")
    path = os.path.join(d.s.run, "deliver")
    eq(os.stat(path).st_mode & 0o777, 0o600, "nobody else may ask")
    if ROOT:
        eq(os.stat(path).st_uid, d.user, "it is the submit user's")
    many = [socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            for _ in range(40)]
    for c in many:
        c.setblocking(False)
        c.connect(path)
    for c in many[:20]:
        c.close()
    d.local("user")
    wait_for(lambda: d.box("user"), what="delivery all the while")
    for c in many[20:]:
        c.close()
    eq(control(d, "start", name="x.test")[0], "done", "it hears us still")
    for p in descendants(d.p.pid):
        if "ch_odd" in " ".join(p.args):
            os.kill(p.pid, signal.SIGKILL)
    d.stop()


def without_deliver():
    """deliver -q: the same, while none runs."""
    d, hosts = begin()
    d.start()
    ident, other, last = waiting(d), waiting(d), waiting(d)
    eq(d.stop(), 0, "deliver ends")
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def begin_it():
        with open(d.s.log, "ab") as log:
            return spawn(d.args("-q"), stdin=its, stdout=log, stderr=log,
                         cwd="/", **d.popen())

    def ask(verb, ident, name=""):
        ours.send(struct.pack("=III24s256s", 1, CONTROL[verb], 0,
                              ident.encode(), name.encode()))
        return RESULT[struct.unpack_from("=I", ours.recv(4096))[0]]

    ours.settimeout(slow(60))
    p = begin_it()
    eq(ask("hold", ident), "done", "hold")
    eq(ask("delete", other), "done", "delete")
    eq(ask("retry", last), "done", "retry")
    eq(ask("delete", other), "absent", "not twice")
    ours.shutdown(socket.SHUT_WR)
    eq(p.wait(slow(60)), 0, "it ends when we do")
    eq(len(hosts.tries()), 3, "and has delivered nothing")
    d.start()
    ok(happens(lambda: tries(hosts, last) == 2), "the retry holds")
    eq((tries(hosts, ident), other in d.s.queue()), (1, False),
       "so do the others")
    eq(begin_it().wait(slow(60)), 75, "not while a deliver runs")
    d.stop()


run(without_deliver, hold, future, delete, trash_ends, bounce, bounce_owed, start, retry_one,
    nonsense, seconds=240)
