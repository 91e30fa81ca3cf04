#!/usr/bin/env python3
"""No message is lost and none comes twice, whoever is killed and when.

First deliver and ch_local are killed at random moments while mail comes in;
then ch_local is killed at each of its system calls in turn, and each call
that may fail is made to fail."""

import collections
import hashlib
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, HERE)
from harness import *
from delivery import *

need_built("deliver", "ch_local", "tailor")
MESSAGES = 1000 if FULL else 200
SETTLES = 4                 # what ch_local says first: several at a time


def reader(d, stop):
    """A mail reader: moves what is new to cur, with flags."""
    while not stop.is_set():
        for user in ("user", "other", "third"):
            box = "%s/example.org/%s/" % (d.s.mail, user)
            try:
                names = os.listdir(box + "new")
            except OSError:
                continue
            for name in names[:5]:
                os.rename(box + "new/" + name, box + "cur/" + name + ":2,S")
        stop.wait(0.02)


def storm():
    seed = random.randrange(1 << 32)
    diag("seed %d" % seed)
    dice = random.Random(seed)
    d = Delivery().start()
    want = collections.Counter()
    stop = threading.Event()
    threads = [threading.Thread(target=reader, args=(d, stop))]

    kills = []

    def feed():
        for i in range(MESSAGES):
            while len(kills) * 6 < i:       # not faster than they die
                time.sleep(0.002)
            text = b"Subject: %d\n\n" % i + os.urandom(dice.choice(
                (10, 3000, 200000))).hex().encode() + b"\n"
            users = ("user", "other", "third")[:1 + i % 3]
            for user in users:
                want[user, hashlib.sha256(text).hexdigest()] += 1
            d.local(*users, text=text)
    threads.append(threading.Thread(target=feed))
    for t in threads:
        t.start()
    while threads[1].is_alive() or d.s.queue():
        time.sleep(dice.uniform(0, 0.15))
        programs = [p.pid for p in descendants(d.p.pid)]
        if programs and dice.random() < 0.6:
            victim = dice.choice(programs)
        else:
            victim = d.p.pid
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            continue
        kills.append(victim)
        if victim == d.p.pid:
            d.p.wait()
            d.start()
        if len(kills) > MESSAGES:
            break
    threads[1].join()
    d.wait_empty(60)
    stop.set()
    threads[0].join()
    got = collections.Counter()
    for user in ("user", "other", "third"):
        for message in d.box(user):
            text = message[message.index(b"Subject:"):]
            got[user, hashlib.sha256(text).hexdigest()] += 1
    ok(len(kills) > MESSAGES / 8, "%d were killed" % len(kills))
    eq(sum((want - got).values()), 0, "none is lost")
    eq(sum((got - want).values()), 0, "none came twice")
    ok(happens(lambda: not d.s.queue("marks")), "no marks are left")
    eq(d.stop(), 0, "and it ends well")


class Program:
    """ch_local by itself, with this test in deliver's place."""

    def __init__(self, d):
        self.d = d
        d.journal = False       # asked for as a file
        self.ident = d.local("user")
        self.record = os.memfd_create("record", os.MFD_ALLOW_SEALING)
        subprocess.run([program("tailor"), "-C", d.s.conf],
                       check=True, pass_fds=(3,), stdin=subprocess.DEVNULL,
                       preexec_fn=lambda: os.dup2(self.record, 3))

    def ask(self, repeat, strace=()):
        """One request; gives the answer's outcome and code, or None."""
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with open(self.d.s.spool + "/queue/" + self.ident, "rb") as entry:
            p = subprocess.Popen(
                [*strace, program("ch_local"), "local"], stdin=its,
                preexec_fn=lambda: os.dup2(self.record, 3), pass_fds=(3,),
                stderr=subprocess.DEVNULL)
            its.close()
            socket.send_fds(ours, [struct.pack("=HHIQQII", 4, repeat, 9, 0, 0, 1,
                                               0)],
                            [entry.fileno()])
        found = None
        try:
            while found is None and (answer := ours.recv(1000)):
                serial, index, outcome, code = struct.unpack_from(
                    "=IIB3x12s", answer)
                if outcome != SETTLES:
                    found = outcome, code.rstrip(b"\0").decode()
        except ConnectionResetError:
            pass
        ours.close()
        p.wait(slow(60))
        return found

    def boxes(self):
        box = self.d.s.mail + "/example.org/user/"
        return [os.listdir(box + f) if os.path.isdir(box + f) else []
                for f in ("tmp", "new", "cur")]

    def read(self):
        """As a mail reader does."""
        box = self.d.s.mail + "/example.org/user/"
        for name in self.boxes()[1]:
            os.rename(box + "new/" + name, box + "cur/" + name + ":2,S")

    def wipe(self):
        shutil.rmtree(self.d.s.mail + "/example.org", True)

    def calls(self, repeat):
        """The system calls after the request came: (name, nth, line)."""
        out = self.d.s.at("trace")
        self.ask(repeat, ("strace", "-o", out))
        count = collections.Counter()
        found, begun = [], False
        with open(out) as f:
            for line in f:
                name = re.match(r"(\w+)\(", line)
                if not name:
                    continue
                count[name.group(1)] += 1
                begun = begun or name.group(1) == "recvmsg"
                if begun:
                    found.append((name.group(1), count[name.group(1)], line))
        return found


def inject(name, nth, what):
    return ("strace", "-o", "/dev/null", "-e", "trace=" + name,
            "-e", "inject=%s:%s:when=%d" % (name, what, nth))


def check_order(calls):
    text = [line for _, _, line in calls]
    at = {}
    for i, line in enumerate(text):
        if re.match(r"fsync", line) and "write" in at and "file" not in at:
            at["file"] = i
        elif re.match(r"fsync", line) and "name" in at:
            at.setdefault("new", i)
        elif re.match(r"p?write", line) and "write" not in at:
            at["write"] = i
        elif re.match(r"renameat2", line):
            at["name"] = i
        elif re.match(r"sendto", line):
            at["answer"] = i
    eq(sorted(at, key=at.get), ["write", "file", "name", "new", "answer"],
       "write, sync the file, name it, sync the folder, answer")


def each_call():
    need_here = tool("strace")
    if not need_here or subprocess.run(
            ["strace", "-o", "/dev/null", "true"],
            stderr=subprocess.DEVNULL).returncode != 0:
        skip("no strace here")
        return
    d = Delivery()
    c = Program(d)
    calls = c.calls(0)
    check_order(calls)
    wrong, killed = [], 0
    for moved in (False, True):
        for name, nth, _ in calls:
            c.wipe()
            if c.ask(0, inject(name, nth, "signal=SIGKILL")) is None:
                killed += 1
            if moved:
                c.read()
            again = c.ask(1)
            tmp, new, cur = c.boxes()
            if again != (1, "2.0.0") or len(new) + len(cur) != 1 or tmp:
                wrong.append((name, nth, moved, again, tmp, new, cur))
    ok(killed > len(calls) / 2, "killed at %d calls" % killed)
    eq(wrong, [], "each time the repeat leaves exactly one")
    with open(d.s.mail + "/example.org/user/new/" + c.boxes()[1][0]
              if c.boxes()[1] else d.s.mail + "/example.org/user/cur/" +
              c.boxes()[2][0], "rb") as f:
        ok(f.read().endswith(TEXT), "and it is whole")
    c.wipe()
    repeat = c.calls(1)
    wrong = []
    for name, nth, _ in repeat:
        c.wipe()
        c.ask(0)
        c.ask(1, inject(name, nth, "signal=SIGKILL"))
        c.ask(1)
        tmp, new, cur = c.boxes()
        if len(new) + len(cur) != 1 or tmp:
            wrong.append((name, nth, tmp, new, cur))
    eq(wrong, [], "a repeat may be killed as well")


def each_call_of_deliver():
    """Three recipients, two of which fail for good; deliver dies."""
    if not tool("strace") or subprocess.run(
            ["strace", "-o", "/dev/null", "true"],
            stderr=subprocess.DEVNULL).returncode != 0:
        skip("no strace here")
        return
    d = Delivery()
    submit = FakeSubmit(d.s)
    out = d.s.at("trace")
    d.entry(*BAD, options=DSN)
    d.once(("strace", "-o", out))
    count, calls, begun = collections.Counter(), [], False
    with open(out) as f:
        for line in f:
            name = re.match(r"(\w+)\(", line)
            if not name:
                continue
            name = name.group(1)
            count[name] += 1
            begun = begun or "deliver.lock" in line
            if begun and (FULL and count[name] % 4 == 0 or name not in (
                    "read", "close", "mmap", "munmap", "poll", "getpid",
                    "fstat", "newfstatat", "getdents64", "brk", "lseek")):
                calls.append((name, count[name]))
    if not ROOT and not calls:
        skip("only root may read what it says in its calls")
        submit.close()
        return
    wrong, notices = [], 0
    for name, nth in calls:
        shutil.rmtree(d.s.mail + "/good", True)
        submit.got.clear()
        d.entry(*BAD, options=DSN)
        d.once(inject(name, nth, "signal=SIGKILL"))
        alone()     # a channel program may outlive deliver for a moment
        d.once()
        good = len(d.s.maildir("good@good"))
        # What submit would have queued: an identifier only once.
        told = {x[0]: re.findall(rb"(?m)^Final-Recipient: .*@", x[2])
                for x in reversed(submit.got)}
        each = sorted(name for names in told.values() for name in names)
        notices += len(submit.got)
        if good != 1 or each != [b"Final-Recipient: rfc822; bad@",
                                 b"Final-Recipient: rfc822; worse@"] or \
                d.s.queue() or d.s.queue("marks"):
            wrong.append((name, nth, good, told, d.s.queue(),
                          d.s.queue("marks")))
    diag("%d calls, %d notices" % (len(calls), notices))
    ok(notices > len(calls), "some reports were sent again")
    eq(wrong, [], "delivered once and told once, wherever it died")
    submit.close()


def each_failure():
    if not tool("strace") or subprocess.run(
            ["strace", "-o", "/dev/null", "true"],
            stderr=subprocess.DEVNULL).returncode != 0:
        skip("no strace here")
        return
    c = Program(Delivery())
    calls = c.calls(0)
    wrong = []
    for name, nth, line in calls:
        if name not in ("openat", "mkdirat", "write", "writev", "fsync",
                        "renameat2", "mmap", "pread64"):
            continue
        for error in ("EIO", "ENOSPC", "EDQUOT"):
            c.wipe()
            first = c.ask(0, inject(name, nth, "error=" + error))
            tmp, new, cur = c.boxes()
            # Said to be delivered: it is.  Not said: the repeat mends it.
            # A program that ends for want of memory has not said it.
            if (first is None and name != "mmap") or first and (
                    (first[0] == 1 and len(new) != 1) or first[0] == 3):
                wrong.append((name, nth, error, first, tmp, new, line))
            if c.ask(1) != (1, "2.0.0") or len(c.boxes()[1]) != 1:
                wrong.append((name, nth, error, "repeat", c.boxes()))
    eq(wrong, [], "whatever fails, it is later, and then exactly one")
    answers = []
    for name, nth, _ in calls:
        if name == "fsync":
            c.wipe()
            answers.append(c.ask(0, inject("fsync", nth, "error=EIO")))
    eq(set(answers), {(2, "4.3.1")}, "a failed sync is never delivered")
    c.wipe()
    eq(c.ask(0, inject("renameat2", 1, "error=EDQUOT")), (2, "4.2.2"),
       "the quota has its own code")
    eq(c.ask(0, inject("renameat2", 1, "error=ENOSPC")), (2, "4.3.1"),
       "so has a full disk")
    eq(c.boxes()[0], [], "and nothing is left in tmp")


run(storm, each_call, each_call_of_deliver, each_failure,
    seconds=900 if FULL else 240)
