#!/usr/bin/env python3
"""everyfault.py - each call that submit makes for a message, and deliver and
ch_local for a delivery, fails once, in each way; then random pairs of them.
250 only where it is durable, else 452 where space lacks and 451 where not;
no half entries, and the next message is taken; each is delivered once.

    everyfault.py [PAIRS]   all of it, and so many pairs; else some
"""

import errno
import mmap
import os
import select
import sys

CRASH = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, CRASH)
sys.path.insert(0, os.path.join(os.path.dirname(CRASH), "system"))
import submitter as sub                         # noqa: E402
from delivery import *                          # noqa: E402,F403

ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EROFS", "EMFILE", "ENFILE", "ENOMEM",
          "EINTR", "EAGAIN", "SHORT")
NUMBERS = dict({e: getattr(errno, e) for e in ERRORS[:-1]}, SHORT=9999)
SPACE = ("ENOSPC", "EDQUOT")
ALL = len(sys.argv) > 1     # each call and error, not some of them
PAIRS = int(sys.argv[1]) if ALL else 60 if FULL else 8
# Calls whose failure says that it is not durable.
SYNCS = ("fsync", "fdatasync")
# What may not fail for want of space, whatever the error says.
PLACES = ("openat", "write", "writev", "pwrite", "fsync", "fdatasync",
          "renameat2")
BODY = b"Subject: x\n\nbody\n"
LARGE = b"z" * 200000 + b"\n"
top = sub.scratch(True)
os.chmod(top, 0o755)
# What is executed is not in memory: nobody may there, on some machines.
plain = sub.scratch()
os.chmod(plain, 0o755)
library = os.path.join(plain, "everycall.so")


class Orders:
    """What everycall.c reads: which calls of whom are to fail."""

    def __init__(self, program, name="orders"):
        self.path = os.path.join(top, name)
        with open(self.path, "w+b") as f:
            f.truncate(4096)
            self.map = mmap.mmap(f.fileno(), 4096)
        os.chmod(self.path, 0o666)
        self.map[:24] = program.encode().ljust(24, b"\0")
        self.env = dict(os.environ, LD_PRELOAD=library, EVERYCALL=self.path)

    def arm(self, *faults):
        """(nth call, error) of each."""
        nth = [n for n, _ in faults] + [0, 0]
        error = [NUMBERS[e] for _, e in faults] + [0, 0]
        self.map[24:28] = bytes(4)
        self.map[28:36] = bytes(8)
        self.map[36:52] = struct.pack("=4i", *nth[:2], *error[:2])
        self.map[52:100] = bytes(48)
        self.map[24:28] = struct.pack("=i", 1)

    def disarm(self):
        """How many calls there were, and which failed: (call, error)."""
        self.map[24:28] = bytes(4)
        count, = struct.unpack("=i", self.map[28:32])
        errors = struct.unpack("=2i", self.map[44:52])
        hits = []
        for i, error in enumerate(errors):
            name = self.map[52 + 24 * i:76 + 24 * i].rstrip(b"\0").decode()
            if name:
                hits.append((name, next(e for e in ERRORS
                                        if NUMBERS[e] == error)))
        return count, hits


class Way:
    """A message's way through submit: a store, a text."""

    def __init__(self, store, data):
        self.store, self.data = store, data
        self.spool = os.path.join(top, store)
        self.run = os.path.join(top, "run")
        self.settings = sub.JOURNAL if store == "journal" else ()
        self.orders = Orders("submit", store + "-orders")
        self.resident = None
        self.calls = 0

    def start(self):
        if self.resident is not None:
            self.stop()
        self.resident = sub.Resident(self.spool, self.run, env=self.orders.env,
                                     settings=self.settings)

    def stop(self):
        if self.resident.process.poll() is None:
            try:
                self.resident.end(20)
            except subprocess.TimeoutExpired:
                self.resident.kill()
        for listener in self.resident.listeners:
            listener.close()

    def ready(self):
        """One that takes a message as it should: into the journal, too."""
        for _ in range(40):
            if self.resident is None or \
                    self.resident.process.poll() is not None:
                self.start()
            v = self.resident.send(self.data)
            if v.code == 250 and (self.store == "files" or
                                  v.id in sub.journaled(self.spool)):
                return
            if self.store == "journal":
                # Its segments are used up, or not made yet.
                self.stop()
                self.resident = None
                shutil.rmtree(self.spool, True)
                self.start()
                self.resident.wait_journal(("s00", "s01"))
        raise Late("submit takes no message")

    def entries(self):
        return set(sub.listing(self.spool, "queue")) | \
            set(sub.journaled(self.spool))

    def total(self):
        self.ready()
        self.orders.arm()
        v = self.resident.send(self.data)
        time.sleep(0.05)            # what it does behind its answer
        self.calls, _ = self.orders.disarm()
        return v.code == 250

    def send(self):
        with self.resident.connect() as c:
            c.sendall(sub.hello() + sub.message(self.data))
            end = time.monotonic() + slow(20)
            # Its sockets are ours, too: that it is gone they do not say.
            while self.resident.process.poll() is None and \
                    time.monotonic() < end:
                if select.select([c], [], [], 0.02)[0]:
                    return sub.Verdict(c)
            return sub.Verdict(c) if select.select([c], [], [], 0)[0] else None

    def one(self, *faults):
        """What is wrong, and what failed."""
        if self.store == "journal" or self.resident is None or \
                self.resident.process.poll() is not None:
            self.ready()
        before = self.entries()
        self.orders.arm(*faults)
        v = None
        with contextlib.suppress(OSError):
            v = self.send()
        _, hit = self.orders.disarm()
        code = v.code if v else 0
        wrong = []
        if code == 250 and sub.complete(self.spool, v.id, self.data):
            wrong.append("250, but " + sub.complete(
                self.spool, v.id, self.data))
        if code == 250 and [c for c, e in hit if c in SYNCS and e != "SHORT"]:
            wrong.append("250 though a sync failed")
        if code not in (0, 250, 451, 452):
            wrong.append("code %d" % code)
        if len(faults) == 1 and hit and hit[0][0] in PLACES and \
                code in (451, 452) and \
                (code == 452) != (hit[0][1] in SPACE):
            wrong.append("code %d" % code)
        again = None
        with contextlib.suppress(OSError):
            if self.resident.process.poll() is None:
                again = self.send()
        if again is None or again.code != 250:
            if self.resident.process.poll() is None:
                wrong.append("it is stuck")
            self.start()
            again = self.resident.send(self.data)
            if again.code != 250:
                wrong.append("then %d" % again.code)
        # What could not be removed goes at the next start.
        if "unlinkat" in [c for c, _ in hit]:
            self.start()
        if not happens(lambda: not sub.listing(self.spool, "tmp")):
            wrong.append("something is left in tmp")
        more = self.entries() - before - {again.id}
        # Where it cannot be removed either, it is emptied: nobody's mail.
        if ("unlinkat", "SHORT") not in hit and \
                "unlinkat" in [c for c, _ in hit]:
            more = {i for i in more if os.path.getsize(
                os.path.join(self.spool, "queue", i))}
        if len(more) > (code in (0, 250)):
            wrong.append("code %d, and %d more" % (code, len(more)))
        wrong += [w for w in (sub.complete(self.spool, i, self.data)
                              for i in more) if w]
        if self.store == "files":
            for i in self.entries():
                os.unlink(os.path.join(self.spool, "queue", i))
        return ["%s %s: %s" % (faults, hit, w) for w in wrong], hit

    def remove(self):
        if self.resident is not None:
            self.stop()
        shutil.rmtree(self.spool, True)


def every(way, total):
    step = (1 if ALL else 3 if FULL else 13) * (
        1 if ALL or way.store == "files" else 3)
    bad, done, hits = [], 0, collections.Counter()
    plan = [(n, e) for n in range(1, way.calls + 1) for e in ERRORS]
    for n, e in plan[::step]:
        wrong, hit = way.one((n, e))
        bad += wrong
        done += 1
        hits.update(call for call, _ in hit)
    chosen = random.Random(len(way.data))
    for _ in range(PAIRS if way.store == "files" else PAIRS // 8):
        wrong, hit = way.one(*((chosen.randrange(1, way.calls + 1),
                                chosen.choice(ERRORS)) for _ in range(2)))
        bad += wrong
        done += 1
        hits.update(call for call, _ in hit)
    for line in bad[:20]:
        diag(line)
    diag(", ".join("%s %d" % x for x in hits.most_common()))
    total[0] += done
    total[1] += len(bad)
    return bad, done


TOTAL = [0, 0]


def submission():
    for store, data, what in (("files", BODY, "small"),
                              ("files", LARGE, "streamed"),
                              ("journal", BODY, "small")):
        way = Way(store, data)
        try:
            way.start()
            ok(way.total() and way.calls > 5, "%s, %s: %d calls" % (
                store, what, way.calls))
            bad, done = every(way, TOTAL)
            ok(not bad, "%s, %s: %d faults, none answered wrongly, none lost" %
               (store, what, done))
        finally:
            way.remove()


class Out:
    """A delivery to two mailboxes, by a deliver whose calls fail."""

    def __init__(self, name):
        self.d = Delivery()
        os.chmod(top, 0o755)
        self.orders = Orders(name, "delivery-orders")
        if name != "deliver":
            real = os.path.join(program_directory(), name)
            os.unlink(os.path.join(self.d.bin, name))
            wrapper = os.path.join(self.d.bin, name)
            with open(wrapper, "w") as f:
                f.write("#!/bin/sh\nLD_PRELOAD=%s EVERYCALL=%s exec %s "
                        "\"$@\"\n" % (library, self.orders.path, real))
            os.chmod(wrapper, 0o755)
            self.before = ()
        else:
            self.before = ("env", "LD_PRELOAD=" + library,
                           "EVERYCALL=" + self.orders.path)

    def mails(self):
        return [len(self.d.box(u)) for u in ("a", "b")]

    def total(self):
        self.d.local("a", "b")
        self.orders.arm()
        self.d.once(self.before)
        count, _ = self.orders.disarm()
        good = self.mails() == [1, 1]
        self.wipe()
        return count if good else 0

    def wipe(self):
        shutil.rmtree(os.path.join(self.d.s.mail, "example.org"), True)

    def one(self, *faults):
        self.d.local("a", "b")
        self.orders.arm(*faults)
        self.d.once(self.before)
        _, hit = self.orders.disarm()
        alone()
        first = self.mails()
        self.d.once()
        if self.d.s.queue() or self.d.s.entries():
            self.d.once()
        wrong = []
        if self.mails() != [1, 1]:
            wrong.append("%s, then %s delivered" % (first, self.mails()))
        for folder in ("queue", "marks", "bad"):
            if self.d.s.queue(folder):
                wrong.append("%s is left: %s" % (
                    folder, self.d.s.queue(folder)))
                for name in self.d.s.queue(folder):
                    os.unlink(os.path.join(self.d.s.spool, folder, name))
        self.wipe()
        return ["%s %s: %s" % (faults, hit, w) for w in wrong], hit


def deliveries():
    for name in ("ch_local", "deliver"):
        out = Out(name)
        calls = out.total()
        if not ok(calls > 5, "%s: %d calls" % (name, calls)):
            continue
        plan = [(n, e) for n in range(1, calls + 1) for e in ERRORS]
        chosen = random.Random(name)
        if len(plan) > PAIRS and not ALL:
            plan = chosen.sample(plan, PAIRS)
        bad, hits = [], collections.Counter()
        pairs = [[(chosen.randrange(1, calls + 1), chosen.choice(ERRORS))
                  for _ in range(2)] for _ in range(PAIRS // 8)]
        for faults in [[x] for x in plan] + pairs:
            wrong, hit = out.one(*faults)
            bad += wrong
            hits.update(call for call, _ in hit)
        for line in bad[:20]:
            diag(line)
        diag(", ".join("%s %d" % x for x in hits.most_common()))
        TOTAL[0] += len(plan) + len(pairs)
        TOTAL[1] += len(bad)
        ok(not bad, "%s: %d faults, each message delivered once" % (
            name, len(plan) + len(pairs)))


def figure():
    diag("figure G6: %d faults and pairs of them, %d wrong" % tuple(TOTAL))


if sanitized():
    skip_all("sanitizers and LD_PRELOAD")
try:
    subprocess.run([*(os.environ.get("CC") or "cc").split(), "-shared",
                    "-fPIC", "-O1", "-Wl,-init,everycall_begin", "-o", library,
                    os.path.join(CRASH, "everycall.c")], check=True)
except OSError:
    skip_all("no compiler")
run(submission, deliveries, figure,
    seconds=7200 if ALL else 600 if FULL else 240)
