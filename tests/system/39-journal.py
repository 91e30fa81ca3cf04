#!/usr/bin/env python3
"""The journal and deliver: what is not finished becomes a file and is neither
lost nor doubled wherever deliver is killed; segments come back; a journal
that is full loses nothing."""

import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
os.environ["INLET_STORE"] = "journal"
from harness import *                           # noqa: E402
from delivery import *                          # noqa: E402

need_built("deliver", "ch_local", "tailor")
KILLAT = os.path.join(BUILD, "tests", "crash", "killat")
LATER = """
import os, socket, struct, sys
s = socket.socket(fileno=0)
while True:
    m, fds, _, _ = socket.recv_fds(s, 5000, 1)
    if not m:
        sys.exit(0)
    version, flags, serial, at, length, n = struct.unpack_from("=HHIQQI", m)
    for i in struct.unpack_from("=%%dI" %% n, m, 28):
        s.send(struct.pack("=IIB3x12s200s", serial, i, *%s))
    for fd in fds:
        os.close(fd)
"""
NOT_NOW = "(2, b'4.2.2', b'not now')"
SLOW = {"retry-first": '"10m"'}
# Channel world has no program, and mail for it waits; here it has one.
OPEN = CONF.replace('channel "world" { }',
                    'channel "world" { program = "local" }')
DONE = "(1, b'2.0.0', b'done')"


def mixed(d):
    """One that is delivered and one that has to wait."""
    return d.entry("local:user@example.org:example.org/user",
                   "odd:a@example.com:")


def files(d):
    return sorted(os.listdir(os.path.join(d.s.spool, "queue")))


def becomes_file():
    d = Delivery(settings={"retry-first": '"10m"'})
    d.program("odd", LATER % NOT_NOW)
    d.start()
    ident = mixed(d)
    wait_for(lambda: files(d) == [ident], 10, "a file")
    ok(happens(lambda: not journal.entries(d.s.spool)),
       "the next try is far: it is a file")
    eq(d.s.entry(ident), journal.entries(d.s.spool, True)[ident],
       "byte for byte what it was in the journal")
    eq(len(d.box("user")), 1, "one recipient has it")
    eq(d.s.queue("marks"), [ident], "which its marks say")
    eq(d.s.queue("tmp"), [], "nothing is left in tmp")
    eq(d.stop(), 0, "exit 0")
    d.program("odd", LATER % DONE)
    eq(d.once(), 0, "the next deliver")
    eq((files(d), d.s.queue("marks")), ([], []), "finishes it")
    eq(len(d.box("user")), 1, "and the first recipient has it once")


def stays():
    d = Delivery(settings={"retry-first": '"1s"', "journal-time": '"1h"'})
    d.program("odd", LATER % NOT_NOW)
    d.start()
    ident = mixed(d)
    ok(d.logged(r"later qid=%s .*tries=2" % ident), "the next try is soon")
    eq(files(d), [], "it stays in the journal")
    d.p.kill()
    d.p.wait()
    d.program("odd", LATER % DONE)
    d.start()
    d.wait_empty()
    eq(len(d.box("user")), 1, "a kill, and its marks are known")
    eq(len(d.s.log_lines("delivered", qid=ident, rcpt=0)), 1,
       "nobody even tried again")
    d.stop()


def segments_come_back():
    """Far more mail than the journal has room for."""
    d = Delivery().start()
    n = 60
    text = b"x" * 170000 + b"\n"
    for i in range(n):
        d.local("user", text=text)
    d.wait_empty(60)
    eq(len(d.box("user")), n, "all are delivered")
    used = [f for f in os.listdir(d.s.spool + "/journal") if f[0] == "s"]
    ok(len(used) * 1048576 < n * 170000, "%d segments were enough" %
       len(used))
    ok(happens(lambda: [
        1 for i in range(8) if journal._slot(
            journal._read(d.s.spool, "freed"), i)[0]]), "some came back")
    eq(d.stop(), 0, "exit 0")


def orphan():
    """A program that outlives its deliver keeps the journal's entries."""
    d = Delivery()
    fd = os.open(d.s.spool + "/deliver.workers", os.O_RDWR | os.O_CREAT, 0o600)
    if d.user is not None and ROOT:
        os.chown(d.s.spool + "/deliver.workers", d.user, d.user)
    import fcntl
    fcntl.flock(fd, fcntl.LOCK_SH)
    d.start()
    ident = d.local("user")
    d.journal = False
    d.local("other")
    wait_for(lambda: d.box("other"), what="what is in files is delivered")
    eq(d.box("user"), [], "what is in the journal waits")
    os.close(fd)
    wait_for(lambda: d.box("user"), what="delivery")
    ok(d.logged("delivered qid=" + ident), "until it is gone")
    d.stop()


def damaged():
    d = Delivery()
    good, bad = d.local("user"), d.local("other")
    path = d.s.spool + "/journal/s00"
    with open(path, "r+b") as f:
        data = f.read()
        f.seek(data.index(bad.encode()) + 200)
        f.write(b"!")
    d.start()
    wait_for(lambda: d.s.queue("bad") == [bad], what="bad/")
    ok(d.logged("damaged qid=%s" % bad), "a damaged entry is reported")
    d.wait_empty()
    ok(not d.box("other") and len(d.box("user")) == 1,
       "not delivered, and the other one is")
    eq(d.stop(), 0, "exit 0")


def killed(d, n):
    """deliver -o until its nth stop; True if it came that far."""
    stops = d.s.at("stops")
    with open(d.s.log, "ab") as log:
        subprocess.run(
            [KILLAT, stops, str(n), *d.args("-o")], stdout=log, stderr=log,
            stdin=subprocess.DEVNULL, cwd="/", timeout=slow(60), **d.popen())
    alone()     # what it had started may end a moment later, with its locks
    return stops


def fresh(d):
    """Nothing of an earlier try; a new entry."""
    for folder in ("queue", "marks", "tmp", "journal"):
        for name in os.listdir(os.path.join(d.s.spool, folder)):
            os.unlink(os.path.join(d.s.spool, folder, name))
    for domain in ("/example.org", "/example.com"):
        shutil.rmtree(d.s.mail + domain, True)
    d.write(SLOW)
    return d.entry("local:user@example.org:example.org/user",
                   "world:a@example.com:example.com/a")


def the_move(d, total):
    """About where it gets its name in queue/."""
    low, high = 1, total
    while high - low > 3:
        middle = (low + high) // 2
        fresh(d)
        killed(d, middle)
        if files(d):
            high = middle
        else:
            low = middle
    return low


def one_kill(d, n):
    """What is wrong after a kill; whether it was in both places, and
    whether half of a file was left."""
    ident = fresh(d)
    killed(d, n)
    in_journal, there = set(journal.entries(d.s.spool)), set(files(d))
    both, half = in_journal & there, d.s.queue("tmp")
    wrong = [] if ident in in_journal | there else ["lost"]
    d.write(SLOW, OPEN)
    for _ in range(3):
        if d.once() != 0:
            wrong.append("the next deliver fails")
        if not d.s.queue():
            break
    if d.s.queue() or d.s.queue("marks"):
        wrong.append("left: %r %r" % (d.s.queue(), d.s.queue("marks")))
    if len(d.box("user")) != 1:
        wrong.append("%d copies" % len(d.box("user")))
    if len(d.s.log_lines("delivered", qid=ident, rcpt=1)) != 1:
        wrong.append("the other recipient")
    return ["%d: %s" % (n, w) for w in wrong], bool(both), bool(half)


def every_step():
    """deliver is killed at each system call on the way from the journal to
    a file, and at many others of its life."""
    if not os.path.exists(KILLAT):
        skip("killat is not built")
        return
    d = Delivery(settings=SLOW)
    for folder in ("tmp", "queue", "marks", "journal"):
        d.s.make(os.path.join("spool", folder), d.user, 0o700)
    d.s.write("stops", "", 0o666)
    fresh(d)
    with open(killed(d, 0)) as f:
        total = int(f.read())
    eq(len(files(d)), 1, "without a kill it becomes a file")
    steps = range(1, total, max(1, total // (250 if FULL else 25)))
    results = [one_kill(d, n) for n in steps]
    both = half = 0
    # How many stops there are before it depends on the load of the machine.
    for _ in range(4):
        if both and half:
            break
        at = the_move(d, total)
        diag("it is named at stop %d of %d" % (at, total))
        results += [one_kill(d, n) for n in range(
            max(1, at - 60 + (0 if FULL else os.getpid() % 2)), at + 30,
            1 if FULL else 2)]
        both, half = sum(r[1] for r in results), sum(r[2] for r in results)
    eq([w for r in results for w in r[0]], [],
       "killed at %d of %d stops: nothing lost or doubled" %
       (len(results), total))
    ok(both > 0 and half > 0, "%d were in both places, %d left half a file"
       % (both, half))


run(becomes_file, stays, segments_come_back, orphan, damaged, every_step,
    seconds=600 if FULL else 240)
