#!/usr/bin/env python3
"""Calls fail by the thousand: fork, accept, sockets, epoll, memory.  No slot
is lost: afterwards exactly as many get in as the limits say, and nobody who
waits is forgotten.  INLET_FULL=1: ten thousand failures."""
import ctypes
import errno
import mmap
import os
import struct
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

# The same sessions; the other one may be static, and then loads no library.
SMTPSRVR = program("smtpsrvr-tls")
CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user", "postmaster"} }
table "lan-hosts" { type = "list"  rows = {"127.0.5.0/24"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "lan" { table = "lan-hosts"  max-connections = 2 }
channel "world" { }
"""
# Several limits at once, so that a count that is wrong is seen.
SETTINGS = {"max-connections": 8, "max-connections-per-address": 5,
            "max-connections-per-prefix": 6, "penalty-limit": 0,
            "reserved-connections": 1, "reserved-peers": '{"127.0.8.1"}'}


WAKES = 20              # of smtpd, a second, while it can do nothing
INTERVAL = 2 if FULL else 1     # for which they are counted


class Orders:
    """What is to fail, in a file that the library maps."""

    def __init__(self, scratch, name):
        self.path = scratch.write(name, bytes(4096), 0o666)
        with open(self.path, "r+b") as f:
            self.memory = mmap.mmap(f.fileno(), 4096)

    def fail(self, call, error, n):
        self.memory[:24] = struct.pack("16sii", call.encode(), error, n)

    def left(self):
        return max(0, struct.unpack("16sii", self.memory[:24])[2])


def library(scratch):
    """The library, or None where it cannot be made or loaded."""
    path = scratch.at("failing.so")
    compiler = (os.environ.get("CC") or "cc").split()
    source = os.path.join(SRC, "tests", "crash", "failing.c")
    if subprocess.run(
            compiler + ["-shared", "-fPIC", "-Wl,-init,failing_begin", "-o",
                        path, source],
            stderr=subprocess.DEVNULL).returncode != 0:
        return None
    os.chmod(path, 0o755)
    done = subprocess.run([SMTPSRVR, "-?"], env=dict(
        os.environ, LD_PRELOAD=path), stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL)
    return path if b"ASan" not in done.stderr else None


def setup():
    scratch = Scratch()
    made = library(scratch)
    if made is None:
        return None, None, None
    accepts, sessions = Orders(scratch, "smtpd"), Orders(scratch, "template")
    wrapper = scratch.write(
        "smtpsrvr", '#!/bin/bash\nexport LD_PRELOAD=%s FAILING=%s\n'
        'exec -a smtpsrvr %s "$@"\n' % (made, sessions.path,
                                        SMTPSRVR), 0o755)
    server = Server(CONF, scratch=scratch, settings=SETTINGS, deliver=False,
                    args=[wrapper])
    os.environ.update(LD_PRELOAD=made, FAILING=accepts.path)
    try:
        server.start()
    finally:
        del os.environ["LD_PRELOAD"], os.environ["FAILING"]
    return server, accepts, sessions


def visit(server, message=False):
    """One client, however it ends: its code, or None."""
    try:
        with server.client() as c:
            code = c.greeting.code
            if code == 220 and message:
                # So many that a session has to ask for memory.
                c.message(b"Subject: x\r\n\r\ny\r\n",
                          to=["user+%d@example.org" % i for i in range(40)])
            elif code == 220:
                c.cmd("QUIT")
            return code
    except (OSError, EOFError, Late):
        return None


def exact(server, what):
    """Each limit lets in as many as it says: nothing is left counted."""
    wait_for(lambda: not server.role("session"), 20, "the sessions' end")

    def full(sources):
        clients, codes = [], []
        for s in sources:
            clients.append(server.client(source=s))
            codes.append(clients[-1].greeting.code)
        for c in clients:
            c.close()
        wait_for(lambda: not server.role("session"), 20,
                 "the sessions' end")
        return codes
    for sources, most in (
            (["127.0.1.1"] * 6, 5),
            (["127.0.1.%d" % i for i in range(7)], 6),
            (["127.0.5.1", "127.0.5.2", "127.0.5.3"], 2),
            (["127.0.%d.1" % (i + 10) for i in range(8)], 7),
            (["127.0.8.1"] + ["127.0.%d.1" % (i + 10) for i in range(8)], 8)):
        want = [220] * most + [421] * (len(sources) - most)
        # Whoever has just ended may be counted for a moment.
        if not happens(lambda: full(sources) == want, 5):
            eq(full(sources), want, what + ": counts are exact")
            return
    ok(True, what + ": counts are exact")


def sockets(server):
    return os.listdir("/proc/%d/fd" % server.smtpd.pid)


def storm(server, orders, call, error, n, message=False, good=()):
    """n failures of a call; then as if nothing had been."""
    orders.fail(call, error, n)
    what = "%d times %s: %s" % (n, call, errno.errorcode[error])
    codes = {}
    end = time.monotonic() + slow(120)
    while orders.left() > 0 and time.monotonic() < end:
        code = visit(server, message)
        codes[code] = codes.get(code, 0) + 1
    if not eq(orders.left(), 0, what):
        orders.fail(call, error, 0)
    ok(set(codes) <= set(good), "clients saw what they may: %s" % codes)
    eq(happens(lambda: visit(server, True), 10), 220,
       "and the next client is served")
    exact(server, what)


def switches(pid):
    """How often it has slept."""
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", f.read(),
                             re.M).group(1))


def calm(server, orders, call, error):
    """Fails for ever, and clients wait: nothing runs in circles meanwhile, and
    all are served as soon as it is over."""
    orders.fail(call, error, 1 << 30)
    waiting = [server.client(greet=False) for _ in range(3)]
    wait_for(lambda: orders.left() < 1 << 30, what="the first failure")
    began, before = time.monotonic(), switches(server.smtpd.pid)
    time.sleep(INTERVAL)
    rate = (switches(server.smtpd.pid) - before) / (time.monotonic() - began)
    failed = (1 << 30) - orders.left()
    orders.fail(call, error, 0)
    over = time.monotonic()
    codes = []
    for c in waiting:
        with contextlib.suppress(EOFError):
            codes.append(c.reply().code)
        c.close()
    ok(happens(lambda: visit(server, True) == 220), "service again")
    took = time.monotonic() - over
    what = "%s: %s for ever" % (call, errno.errorcode[error])
    ok(rate <= WAKES, what + ": %.0f wake-ups a second" % rate)
    ok(set(codes) <= {220, 421}, what + ": who waited hears %s" % codes)
    exact(server, what)
    diag("figure G37: %s: %d failures in %d s, %.0f wake-ups a second, "
         "full service %.2f s after" % (what, failed, INTERVAL, rate, took))


def failures():
    server, accepts, sessions = setup()
    if server is None:
        skip("no library can be loaded first")
        return
    times = 100 if FULL else 2
    with server:
        before = wait_for(lambda: len(sockets(server)), 10, "descriptors")
        eq(visit(server, True), 220, "without failures")
        exact(server, "without failures")
        storm(server, sessions, "fork", errno.EAGAIN, 16 * times,
              good=(421, 220))
        storm(server, sessions, "fork", errno.ENOMEM, 16 * times,
              good=(421, 220))
        storm(server, accepts, "accept4", errno.ECONNABORTED, 25 * times,
              good=(None, 220))
        # Each of them makes smtpd pause.
        pauses = max(2, times // 5)
        for error in (errno.EMFILE, errno.ENFILE, errno.ENOMEM,
                      errno.ENOBUFS):
            storm(server, accepts, "accept4", error, pauses,
                  good=(None, 220))
        for call, error in (("socketpair", errno.EMFILE),
                            ("sendmsg", errno.ENOBUFS),
                            ("sendmsg", errno.ETOOMANYREFS)):
            storm(server, accepts, call, error, pauses, good=(220,))
        storm(server, accepts, "epoll_ctl", errno.ENOMEM, 12 * times,
              good=(None, 220, 421))
        storm(server, accepts, "getrandom", errno.EIO, times,
              good=(421, 220))
        storm(server, sessions, "malloc", errno.ENOMEM, 30 * times, True,
              good=(None, 220))
        for error in (errno.EMFILE, errno.ENFILE)[:2 if FULL else 1]:
            calm(server, accepts, "accept4", error)
        for error in (errno.EAGAIN, errno.ENOMEM)[:2 if FULL else 1]:
            calm(server, sessions, "fork", error)
        # accept fails, and then even to wait for clients again does.
        accepts.fail("accept4", errno.EMFILE, 1)
        visit(server)
        accepts.fail("epoll_listen", errno.ENOMEM, 3)
        ok(happens(lambda: accepts.left() == 0), "even epoll fails")
        eq(happens(lambda: visit(server), 10), 220,
           "and the next client is served")
        # Once all are let in that may be, the last one has ended for it.
        wait_for(lambda: not server.role("session"), 20, "the last one's end")
        server.enter(source="127.0.8.1").close()
        wait_for(lambda: len(sockets(server)) <= before, 10,
                 "smtpd's descriptors as at first")
        ok(True, "smtpd has as many descriptors as at first")
        server.smtpd.send_signal(signal.SIGTERM)
        wait_for(lambda: "stopping" in server.scratch.log_text() or
                 server.smtpd.poll() is not None, 10, "its stopping")
        like(server.scratch.log_text, r"stopping, 0 sessions",
             "and counts no session when it stops")


need_built("smtpd", "smtpsrvr", "smtpsrvr-tls", "submit")
run(failures, seconds=900)
