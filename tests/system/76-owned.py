#!/usr/bin/env python3
"""A session that somebody has taken over (tests/smtpsrvr/owned.c) tries what
such a one would, in the real server: against the machine, against other
sessions, and against submit.  Each of it with all layers, and without one."""
import os
import struct
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "crash"))
import submitter
from harness import *

ATTEMPTS = """\
1 read /etc/shadow
2 read /etc/passwd
3 open a sibling's memory
4 open a sibling's maps
5 list smtpd's descriptors
6 create a file in the queue
7 create a file in /tmp
8 a socket of the Internet
9 connect by TCP
10 send by UDP
11 connect to an abstract socket
12 signal smtpd
13 signal a sibling
14 signal everybody
15 trace a sibling
16 read a sibling's memory
17 a pidfd of a sibling
18 become root
19 a user namespace
20 limits of smtpd
21 limits of a sibling
22 priority of a sibling
23 memory for code
24 a memory file with a program
25 io_uring
26 bpf
27 userfaultfd
28 perf_event_open
29 keyctl
30 type into a terminal
31 512 MiB
32 2,000 descriptors
33 fork
34 execute a program"""
NAMES = dict(line.split(" ", 1) for line in ATTEMPTS.splitlines())
USER, LANDLOCK, FILTER, ALL = 4, 16, 32, 127
COLUMNS = (("user", USER), ("all", ALL), ("no filter", ALL & ~FILTER),
           ("no Landlock", ALL & ~LANDLOCK))
CONF = """\
max-message-size = 64K
penalty-limit = 0
listen "smtp" { address = {"127.0.0.1"}  port = @port@ }
table "here" { type = "list"  rows = {"example.org"} }
table "users" { type = "list"  rows = {"user"} }
table "lan" { type = "list"  rows = {"192.0.2.7"} }
channel "local" { table = "here"  program = "local"  mailboxes = "users" }
channel "lan" { table = "lan"  relay = yes }
channel "world" { }
"""


def server(layers=ALL):
    """One whose smtpsrvr is the stub."""
    s = Server(CONF, deliver=False)
    bin_ = s.scratch.make("bin")
    there = program_directory()
    for name in os.listdir(there):
        if name not in (".made", "smtpsrvr"):
            os.symlink(os.path.realpath(os.path.join(there, name)),
                       os.path.join(bin_, name))
    shutil.copy(os.path.join(BUILD, "tests", "smtpsrvr", "owned"),
                os.path.join(bin_, "smtpsrvr"))
    s.settings["program-directory"] = '"%s"' % bin_
    s.where = lambda: ["-L", bin_]
    s.write_conf()
    s.scratch.write("run/layers", str(layers))
    s.start_smtpd()
    wait_for(lambda: '"serving"' in s.scratch.log_text() + s.stderr(),
             what="serving")
    return s


class Owned:
    """A connection to one."""

    def __init__(self, s):
        self.s = s
        self.sock = socket.create_connection(("127.0.0.1", s.port))
        self.sock.settimeout(slow(PATIENCE))

    def ask(self, n, sibling=0, port=1, name="-"):
        self.sock.sendall(("%d %d %d %d %s %s\n" % (
            n, sibling, self.s.smtpd.pid, port, name,
            self.s.scratch.spool)).encode())
        return self.answer()

    def answer(self):
        try:
            return self.sock.recv(200)
        except ConnectionResetError:
            return b""

    def close(self):
        self.sock.close()


class Doors:
    """What sessions must not reach: listening by TCP, UDP, abstract name."""

    def __init__(self):
        self.port = free_port()
        self.name = "inlet-owned-%d" % os.getpid()
        self.all = [socket.socket(), socket.socket(type=socket.SOCK_DGRAM),
                    socket.socket(socket.AF_UNIX)]
        for sock, at in zip(self.all, (("127.0.0.1", self.port),) * 2 +
                            ("\0" + self.name,)):
            sock.bind(at)
        self.all[0].listen(9)
        self.all[2].listen(9)

    def close(self):
        for sock in self.all:
            sock.close()


def column(name, layers):
    """Each attempt in a session of its own, beside a sibling."""
    found, doors, s = {}, Doors(), server(layers)
    kept = Owned(s)
    kept.ask(0)
    sibling = wait_for(lambda: s.role("session"), what="a session")[0].pid
    for n in NAMES:
        one = Owned(s)
        got = one.ask(int(n), sibling, doors.port, doors.name)
        if got.strip() not in (b"y", b"n", b""):
            ok(False, "%s: an answer, not %s" % (n, got))
        found[n] = got[:1]
        one.close()
    kept.close()
    doors.close()
    # Where attempt 7 succeeds.
    with contextlib.suppress(FileNotFoundError):
        os.unlink("/tmp/owned.%d" % doors.port)
    if layers == ALL and not sanitized():
        ok(happens(lambda: s.scratch.log_lines("session-crashed")),
           "the log tells of calls that no session makes")
    ok(s.stop(), name + ": the server ends cleanly")
    return found


def machine():
    """The machine and other sessions: attempts 1 to 34."""
    if sanitized():
        skip("there are no filters with sanitizers")
        return
    table = {name: column(name, layers) for name, layers in COLUMNS}
    diag("y: it succeeds   " + "  ".join(name for name, _ in COLUMNS))
    for n, what in NAMES.items():
        diag("%2s %-30s " % (n, what) + "  ".join(
            ("y" if table[name][n] == b"y" else "-").center(len(name))
            for name, _ in COLUMNS))
    for n, what in NAMES.items():
        ok(table["all"][n] != b"y", "%s %s: with all layers it fails" %
           (n, what))
    done = {name: sum(v == b"y" for v in table[name].values())
            for name, _ in COLUMNS}
    ok(done["user"] >= 10, "without layers many succeed: they are attempts")
    more = boundary()
    diag("figure G25: %d of 46 attempts fail; without the filter %d, without "
         "Landlock %d; by user alone %d of 34 succeed" % tuple(
             [34 - done[name] + more for name in ("all", "no filter",
                                                  "no Landlock")] +
             [done["user"]]))
    for name, least in (("all", 44), ("no filter", 38), ("no Landlock", 44)):
        ok(34 - done[name] + more >= least, "%s: at least %d fail" %
           (name, least))



def row_of(s):
    """A session that waits: its connection, row, serial and token."""
    one = Owned(s)
    row, serial, token = one.ask(0).split()
    return one, int(row), int(serial), bytes.fromhex(token.decode())


def hello(row, serial, token, kind=1, flags=0, login=b"", peer=bytes(19),
          receipt=bytes(32)):
    text = submitter.text
    return submitter.frame("H", struct.pack(
        "<HBBIQ", submitter.VERSION, kind, flags, row, serial) + token +
        peer + bytes(19) + struct.pack("<ii", -1, 0) + text(b"") +
        text(login) + text(b"PLAIN" if login else b"") + receipt +
        text(b"") + text(b""))


def message(body=b"Subject: x\r\n\r\nx\r\n", to="user@example.org",
            channel="world"):
    return submitter.envelope(channel=channel) + submitter.recipient(to) + \
        submitter.body(body)


class Pipe(Owned):
    """Frames to submit from inside a session."""

    def __init__(self, s):
        super().__init__(s)
        assert self.ask(100) == b"y"

    def verdict(self, *frames):
        """The code that submit answers with; 0: it ended the connection."""
        try:
            self.sock.sendall(b"".join(frames))
        except (BrokenPipeError, ConnectionResetError):
            return 0
        return self.last()

    def last(self):
        return submitter.Verdict(self.sock).code


def queued(s):
    return len(s.scratch.queue())


forms = []


def refused(s, what, *frames):
    """Nothing of it is queued."""
    forms.append(what)
    before = queued(s)
    with contextlib.closing(Pipe(s)) as p:
        code = p.verdict(*frames)
    good = ok(code // 100 != 2 and queued(s) == before, what) or \
        diag("%d, %d queued" % (code, queued(s) - before))
    return bool(good)


def fair(s, me):
    """Another session's message while that goes on."""
    with contextlib.closing(Pipe(s)) as p:
        code = p.verdict(hello(*me), message())
        return code == 250 or diag("submit said %d" % code)


def forgeries(s, me, other):
    """What a session may say of itself: 35, 36 and 46."""
    good = [refused(s, "35 " + what, *frames) for what, frames in (
        ("no hello at all", [message()]),
        ("another's row", [hello(other[0], *me[1:]), message()]),
        ("another's serial", [hello(me[0], other[1], me[2]), message()]),
        ("another's token", [hello(me[0], me[1], other[2]), message()]),
        ("a token of nothing", [hello(me[0], me[1], bytes(16)), message()]),
        ("a row that is not there", [hello(1 << 20, *me[1:]), message()]),
        ("a channel that may relay",
         [hello(*me), message(channel="lan", to="x@elsewhere.test")]),
        ("to relay", [hello(*me), message(to="x@elsewhere.test")]),
        ("a user who is not there",
         [hello(*me), message(to="nobody@example.org")]),
        ("a login", [hello(*me, login=b"anna"), message()]),
        ("to be a user of this machine", [hello(*me, kind=3), message()]),
        ("to name its source", [hello(*me, kind=2), message()]),
        ("to be deliver", [hello(*me, kind=4), message()]),
        ("a kind that is none", [hello(*me, kind=9), message()]))]
    lan = struct.pack("<BxH16s", 4, 25, bytes((192, 0, 2, 7)))[:19].ljust(
        19, b"\0")
    good46 = refused(s, "46 another address",
                     hello(*me, flags=2, peer=lan),
                     message(channel="lan", to="x@elsewhere.test"))
    return all(good), good46


def orders(s, me, other):
    """Frames out of order, broken, or for ever: 38."""
    e, r = submitter.envelope(channel="world"), \
        submitter.recipient("user@example.org")
    h, d = hello(*me), submitter.body(b"Subject: x\r\n\r\nx\r\n")
    commit = submitter.frame("C", struct.pack("<Q", 1))
    good = [refused(s, "38 " + what, *frames) for what, frames in (
        ("text before an envelope", [h, d]),
        ("a recipient before an envelope", [h, r, d]),
        ("two envelopes", [h, e, e, r, d]),
        ("no recipient", [h, e, d]),
        ("a recipient after text", [h, e, r, d[:-16], r, d[-16:]]),
        ("more committed than sent", [h, e, r, commit]),
        ("a hello amid a message", [h, e, h, r, d]),
        ("a verdict of its own", [h, submitter.frame("V", bytes(40))]),
        ("a frame of no kind", [h, submitter.frame("?", b"x")]),
        ("a frame of 4 GiB", [h, struct.pack("<IB3x", 0xffffffff, 68)]),
        ("a hello that is too short", [submitter.frame("H", b"x")]))]
    halves = [Pipe(s) for _ in range(8)]
    for i, p in enumerate(halves):
        p.sock.sendall((h + e + r + d)[:7 + 40 * i])
    stopped = Pipe(s)
    stopped.sock.settimeout(slow(1))
    with contextlib.suppress(OSError):
        while True:         # it asks, and reads no answer
            stopped.sock.sendall((h + e + r + submitter.frame("A")) * 100)
    ok(not fair(s, me), "38 a session has few connections at once")
    good.append(ok(fair(s, other), "38 half frames and answers that nobody reads "
                   "keep nobody waiting"))
    for p in halves + [stopped]:
        p.close()
    return all(good)


def descriptors(s, me):
    """10,000 of them for submit: 37."""
    pid = s.role("submit")[0].pid

    def count():
        return len(os.listdir("/proc/%d/fd" % pid))
    before, one = count(), Owned(s)
    like(one.ask(101), r"^y\d+$", "37 descriptors were sent")
    # It may not have read all of them yet, nor seen the end of those before.
    good = ok(happens(lambda: count() <= before + 4),
              "37 submit keeps none of them") and \
        ok(happens(lambda: fair(s, me)), "37 and serves")
    one.close()
    return good


def too_much(s, me):
    """Text beyond the limit, that is never committed: 45."""
    with contextlib.closing(Pipe(s)) as p:
        with contextlib.suppress(OSError):
            p.sock.sendall(hello(*me) + submitter.envelope(channel="world") +
                           submitter.recipient("user@example.org"))
            for _ in range(64):
                p.sock.sendall(submitter.frame("D", b"x" * 65536))
        used = sum(os.path.getsize(os.path.join(s.scratch.spool, "tmp", n))
                   for n in s.scratch.queue("tmp"))
    return ok(used <= 1 << 20, "45 text beyond the limit takes no room (%d)"
              % used)


def memory(s):
    """Shared memory is never writable, descriptors are few: 42, 43, 44."""
    smtpd = "/proc/%d/fd" % s.smtpd.pid
    before = len(os.listdir(smtpd))
    some = [Owned(s) for _ in range(20)]
    for one in some:
        one.ask(0)
    # What smtpd has just passed on it may have for a moment.
    after = settled(lambda: len(os.listdir(smtpd)),
                    lambda value: value <= before + 20)
    good = [], [], []
    for p in s.role("session"):
        try:
            text = open("/proc/%d/maps" % p.pid).read()
            fds = [os.readlink("/proc/%d/fd/%s" % (p.pid, n))
                   for n in os.listdir("/proc/%d/fd" % p.pid)]
        except (FileNotFoundError, ProcessLookupError):
            continue            # one of those before, which has ended
        good[1].append(not re.search(r"(?m)^\S+ rw.s", text))
        good[0].append(all(re.match(r"socket:|/dev/null|pipe:|/\S*stderr",
                                    fd) for fd in fds) and len(fds) <= 8)
        if not good[0][-1]:
            diag(fds)
    for one in some:
        one.close()
    return (ok(len(good[0]) > 20 and all(good[0]),
               "42 sessions have nothing of each other's open"),
            ok(all(good[1]), "43 and no shared memory to write to"),
            ok(after - before <= 20, "44 a session costs smtpd one "
               "descriptor (%d for 20)" % (after - before)))


def replays(s, me):
    """What was good once: 36."""
    first = hello(*me) + message()
    with contextlib.closing(Pipe(s)) as p:
        good = ok(p.verdict(first) == 250, "36 a session's own message")
    one, *gone = row_of(s)
    one.close()
    wait_for(lambda: len(s.role("session")) <= 1, what="its end")
    return good and refused(s, "36 its frames after its end",
                            hello(*gone), message())


def boundary():
    """Against submit and smtpd; how many of those twelve fail.

    41, a key in its memory, is 51-keysrvr.py's.  Two succeed: 39, a session
    may write to the log as much as it likes, and 40, keep its place."""
    s = server()
    kept = [row_of(s) for _ in range(2)]
    me, other = kept[0][1:], kept[1][1:]
    ok(fair(s, me), "a session's own message is taken")
    good = [*forgeries(s, me, other), orders(s, me, other),
            descriptors(s, me),
            too_much(s, me), *memory(s)]
    kept[1][0].close()
    good.append(replays(s, me))
    ok(fair(s, me), "in the end another's message is taken as ever")
    kept[0][0].close()
    with contextlib.closing(Owned(s)) as one:
        eq(one.ask(102), b"y", "a session tells of lines that it lost")
    # smtpd hears a session before it sees its end.
    wait_for(lambda: not s.role("session"), what="its end")
    ok(s.stop(), "and the server ends cleanly")
    lost = [int(n) for n in re.findall(
        r"(?m) smtpd\[\d+\]: .* lost=(\d+)$", s.scratch.log_text())]
    eq(sum(lost), 10000, "and is believed once, and 10,000")
    diag("figure G28: %d forged, replayed or reordered forms from inside a "
         "session: nothing queued, others served" % len(forms))
    return sum(map(bool, good)) + 1


def root_only():
    if not ROOT:
        skip("the layers of an ordinary user differ; as root alone")
        return
    if os.environ.get("INLET_PREFIX"):
        skip("what is tested is a program of the build tree")
        return
    machine()


run(root_only)
