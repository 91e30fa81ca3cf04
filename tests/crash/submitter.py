"""submitter - speaks subproto and starts submit, for the crash tests."""

import atexit
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import journal                                  # noqa: E402
BUILD = os.environ.get("top_builddir", ".")
SUBMIT = os.path.join(BUILD, "submit", "submit")
STAGED = os.path.join(BUILD, "tests", "submit", "staged")
JOURNAL = ("queue-store=journal", "journal-size=8M")
ROWS, ROW, SERIAL = 64, 3, 77                   # as tests/submit/stage.h
TOKEN = bytes((17 * i + 1) & 255 for i in range(16))
SESSION, DECLARED, LOCAL, NOTICE = 1, 2, 3, 4
with open(os.path.join(os.path.dirname(os.path.dirname(HERE)), "lib",
                       "subproto.h"), encoding="latin-1") as _f:
    VERSION = int(re.search(r"#define SUB_VERSION (\d+)", _f.read()).group(1))
EACH = 1
FRAME = 65536


def sanitized():
    """No filter then, more memory, and a leak is an exit code."""
    try:
        with open(os.path.join(BUILD, "config.h")) as f:
            return "#define SANITIZERS 1" in f.read()
    except OSError:
        return False


count = turn = 0


def ok(good, what):
    global count
    count += 1
    print("%sok %d - %s" % ("" if good else "not ", count, what), flush=True)
    return good


def note(text):
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def skip(why):
    global count
    count += 1
    print("ok %d # SKIP %s" % (count, why), flush=True)


def done():
    print("1..%d" % count, flush=True)
    sys.exit(0)


def frame(kind, payload=b""):
    return struct.pack("<IB3x", len(payload), ord(kind)) + payload


def text(s):
    b = s if isinstance(s, bytes) else s.encode()
    return struct.pack("<H", len(b)) + b + b"\0"


def hello(kind=SESSION, flags=0, row=None):
    """As the next session, or that of row."""
    global turn
    if row is None:
        turn = turn % (ROWS - 1) + 1
        row = turn
    return frame("H", struct.pack("<HBBIQ", VERSION, kind, flags, row,
                                  SERIAL + row - ROW) +
                 TOKEN + bytes(19) + bytes(19) +
                 struct.pack("<ii", -1, 0) + text("") * 3 +
                 bytes(32) + text("") * 2)


def envelope(sender="a@example.net", channel="lan", ident=""):
    return frame("E", b"".join(map(text, (
        sender, "client.test", "ESMTP", "", "", "sid1", channel, "", "", "", "",
        ident))) + struct.pack("<BBIqqIqBBi", 0, 0, 0, -1, 0, 0, 0, 0,
                                   0, 0))


def recipient(address):
    return frame("R", text(address) + text("") + text(""))


def body(data):
    parts = [frame("D", data[i:i + FRAME])
             for i in range(0, len(data), FRAME)]
    return b"".join(parts) + frame("C", struct.pack("<Q", len(data)))


def message(data, to=("user@example.org",), **more):
    return envelope(**more) + b"".join(map(recipient, to)) + body(data)


class Verdict:
    """What submit says; code 0 when it said nothing."""

    def __init__(self, sock):
        self.code, self.id, self.text = 0, "", ""
        head = receive(sock, 8)
        if len(head) < 8:
            return
        length, kind = struct.unpack("<IB3x", head)
        payload = receive(sock, length)
        if chr(kind) != "V" or len(payload) != length:
            return
        fields, at = [], 4
        for _ in range(5):
            n = struct.unpack_from("<H", payload, at)[0]
            fields.append(payload[at + 2:at + 2 + n].decode())
            at += n + 3
        self.code = struct.unpack_from("<H", payload, 2)[0]
        self.enhanced, self.text, self.reason, self.detail, self.id = fields


def receive(sock, n):
    got = b""
    while len(got) < n:
        try:
            more = sock.recv(n - len(got))
        except (ConnectionError, socket.timeout):
            break
        if not more:
            break
        got += more
    return got


def stored(settings):
    """Files, unless it says journal."""
    if any(x.startswith("queue-store=") for x in settings):
        return settings
    return ("queue-store=files", *settings)


def arguments(spool, *more, run="/nonexistent", settings=()):
    return [STAGED, spool, run, "192.0.2.7", *stored(settings), "--", *more]


def child(spool, before=(), env=None, settings=(), log=None,
          program=None, preexec=None):
    """submit -c on a new spool; the process and our end of its caller."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    ours.settimeout(240)
    process = subprocess.Popen(
        [*before, *arguments(spool, *(program or [SUBMIT]), "-c",
                             settings=settings)],
        stdin=theirs, stdout=subprocess.DEVNULL, env=env,
        preexec_fn=preexec,
        stderr=log if log is not None else subprocess.DEVNULL)
    theirs.close()
    return process, ours


def once(spool, data, before=(), env=None, settings=(), log=None, **more):
    """One message through one submit -c; its verdict."""
    process, sock = child(spool, before, env, settings, log)
    with sock:
        try:
            sock.sendall(hello() + message(data, **more))
        except (BrokenPipeError, ConnectionResetError):
            pass
        verdict = Verdict(sock)
    process.wait(240)
    verdict.status = process.returncode
    return verdict


def listing(spool, folder):
    try:
        return sorted(os.listdir(os.path.join(spool, folder)))
    except FileNotFoundError:
        return []


def journaled(spool):
    """{id: bytes} of what is in the journal."""
    return journal.entries(spool, True)


def complete(spool, ident, data, journal_now=None):
    """Is queue/ID, or that of the journal, whole, with that text at its
    end?  journal_now: what journaled() gave."""
    try:
        with open(os.path.join(spool, "queue", ident), "rb") as f:
            entry = f.read()
    except OSError as e:
        entry = (journaled(spool) if journal_now is None else
                 journal_now).get(ident)
        if entry is None:
            return str(e)
    if len(entry) < 40 or entry[:8] != b"INLETQ1\n":
        return "no entry: %r" % entry[:64]
    magic, header, length, _sum = struct.unpack("<8sQQQ", entry[-32:])
    if magic != b"INLETEND" or header + length + 32 != len(entry):
        return "no trailer"
    if not entry[header:-32].endswith(data):
        return "another text"
    if not re.match(rb"Received: ", entry[header:]):
        return "no trace line"
    return ""


def scratch(fast=False):
    """A directory that is gone with the test; fast: in memory, if it can be
    there."""
    memory = "/dev/shm" if fast and os.access("/dev/shm", os.W_OK) else None
    path = tempfile.mkdtemp(prefix="inlet-crash.", dir=memory)
    atexit.register(shutil.rmtree, path, True)
    return path


class Resident:
    """A resident submit; control, jail and users are our ends."""

    def __init__(self, spool, run, peer="192.0.2.7", settings=(), log=None,
                 before=(), env=None, program=None):
        self.spool = spool
        os.makedirs(os.path.join(run, "jail"), exist_ok=True)
        self.jail = os.path.join(run, "jail", "submit")
        self.users = os.path.join(run, "submit")
        self.control, theirs = socket.socketpair(
            socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listeners = [listen(self.jail), listen(self.users)]
        fds = [theirs.fileno()] + [s.fileno() for s in listeners]
        self.listeners = listeners
        self.process = subprocess.Popen(
            [*before, STAGED, spool, run, peer, *stored(settings),
             "4=%d" % fds[0], "7=%d" % fds[1], "8=%d" % fds[2], "--",
             *(program or [SUBMIT])],
            pass_fds=fds, stdin=subprocess.DEVNULL, env=env,
            stdout=subprocess.DEVNULL,
            stderr=log if log is not None else subprocess.DEVNULL)
        theirs.close()
        self.control.settimeout(120)
        self.ready = self.control.recv(10)
        if self.ready == b"" and self.process.wait(30) in (64, 70):
            raise RuntimeError("the stage for submit is broken")

    def wait_journal(self, segments=("s00",), seconds=120):
        """Until they were made."""
        end = time.monotonic() + seconds
        place = os.path.join(self.spool, "journal")
        while not set(segments) <= set(os.listdir(place)):
            if time.monotonic() > end:
                raise TimeoutError("no journal")
            time.sleep(0.002)

    def connect(self, path=None):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.settimeout(240)
        s.connect(path or self.jail)
        return s

    def send(self, data, **more):
        with self.connect() as s:
            s.sendall(hello() + message(data, **more))
            return Verdict(s)

    def end(self, seconds=120):
        self.control.close()
        return self.process.wait(seconds)

    def kill(self):
        self.process.kill()
        self.process.wait()


def listen(path):
    if os.path.exists(path):
        os.unlink(path)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    s.bind(path)
    os.chmod(path, 0o666)
    s.listen(1024)
    return s
