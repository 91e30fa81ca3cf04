#!/usr/bin/env python3
"""states.py - the disk's every write, flush and answered message is recorded
while mail comes, is delivered and goes; then states are made that a power cut
could have left: all up to a flush, and any of what was written after it, up
to the moment of the cut.  From each submit must start and clean, and deliver
must deliver: what was answered with 250 before the cut is there once, as it
was sent; nothing is torn.  On ext4, XFS and btrfs, in files and the journal.

    states.py [STATES]      so many, over all of them
"""

import mmap
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import slowdisk                                 # noqa: E402
import submitter as s                           # noqa: E402
from submitter import ok                        # noqa: E402

slowdisk.unshare([sys.executable, *sys.argv])
FULL = bool(os.environ.get("INLET_FULL"))
STATES = int(sys.argv[1]) if len(sys.argv) > 1 else 300 if FULL else \
    12 if s.sanitized() else 24
USER = 64101            # submit's and deliver's; a number is enough
SECTOR = 512
STORES = {"files": (), "journal": s.JOURNAL}
MESSAGES = 40
top = s.scratch()
os.chmod(top, 0o755)
CONF = """\
hostname = "mx.example.org"
spool-directory = "%(mnt)s/spool"
run-directory = "%(run)s"
mail-directory = "%(mnt)s/mail"
submit-user = "%(user)d"
log = "stderr"
table "here" { type = "list"  rows = {"example.org"} }
channel "local" { table = "here"  program = "local" }
channel "world" { }
"""


def text(n):
    return b"Subject: %d\n\n" % n + bytes(
        65 + (i * i + n) % 26 for i in range(n * 2477 % 9000)) + b"\n"


def programs():
    """Copies that every user may run, and the command that becomes ours."""
    place = os.path.join(top, "bin")
    os.mkdir(place)
    made = os.path.join(s.BUILD, "tests", "bin")
    for name in ("submit", "deliver", "tailor", "ch_local"):
        shutil.copy(os.path.join(made, name), place)
    shutil.copy(s.STAGED, place)
    s.STAGED = os.path.join(place, "staged")
    return place


BIN = programs()
AS = ("setpriv", "--reuid", str(USER), "--regid", str(USER),
      "--clear-groups", "--")


class Resident(s.Resident):
    """submit as its own user; who connects is taken for it."""

    def __init__(self, mnt, run, store, env=None):
        super().__init__(os.path.join(mnt, "spool"), run, before=AS, env=env,
                         settings=STORES[store],
                         program=[os.path.join(BIN, "submit")])
        self.lock = threading.Lock()

    def connect(self, path=None):
        with self.lock:
            os.seteuid(USER)
            try:
                return super().connect(path)
            finally:
                os.seteuid(0)

    def close(self):
        for listener in self.listeners:
            listener.close()


def deliver(conf, *options, env=None):
    return subprocess.Popen(
        [*AS, os.path.join(BIN, "deliver"), "-d", "-C", conf, "-L", BIN,
         *options], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, cwd="/", env=env)


def pages(path):
    """(size, [(offset, bytes)]): what of a file is not zeros."""
    found = []
    with open(path, "rb") as f:
        size = os.fstat(f.fileno()).st_size
        end = 0
        while True:
            try:
                at = os.lseek(f.fileno(), end, os.SEEK_DATA)
            except OSError:         # no more
                return size, found
            end = os.lseek(f.fileno(), at, os.SEEK_HOLE)
            data = os.pread(f.fileno(), end - at, at)
            found += [(at + i, data[i:i + 4096])
                      for i in range(0, len(data), 4096)
                      if data[i:i + 4096].strip(b"\0")]


class Recording:
    """What a log of the disk says: writes, flushes, marks, in their order."""

    def __init__(self, path):
        self.steps = []             # (letter, offset, place in data, length)
        with open(path, "rb") as f:
            self.data = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
        at = 0
        while at + 24 <= len(self.data):
            letter, offset, length = struct.unpack_from("<QQQ", self.data, at)
            self.steps.append((chr(letter), offset, at + 24, length))
            at += 24 + length

    def bytes(self, step):
        return self.data[step[2]:step[2] + step[3]]

    def marks(self, until):
        """Those that were there at a cut before that step."""
        return [self.bytes(x).decode() for x in self.steps[:until]
                if x[0] == "M"]

    def begin(self):
        """The first step of the server's."""
        return next(i for i, x in enumerate(self.steps)
                    if x[0] == "M" and self.bytes(x) == b"begin")


class Cell:
    """A file system, a store: a recording, and the states of it."""

    def __init__(self, kind, store, what=""):
        self.kind, self.store = kind, store
        self.place = os.path.join(top, "%s-%s%s" % (kind, store, what))
        self.mnt = os.path.join(self.place, "mnt")
        self.run = os.path.join(self.place, "run")
        os.makedirs(self.run)
        for path in (self.run, self.place):
            os.chown(path, USER, USER)
        self.log = os.path.join(s.scratch(True), "log")
        self.image = os.path.join(os.path.dirname(self.log), "state")
        self.conf = os.path.join(self.place, "conf")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(CONF % {"mnt": self.mnt, "run": self.run, "user": USER})
        self.sent = {}              # identifier: number

    def record(self, env=None):
        disk = slowdisk.Disk(os.path.join(s.BUILD, "tests", "crash", "disk"),
                             self.place, self.kind, log=self.log)
        try:
            self.size, self.base = pages(disk.image)
            disk.start()
            self.work(disk, env)
            disk.stop()
        finally:
            disk.remove()
        self.recording = Recording(self.log)

    def work(self, disk, env):
        for name in ("spool", "mail"):
            path = os.path.join(self.mnt, name)
            os.mkdir(path, 0o700)
            os.chown(path, USER, USER)
        subprocess.run(["sync", "-f", self.mnt], check=True)
        disk.mark("begin")
        r = Resident(self.mnt, self.run, self.store, env)
        if r.ready != b"R":
            raise RuntimeError("submit does not start")
        if self.store == "journal":
            r.wait_journal()
        d = deliver(self.conf, env=env)
        lock = threading.Lock()
        each = random.Random(self.kind + self.store)

        def client(numbers):
            for n in numbers:
                v = r.send(text(n))
                with lock:
                    if v.code == 250:
                        self.sent[v.id] = n
                        disk.mark(v.id)
        # One alone, then more and more at once.
        done = 0
        while done < MESSAGES:
            clients = min(each.choice((1, 1, 1, 4, 8)), MESSAGES - done)
            threads = [threading.Thread(target=client, args=([done + i],))
                       for i in range(clients)]
            done += clients
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            if each.random() < 0.2:
                time.sleep(0.05)    # so that some is delivered alone
        end = time.monotonic() + 60
        while len(self.boxes()) < len(self.sent) and time.monotonic() < end:
            time.sleep(0.01)
        d.terminate()
        d.wait(60)
        r.end()
        r.close()

    def boxes(self):
        """[(path, identifier)] of what was delivered."""
        place = os.path.join(self.mnt, "mail", "user@example.org", "new")
        if not os.path.isdir(place):
            place = next((p for p, _, _ in os.walk(
                os.path.join(self.mnt, "mail")) if p.endswith("/new")), None)
        return [] if place is None else [
            (os.path.join(place, name), re.match(
                r"\d+\.(\S+?)r\d+\.", name).group(1))
            for name in os.listdir(place)]

    def make(self, cut, seed):
        """The image of a cut before that step; how many writes of those that
        no flush followed are in it, and how many there were."""
        chosen = random.Random(seed)
        way = chosen.randrange(4)
        steps = self.recording.steps[:cut]
        flush = max((i for i, x in enumerate(steps) if x[0] == "S"),
                    default=-1)
        open_ = [x for x in steps[flush + 1:] if x[0] == "W"]
        first = chosen.randrange(len(open_) + 1)
        kept = 0
        with open(self.image, "wb", buffering=0) as f:
            os.ftruncate(f.fileno(), self.size)
            for at, data in self.base:
                os.pwrite(f.fileno(), data, at)

            def put(step, length):
                os.pwrite(f.fileno(), self.recording.data[
                    step[2]:step[2] + length], step[1])
            for step in steps[:flush + 1]:
                if step[0] == "W":
                    put(step, step[3])
            for i, step in enumerate(open_):
                length = step[3]
                if way == 0 or way == 1 and i >= first or \
                        way > 1 and chosen.random() < 0.5:
                    continue
                if way == 3 and chosen.random() < 0.25:
                    length = chosen.randrange(
                        length // SECTOR + 1) * SECTOR
                put(step, length)
                kept += 1
        return kept, len(open_)

    def one(self, cut, seed):
        """What is wrong with a state."""
        kept, among = self.make(cut, seed)
        loop = slowdisk.command("losetup", "-f", "--show", self.image)
        try:
            try:
                slowdisk.command("mount", loop, self.mnt)
            except subprocess.CalledProcessError as e:
                return ["it cannot be mounted: " + e.stderr.strip()]
            try:
                wrong = self.look(cut)
            finally:
                slowdisk.command("umount", self.mnt)
        finally:
            slowdisk.command("losetup", "-d", loop)
        return ["step %d, seed %d, %d of %d: %s" % (cut, seed, kept, among, w)
                for w in wrong]

    def look(self, cut):
        spool = os.path.join(self.mnt, "spool")
        answered = set(self.recording.marks(cut)) - {"begin"}
        r = Resident(self.mnt, self.run, self.store)
        started = r.ready == b"R" and r.end() == 0
        r.kill()
        r.close()
        if not started:
            return ["submit does not start"]
        wrong = [] if not s.listing(spool, "tmp") else ["left in tmp"]
        journal = s.journaled(spool)
        there = set(s.listing(spool, "queue")) | set(journal) | \
            {i for _, i in self.boxes()}
        wrong += ["%s is lost" % i for i in answered - there]
        # A name whose data did not come is moved away, sooner or later.
        wrong += ["%s is torn: %s" % (i, why) for i, why in (
            (i, s.complete(spool, i, b"\n", journal))
            for i in set(journal) | answered & set(s.listing(
                spool, "queue"))) if why]
        if deliver(self.conf, "-o").wait(120) != 0:
            wrong.append("deliver does not start")
        boxes = self.boxes()
        had = [i for _, i in boxes]
        wrong += ["%s is not delivered" % i for i in answered - set(had)]
        wrong += ["%s is there %d times" % (i, had.count(i))
                  for i in set(had) if had.count(i) > 1]
        if s.listing(spool, "queue"):
            wrong.append("deliver leaves something")
        for path, ident in boxes:
            with open(path, "rb") as f:
                mail = f.read()
            n = re.search(rb"(?m)^Subject: (\d+)$", mail)
            if not n or not mail.endswith(text(int(n.group(1)))) or \
                    self.sent.get(ident, int(n.group(1))) != int(n.group(1)):
                wrong.append(ident + " is delivered torn")
        return wrong

    def states(self, n):
        """(states, wrong ones' first lines)"""
        begin, last = self.recording.begin(), len(self.recording.steps)
        chosen = random.Random(self.kind + self.store)
        # Each answer at once, and anywhere.
        answers = [i + 1 for i, x in enumerate(self.recording.steps)
                   if x[0] == "M" and i > begin]
        bad = []
        for k in range(n):
            cut = chosen.choice(answers) if k % 3 == 0 else \
                chosen.randrange(begin + 1, last + 1)
            bad += self.one(cut, k)[:3]
        return bad

    def remove(self):
        shutil.rmtree(os.path.dirname(self.log), ignore_errors=True)


def control(kind, store):
    """The same with no sync must lose messages, or nothing is seen here."""
    if s.sanitized():
        s.skip("sanitizers and LD_PRELOAD")
        return
    library = os.path.join(BIN, "nosync.so")
    slowdisk.command(
        *(os.environ.get("CC") or "cc").split(), "-shared", "-fPIC", "-O1",
        "-o", library, os.path.join(os.path.dirname(
            os.path.abspath(__file__)), "nosync.c"))
    cell = Cell(kind, store, "-unsynced")
    try:
        cell.record(dict(os.environ, LD_PRELOAD=library))
        bad = cell.states(6)
        ok(bad, "%s, %s: with no sync 6 states have violations, as they must" %
           (kind, store))
    finally:
        cell.remove()


def one_kind(kind, n, total):
    if not shutil.which(slowdisk.MKFS[kind][1][0]):
        s.skip("no " + slowdisk.MKFS[kind][1][0])
        return
    for store in STORES:
        cell = Cell(kind, store)
        try:
            cell.record()
            start = time.monotonic()
            bad = cell.states(n)
            for line in bad[:10]:
                s.note(line)
            total[0] += n
            total[1] += len(bad)
            ok(not bad and len(cell.sent) == MESSAGES,
               "%s, %s: %d steps with %d answers, %d states, %d wrong" % (
                   kind, store, len(cell.recording.steps), len(cell.sent), n,
                   len(bad)))
            s.note("%.0f ms each" % (
                1000 * (time.monotonic() - start) / max(1, n)))
        except (OSError, subprocess.CalledProcessError) as e:
            s.skip("no %s over FUSE here: %s" % (
                kind, getattr(e, "stderr", None) or e))
            return
        finally:
            cell.remove()
    control(kind, "files" if kind == "ext4" else "journal")


def main():
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root to mount")
        sys.exit(0)
    total = [0, 0]
    try:
        for kind in slowdisk.MKFS:
            one_kind(kind, STATES // (len(slowdisk.MKFS) * len(STORES)),
                     total)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    s.note("figure G2: %d violations in %d crash states" % (total[1],
                                                            total[0]))
    s.done()


main()
