#!/usr/bin/env python3
"""commit-delay: messages that come at once share a sync, and who sends alone
waits for nobody.  Counted in system calls of submit, not in time."""
import os
import re
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

CLIENTS = 20
ROUNDS = 6

need_built("submit", "tailor")
if not ROOT or not tool("strace") or subprocess.run(
        ["strace", "-o", "/dev/null", "true"],
        stderr=subprocess.DEVNULL, check=False).returncode != 0:
    skip_all("strace of others takes root")
if sanitized():
    skip_all("sanitizers trace themselves")


class Trace:
    """What submit calls of these."""

    def __init__(self, s, calls):
        self.file = s.scratch.at("trace")
        self.strace = subprocess.Popen(
            ["strace", "-f", "-e", "trace=" + calls, "-o", self.file,
             "-p", str(s.role("submit")[0].pid)],
            stderr=subprocess.PIPE, text=True)
        if "attached" not in self.strace.stderr.readline():
            raise Late("strace is not there")

    def lines(self):
        self.strace.terminate()
        self.strace.communicate()
        return text_of(self.file).splitlines()


def syncs_of(lines):
    """Of batches; fsync is for the segments, which are made meanwhile."""
    return sum(bool(re.match(r"\d+ +fdatasync\(", x)) for x in lines)


def server(delay):
    s = Server(deliver=False, settings={
        "commit-delay": delay, "queue-store": '"journal"'})
    s.start()
    # Until its first segment is made, which takes syncs, too.
    wait_for(lambda: any(n.startswith("s") for n in os.listdir(
        os.path.join(s.scratch.spool, "journal"))), what="a segment")
    return s


def at_once(s):
    """A message of each client, and all the last lines together."""
    clients = [s.client() for _ in range(CLIENTS)]
    for c in clients:
        c.hello()
        c.envelope()
        c.cmd("DATA")
        c.send(b"Subject: at once\r\n\r\ntext\r\n")
    for c in clients:
        c.send(b".\r\n")
    good = sum(c.reply().code == 250 for c in clients)
    for c in clients:
        c.close()
    return good


def shared():
    s = server('"1s"')
    try:
        at_once(s)
        trace = Trace(s, "fdatasync")
        good = sum(at_once(s) for _ in range(ROUNDS))
        syncs = syncs_of(trace.lines())
        eq(good, CLIENTS * ROUNDS, "all are queued")
        if not ok(syncs <= 4 * ROUNDS, "a few syncs for twenty at once"):
            diag("%d syncs for %d messages" % (syncs, good))
    finally:
        s.stop()


def lone(delay):
    s = server('"%s"' % delay)
    try:
        # A segment's first batch costs one more.
        s.send(b"text\r\n")
        trace = Trace(s, "fdatasync,futex")
        for _ in range(10):
            with s.client() as c:
                c.message(b"text\r\n")
                c.quit()
        lines = trace.lines()
        eq(syncs_of(lines), 10, "a sync for each (%s)" % delay)
        eq([x for x in lines if "FUTEX_WAIT" in x and "tv_sec" in x], [],
           "and no wait with an end")
    finally:
        s.stop()


run(shared, lambda: lone("1s"), lambda: lone("0s"))
