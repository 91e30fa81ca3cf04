#!/usr/bin/env python3
"""The table of smtpd(8), "THE SOURCE HOST", cell by cell: what the name
service says of a client, what comes of it, finicky and not; and a name service
that is away and comes back.  By a real session, and by inlet explain, which
also has addresses that no client here can have."""
import json
import os
import socket
import subprocess
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                ".."))
from harness import *
from nsd import Nsd

# What each kind of outcome leads to: not finicky the channel that mail comes
# from and what relaying gets, finicky the greeting.
FOUND, STRANGER, NAMELESS, FAILED = (
    ("friends", "NO_ROUTE", None), ("world", "RELAY_DENIED", "UNKNOWN_HOST"),
    ("world", "RELAY_DENIED", "UNRESOLVED_HOST"),
    ("world", "UNCERTAIN", "LOOKUP_FAILED"))
CELLS = (
    # source, outcome, what the name service has
    ("127.0.0.9", FOUND, "the address is a key: nothing matters"),
    ("127.0.0.10", FOUND, "a name that confirms, below a key"),
    ("127.0.0.11", FOUND, "a name that confirms, in capitals"),
    ("127.0.0.12", FOUND, "the second of two names confirms"),
    ("127.0.0.13", FOUND, "a reverse alias (RFC 2317)"),
    ("127.0.0.14", FOUND, "a forward alias"),
    ("127.0.0.15", FOUND, "one name, 100 addresses: by TCP"),
    ("127.0.0.16", FOUND, "60 long names: by TCP, one confirms"),
    ("127.0.0.17", FOUND, "a friend's name beside one that fails"),
    ("127.0.0.20", STRANGER, "a name that confirms, in no table"),
    ("127.0.0.21", STRANGER, "a name like a friend's, but longer"),
    ("127.0.0.30", NAMELESS, "no such name (NXDOMAIN)"),
    ("127.0.0.31", NAMELESS, "other records, but no name"),
    ("127.0.0.32", NAMELESS, "a name that does not exist"),
    ("127.0.0.33", NAMELESS, "a friend's name, of another address"),
    ("127.0.0.34", NAMELESS, "a friend's name, of an IPv6 address"),
    ("127.0.0.35", NAMELESS, "a line feed in the name"),
    ("127.0.0.36", NAMELESS, "a blank in the name"),
    ("127.0.0.37", NAMELESS, "a NUL in the name"),
    ("127.0.0.38", NAMELESS, "a key of the table for a name"),
    ("127.0.0.39", NAMELESS, "100 names, the last one confirms"),
    ("127.0.0.40", NAMELESS, "an alias to nowhere"),
    ("127.0.0.41", NAMELESS, "bytes that are no letters"),
    ("127.0.1.1", FAILED, "a zone that fails (SERVFAIL)"),
    ("127.0.0.50", FAILED, "a name whose zone is refused"),
    ("127.0.0.51", FAILED, "a reverse alias to itself"),
    ("127.0.0.52", FAILED, "forward aliases in a circle"),
    ("127.0.0.53", FAILED, "eleven aliases"),
    ("127.0.0.54", FAILED, "an alias into a zone that is refused"),
)
EXPLAINED = (
    ("2001:db8::10", FOUND, "IPv6: a name that confirms"),
    ("2001:db8::15", FOUND, "IPv6: one of 100 addresses, by TCP"),
    ("2001:db8::20", STRANGER, "IPv6: a name in no table"),
    ("2001:db8::30", NAMELESS, "IPv6: no name"),
    ("2001:db8::33", NAMELESS, "IPv6: a friend's name, of another address"),
    ("2001:db8::34", NAMELESS, "IPv6: a friend's name, of an IPv4 address"),
    ("2001:db8:1::1", FAILED, "IPv6: a zone that fails"),
    ("192.0.2.1", FAILED, "a zone that nobody serves"),
)


REVERSE = r"""
10.0.0 PTR ten.friend.test.
11.0.0 PTR ELEVEN.Friend.Test.
12.0.0 PTR a.stranger.test.
12.0.0 PTR b.friend.test.
13.0.0 CNAME 13.8/29.0.0
13.8/29.0.0 PTR thirteen.friend.test.
14.0.0 PTR alias.friend.test.
15.0.0 PTR wide.friend.test.
17.0.0 PTR dead.refused.test.
17.0.0 PTR a.friend.test.
20.0.0 PTR twenty.stranger.test.
21.0.0 PTR notfriend.test.
31.0.0 TXT "nobody"
32.0.0 PTR absent.friend.test.
33.0.0 PTR ten.friend.test.
34.0.0 PTR six.friend.test.
35.0.0 PTR a\010b.friend.test.
36.0.0 PTR a\032b.friend.test.
37.0.0 PTR a\000b.friend.test.
38.0.0 PTR 127.0.0.9.
40.0.0 CNAME nowhere.friend.test.
41.0.0 PTR a\255\228b.friend.test.
50.0.0 PTR dead.refused.test.
51.0.0 CNAME 51.0.0
52.0.0 PTR circle.friend.test.
53.0.0 PTR n0.friend.test.
54.0.0 PTR far.friend.test.
""" + "".join("16.0.0 PTR %s%02d.friend.test.\n" % ("x" * 50, i)
              for i in range(60)) + "".join(
    "39.0.0 PTR m%02d.friend.test.\n" % i for i in range(100))
FORWARD = r"""
ten A 127.0.0.10
eleven A 127.0.0.11
b A 127.0.0.12
thirteen A 127.0.0.13
alias CNAME real
real A 127.0.0.14
a A 127.0.0.17
six AAAA ::1
circle CNAME circle2
circle2 CNAME circle
far CNAME dead.refused.test.
n10 CNAME n11
n11 A 127.0.0.53
m99 A 127.0.0.39
%s07 A 127.0.0.16
ten6 AAAA 2001:db8::10
four A 192.0.2.9
a\010b A 127.0.0.35
""" % ("x" * 50) + "".join(
    "n%d CNAME n%d\n" % (i, i + 1) for i in range(10)) + "".join(
    "wide A 127.0.%d.%d\n" % (i > 0, 15 + i) for i in range(100)) + "".join(
    "wide AAAA 2001:db8::%x\n" % (0x15 + 256 * i) for i in range(100))
ZONES = {"127.in-addr.arpa.": REVERSE, "friend.test.": FORWARD,
         "stranger.test.": "twenty A 127.0.0.20\na A 127.0.0.99\n"
                           "six AAAA 2001:db8::20\n",
         "notfriend.test.": "@ A 127.0.0.21\n",
         "0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.": "".join(
             "%s PTR %s.\n" % (".".join("%020x" % n)[::-1], name)
             for n, name in ((0x10, "ten6.friend.test"),
                             (0x15, "wide.friend.test"),
                             (0x20, "six.stranger.test"),
                             (0x33, "ten6.friend.test"),
                             (0x34, "four.friend.test")))}
MISSING = ["1.0.127.in-addr.arpa.", "1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."]
CONF = """\
table "here" { type = "list"  rows = {"example.org"} }
table "people" { type = "list"  rows = {"user"} }
table "friends" { type = "list"
    rows = {"127.0.0.1", "127.0.0.9", ".friend.test"} }
channel "local" { table = "here"  program = "local"  mailboxes = "people" }
channel "friends" { table = "friends"  relay = yes }
channel "world" { }
"""


def make(at, finicky, **more):
    return Server(CONF, deliver=False, settings={
        "dns-servers": '{"%s"}' % at, "lookup-names": '"auto"', "finicky": "yes" if finicky else "no",
        **{k.replace("_", "-"): v for k, v in more.items()}})


def not_finicky(server, source, outcome, what):
    with server.client(source=source) as c:
        if not eq(c.greeting.code, 220, "%s: is served" % what):
            return
        c.hello()
        says(c.envelope("x@far.test")[1], outcome[1],
             "%s: relaying gets %s" % (what, outcome[1]))
    line = wait_for(lambda: [l for l in server.scratch.log_lines("refuse")
                             if "ip=%s " % source in l], 10, "a line")[-1]
    eq(re.search(r" chan=(\S+)", line).group(1), outcome[0],
       "%s: it comes from %s" % (what, outcome[0]))


def finicky(server, source, outcome, what):
    with server.client(source=source) as c:
        if outcome[2] is None:
            eq(c.greeting.code, 220, "finicky: %s: is let in" % what)
            return
        says(c.greeting, outcome[2], "finicky: %s: %s" % (what, outcome[2]))
        ok(c.closed(), "  and the connection is closed")


def explained(server, cells, is_finicky):
    """The same cells by inlet explain, with the resident lookup."""
    lines = "".join("%s\ts@far.test\tx@far.test\n" % c[0] for c in cells)
    p = subprocess.run(
        server.command("inlet") + server.where() + ["explain", "--json", "-"],
        input=lines.encode(), capture_output=True, timeout=slow(60),
        **server.as_user())
    for (source, outcome, what), got in zip(cells, json.loads(p.stdout)):
        want = outcome[2 if is_finicky and outcome[2] else 1]
        # No session: no session's name behind the text.
        like("%s %s %s" % (got["code"], got["enhanced"], got["text"]),
             reply_pattern(want).replace(r" \([0-9a-z]+\)", ""), "explain%s: %s: %s" % (
                 ", finicky" if is_finicky else "", what, want))


def table():
    served = Nsd(ZONES, missing=MISSING)
    for is_finicky, look in ((False, not_finicky), (True, finicky)):
        with make(served.at, is_finicky) as server:
            for source, outcome, what in CELLS:
                look(server, source, outcome, what)
            explained(server, CELLS + EXPLAINED, is_finicky)


def silent():
    """A server that takes questions and says nothing; one that is not there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mute:
        mute.bind(("127.0.0.1", 0))
        for at, how in (("127.0.0.1:%d" % mute.getsockname()[1], "silent"),
                        ("127.0.0.1:%d" % free_port(), "unreachable")):
            for is_finicky, look in ((False, not_finicky), (True, finicky)):
                with make(at, is_finicky, dns_timeout='"1s"') as server:
                    look(server, "127.0.0.9", FOUND,
                         "a %s server: an address" % how)
                    look(server, "127.0.0.10", FAILED,
                         "a %s server: a name" % how)
                    if is_finicky:
                        ok(happens(lambda: re.search(
                            r"ip=127\.0\.0\.10 .*code=421 .*reason=lookup",
                            server.scratch.log_text())),
                           "the log says what failed")


def comes_back():
    """It goes away and comes back: what is known stays, the rest is 421."""
    served = Nsd(ZONES, missing=MISSING)
    with make(served.at, True) as server:
        finicky(server, "127.0.0.10", FOUND, "while it is there")
        finicky(server, "127.0.0.20", STRANGER, "while it is there")
        served.stop()
        finicky(server, "127.0.0.10", FOUND, "away: remembered")
        finicky(server, "127.0.0.20", STRANGER, "away: remembered")
        finicky(server, "127.0.0.11", FAILED, "away: not known yet")
        finicky(server, "127.0.0.30", FAILED, "away: nor that there is none")
        served.start()
        ok(happens(lambda: greeted(server, "127.0.0.11"), 20),
           "it is back: served again")
        ok(happens(lambda: greeted(server, "127.0.0.30", 554), 20),
           "and refused for good only now")


def greeted(server, source, code=220):
    with server.client(source=source) as c:
        return c.greeting.code == code


need("nsd")
need_built("smtpd", "smtpsrvr", "submit", "lookup", "inlet")
run(table, silent, comes_back)
