#!/usr/bin/env python3
"""ch_smtp by MX: the name service is nsd's, through lookup; each mail server
is a peer of the test at an address of loopback of its own."""
import os
import socket
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import *
from nsd import Nsd
from peer import Peer

ZONE = r"""
a A 127.0.0.11
b A 127.0.0.12
c A 127.0.0.13
down A 127.0.0.19
both AAAA ::1
both A 127.0.0.11
several A 127.0.0.19
several A 127.0.0.12
inlet A 127.0.0.20
byaddress A 127.0.0.21
order MX 10 down
order MX 20 a
order MX 30 b
equal MX 10 a
equal MX 10 b
null MX 0 .
plain A 127.0.0.13
alias CNAME order
empty MX 10 nothing
nothing TXT "no address"
self MX 10 inlet
self MX 20 a
worse MX 10 down
worse MX 20 inlet
worse MX 30 a
address MX 10 down
address MX 20 byaddress
address MX 30 a
onlyself MX 10 byaddress
six MX 10 both
multi MX 10 several
loop MX 10 c
"""
ZONES = {"example.test.": ZONE}
CONF = """\
hostname = "inlet.example.test"
local-names = {"127.0.0.21"}
table "here" { type = "list"  rows = {"inlet.example.test"} }
table "inside" { type = "list"  rows = {"127.0.0.1"} }
table "all" { type = "glob"  file = "all" }
table "people" { type = "list"  rows = {"user"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "inside" { table = "inside"  relay = yes }
channel "out" { table = "all"  program = "smtp"  relay-port = %d
    relay-connect-time = "2s"  delivery-processes = 1  retry-first = "1h"
    relay-idle = "0"
%s}
"""


def common_port():
    """One that is free at every address that is used."""
    while True:
        port = free_port("127.0.0.11")
        for address in ("127.0.0.12", "127.0.0.13", "127.0.0.19",
                        "127.0.0.20", "127.0.0.21", "::1"):
            with socket.socket(socket.AF_INET6 if ":" in address
                               else socket.AF_INET) as s:
                try:
                    s.bind((address, port))
                except OSError:
                    if address != "::1":
                        break
        else:
            return port


def six():
    with socket.socket(socket.AF_INET6) as s:
        try:
            s.bind(("::1", 0))
            return True
        except OSError:
            return False


class World:
    def __init__(self, extra="", **settings):
        self.port = common_port()
        self.nsd = Nsd(ZONES, missing=["broken.test."])
        self.peers = {x: Peer(address="127.0.0.%d" % n, port=self.port)
                      for x, n in (("a", 11), ("b", 12), ("c", 13))}
        self.peers["c"].say["EHLO"] = \
            "250-INLET.example.test greets you\n250 PIPELINING"
        self.server = Server(CONF % (self.port, extra), settings={
            "dns-servers": '{"%s"}' % self.nsd.at, **settings})
        self.server.scratch.write("all", "*\n")
        self.server.start()

    def send(self, domain, text=b"Subject: x\n\nx\n"):
        """To a user there; the identifier."""
        with self.server.client() as c:
            c.hello()
            c.envelope("user@" + domain, "")
            c.cmd("DATA")
            c.send(text.replace(b"\n", b"\r\n") + b".\r\n")
            return self.server.queue_id(c.reply())

    def got(self, name, domain, what):
        n = len(self.peers[name].messages)
        self.send(domain)
        ok(happens(lambda: len(self.peers[name].messages) > n), what)

    def fails(self, domain, event, code, what, why=""):
        ident = self.send(domain)
        ok(happens(lambda: any(
            "enh=" + code in line and re.search(why, line) for line in
            self.server.scratch.log_lines(event, qid=ident)), 15), what)

    def close(self):
        self.server.stop()
        self.nsd.stop()
        for p in self.peers.values():
            p.close()


def ways():
    w = World()
    w.got("a", "order.example.test", "the best that can be reached")
    eq(w.peers["b"].connections, 0, "not a worse one")
    w.got("a", "alias.example.test", "behind an alias")
    w.got("b", "multi.example.test", "each address of a host")
    w.got("a", "a.example.test", "without an MX, the domain itself")
    w.got("a", "[127.0.0.11]", "an address")
    if six():
        p6 = Peer(address="::1", port=w.port)
        w.peers["six"] = p6
        w.got("six", "six.example.test", "IPv6")
        p6.close()
        del w.peers["six"]
    w.got("a", "six.example.test", "and IPv4 where that is down")
    seen = {w.send("equal.example.test") for _ in range(24)}
    ok(happens(lambda: not w.server.scratch.queue(), 30), "all are sent")
    ok(len(seen) == 24 and all(
        any("equal" in r for m in w.peers[x].messages for r in m.rcpts)
        for x in "ab"), "equal ones share the mail")
    w.close()


def refusals():
    w = World()
    w.fails("null.example.test", "bounced", "5.1.10", "a null MX")
    w.fails("nowhere.example.test", "bounced", "5.1.2", "no such domain")
    w.fails("empty.example.test", "bounced", "5.4.4",
            "an MX host without an address")
    w.fails("self.example.test", "bounced", "5.4.6", "we are the best MX")
    w.fails("onlyself.example.test", "bounced", "5.4.6",
            "by one of our addresses")
    w.fails("[127.0.0.21]", "bounced", "5.4.6", "an address of ours")
    w.fails("loop.example.test", "bounced", "5.4.6",
            "whoever says that he is this host")
    w.fails("worse.example.test", "later", "4.4.1", "not a worse one than "
            "we are", "down.example.test")
    w.fails("address.example.test", "later", "4.4.1", "by address, too")
    w.fails("broken.test", "later", "4.4.3", "servers that fail")
    eq(sum(p.connections for x, p in w.peers.items() if x != "c"), 0,
       "nobody else was asked")
    w.nsd.stop()
    w.fails("order.example.test", "later", "4.4.3", "no name server")
    w.nsd.start()
    w.close()


def fixed():
    """Names in relay-hosts; a domain whose MX take everything; grouping."""
    w = World('    relay-hosts = {"down.example.test", "b.example.test"}\n')
    w.got("b", "order.example.test", "fixed hosts, by name")
    w.close()
    w = World('    relay-hosts = {"mx:order.example.test"}\n')
    w.got("a", "null.example.test", "the MX of another domain")
    w.close()
    w = World('    relay-hosts = {"mx:", "127.0.0.12"}\n')
    w.got("b", "nowhere.example.test", "one of last resort")
    with w.server.client() as c:
        c.hello()
        c.envelope(["one@a.example.test", "two@b.example.test",
                    "three@A.example.test", "four@order.example.test"], "")
        c.cmd("DATA")
        c.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
        c.reply()
    ok(happens(lambda: not w.server.scratch.queue(), 20), "all are sent")
    want = [["to:<one@a.example.test>", "to:<three@a.example.test>"],
            ["to:<four@order.example.test>"]]
    eq(sorted(map(len, (m.rcpts for m in w.peers["a"].messages))), [1, 2],
       "one message for each destination")
    ok(all(x in [[r.lower() for r in m.rcpts] for m in
                 w.peers["a"].messages] for x in want), "with its recipients")
    eq(w.peers["b"].messages[-1].rcpts, ["TO:<two@b.example.test>"],
       "and no others")
    w.close()


def no_lookup():
    """deliver without smtpd: what needs the name service waits."""
    w = World(**{"dns-timeout": '"1s"'})
    w.server.kill("lookup", signal.SIGSTOP)
    ident = w.send("order.example.test")
    ok(happens(lambda: any("enh=4.4.3" in x for x in
                           w.server.scratch.log_lines("later", qid=ident)),
               20), "lookup that does not answer")
    w.server.kill("lookup", signal.SIGCONT)
    w.close()


need("nsd")
need_built("smtpd", "smtpsrvr", "submit", "lookup", "deliver", "ch_smtp")
run(ways, refusals, fixed, no_lookup)
