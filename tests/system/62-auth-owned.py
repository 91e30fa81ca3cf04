#!/usr/bin/env python3
"""A session that a client has taken over, and what it can say of itself: no
login but its own client's, and with EXTERNAL only one whose certificate it
can name.  And no password stays where one was."""
import os
import struct
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "crash"))
import submitter
from harness import *
from authpeer import *

CONF = """\
auth-backends = {"file"}
auth-file = "@dir@/passwords"
auth-delay = "10ms"
listen "smtp" { address = {"127.0.0.1"}  port = @port@
  auth = "offered"  auth-clear = yes }
table "here" { type = "list"  rows = {"example.org"} }
table "users" { type = "list"  rows = {"user"} }
channel "local" { table = "here"  program = "local"  mailboxes = "users" }
channel "world" { }
"""
PASSWORD = "correct-horse-4711-staple"
CHALLENGE, SUCCESS, FAILURE = 1, 2, 3
UNABLE = 6
BEGIN, RESPONSE = 1, 2
FRONT = "<HBBIQ16s32s65s65s256s24s4xH"
TLS, VERIFIED = 2, 8
# Logins by a fingerprint, by a key and by the subject of a verified one.
NAMED = ("ab" * 32, "cd" * 32, "CN=boss.example")
BEARERS = """\
auth-certificates = "bearers"
auth-failures = {"address 10000/10m"}
table "bearers" { type = "list"  rows = {"%s: anna", "%s: otto", "%s: boss"} }
""" % NAMED
ROW = 8 + 16 + 3 * 20 + 5 * 4 + 8 + 512 + 256


def started(conf=CONF):
    s = Server(conf, deliver=False)
    write_passwords(s.scratch.at("passwords"), [
        row("anna", PASSWORD), row("otto", "another")],
        AUTH if ROOT else None)
    return s


def sessions(s):
    """Row, serial and token of each session: smtpd's table, as root alone
    may look at it."""
    folder = "/proc/%d/fd" % s.smtpd.pid
    for fd in os.listdir(folder):
        path = os.path.join(folder, fd)
        if "inlet-rows" in os.readlink(path):
            with open(path, "rb") as f:
                table = f.read()
            break
    found = []
    for i in range(len(table) // ROW):
        serial, token = struct.unpack_from("<Q16s", table, i * ROW)
        if serial:
            found.append((i, serial, token))
    return found


def alone(s, n=1):
    """Those n, once nobody else's is ending still."""
    return wait_for(lambda: (lambda all: len(all) == n and all)(sessions(s)),
                    what="%d sessions" % n)


class Owned:
    """The stub: it speaks to authsrvr and submit as that session."""

    def __init__(self, s, who):
        self.s, (self.row, self.serial, self.token) = s, who

    def reach(self, name, kind):
        sock = socket.socket(socket.AF_UNIX, kind)
        sock.settimeout(slow(20))
        os.seteuid(SESSION)
        try:
            sock.connect(os.path.join(self.s.scratch.run, "jail", name))
        finally:
            os.seteuid(0)
        return sock

    def auth(self, kind, data=b"", flags=1, mechanism=b"PLAIN", sock=None,
             **more):
        """The outcome, login and receipt; None if the connection ended."""
        sock = sock or self.reach("auth", socket.SOCK_SEQPACKET)
        sock.send(struct.pack(
            FRONT, 2, kind, flags, more.get("row", self.row),
            more.get("serial", self.serial), more.get("token", self.token),
            b"", *more.get("cert", (b"", b"", b"")), mechanism, len(data)) + data)
        got = sock.recv(65536)
        if not got:
            return None
        return got[2], got[6:262].split(b"\0")[0], got[262:294]

    def envelope(self, login, mechanism, receipt, **more):
        """A connection to submit after such a HELLO and an envelope."""
        text, frame = submitter.text, submitter.frame
        hello = struct.pack("<HBBIQ", submitter.VERSION, 1, 1,
                            more.get("row", self.row),
                            more.get("serial", self.serial)) + \
            more.get("token", self.token) + bytes(38) + \
            struct.pack("<ii", -1, 0) + text(b"") + text(login) + \
            text(mechanism) + receipt + text(b"") + text(b"")
        sock = self.reach("submit", socket.SOCK_STREAM)
        sock.sendall(frame("H", hello) + submitter.envelope(channel="world"))
        return sock

    def believed(self, *args, **more):
        """Does submit answer it?"""
        try:
            return bool(self.envelope(*args, **more).recv(100))
        except ConnectionResetError:
            return False

    def taken(self, *args):
        """And is it taken?"""
        return submitter.Verdict(self.envelope(*args)).code == 250


def owned():
    if not ROOT:
        skip("only root may look into smtpd's table of sessions")
        return
    with started() as s:
        clients = [s.client() for _ in range(2)]
        two = alone(s, 2)
        mine, other = (Owned(s, who) for who in two)
        good = b"\0anna\0" + PASSWORD.encode()
        outcome, login, receipt = mine.auth(BEGIN, good)
        eq((outcome, login), (SUCCESS, b"anna"), "a password that it knows")
        ok(mine.believed(login, b"PLAIN", receipt), "submit believes it")
        ok(mine.believed(b"", b"", bytes(32)), "and nobody without one")
        ok(not mine.believed(b"otto", b"PLAIN", receipt), "no other login")
        ok(not mine.believed(b"annax", b"PLAIN", receipt), "nor a longer one")
        ok(not mine.believed(login, b"LOGIN", receipt), "nor mechanism")
        ok(not mine.believed(login, b"", receipt), "nor none at all")
        ok(not mine.believed(login, b"PLAIN", bytes(32)), "nor no receipt")
        ok(not mine.believed(login, b"PLAIN", os.urandom(32)), "nor one made")
        ok(not other.believed(login, b"PLAIN", receipt),
           "nor another session with it")
        ok(not mine.believed(login, b"PLAIN", receipt, row=other.row,
                             serial=other.serial), "nor as the other")
        wait_for(lambda: len(s.scratch.log_lines("forged-receipt")) >= 6, 20,
                 "lines of it")
        ok(True, "the log says that it is forged")
        stranger(mine, other)
        clients[0].close()
        left = mine if alone(s)[0][0] != mine.row else other
        ok(left is other or not left.believed(login, b"PLAIN", receipt),
           "and not after its session is over")
        clients[1].close()


def stranger(mine, other):
    """authsrvr: no exchange but one's own."""
    eq(mine.auth(BEGIN, b"\0anna\0x", token=bytes(16)), None, "no token")
    eq(mine.auth(BEGIN, b"\0anna\0x", row=other.row), None, "another's row")
    eq(mine.auth(BEGIN, b"\0anna\0x", row=1 << 30), None, "no row")
    eq(mine.auth(RESPONSE, b"secret"), None, "an answer to nothing")
    eq(mine.auth(9, b""), None, "no question")
    talk = other.reach("auth", socket.SOCK_SEQPACKET)
    eq(other.auth(BEGIN, flags=0, mechanism=b"LOGIN", sock=talk)[0],
       CHALLENGE, "another's exchange")
    eq(mine.auth(RESPONSE, b"anna"), None, "cannot be joined")
    eq(other.auth(RESPONSE, b"otto", sock=talk)[0], CHALLENGE, "it goes on")
    eq(other.auth(RESPONSE, b"another", sock=talk)[:2], (SUCCESS, b"otto"),
       "to its end")
    eq(mine.auth(BEGIN, b"\0anna\0wrong")[0], FAILURE, "a wrong password")
    crowd = [mine.reach("auth", socket.SOCK_SEQPACKET) for _ in range(50)]
    for sock in crowd:
        sock.send(b"x" * 20000)
    eq(other.auth(BEGIN, b"\0otto\0another")[0], SUCCESS,
       "however many connections it makes, and whatever it says")
    for sock in crowd:
        sock.close()


def external(who, cert, flags=TLS | VERIFIED, said=b""):
    return who.auth(BEGIN, said, 1 | flags, b"EXTERNAL",
                    cert=[p.encode() for p in cert])


def lies():
    """What a session says of its client's certificate, and what it gets."""
    if not ROOT:
        skip("only root may look into smtpd's table of sessions")
        return
    three = [tuple(n if i == j else "" for j in range(3))
             for i, n in enumerate(NAMED)]
    with started() as s, s.client():
        mine = Owned(s, alone(s)[0])
        for cert in three:
            answer = external(mine, cert)
            ok(answer[0] == UNABLE and not any(answer[1] + answer[2]),
               "no auth-certificates: nothing for %s" % max(cert))
    with started(CONF + BEARERS + 'auth-mechanisms = {"EXTERNAL"}\n') as s:
        clients = [s.client() for _ in range(2)]
        mine, other = (Owned(s, who) for who in alone(s, 2))
        known(mine, three)
        outcome, login, receipt = external(mine, three[0])
        eq((outcome, login), (SUCCESS, b"anna"), "one that it can name")
        ok(mine.believed(login, b"EXTERNAL", receipt), "submit believes it")
        ok(not other.believed(login, b"EXTERNAL", receipt),
           "of no other session")
        ok(not other.believed(login, b"EXTERNAL", receipt, row=mine.row,
                              serial=mine.serial), "nor of one as it")
        ok(not mine.believed(login, b"PLAIN", receipt), "nor as a password")
        ok(not mine.believed(b"boss", b"EXTERNAL", receipt), "nor as another")
        for c in clients:
            c.close()
        wait_for(lambda: not sessions(s), 20, "their ends")
        ok(not mine.believed(login, b"EXTERNAL", receipt),
           "nor after its end")


def known(mine, three):
    """Only rows count, and subjects only of who is verified."""
    for cert, login in zip(three, (b"anna", b"otto", b"boss")):
        eq(external(mine, cert)[:2], (SUCCESS, login), "%s by its row" % login)
        ok(external(mine, cert, VERIFIED)[0] == FAILURE, "not without TLS")
        ok(external(mine, cert, said=b"nobody")[0] == FAILURE,
           "nor as another")
    eq(external(mine, three[2], TLS)[0], FAILURE, "a subject, not verified")
    for cert in (("", "", ""), ("ef" * 32, "", ""), ("", "ef" * 32, ""),
                 ("", "", "CN=boss"), (NAMED[0][:63], NAMED[1][:63], "")):
        eq(external(mine, cert)[0], FAILURE, "no row for %s" % repr(cert)[:40])
    eq(external(mine, ("a" * 65, "", "")), None, "no end of it")


def unnamed():
    """A mechanism that its listener, or its row, does not name."""
    if not ROOT:
        skip("only root may look into smtpd's table of sessions")
        return
    good = b"\0anna\0" + PASSWORD.encode()
    cert = (NAMED[0], "", "")
    with started(CONF + BEARERS) as s, s.client():
        mine = Owned(s, alone(s)[0])
        answer = external(mine, cert)
        ok(answer[0] == UNABLE and not any(answer[1] + answer[2]),
           "EXTERNAL, which nothing names: authsrvr knows none")
    rows = 'table "own" { type = "list"  rows = ' \
        '{"127.0.0.1: auth-mechanisms=EXTERNAL"} }\n'
    for conf, password, certificate in (
            ('auth = "off"  auth-mechanisms = {"EXTERNAL", "PLAIN"}', 0, 0),
            ('auth-mechanisms = {"LOGIN", "EXTERNAL"}', 0, 1),
            ('auth-mechanisms = {"PLAIN"}  host-settings = "own"', 0, 1)):
        with started(CONF.replace('channel "world" { }', 'channel "world" '
                                  '{ %s }' % conf) + BEARERS + rows) as s, \
                s.client():
            mine = Owned(s, alone(s)[0])
            for how, answer, wanted in (
                    (b"PLAIN", mine.auth(BEGIN, good), password),
                    (b"EXTERNAL", external(mine, cert), certificate)):
                eq(answer[:2], (SUCCESS, b"anna"), "authsrvr: %s" % how)
                eq(mine.taken(answer[1], how, answer[2]), bool(wanted),
                   "%s with %s" % (how, conf))
            wait_for(lambda: len([
                line for line in s.scratch.log_lines("disagree")
                if "about=mechanism" in line]) ==
                2 - password - certificate, 20, "lines of it")
            ok(True, "the log says so")


def memory_has(pid, wanted):
    """Where in the memory of a process it is; root only."""
    found = []
    with open("/proc/%d/maps" % pid) as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            place, rights = line.split()[:2]
            if rights[0] != "r" or "[v" in line:
                continue
            start, end = (int(n, 16) for n in place.split("-"))
            # A sanitizer's shadow, with a few pages here and there.
            if end - start > 1 << 32:
                continue
            with contextlib.suppress(OSError, ValueError, OverflowError):
                mem.seek(start)
                if wanted in mem.read(end - start):
                    found.append(line.strip())
    return found


def files_have(folder, wanted):
    """Which files below it have it, and how many there were."""
    found, seen = [], 0
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(at, name)
            # What is being made may be gone again.
            with contextlib.suppress(FileNotFoundError):
                if not stat.S_ISREG(os.lstat(path).st_mode):
                    continue
                with open(path, "rb") as f:
                    seen += 1
                    if wanted in f.read():
                        found.append(path)
    return found, seen


def abandoned():
    """Clients that stop in the midst of it are in nobody's way."""
    with started() as s:
        stopped = [s.client() for _ in range(30)]
        for c in stopped:
            c.hello()
            eq(c.cmd("AUTH LOGIN").code, 334, "one that says no more")
        with s.client() as c:
            c.hello()
            says(c.cmd("AUTH PLAIN " + plain("anna", PASSWORD)), "AUTH_OK",
                 "others log in")
        for c in stopped:
            c.close()


def wiped():
    if not ROOT:
        skip("only root may look into other processes")
        return
    line = plain("anna", PASSWORD)
    with started() as s:
        kept = []
        for words in (["AUTH PLAIN " + line], ["AUTH PLAIN", line],
                      ["AUTH LOGIN", b64("anna"), b64(PASSWORD)]):
            c = s.client()
            c.hello()
            for word in words:
                r = c.cmd(word)
            says(r, "AUTH_OK", "a login")
            kept.append(c)
        r = kept[0].message("Subject: x\n\ntext\n", hello=False)
        eq(r.code, 250, "and a message")
        family = [processes()[s.smtpd.pid]] + descendants(s.smtpd.pid)
        roles = {os.path.basename(p.args[0]) for p in family if p.args}
        ok({"authsrvr", "submit"} <= roles, "all are looked at")
        for wanted in (PASSWORD, line, b64(PASSWORD)):
            for p in family:
                for place in memory_has(p.pid, wanted.encode()):
                    ok(False, "%s has it at %s" % (p.args, place))
        ok(True, "no process has the password in its memory")
        for wanted in (PASSWORD, line, b64(PASSWORD)):
            for folder in (s.scratch.spool, s.scratch.logs):
                found, seen = files_have(folder, wanted.encode())
                ok(seen > 0 and not found,
                   "nor has a file of queue or log: %s" % found)
        for p in family:
            with open("/proc/%d/limits" % p.pid) as f:
                core = re.search(r"Max core file size +(\d+)", f.read())
            if p.args and p.args[0] in ("authsrvr", "authworker"):
                eq(core and core.group(1), "0", p.args[0] + " dumps no core")
        for c in kept:
            c.close()


run(owned, lies, unnamed, abandoned, wiped)
