#!/usr/bin/env python3
"""lookup against a real name server (nsd) on loopback: what it finds, what
it must not believe, what it remembers, and who cannot disturb it."""

import os
import re
import resource
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
import nsd

need("nsd")
need_built("lookup")

FOUND, NONE, LATER = range(3)
MAIL, AWAY, HOST, IDNA = 3, 4, 5, 6     # enum ask_kind
H_FOUND, H_NONE, H_NULL, H_SELF, H_LATER = range(32, 37)
# Long where there is an answer, short where there is none.
TIMEOUT, PATIENT = 1.5, 3

MANY = "\n".join("40 PTR many%02d.example.org." % i for i in range(14))

# An answer that fits into no datagram of ours.
LONG = "\n".join("50 PTR %s%02d.example.org." % ("x" * 50, i)
                 for i in range(60))

REVERSE4 = r"""
1 PTR a.example.org.
2 PTR other.example.org.
4 PTR nowhere.example.org.
4 PTR d.example.org.
4 PTR other.example.org.
5 PTR dead.unserved.test.
6 PTR bad\010name.example.org.
7 PTR evil\032name.example.org.
8 PTR x\".example.org.
9 PTR CASE.Example.ORG.
10 CNAME 10.8/29.2.0.192.in-addr.arpa.
10.8/29 PTR delegated.example.org.
11 CNAME 11.sub.example.org.
12 CNAME 12
13 PTR 192.0.2.13.
14 PTR alias.example.org.
15 PTR six.example.org.
16 PTR dead.unserved.test.
16 PTR z16.example.org.
17 PTR under_score.example.org.
18 1 PTR short.example.org.
""" + MANY + "\n" + LONG + "\n"

FORWARD = """
ns A 127.0.0.1
a A 192.0.2.1
other A 192.0.2.99
d A 192.0.2.77
d A 192.0.2.4
case A 192.0.2.9
delegated A 192.0.2.10
11.sub PTR foreign.example.org.
foreign A 192.0.2.11
real A 192.0.2.14
alias CNAME real
six AAAA 2001:db8::1
z16 A 192.0.2.16
short A 192.0.2.18
many13 A 192.0.2.40
%s07 A 192.0.2.50
mail MX 10 a
mail MX 20 us
null MX 0 .
nulls MX 0 .
nulls MX 10 a
broken MX 10 a\\010b
number MX 10 192.0.2.1.
best MX 10 us
best MX 10 a
best MX 20 other
worse MX 20 us
worse MX 10 a
named MX 10 our-other-name
ours MX 10 old-us
ours6 MX 10 old-us6
dead-mx MX 10 dead.unserved.test.
to-mail CNAME mail
nowhere CNAME not-there
circle CNAME circle2
circle2 CNAME circle
us A 192.0.2.200
old-us A 192.0.2.200
old-us6 AAAA 2001:db8::200
only-mx MX 10 a
text TXT "no address"
briefly 1 MX 10 a
far CNAME dead.unserved.test.
""" % ("x" * 50) + "".join("big MX 10 %s%02d\n" % ("x" * 50, i)
                           for i in range(60)) + "".join(
    "wide A 192.0.3.%d\n" % i for i in range(1, 101))

REVERSE6 = """
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR six.example.org.
2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR six.example.org.
"""

ZONES = {"2.0.192.in-addr.arpa.": REVERSE4, "example.org.": FORWARD,
         "8.b.d.0.1.0.0.2.ip6.arpa.": REVERSE6}
# A zone that nsd shall serve, but has no file of: SERVFAIL.
MISSING = "113.0.203.in-addr.arpa."


def Nsd(**more):
    return nsd.Nsd(ZONES, missing=[MISSING], **more)


class Lookup:
    """lookup as smtpd starts it; user: as that uid."""

    def __init__(self, server, user=None, before=(), timeout=PATIENT,
                 **settings):
        scratch = Scratch()
        self.path = scratch.at("lookup")
        words = ["dns-timeout=%dms" % int(timeout * 1000)]
        if server:
            words.append("dns-servers=%s" % server)
        words += ["%s=%s" % (k.replace("_", "-"), v)
                  for k, v in settings.items()]
        self.log, log = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.control, control = socket.socketpair(socket.AF_UNIX,
                                                  socket.SOCK_SEQPACKET)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listening.bind(self.path)
        os.chmod(self.path, 0o666)
        listening.listen(1024)
        record = scratch.at("record")
        with open(record, "w+b") as f:
            subprocess.run([os.path.join(BUILD, "tests/system/record")] +
                           words, stdout=f, check=True)
        record = os.open(record, os.O_RDONLY)
        fds = [record, control.fileno(), log.fileno(), listening.fileno()]
        self.process = spawn_with(fds, list(before) + [program("lookup")],
                                  user)
        for s in (control, log, listening):
            s.close()
        os.close(record)
        self.control.settimeout(slow(60))
        self.ready = self.control.recv(10)
        self.sock = self.connect()

    def connect(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Waits where the backlog is full; with a time-out it would not.
        s.connect(self.path)
        s.settimeout(slow(60))
        return s

    def ask(self, address, sock=None):
        sock = sock or self.sock
        sock.send(question(7, address))
        return answer(sock.recv(1000))[1:]

    def host(self, kind, name, address="", sock=None):
        """Outcome, cached, differs."""
        sock = sock or self.sock
        sock.send(host_question(9, kind, name, address))
        data = sock.recv(1000)
        number, outcome, cached, differs, _, name = struct.unpack(
            "=IBBBB256s512x", data)
        assert number == 9 and not name.strip(b"\0")
        return outcome, cached, differs

    def idna(self, name):
        """Outcome and name."""
        self.sock.send(host_question(8, IDNA, name.encode().decode("latin-1")))
        number, outcome, *_, name = struct.unpack(
            "=IBBBB256s512x", self.sock.recv(1000))
        assert number == 8
        return outcome, name.rstrip(b"\0").decode("latin-1")

    def lines(self):
        found = []
        self.log.setblocking(False)
        try:
            while True:
                found.append(self.log.recv(4096).decode("latin-1"))
        except BlockingIOError:
            return found

    def stop(self):
        self.control.close()
        self.sock.close()       # it would wait for what we still ask
        code = self.process.wait(slow(60))
        if code != 0:
            ok(False, "lookup ended with %d" % code)
        return code


def question(number, address, version=3, kind=1):
    if ":" in address:
        family, raw = 6, socket.inet_pton(socket.AF_INET6, address)
    else:
        family, raw = 4, socket.inet_aton(address)
    return struct.pack("=BBHIBBH16s", version, kind, 0, number, family, 0, 25,
                       raw)


def host_question(number, kind, name, address=""):
    start = question(number, address or "0.0.0.0", kind=kind)
    if not address:
        start = start[:8] + b"\0" * 20
    return start + name.encode("latin-1").ljust(256, b"\0")


def answer(data):
    number, outcome, cached, _, name = struct.unpack("=IBBH256s512x", data)
    text = name.split(b"\0")[0].decode("latin-1")
    return number, outcome, cached, text


def server(served):
    return served.at


def verdicts():
    served = Nsd()
    look = Lookup(server(served), user=LOOKUP if ROOT else None)
    eq(look.ready, b"R", "it says that it is ready")
    if ROOT:
        eq(uid_of(look.process.pid)[0], LOOKUP, "it runs as its own user")
    for address, outcome, name, what in (
            ("192.0.2.1", FOUND, "a.example.org", "a name that confirms"),
            ("192.0.2.2", NONE, "", "a name that points elsewhere"),
            ("192.0.2.3", NONE, "", "no name"),
            ("192.0.2.4", FOUND, "d.example.org", "one of several names"),
            ("192.0.2.5", LATER, "", "a name whose server refuses"),
            ("192.0.2.6", NONE, "", "a name with a line feed"),
            ("192.0.2.7", NONE, "", "a name with a blank"),
            ("192.0.2.8", NONE, "", "a name with a quote"),
            ("192.0.2.9", FOUND, "case.example.org", "in lower case"),
            ("192.0.2.10", FOUND, "delegated.example.org",
             "an alias to a delegated part (RFC 2317)"),
            ("192.0.2.11", FOUND, "foreign.example.org",
             "an alias into another zone"),
            ("192.0.2.12", LATER, "", "an alias to itself"),
            ("192.0.2.13", NONE, "", "a name that looks like an address"),
            ("192.0.2.14", FOUND, "alias.example.org",
             "a name that is an alias itself"),
            ("192.0.2.15", NONE, "", "a name with only an IPv6 address"),
            ("192.0.2.16", FOUND, "z16.example.org",
             "a certain name beside an uncertain one"),
            ("192.0.2.17", NONE, "", "a name with an underscore"),
            ("192.0.2.18", FOUND, "short.example.org", "with a short TTL"),
            ("192.0.2.40", NONE, "", "only the first ten names are asked"),
            ("192.0.2.50", FOUND, "x" * 50 + "07.example.org",
             "an answer that needs TCP"),
            ("198.51.100.1", LATER, "", "a zone that is refused"),
            ("203.0.113.1", LATER, "", "a zone that fails"),
            ("2001:db8::1", FOUND, "six.example.org", "IPv6"),
            ("2001:db8::2", NONE, "", "IPv6 that points elsewhere"),
            ("2001:db8::3", NONE, "", "IPv6 without a name")):
        got = look.ask(address)
        eq((got[0], got[2]), (outcome, name), what)
        eq(got[1], 0, what + ": asked, not remembered")
    memory(look, served)
    eq(look.stop(), 0, "it ends when smtpd does")


def hosts():
    served = Nsd()
    look = Lookup(server(served), hostname="us.example.org",
                  local_names="our-other-name.example.org,192.0.2.200,"
                  "2001:db8::200")
    long = ".".join(["a" * 60] * 4)
    for name, mail, away, host, what in (
            ("mail", H_FOUND, H_FOUND, H_FOUND, "an MX"),
            ("MAIL", H_FOUND, H_FOUND, H_FOUND, "in capitals"),
            ("a", H_FOUND, H_FOUND, H_FOUND, "no MX, but an address"),
            ("six", H_FOUND, H_FOUND, H_FOUND, "an IPv6 address"),
            ("absent", H_NONE, H_NONE, H_NONE, "no such name"),
            ("text", H_NONE, H_NONE, H_NONE, "neither MX nor address"),
            ("null", H_NULL, H_NULL, H_NONE, "a null MX"),
            ("nulls", H_FOUND, H_FOUND, H_FOUND, "one beside another MX"),
            ("broken", H_NONE, H_NONE, H_NONE, "an MX with a line feed"),
            ("number", H_NONE, H_NONE, H_NONE, "an MX like an address"),
            ("to-mail", H_FOUND, H_FOUND, H_FOUND, "an alias"),
            ("nowhere", H_NONE, H_NONE, H_NONE, "an alias to nowhere"),
            ("circle", H_LATER, H_LATER, H_LATER, "aliases in a circle"),
            ("far", H_LATER, H_LATER, H_LATER, "an alias whose zone fails"),
            ("x.unserved.test", H_LATER, H_LATER, H_LATER, "a refused zone"),
            ("only-mx", H_FOUND, H_FOUND, H_FOUND, "no address but an MX"),
            ("big", H_FOUND, H_FOUND, H_FOUND, "60 MX, by TCP"),
            ("wide", H_FOUND, H_FOUND, H_FOUND, "100 addresses, by TCP"),
            ("worse", H_FOUND, H_FOUND, H_FOUND, "this host is a worse MX"),
            ("best", H_FOUND, H_SELF, H_FOUND, "this host is a best MX"),
            ("us", H_FOUND, H_SELF, H_FOUND, "this host without an MX"),
            ("named", H_FOUND, H_SELF, H_FOUND, "by another name"),
            ("ours", H_FOUND, H_SELF, H_FOUND, "by its address"),
            ("ours6", H_FOUND, H_SELF, H_FOUND, "by its IPv6 address"),
            ("old-us", H_FOUND, H_SELF, H_FOUND, "by its only address"),
            ("dead-mx", H_FOUND, H_LATER, H_FOUND,
             "an MX whose address cannot be found out"),
            ("", H_NONE, H_NONE, H_NONE, "no name at all"),
            ("192.0.2.1", H_NONE, H_NONE, H_NONE, "an address for a name"),
            ("[192.0.2.1]", H_NONE, H_NONE, H_NONE, "a literal"),
            ("a b", H_NONE, H_NONE, H_NONE, "a blank"),
            ("a\nb", H_NONE, H_NONE, H_NONE, "a line feed"),
            ("a..b", H_NONE, H_NONE, H_NONE, "an empty label"),
            (long + "." + "a" * 11, H_NONE, H_NONE, H_NONE,
             "255 letters")):
        whole = name if not name or not name.replace("-", "").isalnum() \
            else name + ".example.org"
        got = tuple(look.host(kind, whole)[0] for kind in (MAIL, AWAY, HOST))
        eq(got, (mail, away, host), what)
    for name, address, outcome, differs, what in (
            ("a", "192.0.2.1", H_FOUND, 0, "it has the address"),
            ("a", "192.0.2.2", H_FOUND, 1, "it has another one"),
            ("a", "2001:db8::1", H_FOUND, 1, "and none of that family"),
            ("six", "2001:db8::1", H_FOUND, 0, "an IPv6 address"),
            ("wide", "192.0.3.77", H_FOUND, 0, "one of a hundred"),
            ("only-mx", "192.0.2.1", H_FOUND, 1, "no address but an MX"),
            ("absent", "192.0.2.1", H_NONE, 0, "no such host"),
            ("circle", "192.0.2.1", H_LATER, 0, "nobody knows")):
        eq(look.host(HOST, name + ".example.org", address)[::2],
           (outcome, differs), "a host's address: " + what)
    idna(look)
    host_memory(look, served)


def idna(look):
    for name, ascii, what in (
            ("b\u00fccher.example", "xn--bcher-kva.example", "a U-label"),
            ("EXAMPLE.org", "example.org", "none"),
            ("\u0308b.example", "", "what is none"),
            ("b\u00fc cher.example", "", "a blank"),
            ("\u00fc" * 64 + ".example", "", "a label too long"),
            ("", "", "nothing")):
        eq(look.idna(name), (H_FOUND if ascii else H_NONE, ascii), what)


def host_memory(look, served):
    eq(look.host(MAIL, "briefly.example.org")[1], 0, "not remembered")
    served.stop()
    eq(look.host(MAIL, "Mail.example.ORG"), (H_FOUND, 1, 0),
       "remembered, however it is spelt")
    eq(look.host(MAIL, "absent.example.org"), (H_NONE, 1, 0), "absence too")
    eq(look.host(HOST, "a.example.org", "192.0.2.2"), (H_FOUND, 1, 1),
       "with an address, too")
    eq(look.host(HOST, "a.example.org", "192.0.2.3")[0], H_LATER,
       "but not with another one")
    eq(look.ask("192.0.2.1")[0], LATER, "the address is another question")
    time.sleep(1.2)
    eq(look.host(MAIL, "briefly.example.org")[0], H_LATER,
       "not longer than its TTL")
    eq(look.host(MAIL, "briefly.example.org")[1], 1,
       "a failure is remembered for a moment")
    look.stop()


def memory(look, served):
    served.stop()
    eq(look.ask("192.0.2.1"), (FOUND, 1, "a.example.org"),
       "remembered after the server is gone")
    eq(look.ask("192.0.2.3"), (NONE, 1, ""), "and that there is no name")
    eq(look.ask("2001:db8::1"), (FOUND, 1, "six.example.org"), "and IPv6")
    time.sleep(1.2)
    got = look.ask("192.0.2.18")
    eq(got[0], LATER, "not longer than its TTL")
    eq(look.ask("192.0.2.18")[1], 1, "a failure is remembered for a moment")


def memory_bounds():
    served = Nsd()
    look = Lookup(server(served), dns_cache_size=2)
    for a in ("192.0.2.1", "192.0.2.4", "192.0.2.9"):
        look.ask(a)
    eq(look.ask("192.0.2.9")[1], 1, "the last of three is remembered by two")
    eq(look.ask("192.0.2.1")[1], 0, "the first is not")
    look.stop()
    look = Lookup(server(served), dns_cache_size=0)
    look.ask("192.0.2.1")
    eq(look.ask("192.0.2.1"), (FOUND, 0, "a.example.org"),
       "no memory: asked every time")
    look.stop()
    look = Lookup(server(served), dns_cache_time="0")
    look.ask("192.0.2.1")
    eq(look.ask("192.0.2.1")[1], 0, "no time: asked every time")
    look.stop()


class Counter(threading.Thread):
    """A name server that counts and never answers."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.seen = []
        self.start()

    def run(self):
        while True:
            self.seen.append(self.sock.recvfrom(2000))


def silence():
    counter = Counter()
    look = Lookup("127.0.0.1:%d" % counter.port, timeout=TIMEOUT)
    socks = [look.connect() for _ in range(20)]
    begin = time.monotonic()
    for s in socks:
        s.send(question(1, "192.0.2.1"))
    got = [answer(s.recv(1000))[1] for s in socks]
    took = time.monotonic() - begin
    eq(got, [LATER] * 20, "a silent server: try later")
    # One after the other they would take twenty times as long, or sixty-four.
    ok(took < 8 * TIMEOUT, "within the time for one question (%.2f s)" % took)
    ok(1 <= len(counter.seen) <= 3,
       "the same question is asked once (%d datagrams)" % len(counter.seen))
    begin = time.monotonic()
    del counter.seen[:]
    for s in socks:
        s.send(host_question(9, MAIL, "a.example.org"))
    got = [answer(s.recv(1000))[1] for s in socks]
    eq(got, [H_LATER] * 20, "the same with a host's name")
    ok(time.monotonic() - begin < 8 * TIMEOUT and len(counter.seen) <= 3,
       "asked once, and answered in time")
    for s in socks:
        s.close()
    begin = time.monotonic()
    for i in range(64):
        look.sock.send(question(i, "203.0.113.%d" % i))
    numbers = sorted(answer(look.sock.recv(1000))[0] for _ in range(64))
    eq(numbers, list(range(64)), "64 questions at once on one connection")
    ok(time.monotonic() - begin < 8 * TIMEOUT, "each within its time")
    for i in range(100):
        look.sock.send(question(i, "198.51.100.%d" % i))
    numbers = sorted(answer(look.sock.recv(1000))[0] for _ in range(100))
    eq(numbers, list(range(100)), "100 questions are all answered")
    look.stop()
    del counter.seen[:]
    # While none of them has come to its end.
    look = Lookup("127.0.0.1:%d" % counter.port, timeout=60)
    for i in range(100):
        look.sock.send(question(i, "198.51.100.%d" % i))
    wait_for(lambda: len(names(counter)) >= 64)
    time.sleep(0.3)         # in which more would have come
    more = len(names(counter))
    ok(more <= 64, "but not more than 64 are asked at once (%d)" % more)
    look.process.kill()


def names(counter):
    return {data[12:-4] for data, _ in counter.seen}


def ports():
    counter = Counter()
    look = Lookup("127.0.0.1:%d" % counter.port, timeout=60)
    socks = [look.connect() for _ in range(10)]
    for i, s in enumerate(socks):
        for k in range(50):
            s.send(question(k, "203.0.%d.%d" % (113 + i, k)))
        # A socket buffer holds some 250 of them.
        happens(lambda: len(names(counter)) >= 50 * (i + 1))
    ok(happens(lambda: len(names(counter)) == 500), "500 questions at once")
    used = {source[1] for _, source in counter.seen}
    ok(len(used) > 1, "not all from one port (%d)" % len(used))
    look.process.kill()


def garbage():
    served = Nsd()
    look = Lookup(server(served))
    good = look.connect()
    for data, what in (
            (b"x", "one byte"),
            (question(1, "192.0.2.1") + b"x", "a byte too many"),
            (question(1, "192.0.2.1")[:-1], "a byte too few"),
            (question(1, "192.0.2.1", version=9), "another version"),
            (question(1, "192.0.2.1", kind=9), "another kind"),
            (b"\1\1\0\0" + b"\0" * 24, "no address"),
            (question(1, "192.0.2.1")[:-1] + b"x", "a long IPv4 address"),
            (host_question(1, MAIL, "a.example")[:-1], "a cut name"),
            (host_question(1, MAIL, "a.example") + b"x", "a longer name"),
            (host_question(1, MAIL, "a" * 256), "a name without its NUL"),
            (host_question(1, MAIL, "a.example", "192.0.2.1"),
             "an address that is not wanted"),
            (host_question(1, AWAY, "a.example", "192.0.2.1"), "nor there"),
            (b"\xff" * 60000, "60,000 bytes")):
        bad = look.connect()
        bad.send(data)
        try:
            end = bad.recv(1000) == b""
        except ConnectionResetError:
            end = True
        ok(end, what + " ends the connection")
    eq(look.ask("192.0.2.1", good)[0], FOUND, "others do not notice")
    for i in range(200):     # does not read: its answers do not fit
        try:
            bad = look.connect() if i == 0 else bad
            for _ in range(10):
                bad.send(question(i, "192.0.2.1"), socket.MSG_DONTWAIT)
        except OSError:
            break
    eq(look.ask("192.0.2.1", good)[0], FOUND, "nor that one does not read")
    look.stop()


def many():
    served = Nsd()
    look = Lookup(server(served))
    counts = [0, 0, 0]
    look.ask("192.0.2.1")
    before = open_descriptors(look.process.pid)
    begin = time.monotonic()
    for i in range(1000):
        s = look.connect()
        counts[look.ask("192.0.2.%d" % (1, 2, 4)[i % 3], s)[0]] += 1
        s.close()
    diag("1,000 connections, one question each: %.2f s" %
         (time.monotonic() - begin))
    eq(counts, [667, 333, 0], "1,000 quick clients have their answers")
    if before is None:
        skip("only root sees descriptors of what is not dumpable")
    else:
        ok(happens(lambda: open_descriptors(look.process.pid) <= before),
           "and leave no descriptor behind")
    look.stop()


def full():
    """More connections than there are places, none of which asks."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most != resource.RLIM_INFINITY and most < 5000:
        skip("no 5,000 descriptors")
        return
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (5000, before[1]))
    look = Lookup("127.0.0.1:%d" % Counter().port, timeout=TIMEOUT)
    busy = look.connect()
    busy.send(question(1, "198.51.100.1"))
    socks = [look.connect() for _ in range(4300)]
    eq(look.ask("192.0.2.1", socks[-1])[0], LATER,
       "4,300 connections: the newest is served")
    ended = 0
    for s in socks[:200]:
        s.settimeout(slow(60))
        ended += s.recv(1000) == b""
    eq(ended, 200, "those that were silent longest made room")
    eq(len(busy.recv(1000)), 776, "not one that waits for its answer")
    for s in socks:
        s.close()
    look.stop()
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def open_descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid)) if ROOT else None


def confined():
    served = Nsd()
    look = Lookup(server(served))
    with open("/proc/%d/status" % look.process.pid) as f:
        status = f.read()
    like(status, r"^NoNewPrivs:\s1$", "it can gain no privilege")
    if sanitized():
        skip("no filter with sanitizers")
    else:
        like(status, r"^Seccomp:\s2$", "and is behind its filter")
    like(status, r"^(?!TracerPid:\s[1-9])", "untraced")
    for i in range(450):    # more than one channel's worth of questions
        look.ask("192.0.2.%d" % (i % 5 + 100))
        look.ask("198.51.100.%d" % (i % 250))
    eq(look.ask("192.0.2.1")[0], FOUND, "it works there for long")
    eq(look.process.poll(), None, "nothing it needs is forbidden")
    look.stop()


def resolver_file():
    """In a mount name space with a resolver file of its own."""
    scratch = Scratch()
    here = "127.53.%d.%d" % (os.getpid() // 250 % 250, os.getpid() % 250)
    name = scratch.write("resolv.conf", "nameserver 127.53.255.1\n")
    mine = ["unshare", "-m", "sh", "-c", "mount --bind '%s' /etc/resolv.conf "
            '&& exec "$0"' % name]
    if not ROOT or not tool("unshare") or subprocess.run(
            mine + ["true"], stderr=subprocess.DEVNULL,
            check=False).returncode != 0:
        skip("no mount name space, or no /etc/resolv.conf")
        return
    Nsd(address=here, port=53)       # the only port that a resolver file knows
    look = Lookup(None, before=mine)
    eq(look.ask("192.0.2.1")[0], LATER, "nobody at the resolver file's server")
    # In place: the name is bound to this file.
    with open(name, "w") as f:
        f.write("search example.org\nnameserver %s\n" % here)
    ok(happens(lambda: look.ask("192.0.2.1")[0] == FOUND, 20),
       "a changed resolver file is read")
    said = []
    like(lambda: said.extend(look.lines()) or "\n".join(said), "name servers now: " + re.escape(here),
         "and the log says so")
    look.stop()


def bad_server():
    scratch = Scratch()
    with open(scratch.at("record"), "w+b") as f:
        subprocess.run([os.path.join(BUILD, "tests/system/record"),
                        "dns-servers=nonsense"], stdout=f, check=False)
    if os.path.getsize(scratch.at("record")) == 0:
        ok(True, "a server that is none is refused with the configuration")
        return
    look = None
    try:
        look = Lookup("nonsense")
        ready = look.ready
    except OSError:
        ready = b""
    eq(ready, b"", "a server that is none: it does not start")


run(verdicts, hosts, memory_bounds, silence, ports, garbage, many, full, confined,
    resolver_file, bad_server)
