#!/usr/bin/env python3
"""A log that nobody reads, or that has no room: mail is taken as ever, and what
was lost of the log is counted to the line (scorecard G39).

    75-log-sink.py [SECONDS]

So long, besides, messages come while nobody reads."""
import ctypes
import fcntl
import os
import subprocess
import sys
import threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 0
MESSAGES = 20
SESSIONS, REFUSALS = 40, 200    # lines of the log: more than buffers hold
CLONE_NEWNS = 0x20000
SETTINGS = {"log-level": '"info"', "max-errors": "10000",
            "max-idle-commands": "10000"}


class Deaf(Server):
    """Its log goes to a pipe that is read when the test says so."""

    said = b""

    def start_smtpd(self):
        self.pipe, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        self.smtpd = spawn(self.command("smtpd", *self.where()),
                           stdout=writing, stderr=writing, cwd="/",
                           **self.as_user())
        os.close(writing)

    def wait_ready(self, seconds=PATIENCE):
        wait_for(lambda: self.try_it() == 250, seconds, "a message")

    def try_it(self):
        try:
            return self.send(b"early\n").code
        except (OSError, Late, EOFError):
            return None

    def drain(self):
        """All of it, from now on."""
        def read():
            while True:
                data = os.read(self.pipe, 65536)
                if not data:
                    return
                self.said += data
        self.reader = threading.Thread(target=read, daemon=True)
        self.reader.start()


def chatter(server):
    """A session that has much refused."""
    with server.client() as c:
        c.hello()
        c.send(b"MAIL FROM:<\r\n" * REFUSALS)
        for _ in range(REFUSALS):
            c.reply()
        c.quit()


def messages(server, count):
    began = time.monotonic()
    codes = collections.Counter()
    for _ in range(count):
        with server.client() as c:
            codes[c.message(b"Subject: x\n\ntext\n").code] += 1
            c.quit()
    return codes, 1000 * (time.monotonic() - began) / count


def total(text):
    """What is there and what is said to be lost, in lines."""
    lost = sum(int(n) for n in re.findall(r" lost=(\d+)$", text, re.M))
    return len(re.findall(r": (?:refuse|accept) ", text)), lost


def blocked():
    server = Deaf(deliver=False, settings={**SETTINGS, "log": '"stderr"'})
    server.start()
    taken = 1
    codes, was = messages(server, MESSAGES)
    for _ in range(SESSIONS):
        chatter(server)
    more, is_ = messages(server, MESSAGES)
    taken += MESSAGES * 2
    eq((codes, more), ({250: MESSAGES}, {250: MESSAGES}),
       "all is taken while nobody reads the log")
    diag("a message takes %.1f ms, while lines are lost %.1f ms" % (was, is_))
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        more, _ms = messages(server, MESSAGES)
        taken += MESSAGES
        if more != {250: MESSAGES}:
            eq(more, {250: MESSAGES}, "and for %d seconds" % SECONDS)
    eq(len(server.scratch.queue()), taken, "and is in the queue")
    server.drain()
    while b"lost=" not in b"".join(re.findall(
            rb"submit\[\d+\]: accept .*", server.said)):
        messages(server, 1)     # until submit could say what it lost
        taken += 1
    ok(server.stop(), "the server ends")
    server.reader.join(slow(PATIENCE))
    there, lost = total(server.said.decode("latin-1"))
    wanted = SESSIONS * REFUSALS + taken
    ok(lost > 0 and wanted <= there + lost <= wanted + 20,
       "of %d lines %d are there and %d were counted" % (wanted, there, lost))
    diag("figure G39: with a log that nobody reads %d of %d messages taken; "
         "of %d lines %d written, %d counted as lost" % (
             taken, taken, wanted, there, lost))


def own_mounts():
    return ROOT and \
        ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) == 0 and \
        subprocess.run(["mount", "--make-rprivate", "/"]).returncode == 0


def full():
    if not own_mounts():
        skip("a file system of our own: needs root")
        return
    scratch = Scratch()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=0755,uid=%d"
                    % LOGGER, "tmpfs", scratch.logs], check=True)
    with Server(scratch=scratch, deliver=False, settings=SETTINGS) as s:
        before = total(scratch.log_text())
        fill = os.path.join(scratch.logs, "fill")
        with contextlib.suppress(OSError), open(fill, "wb", 0) as f:
            while f.write(b"x" * 512) > 0:
                pass
        for _ in range(4):
            chatter(s)
        codes, _ms = messages(s, MESSAGES)
        eq(codes, {250: MESSAGES}, "all is taken while the log has no room")
        like(lambda: s.stderr(), "cannot write .*inlet.log", "which is said")
        os.unlink(fill)
        # It looks once a second.
        ok(happens(lambda: s.send(b"more\n").code == 250 and
                   total(scratch.log_text())[0] > before[0] + 3),
           "when there is room again it goes on")


need_built("smtpd", "smtpsrvr", "submit", "logger")
run(blocked, full, seconds=240 + 2 * SECONDS)
