#!/usr/bin/env python3
"""unsynced.py - the power fails while sessions are at work, and the disk
forgets what was not flushed, or any part of it, in any order: on ext4, XFS
and btrfs no accepted message is lost, in a file or in the journal.  The same
without syncs must lose messages, or this test sees nothing."""

import os
import random
import select
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import slowdisk                                 # noqa: E402
import submitter as s                           # noqa: E402
from submitter import ok                        # noqa: E402

slowdisk.unshare([sys.executable, *sys.argv])
CUTS = 40 if os.environ.get("INLET_FULL") else 8
SESSIONS = 12
PROGRAM = os.path.join(s.BUILD, "tests", "crash", "disk")
STORES = {"files": (), "journal": s.JOURNAL}
top = s.scratch()
library = os.path.join(top, "nosync.so")


def text(n):
    return b"Subject: %d\n\n" % n + b"x" * (n * 977 % 9000) + b"\n"


class Load:
    """Sessions that send one message after the other."""

    def __init__(self, resident, first):
        self.resident = resident
        self.next = first
        self.sent = {}              # socket: number of its message
        self.accepted = {}          # id: text
        self.open()

    def open(self):
        while len(self.sent) < SESSIONS:
            c = self.resident.connect()
            c.sendall(s.hello())
            self.send(c)

    def send(self, c):
        self.sent[c] = self.next
        c.sendall(s.message(text(self.next)))
        self.next += 1

    def step(self, seconds, more=True):
        """Answers that came; False: none for so long."""
        ready, _, _ = select.select(list(self.sent), [], [], seconds)
        for c in ready:
            n = self.sent.pop(c)
            v = s.Verdict(c)
            if v.code == 250:
                self.accepted[v.id] = text(n)
            if more and v.code:
                self.send(c)
            else:
                c.close()
        return bool(ready)

    def close(self):
        for c in self.sent:
            c.close()


def one_cut(disk, store, run, seed, env):
    """(accepted, writes that were not synced, in the journal)"""
    spool = os.path.join(disk.mount_point, "spool")
    r = s.Resident(spool, run, settings=STORES[store], env=env)
    if r.ready != b"R":
        r.kill()
        raise RuntimeError("submit does not start")
    if store == "journal":
        r.wait_journal(seconds=120 if s.sanitized() else 30)
    load = Load(r, 1000 * seed)
    least = random.Random(seed).randrange(1, 5 * SESSIONS)
    end = time.monotonic() + 60
    while len(load.accepted) < least and time.monotonic() < end:
        load.step(1)
    # How far the journal is durable as far as anybody was told.
    in_journal = s.journaled(spool) if store == "journal" else {}
    disk.cut(seed, seed % 24 if env is None else 0)
    while (lost := disk.was_cut(0)) is None and time.monotonic() < end:
        load.step(1)
    # A 250 that comes now was earned before.
    while load.sent and load.step(5, False):
        pass
    load.close()
    r.kill()
    return load.accepted, lost, len(set(in_journal) & set(load.accepted))


def wrong(disk, store, run, accepted):
    """What of {id: text} is not there after a submit recovered, or torn."""
    spool = os.path.join(disk.mount_point, "spool")
    r = s.Resident(spool, run, settings=STORES[store])
    if r.ready != b"R":
        r.kill()
        return ["the next submit does not start"]
    there = s.journaled(spool)
    bad = ["%s: %s" % (ident, why) for ident, why in (
        (i, s.complete(spool, i, data, there))
        for i, data in accepted.items()) if why]
    bad += [i + " is torn" for i in there
            if s.complete(spool, i, b"\n", there)]
    if r.end() != 0:
        bad.append("submit ends badly")
    for ident in s.listing(spool, "queue"):
        os.unlink(os.path.join(spool, "queue", ident))
    return bad


def cuts(disk, store, n, env=None):
    """(accepted, lost, not synced, in the journal) of so many cuts; the file
    system goes on from cut to cut, and the spool for a few: the journal fills
    where nobody delivers."""
    run = os.path.join(top, "run")
    total = [0, 0, 0, 0]
    for i in range(n):
        disk.start()
        if i % 4 == 0:
            shutil.rmtree(os.path.join(disk.mount_point, "spool"),
                          ignore_errors=True)
        accepted, unsynced, journaled = one_cut(disk, store, run, i, env)
        disk.stop()
        disk.start()
        bad = wrong(disk, store, run, accepted)
        disk.stop()
        if env is None:
            for line in bad[:5]:
                s.note("cut %d: %s" % (i, line))
        total = [a + b for a, b in zip(total, (
            len(accepted), len(bad), unsynced, journaled))]
    return total


def of_store(disk, store):
    accepted, lost, unsynced, journaled = cuts(disk, store, CUTS)
    ok(lost == 0 and accepted >= CUTS and unsynced > 0 and
       (journaled > accepted / 4 or store == "files"),
       "%s, %s: %d cuts in the midst of work, %d accepted%s, %d lost; %d "
       "writes were not synced" % (
           disk.kind, store, CUTS, accepted, ", %d of them seen in the "
           "journal" % journaled if store == "journal" else "", lost,
           unsynced))
    if s.sanitized():
        s.skip("sanitizers and LD_PRELOAD")
        return
    env = dict(os.environ, LD_PRELOAD=library)
    accepted, lost, _, _ = cuts(disk, store, 2, env)
    ok(lost > 0, "%s, %s: with no sync %d of %d are lost, as they must be" %
       (disk.kind, store, lost, accepted))


def one_kind(kind):
    if not shutil.which(slowdisk.MKFS[kind][1][0]):
        s.skip("no " + slowdisk.MKFS[kind][1][0])
        return
    place = os.path.join(top, kind)
    os.mkdir(place)
    disk = slowdisk.Disk(PROGRAM, place, kind, remembers=True)
    try:
        try:
            disk.start()
        except (OSError, subprocess.CalledProcessError) as e:
            s.skip("no %s over FUSE here: %s" % (
                kind, getattr(e, "stderr", None) or e))
            return
        disk.stop()
        for store in STORES:
            of_store(disk, store)
    finally:
        disk.remove()


def main():
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root to mount")
        sys.exit(0)
    compiler = os.environ.get("CC") or "cc"
    try:
        slowdisk.command(
            *compiler.split(), "-shared", "-fPIC", "-O1", "-o", library,
            os.path.join(os.path.dirname(os.path.abspath(__file__)),
                         "nosync.c"))
        for kind in slowdisk.MKFS:
            one_kind(kind)
    finally:
        shutil.rmtree(top, ignore_errors=True)
    s.done()


main()
