#!/usr/bin/env python3
"""The soak: mail all the time, and all the time something goes wrong.  Every
five seconds some process is killed; meanwhile the disk fills up and is empty
again, tables are swapped, certificates renewed, settings taken anew, and some
clients are hostile.  Nothing that had its 250 may be lost, nothing be there
twice, and memory must not grow (scorecard G40).

    g40-soak.py [SECONDS]

Ten minutes without one; 7200 is a sitting, and four of them the goal.  The
clock is not set: that would be the machine's, and others' too."""
import collections
import ctypes
import os
import random
import subprocess
import sys
import threading
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "system")]
from harness import *
from attackers import Apart, Plan, attack
from secured import certificates, secure

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 600
CLIENTS = 8             # one of which speaks TLS
REST = 0.06             # seconds between two messages of one
HOSTILE = 24            # connections that are none of theirs
KILL, FILL, SWAP, RENEW, LOOK = 5, 41, 7, 61, 10
FULL_FOR = 3            # seconds without room
SEED = int(os.environ.get("SEED") or random.SystemRandom().randint(1, 10 ** 6))
CLONE_NEWNS = 0x20000
# Of smtpd, in KiB: what it may have more in the second half than in the first.
GROWTH = 1024
ROLES = ("template", "session", "submit", "lookup", "logger", "keysrvr",
         "deliver", "ch_local", "template", "session", "submit", "smtpd")

CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "text"  file = "people" }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "world" { }
"""
SETTINGS = {"max-connections": "60", "log-level": '"notice"',
            "retry-first": '"1s"', "retry-most": '"2s"', "journal-time": '"2s"',
            "stress-sessions": "60", "stress-timeout": '"3s"',
            "min-free-space": '"16M"', "penalty-limit": "0",
            "template-connections": "500"}


def own_mounts():
    return ROOT and \
        ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) == 0 and \
        subprocess.run(["mount", "--make-rprivate", "/"]).returncode == 0


class Load:
    """Clients; each message has a mark of its own and is sent once."""

    def __init__(self, server):
        self.server, self.stopping = server, False
        self.accepted, self.cut = set(), set()
        self.codes = collections.Counter()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.client, args=(i,))
                        for i in range(CLIENTS)]
        for t in self.threads:
            t.start()

    def one(self, number, mark):
        """The code of the last reply, or None if there was none."""
        with self.server.client(timeout=30, source="127.0.%d.1" % (
                number + 1)) as c:
            if c.greeting.code != 220:
                return c.greeting.code
            c.hello()
            if number == 0:
                secure(c)
                c.hello()
            for reply in c.envelope():
                if reply.code >= 400:
                    return reply.code
            if c.cmd("DATA").code != 354:
                return 0
            with self.lock:
                self.cut.add(mark)      # until there is a reply
            c.send(b"Subject: %s\r\n\r\nx\r\n.\r\n" % mark.encode())
            code = c.reply().code
            with self.lock:
                self.cut.discard(mark)
                if code == 250:
                    self.accepted.add(mark)
            return code

    def client(self, number):
        count = 0
        while not self.stopping:
            count += 1
            try:
                code = self.one(number, "mark-%d-%d" % (number, count))
            except (OSError, EOFError, Late, ValueError):
                code = None
            with self.lock:
                self.codes[code] += 1
            time.sleep(REST)

    def stop(self):
        self.stopping = True
        for t in self.threads:
            t.join(slow(60))


class Trouble:
    """What goes wrong, and when the next of each kind is due."""

    def __init__(self, server, room):
        self.server, self.random = server, random.Random(SEED)
        self.done = collections.Counter()
        self.memory = []
        self.fill = server.scratch.at("spool", "fill") if room else None
        self.renewed = 0
        now = time.monotonic()
        self.due = {self.kill: now + KILL, self.swap: now + SWAP,
                    self.renew: now + RENEW, self.look: now + LOOK}
        if room:
            self.due[self.pulse] = now + FILL
        self.every = {"kill": KILL, "swap": SWAP, "renew": RENEW,
                      "look": LOOK, "pulse": FILL, "empty": None}

    def turn(self):
        now = time.monotonic()
        for act in [a for a, at in self.due.items() if at <= now]:
            every = self.every[act.__name__]
            self.due.pop(act)
            if every:
                self.due[act] = now + every
            act()
        self.mend()

    def mend(self):
        """Who supervises the two starts them again."""
        s = self.server
        if s.smtpd.poll() is not None:
            s.start_smtpd()
        if s.deliver.poll() is not None:
            s.start_deliver()

    def kill(self):
        role = self.random.choice(ROLES)
        try:
            if role in ("smtpd", "deliver"):
                process = getattr(self.server, role)
                process.kill()
                process.wait()
            else:
                self.server.kill(role)
        except (LookupError, ProcessLookupError, KeyError):
            return
        self.done["killed " + role] += 1

    def hup(self):
        if self.server.smtpd.poll() is None and heeds(
                self.server.smtpd.pid, signal.SIGHUP):
            self.server.smtpd.send_signal(signal.SIGHUP)
            self.done["SIGHUP"] += 1

    def swap(self):
        s = self.server.scratch
        s.write("people.new", "user\n" + "".join(
            "u%d\n" % i for i in range(self.random.randint(1, 2000))))
        os.rename(s.at("people.new"), s.at("people"))
        self.done["tables"] += 1
        self.hup()

    def renew(self):
        c = certificates()
        c.make("next", "ec", "mx.example.org")
        os.rename(c.key("next"), c.key("ec"))
        os.rename(c.chain("next"), c.chain("ec"))
        self.done["certificates"] += 1
        self.hup()

    def pulse(self):
        with contextlib.suppress(OSError), open(self.fill, "wb", 0) as f:
            while f.write(b"x" * 65536):
                pass
        self.done["disks full"] += 1
        self.due[self.empty] = time.monotonic() + FULL_FOR

    def empty(self):
        os.unlink(self.fill)

    def look(self):
        """Memory of smtpd since it was started last."""
        with contextlib.suppress(OSError, AttributeError):
            with open("/proc/%d/status" % self.server.smtpd.pid) as f:
                self.memory.append(int(re.search(
                    r"^RssAnon:\s+(\d+)", f.read(), re.M).group(1)))


def hostile_plans(port):
    mail = b"MAIL FROM:<a@b.test>\r\n"
    rcpt = b"RCPT TO:<user@example.org>\r\n"
    hello = b"EHLO a.test\r\n"
    return [Plan("silent", port, [b""]),
            Plan("garbage", port, [b"\x00\xff\r\n" * 50,
                                   b"GET / HTTP/1.0\r\n"]),
            Plan("slow", port, [hello, mail, rcpt, b"DATA\r\n", b""],
                 b"Subject: " + b"a" * 1000),
            Plan("handshake", port, [hello, b"STARTTLS\r\n", b""],
                 b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" + bytes(500))]


def marks(server):
    found = collections.Counter()
    for message in server.scratch.maildir("user@example.org"):
        mark = re.search(rb"^Subject: (mark-\d+-\d+)$", message, re.M)
        if mark:
            found[mark.group(1).decode()] += 1
    return found


def settled(server, load):
    """Until all that was accepted is delivered and the queue is empty."""
    end = time.monotonic() + slow(180)
    while time.monotonic() < end:
        if not server.scratch.queue() and load.accepted <= set(marks(server)):
            break
        time.sleep(1)
    return marks(server)


def judge(server, load, trouble):
    found = settled(server, load)
    lost = load.accepted - set(found)
    twice = sum(n - 1 for n in found.values())
    eq(sorted(lost)[:5], [], "of %d that had their 250 none is lost"
       % len(load.accepted))
    ok(twice == 0, "none is there twice (%d are)" % twice)
    ok(set(found) <= load.accepted | load.cut,
       "nothing is there that was refused")
    diag("replies: %s; cut off: %d, of which %d are there" % (
        dict(load.codes), len(load.cut), len(load.cut & set(found))))
    diag(", ".join("%s %d" % row for row in sorted(trouble.done.items())))
    m = trouble.memory
    half = len(m) // 2
    if half > 2 and not sanitized():
        ok(max(m[half:]) <= max(m[:half]) + GROWTH,
           "smtpd has %d KiB, and had %d" % (max(m[half:]), max(m[:half])))
    ok(len(load.accepted) > SECONDS, "there was mail to speak of")
    diag("figure G40: %d s: %d accepted, %d lost, %d twice, %d replies cut "
         "off; %d kills, %d disks full, %d SIGHUP" % (
             SECONDS, len(load.accepted), len(lost), twice, len(load.cut),
             sum(n for k, n in trouble.done.items() if k[:6] == "killed"),
             trouble.done["disks full"], trouble.done["SIGHUP"]))


def soak():
    room = own_mounts()
    scratch = Scratch()
    if room:
        subprocess.run(["mount", "-t", "tmpfs", "-o",
                        "size=128m,mode=0700,uid=%d" % SUBMIT, "tmpfs",
                        scratch.spool], check=True)
    else:
        skip("a disk of our own to fill: needs root")
    scratch.write("people", "user\n")
    diag("SEED=%d" % SEED)
    with Server(CONF, scratch=scratch, settings={
            **SETTINGS, "certificates": certificates().setting("ec")}) as s:
        load, trouble = Load(s), Trouble(s, room)
        crowd = Apart(attack, hostile_plans(s.port), range(HOSTILE), 20, 1,
                      SECONDS + 600, 5)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            trouble.turn()
            time.sleep(0.1)
        load.stop()
        crowd.end()
        if room and os.path.exists(trouble.fill):
            trouble.empty()
        trouble.mend()
        s.wait_ready(60)
        judge(s, load, trouble)
        reap()
        clients = [s.enter(source="127.0.90.1") for _ in range(50)]
        eq(len(clients), 50, "no place is lost")
        for c in clients:
            c.close()


need_built("smtpd", "smtpsrvr", "smtpsrvr-tls", "submit", "deliver")
need("openssl")
run(soak, seconds=SECONDS + 600)
