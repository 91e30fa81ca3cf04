"""delivery - a scratch spool with a deliver on it, for the tests of deliver.

Entries are made by tests/chans/mkentry."""

import contextlib
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *

# Programs of the test's own are put beside ours.
if os.environ.get("INLET_PREFIX"):
    skip_all("needs a folder of programs, not an installed tree")

MKENTRY = os.path.join(BUILD, "tests", "chans", "mkentry")
TEXT = b"Subject: test\nTo: x\n\nline one\n.dot\n" + b"8bit \xe4\n"

CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
channel "local" { table = "here"  program = "local" }
channel "other" { program = "spool" }
channel "odd" { program = "odd" }
channel "late" { program = "odd"  delivery-timeout = "1s" }
channel "world" { }
"""

BAD = ("local:bad@example.org:../bad", "local:good@example.org:good/good",
       "local:worse@example.org:/worse")
DSN = ("-O", "rfc822;a+2Bb@example.org", "-V", "env+2Bid")


# A channel program that does what the user of an address says: later, never,
# nodsn, dsn and noby (relayed, the last without DELIVERBY), else it is delivered; but hosts that have a file in
# the folder down cannot be reached.  It notes each try: "HOST USER ID PID".
HOSTS = """
import os, socket, struct, sys
s = socket.socket(fileno=0)
folder = %r
def recipients(entry):
    at, found = 8, []
    while True:
        kind, n = struct.unpack_from("<cI", entry, at)
        if kind == b"M":
            return found
        text = entry[at + 5:at + 5 + n]
        if kind == b"I":
            ident = text.rstrip(b"\\0").decode()
        if kind == b"R":
            found.append((ident, text.split(b"\\0")[2].decode()))
        at += 5 + n
log = os.open(folder + "/tries", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
while True:
    m, fds, _, _ = socket.recv_fds(s, 4096, 4)
    if not m:
        sys.exit(0)
    version, flags, serial, at, length, n = struct.unpack_from("=HHIQQI", m)
    index = struct.unpack_from("=%%dI" %% n, m, 28)
    found = recipients(os.pread(fds[0], length or 1000000, at))
    # Before it answers: with them goes the entry's lock.
    for fd in fds:
        os.close(fd)
    for i in index:
        ident, to = found[i]
        user, host = to.split("@")
        outcome, flags, code = 1, 0, b"2.0.0"
        if os.path.exists(folder + "/down/" + host):
            outcome, flags, code = 2, 4, b"4.4.1"
        elif user == "later":
            outcome, code = 2, b"4.2.2"
        elif user == "never":
            outcome, code = 3, b"5.1.1"
        elif user in ("dsn", "nodsn"):
            flags = 1 if user == "dsn" else 2
        elif user == "noby":
            flags = 17
        os.write(log, ("%%s %%s %%s %%d\\n" %% (host, user, ident,
                                           os.getpid())).encode())
        s.send(struct.pack("=IIBB2x12s200s", serial, i, outcome, flags, code,
                           b"for a test"))
"""


class Hosts:
    """ch_hosts of a Delivery, whose hosts go down and come up."""

    def __init__(self, d):
        self.folder = d.s.make("hosts", d.user if ROOT else None)
        self.down_folder = d.s.make("hosts/down", d.user if ROOT else None)
        for path in (self.folder, self.down_folder):
            os.chmod(path, 0o777)
        with open(os.path.join(self.folder, "tries"), "w"):
            pass
        os.chmod(os.path.join(self.folder, "tries"), 0o666)
        d.program("hosts", HOSTS % self.folder)

    def down(self, host):
        with open(os.path.join(self.down_folder, host), "w"):
            pass

    def up(self, host):
        os.unlink(os.path.join(self.down_folder, host))

    def tries(self, host=None):
        """(host, user, identifier, process) of each, in their order."""
        with open(os.path.join(self.folder, "tries")) as f:
            rows = [tuple(line.split()) for line in f
                    if line.endswith("\n")]
        return [r for r in rows if host is None or r[0] == host]


CONTROL = {"retry": 1, "hold": 2, "release": 3, "delete": 4, "bounce": 5,
           "start": 6}
RESULT = {1: "done", 2: "absent", 3: "busy", 4: "malformed", 5: "failed"}


def control(d, verb, ident="", name="", flags=0, version=1):
    """Asks deliver; gives result, count and text."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as c:
        c.settimeout(slow(60))
        c.connect(os.path.join(d.s.run, "deliver"))
        c.send(struct.pack("=III24s256s", version, CONTROL.get(verb, verb),
                           flags, ident.encode(), name.encode()))
        result, count, text = struct.unpack("=II200s", c.recv(4096))
    return RESULT[result], count, text.rstrip(b"\0").decode()


def python():
    """An interpreter that every user may run."""
    return next(p for p in (sys.executable, "/usr/bin/python3",
                            "/usr/local/bin/python3")
                if os.path.exists(p) and
                (not ROOT or reachable(os.path.dirname(p))))


class FakeSubmit:
    """submit's socket for users: takes notices, answers as it is told."""

    def __init__(self, scratch, code=250):
        self.path = os.path.join(scratch.run, "submit")
        self.code = code            # None: closes without a verdict
        self.got = []               # (id, recipient, text)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            with contextlib.suppress(OSError), connection, \
                    connection.makefile("rb") as f:
                self.one(connection, f)

    def one(self, connection, f):
        text, ident, to = b"", None, None
        while True:
            header = f.read(8)
            if len(header) < 8:
                return
            length, kind = struct.unpack("<IB3x", header)
            payload = f.read(length)
            if kind == ord("E"):
                fields = self.texts(payload[:-8])
                ident = next(x for x in fields
                             if re.fullmatch("[0-9A-Z]{20}", x))
            elif kind == ord("R"):
                to = self.texts(payload)[0]
            elif kind == ord("D"):
                text += payload
            elif kind == ord("C"):
                break
        self.got.append((ident, to, text))
        if self.code is not None:
            fields = b"".join(struct.pack("<H", len(x)) + x + b"\0" for x in
                              (b"2.0.0", b"text", b"-", b"", ident.encode()))
            payload = struct.pack("<HH", 0, self.code) + fields
            connection.sendall(struct.pack("<IB3x", len(payload), ord("V"))
                               + payload)

    @staticmethod
    def texts(payload):
        found, at = [], 0
        while at + 2 <= len(payload):
            n = struct.unpack_from("<H", payload, at)[0]
            found.append(payload[at + 2:at + 2 + n].decode("latin-1"))
            at += n + 3
        return found

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink(self.path)


class Delivery:
    """A scratch spool and a deliver on it."""

    def __init__(self, user=None, settings=None, conf=CONF):
        self.s = Scratch(user)
        self.user = self.s.user if self.s.user is not None else \
            SUBMIT if ROOT else None
        self.text = conf
        self.write(settings or {"retry-first": '"1s"'})
        self.bin = self.s.make("bin")
        for name in os.listdir(program_directory()):
            if not name.startswith("."):
                os.symlink(os.path.join(program_directory(), name),
                           os.path.join(self.bin, name))
        self.p = None
        self.journal = os.environ.get("INLET_STORE") == "journal"

    def write(self, settings, text=None):
        s = self.s
        rows = {"hostname": '"inlet.example"',
                "spool-directory": '"%s"' % s.spool,
                "run-directory": '"%s"' % s.run,
                "mail-directory": '"%s"' % s.mail, "log": '"stderr"'}
        if s.root:
            rows.update({"submit-user": '"%d"' % SUBMIT,
                         "session-user": '"%d"' % SESSION,
                         "lookup-user": '"%d"' % LOOKUP,
                         "logger-user": '"%d"' % LOGGER,
                         "key-user": '"%d"' % KEYS})
        s.write("inlet.conf", merge_settings(
            self.text if text is None else text, {**rows, **settings}))

    def args(self, *options):
        return [os.path.join(self.bin, "deliver"), "-d", "-C", self.s.conf,
                "-L", self.bin] + list(options)

    def popen(self):
        return {} if self.s.user is None else {
            "user": self.s.user, "group": self.s.user, "extra_groups": []}

    def start(self):
        seen = self.s.log_text().count("started,")
        with open(self.s.log, "ab") as log:
            self.p = spawn(self.args(), stdout=log, stderr=log, cwd="/",
                           **self.popen())
        wait_for(lambda: self.s.log_text().count("started,") > seen or
                 self.p.poll() is not None, what="deliver starts")
        return self

    def once(self, before=()):
        with open(self.s.log, "ab") as log:
            done = subprocess.run(
                [*before, *self.args("-o")], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, cwd="/", timeout=slow(60),
                **self.popen())
        self.s.log_ended()
        return done.returncode

    def stop(self):
        self.p.send_signal(signal.SIGTERM)
        code = self.p.wait(slow(60))
        self.p = None
        self.s.log_ended()
        return code

    def entry(self, *to, text=TEXT, options=()):
        args = [MKENTRY, *options, *(["-j"] if self.journal else [])]
        if self.user is not None and ROOT:
            args += ["-u", str(self.user)]
        return subprocess.run(args + [self.s.spool, *to], input=text,
                              check=True, stdout=subprocess.PIPE,
                              timeout=slow(300)).stdout.decode().strip()

    def local(self, *users, **more):
        return self.entry(*["local:%s@example.org:example.org/%s" % (u, u)
                            for u in users], **more)

    def box(self, user):
        return self.s.maildir(user + "@example.org")

    def wait_empty(self, seconds=15):
        wait_for(lambda: not self.s.queue(), seconds, "an empty queue")

    def logged(self, pattern, seconds=10):
        return happens(lambda: re.search(pattern, self.s.log_text()), seconds)

    def program(self, name, code):
        path = os.path.join(self.bin, "ch_" + name)
        with open(path + ".new", "w") as f:
            f.write("#!%s\n%s" % (python(), code))
        os.chmod(path + ".new", 0o755)
        os.rename(path + ".new", path)
