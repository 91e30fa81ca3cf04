#!/usr/bin/env python3
"""logger: what it writes where, whom it believes, what happens when its sink
is moved, full or blocked."""

import os
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

need_built("logger")

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d "
SESSION_UID = 64777


class Logger:
    """logger as smtpd starts it (or a session, with single)."""

    def __init__(self, where=None, single=False, stderr=None, session=None,
                 bound=False, option=None):
        self.scratch = Scratch()
        self.file = self.scratch.at("log", "events")
        record = self.scratch.at("record")
        with open(record, "w+b") as f:
            subprocess.run([os.path.join(BUILD, "tests/system/record"), "-s",
                            str(session or SESSION_UID),
                            "log=%s" % (where or self.file)],
                           stdout=f, check=True)
        kind = socket.SOCK_SEQPACKET if single else socket.SOCK_DGRAM
        if bound:
            receive = socket.socket(socket.AF_UNIX, kind)
            receive.bind(self.scratch.at("socket"))
            self.sock = socket.socket(socket.AF_UNIX, kind)
            self.sock.connect(self.scratch.at("socket"))
        else:
            self.sock, receive = socket.socketpair(socket.AF_UNIX, kind)
        receive.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.control, control = socket.socketpair(socket.AF_UNIX,
                                                  socket.SOCK_SEQPACKET)
        record = os.open(record, os.O_RDONLY)
        fds = [record, control.fileno(), receive.fileno()]
        self.process = start([program("logger")] + ["-c"] * single +
                             [option] * bool(option), fds, stderr)
        os.close(record)
        control.close()
        receive.close()
        self.control.settimeout(slow(60))
        if not single:
            eq(self.control.recv(9), b"R", "it says that it is ready")

    def text(self):
        try:
            with open(self.file, "rb") as f:
                return f.read().decode("latin-1")
        except OSError:
            return ""

    def says(self, line, pattern, what):
        self.sock.send(line)
        if happens(lambda: re.search(pattern, self.text(), re.M), 5):
            ok(True, what)
        else:
            like(self.text(), pattern, what)

    def stop(self):
        self.control.close()
        self.sock.close()
        return self.process.wait(slow(60))


def start(args, fds, stderr=None):
    """A program with these descriptors as 3, 4, ..., as an ordinary user."""
    high = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]
    try:
        def place():
            for i in range(len(fds)):
                os.dup2(100 + i, 3 + i)
            os.closerange(3 + len(fds), 200)
            if ROOT:
                os.setgroups([])
                os.setgid(LOGGER)
                os.setuid(LOGGER)
        return spawn(args, close_fds=False, preexec_fn=place, stderr=stderr)
    finally:
        for fd in high:
            os.close(fd)


def send_as(uid, sock, line):
    """Sends from a child of that uid; its pid."""
    pid = os.fork()
    if pid == 0:
        try:
            os.setuid(uid)
            sock.send(line)
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    return pid


def lines():
    log = Logger()
    me = os.getpid()
    log.says(b"3smtpsrvr: accept ip=192.0.2.1",
             r"^%ssmtpsrvr\[%d\]: accept ip=192\.0\.2\.1$" % (STAMP, me),
             "a line has a time, the program and its pid from the kernel")
    eq(os.stat(log.file).st_mode & 0o777, 0o640, "the file is not for all")
    log.says(b"1a: b\nc\x1b[2J\xff\r\0x",
             r"a\[%d\]: b\\x0ac\\x1b\[2J\\xff\\x0d\\x00x$" % me,
             "nothing but printable ASCII comes through")
    log.says(b"no format", r'unknown\[%d\]: malformed line="no format"$' % me,
             "a line without the format is marked")
    log.says(b"9a: b", r'malformed line="9a: b"$', "a level that is none")
    log.says(b"3a b: c", r'malformed line="3a b: c"$', "a name with a blank")
    log.says(b'3"\\', r'malformed line="3\\"\\\\"$', "quotes stay closed")
    log.says(b"2b: " + b"y" * 5000, r": y{1900,}$", "a long line is cut")
    log.says(b"2c: " + b"\n" * 2000, r"c\[%d\]: (\\x0a){900,}\.\.\.$" % me,
             "and so is one that grows by its escapes")
    log.sock.send(b"2d: 1\n")
    log.says(b"2d: 2", r"d\[%d\]: 2$" % me, "one after another")
    for line in log.text().splitlines():
        if not re.match(STAMP + r"\w+\[\d+\]: [ -~]+$", line):
            ok(False, "every line has the form: " + line[:80])
            break
    else:
        ok(True, "every line has the form")
    if ROOT:
        forgers(log)
    with open("/proc/%d/status" % log.process.pid) as f:
        status = f.read()
    like(status, r"^NoNewPrivs:\s1$", "it can gain no privilege")
    if sanitized():
        skip("no filter with sanitizers")
    else:
        like(status, r"^Seccomp:\s2$", "and is behind its filter")
    eq(log.stop(), 0, "it ends when smtpd does")


def forgers(log):
    pid = send_as(SESSION_UID, log.sock, b"3smtpsrvr: accept x=1")
    log.says(b"4z: 1", r"smtpsrvr\[%d\]: accept x=1$" % pid,
             "a session may speak as smtpsrvr")
    pid = send_as(SESSION_UID, log.sock, b"0submit: queued qid=1")
    log.says(b"4z: 2",
             r'smtpsrvr\[%d\]: forged line="0submit: queued qid=1"$' % pid,
             "and as nobody else")
    pid = send_as(SESSION_UID, log.sock, b"rubbish")
    log.says(b"4z: 3", r'smtpsrvr\[%d\]: malformed line="rubbish"$' % pid,
             "whatever it says")
    pid = send_as(NOBODY, log.sock, b"3submit: queued qid=2")
    log.says(b"4z: 4", r"submit\[%d\]: queued qid=2$" % pid,
             "another user may")


def one_user():
    """Where all run as one ordinary user nobody can be told apart."""
    log = Logger(session=64000)
    pid = send_as(64000, log.sock, b"3submit: queued") if ROOT else None
    if pid:
        log.says(b"4z: 1", r"submit\[%d\]: queued$" % pid,
                 "a session user that is another's too is not bound")
    log.stop()


def rotated():
    log = Logger()
    log.says(b"3a: first", r"first$", "before")
    os.rename(log.file, log.file + ".1")
    time.sleep(1.05)        # it looks once a second
    log.says(b"3a: second", r"\A%sa\[\d+\]: second$" % STAMP,
             "a renamed file is replaced by a new one")
    os.rename(log.file, log.file + ".2")
    os.kill(log.process.pid, signal.SIGHUP)
    log.says(b"3a: third", r"third$", "at once after SIGHUP")
    os.unlink(log.file)
    os.mkdir(log.file)
    log.stop()


def absent():
    read, write = os.pipe()
    log = Logger(where="/nonexistent/log", stderr=write)
    os.close(write)
    log.sock.send(b"3a: one")
    log.sock.send(b"3a: two")
    log.stop()
    text = os.fdopen(read, "rb").read().decode()
    like(text, r"logger\[\d+\]: note text=\"cannot open /nonexistent/log: ",
         "a file that cannot be opened is told")
    eq(text.count("cannot open"), 1, "once")
    like(text, r"^a\[\d+\]: one\na\[\d+\]: two$",
         "and the lines go to standard error, without a time")


def debug():
    read, write = os.pipe()
    log = Logger(stderr=write, option="-d")
    os.close(write)
    log.sock.send(b"3a: one")
    log.stop()
    text = os.fdopen(read, "rb").read().decode()
    like(text, r"^a\[\d+\]: one$", "-d: standard error")
    ok(not os.path.exists(log.file), "-d: not the file")


def connection():
    """Under inetd standard error is the client."""
    listening = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listening.getsockname())
    served = listening.accept()[0]
    log = Logger(where="stderr", stderr=served.fileno())
    served.close()
    log.sock.send(b"3a: secret")
    log.stop()
    client.settimeout(slow(60))
    eq(client.recv(100), b"", "a client does not read the log")


def blocked():
    read, write = os.pipe()
    log = Logger(where="stderr", stderr=write)
    os.close(write)
    sent = 0
    log.sock.setblocking(False)
    line = b"3a: " + b"x" * 1000
    end = time.monotonic() + slow(30)
    refused = 0
    # The logger may be slow to begin.
    while (refused < 20 or sent <= 60) and time.monotonic() < end:
        try:
            log.sock.send(line)
            sent += 1
            refused = 0
        except (BlockingIOError, OSError):
            refused += 1
            time.sleep(0.005)
    ok(refused >= 20 and sent > 60,
       "a blocked sink makes senders drop, not wait (%d sent)" % sent)
    out = os.fdopen(read, "rb")
    log.control.close()
    log.sock.close()
    got = out.read()
    eq(log.process.wait(slow(60)), 0, "and it ends all the same")
    eq(got.count(b"\n"), sent, "what was taken is written once it can be")


def full():
    if not os.path.exists("/dev/full"):
        skip("no /dev/full")
        return
    read, write = os.pipe()
    log = Logger(where="/dev/full", stderr=write)
    os.close(write)
    out = os.fdopen(read, "rb")
    log.sock.send(b"3a: first")
    text = out.readline().decode()
    for i in range(5):
        log.sock.send(b"3a: %d" % i)
    log.stop()
    text += out.read().decode()
    eq(text.count("cannot write /dev/full"), 1, "a full disk is told once")


def single():
    log = Logger(single=True)
    other = log.sock.dup()
    log.says(b"3smtpsrvr: one", r"smtpsrvr\[\d+\]: one$", "-c: a line")
    log.sock.close()
    other.send(b"3smtpsrvr: two")
    other.close()
    eq(log.process.wait(slow(60)), 0, "-c: it ends with the last sender")
    like(log.text(), r"two$", "-c: and has written what he said last")


def rate(bound):
    log = Logger(bound=bound)
    n = 20000
    lost = 0
    line = b"3smtpsrvr: accept ip=192.0.2.1 chan=mx sid=6xk2p9 " + b"x" * 100
    begin = time.monotonic()
    log.sock.setblocking(False)
    for i in range(n):
        try:
            log.sock.send(line)
        except OSError:
            lost += 1
        if i % 10 == 0:
            time.sleep(0.0005)
    took = time.monotonic() - begin
    ok(happens(lambda: log.text().count("\n") == n - lost, 20),
       "%s: all that was taken is written" % ("bound" if bound else "pair"))
    with open("/proc/%d/stat" % log.process.pid) as f:
        words = f.read().split()
    with open("/proc/%d/status" % log.process.pid) as f:
        switches = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", f.read(),
                             re.M).group(1)
    cpu = (int(words[13]) + int(words[14])) / os.sysconf("SC_CLK_TCK")
    diag("%d lines in %.2f s, %d refused, %.1f us of CPU a line, %s wake-ups"
         % (n, took, lost, cpu / n * 1e6, switches))
    if not bound:
        ok(int(switches) < n / 4, "one wake-up takes several lines")
    log.stop()


def rates():
    rate(False)
    rate(True)


run(lines, one_user, rotated, absent, debug, connection, blocked, full,
    single, rates)
