#!/usr/bin/env python3
"""powercut.py - the file system stops right after the 250, as when the power
fails: on ext4 and XFS no accepted message is lost.  The same without syncs
must lose messages, or this test sees nothing.

    powercut.py CUTS        so many, half of them on either file system: up to
                            50 ms after an answer, 1 to 32 clients, or one
                            message to a server that was idle
"""

import fcntl
import os
import random
import select
import shutil
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import submitter as s                           # noqa: E402
from submitter import ok                        # noqa: E402

SHUTDOWN, NO_LOG_FLUSH = 0x8004587d, 2
CUTS = 30 if os.environ.get("INLET_FULL") else 10
MANY = int(sys.argv[1]) // 2 if len(sys.argv) > 1 else \
    30 if os.environ.get("INLET_FULL") else 4
KINDS = (("ext4", 64, ("mkfs.ext4", "-q", "-F")),
         ("xfs", 320, ("mkfs.xfs", "-q", "-f")))
os.environ["PATH"] += ":/usr/sbin:/sbin"
# In a mount namespace of its own: who kills this test leaves nothing mounted.
if os.geteuid() == 0 and "POWERCUT" not in os.environ and \
        shutil.which("unshare"):
    os.environ["POWERCUT"] = "unshared"
    if subprocess.run(["unshare", "--mount", "true"],
                      stderr=subprocess.DEVNULL).returncode == 0:
        os.execvp("unshare", ["unshare", "--mount", "--propagation",
                              "private", sys.executable] + sys.argv)
top = s.scratch()
mount_point = os.path.join(top, "mnt")
spool = os.path.join(mount_point, "spool")
library = os.path.join(top, "nosync.so")


def command(*args):
    subprocess.run(args, check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class Disk:
    """A file system in a file."""

    def __init__(self, kind, size, mkfs):
        self.image = os.path.join(top, kind)
        with open(self.image, "wb") as f:
            f.truncate(size << 20)
        command(*mkfs, self.image)
        self.mounted = False

    def mount(self):
        command("mount", "-o", "loop", self.image, mount_point)
        self.mounted = True

    def cut(self):
        fd = os.open(mount_point, os.O_RDONLY)
        fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        os.close(fd)

    def unmount(self):
        if self.mounted:
            command("umount", mount_point)
        self.mounted = False

    def remove(self):
        self.unmount()
        os.unlink(self.image)


def text(n):
    return b"Subject: %d\n\n" % n + b"x" * (n * 977 % 9000) + b"\n"


def cuts(disk, env=None, n=CUTS):
    """(accepted, lost): one message at a time, by a child of a session."""
    accepted = lost = 0
    for i in range(n):
        data = text(i)
        disk.mount()
        v = s.once(spool, data, env=env)
        disk.cut()
        disk.unmount()
        if v.code != 250:
            s.note("no 250: %d %s" % (v.code, v.text))
            disk.mount()
            shutil.rmtree(spool, ignore_errors=True)
            disk.unmount()
            if i - accepted >= 2:
                break           # it is broken: no need to see it often
            continue
        accepted += 1
        disk.mount()
        wrong = s.complete(spool, v.id, data)
        if wrong:
            lost += 1
            if env is None:
                s.note("cut %d: %s" % (i, wrong))
        shutil.rmtree(spool, ignore_errors=True)
        disk.unmount()
    return accepted, lost


def together(disk, n=CUTS):
    """Ten sessions at once with a resident; the cut after the last 250."""
    accepted = lost = 0
    for i in range(n):
        disk.mount()
        r = s.Resident(spool, os.path.join(top, "run"))
        if r.ready != b"R":
            s.note("submit does not start")
            r.kill()
            disk.unmount()
            break
        socks = [r.connect() for _ in range(10)]
        for j, c in enumerate(socks):
            c.sendall(s.hello() + s.message(text(10 * i + j)))
        verdicts = [s.Verdict(c) for c in socks]
        disk.cut()
        for c in socks:
            c.close()
        r.kill()
        disk.unmount()
        disk.mount()
        for j, v in enumerate(verdicts):
            if v.code == 250:
                accepted += 1
                wrong = s.complete(spool, v.id, text(10 * i + j))
                if wrong:
                    lost += 1
                    s.note(wrong)
        shutil.rmtree(spool, ignore_errors=True)
        disk.unmount()
    return accepted, lost


def journal_start(env=None):
    """On the mounted disk: a resident with a journal that has segments."""
    r = s.Resident(spool, os.path.join(top, "run"), settings=s.JOURNAL,
                   env=env)
    if r.ready != b"R":
        r.kill()
        raise RuntimeError("submit does not start")
    r.wait_journal()
    return r


def journal_wrong(sent):
    """How many of {id: text} are not there after a submit recovered."""
    r = s.Resident(spool, os.path.join(top, "run"), settings=s.JOURNAL)
    lost = 0
    for ident, data in sent.items():
        wrong = s.complete(spool, ident, data)
        if wrong:
            lost += 1
            s.note("%s: %s" % (ident, wrong))
    # Nothing else may be there that is not whole.
    for ident in s.journaled(spool):
        if s.complete(spool, ident, b"\n"):
            s.note(ident + " is torn")
            lost += 1
    if r.ready != b"R" or r.end() != 0:
        s.note("the next submit does not start")
        lost += 1
    return lost


def journal_cuts(disk, many, n=CUTS, env=None):
    """(accepted, lost, in the journal) with that many sessions at once.  The
    spool stays from cut to cut; each start recovers."""
    disk.mount()
    shutil.rmtree(spool, ignore_errors=True)
    r = journal_start()
    while r.send(text(0)).id not in s.journaled(spool):
        pass
    r.end()
    disk.unmount()
    accepted = lost = journaled = 0
    for i in range(n):
        disk.mount()
        r = journal_start(env)
        socks = [r.connect() for _ in range(many)]
        for j, c in enumerate(socks):
            c.sendall(s.hello() + s.message(text(many * i + j)))
        verdicts = [s.Verdict(c) for c in socks]
        in_journal = s.journaled(spool) if env is None else {}
        disk.cut()
        for c in socks:
            c.close()
        r.kill()
        disk.unmount()
        disk.mount()
        sent = {v.id: text(many * i + j) for j, v in enumerate(verdicts)
                if v.code == 250}
        accepted += len(sent)
        journaled += len(set(sent) & set(in_journal))
        lost += journal_wrong(sent)
        disk.unmount()
    return accepted, lost, journaled


def journal_kind(disk, kind):
    for many in (1, 10):
        accepted, lost, journaled = journal_cuts(disk, many, CUTS // 2)
        ok(accepted == many * (CUTS // 2) and lost == 0 and
           journaled > accepted / 2,
           "%s, journal: %d cuts with %d at once, %d accepted, %d of them in "
           "the journal, %d lost" %
           (kind, CUTS // 2, many, accepted, journaled, lost))
    if s.sanitized():
        s.skip("sanitizers and LD_PRELOAD")
        return
    env = dict(os.environ, LD_PRELOAD=library)
    accepted, lost, _ = journal_cuts(disk, 1, 5, env)
    ok(accepted == 5 and lost > 0, "%s, journal: with no sync %d of %d are "
       "lost, as they must be" % (kind, lost, accepted))


def load(r, clients, least, linger):
    """{id: text} of what was answered: so many clients, each with one message
    after the other, until so many answers and so many seconds after."""
    accepted, sent, n = {}, {}, 0

    def send(c):
        nonlocal n
        n += 1
        sent[c] = n
        c.sendall(s.message(text(n)))
    for _ in range(clients):
        c = r.connect()
        c.sendall(s.hello())
        send(c)
    end = time.monotonic() + 60
    while len(accepted) < least and time.monotonic() < end:
        for c in select.select(list(sent), [], [], 1)[0]:
            v = s.Verdict(c)
            if v.code == 250:
                accepted[v.id] = text(sent[c])
            if clients > 1:
                send(c)
            else:
                del sent[c]
    time.sleep(linger)
    return accepted, sent


def at_random(disk, store, n, total):
    chosen = random.Random(disk.image + store)
    settings = s.JOURNAL if store == "journal" else ()
    accepted = lost = 0
    for i in range(n):
        idle = i % 2 == 0
        clients = 1 if idle else chosen.randrange(2, 33)
        disk.mount()
        if i % 4 == 0:
            shutil.rmtree(spool, ignore_errors=True)
        r = s.Resident(spool, os.path.join(top, "run"), settings=settings)
        if r.ready != b"R":
            raise RuntimeError("submit does not start")
        if store == "journal":
            r.wait_journal()
        got, socks = load(r, clients, 1 if idle else
                          chosen.randrange(1, 3 * clients),
                          chosen.random() * 0.05)
        # What was answered meanwhile.  Not what comes behind the cut: this is
        # no power that fails, and who was syncing may hear that it is done.
        for c in list(socks):
            if select.select([c], [], [], 0)[0]:
                v = s.Verdict(c)
                if v.code == 250:
                    got[v.id] = text(socks[c])
        disk.cut()
        for c in socks:
            c.close()
        r.kill()
        disk.unmount()
        disk.mount()
        accepted += len(got)
        if store == "journal":
            lost += journal_wrong(got)
        else:
            wrong = [w for w in (s.complete(spool, k, data)
                                 for k, data in got.items()) if w]
            lost += len(wrong)
            for line in wrong[:3]:
                s.note(line)
        disk.unmount()
    total[0] += n
    total[1] += accepted
    total[2] += lost
    ok(accepted >= n and lost == 0, "%s, %s: %d cuts up to 50 ms after an "
       "answer, 1 to 32 clients, %d accepted, %d lost" %
       (os.path.basename(disk.image), store, n, accepted, lost))


TOTAL = [0, 0, 0]


def build_library():
    compiler = os.environ.get("CC") or "cc"
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                          "nosync.c")
    command(*compiler.split(), "-shared", "-fPIC", "-O1", "-o", library,
            source)


def one_kind(kind, size, mkfs):
    if not shutil.which(mkfs[0]):
        s.skip("no " + mkfs[0])
        return
    disk = Disk(kind, size, mkfs)
    try:
        try:
            disk.mount()
        except subprocess.CalledProcessError as e:
            s.skip("cannot mount %s: %s" % (kind, e.stderr.decode().strip()))
            return
        disk.unmount()
        for store in ("files", "journal"):
            at_random(disk, store, MANY // 2, TOTAL)
        if len(sys.argv) > 1:
            return
        accepted, lost = cuts(disk)
        ok(accepted == CUTS and lost == 0,
           "%s: %d cuts, %d accepted, %d lost" % (kind, CUTS, accepted, lost))
        accepted, lost = together(disk)
        ok(accepted == 10 * CUTS and lost == 0,
           "%s: %d cuts with ten sessions, %d accepted, %d lost" %
           (kind, CUTS, accepted, lost))
        journal_kind(disk, kind)
        if s.sanitized():
            s.skip("sanitizers and LD_PRELOAD")
            return
        env = dict(os.environ, LD_PRELOAD=library)
        accepted, lost = cuts(disk, env, 5)
        ok(accepted == 5 and lost > 0, "%s: with no sync %d of %d are lost, "
           "as they must be" % (kind, lost, accepted))
    finally:
        disk.remove()


def main():
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root to mount")
        sys.exit(0)
    try:
        os.mkdir(mount_point)
        build_library()
        for kind in KINDS:
            one_kind(*kind)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    s.note("figure G1: %d power cuts, %d messages answered, %d lost" %
           tuple(TOTAL))
    s.done()


main()
